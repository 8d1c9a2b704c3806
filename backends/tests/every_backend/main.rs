//! The same history has the same outcome on every backend (invariant 10): in memory, on Redis, on SQLite, on PostgreSQL,
//! and on Redis before PostgreSQL, as a deployment has them.

#[path = "../../../flashbid-core/tests/disk/mod.rs"]
mod disk;
#[path = "../../../flashbid-core/tests/ties/equal_bids.rs"]
mod equal_bids;
#[path = "../../../flashbid-core/tests/histories/history/mod.rs"]
mod history;
#[path = "../../../flashbid-redis/tests/sales/redis.rs"]
mod redis;
#[path = "../../../flashbid-postgres/tests/postgres/sales/remote.rs"]
mod remote;
#[path = "../../../flashbid-postgres/tests/postgres/servers.rs"]
#[expect(dead_code, reason = "PgBouncer is not needed here")]
mod servers;

mod histories;
mod ties;

use std::sync::Arc;

use disk::Disk;
use flashbid_core::store::Ledger;
use flashbid_sqlite::SqliteLedger;
use remote::Remote;
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

/// A database of its own on PostgreSQL.
struct Database(String);

impl Database {
    fn new() -> Self {
        Self(servers::database())
    }
}

impl Disk for Database {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(Remote::connect(&self.0))
    }
}
