//! What the server can be told: each option as a flag, a `FLASHBID_…` variable and a key of the TOML file.
//!
//! A flag counts more than a variable, a variable more than the file, and the file more than the default.

mod gate;
mod values;

pub use gate::{RateLimit, RateLimits, TrustedNetwork};
pub use values::{
    Durability, HotUrl, LedgerUrl, LogFilter, LogFormat, Origin, OtlpEndpoint, Period, PostgresUrl,
    Secret,
};

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

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

/// What one source says: the command line with the environment, or the file.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Options {
    /// Where to listen (default: 127.0.0.1:8000)
    #[arg(long, global = true, env = "FLASHBID_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Where the live books are: a [`HotUrl`].
    #[arg(
        help = "Where the live books are: memory, redis://HOST, redis+sentinel://HOST,HOST/NAME or \
                redis+cluster://HOST,HOST; rediss for TLS (default: memory)",
        long,
        global = true,
        env = "FLASHBID_HOT",
        value_name = "URL",
        hide_env_values = true
    )]
    pub hot: Option<Secret>,
    /// Connections to Redis, to each node of a cluster (default: 2, or what the URL says)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_HOT_CONNECTIONS",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..=1024)
    )]
    #[serde(deserialize_with = "count")]
    pub hot_connections: Option<u16>,
    /// Where everything is kept: a [`LedgerUrl`].
    #[arg(
        help = "Where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE \
                (default: sqlite:flashbid.db)",
        long,
        global = true,
        env = "FLASHBID_LEDGER",
        value_name = "URL",
        hide_env_values = true
    )]
    pub ledger: Option<Secret>,
    /// The most connections to PostgreSQL (default: 16)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LEDGER_CONNECTIONS",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    #[serde(deserialize_with = "count")]
    pub ledger_connections: Option<u32>,
    /// Where to migrate when the ledger's URL leads through PgBouncer: the same database, directly
    #[arg(
        long,
        global = true,
        env = "FLASHBID_MIGRATE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub migrate_url: Option<Secret>,
    /// How long to wait at the start for stores that are away (default: 1m)
    #[arg(long, global = true, env = "FLASHBID_WAIT", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    pub wait: Option<Period>,
    /// What tokens are signed with, at least 32 bytes (default: made at the first start and kept in the ledger)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_JWT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub jwt_secret: Option<Secret>,
    /// The email of the administrator that the first start makes (default: admin@flashbid.local)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_ADMIN_EMAIL",
        value_name = "EMAIL"
    )]
    pub admin_email: Option<String>,
    /// That administrator's password (default: a random one, printed once)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_ADMIN_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub admin_password: Option<Secret>,
    /// What an accepted bid has survived: ledger (it is on disk) or hot (it follows) (default: ledger)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_DURABILITY",
        value_name = "ledger|hot"
    )]
    #[serde(deserialize_with = "from_text")]
    pub durability: Option<Durability>,
    /// How often a changed ranking is pushed (default: 2s)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_RANKING_INTERVAL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub ranking_interval: Option<Period>,
    /// How many clients may watch the live feed at a time (default: 10000)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_MAX_SOCKETS",
        value_name = "COUNT"
    )]
    pub max_sockets: Option<u32>,
    /// How often due campaigns are looked for (default: 2s)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_SETTLEMENT_INTERVAL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub settlement_interval: Option<Period>,
    /// How often the counters of running first-come campaigns are compared with the ledger (default: 1m)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_RECONCILE_INTERVAL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub reconcile_interval: Option<Period>,
    /// Whether counters that do not agree with the ledger are repaired, or only recorded (default: false)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_RECONCILE_FIX",
        value_name = "true|false"
    )]
    pub reconcile_fix: Option<bool>,
    /// How long a node that settles a campaign may be silent before another takes over (default: 30s)
    #[arg(long, global = true, env = "FLASHBID_LEASE", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    pub lease: Option<Period>,
    /// How long a token is good for (default: 24h)
    #[arg(long, global = true, env = "FLASHBID_TOKEN_TTL", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    pub token_ttl: Option<Period>,
    /// How many logins may be tried with one email in any minute, over all nodes (default: 20)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LOGIN_ATTEMPTS",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    #[serde(deserialize_with = "count")]
    pub login_attempts: Option<u32>,
    /// How many requests of one user are taken within how many seconds, or off (default: 100/1)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LIMIT_USER",
        value_name = "COUNT/SECONDS|off"
    )]
    #[serde(deserialize_with = "from_text")]
    pub limit_user: Option<RateLimit>,
    /// How many requests of one address, or off (default: 10000/1)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LIMIT_IP",
        value_name = "COUNT/SECONDS|off"
    )]
    #[serde(deserialize_with = "from_text")]
    pub limit_ip: Option<RateLimit>,
    /// How many purchases of one user, beside the limit of all requests, or off (default: 1/1)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LIMIT_PURCHASE_USER",
        value_name = "COUNT/SECONDS|off"
    )]
    #[serde(deserialize_with = "from_text")]
    pub limit_purchase_user: Option<RateLimit>,
    /// How many purchases of one address, or off (default: 10/60)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LIMIT_PURCHASE_IP",
        value_name = "COUNT/SECONDS|off"
    )]
    #[serde(deserialize_with = "from_text")]
    pub limit_purchase_ip: Option<RateLimit>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks such as 10.0.0.0/8, separated by commas
    /// (default: none)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_TRUSTED_PROXIES",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<TrustedNetwork>>,
    /// How many requests there may be at once; one more is answered 503 (default: 4096)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_MAX_REQUESTS",
        value_name = "COUNT"
    )]
    pub max_requests: Option<NonZeroU32>,
    /// How long a request token is good for (default: 2m)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_REQUEST_TOKEN_TTL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub request_token_ttl: Option<Period>,
    /// What the payment provider signs webhooks with, at least 16 bytes (default: no webhooks)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_WEBHOOK_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub webhook_secret: Option<Secret>,
    /// Origins whose pages may call the API, separated by commas, or * (default: none)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_CORS_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub cors_origin: Option<Vec<Origin>>,
    /// What is logged, such as warn, or warn,flashbid=debug (default: info)
    #[arg(long, global = true, env = "FLASHBID_LOG", value_name = "FILTER")]
    #[serde(deserialize_with = "from_text")]
    pub log: Option<LogFilter>,
    /// How a line of the log is written: text, or json for programs (default: text)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_LOG_FORMAT",
        value_name = "text|json"
    )]
    #[serde(deserialize_with = "from_text")]
    pub log_format: Option<LogFormat>,
    /// The OpenTelemetry collector that takes traces: an [`OtlpEndpoint`].
    #[arg(
        help = "The OpenTelemetry collector that takes traces by OTLP over HTTP, such as http://localhost:4318 \
                (default: none)",
        long,
        global = true,
        env = "FLASHBID_OTLP_ENDPOINT",
        value_name = "URL"
    )]
    #[serde(deserialize_with = "from_text")]
    pub otlp_endpoint: Option<OtlpEndpoint>,
}

