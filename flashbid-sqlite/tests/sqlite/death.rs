//! What survives the sudden death of the process.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::{SettlementPlan, plan};
use flashbid_core::store::{Ledger, Settlement};
use flashbid_core::time::Timestamp;
use flashbid_sqlite::SqliteLedger;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::child::{self, Spawned};
use crate::common::{ALL, TOKEN, bid, campaign, open_campaign, product, scramble, stretch};

const BATCH: u64 = 16;
const IN_FLIGHT: u64 = 3;

#[test]
fn a_killed_process_loses_no_acknowledged_bid() {
    const TEST: &str = "death::a_killed_process_loses_no_acknowledged_bid";
    if let Some(path) = child::file() {
        return Runtime::new().unwrap().block_on(record_until_killed(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let mut acknowledged = BTreeSet::new();
    for round in 0..25 {
        let mut child = Spawned::start(TEST, &path);
        let lives = usize::try_from(scramble(round) % 120).unwrap();
        let mut told: Vec<String> = child.by_ref().take(1 + lives).collect();
        child.kill();
        // What it had told before it died still lies in the pipe.
        told.extend(child);
        let base: u64 = told[0].parse().unwrap();
        acknowledged.extend(told[1..].iter().map(|after| after.parse::<u64>().unwrap()));
        check_bids(&path, base, &acknowledged);
    }
    assert!(acknowledged.len() > 25, "the child hardly ever got to work");
}

/// Tells where its batches begin, and then each batch that was acknowledged, by the sequence before its first.
async fn record_until_killed(path: &Path) {
    let ledger = Arc::new(SqliteLedger::open(path).unwrap());
    let id = campaign(1, 10).id;
    if ledger.campaign(id).await.unwrap().is_none() {
        open_campaign(&*ledger, 1, 10).await;
    }
    let seed = ledger.begin_epoch(id).await.unwrap().unwrap();
    let base = seed.bids.last().map_or(0, |bid| bid.sequence.get());
    child::tell(base);
    let next = Arc::new(AtomicU64::new(base));
    let recorders: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (ledger, next) = (ledger.clone(), next.clone());
            tokio::spawn(async move {
                let mut heard = true;
                while heard {
                    let after = next.fetch_add(BATCH, Ordering::Relaxed);
                    let batch = stretch(seed.epoch, after, after + BATCH);
                    ledger.record(id, &batch).await.unwrap();
                    heard = child::tell(after);
                }
            })
        })
        .collect();
    for recorder in recorders {
        recorder.await.unwrap();
    }
}

/// Every acknowledged batch is there, and each batch of the last life wholly or not at all.
fn check_bids(path: &Path, base: u64, acknowledged: &BTreeSet<u64>) {
    let runtime = Runtime::new().unwrap();
    let ledger = SqliteLedger::open(path).unwrap();
    let id = campaign(1, 10).id;
    let recorded = runtime
        .block_on(ledger.bids(id, Sequence::ZERO, u32::MAX))
        .unwrap();
    for found in &recorded {
        assert_eq!(*found, bid(found.sequence.get(), 1_000));
    }
    let recorded: BTreeSet<u64> = recorded.iter().map(|bid| bid.sequence.get()).collect();
    for after in acknowledged {
        assert_eq!(
            recorded.range(after + 1..=after + BATCH).count() as u64,
            BATCH
        );
    }
    let last = recorded.last().copied().unwrap_or(0);
    for after in (base..last).step_by(usize::try_from(BATCH).unwrap()) {
        let count = recorded.range(after + 1..=after + BATCH).count() as u64;
        assert!(count == 0 || count == BATCH, "{count} of a batch");
    }
    let checkpoint = runtime.block_on(ledger.checkpoint(id)).unwrap().get();
    assert_eq!(recorded.range(1..=checkpoint).count() as u64, checkpoint);
}

const WINNERS: u32 = 1_000;

#[test]
fn a_settlement_of_a_killed_process_is_all_or_nothing() {
    const TEST: &str = "death::a_settlement_of_a_killed_process_is_all_or_nothing";
    if let Some(path) = child::file() {
        return Runtime::new().unwrap().block_on(settle_and_wait(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let prepared = directory.path().join("prepared.db");
    Runtime::new()
        .unwrap()
        .block_on(prepare_settlement(&prepared));

    std::fs::copy(&prepared, &path).unwrap();
    let mut child = Spawned::start(TEST, &path);
    assert_eq!(child.next().as_deref(), Some("begun"));
    let begun = Instant::now();
    assert_eq!(child.next().as_deref(), Some("done"));
    let whole = begun.elapsed();
    child.kill();
    check_settlement(&path, Some(true));

    for moment in 0..20 {
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
        std::fs::copy(&prepared, &path).unwrap();
        let mut child = Spawned::start(TEST, &path);
        assert_eq!(child.next().as_deref(), Some("begun"));
        // Closest together where the transaction is short on a warm machine.
        wait(whole * moment * moment / 256);
        child.kill();
        let done = child.any(|line| line == "done");
        check_settlement(&path, done.then_some(true));
    }
}

#[test]
fn a_settlement_that_was_written_but_not_committed_is_gone() {
    const TEST: &str = "death::a_settlement_that_was_written_but_not_committed_is_gone";
    if let Some(path) = child::file() {
        return Runtime::new().unwrap().block_on(settle_and_hang(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    Runtime::new().unwrap().block_on(prepare_settlement(&path));
    let mut child = Spawned::start(TEST, &path);
    assert_eq!(child.next().as_deref(), Some("written"));
    child.kill();
    check_settlement(&path, Some(false));
}

/// Hangs in a write that shares its commit with the settlement.
async fn settle_and_hang(path: &Path) {
    let ledger = SqliteLedger::open(path).unwrap();
    let sealing = ledger.campaign(campaign(1, 0).id).await.unwrap().unwrap();
    let plan = settlement_of(&sealing);
    let (go_on, gate) = mpsc::channel();
    let held = ledger.database().write(move |_| {
        gate.recv().unwrap();
        Ok(())
    });
    let hanging = ledger.database().write(|_| {
        child::tell("written");
        child::wait_for_parent();
        Ok(())
    });
    let settling = ledger.commit_settlement(&plan, TOKEN);
    let release = async { go_on.send(()).unwrap() };
    // They are queued in this order before the first may go on.
    let (_, settled, ..) = tokio::join!(biased; held, settling, hanging, release);
    settled.unwrap();
}

/// A point in time is what this test is about, so here it waits for one.
fn wait(duration: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(duration);
}

async fn prepare_settlement(path: &Path) {
    let ledger = SqliteLedger::open(path).unwrap();
    let (campaign, epoch) = open_campaign(&ledger, 1, 2 * WINNERS).await;
    let batch = winning_bids(epoch);
    ledger.record(campaign.id, &batch).await.unwrap();
    let sealing = ledger.transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN);
    assert!(sealing.await.unwrap());
}

/// One bid a bidder.
fn winning_bids(epoch: flashbid_core::store::Epoch) -> flashbid_core::store::EventBatch {
    let mut batch = stretch(epoch, 0, u64::from(WINNERS));
    for bid in &mut batch.bids {
        bid.bidder = crate::common::bidder(bid.sequence.get());
    }
    batch
}

fn settlement_of(campaign: &Campaign) -> SettlementPlan {
    let bids = winning_bids(flashbid_core::store::Epoch::default()).bids;
    let last = Sequence::new(u64::from(WINNERS));
    plan(campaign, &bids, last, Timestamp::from_millis(1))
}

async fn settle_and_wait(path: &Path) {
    let ledger = SqliteLedger::open(path).unwrap();
    let sealing = ledger.campaign(campaign(1, 0).id).await.unwrap().unwrap();
    let plan = settlement_of(&sealing);
    child::tell("begun");
    ledger.commit_settlement(&plan, TOKEN).await.unwrap();
    child::tell("done");
    child::wait_for_parent();
}

/// All of it or nothing; and once it is repeated, all of it once.
fn check_settlement(path: &Path, expected: Option<bool>) {
    Runtime::new().unwrap().block_on(async {
        let ledger = SqliteLedger::open(path).unwrap();
        let id = campaign(1, 0).id;
        let settled = is_settled(&ledger).await;
        assert!(expected.is_none_or(|expected| expected == settled));
        let campaign = ledger.campaign(id).await.unwrap().unwrap();
        let plan = settlement_of(&campaign);
        let again = ledger.commit_settlement(&plan, TOKEN).await.unwrap();
        let expected = if settled {
            Settlement::AlreadySettled
        } else {
            Settlement::Committed
        };
        assert_eq!(again, expected);
        assert!(is_settled(&ledger).await);
    });
}

async fn is_settled(ledger: &SqliteLedger) -> bool {
    let id = campaign(1, 0).id;
    let phase = ledger.campaign(id).await.unwrap().unwrap().phase;
    let orders = ledger.orders_in(id, ALL).await.unwrap().total;
    let entries = ledger.outbox(u32::MAX).await.unwrap().len();
    let held = ledger
        .product(product(0).id)
        .await
        .unwrap()
        .unwrap()
        .stock
        .held
        .get();
    match phase {
        Phase::Sealing => {
            assert_eq!((orders, entries, held), (0, 0, 2 * WINNERS));
            false
        }
        Phase::Settled => {
            let all = usize::try_from(WINNERS).unwrap();
            assert_eq!(
                (orders, entries, held),
                (u64::from(WINNERS), all + 1, WINNERS)
            );
            true
        }
        phase => panic!("the campaign is {phase:?}"),
    }
}
