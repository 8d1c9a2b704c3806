//! The `flashbid-server` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    flashbid_server::cli::run()
}
