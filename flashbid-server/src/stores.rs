//! Opening what the configuration names.

mod waiting;

use std::sync::Arc;

use flashbid_core::engine::{EngineBuilder, Options};
use flashbid_core::memory::MemoryHot;
use flashbid_core::store::{HotStore, Ledger};
use flashbid_core::time::Clock;
use flashbid_core::{Durability as CoreDurability, Engine};
use flashbid_postgres::{OpenError as PostgresError, PostgresLedger};
use flashbid_redis::RedisHot;
use flashbid_sqlite::{OpenError, SqliteLedger};

use crate::accounts::{Accounts, PostgresAccounts, SqliteAccounts};
use crate::config::{Config, Durability, HotUrl, LedgerUrl, PostgresUrl};
use crate::failure::Failure;
use waiting::Waiting;

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
    /// Opens the stores of `config` and brings their tables up to date. Servers that are away are waited for, as long
    /// as the configuration says. A hot store of this process goes by `clock`.
    ///
    /// # Errors
    /// A store that cannot be used: another process has it, it is something else, it is not there.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let (hot, (ledger, accounts)) = tokio::try_join!(hot(config, clock), ledger(config))?;
        Ok(Self {
            hot,
            ledger,
            accounts,
        })
    }

    /// An engine on these stores.
    pub fn engine(&self, config: &Config, clock: Arc<dyn Clock>) -> Engine {
        self.engine_builder(config, clock).build()
    }

    /// An engine on these stores, for whoever has more to say about it.
    pub fn engine_builder(&self, config: &Config, clock: Arc<dyn Clock>) -> EngineBuilder {
        let mut options = Options::default();
        options.lease = config.lease;
        Engine::builder()
            .options(options)
            .shared_hot(Arc::clone(&self.hot))
            .shared_ledger(Arc::clone(&self.ledger))
            .durability(match config.durability {
                Durability::Ledger => CoreDurability::Ledger,
                Durability::Hot => CoreDurability::Hot,
            })
            .clock(clock)
    }
}

async fn hot(config: &Config, clock: Arc<dyn Clock>) -> Result<Arc<dyn HotStore>, Failure> {
    match &config.hot {
        HotUrl::Memory => Ok(Arc::new(MemoryHot::new(clock))),
        HotUrl::Redis(redis) => {
            let mut redis = (**redis).clone();
            if let Some(connections) = config.hot_connections {
                redis.connections = connections.into();
            }
            let hot = Waiting::new(config.wait, format!("the hot store {}", config.hot))
                .until(|| RedisHot::connect_with(redis.clone()), |_| true)
                .await?;
            Ok(Arc::new(hot))
        }
    }
}

/// Opens the ledger of `config` and the accounts beside it, and brings their tables up to date.
pub(crate) async fn ledger(
    config: &Config,
) -> Result<(Arc<dyn Ledger>, Arc<dyn Accounts>), Failure> {
    match &config.ledger {
        LedgerUrl::Sqlite(path) => {
            let refused = |error: OpenError| refused(&config.ledger, error);
            let ledger = SqliteLedger::open(path).map_err(refused)?;
            let accounts = SqliteAccounts::open(ledger.database().clone())
                .await
                .map_err(refused)?;
            Ok((Arc::new(ledger), Arc::new(accounts)))
        }
        LedgerUrl::Postgres(url) => {
            let (ledger, accounts) =
                Waiting::new(config.wait, format!("the ledger {}", config.ledger))
                    .until(|| postgres(config, url), PostgresError::may_retry)
                    .await?;
            Ok((Arc::new(ledger), Arc::new(accounts)))
        }
    }
}

async fn postgres(
    config: &Config,
    url: &PostgresUrl,
) -> Result<(PostgresLedger, PostgresAccounts), PostgresError> {
    let mut settings = flashbid_postgres::Config::new(url.expose());
    settings.connections = config.ledger_connections;
    settings.migrate_url = config
        .migrate_url
        .as_ref()
        .map(|url| url.expose().to_owned());
    let ledger = PostgresLedger::connect_with(settings).await?;
    let accounts = PostgresAccounts::open(ledger.database().clone()).await?;
    Ok((ledger, accounts))
}

/// Opens the ledger of `config` for reading, also while a server is writing to it.
///
/// # Errors
/// A ledger that is not there or is something else.
pub async fn open_read_only(config: &Config) -> Result<Arc<dyn Ledger>, Failure> {
    match &config.ledger {
        LedgerUrl::Sqlite(path) => SqliteLedger::open_read_only(path)
            .map(|ledger| Arc::new(ledger) as Arc<dyn Ledger>)
            .map_err(|error| refused(&config.ledger, error)),
        // Any number of processes may have it open.
        LedgerUrl::Postgres(_) => Ok(ledger(config).await?.0),
    }
}

/// Says that a ledger cannot be used.
pub(crate) fn refused(ledger: &LedgerUrl, error: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot open the ledger {ledger}: {error}"))
}
