use tokio::signal::unix::{Signal, SignalKind, signal};

use super::say;
use crate::config::Config;
use crate::failure::Failure;
use crate::server::Server;

/// Serves until it is told to stop. A second signal ends it at once.
pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    // Listened for before anything is open: a signal during the start, which may wait for stores, ends it as well.
    let mut signals = Signals::listen()?;
    let server = tokio::select! {
        server = Server::start(config) => server?,
        code = signals.first() => std::process::exit(code),
    };
    say(format_args!(
        "FlashBid {} listens on http://{} (documentation at /docs)",
        env!("CARGO_PKG_VERSION"),
        server.address()
    ));
    say(format_args!(
        "Ledger: {}; hot store: {}",
        config.ledger, config.hot
    ));
    if server.made_secret() {
        say(format_args!(
            "Tokens are signed with a new secret, which is kept beside the ledger."
        ));
    }
    say(format_args!("Administrator: {}", server.administrator()));
    tracing::warn!(
        "no payment provider: whoever asks to pay an order has paid it, and nothing is charged"
    );
    let code = signals.first().await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = server.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        _ = signals.first() => std::process::exit(code),
    }
}

/// The signals that ask a server to stop.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// A system that has no such signals.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen_for = |kind| {
            signal(kind)
                .map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))
        };
        Ok(Self {
            terminate: listen_for(SignalKind::terminate())?,
            interrupt: listen_for(SignalKind::interrupt())?,
        })
    }

    /// Waits for either signal, and answers the exit code of a process that dies of it.
    pub(super) async fn first(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 128 + 15,
            _ = self.interrupt.recv() => 128 + 2,
        }
    }
}
