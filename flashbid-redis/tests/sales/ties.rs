//! Thousands of equal bids rank by arrival, also in a book that was lost and opened again.

use flashbid_core::campaign::Rebid;

use crate::equal_bids;
use crate::redis::OnRedis;

#[test]
fn equal_bids_rank_by_arrival() {
    equal_bids::rank_by_arrival(&OnRedis::new(), Rebid::Latest);
}

#[test]
fn an_equal_rebid_keeps_its_place_under_best() {
    equal_bids::rank_by_arrival(&OnRedis::new(), Rebid::Best);
}
