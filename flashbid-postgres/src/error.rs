use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use flashbid_core::{StoreError, StoreErrorKind};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// The name of this store in a [`StoreError`].
pub(crate) const BACKEND: &str = "postgres";

/// Why a database could not be opened. Each reads as one sentence for whoever started the program.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL or a file that it names cannot be used.
    #[error("the URL of the database cannot be used: {cause}")]
    BadUrl {
        /// What the driver said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// Nobody answers there, or not yet: it may help to try again.
    #[error("the database is not available: {cause}")]
    Unavailable {
        /// What the driver said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// The server answers and says no: wrong user, password or database, or too few rights.
    #[error("the server refuses: {cause}")]
    Refused {
        /// What the server said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// TLS fails: the server's certificate is not to be trusted, or a file of one's own is not a certificate.
    #[error("there is no secure connection to the server: {cause}")]
    Untrusted {
        /// What the driver said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// A newer version of the program has changed the tables.
    #[error(
        "the tables `{set}` are of version {found}, but this program knows them up to version {known}: use a newer one"
    )]
    Newer {
        /// Which set of migrations.
        set: String,
        /// The version of the database.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// The tables were made by another script than the one of the same version here.
    #[error("the script {version} that made the tables `{set}` is not the one of this program")]
    Changed {
        /// Which set of migrations.
        set: String,
        /// Which of its scripts.
        version: i64,
    },
    /// A script failed, and nothing of it remains.
    #[error("the tables `{set}` could not be brought up to date: {cause}")]
    Migration {
        /// Which set of migrations.
        set: String,
        /// What the server said.
        cause: Arc<dyn StdError + Send + Sync>,
    },
}

impl OpenError {
    /// A failure to connect.
    pub(crate) fn of_connect(error: sqlx::Error) -> Self {
        let error = Arc::new(error);
        Self::of(Some(&*Arc::clone(&error)), error)
    }

    /// A failure to use the pool. What came of connecting is its source.
    pub(crate) fn of_use(error: &DatabaseError) -> Self {
        let source = error.source.as_deref();
        let driver = source.and_then(|source| source.downcast_ref::<sqlx::Error>());
        Self::of(driver, Arc::new(error.clone()))
    }

    fn of(error: Option<&sqlx::Error>, cause: Arc<dyn StdError + Send + Sync>) -> Self {
        match error {
            Some(sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_)) => {
                Self::BadUrl { cause }
            }
            Some(sqlx::Error::Tls(_)) => Self::Untrusted { cause },
            // How a handshake that fails reaches this.
            Some(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Untrusted { cause }
            }
            Some(sqlx::Error::Database(refusal)) if is_refusal(refusal.code().as_deref()) => {
                Self::Refused { cause }
            }
            _ => Self::Unavailable { cause },
        }
    }

    /// Whether it may help to try again, because the server was away.
    pub const fn may_retry(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Authentication failed, no such database, not allowed.
fn is_refusal(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("28") || code == "3D000" || code == "42501")
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

    /// Nobody knows whether it was applied.
    pub(crate) fn indeterminate(reason: &'static str) -> Self {
        Self::new(StoreErrorKind::Indeterminate, reason)
    }

    /// A failed `COMMIT`, or a transaction that was sent as a whole. When the server answers with an ordinary error it has rolled back. Whatever ends the
    /// connection, be it the server's last words or PgBouncer's, may have come after the commit.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        match server_error(&error) {
            Some(refusal)
                if refusal.severity() == PgSeverity::Error
                    && !refusal.code().starts_with("08")
                    && refusal.code() != "40003" =>
            {
                Self::from(error)
            }
            _ => Self::new(StoreErrorKind::Indeterminate, error),
        }
    }
}

fn server_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

fn describe(
    kind: StoreErrorKind,
    source: Option<&(dyn StdError + Send + Sync + 'static)>,
) -> String {
    source.map_or_else(|| format!("{kind:?}"), ToString::to_string)
}

/// A failed statement before the commit: nothing of its transaction was applied.
impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(refusal) => refusal
                .code()
                .map_or(StoreErrorKind::Unavailable, |code| kind_of(&code)),
            sqlx::Error::RowNotFound => StoreErrorKind::NotFound,
            sqlx::Error::Encode(_) => StoreErrorKind::Conflict,
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::TypeNotFound { .. } => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Unavailable,
        };
        Self::new(kind, error)
    }
}

/// What an SQLSTATE means for the caller, mostly by its class.
fn kind_of(code: &str) -> StoreErrorKind {
    match code {
        // What the functions of the ledger raise.
        "FB403" => StoreErrorKind::Fenced,
        "FB404" => StoreErrorKind::NotFound,
        "FB409" => StoreErrorKind::Conflict,
        // Refused for privileges: the operator's doing, and undone without a change here.
        "42501" => StoreErrorKind::Unavailable,
        _ => match code.get(..2) {
            // A value is out of range, or a constraint is violated.
            Some("22" | "23") => StoreErrorKind::Conflict,
            // The statement does not fit the tables, or the server found its files damaged.
            Some("42" | "XX" | "P0") => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Unavailable,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_tells_the_caller_what_to_do() {
        for (code, kind) in [
            ("23505", StoreErrorKind::Conflict),
            ("23514", StoreErrorKind::Conflict),
            ("22003", StoreErrorKind::Conflict),
            ("FB403", StoreErrorKind::Fenced),
            ("40001", StoreErrorKind::Unavailable),
            ("40P01", StoreErrorKind::Unavailable),
            ("55P03", StoreErrorKind::Unavailable),
            ("57014", StoreErrorKind::Unavailable),
            ("57P01", StoreErrorKind::Unavailable),
            ("53100", StoreErrorKind::Unavailable),
            ("53300", StoreErrorKind::Unavailable),
            ("25006", StoreErrorKind::Unavailable),
            ("08P01", StoreErrorKind::Unavailable),
            ("42501", StoreErrorKind::Unavailable),
            ("42P01", StoreErrorKind::Corrupt),
            ("42883", StoreErrorKind::Corrupt),
            ("XX001", StoreErrorKind::Corrupt),
            ("", StoreErrorKind::Unavailable),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }
}
