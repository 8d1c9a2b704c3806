use std::fmt;
use std::time::Duration;

/// Which database to use, and how. The defaults suit a server; the fields say what each is for.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where the database is: `postgres://user:password@host:port/database`. Parameters of the driver follow behind a
    /// `?`, such as `sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem`.
    pub url: String,
    /// Where to migrate, when `url` leads through PgBouncer: the same database, directly.
    pub migrate_url: Option<String>,
    /// The most connections at the same moment. At least one.
    pub connections: u32,
    /// How long to wait for a connection, also while the server is away.
    pub acquire_timeout: Duration,
    /// After this long the server gives a statement up, and an idle transaction as well.
    pub statement_timeout: Duration,
    /// After this long the server gives up waiting for a lock that another transaction holds.
    pub lock_timeout: Duration,
}

impl Config {
    /// The usual settings for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            migrate_url: None,
            connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
        }
    }
}

/// URLs are left out: they hold passwords.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("connections", &self.connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
