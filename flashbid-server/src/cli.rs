//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::commands::{
    demo, migrate, openapi, rebuild, reconcile, replay, seed, serve, sync, verify,
};
use crate::config::{Config, Options};
use crate::failure::Failure;
use crate::telemetry::Telemetry;

/// Timed sales where the best bids win: REST, WebSocket and workers in one program.
#[derive(Debug, Parser)]
#[command(name = "flashbid-server", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    /// A TOML file with the same options, their names written with underscores
    #[arg(long, global = true, env = "FLASHBID_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API and settles what is due; the default
    Serve,
    /// Holds sales with simulated people, shows them live, and proves their outcome
    Demo(demo::Arguments),
    /// Makes an administrator, users, a product and a running campaign, and prints their ids as JSON
    Seed(seed::Arguments),
    /// Runs bids from a CSV file through the engine, in memory, and prints the winners
    Replay(replay::Arguments),
    /// Proves a campaign from the ledger: exit code 1 and the reasons when something is wrong
    Verify(verify::Arguments),
    /// Builds the live book of a campaign anew from the ledger, while servers run
    Rebuild(rebuild::Arguments),
    /// Compares counters, holds, orders and stock: exit code 1 when they do not agree; repairs the counters by --fix
    Reconcile(reconcile::Arguments),
    /// Brings the counters of first-come campaigns in the hot store in line with the ledger
    Sync(sync::Arguments),
    /// Brings the ledger's tables up to date
    Migrate,
    /// Prints the OpenAPI document, of which clients can make their types
    Openapi,
}

/// Does what the command line says, and answers the exit code: 0, 1 when the answer is no, 2 when something that was
/// given is wrong.
pub fn run() -> ExitCode {
    let outcome = parse().and_then(|cli| match cli {
        Some(cli) => cli.run(),
        None => Ok(()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("flashbid-server: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// `None` when all that was asked for is help or the version.
fn parse() -> Result<Option<Cli>, Failure> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // A closed pipe is no failure of the command.
        let _ = error.print();
        return Ok(None);
    }
    // Behind the first paragraph come hints that repeat the help.
    let text = error.to_string();
    let reason = text.split("\n\n").next().unwrap_or(&text);
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    Err(Failure::usage(reason))
}

impl Cli {
    fn run(self) -> Result<(), Failure> {
        let mut config = Config::load(self.options, self.config.as_deref())?;
        if let Some(Command::Demo(_)) = self.command {
            demo::adapt(&mut config);
        }
        let _telemetry = Telemetry::start(&config)?;
        let runtime = tokio::runtime::Runtime::new()
            .map_err(|error| Failure::usage(format!("cannot start: {error}")))?;
        runtime.block_on(async {
            match self.command.unwrap_or(Command::Serve) {
                Command::Serve => serve::run(&config).await,
                Command::Demo(arguments) => demo::run(&config, &arguments).await,
                Command::Seed(arguments) => seed::run(&config, &arguments).await,
                Command::Replay(arguments) => replay::run(&arguments).await,
                Command::Verify(arguments) => verify::run(&config, &arguments).await,
                Command::Rebuild(arguments) => rebuild::run(&config, &arguments).await,
                Command::Reconcile(arguments) => reconcile::run(&config, &arguments).await,
                Command::Sync(arguments) => sync::run(&config, &arguments).await,
                Command::Migrate => migrate::run(&config).await,
                Command::Openapi => openapi::run(),
            }
        })
    }
}
