//! One PostgreSQL and one PgBouncer of each mode for all tests of a binary, with a fresh database for each test.

use std::sync::OnceLock;

use flashbid_postgres::{Config, PostgresLedger};
use flashbid_testbed::{PgBouncer, PoolMode, Postgres};

/// Many tests run at once on one server.
const CONNECTIONS: u32 = 8;

/// The URL of a new database with the ledger's tables, which are copied from one that was migrated.
pub(crate) fn database() -> String {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let url = Postgres::shared().database();
        // The caller may be in a runtime already.
        let migrated = std::thread::spawn({
            let url = url.clone();
            move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    let ledger = PostgresLedger::connect(&url).await.unwrap();
                    ledger.database().close().await;
                });
            }
        });
        migrated.join().unwrap();
        name(&url).to_owned()
    });
    Postgres::shared().database_like(template)
}

/// The name of a database, from its URL.
pub(crate) fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

pub(crate) fn bouncer(mode: PoolMode) -> &'static PgBouncer {
    static SESSION: OnceLock<PgBouncer> = OnceLock::new();
    static TRANSACTION: OnceLock<PgBouncer> = OnceLock::new();
    let shared = match mode {
        PoolMode::Session => &SESSION,
        PoolMode::Transaction => &TRANSACTION,
    };
    // Connections to the databases of tests that are over must not use the server's up.
    let settings = ["server_idle_timeout=2", "default_pool_size=8"];
    shared.get_or_init(|| PgBouncer::start_with(Postgres::shared(), mode, &settings))
}

/// A ledger on a URL.
pub(crate) async fn connect(url: &str) -> PostgresLedger {
    let mut config = Config::new(url);
    config.connections = CONNECTIONS;
    config.acquire_timeout = std::time::Duration::from_secs(20);
    PostgresLedger::connect_with(config).await.unwrap()
}

/// A ledger on a fresh database.
pub(crate) async fn ledger() -> PostgresLedger {
    connect(&database()).await
}

/// A ledger on a fresh database, through PgBouncer.
pub(crate) async fn ledger_through(mode: PoolMode) -> PostgresLedger {
    connect(&bouncer(mode).url(&database())).await
}
