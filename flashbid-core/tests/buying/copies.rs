//! Copies of campaigns: many ask and one reads, and what is changed is seen everywhere.

use std::time::Duration;

use flashbid_core::campaign::Guards;
use flashbid_core::conformance::{Faults, Moment};
use flashbid_core::engine::Options;
use flashbid_core::id::CampaignId;
use flashbid_core::store::Ledger;
use flashbid_core::{Durability, Error, Rejection, StoreErrorKind};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::shop::{Node, Shop, rejection};

const TICKETS: Guards = Guards {
    ticket: true,
    captcha: false,
};

async fn guards(node: &Node, campaign: CampaignId) -> Guards {
    node.engine.known_campaign(campaign).await.unwrap().guards
}

/// A thousand at once ask for a campaign, and are told whether there is one.
async fn ask(node: &Node, campaign: CampaignId) -> usize {
    let mut asking = JoinSet::new();
    for _ in 0..1_000 {
        let engine = node.engine.clone();
        asking.spawn(async move { engine.known_campaign(campaign).await });
    }
    let told = asking.join_all().await;
    told.into_iter()
        .filter(|told| match told {
            Ok(found) => found.id == campaign,
            Err(Error::Rejected(Rejection::UnknownCampaign)) => false,
            Err(error) => panic!("{error}"),
        })
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_miss_a_campaign_read_the_ledger_once() {
    let mut shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    shop.lose_hot();
    let node = shop.node(Durability::Ledger);
    assert_eq!(ask(&node, campaign).await, 1_000);
    assert_eq!(node.ledger().calls_of("campaign"), 1);
    // Another node finds the copy that this one left.
    let other = shop.node(Durability::Ledger);
    assert_eq!(ask(&other, campaign).await, 1_000);
    assert_eq!(other.ledger().calls(), 0);
    assert_eq!(other.hot().calls_of("cached"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_ask_for_what_is_not_there_read_the_ledger_once() {
    let shop = Shop::open();
    // Long enough for a slow machine, and as short as any other time.
    let mut options = Options::default();
    options.absent = Duration::from_mins(1);
    let node = shop.node_with(Durability::Ledger, options);
    let nothing = CampaignId::new(Uuid::from_u128(1));
    assert_eq!(ask(&node, nothing).await, 0);
    assert_eq!(node.ledger().calls_of("campaign"), 1);
}

#[tokio::test(start_paused = true)]
async fn changed_guards_are_seen_at_once_here_and_within_a_second_elsewhere() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let (here, there) = (shop.node(Durability::Ledger), shop.node(Durability::Ledger));
    for node in [&here, &there] {
        assert_eq!(guards(node, campaign).await, Guards::default());
    }
    let running = there.engine.clone();
    let work = tokio::spawn(async move {
        running
            .run(Duration::from_hours(1), std::future::pending())
            .await;
    });
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for guards_now in [TICKETS, Guards::default(), TICKETS] {
        here.engine.set_guards(campaign, guards_now).await.unwrap();
        let changed = Instant::now();
        assert_eq!(guards(&here, campaign).await, guards_now);
        while guards(&there, campaign).await != guards_now {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(changed.elapsed() < Duration::from_secs(1));
    }
    let refused = there
        .engine
        .purchase(campaign, crate::shop::buy(1, 1, "a"))
        .await;
    assert_eq!(rejection(refused), Rejection::TicketMissing);
    work.abort();
}

/// The work of a node hung in the ledger, and it did not hear of changes meanwhile.
#[tokio::test(start_paused = true)]
async fn changes_are_seen_while_the_ledger_hangs() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    guards(&node, campaign).await;
    let at = node.ledger().calls() + 1;
    node.ledger().pause_at(at, Moment::Before);
    let running = node.engine.clone();
    let work = tokio::spawn(async move {
        running
            .run(Duration::from_hours(1), std::future::pending())
            .await;
    });
    node.ledger().paused().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(guards(&node, campaign).await, Guards::default());
    let changed = shop.engine().set_guards(campaign, TICKETS).await;
    changed.unwrap();
    let changed = Instant::now();
    while guards(&node, campaign).await != TICKETS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(changed.elapsed() < Duration::from_secs(1));
    work.abort();
}

/// The process dies before or after each step of a change, and nobody says again that there was one.
#[tokio::test]
async fn a_death_in_the_middle_of_a_change_leaves_no_old_copy_for_longer_than_it_is_quiet() {
    let steps: [fn(&Node) -> std::sync::Arc<Faults>; 3] = [Node::hot, Node::ledger, Node::hot];
    for (step, faults) in steps.into_iter().enumerate() {
        for moment in [Moment::Before, Moment::After] {
            let shop = Shop::open();
            let campaign = shop.sale(5, 5, None).await;
            let mut options = Options::default();
            options.absent = Duration::from_millis(20);
            let other = shop.node_with(Durability::Ledger, options);
            assert_eq!(guards(&other, campaign).await, Guards::default());
            let running = other.engine.clone();
            let work = tokio::spawn(async move {
                running
                    .run(Duration::from_hours(1), std::future::pending())
                    .await;
            });
            let dying = shop.node(Durability::Ledger);
            let faults = faults(&dying);
            faults.pause_at(if step == 2 { 2 } else { 1 }, moment);
            tokio::select! {
                changed = dying.engine.set_guards(campaign, TICKETS) => panic!("{changed:?}"),
                () = faults.paused() => {}
            }
            // Whoever asks meanwhile may have found what was before.
            other.engine.known_campaign(campaign).await.unwrap();
            shop.clock.advance(Duration::from_secs(10));

            let truth = shop.ledger.campaign(campaign).await.unwrap();
            let truth = truth.unwrap().guards;
            let context = format!("step {step}, {moment:?}");
            let fresh = shop.node(Durability::Ledger);
            assert_eq!(guards(&fresh, campaign).await, truth, "{context}");
            let seen = async {
                while guards(&other, campaign).await != truth {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let seen = timeout(Duration::from_secs(10), seen).await;
            seen.unwrap_or_else(|_| panic!("an old copy stays: {context}"));
            work.abort();
        }
    }
}

#[tokio::test]
async fn without_the_hot_store_campaigns_are_read_and_guards_stay_as_they_are() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    node.hot().away();
    assert_eq!(guards(&node, campaign).await, Guards::default());
    let refused = node.engine.set_guards(campaign, TICKETS).await;
    assert!(
        matches!(refused, Err(Error::Store(error)) if error.kind == StoreErrorKind::Unavailable)
    );
    let found = shop.ledger.campaign(campaign).await.unwrap().unwrap();
    assert_eq!(found.guards, Guards::default());
}

/// Guards were changed and nobody could be told so any more: it was answered that nothing had been applied.
#[tokio::test]
async fn a_change_that_could_not_be_told_is_not_said_to_be_none() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    node.hot().lose_request("change", 2);
    let changed = node.engine.set_guards(campaign, TICKETS).await;
    assert!(
        matches!(changed, Err(Error::Store(error)) if error.kind == StoreErrorKind::Indeterminate)
    );
    assert_eq!(guards(&node, campaign).await, TICKETS);
    let again = node.engine.set_guards(campaign, TICKETS).await.unwrap();
    assert_eq!(again.guards, TICKETS);
}
