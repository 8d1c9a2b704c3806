//! Bids through the engine, from many callers at once.

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flashbid_benches::{bid_from_many, running_sale};
use flashbid_core::engine::SettleOutcome;
use flashbid_core::time::{Clock, ManualClock, SystemClock};
use flashbid_core::{Durability, Engine};
use flashbid_sqlite::SqliteLedger;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;

const CALLERS: u64 = 256;
const BIDDERS: u64 = 100_000;
const WINNERS: u32 = 10_000;

/// Measures `bids` bids on engines that `engine` makes, with every bidder already on the board.
fn measure(
    criterion: &mut Criterion,
    name: &str,
    bids: u64,
    engine: impl Fn() -> (Engine, Option<TempDir>),
) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("engine");
    group
        .throughput(Throughput::Elements(bids))
        .sample_size(10)
        .measurement_time(Duration::from_secs(15));
    let mut seed = 0;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                seed += 1;
                let (engine, _file) = engine();
                spent += runtime.block_on(async {
                    let campaign = running_sale(&engine, 1_000).await;
                    bid_from_many(&engine, campaign, CALLERS, BIDDERS, BIDDERS, 1).await;
                    let start = Instant::now();
                    bid_from_many(&engine, campaign, CALLERS, BIDDERS, bids, seed * bids).await;
                    start.elapsed()
                });
            }
            spent
        });
    });
    group.finish();
}

fn hot(criterion: &mut Criterion) {
    let name = "memory, acknowledged hot, 100,000 bidders, 256 callers";
    measure(criterion, name, 500_000, || {
        (Engine::builder().durability(Durability::Hot).build(), None)
    });
}

fn durable(criterion: &mut Criterion) {
    let name = "memory + SQLite, acknowledged by the ledger, 100,000 bidders, 256 callers";
    measure(criterion, name, 200_000, || {
        let folder = TempDir::new().expect("a folder");
        let ledger = SqliteLedger::open(folder.path().join("ledger.db")).expect("a new file");
        (Engine::builder().ledger(ledger).build(), Some(folder))
    });
}

/// Settles a campaign of `WINNERS` winners, from the seal to the commit.
fn settlement(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("engine");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    group.bench_function("settle 10,000 winners on SQLite", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let folder = TempDir::new().expect("a folder");
                let ledger = SqliteLedger::open(folder.path().join("ledger.db")).expect("a file");
                let clock = Arc::new(ManualClock::new(SystemClock.now()));
                let engine = Engine::builder()
                    .ledger(ledger)
                    .clock(clock.clone())
                    .build();
                spent += runtime.block_on(async {
                    let campaign = running_sale(&engine, WINNERS).await;
                    bid_from_many(&engine, campaign, CALLERS, 20_000, 40_000, 1).await;
                    clock.advance(Duration::from_hours(1));
                    let start = Instant::now();
                    let outcome = engine.settle(campaign).await.expect("the stores work");
                    let elapsed = start.elapsed();
                    assert_eq!(
                        outcome,
                        SettleOutcome::Settled {
                            orders: WINNERS as usize
                        }
                    );
                    elapsed
                });
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, hot, durable, settlement);
criterion_main!(benches);
