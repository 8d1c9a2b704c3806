//! Bids that the ledger acknowledges, and a settlement: the engine against single-row transactions.

use std::time::Duration;

use flashbid_benches::rush::Rush;
use flashbid_benches::{bidder, price, sale, scramble};
use flashbid_core::bid::Bid;
use flashbid_core::engine::SettleOutcome;
use flashbid_core::id::CampaignId;
use flashbid_core::money::Weight;
use flashbid_core::{Durability, Engine};
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::{Postgres, Redis};
use tokio::time::{Instant, sleep};

use crate::single_row::SingleRow;
use crate::{BIDDERS, CALLERS, TURNS, connect, say, say_ratio, say_time};

const BIDS: u64 = 60_000;
const WINNERS: u32 = 10_000;

/// Connections with which the transactions are tried: the last as many as there are callers, so that as many bids are
/// under way at once as in the engine.
const POOLS: [u32; 3] = [8, 32, 256];

pub(crate) async fn compare(redis: &Redis, postgres: &Postgres) {
    println!("Redis and PostgreSQL, {CALLERS} callers, synchronous_commit = on");
    let engine = engine(redis, postgres).await;
    let mut rushes = Vec::new();
    let mut single: [Vec<f64>; POOLS.len()] = Default::default();
    for _ in 0..TURNS {
        rushes.push(bids(&engine).await);
        for (pool, rates) in POOLS.into_iter().zip(&mut single) {
            let rows = SingleRow::new(&postgres.database(), pool).await;
            rates.push(rows.rush(CALLERS).await);
        }
    }
    rushes.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    let engine = &rushes[TURNS / 2];
    let single = single.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[TURNS / 2]
    });
    say("engine, acknowledged by the ledger", engine.rate());
    say_time("  half of the answers within", engine.percentile(50));
    say_time(
        "  99 of 100 answers within (at most 100 ms)",
        engine.percentile(99),
    );
    for (pool, rate) in POOLS.into_iter().zip(single) {
        say(
            &format!("SELECT … FOR UPDATE; UPDATE; INSERT, {pool} connections"),
            rate,
        );
    }
    say_ratio(
        "engine : one transaction a bid, as many at once",
        engine.rate() / single[POOLS.len() - 1],
        20.0,
    );
    let best = single.into_iter().fold(0.0, f64::max);
    println!(
        "{:<72} {:>8.2} x",
        "engine : one transaction a bid, waiting for its best number of connections",
        engine.rate() / best
    );
}

async fn engine(redis: &Redis, postgres: &Postgres) -> Engine {
    let ledger = PostgresLedger::connect(&postgres.database()).await;
    Engine::builder()
        .hot(connect(redis).await)
        .ledger(ledger.expect("the server was started"))
        .durability(Durability::Ledger)
        .build()
}

async fn bids(engine: &Engine) -> Rush {
    let campaign = sale(engine, 1_000, Duration::from_hours(1)).await;
    rush(engine, campaign, BIDS, BIDDERS).await
}

async fn rush(engine: &Engine, campaign: CampaignId, bids: u64, bidders: u64) -> Rush {
    let engine = engine.clone();
    let weight = Weight::from_ten_thousandths(10_000).expect("one");
    let place = move |number: u64| {
        let engine = engine.clone();
        async move {
            let draw = scramble(number);
            let price = price(100 + (draw >> 40) % 100_000);
            let bid = Bid::new(bidder(draw % bidders), price, weight);
            let placed = engine.place_bid(campaign, bid).await;
            placed.expect("a good bid is accepted");
        }
    };
    Rush::of(CALLERS, bids, place).await
}

pub(crate) async fn settle(redis: &Redis, postgres: &Postgres) {
    let engine = engine(redis, postgres).await;
    let mut times = Vec::new();
    for _ in 0..TURNS {
        // The hot store goes by its own clock, so the sale must really end.
        let lasts = Duration::from_secs(8);
        let start = Instant::now();
        let campaign = sale(&engine, WINNERS, lasts).await;
        rush(&engine, campaign, 30_000, 20_000).await;
        assert!(
            start.elapsed() < lasts,
            "the sale ended before the bids did"
        );
        sleep(lasts.saturating_sub(start.elapsed()) + Duration::from_millis(100)).await;
        let start = Instant::now();
        let settled = engine.settle(campaign).await.expect("the stores work");
        times.push(start.elapsed());
        let orders = WINNERS as usize;
        assert_eq!(settled, SettleOutcome::Settled { orders });
    }
    times.sort_unstable();
    say_time(
        &format!("Redis and PostgreSQL: {WINNERS} winners settled (at most 2 s)"),
        times[TURNS / 2],
    );
}
