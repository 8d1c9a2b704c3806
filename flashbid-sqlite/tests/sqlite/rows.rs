//! Rows read back, and what is remembered beside the file follows it.

use crate::common::{ALL, TOKEN, bid, bidder, open_campaign, product, stretch};
use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Phase;
use flashbid_core::rank::Sequence;
use flashbid_core::settle::plan;
use flashbid_core::store::{Ledger, Settlement};
use flashbid_core::time::Timestamp;
use flashbid_sqlite::SqliteLedger;

#[tokio::test]
async fn a_sale_reads_back_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let ledger = SqliteLedger::open(&path).unwrap();
    let (campaign, epoch) = open_campaign(&ledger, 1, 10).await;
    let batch = stretch(epoch, 0, 100);
    let checkpoint = ledger.record(campaign.id, &batch).await.unwrap();
    assert_eq!(checkpoint, Sequence::new(100));
    let sealing = ledger.transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN);
    assert!(sealing.await.unwrap());
    let campaign = ledger.campaign(campaign.id).await.unwrap().unwrap();
    let mut winners = batch.bids.clone();
    winners.sort_by_key(|bid| bid.bidder);
    winners.dedup_by_key(|bid| bid.bidder);
    let settlement = plan(&campaign, &winners, checkpoint, Timestamp::from_millis(7));
    let settled = ledger.commit_settlement(&settlement, TOKEN).await.unwrap();
    assert_eq!(settled, Settlement::Committed);
    drop(ledger);

    let ledger = SqliteLedger::open(&path).unwrap();
    let seed = ledger.begin_epoch(campaign.id).await.unwrap().unwrap();
    assert_eq!(seed.bids, batch.bids);
    assert_eq!(seed.campaign.phase, Phase::Settled);
    let orders = ledger.orders_in(campaign.id, ALL).await.unwrap();
    assert_eq!(orders.items, settlement.orders);
    assert_eq!(ledger.outbox(100).await.unwrap().len(), 11);
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!(stock.held.get(), 10);
}

#[tokio::test]
async fn a_bid_id_is_refused_twice_also_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let ledger = SqliteLedger::open(&path).unwrap();
    let (campaign, epoch) = open_campaign(&ledger, 1, 10).await;
    ledger
        .record(campaign.id, &stretch(epoch, 0, 10))
        .await
        .unwrap();
    drop(ledger);

    let ledger = SqliteLedger::open(&path).unwrap();
    let mut batch = stretch(epoch, 10, 12);
    batch.bids[1].id = bid(3, 1_000).id;
    let refused = ledger.record(campaign.id, &batch).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Conflict);
    assert_eq!(
        ledger.checkpoint(campaign.id).await.unwrap(),
        Sequence::new(10)
    );
    // What the refused batch brought along is free again.
    ledger
        .record(campaign.id, &stretch(epoch, 10, 12))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_history_is_found_across_stretches_and_gaps() {
    let ledger = SqliteLedger::open(":memory:").unwrap();
    let (campaign, epoch) = open_campaign(&ledger, 1, 10).await;
    let sequences = [1, 4_095, 4_096, 4_097, 20_000, 1 << 40, i64::MAX as u64];
    let mut batch = stretch(epoch, 0, 0);
    batch.through = Sequence::new(i64::MAX as u64);
    batch.bids = sequences.iter().map(|sequence| bid(*sequence, 1)).collect();
    ledger.record(campaign.id, &batch).await.unwrap();
    let history = ledger.bids_of(campaign.id, bidder(0), ALL).await.unwrap();
    assert_eq!(history.total, 7);
    let found: Vec<_> = history.items.iter().map(|bid| bid.sequence.get()).collect();
    assert_eq!(found, sequences.into_iter().rev().collect::<Vec<_>>());
    let page = flashbid_core::store::Page { skip: 2, limit: 2 };
    let history = ledger.bids_of(campaign.id, bidder(0), page).await.unwrap();
    let found: Vec<_> = history.items.iter().map(|bid| bid.sequence.get()).collect();
    assert_eq!((found, history.total), (vec![20_000, 4_097], 7));
}
