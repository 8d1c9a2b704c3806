//! Somebody changes the counters by hand: each change is found, recorded, and put right, and nothing is sold twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flashbid_core::Durability;
use flashbid_core::discrepancy::DiscrepancyKind;
use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::stock::{Hold, HoldState};
use flashbid_core::store::{GateContents, Ledger, StockGate};
use uuid::Uuid;

use crate::shop::{ALL, Shop, buy, buyer, hold_of, level, payment, units};

/// Ten units, of which one is sold, two are held, and two buyers have them.
async fn selling(shop: &Shop) -> CampaignId {
    let campaign = shop.sale(10, 10, Some(5)).await;
    let engine = shop.engine();
    engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    let paid = engine.purchase(campaign, buy(2, 1, "a")).await.unwrap();
    let order = paid.hold.id.into();
    engine.pay(order, payment("card")).await.unwrap();
    campaign
}

async fn contents(shop: &Shop, campaign: CampaignId) -> GateContents {
    shop.hot.contents(campaign).await.unwrap().unwrap()
}

fn stray(state: HoldState) -> Hold {
    Hold {
        id: HoldId::new(Uuid::from_u128(u128::MAX)),
        bidder: buyer(7),
        units: units(2),
        taken_at: crate::shop::START,
        expires_at: crate::shop::START.after(Duration::from_hours(100)),
        state,
    }
}

/// A change by hand, with the kind and the subject of what is found then.
type Tampering = (
    &'static str,
    fn(&mut GateContents),
    DiscrepancyKind,
    fn(CampaignId) -> Uuid,
);

const TAMPERINGS: [Tampering; 10] = [
    (
        "raised",
        |of| of.level.available = units(9),
        DiscrepancyKind::Counter,
        CampaignId::uuid,
    ),
    (
        "lowered",
        |of| of.level.available = units(0),
        DiscrepancyKind::Counter,
        CampaignId::uuid,
    ),
    (
        "sold less",
        |of| of.level = level(8, 2, 0),
        DiscrepancyKind::Counter,
        CampaignId::uuid,
    ),
    (
        "a buyer with more",
        |of| of.taken[0].1 = units(5),
        DiscrepancyKind::Buyer,
        |_| buyer(1).uuid(),
    ),
    (
        "a buyer with nothing",
        |of| of.taken.clear(),
        DiscrepancyKind::Buyer,
        |_| buyer(2).uuid(),
    ),
    (
        "another quota",
        |of| {
            of.quota = units(12);
            of.level.available = units(9);
        },
        DiscrepancyKind::Quota,
        CampaignId::uuid,
    ),
    (
        "a hold missing",
        |of| {
            of.holds.retain(|hold| hold.bidder != buyer(1));
            of.taken.retain(|(bidder, _)| *bidder != buyer(1));
            of.level = level(9, 0, 1);
        },
        DiscrepancyKind::HoldMissing,
        |campaign| hold_of(campaign, 1, "a").uuid(),
    ),
    (
        "a stray hold",
        |of| {
            of.holds.push(stray(HoldState::Held));
            of.taken.push((buyer(7), units(2)));
            of.level = level(5, 4, 1);
        },
        DiscrepancyKind::HoldUnknown,
        |_| stray(HoldState::Held).id.uuid(),
    ),
    (
        "a stray sale",
        |of| {
            of.holds.push(stray(HoldState::Consumed));
            of.taken.push((buyer(7), units(2)));
            of.level = level(5, 2, 3);
        },
        DiscrepancyKind::HoldUnknown,
        |_| stray(HoldState::Held).id.uuid(),
    ),
    (
        "a hold given back",
        |of| {
            for hold in of.holds.iter_mut().filter(|hold| hold.bidder == buyer(1)) {
                hold.state = HoldState::Released;
            }
            of.taken.retain(|(bidder, _)| *bidder != buyer(1));
            of.level = level(9, 0, 1);
        },
        DiscrepancyKind::HoldState,
        |campaign| hold_of(campaign, 1, "a").uuid(),
    ),
];

