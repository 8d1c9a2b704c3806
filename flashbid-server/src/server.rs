//! One running server: its listener, its worker, and how they stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use flashbid_core::time::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app;
use crate::config::Config;
use crate::failure::Failure;
use crate::first_start::{self, Administrator};
use crate::metrics::Metrics;
use crate::state::{AppState, Parts};
use crate::stores::Stores;

/// Compares the counters of running campaigns with the ledger again and again, until the server stops.
fn reconcile(state: &AppState, config: &Config) -> impl Future<Output = ()> + Send + use<> {
    let (engine, stop) = (state.engine().clone(), state.stop().clone());
    let (interval, fix) = (config.reconcile_interval, config.reconcile_fix);
    async move {
        while stop
            .run_until_cancelled(tokio::time::sleep(interval))
            .await
            .is_some()
        {
            if let Err(error) = engine.reconcile_running(fix).await {
                tracing::warn!(%error, "cannot look for campaigns to reconcile; trying again");
            }
        }
    }
}

/// How long requests under way, open connections and the worker may take to finish when the server stops.
const GRACE: Duration = Duration::from_secs(30);

/// A running server. Dropping it leaves it running; [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    administrator: Administrator,
    made_secret: bool,
    state: AppState,
    listening: JoinHandle<std::io::Result<()>>,
    worker: JoinHandle<()>,
}

impl Server {
    /// Starts a server on the machine's clock.
    ///
    /// # Errors
    /// A store or an address that cannot be used.
    pub async fn start(config: &Config) -> Result<Self, Failure> {
        Self::start_with(config, Arc::new(SystemClock)).await
    }

    /// Starts a server on a clock of one's own.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Self::start_from(config, clock, Parts::default()).await
    }

    /// Starts a server on a clock and parts of one's own.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_from(
        config: &Config,
        clock: Arc<dyn Clock>,
        parts: Parts,
    ) -> Result<Self, Failure> {
        // In a box: the drivers' futures are deep, and whoever starts a server would have to lay them all out.
        let stores = Box::pin(Stores::open(config, Arc::clone(&clock))).await?;
        let metrics = Metrics::default();
        let engine = stores
            .engine_builder(config, clock)
            .observer(Arc::new(metrics.clone()))
            .build();
        // Before an administrator is made: the password of one is only shown when the start succeeds.
        let (listener, address) = listen(&config.listen).await?;
        let secret = first_start::jwt_secret(config, &*stores.accounts).await?;
        let accounts = stores.accounts;
        let state = AppState::new(engine, accounts, &secret.secret, parts, config, metrics);
        let administrator = first_start::administrator(
            config,
            &**state.accounts(),
            state.logins().hasher(),
            state.engine().now(),
        )
        .await?;
        let service = app::router(state.clone(), &config.cors_origins)
            .into_make_service_with_connect_info::<SocketAddr>();
        let stop = state.stop().clone().cancelled_owned();
        let listening = tokio::spawn(async move {
            // A bid is one small packet each way; waiting to fill a larger one only delays it.
            let listener = listener.tap_io(|connection| {
                if let Err(error) = connection.set_nodelay(true) {
                    tracing::debug!(%error, "cannot send small packets at once");
                }
            });
            axum::serve(listener, service)
                .with_graceful_shutdown(stop)
                .await
        });
        let (engine, stop) = (state.engine().clone(), state.stop().clone());
        let (interval, reconciling) = (config.settlement_interval, reconcile(&state, config));
        let worker = tokio::spawn(async move {
            tokio::join!(engine.run(interval, stop.cancelled_owned()), reconciling);
        });
        Ok(Self {
            address,
            administrator,
            made_secret: secret.made,
            state,
            listening,
            worker,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who may make products and campaigns.
    pub const fn administrator(&self) -> &Administrator {
        &self.administrator
    }

    /// Whether this start made the secret of the tokens.
    pub const fn made_secret(&self) -> bool {
        self.made_secret
    }

    /// What its routes share.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Stops taking requests, finishes those under way, lets the worker finish its step, and gives the stores back.
    pub async fn stop(self) {
        let connections = self.state.connections().clone();
        connections.close();
        self.state.stop().cancel();
        let finished = timeout(GRACE, async {
            if let Ok(Err(error)) = self.listening.await {
                tracing::warn!(%error, "the listener failed");
            }
            connections.wait().await;
            if let Err(error) = self.worker.await {
                tracing::error!(%error, "the worker failed");
            }
        })
        .await;
        if finished.is_err() {
            tracing::warn!("some connections did not finish in time; their requests are lost");
        }
    }
}

async fn listen(on: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let unusable = |error| Failure::usage(format!("cannot listen on {on}: {error}"));
    let listener = TcpListener::bind(on).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    Ok((listener, address))
}
