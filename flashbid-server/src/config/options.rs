use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{
    Durability, LogFilter, LogFormat, Origin, OtlpEndpoint, Period, PictureHost, RateLimit, Secret,
    TrustedNetwork,
};
use crate::failure::Failure;

/// What one source says: the command line with the environment, or the file.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Options {
    /// Where to listen (default: 127.0.0.1:8000)
    #[arg(long, global = true, env = "FLASHBID_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Where the live books are: a [`HotUrl`](super::HotUrl).
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
    /// Where everything is kept: a [`LedgerUrl`](super::LedgerUrl).
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
    /// Origins that the page may load pictures of products from, separated by commas, whose hosts may begin with *.
    /// (default: only this server)
    #[arg(
        long,
        global = true,
        env = "FLASHBID_PICTURE_HOSTS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub picture_hosts: Option<Vec<PictureHost>>,
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
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
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

    pub(super) fn or(self, file: Self) -> Self {
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
            picture_hosts: self.picture_hosts.or(file.picture_hosts),
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
