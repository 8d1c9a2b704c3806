use std::error::Error as StdError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::migrations;
use crate::config::SqliteConfig;
use crate::error::{DatabaseError, OpenError};
use crate::ledger::{MIGRATION_SET, MIGRATIONS};

/// Marks a file as one of FlashBid: `FLBD`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"FLBD");

/// The first bytes of every SQLite database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A file that is ours alone, with the newest tables.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held for as long as the connection lives; `None` in memory.
    pub(super) lock: Option<File>,
    /// Where readers find it; `None` in memory.
    pub(super) path: Option<PathBuf>,
}

/// Opens or makes a file. A file that is refused is left as it is.
pub(super) fn open(path: &Path, config: &SqliteConfig) -> Result<Opened, OpenError> {
    if path == Path::new(":memory:") {
        let mut connection = Connection::open_in_memory().map_err(|error| failed(path, error))?;
        prepare(&mut connection, path, config)?;
        return Ok(Opened {
            connection,
            lock: None,
            path: None,
        });
    }
    let path = resolve(path)?;
    check_magic(&path)?;
    let lock = lock(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(refusal(&path))?;
    // SQLite quietly falls back to reading when it may not write.
    if connection.is_readonly("main").map_err(refusal(&path))? {
        return Err(OpenError::NoPermission { path });
    }
    connection
        .busy_timeout(config.busy_timeout)
        .map_err(refusal(&path))?;
    check_owner(&connection, &path)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(refusal(&path))?;
    if mode != "wal" {
        return Err(failed(
            &path,
            "its file system does not support write-ahead logging",
        ));
    }
    prepare(&mut connection, &path, config)?;
    Ok(Opened {
        connection,
        lock: Some(lock),
        path: Some(path),
    })
}

/// Whether a file can be read with the tables that are known here, and where it really is.
pub(super) fn check_readable(path: &Path, config: &SqliteConfig) -> Result<PathBuf, OpenError> {
    let path = resolve(path)?;
    if !path.exists() {
        return Err(OpenError::NoFile { path });
    }
    check_magic(&path)?;
    let connection = open_reader(&path, config)?;
    check_owner(&connection, &path)?;
    migrations::require(&connection, MIGRATION_SET, MIGRATIONS.len())
        .map_err(|error| failed(&path, error))
        .flatten()?;
    Ok(path)
}

/// A further connection to a file, for reading.
pub(super) fn open_reader(path: &Path, config: &SqliteConfig) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refusal(path))?;
    connection
        .busy_timeout(config.busy_timeout)
        .and_then(|()| tune(&connection, config))
        .map_err(refusal(path))?;
    Ok(connection)
}

pub(super) fn failed(path: &Path, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> OpenError {
    OpenError::Failed {
        path: path.to_owned(),
        cause: Arc::from(cause.into()),
    }
}

/// The one name of a file, however it was spelled: two spellings must not get two locks.
fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if let Ok(path) = fs::canonicalize(path) {
        return Ok(path);
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| failed(path, "it names no file"))?;
    match fs::canonicalize(directory) {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::NoDirectory {
            directory: directory.to_owned(),
        }),
        Err(error) => Err(of_io(directory, error)),
    }
}

/// Refuses a file that is no SQLite database before anything touches it. An empty one may become one.
fn check_magic(path: &Path) -> Result<(), OpenError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(of_io(path, error)),
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| of_io(path, error))?;
    if head.is_empty() || head == MAGIC {
        Ok(())
    } else {
        Err(OpenError::NotADatabase {
            path: path.to_owned(),
        })
    }
}

/// Takes the lock that lies next to the file. The operating system gives it back when the process ends, however it
/// ends; what the lock's file says is only for the error of the next who comes.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(|error| of_io(&lock_path, error))?;
    match try_for_a_while(&lock) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Without a number the error only says less.
            let _ = lock.take(20).read_to_string(&mut pid);
            return Err(OpenError::InUse {
                path: path.to_owned(),
                pid: pid.trim().parse().ok(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(of_io(&lock_path, error)),
    }
    lock.set_len(0)
        .and_then(|()| writeln!(lock, "{}", std::process::id()))
        .map_err(|error| of_io(&lock_path, error))?;
    Ok(lock)
}

/// Takes the lock, or waits up to half a second for it: a process that was killed, and a child that another thread has
/// forked and that has not yet become its program, hold it for a moment longer than its owner.
fn try_for_a_while(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(25)),
            result => return result,
        }
    }
    lock.try_lock()
}

/// Refuses a database of another program, and one with newer tables.
fn check_owner(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let objects: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(refusal(path))?;
    let application: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(refusal(path))?;
    if objects > 0 && application != APPLICATION_ID {
        return Err(OpenError::OtherDatabase {
            path: path.to_owned(),
        });
    }
    let found =
        migrations::version(connection, MIGRATION_SET).map_err(|error| failed(path, error))?;
    match u32::try_from(MIGRATIONS.len()) {
        Ok(known) if found > known => Err(migrations::newer(MIGRATION_SET, found, known)),
        _ => Ok(()),
    }
}

/// Makes every commit durable, and brings the ledger's tables to the newest version.
fn prepare(
    connection: &mut Connection,
    path: &Path,
    config: &SqliteConfig,
) -> Result<(), OpenError> {
    connection
        .pragma_update(None, "synchronous", "full")
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        .and_then(|()| {
            connection.pragma_update(None, "wal_autocheckpoint", config.checkpoint_pages)
        })
        .and_then(|()| tune(connection, config))
        .map_err(refusal(path))?;
    let migrated = || -> Result<_, DatabaseError> {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        let outcome = migrations::apply(&tx, MIGRATION_SET, MIGRATIONS)?;
        tx.commit()?;
        Ok(outcome)
    };
    let mut migrated = migrated;
    migrated().map_err(|error| failed(path, error)).flatten()
}

fn tune(connection: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -i64::from(config.cache_kib))
}

/// What SQLite's refusal of a file means.
fn refusal(path: &Path) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => OpenError::NoPermission { path },
        _ => failed(&path, error),
    }
}

fn of_io(path: &Path, error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => OpenError::NoPermission {
            path: path.to_owned(),
        },
        _ => failed(path, error),
    }
}
