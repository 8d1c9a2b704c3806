use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// Where the servers are and how they are talked to.
///
/// As a URL, with `rediss` in the place of `redis` for TLS:
///
/// | URL | Servers |
/// |---|---|
/// | `redis://user:password@host:6379/0` | one server, or whatever stands behind the name |
/// | `redis+sentinel://host:26379,host:26379/mymaster/0` | the primary that these sentinels name |
/// | `redis+cluster://host:6379,host:6379` | the cluster of which these are some nodes |
///
/// User and password may hold any character, percent-encoded. After a `?` come `connections`, `connect_timeout` and
/// `response_timeout` (whole milliseconds), `prefix`, `sentinel_user` and `sentinel_password`.
///
/// ```
/// use std::time::Duration;
/// use flashbid_redis::{Config, Servers};
///
/// let config: Config = "redis+sentinel://:secret@a:26379,b/mymaster/2?response_timeout=750".parse()?;
/// assert_eq!(config.hosts, [("a".to_owned(), 26379), ("b".to_owned(), 26379)]);
/// assert_eq!(config.servers, Servers::Sentinel { primary: "mymaster".to_owned() });
/// assert_eq!(config.database, 2);
/// assert_eq!(config.response_timeout, Duration::from_millis(750));
/// assert!(!format!("{config} {config:?}").contains("secret"));
/// # Ok::<(), flashbid_redis::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What `hosts` are.
    pub servers: Servers,
    /// Host names or addresses with their ports; at least one.
    pub hosts: Vec<(String, u16)>,
    /// Whether connections are encrypted, and the servers' certificates checked.
    pub tls: bool,
    /// Certificates, as PEM, of who may vouch for the servers, in place of the well-known authorities.
    pub certificates: Option<Vec<u8>>,
    /// The user of the servers' access list; the default user without.
    pub user: Option<String>,
    /// That user's password.
    pub password: Option<String>,
    /// The user at the sentinels, which have an access list of their own.
    pub sentinel_user: Option<String>,
    /// That user's password.
    pub sentinel_password: Option<String>,
    /// The number of the database; a cluster has only database 0.
    pub database: u16,
    /// Connections that calls are spread over (to each node of a cluster); at least one. A call does not wait for the
    /// one before it, so this is not a limit on calls under way.
    pub connections: usize,
    /// How long one connection may take to come about.
    pub connect_timeout: Duration,
    /// How long an answer may take, before nobody knows what became of the call.
    pub response_timeout: Duration,
    /// What every key begins with; nothing by default. It must not have braces.
    pub prefix: String,
}

/// What kind of servers a [`Config`] names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Servers {
    /// One server; of several hosts only the first is used.
    Standalone,
    /// Sentinels, which are asked who the primary is at each connection.
    Sentinel {
        /// The name they know the primary by.
        primary: String,
    },
    /// Some nodes of a cluster, which name the others.
    Cluster,
}

/// A URL or a [`Config`] that names no servers that could be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It begins otherwise.
    #[error(
        "the URL of a Redis begins with redis://, redis+sentinel:// or redis+cluster://, or with rediss for TLS"
    )]
    Scheme,
    /// A host or its port is missing or malformed.
    #[error("`{0}` is no host with a port")]
    Host(String),
    /// A Sentinel URL without the name of a primary.
    #[error("the URL of sentinels has the primary's name as its path, such as /mymaster")]
    NoPrimary,
    /// The path is no database number, or it is one of a cluster.
    #[error("`{0}` is no number of a database; a cluster has only database 0")]
    Database(String),
    /// A parameter that does not exist.
    #[error("there is no parameter `{0}`")]
    UnknownParameter(String),
    /// A parameter with a value that it cannot have.
    #[error("`{1}` is no value for `{0}`")]
    BadValue(&'static str, String),
    /// A percent sign that encodes nothing, or bytes that are no UTF-8.
    #[error("the user, the password or a value is not correctly percent-encoded")]
    Encoding,
}

impl Config {
    /// One server without a password, everything else as by default.
    pub fn standalone(host: impl Into<String>, port: u16) -> Self {
        Self {
            hosts: vec![(host.into(), port)],
            ..Self::of(Servers::Standalone)
        }
    }

