//! Random histories on Redis: they agree with the model, and with the hot store in memory answer by answer
//! (invariant 10).

use proptest::prelude::*;

use crate::disk::Kept;
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
}
