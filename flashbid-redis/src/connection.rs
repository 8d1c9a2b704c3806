mod source;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, TlsMode, Value};
use tokio::sync::Mutex as AsyncMutex;

use crate::config::{Config, Servers};
use source::{Source, address, certificates};

/// How often one call may be sent on by nodes of a cluster.
const REDIRECTS: usize = 4;

/// A way to the servers that survives the loss of connections, and that never sends a call twice unless a server has
/// said that it did not take it.
#[derive(Debug)]
pub(crate) struct Link(
    Kind,
    /// The time of scripts, in the place of the server's.
    #[cfg(feature = "steered")]
    pub(crate) Option<std::sync::Arc<dyn flashbid_core::time::Clock>>,
);

#[derive(Debug)]
enum Kind {
    Pool(Box<Pool>),
    Cluster(Cluster),
}

/// A call without an answer, and whether it may have left.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: RedisError,
    pub(crate) sent: bool,
}

impl Link {
    /// Connects. Every later loss is repaired by the calls that notice it.
    pub(crate) async fn open(config: &Config) -> RedisResult<Self> {
        if config.tls {
            // The program may have chosen another already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        if config.servers == Servers::Cluster {
            return Cluster::open(config)
                .await
                .map(|it| Self::of(Kind::Cluster(it)));
        }
        let pool = Pool::new(config)?;
        pool.slots[0].connection(&pool.source).await?;
        Ok(Self::of(Kind::Pool(Box::new(pool))))
    }

    const fn of(kind: Kind) -> Self {
        Self(
            kind,
            #[cfg(feature = "steered")]
            None,
        )
    }

    /// Sends a command and waits for what the server says, which may be an error.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Refused> {
        self.send_within(command, None).await
    }

    /// As [`Link::send`], where the answer may take longer or less long than the configuration says. The nodes of a
    /// cluster are always given the time of the configuration.
    pub(crate) async fn send_within(
        &self,
        command: &Cmd,
        patience: Option<Duration>,
    ) -> Result<Value, Refused> {
        match &self.0 {
            Kind::Pool(pool) => pool.send(command, patience).await,
            Kind::Cluster(cluster) => cluster
                .send(command)
                .await
                .map_err(|error| Refused { error, sent: true }),
        }
    }
}

/// A few connections to one server, each shared by any number of calls.
#[derive(Debug)]
struct Pool {
    source: Source,
    slots: Vec<Slot>,
    next: AtomicUsize,
}

impl Pool {
    fn new(config: &Config) -> RedisResult<Self> {
        Ok(Self {
            source: Source::new(config)?,
            slots: (0..config.connections).map(|_| Slot::default()).collect(),
            next: AtomicUsize::new(0),
        })
    }

    async fn send(&self, command: &Cmd, patience: Option<Duration>) -> Result<Value, Refused> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[turn % self.slots.len()];
        let (birth, mut connection) = slot
            .connection(&self.source)
            .await
            .map_err(|error| Refused { error, sent: false })?;
        if let Some(patience) = patience {
            connection.set_response_timeout(patience);
        }
        match connection.send_packed_command(command).await {
            Ok(Value::ServerError(error)) => {
                // A primary that has become a replica: the next connection finds out who is the primary now.
                if error.kind() == Some(ServerErrorKind::ReadOnly) {
                    self.slots.iter().for_each(Slot::forget);
                }
                Ok(Value::ServerError(error))
            }
            Ok(value) => Ok(value),
            Err(error) => {
                slot.forget_if(birth);
                Err(Refused { error, sent: true })
            }
        }
    }
}

/// One connection of a pool, when it is there.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// Held by whoever is connecting, while others wait for the outcome.
    connecting: AsyncMutex<()>,
}

#[derive(Default)]
struct State {
    live: Option<MultiplexedConnection>,
    /// Counts attempts to connect; tells connections apart, and those who waited for an attempt from those who did not.
    attempts: u64,
    failure: Option<RedisError>,
}

