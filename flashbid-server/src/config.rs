//! What the server can be told: each option as a flag, a `FLASHBID_…` variable and a key of the TOML file.
//!
//! A flag counts more than a variable, a variable more than the file, and the file more than the default.

mod gate;
mod options;
mod values;

pub use gate::{RateLimit, RateLimits, TrustedNetwork};
pub use options::Options;
pub use values::{
    Durability, HotUrl, LedgerUrl, LogFilter, LogFormat, Origin, OtlpEndpoint, Period, PictureHost,
    PostgresUrl, Secret,
};

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::accounts::{Email, Password};
use crate::failure::Failure;

/// The shortest JWT secret that is taken: as long as the output of HMAC-SHA-256 (RFC 7518, section 3.2).
pub const SHORTEST_JWT_SECRET: usize = 32;

/// The shortest secret of webhooks that is taken.
pub const SHORTEST_WEBHOOK_SECRET: usize = 16;

/// Everything the server was told, and the defaults for the rest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen, as `host:port`. Port 0 takes any free one.
    pub listen: String,
    /// Where the live books are.
    pub hot: HotUrl,
    /// Connections to a Redis (to each node of a cluster) that calls are spread over; `None` for what the URL says.
    pub hot_connections: Option<u16>,
    /// Where everything is kept.
    pub ledger: LedgerUrl,
    /// The most connections to a PostgreSQL at a time.
    pub ledger_connections: u32,
    /// Where to migrate, when the ledger's URL leads through PgBouncer: the same database, directly.
    pub migrate_url: Option<PostgresUrl>,
    /// How long to wait at the start for stores that are away.
    pub wait: Duration,
    /// What tokens are signed with; `None` for the secret in the ledger's store, made at the first start.
    pub jwt_secret: Option<Secret>,
    /// The first administrator's email.
    pub admin_email: Email,
    /// The first administrator's password; `None` to make one and print it once.
    pub admin_password: Option<Password>,
    /// What an accepted bid has survived.
    pub durability: Durability,
    /// How often a changed ranking is pushed.
    pub ranking_interval: Duration,
    /// How many clients may watch the live feed at a time; one more is answered 503.
    pub max_sockets: u32,
    /// How often due campaigns are looked for.
    pub settlement_interval: Duration,
    /// How often the counters of running first-come campaigns are compared with the ledger.
    pub reconcile_interval: Duration,
    /// Whether what does not agree is repaired, or only recorded.
    pub reconcile_fix: bool,
    /// How long a node that settles a campaign may be silent before another one takes over.
    pub lease: Duration,
    /// How long a token is good for.
    pub token_ttl: Duration,
    /// How many logins may be tried with one email in any minute.
    pub login_attempts: u32,
    /// How often each user and each address may ask.
    pub limits: RateLimits,
    /// Peers that are believed when they say for whom they ask, in `X-Forwarded-For`.
    pub trusted_proxies: Vec<TrustedNetwork>,
    /// How many requests there may be at once; one more is answered 503.
    pub max_requests: NonZeroU32,
    /// How long a request token is good for.
    pub request_token_ttl: Duration,
    /// What the webhooks of the payment provider are signed with; without it none is taken.
    pub webhook_secret: Option<Secret>,
    /// Origins of other sites whose pages may call the API.
    pub cors_origins: Vec<Origin>,
    /// Where the page may load pictures of products from, beside this server.
    pub picture_hosts: Vec<PictureHost>,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log: LogFilter,
    /// How a line of the log is written.
    pub log_format: LogFormat,
    /// The OpenTelemetry collector that traces are exported to; `None` for none.
    pub otlp_endpoint: Option<OtlpEndpoint>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            hot: HotUrl::Memory,
            hot_connections: None,
            ledger: LedgerUrl::Sqlite(PathBuf::from("flashbid.db")),
            ledger_connections: 16,
            migrate_url: None,
            wait: Duration::from_mins(1),
            jwt_secret: None,
            admin_email: "admin@flashbid.local".parse().expect("an email address"),
            admin_password: None,
            durability: Durability::Ledger,
            ranking_interval: Duration::from_secs(2),
            max_sockets: 10_000,
            settlement_interval: Duration::from_secs(2),
            reconcile_interval: Duration::from_mins(1),
            reconcile_fix: false,
            lease: Duration::from_secs(30),
            token_ttl: Duration::from_hours(24),
            login_attempts: 20,
            limits: RateLimits::default(),
            trusted_proxies: Vec::new(),
            max_requests: NonZeroU32::new(4_096).expect("not zero"),
            request_token_ttl: Duration::from_mins(2),
            webhook_secret: None,
            cors_origins: Vec::new(),
            picture_hosts: Vec::new(),
            log: LogFilter::default(),
            log_format: LogFormat::default(),
            otlp_endpoint: None,
        }
    }
}

