//! FlashBid's reference server: REST, WebSocket and workers over the [engine](flashbid_core).
//!
//! The `flashbid-server` program is [`cli::run`]. A test, or another program, starts the same server in its own
//! process with [`Server::start`], or takes only the routes with [`app::router`].
//!
//! ```
//! use flashbid_server::config::LedgerUrl;
//! use flashbid_server::{Config, Server};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let mut config = Config::default();
//! config.listen = "127.0.0.1:0".to_owned();
//! config.ledger = LedgerUrl::Sqlite(folder.path().join("sale.db"));
//! let server = Server::start(&config).await?;
//! let health = reqwest::get(format!("http://{}/health", server.address())).await?;
//! assert_eq!(health.status(), 200);
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`cli`], `commands` | the command line, one file a command |
//! | [`config`], [`stores`], [`first_start`] | what it is told, what it opens, what it makes for itself |
//! | [`server`], [`app`], [`state`] | the running server, the routes with all that is around them, what they share |
//! | `routes`, `page` | one file a resource; the web page |
//! | [`metrics`], `requests`, `telemetry` | what it counts of itself; ids and spans of requests; where log lines and traces go |
//! | [`feed`] | what watchers of a campaign are told, live |
//! | [`wire`], [`extract`], [`problem`] | what goes over the wire: bodies, parameters, errors |
//! | [`accounts`], [`auth`] | who may bid, and who is asking |
//! | [`gate`] | who may come in: limits, request tokens, captchas |
//! | [`payments`] | who takes the money |
//!
//! It is no library of sales: that is `flashbid-core`, which knows nothing of HTTP, users or passwords.

pub mod accounts;
pub mod app;
pub mod auth;
pub mod cli;
mod commands;
pub mod config;
pub mod extract;
pub mod failure;
pub mod feed;
pub mod first_start;
pub mod gate;
pub mod metrics;
mod page;
pub mod payments;
pub mod problem;
mod requests;
mod routes;
pub mod server;
pub mod state;
pub mod stores;
mod telemetry;
pub mod wire;

pub use commands::replay;
pub use config::Config;
pub use server::Server;
