//! Random histories over a file that is closed and opened again: it agrees with the model, and with the memory ledger
//! answer by answer (invariant 10).

use proptest::prelude::*;

use crate::File;
use crate::disk::Kept;
use crate::history::orders::{hold_orders, order_histories};
use crate::history::{histories, hold};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_agrees_with_the_model(history in histories(60, 8)) {
        hold(&history, &File::new());
    }

    /// Bids at once are left out: how they fall into batches depends on how long a ledger takes.
    #[test]
    fn every_history_is_answered_as_in_memory(history in histories(60, 1)) {
        let on_file = hold(&history, &File::new());
        let in_memory = hold(&history, &Kept::default());
        prop_assert_eq!(on_file, in_memory);
    }

    #[test]
    fn every_history_of_orders_agrees_with_the_model(history in order_histories(60, 4)) {
        hold_orders(&history, &File::new());
    }

    #[test]
    fn every_history_of_orders_is_answered_as_in_memory(history in order_histories(60, 1)) {
        let stored = hold_orders(&history, &File::new());
        let in_memory = hold_orders(&history, &Kept::default());
        prop_assert_eq!(stored, in_memory);
    }
}
