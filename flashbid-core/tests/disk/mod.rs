//! Where a ledger outlives processes, and where their hot stores come from. Shared by the tests of every store.

use std::sync::Arc;

use flashbid_core::memory::{MemoryHot, MemoryLedger};
use flashbid_core::store::{HotStore, Ledger};
use flashbid_core::time::ManualClock;

/// What a ledger is opened on, again and again.
pub(crate) trait Disk {
    /// Opens the ledger, for the first time or again; it was closed before.
    fn open(&self) -> Arc<dyn Ledger>;

    /// An empty hot store whose time is that of `clock`.
    fn hot(&self, clock: Arc<ManualClock>) -> Arc<dyn HotStore> {
        Arc::new(MemoryHot::new(clock))
    }
}

/// A ledger in memory that outlives the processes of a test because it is kept outside of them.
#[derive(Default)]
pub(crate) struct Kept(Arc<MemoryLedger>);

impl Disk for Kept {
    fn open(&self) -> Arc<dyn Ledger> {
        self.0.clone()
    }
}
