use std::ffi::OsString;
use std::fmt::Write;

use super::{Redis, client};
use crate::folder::Folder;
use crate::guard::{Farewell, Guarded};
use crate::port::Port;
use crate::program::find;
use crate::wait::{eventually, within};

/// A primary with a replica, and three sentinels that watch them under the name `flashbid`.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: [Redis; 2],
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: Port,
    server: Guarded,
}

const NAME: &str = "flashbid";

impl RedisSentinel {
    /// Starts the five processes and returns when the replica follows and the sentinels know each other.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further options for the primary and the replica.
    pub fn start_with(options: &[&str]) -> Self {
        let quick: Vec<_> = ["--repl-diskless-sync-delay", "0"]
            .iter()
            .chain(options)
            .copied()
            .collect();
        let servers = [Redis::start_with(&quick), Redis::start_with(&quick)];
        let [primary, replica] = &servers;
        replica
            .call(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()])
            .unwrap_or_else(|error| panic!("REPLICAOF: {error}"));
        eventually("the replica to follow", || {
            let state = replica.call(&["INFO", "replication"]).ok()?.text();
            state.contains("master_link_status:up").then_some(())
        });
        let sentinels = (0..3).map(|_| Sentinel::start(primary.port())).collect();
        let system = Self { servers, sentinels };
        system.await_watched();
        system
    }

    /// `redis+sentinel://127.0.0.1:port,…/flashbid`.
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port.number()))
            .collect();
        format!("redis+sentinel://{}/{NAME}", addresses.join(","))
    }

    /// The two data servers, in no particular role.
    pub fn servers(&self) -> &[Redis; 2] {
        &self.servers
    }

    /// The one that the sentinels name as primary now.
    pub fn primary(&self) -> &Redis {
        eventually("the sentinels to name a primary", || {
            let port = self.sentinels.iter().find_map(Sentinel::primary_port)?;
            self.servers.iter().find(|server| server.port() == port)
        })
    }

    /// The one that the sentinels do not name as primary.
    pub fn replica(&self) -> &Redis {
        let primary = self.primary().port();
        self.servers
            .iter()
            .find(|server| server.port() != primary)
            .expect("there are two servers")
    }

    /// Kills the primary and gives it, to be restarted; the sentinels promote the replica after a
    /// second or two: [`RedisSentinel::await_primary_other_than`].
    pub fn kill_primary(&self) -> &Redis {
        let primary = self.primary();
        primary.kill();
        primary
    }

    /// Lets the sentinels swap the two, both alive, and waits until they did.
    pub fn fail_over(&self) -> &Redis {
        let old = self.primary();
        eventually("a failover to begin", || {
            let port = self.sentinels[0].port.number();
            client::call(port, &["SENTINEL", "FAILOVER", NAME]).ok()
        });
        self.await_primary_other_than(old)
    }

    /// Waits until every sentinel names another primary than this one, and it takes writes.
    pub fn await_primary_other_than(&self, old: &Redis) -> &Redis {
        eventually("another primary", || {
            let named: Vec<_> = self.sentinels.iter().map(Sentinel::primary_port).collect();
            let [Some(port), ..] = named[..] else {
                return None;
            };
            if port == old.port() || named.iter().any(|other| *other != Some(port)) {
                return None;
            }
            let new = self.servers.iter().find(|server| server.port() == port)?;
            let role = new.call(&["INFO", "replication"]).ok()?.text();
            role.contains("role:master").then_some(new)
        })
    }

    fn await_watched(&self) {
        for sentinel in &self.sentinels {
            eventually("the sentinels to know each other and the replica", || {
                let reply = client::call(sentinel.port.number(), &["SENTINEL", "MASTER", NAME])
                    .ok()?
                    .text();
                let fields: Vec<_> = reply.lines().collect();
                let field = |name| {
                    fields
                        .iter()
                        .position(|field| *field == name)
                        .map(|index| fields[index + 1])
                };
                (field("num-other-sentinels") == Some("2") && field("num-slaves") == Some("1"))
                    .then_some(())
            });
        }
    }
}

impl Sentinel {
    fn start(primary: u16) -> Self {
        let port = Port::free();
        let folder = Folder::new();
        let mut text = String::new();
        for line in [
            format!("port {}", port.number()),
            "bind 127.0.0.1".to_owned(),
            format!("sentinel monitor {NAME} 127.0.0.1 {primary} 2"),
            format!("sentinel down-after-milliseconds {NAME} 1500"),
            format!("sentinel failover-timeout {NAME} 5000"),
            format!("sentinel parallel-syncs {NAME} 1"),
        ] {
            writeln!(text, "{line}").expect("a String takes everything");
        }
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let command: Vec<OsString> = vec![find("redis-sentinel").into(), file.into()];
        let server = Guarded::new("redis-sentinel", folder, Farewell::Kill, &command);
        let sentinel = Self { port, server };
        sentinel.server.start();
        within(crate::wait::LIMIT, || sentinel.primary_port())
            .unwrap_or_else(|| panic!("redis-sentinel did not start:\n{}", sentinel.server.log()));
        sentinel
    }

    fn primary_port(&self) -> Option<u16> {
        let reply = client::call(
            self.port.number(),
            &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME],
        )
        .ok()?;
        reply.text().lines().nth(1)?.parse().ok()
    }
}
