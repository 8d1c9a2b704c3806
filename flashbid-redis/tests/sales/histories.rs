//! Random histories on Redis: they agree with the model, and with the hot store in memory answer by answer
//! (invariant 10).

use proptest::prelude::*;

use crate::disk::Kept;
use crate::history::orders::{hold_orders, order_histories};
use crate::history::{histories, hold};
use crate::redis::{OnRedis, without_hot_feed};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_agrees_with_the_model(history in histories(60, 8)) {
        hold(&history, &OnRedis::new());
    }

    /// Bids at once are left out: how they fall into batches depends on how long a store takes.
    #[test]
    fn every_history_is_answered_as_in_memory(history in histories(60, 1).prop_map(without_hot_feed)) {
        let on_redis = hold(&history, &OnRedis::new());
        let in_memory = hold(&history, &Kept::default());
        prop_assert_eq!(on_redis, in_memory);
    }

    #[test]
    fn every_history_of_orders_agrees_with_the_model(history in order_histories(60, 4)) {
        hold_orders(&history, &OnRedis::new());
    }

    #[test]
    fn every_history_of_orders_is_answered_as_in_memory(history in order_histories(60, 1)) {
        let stored = hold_orders(&history, &OnRedis::new());
        let in_memory = hold_orders(&history, &Kept::default());
        prop_assert_eq!(stored, in_memory);
    }
}
