//! What every route shares.

use std::sync::Arc;

use flashbid_core::Engine;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{Accounts, Attempts, Logins};
use crate::auth::Sessions;
use crate::config::{Config, Secret};
use crate::feed::Feed;
use crate::metrics::Metrics;

/// What every route shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Engine,
    accounts: Arc<dyn Accounts>,
    logins: Logins,
    sessions: Sessions,
    feed: Feed,
    metrics: Metrics,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl AppState {
    /// Shares `engine` and `accounts`; tokens are signed with `secret`, and `config` says how long they are good for and
    /// how much is allowed. What is counted goes to `metrics`, which `engine` may have as its observer.
    pub fn new(
        engine: Engine,
        accounts: Arc<dyn Accounts>,
        secret: &Secret,
        config: &Config,
        metrics: Metrics,
    ) -> Self {
        let connections = TaskTracker::new();
        let attempts = Attempts::new(
            Arc::clone(engine.hot()) as _,
            config.login_attempts,
            metrics.clone(),
        );
        Self(Arc::new(Shared {
            logins: Logins::new(Arc::clone(&accounts), attempts),
            sessions: Sessions::new(Arc::clone(&accounts), secret, config.token_ttl),
            feed: Feed::new(
                engine.clone(),
                config.ranking_interval,
                config.max_sockets as usize,
                connections.clone(),
            ),
            engine,
            accounts,
            metrics,
            stop: CancellationToken::new(),
            connections,
        }))
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The accounts.
    pub fn accounts(&self) -> &Arc<dyn Accounts> {
        &self.0.accounts
    }

    /// Checks passwords.
    pub fn logins(&self) -> &Logins {
        &self.0.logins
    }

    /// Gives and checks tokens.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The live feed.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// What this server counts of itself.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Cancelled when the server begins to stop: whoever holds a connection open then says goodbye.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Connections that outlive their request. The server waits for them, for a while, when it stops.
    pub fn connections(&self) -> &TaskTracker {
        &self.0.connections
    }
}
