//! Whole sales: what flashbid-core's tests prove of the memory ledger, proved of this one too.

mod histories;
mod remote;
mod settlement_interrupted;
mod ties;

use std::sync::Arc;

use flashbid_core::store::Ledger;

use crate::disk::Disk;
use crate::servers;
use remote::Remote;

/// A database of its own; each time it is opened the connections are new.
struct Server(String);

impl Server {
    fn new() -> Self {
        Self(servers::database())
    }
}

impl Disk for Server {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(Remote::connect(&self.0))
    }
}
