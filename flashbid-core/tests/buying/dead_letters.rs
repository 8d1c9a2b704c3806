//! A purchase that the ledger refuses for good: it is set aside, and hinders nobody.

use std::time::Duration;

use flashbid_core::campaign::Phase;
use flashbid_core::conformance::Loss;
use flashbid_core::id::CampaignId;
use flashbid_core::order::OrderStatus;
use flashbid_core::store::{Ledger, StockGate};
use flashbid_core::{Durability, StoreErrorKind};

use crate::shop::{ALL, LENGTH, Node, Shop, buy, hold_of, level, payment, statuses};

/// Five purchases, of which the third cannot be made an order.
async fn refused(shop: &Shop) -> (CampaignId, Node) {
    let campaign = shop.sale(10, 10, None).await;
    let node = shop.node(Durability::Hot);
    node.ledger().refuse(hold_of(campaign, 2, "a"));
    for number in 0..5 {
        let bought = node.engine.purchase(campaign, buy(number, 1, "a")).await;
        bought.unwrap();
    }
    (campaign, node)
}

/// The same, set aside.
async fn set_aside(shop: &Shop) -> (CampaignId, Node) {
    let (campaign, node) = refused(shop).await;
    for _ in 0..5 {
        node.engine.dispatch(campaign).await.unwrap();
        shop.clock.advance(Duration::from_secs(20));
    }
    let letters = node.engine.dead_letters(ALL).await.unwrap();
    assert_eq!(letters.total, 1);
    (campaign, node)
}

#[tokio::test]
async fn neighbours_of_a_refused_purchase_become_orders_and_it_is_set_aside_after_growing_waits() {
    let shop = Shop::open();
    let (campaign, node) = refused(&shop).await;
    let poisoned = hold_of(campaign, 2, "a");
    assert_eq!(node.engine.dispatch(campaign).await.unwrap(), 1);
    let orders = shop.orders(campaign).await;
    assert_eq!(orders.len(), 4);
    assert!(orders.iter().all(|order| order.hold != poisoned));
    // Tried once. The further tries come 1, 2, 4 and 8 seconds after the one before, and no sooner.
    for wait in [1_000, 2_000, 4_000, 8_000] {
        shop.clock.advance(Duration::from_millis(wait - 1));
        let tries = node.ledger().calls_of("commit_purchases");
        assert_eq!(node.engine.dispatch(campaign).await.unwrap(), 1);
        assert_eq!(node.ledger().calls_of("commit_purchases"), tries);
        shop.clock.advance(Duration::from_millis(1));
        let waiting = node.engine.dispatch(campaign).await.unwrap();
        assert_eq!(node.ledger().calls_of("commit_purchases"), tries + 1);
        assert_eq!(waiting, usize::from(wait < 8_000), "{wait}");
    }
    let letters = node.engine.dead_letters(ALL).await.unwrap().items;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].hold.id, letters[0].attempts), (poisoned, 5));
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(6, 4, 0), Some(level(5, 5, 0))));
    let differing = node.engine.compare(campaign).await.unwrap();
    assert_eq!(differing, [], "what is set aside is no discrepancy");
}

#[tokio::test]
async fn a_store_that_is_away_sets_nothing_aside() {
    let shop = Shop::open();
    let campaign = shop.sale(10, 10, None).await;
    let node = shop.node(Durability::Hot);
    node.ledger().away();
    shop.engine().gate_stats(campaign).await.unwrap();
    let buyer = shop.node(Durability::Ledger);
    buyer.ledger().lose_request("commit_purchases", 1);
    let bought = buyer.engine.purchase(campaign, buy(1, 1, "a")).await;
    bought.unwrap_err();
    for _ in 0..10 {
        node.engine.dispatch(campaign).await.unwrap_err();
        shop.clock.advance(Duration::from_secs(20));
    }
    node.ledger().heal();
    assert_eq!(node.engine.dispatch(campaign).await.unwrap(), 0);
    assert_eq!(shop.orders(campaign).await.len(), 1);
    assert_eq!(node.engine.dead_letters(ALL).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_dead_letter_is_replayed_once_its_cause_is_gone() {
    let shop = Shop::open();
    let (campaign, node) = set_aside(&shop).await;
    let hold = hold_of(campaign, 2, "a");
    let failed = node.engine.replay_dead_letter(hold).await.unwrap_err();
    let conflict = |error: &flashbid_core::Error| matches!(error, flashbid_core::Error::Store(error) if error.kind == StoreErrorKind::Conflict);
    assert!(conflict(&failed), "{failed}");
    assert_eq!(node.engine.dead_letters(ALL).await.unwrap().total, 1);
    node.ledger().heal();
    let order = node.engine.replay_dead_letter(hold).await.unwrap().unwrap();
    assert_eq!(order.status, OrderStatus::PendingPayment);
    assert!(order.pay_by > shop.clock_now().after(Duration::from_mins(9)));
    assert_eq!(node.engine.replay_dead_letter(hold).await.unwrap(), None);
    let paid = node.engine.pay(order.id, payment("card")).await.unwrap();
    assert_eq!(paid.status, OrderStatus::Paid);
    shop.assert_agrees(campaign, "replayed").await;
}

#[tokio::test]
async fn the_units_of_a_dead_letter_are_kept_when_the_sale_ends_and_replayed_then() {
    let shop = Shop::open();
    let (campaign, node) = set_aside(&shop).await;
    shop.clock.advance(LENGTH);
    for _ in 0..2 {
        for (_, tended) in node.engine.tend().await.unwrap() {
            tended.unwrap();
        }
    }
    let found = shop.ledger.campaign(campaign).await.unwrap().unwrap();
    assert_eq!(found.phase, Phase::Settled);
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(1, 0, 0), level(9, 1, 0)));
    node.ledger().heal();
    let order = node
        .engine
        .replay_dead_letter(hold_of(campaign, 2, "a"))
        .await;
    let order = order.unwrap().unwrap();
    node.engine.pay(order.id, payment("card")).await.unwrap();
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(0, 0, 1), level(9, 0, 1)));
    assert_eq!(statuses(&shop.orders(campaign).await).len(), 5);
    shop.assert_agrees(campaign, "replayed after the end").await;
}

