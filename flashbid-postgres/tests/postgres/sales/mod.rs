//! Whole sales: what flashbid-core's tests prove of the memory ledger, proved of this one too.

mod histories;
mod remote;
mod settlement_interrupted;
mod ties;

use std::sync::{Arc, Mutex, PoisonError};

use flashbid_core::store::Ledger;
use flashbid_testbed::Postgres;

use crate::disk::Disk;
use crate::servers;
use remote::Remote;

/// A database of its own; each time it is opened the connections are new.
struct Server(String);

/// Databases that nobody uses any more. Hundreds of sales would fill the disk with a database each.
static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Ends what a process that died may still have under way, and empties the tables.
const EMPTY: &str = "
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    DELETE FROM orders; DELETE FROM void_holds; DELETE FROM dead_letters; DELETE FROM stock_changes;
    DELETE FROM discrepancies; DELETE FROM bids; DELETE FROM bid_history; DELETE FROM checkpoints;
    DELETE FROM campaigns; DELETE FROM products; DELETE FROM outbox; UPDATE outbox_end SET position = 0;";

impl Server {
    fn new() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(match free {
            Some(used) => {
                Postgres::shared().sql(servers::name(&used), EMPTY);
                used
            }
            None => servers::database(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(std::mem::take(&mut self.0));
    }
}

impl Disk for Server {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(Remote::connect(&self.0))
    }
}
