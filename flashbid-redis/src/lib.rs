//! FlashBid's hot store on Redis or Valkey: standalone, Sentinel, Cluster.
//!
//! [`RedisHot`] is a [`HotStore`](flashbid_core::store::HotStore). It may be lost at any time: the engine opens its
//! books and counters again from the ledger.
//!
//! ```no_run
//! use flashbid_redis::RedisHot;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let hot = RedisHot::connect("redis://localhost:6379/0").await?;
//! hot.ping().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | `consumer` | the events, for programs beside the engine |
//! | `config`, `error` | what can be set, and what a server's words mean |
//! | `connection` | connections that survive losses, for each kind of server |
//! | `book`, `gate`, `leases`, `admission`, `cache` | a trait each: live books, counters of units, leases, limits and tokens, copies of campaigns |
//! | `script`, `answer` | calling a script of `src/scripts`, and reading what it says |
//!
//! Every change is one script, which reads before it writes and answers the same when it is called again. Needs Redis
//! 7.0 or Valkey 8, without modules. It is not a durable store: what must not be lost belongs in the ledger.

mod admission;
mod answer;
mod book;
mod cache;
mod config;
mod connection;
mod consumer;
mod error;
mod gate;
mod leases;
mod script;
#[cfg(test)]
mod tests;
mod time;
#[cfg(test)]
mod watch;

use std::sync::Arc;

use flashbid_core::store::StoreResult;
use flashbid_core::{StoreError, StoreErrorKind};

pub use config::{Config, ConfigError, Servers};
pub use consumer::{Delivery, EventConsumer};

use connection::Link;
use error::{BACKEND, Sent, failed};

/// A hot store on Redis. Cheap to clone: the clones share their connections.
#[derive(Clone, Debug)]
pub struct RedisHot {
    link: Arc<Link>,
    config: Arc<Config>,
}

impl RedisHot {
    /// Connects to the servers of a URL; see [`Config`].
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) when they cannot be reached or the URL is malformed.
    pub async fn connect(url: &str) -> StoreResult<Self> {
        let config = url.parse().map_err(misconfigured)?;
        Self::connect_with(config).await
    }

    /// Connects to the servers of a [`Config`].
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) when they cannot be reached or the configuration makes no sense.
    pub async fn connect_with(config: Config) -> StoreResult<Self> {
        config.check().map_err(misconfigured)?;
        let link = Link::open(&config)
            .await
            .map_err(|error| failed("connect", error, Sent::No))?;
        let hot = Self {
            link: Arc::new(link),
            config: Arc::new(config),
        };
        hot.ping().await?;
        Ok(hot)
    }

    /// Connects to the servers of a [`Config`], for a store whose time is that of `clock` and not the servers'. Only for
    /// tests: a script is sent anew with each call.
    ///
    /// # Errors
    /// As [`RedisHot::connect_with`].
    #[cfg(feature = "steered")]
    pub async fn connect_steered(
        config: Config,
        clock: Arc<dyn flashbid_core::time::Clock>,
    ) -> StoreResult<Self> {
        let mut hot = Self::connect_with(config).await?;
        if let Some(link) = Arc::get_mut(&mut hot.link) {
            link.1 = Some(clock);
        }
        Ok(hot)
    }

    /// Whether the servers answer.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable).
    pub async fn ping(&self) -> StoreResult<()> {
        let answer = self.link.send(&redis::cmd("PING")).await;
        let answer = answer
            .map_err(|refused| refused.error)
            .and_then(redis::Value::extract_error);
        match answer {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("ping", error, Sent::Read)),
        }
    }

    /// The key of a kind of thing that belongs to `id`; all keys of one id are in one slot of a cluster.
    pub(crate) fn key(&self, kind: &str, id: impl std::fmt::Display) -> String {
        format!("{}{kind}:{{{id}}}", self.config.prefix)
    }
}

fn misconfigured(error: ConfigError) -> StoreError {
    StoreError::new(BACKEND, "connect", StoreErrorKind::Unavailable).because(error)
}
