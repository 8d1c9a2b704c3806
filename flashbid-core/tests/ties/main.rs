//! Thousands of equal bids rank by arrival, on the memory stores: see [`equal_bids`].

#[path = "../disk/mod.rs"]
mod disk;
mod equal_bids;

use disk::Kept;
use flashbid_core::campaign::Rebid;

#[test]
fn equal_bids_rank_by_arrival() {
    equal_bids::rank_by_arrival(&Kept::default(), Rebid::Latest);
}

#[test]
fn an_equal_rebid_keeps_its_place_under_best() {
    equal_bids::rank_by_arrival(&Kept::default(), Rebid::Best);
}
