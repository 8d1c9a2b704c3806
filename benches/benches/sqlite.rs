//! The ledger on SQLite by itself: recording, histories, restoring, purchases and their payments, and what the disk
//! gives for one flush.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flashbid_benches::shop::{bought, open_shop};
use flashbid_benches::{bidder, price, running_sale, scramble};
use flashbid_core::Engine;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::id::{BidId, CampaignId};
use flashbid_core::money::Weight;
use flashbid_core::order::{OrderAction, OrderMove, PaymentId};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::store::{Epoch, EventBatch, Ledger, Page};
use flashbid_core::time::Timestamp;
use flashbid_sqlite::SqliteLedger;
use tokio::runtime::Runtime;
use uuid::Uuid;

const BIDDERS: u64 = 100_000;
const BATCH: u64 = 128;
const IN_FLIGHT: u64 = 2;
const TOKEN: FencingToken = FencingToken::new(1);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A bid as a book hands it to the ledger, with a random id and a random bidder.
fn accepted(sequence: u64) -> AcceptedBid {
    let draw = scramble(sequence);
    AcceptedBid {
        id: BidId::new(Uuid::from_u64_pair(draw, sequence)),
        bidder: bidder(draw % BIDDERS),
        name: Some("user0001".into()),
        price: price(100 + draw % 100_000),
        weight: Weight::from_ten_thousandths(12_500).expect("a small number"),
        score: Score::from_ten_thousandths(10_000_000).expect("a small number"),
        rank: Rank::behind(usize::try_from(draw % BIDDERS).expect("a small number")),
        sequence: Sequence::new(sequence),
        at: Timestamp::from_millis(1_800_000_000_000),
        elapsed_ms: sequence / 50,
        bid_number: 1,
    }
}

fn batch(epoch: Epoch, after: u64, size: u64) -> EventBatch {
    EventBatch {
        epoch,
        after: Sequence::new(after),
        through: Sequence::new(after + size),
        bids: (after + 1..=after + size).map(accepted).collect(),
    }
}

/// A new ledger with a campaign of `units` that takes bids.
async fn open(directory: &Path, units: u32) -> (Arc<SqliteLedger>, CampaignId, Epoch) {
    let path = directory.join(format!("{units}.db"));
    let ledger = Arc::new(SqliteLedger::open(path).expect("a new file"));
    let engine = Engine::builder().shared_ledger(ledger.clone()).build();
    let campaign = running_sale(&engine, units).await;
    let opened = ledger.transition(campaign, Phase::Scheduled, Phase::Open, TOKEN);
    assert!(opened.await.expect("the ledger works"));
    let seed = ledger
        .begin_epoch(campaign)
        .await
        .expect("the ledger works");
    (ledger, campaign, seed.expect("a known campaign").epoch)
}

