//! What every route shares.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::Engine;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{Accounts, Logins};
use crate::auth::Sessions;
use crate::config::Secret;

/// What every route shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Engine,
    accounts: Arc<dyn Accounts>,
    logins: Logins,
    sessions: Sessions,
    ranking_interval: Duration,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl AppState {
    /// Shares `engine` and `accounts`; tokens are signed with `secret` and good for `token_ttl`.
    pub fn new(
        engine: Engine,
        accounts: Arc<dyn Accounts>,
        secret: &Secret,
        token_ttl: Duration,
        ranking_interval: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            logins: Logins::new(Arc::clone(&accounts)),
            sessions: Sessions::new(Arc::clone(&accounts), secret, token_ttl),
            engine,
            accounts,
            ranking_interval,
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
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

    /// How often a changed ranking is pushed.
    pub fn ranking_interval(&self) -> Duration {
        self.0.ranking_interval
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
