//! Thousands of equal bids rank by arrival, also after a restart over the database.

use flashbid_core::campaign::Rebid;

use super::Server;
use crate::equal_bids;

#[test]
fn equal_bids_rank_by_arrival() {
    equal_bids::rank_by_arrival(&Server::new(), Rebid::Latest);
}

#[test]
fn an_equal_rebid_keeps_its_place_under_best() {
    equal_bids::rank_by_arrival(&Server::new(), Rebid::Best);
}