impl Config {
    /// Joins what the command line and the environment say with the file at `file` and the defaults.
    ///
    /// # Errors
    /// A file that cannot be read or understood, and a JWT secret that is too short.
    pub fn load(options: Options, file: Option<&Path>) -> Result<Self, Failure> {
        let options = match file {
            Some(path) => options.or(Options::read(path)?),
            None => options,
        };
        let default = Self::default();
        let config = Self {
            listen: options.listen.unwrap_or(default.listen),
            hot: match options.hot {
                Some(url) => wrong("the URL of the hot store", url.expose().parse())?,
                None => default.hot,
            },
            ledger: match options.ledger {
                Some(url) => wrong("the URL of the ledger", url.expose().parse())?,
                None => default.ledger,
            },
            hot_connections: options.hot_connections,
            ledger_connections: options
                .ledger_connections
                .unwrap_or(default.ledger_connections),
            migrate_url: match options.migrate_url {
                Some(url) => Some(wrong("the URL for migrations", url.expose().parse())?),
                None => None,
            },
            wait: period(options.wait, default.wait),
            jwt_secret: options.jwt_secret,
            admin_email: match options.admin_email {
                Some(email) => wrong("the administrator's email", email.parse())?,
                None => default.admin_email,
            },
            admin_password: match options.admin_password {
                Some(password) => {
                    let password = Password::new(password);
                    Some(wrong("the administrator's password", password)?)
                }
                None => None,
            },
            durability: options.durability.unwrap_or(default.durability),
            ranking_interval: period(options.ranking_interval, default.ranking_interval),
            max_sockets: options.max_sockets.unwrap_or(default.max_sockets),
            settlement_interval: period(options.settlement_interval, default.settlement_interval),
            reconcile_interval: period(options.reconcile_interval, default.reconcile_interval),
            reconcile_fix: options.reconcile_fix.unwrap_or(default.reconcile_fix),
            lease: period(options.lease, default.lease),
            token_ttl: period(options.token_ttl, default.token_ttl),
            login_attempts: options.login_attempts.unwrap_or(default.login_attempts),
            limits: RateLimits {
                user: options.limit_user.unwrap_or(default.limits.user),
                address: options.limit_ip.unwrap_or(default.limits.address),
                purchase_user: options
                    .limit_purchase_user
                    .unwrap_or(default.limits.purchase_user),
                purchase_address: options
                    .limit_purchase_ip
                    .unwrap_or(default.limits.purchase_address),
            },
            trusted_proxies: options.trusted_proxies.unwrap_or(default.trusted_proxies),
            max_requests: options.max_requests.unwrap_or(default.max_requests),
            request_token_ttl: period(options.request_token_ttl, default.request_token_ttl),
            webhook_secret: options.webhook_secret,
            cors_origins: options.cors_origin.unwrap_or(default.cors_origins),
            picture_hosts: options.picture_hosts.unwrap_or(default.picture_hosts),
            log: options.log.unwrap_or(default.log),
            log_format: options.log_format.unwrap_or(default.log_format),
            otlp_endpoint: options.otlp_endpoint,
        };
        long_enough("JWT", config.jwt_secret.as_ref(), SHORTEST_JWT_SECRET)?;
        let webhook = config.webhook_secret.as_ref();
        long_enough("webhook", webhook, SHORTEST_WEBHOOK_SECRET)?;
        Ok(config)
    }
}

/// Says what is wrong with a value without the value, which may hold a secret.
fn wrong<T, E: fmt::Display>(what: &str, read: Result<T, E>) -> Result<T, Failure> {
    read.map_err(|error| Failure::usage(format!("{what}: {error}")))
}

fn long_enough(what: &str, secret: Option<&Secret>, shortest: usize) -> Result<(), Failure> {
    match secret {
        Some(secret) if secret.expose().len() < shortest => Err(Failure::usage(format!(
            "the {what} secret is too short: it needs at least {shortest} bytes"
        ))),
        _ => Ok(()),
    }
}

fn period(given: Option<Period>, default: Duration) -> Duration {
    given.map_or(default, |Period(period)| period)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
