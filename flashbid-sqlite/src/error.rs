use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;

use flashbid_core::{StoreError, StoreErrorKind};
use rusqlite::ErrorCode;

/// The name of this store in a [`StoreError`].
pub(crate) const BACKEND: &str = "sqlite";

/// Why a file could not be opened. Each reads as one sentence for whoever started the program.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory of the file is not there.
    #[error("the directory {} does not exist", .directory.display())]
    NoDirectory {
        /// Where the file was to be.
        directory: PathBuf,
    },
    /// There is no file to read.
    #[error("the file {} does not exist", .path.display())]
    NoFile {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system forbids it.
    #[error("no permission to open {}", .path.display())]
    NoPermission {
        /// What was to be opened.
        path: PathBuf,
    },
    /// Another process, or another ledger of this one, has the file open for writing.
    #[error("{} is in use by {}", .path.display(), holder(*.pid))]
    InUse {
        /// The file.
        path: PathBuf,
        /// Whose it is, when that is known.
        pid: Option<u32>,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of another program.
    #[error("{} is a SQLite database, but not one of FlashBid", .path.display())]
    OtherDatabase {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of the program has changed the tables.
    #[error(
        "the tables `{set}` are of version {found}, but this program knows them up to version {known}: use a newer one"
    )]
    Newer {
        /// Which set of migrations.
        set: String,
        /// The version of the file.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// The tables are older than this program needs, and may not be changed when only reading.
    #[error(
        "the tables `{set}` are of version {found}, but this program needs version {known}: open the file for writing once"
    )]
    Older {
        /// Which set of migrations.
        set: String,
        /// The version of the file.
        found: u32,
        /// The version that is needed.
        known: u32,
    },
    /// A script failed, and nothing of it remains.
    #[error("the tables `{set}` could not be brought up to date: {cause}")]
    Migration {
        /// Which set of migrations.
        set: String,
        /// What SQLite said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// Anything else.
    #[error("{} could not be opened: {cause}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the operating system or SQLite said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

/// Why a read or a write of a [`Database`](crate::Database) did not happen.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", describe(*.kind, .source.as_deref()))]
pub struct DatabaseError {
    kind: StoreErrorKind,
    #[source]
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl DatabaseError {
    /// A failure of a kind, and why.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(Arc::from(source.into())),
        }
    }

    /// What the caller may do about it.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// This failure, as that of the method `operation` of a store.
    pub fn during(self, operation: &'static str) -> StoreError {
        StoreError {
            source: self.source,
            ..StoreError::new(BACKEND, operation, self.kind)
        }
    }

    /// Something stored contradicts the request.
    pub(crate) fn conflict(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::Conflict, reason)
    }

    /// The request came from somebody whose time is over.
    pub(crate) fn fenced(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::Fenced, reason)
    }

    /// What the request is about is not there.
    pub(crate) fn not_found(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::NotFound, reason)
    }

    /// Something stored makes no sense.
    pub(crate) fn corrupt(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::Corrupt, reason)
    }

    /// Nothing was applied.
    pub(crate) fn unavailable(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::Unavailable, reason)
    }

    /// A failed `COMMIT`. A full disk or a lock stops it before its last page is written; after any other failure the
    /// log may hold the whole transaction or not, which only the next recovery decides.
    pub(crate) fn of_commit(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::ConstraintViolation,
            ) => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Indeterminate,
        };
        Self::new(kind, error)
    }
}

fn describe(
    kind: StoreErrorKind,
    source: Option<&(dyn StdError + Send + Sync + 'static)>,
) -> String {
    source.map_or_else(|| format!("{kind:?}"), ToString::to_string)
}

/// A failed statement: nothing of it was applied.
impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(kind_of(&error), error)
    }
}

fn kind_of(error: &rusqlite::Error) -> StoreErrorKind {
    use rusqlite::Error as Driver;
    match error {
        Driver::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::ConstraintViolation => StoreErrorKind::Conflict,
            // `Unknown` is how SQLite reports a statement that does not fit the tables.
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::TypeMismatch
            | ErrorCode::ParameterOutOfRange
            | ErrorCode::ApiMisuse
            | ErrorCode::Unknown => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Unavailable,
        },
        Driver::QueryReturnedNoRows => StoreErrorKind::NotFound,
        Driver::ToSqlConversionFailure(_) => StoreErrorKind::Conflict,
        _ => StoreErrorKind::Corrupt,
    }
}
