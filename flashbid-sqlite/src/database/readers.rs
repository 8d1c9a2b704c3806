use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::file;
use crate::config::SqliteConfig;
use crate::error::{DatabaseError, OpenError};

/// Connections that read. In WAL mode they neither wait for the writer nor keep it waiting.
pub(super) struct Readers {
    /// One permit for each idle connection.
    idle: Arc<Semaphore>,
    pool: Arc<Pool>,
}

type Pool = Mutex<Vec<Connection>>;

impl Readers {
    pub(super) fn open(path: &Path, config: &SqliteConfig) -> Result<Self, OpenError> {
        let count = config.readers.max(1);
        let connections = (0..count)
            .map(|_| file::open_reader(path, config))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            idle: Arc::new(Semaphore::new(count)),
            pool: Arc::new(Mutex::new(connections)),
        })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        let stopped = |_| DatabaseError::unavailable("the readers have stopped");
        let idle = Arc::clone(&self.idle);
        let permit = idle.acquire_owned().await.map_err(stopped)?;
        let pool = Arc::clone(&self.pool);
        let read = spawn_blocking(move || Borrowed::take(pool, permit)?.snapshot(work)).await;
        match read.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(answer) => answer,
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(_)) => Err(DatabaseError::unavailable("the runtime is stopping")),
        }
    }
}

/// A connection out of the pool, which it goes back to also when the work panics.
struct Borrowed {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    /// Given back after the connection, because it is dropped after [`Borrowed::drop`] has run.
    _permit: OwnedSemaphorePermit,
}

impl Borrowed {
    fn take(pool: Arc<Pool>, permit: OwnedSemaphorePermit) -> Result<Self, DatabaseError> {
        let connection = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if connection.is_none() {
            return Err(DatabaseError::unavailable("every reader is busy"));
        }
        Ok(Self {
            connection,
            pool,
            _permit: permit,
        })
    }

    /// Runs the work in a transaction that only reads, so that all it sees is of one moment.
    fn snapshot<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let connection = self
            .connection
            .as_mut()
            .ok_or_else(|| DatabaseError::unavailable("every reader is busy"))?;
        let snapshot = connection.transaction()?;
        work(&snapshot)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            pool.push(connection);
        }
    }
}