impl Options {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read the configuration file {}: {error}",
                path.display()
            ))
        })?;
        toml::from_str(&text).map_err(|error| {
            // The error's own display quotes the line, which may hold a secret.
            let before = error.span().map_or("", |span| &text[..span.start]);
            let line = before.matches('\n').count() + 1;
            let reason = error.message().lines().next().unwrap_or("not valid TOML");
            Failure::usage(format!("{}, line {line}: {reason}", path.display()))
        })
    }

    fn or(self, file: Self) -> Self {
        Self {
            listen: self.listen.or(file.listen),
            hot: self.hot.or(file.hot),
            hot_connections: self.hot_connections.or(file.hot_connections),
            ledger: self.ledger.or(file.ledger),
            ledger_connections: self.ledger_connections.or(file.ledger_connections),
            migrate_url: self.migrate_url.or(file.migrate_url),
            wait: self.wait.or(file.wait),
            jwt_secret: self.jwt_secret.or(file.jwt_secret),
            admin_email: self.admin_email.or(file.admin_email),
            admin_password: self.admin_password.or(file.admin_password),
            durability: self.durability.or(file.durability),
            ranking_interval: self.ranking_interval.or(file.ranking_interval),
            max_sockets: self.max_sockets.or(file.max_sockets),
            settlement_interval: self.settlement_interval.or(file.settlement_interval),
            reconcile_interval: self.reconcile_interval.or(file.reconcile_interval),
            reconcile_fix: self.reconcile_fix.or(file.reconcile_fix),
            lease: self.lease.or(file.lease),
            token_ttl: self.token_ttl.or(file.token_ttl),
            login_attempts: self.login_attempts.or(file.login_attempts),
            limit_user: self.limit_user.or(file.limit_user),
            limit_ip: self.limit_ip.or(file.limit_ip),
            limit_purchase_user: self.limit_purchase_user.or(file.limit_purchase_user),
            limit_purchase_ip: self.limit_purchase_ip.or(file.limit_purchase_ip),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies),
            max_requests: self.max_requests.or(file.max_requests),
            request_token_ttl: self.request_token_ttl.or(file.request_token_ttl),
            webhook_secret: self.webhook_secret.or(file.webhook_secret),
            cors_origin: self.cors_origin.or(file.cors_origin),
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
            otlp_endpoint: self.otlp_endpoint.or(file.otlp_endpoint),
        }
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// A number from 1 to 1024.
fn count<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<u16>,
{
    let number = u16::deserialize(deserializer)?;
    if (1..=1024).contains(&number) {
        Ok(Some(number.into()))
    } else {
        Err(serde::de::Error::custom("a number from 1 to 1024"))
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