impl Slot {
    async fn connection(&self, source: &Source) -> RedisResult<(u64, MultiplexedConnection)> {
        let before = {
            let state = self.lock();
            if let Some(live) = &state.live {
                return Ok((state.attempts, live.clone()));
            }
            state.attempts
        };
        let _turn = self.connecting.lock().await;
        {
            let state = self.lock();
            if let Some(live) = &state.live {
                return Ok((state.attempts, live.clone()));
            }
            if let (true, Some(failure)) = (state.attempts != before, &state.failure) {
                // Somebody else has tried meanwhile: a crowd fails together, not one timeout after another.
                return Err(failure.clone());
            }
        }
        let attempt = source.connect().await;
        let mut state = self.lock();
        state.attempts += 1;
        match attempt {
            Ok(live) => {
                state.failure = None;
                state.live = Some(live.clone());
                Ok((state.attempts, live))
            }
            Err(error) => {
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn forget_if(&self, birth: u64) {
        let mut state = self.lock();
        if state.attempts == birth {
            state.live = None;
        }
    }

    fn forget(&self) {
        self.lock().live = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connected = self.lock().live.is_some();
        f.debug_struct("Slot")
            .field("connected", &connected)
            .finish_non_exhaustive()
    }
}

/// The nodes of a cluster. The driver knows which node has a key; it must not send anything again by itself, because
/// it does so after lost answers as well.
struct Cluster {
    connections: Vec<ClusterConnection>,
    next: AtomicUsize,
}

impl Cluster {
    async fn open(config: &Config) -> RedisResult<Self> {
        let nodes = config.hosts.iter();
        let nodes = nodes.map(|(host, port)| address(config, host, *port));
        let mut builder = ClusterClientBuilder::new(nodes)
            .retries(0)
            .connection_timeout(config.connect_timeout)
            .response_timeout(config.response_timeout);
        if config.tls {
            builder = builder.tls(TlsMode::Secure);
        }
        if let Some(certificates) = certificates(config) {
            builder = builder.certs(certificates);
        }
        if let Some(user) = &config.user {
            builder = builder.username(user);
        }
        if let Some(password) = &config.password {
            builder = builder.password(password);
        }
        let client = builder.build()?;
        let mut connections = Vec::with_capacity(config.connections);
        for _ in 0..config.connections {
            connections.push(client.get_async_connection().await?);
        }
        Ok(Self {
            connections,
            next: AtomicUsize::new(0),
        })
    }

    /// Sends a command to the node of its keys. A node that says `MOVED` or `ASK` has not taken it, so it goes to the
    /// node that was named.
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let mut connection = self.connections[turn % self.connections.len()].clone();
        let mut answer = connection.req_packed_command(command).await;
        for _ in 0..REDIRECTS {
            let Some((ask, node)) = redirect(&answer) else {
                break;
            };
            answer = if ask {
                let mut asking = redis::pipe();
                asking.cmd("ASKING").add_command(command.clone());
                let answers = connection.route_pipeline(asking, 0, 2, node).await;
                answers.and_then(|answers| {
                    let missing = || RedisError::from((ErrorKind::Parse, "no answer after ASKING"));
                    answers.into_iter().nth(1).ok_or_else(missing)
                })
            } else {
                let node = RoutingInfo::SingleNode(node);
                connection.route_command(command.clone(), node).await
            };
        }
        answer
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

/// Where an answer sends the call instead, and whether it must ask there first.
fn redirect(answer: &RedisResult<Value>) -> Option<(bool, SingleNodeRoutingInfo)> {
    let error = match answer {
        Err(error) => error.clone(),
        Ok(Value::ServerError(error)) => RedisError::from(error.clone()),
        Ok(_) => return None,
    };
    let ask = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let node = SingleNodeRoutingInfo::ByAddress {
        host: host.to_owned(),
        port: port.parse().ok()?,
    };
    (!host.is_empty()).then_some((ask, node))
}
