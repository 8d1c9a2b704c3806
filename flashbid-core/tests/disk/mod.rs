//! Where a ledger outlives processes. Shared by the tests of every ledger.

use std::sync::Arc;

use flashbid_core::memory::MemoryLedger;
use flashbid_core::store::Ledger;

/// What a ledger is opened on, again and again.
pub(crate) trait Disk {
    /// Opens the ledger, for the first time or again; it was closed before.
    fn open(&self) -> Arc<dyn Ledger>;
}

/// A ledger in memory that outlives the processes of a test because it is kept outside of them.
#[derive(Default)]
pub(crate) struct Kept(Arc<MemoryLedger>);

impl Disk for Kept {
    fn open(&self) -> Arc<dyn Ledger> {
        self.0.clone()
    }
}
