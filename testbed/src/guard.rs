use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::folder::Folder;

/// A server under a guard: a shell that ends the server when this value is dropped, and also when
/// this process dies without dropping it.
pub(crate) struct Guarded {
    name: &'static str,
    folder: PathBuf,
    shell: Mutex<Shell>,
}

struct Shell {
    child: Child,
    // `None` only while it is dropped: closing it is the order to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// How a server is asked to end when nothing is tested any more.
#[derive(Clone, Copy)]
pub(crate) enum Farewell {
    /// It has nothing outside of its folder.
    Kill,
    /// It has shared memory to give back, which it does on SIGQUIT.
    Quit,
}

impl Guarded {
    /// Puts a guard on a folder and on the one program that will run for it; nothing is started yet.
    pub(crate) fn new(
        name: &'static str,
        folder: Folder,
        farewell: Farewell,
        command: &[OsString],
    ) -> Self {
        let folder = folder.keep();
        let mut child = Command::new("sh")
            .args(["-c", include_str!("guard.sh"), "guard"])
            .arg(&folder)
            .arg(match farewell {
                Farewell::Kill => "KILL",
                Farewell::Quit => "QUIT",
            })
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // An interrupt from the terminal ends the tests; the guard must outlive them to clean up.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start sh as the guard of {name}: {error}"));
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self {
            name,
            folder,
            shell: Mutex::new(Shell {
                child,
                orders,
                answers,
            }),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the program (anew: whatever ran is killed) and says its process id.
    pub(crate) fn start(&self) -> u32 {
        let answer = self.order("start");
        answer
            .parse()
            .unwrap_or_else(|_| panic!("the guard of {} answered {answer:?} to start", self.name))
    }

    pub(crate) fn alive(&self) -> bool {
        self.order("alive") == "yes"
    }

    /// SIGKILL to the server and its children; returns when it is gone.
    pub(crate) fn kill(&self) {
        self.order("kill");
    }

    /// SIGSTOP to the server and its children.
    pub(crate) fn freeze(&self) {
        self.order("freeze");
    }

    /// SIGCONT to the server and its children.
    pub(crate) fn thaw(&self) {
        self.order("thaw");
    }

    /// The last lines that the server wrote, for messages.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read(self.folder.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn order(&self, word: &str) -> String {
        // A test that panicked while holding the lock left the pipe in order: each order has its answer.
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = shell
            .orders
            .as_mut()
            .expect("orders are closed only by drop");
        let mut answer = String::new();
        writeln!(orders, "{word}")
            .and_then(|()| orders.flush())
            .and_then(|()| shell.answers.read_line(&mut answer))
            .unwrap_or_else(|error| panic!("the guard of {} is gone: {error}", self.name));
        answer.trim().to_owned()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(shell.orders.take());
        let _ = shell.child.wait();
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("name", &self.name)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
