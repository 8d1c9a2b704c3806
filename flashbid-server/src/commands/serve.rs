use tokio::signal::unix::{Signal, SignalKind, signal};

use super::say;
use crate::config::Config;
use crate::failure::Failure;
use crate::server::Server;

/// Serves until it is told to stop. A second signal ends it at once.
pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    // Listened for before anything is open: a signal during the start stops it as well.
    let (mut terminate, mut interrupt) = (
        listen_for(SignalKind::terminate())?,
        listen_for(SignalKind::interrupt())?,
    );
    let server = Server::start(config).await?;
    say(format_args!(
        "FlashBid {} listens on http://{} (documentation at /docs)",
        env!("CARGO_PKG_VERSION"),
        server.address()
    ));
    say(format_args!("Ledger: {}", config.ledger));
    if server.made_secret() {
        say(format_args!(
            "Tokens are signed with a new secret, which is kept in the ledger's file."
        ));
    }
    say(format_args!("Administrator: {}", server.administrator()));
    let code = first_of(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = server.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        _ = first_of(&mut terminate, &mut interrupt) => std::process::exit(code),
    }
}

fn listen_for(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))
}

/// Waits for either signal, and answers the exit code of a process that dies of it.
async fn first_of(terminate: &mut Signal, interrupt: &mut Signal) -> i32 {
    tokio::select! {
        _ = terminate.recv() => 128 + 15,
        _ = interrupt.recv() => 128 + 2,
    }
}
