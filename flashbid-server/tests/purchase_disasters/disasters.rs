//! What is killed, between which steps.

use std::time::Duration;

use flashbid_testbed::{Postgres, Redis};
use rand::RngExt;
use rand::seq::SliceRandom;
use tokio::time::{sleep, timeout};

use super::progress::Step;
use super::sale::Sale;

/// How often the server is killed at each step, when there is nothing else to kill.
const ROUNDS: usize = 3;

/// Whatever the server had in memory is lost with it, each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_between_any_two_steps_loses_nothing_and_repeats_nothing() {
    let mut sale = Sale::begin(1, &[]).await;
    let mut steps = Step::ALL.repeat(ROUNDS);
    steps.shuffle(&mut sale.random);
    for step in steps {
        sale.reached(step).await;
        sale.kill(0);
        sale.start_again(0);
        sale.recovered().await;
    }
    sale.check(|_| None).await;
}

/// What fails.
#[derive(Clone, Copy, Debug)]
enum Disaster {
    Server,
    Redis,
    /// It comes back without anything.
    WholeRedis,
    Postgres,
    /// Every server, when units are held in Redis and PostgreSQL has no order yet.
    ServersBeforeOrder,
    /// Redis with all it has, at the same moment.
    WholeRedisBeforeOrder,
    /// Every server, when PostgreSQL has orders that expired and Redis does not know it.
    ServersBeforeRelease,
}

impl Disaster {
    /// Those that hit at every step.
    const ANY_TIME: [Self; 3] = [Self::Server, Self::Redis, Self::WholeRedis];

    /// Those that bring about their own moment.
    const BETWEEN: [Self; 3] = [
        Self::ServersBeforeOrder,
        Self::WholeRedisBeforeOrder,
        Self::ServersBeforeRelease,
    ];

    async fn strike(self, sale: &mut Sale, redis: &Redis, postgres: &Postgres) {
        match self {
            Self::Server => {
                let number = sale.random.random_range(0..2);
                sale.kill(number);
                sale.start_again(number);
            }
            Self::Redis => redis.restart(),
            Self::WholeRedis => redis.restart_empty(),
            Self::Postgres => postgres.restart(),
            Self::ServersBeforeOrder => {
                hold_without_order(sale, redis, postgres).await;
                sale.kill_all();
                postgres.thaw();
                sale.start_all_again();
            }
            Self::WholeRedisBeforeOrder => {
                hold_without_order(sale, redis, postgres).await;
                redis.restart_empty();
                postgres.thaw();
            }
            Self::ServersBeforeRelease => {
                redis.freeze();
                sale.reached(Step::Expired).await;
                sale.kill_all();
                redis.thaw();
                sale.start_all_again();
            }
        }
    }
}

/// The steps at which PostgreSQL is about to write. It takes seconds to come back.
const BEFORE_WRITES: [Step; 5] = [
    Step::Buying,
    Step::Paying,
    Step::Cancelling,
    Step::Overdue,
    Step::Restocking,
];

/// Stops PostgreSQL where it is, with purchases that wait for it. What it was told before, it does when it goes on.
///
/// It also knows who everybody is: if no purchase has come further than that when it stops, none will.
async fn hold_without_order(sale: &mut Sale, redis: &Redis, postgres: &Postgres) {
    for _ in 0..100 {
        sale.reached(Step::Buying).await;
        postgres.freeze();
        let waiting = async {
            while sale.waiting(redis) == 0 {
                sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(Duration::from_millis(100), waiting).await.is_ok() {
            return;
        }
        postgres.thaw();
    }
    panic!("no purchase waits for PostgreSQL");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_redis_and_postgres_that_are_killed_in_turn_lose_nothing_and_repeat_nothing() {
    let (redis, postgres) = (Redis::start(), Postgres::start());
    // A Redis that does not answer within 300 ms counts as away.
    let hot = format!("{}?response_timeout=300&connect_timeout=300", redis.url());
    let ledger = postgres.database();
    let stores = ["--hot", &hot, "--ledger", &ledger];
    let mut sale = Sale::begin(2, &stores).await;
    let mut disasters: Vec<(Step, Disaster)> = Step::ALL
        .iter()
        .flat_map(|step| Disaster::ANY_TIME.map(|disaster| (*step, disaster)))
        .chain(BEFORE_WRITES.map(|step| (step, Disaster::Postgres)))
        .chain(Disaster::BETWEEN.map(|disaster| (Step::Bought, disaster)))
        .chain(Disaster::BETWEEN.map(|disaster| (Step::Paying, disaster)))
        .collect();
    disasters.shuffle(&mut sale.random);
    for (step, disaster) in disasters {
        sale.reached(step).await;
        disaster.strike(&mut sale, &redis, &postgres).await;
        sale.recovered().await;
    }
    sale.check(|campaign| {
        let key = format!("stock:{{{campaign}}}");
        let figure = |name| redis.call(&["HGET", &key, name]).unwrap().text();
        Some(["available", "held", "sold"].map(|name| figure(name).parse().unwrap()))
    })
    .await;
}
