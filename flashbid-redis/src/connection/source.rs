//! How single servers are reached: at an address, or by asking sentinels.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, RedisResult, TlsCertificates, TlsMode,
};
use tokio::sync::Mutex as AsyncMutex;

use crate::config::{Config, Servers};

/// Where new connections come from.
pub(super) struct Source {
    servers: Directory,
    settings: AsyncConnectionConfig,
    patience: Duration,
}

enum Directory {
    Fixed(Client),
    /// Remembers its connections to the sentinels.
    Sentinel(AsyncMutex<SentinelClient>),
}

impl Source {
    pub(super) fn new(config: &Config) -> RedisResult<Self> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout));
        let servers = match &config.servers {
            Servers::Sentinel { primary } => {
                Directory::Sentinel(AsyncMutex::new(sentinels(config, primary)?))
            }
            _ => Directory::Fixed(client(config)?),
        };
        Ok(Self {
            servers,
            settings,
            patience: config.connect_timeout,
        })
    }

    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let attempt = async {
            let client = match &self.servers {
                Directory::Fixed(client) => client.clone(),
                Directory::Sentinel(sentinels) => sentinels.lock().await.async_get_client().await?,
            };
            client
                .get_multiplexed_async_connection_with_config(&self.settings)
                .await
        };
        tokio::time::timeout(self.patience, attempt)
            .await
            .unwrap_or_else(|_| {
                let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
                Err(RedisError::from(late))
            })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

pub(super) fn address(config: &Config, host: &str, port: u16) -> ConnectionAddr {
    if config.tls {
        ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host.to_owned(), port)
    }
}

pub(super) fn certificates(config: &Config) -> Option<TlsCertificates> {
    let pem = config.certificates.as_ref().filter(|_| config.tls)?;
    Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.clone()),
    })
}

fn login(config: &Config) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default().set_db(config.database.into());
    if let Some(user) = &config.user {
        login = login.set_username(user);
    }
    if let Some(password) = &config.password {
        login = login.set_password(password);
    }
    login
}

fn client(config: &Config) -> RedisResult<Client> {
    let (host, port) = &config.hosts[0];
    let server = address(config, host, *port)
        .into_connection_info()?
        .set_redis_settings(login(config));
    match certificates(config) {
        Some(certificates) => Client::build_with_tls(server, certificates),
        None => Client::open(server),
    }
}

fn sentinels(config: &Config, primary: &str) -> RedisResult<SentinelClient> {
    let hosts = config.hosts.iter();
    let hosts = hosts.map(|(host, port)| address(config, host, *port));
    let mut builder = SentinelClientBuilder::new(hosts, primary, SentinelServerType::Master)?
        .set_client_to_redis_db(config.database.into());
    if config.tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    if let Some(certificates) = certificates(config) {
        builder = builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    if let Some(user) = &config.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &config.password {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(user) = &config.sentinel_user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = &config.sentinel_password {
        builder = builder.set_client_to_sentinel_password(password);
    }
    builder.build()
}
