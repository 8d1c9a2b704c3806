//! Random histories on every pair of stores.

use proptest::prelude::*;

use crate::disk::Kept;
use crate::history::orders::{hold_orders, order_histories};
use crate::history::{histories, hold};
use crate::redis::{OnRedis, without_hot_feed};
use crate::{Database, File};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    })]

    /// Each answer, each recorded bid with its score and sequence, and each order with its rank, case by case. Bids at
    /// once are left out: how they fall into batches depends on how long a store takes.
    #[test]
    fn every_history_has_the_same_outcome_everywhere(history in histories(60, 1).prop_map(without_hot_feed)) {
        let in_memory = hold(&history, &Kept::default());
        prop_assert_eq!(&in_memory, &hold(&history, &OnRedis::new()), "on Redis");
        prop_assert_eq!(&in_memory, &hold(&history, &File::new()), "on SQLite");
        prop_assert_eq!(&in_memory, &hold(&history, &Database::new()), "on PostgreSQL");
        let deployed = OnRedis(Database::new());
        prop_assert_eq!(&in_memory, &hold(&history, &deployed), "on Redis and PostgreSQL");
    }

    /// Each answer, each order, and where the units are at the end.
    #[test]
    fn every_history_of_orders_has_the_same_outcome_everywhere(history in order_histories(60, 1)) {
        let in_memory = hold_orders(&history, &Kept::default());
        prop_assert_eq!(&in_memory, &hold_orders(&history, &OnRedis::new()), "on Redis");
        prop_assert_eq!(&in_memory, &hold_orders(&history, &File::new()), "on SQLite");
        prop_assert_eq!(&in_memory, &hold_orders(&history, &Database::new()), "on PostgreSQL");
        let deployed = OnRedis(Database::new());
        prop_assert_eq!(&in_memory, &hold_orders(&history, &deployed), "on Redis and PostgreSQL");
        let small = OnRedis(File::new());
        prop_assert_eq!(&in_memory, &hold_orders(&history, &small), "on Redis and SQLite");
    }

    #[test]
    fn every_history_of_orders_agrees_with_the_model_on_redis_and_postgres(history in order_histories(60, 4)) {
        hold_orders(&history, &OnRedis(Database::new()));
    }

    #[test]
    fn every_history_agrees_with_the_model_on_redis_and_postgres(history in histories(60, 8)) {
        hold(&history, &OnRedis(Database::new()));
    }
}