#[tokio::test]
async fn the_units_of_a_dropped_dead_letter_are_for_others() {
    for ended in [false, true] {
        let shop = Shop::open();
        let (campaign, node) = set_aside(&shop).await;
        if ended {
            shop.clock.advance(LENGTH);
            node.engine.tend().await.unwrap();
        }
        let hold = hold_of(campaign, 2, "a");
        let dropped = node.engine.drop_dead_letter(hold).await.unwrap();
        assert_eq!(dropped.map(|letter| letter.hold.id), Some(hold));
        assert_eq!(node.engine.drop_dead_letter(hold).await.unwrap(), None);
        if ended {
            node.engine.tend().await.unwrap();
            let (stock, product, _) = shop.levels(campaign).await;
            assert_eq!((stock, product), (level(0, 0, 0), level(10, 0, 0)));
        } else {
            let counter = shop.hot.level(campaign).await.unwrap().unwrap().level;
            assert_eq!(counter, level(6, 4, 0));
        }
        // The purchase is over for good.
        node.ledger().heal();
        assert_eq!(node.engine.replay_dead_letter(hold).await.unwrap(), None);
        shop.assert_agrees(campaign, "dropped").await;
    }
}

/// The answer to a drop was lost, the second try found nothing to drop, and nobody gave back the units of the counter.
#[tokio::test]
async fn a_drop_whose_answer_was_lost_gives_the_units_back() {
    let shop = Shop::open();
    let (campaign, node) = set_aside(&shop).await;
    let mut options = flashbid_core::engine::Options::default();
    options.retries = 3;
    let patient = shop.node_with(Durability::Ledger, options);
    let lost = patient.ledger().calls_of("drop_dead_letter") + 1;
    patient.ledger().lose_response("drop_dead_letter", lost);
    let hold = hold_of(campaign, 2, "a");
    let dropped = patient.engine.drop_dead_letter(hold).await.unwrap();
    assert_eq!(dropped.map(|letter| letter.hold.id), Some(hold));
    assert_eq!(patient.ledger().lost(), 1);
    drop(node);
    let counter = shop.hot.level(campaign).await.unwrap().unwrap().level;
    assert_eq!(counter, level(6, 4, 0));
}

#[tokio::test]
async fn setting_aside_goes_on_after_a_failure_at_any_of_its_steps() {
    for operation in ["set_aside", "acknowledge"] {
        for loss in [Loss::Request, Loss::Response] {
            let shop = Shop::open();
            let (campaign, node) = refused(&shop).await;
            for _ in 0..4 {
                node.engine.dispatch(campaign).await.unwrap();
                shop.clock.advance(Duration::from_secs(20));
            }
            let faults = if operation == "set_aside" {
                node.ledger()
            } else {
                node.hot()
            };
            let next = faults.calls_of(operation) + 1;
            match loss {
                Loss::Request => faults.lose_request(operation, next),
                Loss::Response => faults.lose_response(operation, next),
            }
            node.engine.dispatch(campaign).await.unwrap_err();
            shop.clock.advance(Duration::from_mins(1));
            assert_eq!(node.engine.dispatch(campaign).await.unwrap(), 0);
            assert_eq!(node.engine.dead_letters(ALL).await.unwrap().total, 1);
            let stats = node.engine.gate_stats(campaign).await.unwrap();
            assert_eq!((stats.pending, stats.level), (0, level(5, 5, 0)));
        }
    }
}
