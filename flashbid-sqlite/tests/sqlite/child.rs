//! A second process: this test binary again, which runs one test and finds that it is the child there.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Tells the child that it is one, and which file to work on.
const VARIABLE: &str = "FLASHBID_TEST_CHILD";

/// What the child's own lines begin with, among those of the test harness.
const MARK: &str = "child: ";

/// The file to work on, in the child.
pub(crate) fn file() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).map(PathBuf::from)
}

/// Tells the parent something, from the child, and answers whether anybody is there to hear it.
pub(crate) fn tell(message: impl std::fmt::Display) -> bool {
    let mut out = std::io::stdout().lock();
    let told = writeln!(out, "\n{MARK}{message}").and_then(|()| out.flush());
    told.is_ok()
}

/// Waits until the parent closes its end, from the child.
pub(crate) fn wait_for_parent() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// A child and what it tells. It is killed when this is dropped.
pub(crate) struct Spawned {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Spawned {
    /// Starts the child that runs `test`, named by its path in this binary.
    pub(crate) fn start(test: &str, file: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(VARIABLE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the child as the operating system does: no destructor runs.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What the child tells, until it ends.
impl Iterator for Spawned {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
