//! Redis or PostgreSQL dies, hangs, or forgets.

use std::time::Duration;

use flashbid_testbed::{PgBouncer, PoolMode, Postgres, Redis, RedisSentinel};
use rand::RngExt;
use tokio::time::sleep;

use crate::sale::{Sale, Way};

/// How long people bid.
pub(crate) const LASTS: Duration = Duration::from_secs(9);

/// So long before the end the last disaster begins that is to be over by then.
const LAST_CALL: Duration = Duration::from_secs(2);

/// One Redis, and a database that no other test uses.
pub(crate) struct Stores {
    pub(crate) redis: Redis,
    pub(crate) database: String,
}

impl Stores {
    pub(crate) fn start() -> Self {
        Self::with(Redis::start())
    }

    fn with(redis: Redis) -> Self {
        let database = Postgres::shared().database();
        Self { redis, database }
    }

    /// Straight ways of both servers.
    pub(crate) fn ways(&self) -> [Way; 2] {
        [(); 2].map(|()| Way {
            hot: impatient(&self.redis.url()),
            ledger: self.database.clone(),
        })
    }
}

/// A Redis that does not answer within 300 ms counts as away.
pub(crate) fn impatient(url: &str) -> String {
    format!("{url}?response_timeout=300&connect_timeout=300")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_empty_costs_no_acknowledged_bid() {
    let stores = Stores::start();
    let mut sale = Sale::begin(&stores.database, stores.ways(), LASTS).await;
    while sale.left() > LAST_CALL {
        sale.pause(100..800).await;
        stores.redis.kill();
        sale.pause(0..300).await;
        stores.redis.restart_empty();
        sale.recovered().await;
    }
    for _ in 0..3 {
        sleep(sale.left()).await;
        sale.pause(0..60).await;
        stores.redis.restart_empty();
    }
    sale.check().await;
}

/// The ledger knows a higher sequence than such a copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_as_an_old_copy_costs_no_acknowledged_bid() {
    let stores = Stores::with(Redis::start_with(&["--appendonly", "no"]));
    let mut sale = Sale::begin(&stores.database, stores.ways(), LASTS).await;
    while sale.left() > LAST_CALL {
        sale.pause(50..500).await;
        stores.redis.call(&["SAVE"]).unwrap();
        let saved = sale.last_sequence(&stores.redis);
        sale.pause(100..1_000).await;
        let last = sale.last_sequence(&stores.redis);
        stores.redis.restart();
        sale.recovered().await;
        assert!(last > saved, "nothing was lost");
    }
    // The copy is from before the end, and so knows of no seal.
    sleep(sale.left().saturating_sub(Duration::from_millis(200))).await;
    stores.redis.call(&["SAVE"]).unwrap();
    sleep(sale.left()).await;
    sale.pause(0..100).await;
    stores.redis.restart();
    sale.check().await;
}

/// Requests wait in the frozen server's sockets: it executes them late, when those who asked have given up and asked
/// again, and when the lease has ended under which a settlement was begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_freezes_for_longer_than_the_lease_costs_no_acknowledged_bid() {
    let stores = Stores::start();
    let mut sale = Sale::begin(&stores.database, stores.ways(), LASTS).await;
    while sale.left() > LAST_CALL {
        sale.pause(100..800).await;
        stores.redis.freeze();
        sale.pause(1_100..1_800).await;
        stores.redis.thaw();
        sale.recovered().await;
    }
    for _ in 0..2 {
        sleep(sale.left()).await;
        sale.pause(0..60).await;
        stores.redis.freeze();
        sale.pause(1_100..1_500).await;
        stores.redis.thaw();
    }
    sale.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgets_its_scripts_costs_no_acknowledged_bid() {
    let stores = Stores::start();
    let mut sale = Sale::begin(&stores.database, stores.ways(), Duration::from_secs(5)).await;
    while !sale.left().is_zero() {
        sale.pause(5..80).await;
        if sale.random.random_ratio(1, 20) {
            stores.redis.restart();
        } else {
            stores.redis.call(&["SCRIPT", "FLUSH"]).unwrap();
        }
    }
    sale.check().await;
}

/// The replica is cut off from its primary for a moment before it takes over, so that it lacks bids that were
/// acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_and_takes_over_costs_no_acknowledged_bid() {
    let redis = RedisSentinel::start();
    let database = Postgres::shared().database();
    let ways = [(); 2].map(|()| Way {
        hot: impatient(&redis.url()),
        ledger: database.clone(),
    });
    let mut sale = Sale::begin(&database, ways, LASTS).await;
    sale.pause(200..1_500).await;
    let (primary, replica) = (redis.primary(), redis.replica());
    let wrong = ["CONFIG", "SET", "masterauth", "it-asks-for-none"];
    replica.call(&wrong).unwrap();
    let cut = primary.call(&["CLIENT", "KILL", "TYPE", "replica"]);
    cut.unwrap();
    sale.pause(300..1_000).await;
    let last = sale.last_sequence(primary);
    assert!(last > sale.last_sequence(replica), "it does not lag");
    primary.kill();
    redis.await_primary_other_than(primary);
    sale.recovered().await;
    sale.check().await;
}

/// One server is connected directly, the other one through PgBouncer in transaction mode, which may die as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_killed_and_restarted_costs_no_acknowledged_bid() {
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let bouncer = PgBouncer::start(&postgres, PoolMode::Transaction);
    let database = postgres.database();
    let ways = [database.clone(), bouncer.url(&database)].map(|ledger| Way {
        hot: impatient(&redis.url()),
        ledger,
    });
    let mut sale = Sale::begin(&database, ways, LASTS).await;
    while sale.left() > LAST_CALL {
        sale.pause(100..800).await;
        if sale.random.random_ratio(1, 3) {
            bouncer.restart();
        } else {
            postgres.kill();
            sale.pause(0..400).await;
            postgres.restart();
        }
        sale.recovered().await;
    }
    sleep(sale.left()).await;
    sale.pause(0..60).await;
    postgres.restart();
    sale.check().await;
}
