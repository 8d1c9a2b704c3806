//! FlashBid's ledger on one SQLite file: durable, and nothing to install.
//!
//! [`SqliteLedger`] is a [`Ledger`](flashbid_core::store::Ledger): what it has acknowledged has been flushed to disk
//! (`synchronous=FULL`) and survives the death of the process and of the machine.
//!
//! ```
//! use flashbid_core::store::{Ledger, Page};
//! use flashbid_sqlite::SqliteLedger;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("sale.db");
//! let ledger = SqliteLedger::open(&path)?;
//! let products = ledger.products(Page { skip: 0, limit: 100 }).await?;
//! assert_eq!(products.total, 0);
//! # Ok(())
//! # }
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | `ledger` | the ledger, one file per kind of row |
//! | `database` | the file and its lock, the one writer with its group commit, the readers, migrations |
//! | `config`, `error` | what can be set, and what can go wrong |
//!
//! The tables, and why each index is there, are described in `migrations/`. A file that an older version has made comes
//! over, with all that is in it, when it is opened for writing; a newer one is refused.
//!
//! It is not a database server: one process at a time writes to a file, and any other is refused with an
//! [`OpenError::InUse`]; reading beside it is possible with [`SqliteLedger::open_read_only`]. The file must lie on a
//! local disk, because the locks of network file systems cannot be trusted.

mod config;
mod database;
mod error;
mod ledger;

pub use config::SqliteConfig;
pub use database::Database;
pub use error::{DatabaseError, OpenError};
pub use ledger::SqliteLedger;

/// The driver, for the closures of [`Database::read`] and [`Database::write`].
pub use rusqlite;