#[tokio::test(start_paused = true)]
async fn each_change_by_hand_is_found_recorded_and_put_right() {
    for (name, change, kind, subject) in TAMPERINGS {
        let shop = Shop::open();
        let campaign = selling(&shop).await;
        let before = contents(&shop, campaign).await;
        shop.hot.gate().tamper(campaign, change).unwrap();
        // A hold that is nothing may be under way for a minute.
        shop.clock.advance(Duration::from_mins(2));
        let engine = shop.engine();

        let tampered = contents(&shop, campaign).await;
        assert_ne!(tampered, before, "{name}");
        let dry = engine.reconcile(campaign, false).await.unwrap();
        let found = |kinds: &[flashbid_core::discrepancy::Discrepancy]| {
            kinds
                .iter()
                .any(|found| (found.kind, found.subject) == (kind, subject(campaign)))
        };
        assert!(found(&dry.found), "{name}: {dry:?}");
        assert_eq!(dry.left, dry.found, "{name}");
        assert_eq!(contents(&shop, campaign).await, tampered, "{name}: dry");
        let open = engine.discrepancies(true, ALL).await.unwrap().items;
        assert!(found(&open), "{name}: {open:?}");

        let fixed = engine.reconcile(campaign, true).await.unwrap();
        assert!(found(&fixed.found), "{name}: {fixed:?}");
        assert_eq!(fixed.left, [], "{name}");
        let mut after = contents(&shop, campaign).await;
        after
            .holds
            .retain(|hold| hold.bidder != buyer(7) || hold.state != HoldState::Released);
        assert_eq!(after, before, "{name}");
        let open = engine.discrepancies(true, ALL).await.unwrap();
        assert_eq!(open.total, 0, "{name}: {open:?}");
        let all = engine.discrepancies(false, ALL).await.unwrap().items;
        assert_eq!(all.len(), dry.found.len(), "{name}: each is noted once");
        assert!(all.iter().all(|one| one.resolved_at.is_some()), "{name}");
        shop.assert_agrees(campaign, name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_counter_that_was_deleted_is_loaded_again() {
    let shop = Shop::open();
    let campaign = selling(&shop).await;
    let before = contents(&shop, campaign).await;
    shop.hot.unload(campaign).await.unwrap();
    let reconciled = shop.engine().reconcile(campaign, true).await.unwrap();
    assert_eq!(reconciled.found, []);
    assert_eq!(contents(&shop, campaign).await, before);
}

/// What is under way is no discrepancy: a line of a cart whose node died, and a purchase that waits.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_left_alone_and_what_died_is_given_back() {
    let shop = Shop::open();
    let campaign = selling(&shop).await;
    let other = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    node.ledger().away();
    shop.engine().gate_stats(other).await.unwrap();
    node.ledger().heal();
    let lost = node.ledger().calls_of("commit_purchases") + 1;
    node.ledger().lose_request("commit_purchases", lost);
    node.ledger().lose_request("commit_purchases", lost + 1);
    let lines = [(campaign, 1), (other, 1)];
    let died = crate::shop::cart(3, None, &lines);
    node.engine.purchase_cart(died).await.unwrap_err();
    let waits = node.engine.purchase(campaign, buy(4, 1, "a")).await;
    waits.unwrap_err();
    let engine = shop.engine();
    let reconciled = engine.reconcile(campaign, true).await.unwrap();
    assert_eq!(reconciled.found, []);

    shop.clock.advance(Duration::from_mins(2));
    for of in [campaign, other] {
        let reconciled = engine.reconcile(of, true).await.unwrap();
        let kinds: Vec<_> = reconciled.found.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [DiscrepancyKind::HoldUnknown]);
        assert_eq!(reconciled.left, []);
    }
    engine.dispatch(campaign).await.unwrap();
    assert_eq!(shop.orders(campaign).await.len(), 3);
    assert_eq!(shop.orders(other).await.len(), 0);
    for of in [campaign, other] {
        shop.assert_agrees(of, "given back").await;
    }
}

/// The units that a sale gives back at its end made its counter look as if it had been changed.
#[tokio::test(start_paused = true)]
async fn a_sale_that_is_over_agrees_with_its_counter() {
    let shop = Shop::open();
    let campaign = selling(&shop).await;
    let engine = shop.engine();
    shop.clock.advance(crate::shop::LENGTH);
    engine.tend().await.unwrap();
    assert!(shop.hot.level(campaign).await.unwrap().is_some());
    let reconciled = engine.reconcile(campaign, true).await.unwrap();
    assert_eq!(reconciled.found, []);
    shop.assert_agrees(campaign, "over").await;
}

/// The counter did not hear that an order had lost its units, and they were taken again under another hold: nothing
/// would ever have given back the first.
#[tokio::test(start_paused = true)]
async fn a_hold_without_the_units_of_its_order_is_given_back() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    let bought = node.engine.purchase(campaign, buy(1, 1, "a")).await;
    let id = bought.unwrap().hold.id.into();
    for nth in 1..=2 {
        node.hot().lose_request("release", nth);
    }
    node.engine.cancel(id).await.unwrap();
    node.engine.pay(id, payment("late")).await.unwrap();
    shop.clock.advance(Duration::from_mins(2));
    let reconciled = node.engine.reconcile(campaign, true).await.unwrap();
    let kinds: Vec<_> = reconciled.found.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [DiscrepancyKind::HoldState]);
    assert_eq!(reconciled.left, []);
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(4, 0, 1), Some(level(4, 0, 1))));
}

