use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::folder::Folder;
use crate::guard::{Farewell, Guarded};
use crate::port::Port;
use crate::program::find;
use crate::wait::{LIMIT, within};

/// A Prometheus of the test's own, gone when dropped.
#[derive(Debug)]
pub struct Prometheus {
    port: Port,
    server: Guarded,
}

impl Prometheus {
    /// Starts one with a configuration and the files beside it, by their names.
    pub fn start(configuration: &str, files: &[(&str, &str)]) -> Self {
        // Twice only if something else than these tests took the port in between.
        for _ in 0..5 {
            let (port, folder) = (Port::free(), Folder::new());
            for (name, text) in [("prometheus.yml", configuration)].iter().chain(files) {
                let file = folder.path().join(name);
                std::fs::write(&file, text)
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            }
            let option = |name: &str, file: &str| {
                let mut option = OsString::from(format!("--{name}="));
                option.push(folder.path().join(file));
                option
            };
            let command = [
                find("prometheus").into_os_string(),
                option("config.file", "prometheus.yml"),
                option("storage.tsdb.path", "data"),
                format!("--web.listen-address=127.0.0.1:{}", port.number()).into(),
            ];
            let server = Guarded::new("prometheus", folder, Farewell::Kill, &command);
            let prometheus = Self { port, server };
            if prometheus.bring_up().is_ok() {
                return prometheus;
            }
            if !prometheus.log().contains("address already in use") {
                prometheus.give_up();
            }
        }
        panic!("prometheus found no free port");
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The last lines that it wrote.
    pub fn log(&self) -> String {
        self.server.log()
    }

    fn bring_up(&self) -> Result<(), ()> {
        self.server.start();
        within(LIMIT, || match self.ready() {
            Some(true) if self.server.alive() => Some(Ok(())),
            _ => (!self.server.alive()).then_some(Err(())),
        })
        .unwrap_or(Err(()))
    }

    fn ready(&self) -> Option<bool> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port.number())).ok()?;
        connection
            .set_read_timeout(Some(Duration::from_secs(5)))
            .ok()?;
        connection
            .write_all(b"GET /-/ready HTTP/1.0\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        Some(answer.split(' ').nth(1) == Some("200"))
    }

    fn give_up(&self) -> ! {
        panic!("{self:?} did not start:\n{}", self.log())
    }
}

/// Runs `promtool` in a folder, and answers what it wrote.
///
/// # Errors
///
/// What it wrote when it was not satisfied.
pub fn promtool(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(find("promtool"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot run promtool: {error}"));
    let written = [output.stdout, output.stderr].concat();
    let written = String::from_utf8_lossy(&written).into_owned();
    if output.status.success() {
        Ok(written)
    } else {
        Err(written)
    }
}
