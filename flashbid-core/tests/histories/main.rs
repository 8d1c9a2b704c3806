//! Random histories of a sale on the memory stores: see [`history`].

mod history;

use std::sync::Arc;

use flashbid_core::memory::MemoryLedger;
use flashbid_core::store::Ledger;
use history::{Disk, histories, hold};
use proptest::prelude::*;

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
        cases: 512,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_agrees_with_the_model(history in histories(60, 8)) {
        hold(&history, &Kept::default());
    }
}
