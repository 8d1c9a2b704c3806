mod file;
mod job;
mod migrations;
mod readers;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::config::SqliteConfig;
use crate::error::{DatabaseError, OpenError};
use readers::Readers;
use writer::Writer;

/// One file, one writer, one `fsync` for all that wait.
///
/// Writes queue for a thread of their own. It runs whatever has queued inside one transaction, each write in a
/// savepoint, commits once, and only then answers: under load many writes share the cost of one flush to disk, and a
/// write that fails undoes nothing but itself. Reads run at the same time, on other connections, each in a snapshot.
///
/// An embedder may keep tables of its own in the file, beside the ledger's: make them with [`Database::migrate`], and
/// work on them with [`Database::read`] and [`Database::write`], whose closures get the bare
/// [`rusqlite::Connection`]. The ledger's tables are not part of the public interface.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("sale.db");
/// let ledger = flashbid_sqlite::SqliteLedger::open(&path)?;
/// let database = ledger.database();
/// database
///     .migrate("notes", &["CREATE TABLE notes (text TEXT NOT NULL) STRICT"])
///     .await?;
/// database
///     .write(|tx| Ok(tx.execute("INSERT INTO notes VALUES (?1)", ["hello"])?))
///     .await?;
/// let text: String = database
///     .read(|tx| Ok(tx.query_row("SELECT text FROM notes", [], |row| row.get(0))?))
///     .await?;
/// assert_eq!(text, "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

/// The fields are dropped in this order: the writer last, because it closes the file and gives the lock back.
struct Inner {
    /// `None` in memory: no second connection can see such a database, so the writer reads as well.
    readers: Option<Readers>,
    /// `None` when opened for reading only.
    writer: Option<Writer>,
    losses: Arc<AtomicU64>,
}

impl Database {
    /// Opens a file for reading and writing, and makes it when it is not there. `:memory:` is a database that dies
    /// with this handle.
    pub(crate) fn open(path: &Path, config: &SqliteConfig) -> Result<Self, OpenError> {
        let losses = Arc::new(AtomicU64::new(0));
        let opened = file::open(path, config)?;
        let readers = opened
            .path
            .map(|path| Readers::open(&path, config))
            .transpose()?;
        let writer = Writer::start(opened.connection, opened.lock, config, Arc::clone(&losses))
            .map_err(|error| file::failed(path, error))?;
        Ok(Self::of(readers, Some(writer), losses))
    }

    /// Opens a file for reading, also while another process writes to it.
    pub(crate) fn open_read_only(path: &Path, config: &SqliteConfig) -> Result<Self, OpenError> {
        let path = file::check_readable(path, config)?;
        let readers = Readers::open(&path, config)?;
        Ok(Self::of(Some(readers), None, Arc::default()))
    }

    fn of(readers: Option<Readers>, writer: Option<Writer>, losses: Arc<AtomicU64>) -> Self {
        Self {
            inner: Arc::new(Inner {
                readers,
                writer,
                losses,
            }),
        }
    }

    /// Runs a closure on a snapshot of the database, beside all writes.
    ///
    /// Called within a Tokio runtime. The closure should only read: on a file, a statement that writes fails.
    ///
    /// # Errors
    /// What the closure answers; [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) when no snapshot can be
    /// taken.
    ///
    /// # Panics
    /// When the closure panics.
    pub async fn read<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        match &self.inner.readers {
            Some(readers) => readers.run(work).await,
            None => self.write(work).await,
        }
    }

    /// Runs a closure in the writer's next transaction, and answers when that is on disk. When the closure fails or
    /// panics, nothing of it remains.
    ///
    /// Dropping the future before it is ready either prevents the closure from running or changes nothing about it.
    /// The closure keeps every other write waiting, so it should not do anything but write; it must not begin, commit
    /// or roll back a transaction.
    ///
    /// # Errors
    /// What the closure answers. [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable): not applied, because the
    /// disk is full, the file is locked or open for reading only.
    /// [`Indeterminate`](flashbid_core::StoreErrorKind::Indeterminate): the commit failed half-way.
    ///
    /// # Panics
    /// When the closure panics.
    pub async fn write<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.run(work).await,
            None => Err(DatabaseError::unavailable(
                "the file is open for reading only",
            )),
        }
    }

    /// Brings a named set of tables to the newest version: runs those of `scripts` that the file has not seen, in
    /// order and in one transaction. A script is plain SQL without `BEGIN` and `COMMIT`; once released it never
    /// changes, and later changes follow as further scripts.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when the file has seen more scripts than are given here, [`OpenError::Older`] when it has
    /// seen fewer and is open for reading only, [`OpenError::Migration`] when a script fails: then nothing has changed.
    pub async fn migrate(&self, set: &str, scripts: &[&str]) -> Result<(), OpenError> {
        let set = set.to_owned();
        let scripts: Vec<String> = scripts.iter().map(ToString::to_string).collect();
        let named = set.clone();
        let outcome = if self.inner.writer.is_some() {
            self.write(move |tx| migrations::apply(tx, &set, &scripts))
                .await
        } else {
            self.read(move |tx| migrations::require(tx, &set, scripts.len()))
                .await
        };
        outcome
            .map_err(|error| OpenError::Migration {
                set: named,
                cause: Arc::new(error),
            })
            .flatten()
    }

    /// How often a transaction was lost after its writes had run: whoever remembers something about committed writes
    /// outside of the file must forget it when this number changes.
    pub(crate) fn losses(&self) -> Losses {
        Losses(Arc::clone(&self.inner.losses))
    }
}

/// See [`Database::losses`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses(Arc<AtomicU64>);

impl Losses {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("in_memory", &self.inner.readers.is_none())
            .field("read_only", &self.inner.writer.is_none())
            .finish_non_exhaustive()
    }
}
