//! What survives the sudden death of the server, or of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::{SettlementPlan, plan};
use flashbid_core::store::{Ledger, Settlement, StoreResult};
use flashbid_core::time::Timestamp;
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::{Postgres, Proxy};

use crate::common::{ALL, TOKEN, bidder, open_campaign, product, scramble, stretch};
use crate::servers;

const BATCH: u64 = 32;
pub(crate) const KILLS: u64 = 6;

/// Asks until the answer is known, as the engine does.
pub(crate) async fn until_known<T, F: Future<Output = StoreResult<T>>>(ask: impl Fn() -> F) -> T {
    for _ in 0..200 {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) if error.may_retry() => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}: {:?}", error.source),
        }
    }
    panic!("the server does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_acknowledged_bid() {
    let postgres = Arc::new(Postgres::start());
    let ledger = servers::connect(&postgres.database()).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 10).await;
    let id = campaign.id;
    let (next, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let recorders: Vec<_> = (0..4)
        .map(|_| {
            let (ledger, next, over) = (ledger.clone(), next.clone(), over.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    let after = next.fetch_add(BATCH, Ordering::SeqCst);
                    let batch = stretch(epoch, after, after + BATCH);
                    until_known(|| ledger.record(id, &batch)).await;
                }
            })
        })
        .collect();
    for kill in 0..KILLS {
        let so_far = next.load(Ordering::SeqCst);
        while next.load(Ordering::SeqCst) < so_far + 10 * BATCH {
            tokio::time::sleep(Duration::from_millis(1 + scramble(kill) % 10)).await;
        }
        // The server dies between two requests, or in the middle of one.
        let server = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || server.restart())
            .await
            .unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for recorder in recorders {
        recorder.await.unwrap();
    }
    // Each batch was acknowledged in the end, and is there once.
    let last = next.load(Ordering::SeqCst);
    let recorded = until_known(|| ledger.bids(id, Sequence::ZERO, u32::MAX)).await;
    assert_eq!(recorded, stretch(epoch, 0, last).bids);
    assert_eq!(ledger.checkpoint(id).await.unwrap().get(), last);
}

const WINNERS: u32 = 800;

/// A campaign that waits for its plan.
async fn sealed(ledger: &PostgresLedger, number: u128) -> (Campaign, SettlementPlan) {
    let (campaign, epoch) = open_campaign(ledger, number, WINNERS).await;
    let mut batch = stretch(epoch, 0, u64::from(WINNERS) + 10);
    for bid in &mut batch.bids {
        bid.bidder = bidder(bid.sequence.get());
    }
    ledger.record(campaign.id, &batch).await.unwrap();
    let sealing = ledger.transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN);
    assert!(sealing.await.unwrap());
    let campaign = ledger.campaign(campaign.id).await.unwrap().unwrap();
    let plan = plan(
        &campaign,
        &batch.bids,
        batch.through,
        Timestamp::from_millis(7),
    );
    assert_eq!(plan.orders.len(), WINNERS as usize);
    (campaign, plan)
}

/// Whether the plan is in the ledger: wholly or not at all.
async fn is_settled(ledger: &PostgresLedger, campaign: &Campaign, plan: &SettlementPlan) -> bool {
    let found = until_known(|| ledger.campaign(campaign.id)).await;
    let orders = ledger.orders_in(campaign.id, ALL).await.unwrap().items;
    let settled = found.unwrap().phase == Phase::Settled;
    assert_eq!(
        orders,
        if settled {
            plan.orders.clone()
        } else {
            Vec::new()
        }
    );
    settled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_of_a_killed_server_is_all_or_nothing() {
    let postgres = Arc::new(Postgres::start());
    let ledger = servers::connect(&postgres.database()).await;
    for number in 0..u128::from(KILLS) {
        let (campaign, plan) = sealed(&ledger, number).await;
        let settling = tokio::spawn({
            let (ledger, plan) = (ledger.clone(), plan.clone());
            async move { ledger.commit_settlement(&plan, TOKEN).await }
        });
        tokio::time::sleep(Duration::from_millis(u64::try_from(number).unwrap() * 6)).await;
        let server = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || server.restart())
            .await
            .unwrap();
        let answer = settling.await.unwrap();
        let settled = is_settled(&ledger, &campaign, &plan).await;
        match answer.map_err(|error| error.kind) {
            Ok(_) => assert!(settled),
            Err(StoreErrorKind::Unavailable) => assert!(!settled),
            Err(kind) => assert_eq!(kind, StoreErrorKind::Indeterminate),
        }
        let again = until_known(|| ledger.commit_settlement(&plan, TOKEN)).await;
        if settled {
            assert_eq!(again, Settlement::AlreadySettled);
        }
        assert!(is_settled(&ledger, &campaign, &plan).await);
    }
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!(u64::from(stock.held.get()), KILLS * u64::from(WINNERS));
    let told = ledger.outbox(u32::MAX).await.unwrap();
    assert_eq!(told.len() as u64, KILLS * (u64::from(WINNERS) + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_whose_connection_is_cut_says_what_is_known() {
    let proxy = Proxy::start(Postgres::shared().port());
    let url = servers::database();
    let ledger = servers::connect(&proxy.url(&url)).await;
    for number in 0..8 {
        let (campaign, plan) = sealed(&ledger, number).await;
        let settling = tokio::spawn({
            let (ledger, plan) = (ledger.clone(), plan.clone());
            async move { ledger.commit_settlement(&plan, TOKEN).await }
        });
        tokio::time::sleep(Duration::from_millis(u64::try_from(number).unwrap() * 8)).await;
        proxy.cut();
        let answer = settling.await.unwrap().map_err(|error| error.kind);
        let again = until_known(|| ledger.commit_settlement(&plan, TOKEN)).await;
        match answer {
            Ok(first) => assert_eq!(
                (first, again),
                (Settlement::Committed, Settlement::AlreadySettled)
            ),
            Err(StoreErrorKind::Unavailable) => assert_eq!(again, Settlement::Committed),
            Err(kind) => assert_eq!(kind, StoreErrorKind::Indeterminate),
        }
        assert!(is_settled(&ledger, &campaign, &plan).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_settle_once() {
    let url = servers::database();
    let nodes = [servers::connect(&url).await, servers::connect(&url).await];
    for number in 0..5 {
        let (campaign, plan) = sealed(&nodes[0], number).await;
        let settling = nodes.clone().map(|node| {
            let plan = plan.clone();
            tokio::spawn(async move { node.commit_settlement(&plan, TOKEN).await })
        });
        let mut answers = Vec::new();
        for answer in settling {
            answers.push(answer.await.unwrap().unwrap());
        }
        answers.sort_by_key(|answer| *answer == Settlement::AlreadySettled);
        assert_eq!(answers, [Settlement::Committed, Settlement::AlreadySettled]);
        assert!(is_settled(&nodes[1], &campaign, &plan).await);
    }
    let held = Postgres::shared().sql(
        servers::name(&url),
        "SELECT count(*), sum(units) FROM orders WHERE hold = id",
    );
    assert_eq!(held, format!("{0}|{0}", 5 * WINNERS));
}
