use std::time::Duration;

/// How a file is worked on. The defaults suit a server; the fields say what each is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// Connections that read, and so how many reads run at the same moment. At least one.
    pub readers: usize,
    /// Writes that may wait for the writer before further callers wait for a place. At least one.
    pub queue: usize,
    /// The most writes that share one commit. At least one.
    pub group: usize,
    /// How long to wait while another program, such as a backup or the `sqlite3` shell, locks the file.
    pub busy_timeout: Duration,
    /// The most memory for pages of the file that one connection keeps, in KiB.
    pub cache_kib: u32,
    /// Pages in the write-ahead log at which it is copied into the file. More means fewer but longer copies.
    pub checkpoint_pages: u32,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            readers: 4,
            queue: 1024,
            group: 256,
            busy_timeout: Duration::from_secs(5),
            cache_kib: 16 * 1024,
            checkpoint_pages: 4_000,
        }
    }
}
