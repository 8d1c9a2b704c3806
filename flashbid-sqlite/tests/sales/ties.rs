//! Thousands of equal bids rank by arrival, also after a restart from the file.

use flashbid_core::campaign::Rebid;

use crate::{File, equal_bids};

#[test]
fn equal_bids_rank_by_arrival() {
    equal_bids::rank_by_arrival(&File::new(), Rebid::Latest);
}

#[test]
fn an_equal_rebid_keeps_its_place_under_best() {
    equal_bids::rank_by_arrival(&File::new(), Rebid::Best);
}
