use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::folder::Folder;
use crate::guard::{Farewell, Guarded};
use crate::port::Port;
use crate::program::find;
use crate::wait::{LIMIT, eventually, within};

/// A PostgreSQL server of the test's own, as durable as in production, gone when dropped.
///
/// It refuses to run as root, so then it runs as the user `postgres` (or `nobody`).
#[derive(Debug)]
pub struct Postgres {
    port: Port,
    server: Guarded,
    databases: AtomicU64,
}

/// The superuser of its databases, who needs no password.
pub(crate) const USER: &str = "flashbid";

impl Postgres {
    /// Starts a server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with further settings, such as `["max_connections=20"]`.
    pub fn start_with(settings: &[&str]) -> Self {
        // Twice only if something else than these tests took the port in between.
        for _ in 0..5 {
            let port = Port::free();
            let folder = Folder::unprivileged();
            let data = folder.path().join("data");
            let initdb = initdb(&folder, &data);
            let mut command = folder.command(&find("postgres"));
            command.extend(["-D".into(), data.into_os_string()]);
            command.extend(["-k".into(), folder.path().as_os_str().to_owned()]);
            command.extend(["-p".into(), port.number().to_string().into()]);
            for setting in SETTINGS.iter().chain(settings) {
                command.extend(["-c".into(), OsString::from(setting)]);
            }
            let server = Guarded::new("postgres", folder, Farewell::Quit, &command);
            // Only now, so that the guard removes what it made even if this process dies meanwhile.
            run(&initdb, server.folder());
            let postgres = Self {
                port,
                server,
                databases: AtomicU64::new(0),
            };
            if postgres.bring_up().is_ok() {
                return postgres;
            }
            if !postgres.server.log().contains("Address already in use") {
                postgres.give_up();
            }
        }
        panic!("postgres found no free port");
    }

    /// One for all tests of this process: give each its own [`Postgres::database`], and leave its
    /// life alone.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        self.database_like("template1")
    }

    /// The URL of a new database that is a copy of one of its others, which nobody may be
    /// connected to meanwhile: quicker than migrating each anew.
    pub fn database_like(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        self.url(&name)
    }

    /// The URL of a database by its name.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address())
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Runs statements in a database through `psql` and gives what they answered, unaligned: a line
    /// a row, `|` between columns.
    ///
    /// # Panics
    ///
    /// If one of them fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.psql(database, statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// The last lines that it wrote.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Ends the server and its backends with SIGKILL, as a power cut would.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again on the same port with its data, killing it first if it runs.
    pub fn restart(&self) {
        self.server.kill();
        // The shared memory of the old one may be in use for a moment longer, until its last backend is gone.
        eventually("postgres to start again", || self.bring_up().ok());
    }

    /// Stops the server and its backends where they are (SIGSTOP): connections stay, nothing is answered.
    pub fn freeze(&self) {
        self.server.freeze();
    }

    /// Lets it go on after [`Postgres::freeze`].
    pub fn thaw(&self) {
        self.server.thaw();
    }

    fn psql(&self, database: &str, statements: &str) -> std::process::Output {
        Command::new(find("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
            ])
            .args(["--dbname", &self.url(database), "--command", statements])
            .env("PGCONNECT_TIMEOUT", "5")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("psql: {error}"))
    }

    /// Starts the process; an error if it ends before it answers.
    fn bring_up(&self) -> Result<(), ()> {
        let pid = self.server.start().to_string();
        let status = self.server.folder().join("data/postmaster.pid");
        within(LIMIT, || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let lines: Vec<_> = text.lines().map(str::trim).collect();
            if lines.first() == Some(&pid.as_str()) && lines.last() == Some(&"ready") {
                return Some(Ok(()));
            }
            (!self.server.alive()).then_some(Err(()))
        })
        .unwrap_or(Err(()))
    }

    fn give_up(&self) -> ! {
        panic!("{self:?} did not start:\n{}", self.server.log())
    }
}

const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "fsync=on",
    "synchronous_commit=on",
    "max_connections=300",
    "shared_buffers=64MB",
    "max_wal_size=2GB",
    "jit=off",
    // A killed server leaves such memory behind: let it be in the folder that is removed.
    "dynamic_shared_memory_type=mmap",
];

fn initdb(folder: &Folder, data: &Path) -> Vec<OsString> {
    let mut command = folder.command(&find("initdb"));
    let options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"];
    command.extend(options.map(OsString::from));
    command.push(format!("--username={USER}").into());
    command.extend(["-D".into(), data.as_os_str().to_owned()]);
    command
}

fn run(command: &[OsString], folder: &Path) {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("initdb: {error}"));
    assert!(
        output.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