/// Records `bids` bids behind `after` in batches, two in flight.
async fn record(
    ledger: &Arc<SqliteLedger>,
    campaign: CampaignId,
    epoch: Epoch,
    after: u64,
    bids: u64,
) {
    let lanes: Vec<_> = (0..IN_FLIGHT)
        .map(|lane| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for number in (lane..bids / BATCH).step_by(2) {
                    let batch = batch(epoch, after + number * BATCH, BATCH);
                    let recorded = ledger.record(campaign, &batch).await;
                    recorded.expect("the ledger takes the batch");
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("a lane ends well");
    }
}

fn recording(criterion: &mut Criterion) {
    const BIDS: u64 = 500 * BATCH;
    let runtime = runtime();
    let directory = tempfile::tempdir().expect("a directory");
    let (ledger, campaign, epoch) = runtime.block_on(open(directory.path(), 1));
    let mut after = 0;
    let mut group = criterion.benchmark_group("sqlite");
    group
        .throughput(Throughput::Elements(BIDS))
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    group.bench_function("record, batches of 128, two in flight", |bencher| {
        bencher.iter(|| {
            runtime.block_on(record(&ledger, campaign, epoch, after, BIDS));
            after += BIDS;
        });
    });
    group.finish();
    println!("(the log has {after} bids now)");
    histories(criterion, &runtime, &ledger, campaign);
    restoring(criterion, &runtime, &ledger, campaign);
}

fn histories(
    criterion: &mut Criterion,
    runtime: &Runtime,
    ledger: &SqliteLedger,
    campaign: CampaignId,
) {
    let page = Page {
        skip: 0,
        limit: 100,
    };
    let mut number = 0;
    criterion.bench_function("sqlite/history of one bidder in that log", |bencher| {
        bencher.iter(|| {
            number += 1;
            let history = ledger.bids_of(campaign, bidder(number % BIDDERS), page);
            runtime.block_on(history).expect("the ledger works").total
        });
    });
}

fn restoring(
    criterion: &mut Criterion,
    runtime: &Runtime,
    ledger: &SqliteLedger,
    campaign: CampaignId,
) {
    let mut group = criterion.benchmark_group("sqlite");
    group.sample_size(10);
    group.bench_function("begin an epoch from that log", |bencher| {
        bencher.iter(|| {
            let seed = runtime.block_on(ledger.begin_epoch(campaign));
            seed.expect("the ledger works")
                .expect("a campaign")
                .bids
                .len()
        });
    });
    group.finish();
}

fn payments(campaign: &Campaign, numbers: std::ops::Range<u64>) -> Vec<OrderMove> {
    let payment = PaymentId::new("payment-1").expect("visible characters");
    let orders = numbers.map(|number| bought(campaign, number).orders[0].id);
    orders
        .map(|order| OrderMove {
            order,
            action: OrderAction::Pay {
                payment: payment.clone(),
                again: None,
            },
            at: campaign.created_at,
        })
        .collect()
}

/// A rush in batches, two in flight, and then the payments of its orders.
fn selling(criterion: &mut Criterion) {
    const PURCHASES: u64 = 100 * BATCH;
    let runtime = runtime();
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = SqliteLedger::open(directory.path().join("shop.db")).expect("a new file");
    let campaign = runtime.block_on(open_shop(&ledger));
    let ledger = Arc::new(ledger);
    let (mut sold, mut paid) = (0, 0);
    let mut group = criterion.benchmark_group("sqlite");
    group
        .throughput(Throughput::Elements(PURCHASES))
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    group.bench_function(
        "commit_purchases, batches of 128, two in flight",
        |bencher| {
            bencher.iter(|| {
                runtime.block_on(sell(&ledger, &campaign, sold, PURCHASES));
                sold += PURCHASES;
            });
        },
    );
    group
        .throughput(Throughput::Elements(BATCH))
        .bench_function("move_orders, batches of 128 payments", |bencher| {
            bencher.iter_batched(
                || {
                    if paid == sold {
                        runtime.block_on(sell(&ledger, &campaign, sold, PURCHASES));
                        sold += PURCHASES;
                    }
                    paid += BATCH;
                    payments(&campaign, paid - BATCH..paid)
                },
                |moves| {
                    let moved = runtime.block_on(ledger.move_orders(&moves));
                    moved.expect("the ledger takes the batch");
                },
                BatchSize::PerIteration,
            );
        });
    group.finish();
    println!("(there are {sold} orders now)");
}

async fn sell(ledger: &Arc<SqliteLedger>, campaign: &Campaign, after: u64, purchases: u64) {
    let lanes: Vec<_> = (0..IN_FLIGHT)
        .map(|lane| {
            let (ledger, campaign) = (ledger.clone(), campaign.clone());
            tokio::spawn(async move {
                for number in (lane..purchases / BATCH).step_by(2) {
                    let first = after + number * BATCH;
                    let batch: Vec<_> = (first..first + BATCH)
                        .map(|number| bought(&campaign, number))
                        .collect();
                    let outcomes = ledger.commit_purchases(&batch).await;
                    let outcomes = outcomes.expect("the ledger takes the batch");
                    assert!(outcomes.iter().all(Result::is_ok));
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("a lane ends well");
    }
}

/// What one commit cannot be faster than: 24 KiB appended to a file and flushed.
fn disk(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let block = vec![1; 24 * 1024];
    let mut file = File::create(directory.path().join("raw")).expect("a new file");
    criterion.bench_function("disk/append 24 KiB and flush", |bencher| {
        bencher.iter(|| {
            file.write_all(&block).expect("room on the disk");
            file.sync_data().expect("a working disk");
        });
    });
}

criterion_group!(benches, disk, recording, selling);
criterion_main!(benches);
