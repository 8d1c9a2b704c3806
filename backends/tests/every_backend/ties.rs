//! Thousands of equal bids rank by arrival on Redis before PostgreSQL.

use flashbid_core::campaign::Rebid;

use crate::redis::OnRedis;
use crate::{Database, equal_bids};

#[test]
fn equal_bids_rank_by_arrival() {
    equal_bids::rank_by_arrival(&OnRedis(Database::new()), Rebid::Latest);
}

#[test]
fn an_equal_rebid_keeps_its_place_under_best() {
    equal_bids::rank_by_arrival(&OnRedis(Database::new()), Rebid::Best);
}
