//! What the server can be told: each option as a flag, a `FLASHBID_…` variable and a key of the TOML file.
//!
//! A flag counts more than a variable, a variable more than the file, and the file more than the default.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;

/// The shortest JWT secret that is taken: as long as the output of HMAC-SHA-256 (RFC 7518, section 3.2).
pub const SHORTEST_JWT_SECRET: usize = 32;

/// Everything the server was told, and the defaults for the rest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen, as `host:port`. Port 0 takes any free one.
    pub listen: String,
    /// Where the live books are.
    pub hot: HotUrl,
    /// Where everything is kept.
    pub ledger: LedgerUrl,
    /// What tokens are signed with; `None` for the secret in the ledger's store, made at the first start.
    pub jwt_secret: Option<Secret>,
    /// The first administrator's email.
    pub admin_email: String,
    /// The first administrator's password; `None` to make one and print it once.
    pub admin_password: Option<Secret>,
    /// What an accepted bid has survived.
    pub durability: Durability,
    /// How often a changed ranking is pushed.
    pub ranking_interval: Duration,
    /// How often due campaigns are looked for.
    pub settlement_interval: Duration,
    /// How long a token is good for.
    pub token_ttl: Duration,
    /// Origins of other sites whose pages may call the API.
    pub cors_origins: Vec<Origin>,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log: LogFilter,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            hot: HotUrl::Memory,
            ledger: LedgerUrl::Sqlite(PathBuf::from("flashbid.db")),
            jwt_secret: None,
            admin_email: "admin@flashbid.local".to_owned(),
            admin_password: None,
            durability: Durability::Ledger,
            ranking_interval: Duration::from_secs(2),
            settlement_interval: Duration::from_secs(2),
            token_ttl: Duration::from_hours(24),
            cors_origins: Vec::new(),
            log: LogFilter("info".to_owned()),
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
            hot: options.hot.unwrap_or(default.hot),
            ledger: options.ledger.unwrap_or(default.ledger),
            jwt_secret: options.jwt_secret,
            admin_email: options.admin_email.unwrap_or(default.admin_email),
            admin_password: options.admin_password,
            durability: options.durability.unwrap_or(default.durability),
            ranking_interval: period(options.ranking_interval, default.ranking_interval),
            settlement_interval: period(options.settlement_interval, default.settlement_interval),
            token_ttl: period(options.token_ttl, default.token_ttl),
            cors_origins: options.cors_origin.unwrap_or(default.cors_origins),
            log: options.log.unwrap_or(default.log),
        };
        if let Some(secret) = &config.jwt_secret
            && secret.expose().len() < SHORTEST_JWT_SECRET
        {
            return Err(Failure::usage(format!(
                "the JWT secret is too short: it needs at least {SHORTEST_JWT_SECRET} bytes"
            )));
        }
        Ok(config)
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
    /// Where to listen [default: 127.0.0.1:8000]
    #[arg(long, global = true, env = "FLASHBID_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Where the live books are: memory [default: memory]
    #[arg(long, global = true, env = "FLASHBID_HOT", value_name = "URL")]
    #[serde(deserialize_with = "from_text")]
    pub hot: Option<HotUrl>,
    /// Where everything is kept: sqlite:PATH [default: sqlite:flashbid.db]
    #[arg(long, global = true, env = "FLASHBID_LEDGER", value_name = "URL")]
    #[serde(deserialize_with = "from_text")]
    pub ledger: Option<LedgerUrl>,
    /// What tokens are signed with, at least 32 bytes [default: made at the first start and kept in the ledger]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_JWT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub jwt_secret: Option<Secret>,
    /// The email of the administrator that the first start makes [default: admin@flashbid.local]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_ADMIN_EMAIL",
        value_name = "EMAIL"
    )]
    pub admin_email: Option<String>,
    /// That administrator's password [default: a random one, printed once]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_ADMIN_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub admin_password: Option<Secret>,
    /// What an accepted bid has survived: ledger (it is on disk) or hot (it follows) [default: ledger]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_DURABILITY",
        value_name = "ledger|hot"
    )]
    #[serde(deserialize_with = "from_text")]
    pub durability: Option<Durability>,
    /// How often a changed ranking is pushed [default: 2s]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_RANKING_INTERVAL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub ranking_interval: Option<Period>,
    /// How often due campaigns are looked for [default: 2s]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_SETTLEMENT_INTERVAL",
        value_name = "TIME"
    )]
    #[serde(deserialize_with = "from_text")]
    pub settlement_interval: Option<Period>,
    /// How long a token is good for [default: 24h]
    #[arg(long, global = true, env = "FLASHBID_TOKEN_TTL", value_name = "TIME")]
    #[serde(deserialize_with = "from_text")]
    pub token_ttl: Option<Period>,
    /// Origins whose pages may call the API, separated by commas, or * [default: none]
    #[arg(
        long,
        global = true,
        env = "FLASHBID_CORS_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub cors_origin: Option<Vec<Origin>>,
    /// What is logged, such as warn, or warn,flashbid=debug [default: info]
    #[arg(long, global = true, env = "FLASHBID_LOG", value_name = "FILTER")]
    #[serde(deserialize_with = "from_text")]
    pub log: Option<LogFilter>,
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
            ledger: self.ledger.or(file.ledger),
            jwt_secret: self.jwt_secret.or(file.jwt_secret),
            admin_email: self.admin_email.or(file.admin_email),
            admin_password: self.admin_password.or(file.admin_password),
            durability: self.durability.or(file.durability),
            ranking_interval: self.ranking_interval.or(file.ranking_interval),
            settlement_interval: self.settlement_interval.or(file.settlement_interval),
            token_ttl: self.token_ttl.or(file.token_ttl),
            cors_origin: self.cors_origin.or(file.cors_origin),
            log: self.log.or(file.log),
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

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// Where the live books are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HotUrl {
    /// In this process.
    Memory,
}

