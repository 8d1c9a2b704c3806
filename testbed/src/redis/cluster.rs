use super::Redis;
use crate::port::Port;
use crate::wait::eventually;

/// Six processes of Redis as one cluster: three primaries with a replica each.
#[derive(Debug)]
pub struct RedisCluster {
    /// Primaries first; a failover changes who is what.
    nodes: Vec<Redis>,
    buses: Vec<Port>,
}

const PRIMARIES: usize = 3;
const NODES: usize = 6;
const LAST_SLOT: usize = 16_383;

impl RedisCluster {
    /// Starts the processes and returns when the cluster serves every slot and each replica follows.
    pub fn start() -> Self {
        let buses: Vec<_> = (0..NODES).map(|_| Port::free()).collect();
        let nodes: Vec<_> = std::thread::scope(|threads| {
            let started: Vec<_> = buses
                .iter()
                .map(|bus| threads.spawn(|| start_node(bus)))
                .collect();
            started
                .into_iter()
                .map(|node| node.join().expect("a node starts"))
                .collect()
        });
        let cluster = Self { nodes, buses };
        cluster.form();
        cluster
    }

    /// `redis+cluster://127.0.0.1:port,…` of all nodes.
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(Redis::address).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The node that serves a key now (as the running nodes see it).
    pub fn primary_of(&self, key: &str) -> &Redis {
        eventually(format!("a primary for {key}"), || {
            let slot: usize = self.ask(&["CLUSTER", "KEYSLOT", key])?.parse().ok()?;
            let table = self.ask(&["CLUSTER", "NODES"])?;
            let port = table
                .lines()
                .filter_map(Member::parse)
                .find(|member| member.serves(slot))?
                .port;
            self.nodes.iter().find(|node| node.port() == port)
        })
    }

    /// Kills the primary that serves a key and gives it, to be restarted. Its replica takes over
    /// within seconds: [`RedisCluster::await_primary_other_than`].
    pub fn kill_primary_of(&self, key: &str) -> &Redis {
        let primary = self.primary_of(key);
        primary.kill();
        primary
    }

    /// Waits until another node than this one serves a key.
    pub fn await_primary_other_than(&self, node: &Redis, key: &str) -> &Redis {
        eventually(format!("another primary for {key}"), || {
            Some(self.primary_of(key)).filter(|primary| primary.port() != node.port())
        })
    }

    /// Waits until every running node says that all slots are served.
    pub fn await_whole(&self) {
        for node in &self.nodes {
            eventually("the cluster to be whole", || {
                match node.call(&["CLUSTER", "INFO"]) {
                    Ok(info) if info.text().contains("cluster_state:ok") => Some(()),
                    Ok(_) => None,
                    // A dead node has no opinion.
                    Err(_) => Some(()),
                }
            });
        }
    }

    fn form(&self) {
        let (primaries, replicas) = self.nodes.split_at(PRIMARIES);
        for (index, node) in self.nodes.iter().enumerate() {
            demand(
                node,
                &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()],
            );
        }
        for (index, node) in primaries.iter().enumerate() {
            let first = (LAST_SLOT + 1) * index / PRIMARIES;
            let last = (LAST_SLOT + 1) * (index + 1) / PRIMARIES - 1;
            demand(
                node,
                &[
                    "CLUSTER",
                    "ADDSLOTSRANGE",
                    &first.to_string(),
                    &last.to_string(),
                ],
            );
        }
        for (node, bus) in self.nodes.iter().zip(&self.buses).skip(1) {
            let (port, bus) = (node.port().to_string(), bus.number().to_string());
            demand(
                &self.nodes[0],
                &["CLUSTER", "MEET", "127.0.0.1", &port, &bus],
            );
        }
        for node in &self.nodes {
            eventually("the nodes to know each other", || {
                let table = node.call(&["CLUSTER", "NODES"]).ok()?.text();
                let known = table
                    .lines()
                    .filter(|line| !line.contains("handshake"))
                    .count();
                (known == NODES).then_some(())
            });
        }
        for (replica, primary) in replicas.iter().zip(primaries) {
            let id = demand(primary, &["CLUSTER", "MYID"]);
            eventually("a replica to follow", || {
                replica.call(&["CLUSTER", "REPLICATE", &id]).ok()
            });
        }
        for replica in replicas {
            eventually("a replica to be in step", || {
                let state = replica.call(&["INFO", "replication"]).ok()?.text();
                state.contains("master_link_status:up").then_some(())
            });
        }
        self.await_whole();
        // Every node must know every replica as one, or a client's first look is at a half-made cluster.
        for node in &self.nodes {
            eventually("the replicas to be known", || {
                let table = node.call(&["CLUSTER", "NODES"]).ok()?.text();
                let count = table.lines().filter(|line| line.contains("slave")).count();
                (count == NODES - PRIMARIES).then_some(())
            });
        }
    }

    /// The answer of any node that is there and has quorum.
    fn ask(&self, command: &[&str]) -> Option<String> {
        self.nodes
            .iter()
            .find_map(|node| Some(node.call(command).ok()?.text()))
    }
}

/// A line of CLUSTER NODES, if it is of a primary that is there.
struct Member {
    port: u16,
    slots: Vec<(usize, usize)>,
}

impl Member {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (address, flags) = (words.get(1)?, words.get(2)?);
        if !flags.contains("master") || flags.contains("fail") {
            return None;
        }
        let port = address
            .split('@')
            .next()?
            .rsplit(':')
            .next()?
            .parse()
            .ok()?;
        let slots = words.iter().skip(8).filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some((first.parse().ok()?, last.parse().ok()?))
        });
        Some(Self {
            port,
            slots: slots.collect(),
        })
    }

    fn serves(&self, slot: usize) -> bool {
        self.slots
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&slot))
    }
}

fn start_node(bus: &Port) -> Redis {
    let bus = bus.number().to_string();
    Redis::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus,
        "--cluster-node-timeout",
        "3000",
        "--cluster-replica-validity-factor",
        "0",
        "--repl-diskless-sync-delay",
        "0",
    ])
}

fn demand(node: &Redis, command: &[&str]) -> String {
    match node.call(command) {
        Ok(reply) => reply.text(),
        Err(error) => panic!("{command:?}: {error}"),
    }
}