/// Buys, pays and calls off, again and again, until it is over.
async fn busy(shop: &Shop, campaign: CampaignId, over: Arc<AtomicBool>, of: u64) {
    let engine = shop.node(Durability::Ledger).engine;
    let mut number = of * 1_000_000;
    while !over.load(Ordering::Relaxed) {
        number += 1;
        match engine.purchase(campaign, buy(number, 1, "a")).await {
            Ok(bought) if !number.is_multiple_of(50) => {
                engine.cancel(bought.hold.id.into()).await.unwrap();
            }
            Ok(bought) => {
                let id = bought.hold.id.into();
                engine.pay(id, payment("card")).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_people_buy_nothing_is_found_and_a_raised_counter_is_put_right_without_an_oversell() {
    let shop = Arc::new(Shop::open());
    let campaign = shop.sale(2_000, 1_000, None).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut buyers = tokio::task::JoinSet::new();
    for of in 1..=3 {
        let (shop, over) = (shop.clone(), over.clone());
        buyers.spawn(async move { busy(&shop, campaign, over, of).await });
    }
    let engine = shop.engine();
    let mut passes = 0;
    while passes < 40 || shop.levels(campaign).await.0.sold < units(30) {
        let found = engine.compare(campaign).await.unwrap();
        assert_eq!(found, [], "pass {passes}");
        passes += 1;
    }
    // What was sold looks available.
    let raise = |of: &mut GateContents| {
        let sold = std::mem::take(&mut of.level.sold);
        assert_ne!(sold, units(0));
        of.level.available = of.level.available.plus(sold).unwrap();
    };
    shop.hot.gate().tamper(campaign, raise).unwrap();
    let reconciling = engine.clone();
    let reconciled = tokio::spawn(async move { reconciling.reconcile(campaign, true).await });
    let reconciled = reconciled.await.unwrap().unwrap();
    let kinds: Vec<_> = reconciled.found.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [DiscrepancyKind::Counter]);
    assert_eq!(reconciled.left, []);
    over.store(true, Ordering::Relaxed);
    while let Some(done) = buyers.join_next().await {
        done.unwrap();
    }
    // Everything is sold out, and no more than there was.
    for number in 0..1_000 {
        let request = buy(number, 1, "rest");
        if engine.purchase(campaign, request).await.is_err() {
            break;
        }
    }
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!(counter, Some(stock));
    assert_eq!(stock.loaded(), 1_000);
    assert_eq!(stock.available, units(0));
    shop.assert_agrees(campaign, "sold out").await;
    let stopped = shop.ledger.discrepancies(true, ALL).await.unwrap();
    assert_eq!(stopped.total, 0);
}
