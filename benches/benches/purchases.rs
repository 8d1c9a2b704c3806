//! Held purchases a second on both deployments, beside the script that takes the units.
//!
//! Everything that is compared runs in turns within one run, and each figure is the median of the turns: on a machine
//! that does other things too the ratios hold, the rates less so.

use std::sync::Arc;
use std::time::Duration;

use flashbid_benches::rush::Rush;
use flashbid_benches::{bidder, first_come_sale};
use flashbid_core::engine::Buy;
use flashbid_core::id::{CampaignId, HoldId, PurchaseId};
use flashbid_core::memory::MemoryHot;
use flashbid_core::stock::Units;
use flashbid_core::store::{HoldRequest, HotStore, Ledger, Purpose};
use flashbid_core::{Durability, Engine};
use flashbid_postgres::PostgresLedger;
use flashbid_redis::RedisHot;
use flashbid_sqlite::SqliteLedger;
use flashbid_testbed::{Postgres, Redis};
use uuid::Uuid;

/// Callers that buy at once.
const CALLERS: u64 = 256;

/// Purchases of one turn; each is of another buyer, and there is a unit for each.
const PURCHASES: u32 = 30_000;

/// How often each thing is measured.
const TURNS: usize = 5;

/// Sizes of which the best counts as the script's own rate.
const SIZES: [u64; 3] = [64, 128, 256];

/// Calls under way at once when the script is measured by itself: enough that it never waits for the next.
const IN_FLIGHT: u64 = 4;

fn main() {
    // Cargo passes `--bench`; run as a test it has nothing to say.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Snapshots would take the processor from whatever is measured at that moment.
    let redis = Redis::start_with(&["--save", ""]);
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    runtime.block_on(async {
        let hot = RedisHot::connect(&redis.url()).await;
        let hot: Arc<dyn HotStore> = Arc::new(hot.expect("the server was started"));
        let memory: Arc<dyn HotStore> = Arc::new(MemoryHot::default());
        let sqlite = SqliteLedger::open(folder.path().join("sales.db")).expect("a new file");
        let sqlite: Arc<dyn Ledger> = Arc::new(sqlite);
        let postgres = PostgresLedger::connect(&postgres.database()).await;
        let postgres: Arc<dyn Ledger> = Arc::new(postgres.expect("the server was started"));
        println!("{PURCHASES} purchases of one unit, {CALLERS} callers, a limit per buyer");
        compare("memory and SQLite", &memory, &sqlite).await;
        compare("Redis and PostgreSQL", &hot, &postgres).await;
    });
}

async fn compare(stores: &str, hot: &Arc<dyn HotStore>, ledger: &Arc<dyn Ledger>) {
    let engine = |durability| {
        let engine = Engine::builder().shared_hot(hot.clone());
        let engine = engine.shared_ledger(ledger.clone());
        engine.durability(durability).build()
    };
    let (by_ledger, by_hot) = (engine(Durability::Ledger), engine(Durability::Hot));
    let (mut acknowledged, mut written_behind) = (Vec::new(), Vec::new());
    let mut raw: [Vec<f64>; SIZES.len()] = Default::default();
    for _ in 0..TURNS {
        acknowledged.push(by_engine(&by_ledger).await);
        written_behind.push(by_engine(&by_hot).await);
        for (size, rates) in SIZES.into_iter().zip(&mut raw) {
            rates.push(by_step(&by_ledger, size).await);
        }
    }
    let (acknowledged, written_behind) = (median(acknowledged), median(written_behind));
    say(
        stores,
        "engine, acknowledged by the ledger",
        acknowledged.rate(),
    );
    say_time(
        stores,
        "  half of the answers within",
        acknowledged.percentile(50),
    );
    say_time(
        stores,
        "  99 of 100 answers within",
        acknowledged.percentile(99),
    );
    say(
        stores,
        "engine, acknowledged by the hot store",
        written_behind.rate(),
    );
    let mut best = 0.0_f64;
    for (size, mut rates) in SIZES.into_iter().zip(raw) {
        rates.sort_by(f64::total_cmp);
        let rate = rates[TURNS / 2];
        best = best.max(rate);
        let what = format!("the step by itself, {size} a call, {IN_FLIGHT} calls at once");
        say(stores, &what, rate);
    }
    let ratio = written_behind.rate() / best;
    println!(
        "{stores:<22} {:<58} {ratio:>8.2} x",
        "engine, hot : the step at its best size"
    );
}

fn median(mut rushes: Vec<Rush>) -> Rush {
    rushes.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    rushes.swap_remove(TURNS / 2)
}

/// Through the engine. What is still to become orders when the last answer is there is not waited for in the figure,
/// but before the next turn.
async fn by_engine(engine: &Engine) -> Rush {
    let campaign = first_come_sale(engine, PURCHASES).await;
    let buyers = engine.clone();
    let buy = move |number: u64| {
        let engine = buyers.clone();
        async move {
            let buy = Buy {
                bidder: bidder(number),
                units: Units::ONE,
                key: None,
                ticket: None,
                at: None,
            };
            let bought = engine.purchase(campaign, buy).await;
            bought.expect("there is a unit for each");
        }
    };
    let rush = Rush::of(CALLERS, PURCHASES.into(), buy).await;
    while pending(engine, campaign).await > 0 {
        engine.dispatch(campaign).await.expect("the stores work");
    }
    rush
}

async fn pending(engine: &Engine, campaign: CampaignId) -> u64 {
    let stats = engine.gate_stats(campaign).await;
    stats.expect("the stores work").pending
}

/// The atomic step of the hot store, and nothing else.
async fn by_step(engine: &Engine, size: u64) -> f64 {
    let campaign = first_come_sale(engine, PURCHASES).await;
    // Loads the counter.
    pending(engine, campaign).await;
    let hot = engine.hot().clone();
    let expires_at = engine.now().after(Duration::from_hours(1));
    let take = {
        let hot = hot.clone();
        move |number: u64| {
            let hot = hot.clone();
            async move {
                let batch: Vec<HoldRequest> = (number * size..(number + 1) * size)
                    .map(|number| {
                        let buyer = bidder(number);
                        let purchase = PurchaseId::new(Uuid::from_u64_pair(size, number));
                        HoldRequest {
                            id: HoldId::derive(purchase, campaign),
                            bidder: buyer,
                            units: Units::ONE,
                            expires_at,
                            purpose: Purpose::Purchase(purchase),
                            ticket: None,
                            at: None,
                        }
                    })
                    .collect();
                let held = hot.hold(campaign, &batch).await;
                let held = held.expect("the counter is loaded");
                assert!(held.iter().all(Result::is_ok));
            }
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let units = size as f64;
    let rate = Rush::of(IN_FLIGHT, u64::from(PURCHASES) / size, take)
        .await
        .rate()
        * units;
    hot.unload(campaign).await.expect("the store works");
    rate
}

fn say(stores: &str, what: &str, rate: f64) {
    println!("{stores:<22} {what:<58} {rate:>8.0}/s");
}

fn say_time(stores: &str, what: &str, time: Duration) {
    println!(
        "{stores:<22} {what:<58} {:>7.1} ms",
        time.as_secs_f64() * 1_000.0
    );
}
