use std::ffi::OsString;
use std::io;
use std::sync::OnceLock;

pub use client::Reply;
pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;
pub use tls::Certificates;

use crate::folder::Folder;
use crate::guard::{Farewell, Guarded};
use crate::port::Port;
use crate::program::find;
use crate::wait::{LIMIT, within};

mod client;
mod cluster;
mod sentinel;
mod tls;

/// A Redis or Valkey server of the test's own, gone when dropped.
///
/// It appends every write to a file, so that what it answered survives its [`Redis::kill`].
#[derive(Debug)]
pub struct Redis {
    port: Port,
    server: Guarded,
    certificates: Option<(Port, Certificates)>,
}

impl Redis {
    /// A `redis-server`.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A `redis-server` with further options, such as `["--maxmemory", "2mb"]`.
    pub fn start_with(options: &[&str]) -> Self {
        Self::run("redis-server", options)
    }

    /// A `valkey-server`.
    pub fn valkey() -> Self {
        Self::valkey_with(&[])
    }

    /// A `valkey-server` with further options.
    pub fn valkey_with(options: &[&str]) -> Self {
        Self::run("valkey-server", options)
    }

    /// A `redis-server` that also listens for TLS, with a certificate for `localhost` and 127.0.0.1
    /// of a certificate authority made for it.
    pub fn tls() -> Self {
        let certificates = Certificates::new();
        let port = Port::free();
        let number = port.number().to_string();
        let mut redis = Self::start_with(&[
            "--tls-port",
            &number,
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            certificates.certificate(),
            "--tls-key-file",
            certificates.key(),
            "--tls-ca-cert-file",
            certificates.authority(),
        ]);
        redis.certificates = Some((port, certificates));
        redis
    }

    /// One for all tests of this process; give each its own key prefix, and leave its life alone.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// `rediss://localhost:port` of one started by [`Redis::tls`].
    pub fn tls_url(&self) -> String {
        let (port, _) = self.certificates.as_ref().expect("started by `Redis::tls`");
        format!("rediss://localhost:{}", port.number())
    }

    /// The certificates of one started by [`Redis::tls`].
    pub fn certificates(&self) -> &Certificates {
        let (_, certificates) = self.certificates.as_ref().expect("started by `Redis::tls`");
        certificates
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The last lines that it wrote.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Ends it with SIGKILL; what it wrote stays in its folder.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again on the same port with the data it had, killing it first if it runs.
    pub fn restart(&self) {
        self.server.kill();
        self.bring_up().unwrap_or_else(|()| self.give_up());
    }

    /// Starts it again on the same port with no data at all.
    pub fn restart_empty(&self) {
        self.server.kill();
        for name in ["appendonlydir", "dump.rdb"] {
            let path = self.server.folder().join(name);
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    panic!("cannot remove {}: {error}", path.display())
                }
                _ => (),
            }
        }
        self.bring_up().unwrap_or_else(|()| self.give_up());
    }

    /// Stops its process where it is (SIGSTOP): connections stay, nothing is answered.
    pub fn freeze(&self) {
        self.server.freeze();
    }

    /// Lets it go on after [`Redis::freeze`].
    pub fn thaw(&self) {
        self.server.thaw();
    }

    /// Sends one command over a connection of its own.
    ///
    /// # Errors
    ///
    /// What Redis answers as an error, or why there was no answer within a few seconds.
    pub fn call(&self, command: &[&str]) -> io::Result<Reply> {
        client::call(self.port(), command)
    }

    fn run(program: &'static str, options: &[&str]) -> Self {
        let binary = find(program);
        // Twice only if something else than these tests took the port in between.
        for _ in 0..5 {
            let port = Port::free();
            let folder = Folder::new();
            let mut command: Vec<OsString> = vec![binary.clone().into_os_string()];
            command.extend(["--dir".into(), folder.path().as_os_str().to_owned()]);
            command.extend(["--port".into(), port.number().to_string().into()]);
            command.extend(OPTIONS.iter().chain(options).map(OsString::from));
            let server = Guarded::new(program, folder, Farewell::Kill, &command);
            let redis = Self {
                port,
                server,
                certificates: None,
            };
            if redis.bring_up().is_ok() {
                return redis;
            }
            if !redis.server.log().contains("Address already in use") {
                redis.give_up();
            }
        }
        panic!("{program} found no free port");
    }

    /// Starts the process; an error if it ends before it answers.
    fn bring_up(&self) -> Result<(), ()> {
        let pid = format!("process_id:{}\r\n", self.server.start());
        within(LIMIT, || match self.call(&["INFO", "server"]) {
            // Another process on the same port would have another id.
            Ok(info) if info.text().contains(&pid) && self.loaded() => Some(Ok(())),
            _ if self.server.alive() => None,
            _ => Some(Err(())),
        })
        .unwrap_or(Err(()))
    }

    /// INFO is answered while data is still being loaded; PING is not.
    fn loaded(&self) -> bool {
        self.call(&["PING"]).is_ok()
    }

    fn give_up(&self) -> ! {
        panic!("{self:?} did not start:\n{}", self.server.log())
    }
}

const OPTIONS: &[&str] = &[
    "--bind",
    "127.0.0.1",
    "--daemonize",
    "no",
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--enable-debug-command",
    "local",
];
