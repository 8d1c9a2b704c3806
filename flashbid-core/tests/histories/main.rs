//! Random histories of a sale on the memory stores: see [`history`].

#[path = "../disk/mod.rs"]
mod disk;
mod history;

use disk::Kept;
use history::orders::{hold_orders, order_histories};
use history::{histories, hold};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_agrees_with_the_model(history in histories(60, 8)) {
        hold(&history, &Kept::default());
    }

    #[test]
    fn every_history_of_orders_agrees_with_the_model(history in order_histories(80, 4)) {
        hold_orders(&history, &Kept::default());
    }
}
