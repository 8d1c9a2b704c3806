//! What the program can do, one file a command.

pub(crate) mod demo;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod rebuild;
pub(crate) mod reconcile;
pub mod replay;
pub(crate) mod seed;
pub(crate) mod serve;
pub(crate) mod sync;
pub(crate) mod verify;

use std::fmt::Display;
use std::io::Write;

/// Prints a line. That nobody reads it is no reason to end: a server may outlive the pipe it was started with.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
