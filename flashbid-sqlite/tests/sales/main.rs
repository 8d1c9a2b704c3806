//! Whole sales over a file: what flashbid-core's tests prove of the memory ledger, proved of this one too.

#[path = "../../../flashbid-core/tests/disk/mod.rs"]
mod disk;
#[path = "../../../flashbid-core/tests/ties/equal_bids.rs"]
mod equal_bids;
#[path = "../../../flashbid-core/tests/histories/history/mod.rs"]
mod history;
#[path = "../../../flashbid-core/tests/settlement_interrupted/interruption/mod.rs"]
mod interruption;

mod histories;
mod settlement_interrupted;
mod ties;

use std::sync::Arc;

use disk::Disk;
use flashbid_core::store::Ledger;
use flashbid_sqlite::SqliteLedger;
use tempfile::TempDir;

/// A ledger in a directory of its own.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Disk for File {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger::open(self.0.path().join("sale.db")).unwrap())
    }
}