impl FromStr for HotUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        Err(if is_scheme(text, &["redis", "rediss"]) {
            "this build has no Redis hot store; use memory".to_owned()
        } else {
            "not a hot store; use memory".to_owned()
        })
    }
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrl {
    /// In one SQLite file.
    Sqlite(PathBuf),
}

impl FromStr for LedgerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            // An empty or special name would give a database that is gone with the process.
            if path.is_empty() || path.starts_with(':') || path.contains(['?', '\0']) {
                return Err("sqlite: needs the path of a file".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        Err(if is_scheme(text, &["postgres", "postgresql"]) {
            "this build has no PostgreSQL ledger; use sqlite:PATH".to_owned()
        } else {
            "not a ledger; use sqlite:PATH".to_owned()
        })
    }
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// Whether `text` is a URL of one of `schemes`, or of one of its variants such as `redis+cluster`.
fn is_scheme(text: &str, schemes: &[&str]) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        let base = scheme.split('+').next().unwrap_or(scheme);
        schemes.contains(&base)
    })
}

/// What an accepted bid has survived when its bidder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is in the ledger.
    Ledger,
    /// It is in the hot store, and reaches the ledger a moment later.
    Hot,
}

impl FromStr for Durability {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ledger" => Ok(Self::Ledger),
            "hot" => Ok(Self::Hot),
            _ => Err("use ledger or hot"),
        }
    }
}

/// A length of time such as `500ms`, `2s`, `10m` or `24h`; more than nothing and at most a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

impl FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        let period: jiff::SignedDuration = text
            .parse()
            .map_err(|_| "not a length of time; use one such as 500ms, 2s, 10m or 24h")?;
        Duration::try_from(period)
            .ok()
            .filter(|period| (Duration::from_millis(1)..=YEAR).contains(period))
            .map(Self)
            .ok_or("a length of time must be from 1ms to 8760h")
    }
}

/// A site whose pages may call the API, or `*` for every site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(pub HeaderValue);

impl Origin {
    /// Whether it stands for every site.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "not an origin; use one such as https://shop.example (without a path) or *";
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let valid = text == "*"
            || host.is_some_and(|host| {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
                !host.is_empty() && host.bytes().all(is_plain)
            });
        if !valid {
            return Err(WRONG);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| WRONG)
    }
}

impl TryFrom<String> for Origin {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter's text, which `EnvFilter` understands.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match tracing_subscriber::EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("not a log filter: {error}")),
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
