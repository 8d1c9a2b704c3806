use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use flashbid_postgres::sqlx::postgres::PgConnectOptions;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
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

/// What is no text is refused without being repeated.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
                Err(E::custom("a text in quotes is wanted"))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
                Err(E::custom("a text in quotes is wanted"))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
                Err(E::custom("a text in quotes is wanted"))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
                Err(E::custom("a text in quotes is wanted"))
            }
        }

        deserializer.deserialize_str(Text)
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
    /// On Redis, shared by any number of servers.
    Redis(Box<flashbid_redis::Config>),
}

impl FromStr for HotUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if !is_scheme(text, &["redis", "rediss"]) {
            return Err("not a hot store; use memory or redis://HOST".to_owned());
        }
        match text.parse::<flashbid_redis::Config>() {
            Ok(config) => Ok(Self::Redis(Box::new(config))),
            // The reason may quote what is a part of the password, when a character in it is not encoded.
            Err(_) if text.contains('@') => Err(
                "not the URL of a Redis; in user and password, special characters are percent-encoded".to_owned(),
            ),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl fmt::Display for HotUrl {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Redis(config) => config.fmt(f),
        }
    }
}

/// What the URL of a database on PostgreSQL begins with.
const POSTGRES: &[&str] = &["postgres", "postgresql"];

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerUrl {
    /// In one SQLite file.
    Sqlite(PathBuf),
    /// On PostgreSQL, shared by any number of servers.
    Postgres(PostgresUrl),
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
        if is_scheme(text, POSTGRES) {
            return text.parse().map(Self::Postgres);
        }
        Err("not a ledger; use sqlite:PATH or postgres://HOST/DATABASE".to_owned())
    }
}

impl fmt::Display for LedgerUrl {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// The URL of a database on PostgreSQL. It is shown without user, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: Secret,
    shown: String,
}

impl PostgresUrl {
    /// The URL itself, with its password.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What the driver says of a malformed URL may quote a part of it.
        let wrong = || {
            "not the URL of a database; use postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned()
        };
        if !is_scheme(text, POSTGRES) {
            return Err(wrong());
        }
        let options: PgConnectOptions = text.parse().map_err(|_| wrong())?;
        let (host, port) = (options.get_host(), options.get_port());
        let database = options.get_database().ok_or_else(wrong)?;
        Ok(Self {
            url: Secret::new(text),
            shown: format!("postgres://{host}:{port}/{database}"),
        })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
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

/// Where pictures may be loaded from, as a content security policy names it: an origin, whose host may begin with `*.`.
/// Nothing else is taken, so that none can say more in the policy than where a picture may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PictureHost(String);

impl PictureHost {
    /// The origin as text, such as `https://*.cdn.example`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PictureHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not an origin of pictures; use one such as https://img.example.com or https://*.cdn.example (without a path)";
        let authority = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or(WRONG)?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let host = host.strip_prefix("*.").unwrap_or(host);
        let is_label = |label: &str| {
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let is_closed = !label.starts_with('-') && !label.ends_with('-');
            !label.is_empty() && is_closed && label.bytes().all(is_plain)
        };
        // A number alone would be read with a sign before it.
        let is_port = |port: &str| {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        };
        if host.split('.').all(is_label) && port.is_none_or(is_port) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WRONG)
        }
    }
}

impl TryFrom<String> for PictureHost {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

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

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("use text or json"),
        }
    }
}

/// Where an OpenTelemetry collector takes OTLP over plain HTTP: one beside the server, which goes on with TLS and
/// passwords if need be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtlpEndpoint(String);

impl OtlpEndpoint {
    /// Where it takes traces.
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

impl FromStr for OtlpEndpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a collector; use one such as http://localhost:4318";
        let text = text.trim_end_matches('/');
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let host = text.strip_prefix("http://").ok_or(WRONG)?;
        if host.is_empty() || !is_plain || host.contains(['@', '?', '#']) {
            return Err(WRONG);
        }
        Ok(Self(text.to_owned()))
    }
}
