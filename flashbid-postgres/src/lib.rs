//! FlashBid's ledger on PostgreSQL, directly or through PgBouncer.
//!
//! [`PostgresLedger`] is a [`Ledger`](flashbid_core::store::Ledger) that any number of processes share: what it has
//! acknowledged was committed with `synchronous_commit = on`.
//!
//! ```no_run
//! use flashbid_core::store::{Ledger, Page};
//! use flashbid_postgres::PostgresLedger;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = PostgresLedger::connect("postgres://flashbid@localhost/flashbid").await?;
//! let products = ledger.products(Page { skip: 0, limit: 100 }).await?;
//! println!("{} products", products.total);
//! # Ok(())
//! # }
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | `ledger` | the ledger, one file per kind of row |
//! | `database` | the connections and the one way to use them, transactions, migrations |
//! | `config`, `error` | what can be set, and what can go wrong |
//!
//! It works through PgBouncer in session and in transaction mode. In transaction mode a connection is another one after
//! each transaction, so every use goes through [`Database::read`] or [`Database::write`]: one transaction, and only
//! statements without a name. Migrations then need a direct URL, [`Config::migrate_url`].

mod config;
mod database;
mod error;
mod ledger;

pub use config::Config;
pub use database::{Database, Transaction};
pub use error::{DatabaseError, OpenError};
pub use ledger::PostgresLedger;

/// The driver, for the closures of [`Database::read`] and [`Database::write`].
pub use sqlx;
