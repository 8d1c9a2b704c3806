use std::fmt;
use std::time::Duration;

use flashbid_core::StoreErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, SqlSafeStr, raw_sql};
use tokio::time::timeout;

use super::GRACE;
use crate::error::DatabaseError;

/// What a closure of [`Database::read`](crate::Database::read) or [`Database::write`](crate::Database::write) works on.
pub struct Transaction<'c> {
    connection: &'c mut PgConnection,
    patience: Duration,
    failed: Option<DatabaseError>,
}

impl Transaction<'_> {
    /// Runs a statement and answers how many rows it changed.
    ///
    /// # Errors
    /// Why the statement failed. The transaction is then lost, whatever the closure makes of it.
    pub async fn execute(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<u64, DatabaseError> {
        let done = query.persistent(false).execute(&mut *self.connection);
        let done = timeout(self.patience, done).await;
        self.keep(done.map(|done| done.map(|result| result.rows_affected())))
    }

    /// Every row of a statement.
    ///
    /// # Errors
    /// As [`Transaction::execute`].
    pub async fn fetch_all(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let rows = query.persistent(false).fetch_all(&mut *self.connection);
        let rows = timeout(self.patience, rows).await;
        self.keep(rows)
    }

    /// The first row of a statement, if there is one.
    ///
    /// # Errors
    /// As [`Transaction::execute`].
    pub async fn fetch_optional(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, DatabaseError> {
        let row = query
            .persistent(false)
            .fetch_optional(&mut *self.connection);
        let row = timeout(self.patience, row).await;
        self.keep(row)
    }

    /// The first row of a statement.
    ///
    /// # Errors
    /// [`NotFound`](flashbid_core::StoreErrorKind::NotFound) when there is none; else as [`Transaction::execute`].
    pub async fn fetch_one(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<PgRow, DatabaseError> {
        let row = self.fetch_optional(query).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Remembers the first failure: after it PostgreSQL answers a `COMMIT` by rolling back, without an error.
    fn keep<T>(
        &mut self,
        outcome: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, DatabaseError> {
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(DatabaseError::from),
            Err(_) => Err(no_answer()),
        };
        if let Err(error) = &outcome {
            self.failed.get_or_insert_with(|| error.clone());
        }
        outcome
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// A connection in use. When the use does not come to its end, the connection is closed instead of being used again:
/// the server rolls back, and nobody finds half a transaction on it.
pub(super) struct Use {
    connection: PoolConnection<Postgres>,
    patience: Duration,
    ended: bool,
}

impl Use {
    pub(super) const fn new(connection: PoolConnection<Postgres>, patience: Duration) -> Self {
        Self {
            connection,
            patience,
            ended: false,
        }
    }

    pub(super) async fn begin(
        &mut self,
        statement: impl SqlSafeStr,
        patience: Duration,
    ) -> Result<(), DatabaseError> {
        let begun = raw_sql(statement).execute(&mut *self.connection);
        match timeout(patience, begun).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(no_answer()),
        }
    }

    /// Runs a script that begins and commits.
    pub(super) async fn run_whole(mut self, script: impl SqlSafeStr) -> Ran {
        let rows = raw_sql(script).fetch_all(&mut *self.connection);
        match timeout(self.patience, rows).await {
            Ok(Ok(rows)) => {
                self.ended = true;
                Ran::Committed(rows)
            }
            Ok(Err(error)) => {
                let error = DatabaseError::of_commit(error);
                if error.kind() == StoreErrorKind::Indeterminate {
                    Ran::Lost(error)
                } else {
                    self.roll_back().await;
                    Ran::Failed(error)
                }
            }
            Err(_) => Ran::Failed(no_answer_to_commit()),
        }
    }

    pub(super) async fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut transaction = Transaction {
            connection: &mut self.connection,
            patience: self.patience,
            failed: None,
        };
        let answer = work(&mut transaction).await;
        match (answer, transaction.failed) {
            (Ok(_), Some(error)) => Err(error),
            (answer, _) => answer,
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), DatabaseError> {
        let committed = raw_sql("COMMIT").execute(&mut *self.connection);
        match timeout(self.patience, committed).await {
            Ok(Ok(_)) => {
                self.ended = true;
                Ok(())
            }
            Ok(Err(error)) => Err(DatabaseError::of_commit(error)),
            Err(_) => Err(no_answer_to_commit()),
        }
    }

    pub(super) async fn roll_back(mut self) {
        let rolled_back = raw_sql("ROLLBACK").execute(&mut *self.connection);
        // The server rolls back by itself when the connection is gone: not worth a long wait.
        self.ended = matches!(timeout(GRACE, rolled_back).await, Ok(Ok(_)));
    }
}

/// What became of a script.
pub(super) enum Ran {
    Committed(Vec<PgRow>),
    /// The connection is gone without an answer.
    Lost(DatabaseError),
    /// The server refuses, or nobody answers in time.
    Failed(DatabaseError),
}

impl Drop for Use {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

fn no_answer() -> DatabaseError {
    DatabaseError::unavailable("the database did not answer in time")
}

fn no_answer_to_commit() -> DatabaseError {
    DatabaseError::indeterminate("the database did not answer the commit in time")
}