    fn of(servers: Servers) -> Self {
        Self {
            servers,
            hosts: Vec::new(),
            tls: false,
            certificates: None,
            user: None,
            password: None,
            sentinel_user: None,
            sentinel_password: None,
            database: 0,
            connections: 2,
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(5),
            prefix: String::new(),
        }
    }

    /// Whether servers could be there: what the fields say fits together.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let sane = |good, name, value: &dyn fmt::Display| {
            if good {
                Ok(())
            } else {
                Err(ConfigError::BadValue(name, value.to_string()))
            }
        };
        if self.hosts.is_empty() {
            return Err(ConfigError::Host(String::new()));
        }
        if self.servers == Servers::Cluster && self.database != 0 {
            return Err(ConfigError::Database(self.database.to_string()));
        }
        sane(
            (1..=1024).contains(&self.connections),
            "connections",
            &self.connections,
        )?;
        for (name, timeout) in [
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
        ] {
            sane(!timeout.is_zero(), name, &timeout.as_millis())?;
        }
        sane(!self.prefix.contains(['{', '}']), "prefix", &self.prefix)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let value = decoded(value)?;
        match name {
            "connections" => self.connections = number("connections", &value)?,
            "connect_timeout" => self.connect_timeout = millis("connect_timeout", &value)?,
            "response_timeout" => self.response_timeout = millis("response_timeout", &value)?,
            "prefix" => self.prefix = value,
            "sentinel_user" if self.is_sentinel() => self.sentinel_user = Some(value),
            "sentinel_password" if self.is_sentinel() => self.sentinel_password = Some(value),
            _ => return Err(ConfigError::UnknownParameter(name.to_owned())),
        }
        Ok(())
    }

    const fn is_sentinel(&self) -> bool {
        matches!(self.servers, Servers::Sentinel { .. })
    }
}

impl FromStr for Config {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        let (scheme, rest) = url.split_once("://").ok_or(ConfigError::Scheme)?;
        let (tls, kind) = match scheme.split_once('+').unwrap_or((scheme, "")) {
            ("redis", kind) => (false, kind),
            ("rediss", kind) => (true, kind),
            _ => return Err(ConfigError::Scheme),
        };
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (servers, default_port, database) = match kind {
            "" => (Servers::Standalone, 6379, path),
            "cluster" => (Servers::Cluster, 6379, path),
            "sentinel" => {
                let (primary, database) = path.split_once('/').unwrap_or((path, ""));
                if primary.is_empty() {
                    return Err(ConfigError::NoPrimary);
                }
                let primary = decoded(primary)?;
                (Servers::Sentinel { primary }, 26379, database)
            }
            _ => return Err(ConfigError::Scheme),
        };
        let single = servers == Servers::Standalone;
        let hosts: Vec<_> = hosts
            .split(',')
            .map(|one| host(one, default_port))
            .collect::<Result<_, _>>()?;
        if single && hosts.len() > 1 {
            return Err(ConfigError::Host(authority_without_login(authority)));
        }
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let some = |text: &str| (!text.is_empty()).then(|| decoded(text)).transpose();
        let mut config = Self {
            hosts,
            tls,
            user: some(user)?,
            password: some(password)?,
            database: match database {
                "" => 0,
                number => number
                    .parse()
                    .map_err(|_| ConfigError::Database(number.to_owned()))?,
            },
            ..Self::of(servers)
        };
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            config.set(name, value)?;
        }
        config.check()?;
        Ok(config)
    }
}

