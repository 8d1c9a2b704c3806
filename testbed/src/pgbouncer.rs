use std::fmt::Write;
use std::net::TcpStream;

use crate::Postgres;
use crate::folder::Folder;
use crate::guard::{Farewell, Guarded};
use crate::port::Port;
use crate::postgres::USER;
use crate::program::find;
use crate::wait::{LIMIT, within};

/// When PgBouncer takes a server connection back from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// After each transaction: the next one may run on another connection.
    Transaction,
}

/// A PgBouncer of the test's own before a [`Postgres`], gone when dropped.
#[derive(Debug)]
pub struct PgBouncer {
    port: Port,
    server: Guarded,
}

impl PgBouncer {
    /// Starts one before all databases of a server, with at most 20 connections to each.
    pub fn start(postgres: &Postgres, mode: PoolMode) -> Self {
        Self::start_with(postgres, mode, &[])
    }

    /// The same with further settings, such as `["default_pool_size=4"]`.
    pub fn start_with(postgres: &Postgres, mode: PoolMode, settings: &[&str]) -> Self {
        Self::before(postgres.port(), mode, settings)
    }

    /// Starts one before whatever listens on a port of this machine, such as a [`crate::Proxy`].
    pub fn before(postgres: u16, mode: PoolMode, settings: &[&str]) -> Self {
        // Twice only if something else than these tests took the port in between.
        for _ in 0..5 {
            let port = Port::free();
            let folder = Folder::unprivileged();
            let file = folder.path().join("pgbouncer.ini");
            let text = configuration(port.number(), postgres, mode, settings);
            std::fs::write(&file, text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut command = folder.command(&find("pgbouncer"));
            command.push(file.into_os_string());
            let server = Guarded::new("pgbouncer", folder, Farewell::Kill, &command);
            let bouncer = Self { port, server };
            if bouncer.bring_up().is_ok() {
                return bouncer;
            }
            if !bouncer.server.log().contains("Address already in use") {
                bouncer.give_up();
            }
        }
        panic!("pgbouncer found no free port");
    }

    /// The URL, through it, of a database by its name or by its URL on the server.
    pub fn url(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap_or(database);
        format!("postgres://{USER}@{}/{name}", self.address())
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The last lines that it wrote.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Ends it with SIGKILL.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again on the same port, killing it first if it runs.
    pub fn restart(&self) {
        self.server.kill();
        self.bring_up().unwrap_or_else(|()| self.give_up());
    }

    /// Stops its process where it is (SIGSTOP).
    pub fn freeze(&self) {
        self.server.freeze();
    }

    /// Lets it go on after [`PgBouncer::freeze`].
    pub fn thaw(&self) {
        self.server.thaw();
    }

    /// Starts the process; an error if it ends before it listens.
    fn bring_up(&self) -> Result<(), ()> {
        self.server.start();
        within(LIMIT, || {
            if TcpStream::connect(self.address()).is_ok() && self.server.alive() {
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

fn configuration(port: u16, postgres: u16, mode: PoolMode, settings: &[&str]) -> String {
    let mode = match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
    };
    let mut text = format!(
        "[databases]\n\
         * = host=127.0.0.1 port={postgres} user={USER}\n\
         [pgbouncer]\n\
         listen_addr=127.0.0.1\n\
         listen_port={port}\n\
         unix_socket_dir=\n\
         auth_type=any\n\
         pool_mode={mode}\n\
         max_client_conn=1000\n\
         default_pool_size=20\n\
         ignore_startup_parameters=extra_float_digits\n\
         server_login_retry=1\n"
    );
    for setting in settings {
        writeln!(text, "{setting}").expect("a String takes everything");
    }
    text
}
