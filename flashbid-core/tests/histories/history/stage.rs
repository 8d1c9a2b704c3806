//! The stores, and the nodes that share them.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::campaign::FencingToken;
use flashbid_core::conformance::Faulty;
use flashbid_core::engine::Options;
use flashbid_core::id::{CampaignId, SeededIds};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::store::{HotStore, Ledger};
use flashbid_core::time::{Clock, ManualClock, Timestamp};
use flashbid_core::{Durability, Engine};
use tokio::runtime::Runtime;

use crate::disk::Disk;

use super::op::{Fault, NODES, Store, What};

pub(super) const START: Timestamp = Timestamp::from_millis(1_000_000);

pub(super) struct Stage<'a> {
    disk: &'a dyn Disk,
    pub(super) durability: Durability,
    /// How often the engines try a failed call again.
    pub(super) retries: u32,
    pub(super) clock: Arc<ManualClock>,
    pub(super) hot: Arc<Faulty<dyn HotStore>>,
    pub(super) ledger: Arc<Faulty<dyn Ledger>>,
    nodes: Vec<Node>,
    /// Nodes that were ever started; each has ids of its own.
    started: u64,
    /// Runs what looks at the stores from outside.
    pub(super) onlooker: Runtime,
}

/// A process: an engine on a runtime of its own, which is dropped when it dies, with all that was under way.
struct Node {
    engine: Engine,
    runtime: Runtime,
}

/// What came of work on a node.
#[derive(Debug)]
pub(super) struct Ran<T> {
    /// `None` when the node died.
    pub(super) answer: Option<T>,
    /// Calls that the stores lost meanwhile.
    pub(super) lost: usize,
}

impl<'a> Stage<'a> {
    pub(super) fn new(disk: &'a dyn Disk, durability: Durability, retries: u32) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let hot = Arc::new(Faulty::over(disk.hot(clock.clone())));
        let ledger = Arc::new(Faulty::over(disk.open()));
        let mut stage = Self {
            disk,
            durability,
            retries,
            clock,
            hot,
            ledger,
            nodes: vec![],
            started: 0,
            onlooker: runtime(),
        };
        stage.nodes = (0..NODES).map(|_| stage.start()).collect();
        stage
    }

    /// Who sets the ledger up before a history begins.
    pub(super) fn setter(&self) -> Engine {
        Engine::builder()
            .shared_ledger(self.ledger.clone())
            .clock(self.clock.clone())
            .ids(Arc::new(SeededIds::new(0)))
            .build()
    }

    fn start(&mut self) -> Node {
        self.started += 1;
        let mut options = Options::default();
        // Small enough that a history meets every boundary.
        options.batch = 3;
        options.relay_page = 2;
        options.retries = self.retries;
        // Copies last by real time in some stores: here they last for ever, so that each call is of all stores alike.
        options.shared_copies = Duration::from_hours(24 * 365 * 10);
        options.quiet = Duration::ZERO;
        let engine = Engine::builder()
            .shared_hot(self.hot.clone())
            .shared_ledger(self.ledger.clone())
            .durability(self.durability)
            .clock(self.clock.clone())
            .ids(Arc::new(SeededIds::new(self.started)))
            .options(options)
            .build();
        Node {
            engine,
            runtime: runtime(),
        }
    }

    /// Runs `work` on a node while the stores do to it what `faults` say. A node that dies is started again.
    pub(super) fn run<T>(
        &mut self,
        node: usize,
        faults: &[Fault],
        work: impl AsyncFnOnce(Engine) -> T,
    ) -> Ran<T> {
        let (hot, ledger) = (self.hot.faults(), self.ledger.faults());
        let count = || hot.lost() + ledger.lost();
        let earlier = count();
        for fault in faults {
            let faults = match fault.store {
                Store::Hot => &hot,
                Store::Ledger => &ledger,
            };
            let nth = faults.calls() + fault.nth;
            match fault.what {
                What::Lose(loss) => faults.lose_at(nth, loss),
                What::Die(moment) => faults.pause_at(nth, moment),
            }
        }
        let Node { engine, runtime } = &self.nodes[node];
        let answer = runtime.block_on(async {
            tokio::select! {
                biased;
                answer = work(engine.clone()) => Some(answer),
                () = hot.paused() => None,
                () = ledger.paused() => None,
            }
        });
        hot.heal();
        ledger.heal();
        let lost = count() - earlier;
        if answer.is_none() {
            self.restart(node);
            let disk = self.ledger.store();
            // What the dead node had sent to the ledger may still be on its way: whatever is sent later comes after it.
            let barrier = disk.acknowledge_outbox(0);
            self.onlooker.block_on(barrier).unwrap();
        }
        Ran { answer, lost }
    }

    pub(super) fn restart(&mut self, node: usize) {
        self.nodes[node] = self.start();
    }

    /// The hot store is lost under the living nodes.
    pub(super) fn lose_hot(&mut self) {
        self.hot.replace(self.disk.hot(self.clock.clone()));
    }

    /// Everything is lost but the ledger.
    pub(super) fn power_cut(&mut self) {
        self.nodes.clear();
        self.lose_hot();
        // The ledger is closed before it is opened again.
        self.ledger.replace(Arc::new(MemoryLedger::new()));
        self.ledger.replace(self.disk.open());
        self.nodes = (0..NODES).map(|_| self.start()).collect();
    }

    /// Whether somebody holds the lease of a campaign.
    pub(super) fn is_leased(&self, campaign: CampaignId) -> bool {
        let name = format!("campaign:{campaign}");
        let hot = self.hot.store();
        let lease = hot.acquire(&name, "onlooker", Duration::ZERO, FencingToken::NONE);
        self.onlooker.block_on(lease).unwrap().is_none()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Timers of a paused clock fire as soon as nothing else is left to do.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}