fn authority_without_login(authority: &str) -> String {
    let (_, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    hosts.to_owned()
}

fn host(text: &str, default_port: u16) -> Result<(String, u16), ConfigError> {
    let wrong = || ConfigError::Host(text.to_owned());
    let (name, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(wrong)?;
        (
            address,
            port.strip_prefix(':').or((port.is_empty()).then_some("")),
        )
    } else {
        match text.split_once(':') {
            Some((name, port)) => (name, Some(port).filter(|port| !port.is_empty())),
            None => (text, Some("")),
        }
    };
    let port = match port.ok_or_else(wrong)? {
        "" => default_port,
        port => port.parse().map_err(|_| wrong())?,
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(wrong());
    }
    Ok((name.to_owned(), port))
}

fn decoded(text: &str) -> Result<String, ConfigError> {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let stray = |part: &str| {
        let code = part.as_bytes();
        code.len() < 2 || !code[..2].iter().all(u8::is_ascii_hexdigit)
    };
    if text.split('%').skip(1).any(stray) {
        return Err(ConfigError::Encoding);
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::Encoding)
}

fn number<T: FromStr>(name: &'static str, value: &str) -> Result<T, ConfigError> {
    value
        .parse()
        .map_err(|_| ConfigError::BadValue(name, value.to_owned()))
}

fn millis(name: &'static str, value: &str) -> Result<Duration, ConfigError> {
    number(name, value).map(Duration::from_millis)
}

impl fmt::Display for Config {
    /// The servers, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls { "rediss" } else { "redis" })?;
        f.write_str(match self.servers {
            Servers::Standalone => "://",
            Servers::Sentinel { .. } => "+sentinel://",
            Servers::Cluster => "+cluster://",
        })?;
        for (n, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            if host.contains(':') {
                write!(f, "{comma}[{host}]:{port}")?;
            } else {
                write!(f, "{comma}{host}:{port}")?;
            }
        }
        match &self.servers {
            Servers::Standalone => write!(f, "/{}", self.database),
            Servers::Sentinel { primary } => write!(f, "/{primary}/{}", self.database),
            Servers::Cluster => Ok(()),
        }
    }
}

impl fmt::Debug for Config {
    /// Every field, but of the passwords only whether they are there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Config")
            .field("servers", &self.servers)
            .field("hosts", &self.hosts)
            .field("tls", &self.tls)
            .field("certificates", &self.certificates.as_ref().map(Vec::len))
            .field("user", &self.user)
            .field("password", &hidden(&self.password))
            .field("sentinel_user", &self.sentinel_user)
            .field("sentinel_password", &hidden(&self.sentinel_password))
            .field("database", &self.database)
            .field("connections", &self.connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("prefix", &self.prefix)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Config {
        url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn urls_name_servers() {
        let config = parsed("rediss://al%40ice:p%3A%2Fw@[::1]:7000/3?connections=4&prefix=a");
        assert_eq!(config.hosts, [("::1".to_owned(), 7000)]);
        assert!(config.tls);
        assert_eq!(config.user.as_deref(), Some("al@ice"));
        assert_eq!(config.password.as_deref(), Some("p:/w"));
        assert_eq!(
            (config.database, config.connections, &*config.prefix),
            (3, 4, "a")
        );
        assert_eq!(config.to_string(), "rediss://[::1]:7000/3");

        let config = parsed("redis+cluster://a:1,b:2");
        assert_eq!(config.servers, Servers::Cluster);
        assert_eq!(config.to_string(), "redis+cluster://a:1,b:2");

        let config = parsed("rediss+sentinel://a,b:9/main?sentinel_password=x");
        assert_eq!(config.sentinel_password.as_deref(), Some("x"));
        assert_eq!(config.to_string(), "rediss+sentinel://a:26379,b:9/main/0");
        assert_eq!(
            parsed("redis://localhost"),
            Config::standalone("localhost", 6379)
        );
    }

    #[test]
    fn hostile_urls_are_refused() {
        for url in [
            "",
            "redis",
            "http://a",
            "redis+other://a",
            "redis://",
            "redis://a:b",
            "redis://a:",
            "redis://a:99999",
            "redis://[::1",
            "redis://[::1]x",
            "redis://a,b",
            "redis://a/x",
            "redis://a/-1",
            "redis+cluster://a/1",
            "redis+cluster://a,,b",
            "redis+sentinel://a",
            "redis+sentinel://a/m/x",
            "redis://a?nonsense=1",
            "redis://a?connections=0",
            "redis://a?connections=x",
            "redis://a?response_timeout=0",
            "redis://a?prefix=%7Bx",
            "redis://a?sentinel_user=x",
            "redis://%zz@a",
            "redis://x:%ff@a",
        ] {
            assert!(url.parse::<Config>().is_err(), "{url}");
        }
    }

    #[test]
    fn an_error_does_not_tell_the_password() {
        let error = "redis://me:secret@a,b".parse::<Config>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
