//! A hot store on Redis beside a ledger in memory. Shared by the tests of every pair of stores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use flashbid_core::Durability;
use flashbid_core::conformance::Faulty;
use flashbid_core::store::{HotStore, Ledger};
use flashbid_core::time::ManualClock;
use flashbid_redis::{Config, RedisHot};
use flashbid_testbed::Redis;
use tokio::runtime::Runtime;

use crate::disk::{Disk, Kept};
use crate::history::History;

/// Where the connections live: time goes on there, whatever it does in a test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A ledger, and hot stores on the server that all tests of this process share.
pub(crate) struct OnRedis<L>(pub(crate) L);

impl OnRedis<Kept> {
    pub(crate) fn new() -> Self {
        Self(Kept::default())
    }
}

impl<L: Disk> Disk for OnRedis<L> {
    fn open(&self) -> Arc<dyn Ledger> {
        self.0.open()
    }

    fn hot(&self, clock: Arc<ManualClock>) -> Arc<dyn HotStore> {
        static STORES: AtomicUsize = AtomicUsize::new(0);
        let mut config: Config = Redis::shared().url().parse().unwrap();
        config.prefix = format!("sale{}:", STORES.fetch_add(1, Ordering::Relaxed));
        // What a dead process had sent is applied before whatever is sent later.
        config.connections = 1;
        // On a thread of its own, since the caller's may be driving a runtime already.
        let connect = || RUNTIME.block_on(RedisHot::connect_steered(config, clock));
        let hot = std::thread::scope(|scope| scope.spawn(connect).join());
        let hot = hot.unwrap().unwrap();
        Arc::new(Faulty::new(hot).on(RUNTIME.handle().clone()))
    }
}

/// The history without reading the feed of `Durability::Hot`: where a book has forgotten events, as the one in memory
/// never does, other pages of it come from other calls.
pub(crate) fn without_hot_feed(mut history: History) -> History {
    if history.durability == Durability::Hot {
        history
            .ops
            .retain(|op| !format!("{op:?}").starts_with("Read"));
    }
    history
}
