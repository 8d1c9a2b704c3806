//! Opening what the configuration names.

use std::sync::Arc;

use flashbid_core::memory::MemoryHot;
use flashbid_core::store::{HotStore, Ledger};
use flashbid_core::time::Clock;
use flashbid_core::{Durability as CoreDurability, Engine};
use flashbid_sqlite::{OpenError, SqliteLedger};

use crate::accounts::{Accounts, SqliteAccounts};
use crate::config::{Config, Durability, HotUrl, LedgerUrl};
use crate::failure::Failure;

/// Everything that outlives a request.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The live books.
    pub hot: Arc<dyn HotStore>,
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// Who may bid, beside it.
    pub accounts: Arc<dyn Accounts>,
}

impl Stores {
    /// Opens the stores of `config` and brings their tables up to date. A hot store of this process goes by `clock`.
    ///
    /// # Errors
    /// A store that cannot be used: another process has it, it is something else, it is not there.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let hot = match config.hot {
            HotUrl::Memory => Arc::new(MemoryHot::new(clock)),
        };
        let (ledger, accounts) = match &config.ledger {
            LedgerUrl::Sqlite(path) => {
                let refused = |error: OpenError| refused(&config.ledger, &error);
                let ledger = SqliteLedger::open(path).map_err(refused)?;
                let accounts = SqliteAccounts::open(ledger.database().clone())
                    .await
                    .map_err(refused)?;
                (Arc::new(ledger), Arc::new(accounts))
            }
        };
        Ok(Self {
            hot,
            ledger,
            accounts,
        })
    }

    /// An engine on these stores.
    pub fn engine(&self, config: &Config, clock: Arc<dyn Clock>) -> Engine {
        Engine::builder()
            .shared_hot(Arc::clone(&self.hot))
            .shared_ledger(Arc::clone(&self.ledger))
            .durability(match config.durability {
                Durability::Ledger => CoreDurability::Ledger,
                Durability::Hot => CoreDurability::Hot,
            })
            .clock(clock)
            .build()
    }
}

/// Opens the ledger of `config` for reading, also while a server is writing to it.
///
/// # Errors
/// A ledger that is not there or is something else.
pub fn open_read_only(config: &Config) -> Result<Arc<dyn Ledger>, Failure> {
    match &config.ledger {
        LedgerUrl::Sqlite(path) => SqliteLedger::open_read_only(path)
            .map(|ledger| Arc::new(ledger) as Arc<dyn Ledger>)
            .map_err(|error| refused(&config.ledger, &error)),
    }
}

/// Says that a ledger cannot be used.
pub(crate) fn refused(ledger: &LedgerUrl, error: &OpenError) -> Failure {
    Failure::usage(format!("cannot open the ledger {ledger}: {error}"))
}
