//! Bids through the engine, from many callers at once.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flashbid_benches::{bid_from_many, running_sale};
use flashbid_core::{Durability, Engine};

const CALLERS: u64 = 256;
const BIDDERS: u64 = 100_000;
const BIDS: u64 = 500_000;

fn hot(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("engine");
    group
        .throughput(Throughput::Elements(BIDS))
        .sample_size(10)
        .measurement_time(Duration::from_secs(15));
    let mut seed = 0;
    group.bench_function("memory, hot, 100,000 bidders, 256 callers", |bencher| {
        bencher.to_async(&runtime).iter_custom(|rounds| {
            seed += 1;
            async move {
                let mut spent = Duration::ZERO;
                for round in 0..rounds {
                    let engine = Engine::builder().durability(Durability::Hot).build();
                    let campaign = running_sale(&engine, 1_000).await;
                    bid_from_many(&engine, campaign, CALLERS, BIDDERS, BIDDERS, 1).await;
                    let start = tokio::time::Instant::now();
                    bid_from_many(
                        &engine,
                        campaign,
                        CALLERS,
                        BIDDERS,
                        BIDS,
                        seed * 1_000 + round,
                    )
                    .await;
                    spent += start.elapsed();
                }
                spent
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hot);
criterion_main!(benches);
