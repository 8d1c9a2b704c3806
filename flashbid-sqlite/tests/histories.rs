//! Random histories of a sale over a file that is closed and opened again: it agrees with the model, and with the
//! memory ledger answer by answer (invariant 10).

#[path = "../../flashbid-core/tests/histories/history/mod.rs"]
mod history;

use std::sync::Arc;

use flashbid_core::memory::MemoryLedger;
use flashbid_core::store::Ledger;
use flashbid_sqlite::SqliteLedger;
use history::{Disk, histories, hold};
use proptest::prelude::*;
use tempfile::TempDir;

/// A ledger in a directory of its own.
struct File(TempDir);

impl Disk for File {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger::open(self.0.path().join("history.db")).unwrap())
    }
}

/// A ledger that outlives the processes of a history because it is kept outside of them.
#[derive(Default)]
struct Kept(Arc<MemoryLedger>);

impl Disk for Kept {
    fn open(&self) -> Arc<dyn Ledger> {
        self.0.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_agrees_with_the_model(history in histories(60, 8)) {
        hold(&history, &File(tempfile::tempdir().unwrap()));
    }

    /// Bids at once are left out: how they fall into batches depends on how long a ledger takes.
    #[test]
    fn every_history_is_answered_as_in_memory(history in histories(60, 1)) {
        let on_file = hold(&history, &File(tempfile::tempdir().unwrap()));
        let in_memory = hold(&history, &Kept::default());
        prop_assert_eq!(on_file, in_memory);
    }
}
