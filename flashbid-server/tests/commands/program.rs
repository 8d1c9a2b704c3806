use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A program of a test's own: an empty directory, nothing in the environment, any free port, and no limits: tests ask as
/// often as they can.
pub(crate) fn program(directory: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flashbid-server"));
    command
        .current_dir(directory.path())
        .env_clear()
        .env("FLASHBID_LISTEN", "127.0.0.1:0")
        .env("FLASHBID_LIMIT_USER", "off")
        .env("FLASHBID_LIMIT_IP", "off")
        .env("FLASHBID_LIMIT_PURCHASE_USER", "off")
        .env("FLASHBID_LIMIT_PURCHASE_IP", "off")
        .args(arguments);
    command
}

/// Runs the program to its end.
pub(crate) fn run(directory: &TempDir, arguments: &[&str]) -> Output {
    program(directory, arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Checks that the program refused what it was given, in one line and with exit code 2.
#[track_caller]
pub(crate) fn refused(output: &Output, reason: &str) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("flashbid-server: "), "{said}");
    assert!(said.contains(reason), "{said} does not say {reason}");
    said
}

/// A running server, killed when the test ends.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// What it printed when it started.
    pub(crate) said: String,
}

impl Running {
    /// Starts a server and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let (_, rest) = first.split_once("http://").unwrap();
        let address = rest.split(' ').next().unwrap().parse().unwrap();
        let mut said = first;
        for line in lines.by_ref() {
            let line = line.unwrap();
            let last = line.starts_with("Administrator");
            said = said + "\n" + &line;
            if last {
                break;
            }
        }
        Self {
            child,
            address,
            said,
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to stop, and answers everything it logged.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
