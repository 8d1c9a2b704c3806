//! What every route shares.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::IdempotencyKey;
use flashbid_core::campaign::Campaign;
use flashbid_core::id::BidderId;
use flashbid_core::store::Admission;
use flashbid_core::ticket::Ticket;
use flashbid_core::{Engine, Error, Rejection};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{Accounts, Attempts, Logins};
use crate::auth::Sessions;
use crate::config::{Config, PictureHost, Secret};
use crate::feed::Feed;
use crate::gate::{Captcha, Gate, Pictures, TicketError};
use crate::metrics::Metrics;
use crate::payments::{PaymentProvider, TestProvider, Webhooks};
use crate::problem::Problem;

/// What every route shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// What an embedder may bring instead of what the server has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Parts {
    /// What makes captchas.
    pub captcha: Arc<dyn Captcha>,
    /// Who takes the money.
    pub payments: Arc<dyn PaymentProvider>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            captcha: Arc::new(Pictures::default()),
            payments: Arc::new(TestProvider),
        }
    }
}

/// What the page has to know of its server.
#[derive(Clone, Debug)]
pub struct SiteTerms {
    /// Where it may load pictures from.
    pub picture_hosts: Vec<PictureHost>,
    /// How often it is told of a changed ranking.
    pub ranking_interval: Duration,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    accounts: Arc<dyn Accounts>,
    logins: Logins,
    sessions: Sessions,
    feed: Feed,
    site: SiteTerms,
    gate: Gate,
    payments: Arc<dyn PaymentProvider>,
    webhooks: Option<Webhooks>,
    metrics: Metrics,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl AppState {
    /// Shares `engine` and `accounts`, signs with `secret`, and does the rest as `config` says, with `parts`. What is counted
    /// goes to `metrics`, which `engine` may have as its observer.
    pub fn new(
        engine: Engine,
        accounts: Arc<dyn Accounts>,
        secret: &Secret,
        parts: Parts,
        config: &Config,
        metrics: Metrics,
    ) -> Self {
        let connections = TaskTracker::new();
        let admission: Arc<dyn Admission> = Arc::clone(engine.hot()) as _;
        let attempts = Attempts::new(
            Arc::clone(&admission),
            config.login_attempts,
            metrics.clone(),
        );
        let gate = Gate::new(&admission, secret, parts.captcha, metrics.clone(), config);
        Self(Arc::new(Shared {
            logins: Logins::new(Arc::clone(&accounts), attempts),
            sessions: Sessions::new(Arc::clone(&accounts), secret, config.token_ttl),
            feed: Feed::new(
                engine.clone(),
                config.ranking_interval,
                config.max_sockets as usize,
                connections.clone(),
            ),
            site: SiteTerms {
                picture_hosts: config.picture_hosts.clone(),
                ranking_interval: config.ranking_interval,
            },
            gate,
            payments: parts.payments,
            webhooks: config.webhook_secret.as_ref().map(Webhooks::new),
            engine,
            accounts,
            metrics,
            stop: CancellationToken::new(),
            connections,
        }))
    }

    /// The ticket of a request of `user` for `campaign`, to be used up in the same step; `None` when it asks for none.
    /// A request with a key may be a repetition: see [`AppState::refused`].
    ///
    /// # Errors
    /// 403 `TOKEN_REQUIRED`, `TOKEN_INVALID` or `TOKEN_EXPIRED`.
    pub fn ticket(
        &self,
        campaign: &Campaign,
        token: Option<&str>,
        user: BidderId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Ticket>, Problem> {
        let now = self.engine().now();
        self.gate().ticket(
            campaign.guards,
            token,
            user,
            campaign.id,
            key.is_some(),
            now,
        )
    }

    /// Why a bid or purchase with a ticket was refused: of one that is over it is told that it is, not that it was used.
    pub fn refused(&self, error: Error, ticket: Option<Ticket>) -> Problem {
        let is_over = ticket.is_some_and(|ticket| ticket.expires_at <= self.engine().now());
        match error {
            Error::Rejected(Rejection::TicketSpent) if is_over => TicketError::Expired.into(),
            error => error.into(),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What the page has to know.
    pub fn site(&self) -> &SiteTerms {
        &self.0.site
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

    /// Who may come in.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Who takes the money.
    pub fn payments(&self) -> &Arc<dyn PaymentProvider> {
        &self.0.payments
    }

    /// Checks the webhooks of whoever takes the money; `None` when no secret was agreed on.
    pub fn webhooks(&self) -> Option<&Webhooks> {
        self.0.webhooks.as_ref()
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
