mod migrations;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::StoreErrorKind;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool};
use tokio::time::Instant;

use crate::config::Config;
use crate::error::{DatabaseError, OpenError};
use transaction::{Ran, Use};

pub use transaction::Transaction;

/// How much longer than the server's own limit to wait for its answer before the connection counts as dead.
const GRACE: Duration = Duration::from_secs(2);

/// Statements that were made from literals here, nothing of which came from outside.
pub(crate) struct Script(pub(crate) String);

/// The one way to use the connections.
///
/// Every use is one transaction, and in it every statement is without a name and parsed anew. So it does not matter
/// which of its connections to the server a PgBouncer in transaction mode lends for it, and a session leaves nothing
/// behind. A use that does not come to its end, because its future is dropped or something fails, gives its connection
/// up, and the server rolls back.
///
/// An embedder may keep tables of its own in the database, beside the ledger's: make them with [`Database::migrate`],
/// and work on them with [`Database::read`] and [`Database::write`]. The ledger's tables are not part of the public
/// interface.
///
/// ```no_run
/// use flashbid_postgres::{PostgresLedger, Transaction, sqlx};
/// use sqlx::Row;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ledger = PostgresLedger::connect("postgres://flashbid@localhost/flashbid").await?;
/// let database = ledger.database();
/// database
///     .migrate("notes", &["CREATE TABLE notes (text text NOT NULL)"])
///     .await?;
/// database
///     .write(async |tx: &mut Transaction<'_>| {
///         let insert = sqlx::query("INSERT INTO notes VALUES ($1)").bind("hello");
///         tx.execute(insert).await
///     })
///     .await?;
/// let note = database
///     .read(async |tx: &mut Transaction<'_>| tx.fetch_one(sqlx::query("SELECT text FROM notes")).await)
///     .await?;
/// assert_eq!(note.try_get::<String, _>(0)?, "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    /// For migrations, which want a connection of their own to the server itself.
    direct: PgConnectOptions,
    begin_read: Arc<str>,
    begin_write: Arc<str>,
    acquire_timeout: Duration,
    patience: Duration,
}

impl Database {
    /// Connects when first used.
    pub(crate) fn new(config: &Config) -> Result<Self, OpenError> {
        let pooled = options(&config.url)?;
        let direct = match &config.migrate_url {
            Some(url) => options(url)?,
            None => pooled.clone(),
        };
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(1))
            .acquire_timeout(config.acquire_timeout)
            // A dead connection shows itself at `BEGIN`, and then there is another try.
            .test_before_acquire(false)
            .connect_lazy_with(pooled);
        let settings = settings(config);
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                direct,
                begin_read: format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {settings}").into(),
                begin_write: format!(
                    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {settings}SET LOCAL synchronous_commit = on;"
                )
                .into(),
                acquire_timeout: config.acquire_timeout,
                patience: config.statement_timeout.saturating_add(GRACE),
            }),
        })
    }

    /// Runs a closure in a transaction that reads: all its statements see the same snapshot.
    ///
    /// # Errors
    /// What the closure answers; [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) when no connection is to
    /// be had.
    pub async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut use_ = self.begin(&self.inner.begin_read).await?;
        let answer = use_.run(work).await;
        // Nothing was written that could be lost with the answer.
        use_.roll_back().await;
        answer
    }

    /// Runs a closure in a transaction, and answers when that is on disk. When the closure or one of its statements
    /// fails, nothing of it remains.
    ///
    /// # Errors
    /// What the closure or its first failed statement answers.
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable): not applied.
    /// [`Indeterminate`](flashbid_core::StoreErrorKind::Indeterminate): the answer to the commit was lost.
    pub async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut use_ = self.begin(&self.inner.begin_write).await?;
        match use_.run(work).await {
            Ok(answer) => {
                use_.commit().await?;
                Ok(answer)
            }
            Err(error) => {
                use_.roll_back().await;
                Err(error)
            }
        }
    }

    /// Runs statements as one transaction in one message: no lock is held over a round trip. They must have the same
    /// effect when they run twice, because they run again when a connection ends without an answer.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub(crate) async fn run_until_known(
        &self,
        script: Script,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let whole: Arc<str> = format!("{}{}; COMMIT", self.inner.begin_write, script.0).into();
        let mut tries = self.inner.pool.options().get_max_connections();
        let mut lost = false;
        loop {
            let ran = match self.inner.pool.acquire().await {
                Ok(connection) => {
                    Use::new(connection, self.inner.patience)
                        .run_whole(AssertSqlSafe(Arc::clone(&whole)))
                        .await
                }
                Err(error) => Ran::Failed(error.into()),
            };
            match ran {
                Ran::Committed(rows) => return Ok(rows),
                Ran::Lost(error) if tries > 0 => {
                    tracing::debug!(%error, "a connection ended without an answer: once more");
                    tries -= 1;
                    lost = true;
                }
                // Whatever happened to this try: an earlier one may have come through.
                Ran::Failed(error) if lost && error.kind() == StoreErrorKind::Unavailable => {
                    return Err(DatabaseError::new(StoreErrorKind::Indeterminate, error));
                }
                Ran::Failed(error) | Ran::Lost(error) => return Err(error),
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) when it does not.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.read(async |tx: &mut Transaction<'_>| {
            tx.fetch_one(sqlx::query("SELECT 1")).await.map(drop)
        })
        .await
    }

    /// Closes the connections, each when its use is over. Every later use fails.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    /// A connection on which a transaction has begun. Connections that have died since their last use are passed over,
    /// but not one after the other while a server says nothing at all.
    async fn begin(&self, statement: &Arc<str>) -> Result<Use, DatabaseError> {
        let Inner { pool, patience, .. } = &*self.inner;
        let mut tries = pool.options().get_max_connections();
        let deadline = Instant::now() + self.inner.acquire_timeout;
        loop {
            let connection = pool.acquire().await?;
            let mut use_ = Use::new(connection, *patience);
            let begun = use_.begin(
                AssertSqlSafe(Arc::clone(statement)),
                self.inner.acquire_timeout,
            );
            match begun.await {
                Ok(()) => return Ok(use_),
                Err(error) if tries == 0 || Instant::now() >= deadline => return Err(error),
                Err(_) => tries -= 1,
            }
        }
    }
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    // The driver would take any.
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        let cause = "it does not begin with postgres://";
        return Err(OpenError::of_connect(sqlx::Error::Configuration(
            cause.into(),
        )));
    }
    let options: PgConnectOptions = url.parse().map_err(OpenError::of_connect)?;
    // PgBouncer refuses to pass `extra_float_digits` on, and nothing here is a float.
    let options = options.statement_cache_capacity(0).extra_float_digits(None);
    // A batch of bids is the text of its statement: names and prices are not for logs, however slow it is.
    Ok(options.disable_statement_logging())
}

/// What holds for one transaction: a setting of the session would stay with PgBouncer's connection, for anybody.
fn settings(config: &Config) -> String {
    let statement = config.statement_timeout.as_millis().max(1);
    let lock = config.lock_timeout.as_millis().max(1);
    format!(
        "SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
         SET LOCAL idle_in_transaction_session_timeout = {statement}; "
    )
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("connections", &self.inner.pool.size())
            .field("idle", &self.inner.pool.num_idle())
            .finish_non_exhaustive()
    }
}
