//! The life of an order that was bought: paid, called off, expired, paid too late.

use std::pin::pin;
use std::time::Duration;

use flashbid_core::conformance::Moment;
use flashbid_core::id::CampaignId;
use flashbid_core::order::OrderStatus::{Cancelled, Expired, Paid, PendingPayment, RefundDue};
use flashbid_core::stock::HoldState;
use flashbid_core::store::StockGate;
use flashbid_core::{Durability, Rejection};

use crate::shop::{
    LENGTH, Shop, TO_PAY, buy, buyer, cart, hold_of, level, payment, rejection, statuses,
};

#[tokio::test]
async fn a_payment_counts_once_and_another_is_refused() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let engine = shop.engine();
    let bought = engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    let order = bought.order.unwrap();
    assert_eq!(order.status, PendingPayment);
    for _ in 0..3 {
        let paid = engine.pay(order.id, payment("card-1")).await.unwrap();
        assert_eq!(paid.status, Paid);
    }
    let other = engine.pay(order.id, payment("card-2")).await;
    assert_eq!(rejection(other), Rejection::PaidOtherwise);
    assert_eq!(
        rejection(engine.cancel(order.id).await),
        Rejection::OrderPaid
    );
    let (stock, product, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(3, 0, 2), Some(level(3, 0, 2))));
    assert_eq!(product, level(0, 3, 2));
    shop.assert_agrees(campaign, "paid").await;
}

#[tokio::test]
async fn an_order_is_called_off_once_and_its_units_are_for_others() {
    let shop = Shop::open();
    let campaign = shop.sale(2, 2, Some(2)).await;
    let engine = shop.engine();
    let order = engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    let order = order.order.unwrap();
    let sold_out = engine.purchase(campaign, buy(2, 1, "a")).await;
    assert_eq!(rejection(sold_out), Rejection::SoldOut);
    for _ in 0..2 {
        assert_eq!(engine.cancel(order.id).await.unwrap().status, Cancelled);
    }
    engine.purchase(campaign, buy(2, 1, "b")).await.unwrap();
    let again = engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    assert_eq!(again.order.unwrap().status, Cancelled, "the same key");
    assert_eq!(statuses(&shop.orders(campaign).await).len(), 2);
    shop.assert_agrees(campaign, "called off").await;
}

#[tokio::test]
async fn orders_expire_by_the_work_that_is_done_again_and_again() {
    let shop = Shop::open();
    let campaign = shop.sale(2, 2, None).await;
    let engine = shop.engine();
    let bought = engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    shop.clock.advance(TO_PAY);
    let (_, _, counter) = shop.levels(campaign).await;
    assert_eq!(counter, Some(level(0, 2, 0)), "nobody has looked yet");
    engine.tend().await.unwrap();
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(2, 0, 0), Some(level(2, 0, 0))));
    let order = shop.order(bought.hold.id.into()).await;
    assert_eq!(order.status, Expired);
    let again = engine.purchase(campaign, buy(1, 2, "a")).await.unwrap();
    assert_eq!(again.order, Some(order), "the same key, the same order");
    shop.assert_agrees(campaign, "expired").await;
}

#[tokio::test]
async fn a_payment_that_comes_late_gets_a_unit_while_one_is_left() {
    let shop = Shop::open();
    let campaign = shop.sale(1, 1, Some(1)).await;
    let engine = shop.engine();
    let bought = engine.purchase(campaign, buy(1, 1, "a")).await.unwrap();
    let id = bought.hold.id.into();
    shop.clock.advance(TO_PAY);
    engine.tend().await.unwrap();
    for _ in 0..2 {
        let paid = engine.pay(id, payment("late")).await.unwrap();
        assert_eq!(paid.status, Paid);
    }
    let sold_out = engine.purchase(campaign, buy(2, 1, "a")).await;
    assert_eq!(rejection(sold_out), Rejection::SoldOut);
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(0, 0, 1), Some(level(0, 0, 1))));
    shop.assert_agrees(campaign, "paid late").await;
}

#[tokio::test]
async fn a_payment_that_comes_late_is_refunded_when_none_is_left() {
    let shop = Shop::open();
    let campaign = shop.sale(1, 1, Some(1)).await;
    let engine = shop.engine();
    let bought = engine.purchase(campaign, buy(1, 1, "a")).await.unwrap();
    let id = bought.hold.id.into();
    shop.clock.advance(TO_PAY);
    engine.tend().await.unwrap();
    let second = engine.purchase(campaign, buy(2, 1, "a")).await.unwrap();
    let refund = engine.pay(id, payment("late")).await.unwrap();
    assert_eq!(refund.status, RefundDue);
    // The unit comes back, but a refund that was promised is not taken back.
    engine.cancel(second.hold.id.into()).await.unwrap();
    let refund = engine.pay(id, payment("late")).await.unwrap();
    assert_eq!(refund.status, RefundDue);
    let (stock, _, counter) = shop.levels(campaign).await;
    assert_eq!((stock, counter), (level(1, 0, 0), Some(level(1, 0, 0))));
    shop.assert_agrees(campaign, "refunded").await;
}

/// An order whose time was over and that nobody had expired yet was paid while it expired: the ledger sold it a unit
/// again that the counter had given to the next buyer, who had been told so.
#[tokio::test]
async fn a_payment_at_the_deadline_never_takes_the_unit_of_the_next_buyer() {
    let shop = Shop::open();
    let campaign = shop.sale(1, 1, None).await;
    let bought = shop.engine().purchase(campaign, buy(1, 1, "a")).await;
    let id = bought.unwrap().hold.id.into();
    shop.clock.advance(TO_PAY);
    let payer = shop.node(Durability::Hot);
    let faults = payer.ledger();
    let moving = reads_before_moving(&shop, campaign).await + 1;
    faults.pause_at(moving, Moment::Before);
    let mut paying = pin!(payer.engine.pay(id, payment("late")));
    tokio::select! {
        paid = &mut paying => panic!("{paid:?} without the ledger"),
        () = faults.paused() => {}
    }
    assert_eq!(faults.log().last(), Some(&"move_orders"));
    let other = shop.node(Durability::Hot);
    other.engine.tend().await.unwrap();
    // The next buyer's purchase waits when the payer goes on.
    other.ledger().lose_request("commit_purchases", 1);
    let next = other.engine.purchase(campaign, buy(2, 1, "b")).await;
    faults.resume();
    let paid = paying.await.unwrap().status;
    // Either of them has the unit, and whoever was told so keeps it.
    assert_eq!(paid == Paid, next.is_err(), "{paid:?} {next:?}");
    other.engine.tend().await.unwrap();
    let holding = shop.orders(campaign).await;
    let holding = holding.iter().filter(|order| order.status.holds_stock());
    assert_eq!(holding.count(), 1);
    shop.assert_agrees(campaign, "raced").await;
}

/// How often a payment at the deadline reads the ledger before it moves the order.
async fn reads_before_moving(shop: &Shop, campaign: CampaignId) -> usize {
    let node = shop.node(Durability::Hot);
    node.ledger().lose_request("move_orders", 1);
    let order = shop.orders(campaign).await[0].id;
    let lost = node.engine.pay(order, payment("late")).await;
    lost.unwrap_err();
    node.ledger().calls() - 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_payers_and_last_buyers_at_once_share_what_there_is() {
    for round in 0..20 {
        let shop = Shop::open();
        let campaign = shop.sale(3, 3, None).await;
        let node = shop.node(Durability::Ledger);
        let mut orders = Vec::new();
        for number in 0..3 {
            let bought = node.engine.purchase(campaign, buy(number, 1, "a")).await;
            orders.push(bought.unwrap().hold.id.into());
        }
        shop.clock.advance(TO_PAY);
        node.engine.tend().await.unwrap();
        let mut payers = tokio::task::JoinSet::new();
        let mut buyers = tokio::task::JoinSet::new();
        for id in orders {
            let engine = node.engine.clone();
            payers.spawn(async move { engine.pay(id, payment("late")).await.unwrap().status });
        }
        for number in 10..15 {
            let engine = node.engine.clone();
            buyers.spawn(async move { engine.purchase(campaign, buy(number, 1, "b")).await });
        }
        let paid = payers.join_all().await;
        let bought = buyers.join_all().await;
        let paid_for = paid.iter().filter(|status| **status == Paid).count();
        let bought = bought.iter().filter(|bought| bought.is_ok()).count();
        assert_eq!(paid_for + bought, 3, "round {round}: {paid:?}");
        shop.assert_agrees(campaign, "shared").await;
    }
}

/// An order had got its unit again under another hold. Its hot store was lost, and the buyer repeated the purchase: the
/// counter took the unit once more, under the first hold, and counted it as sold twice when its time was over.
#[tokio::test]
async fn a_purchase_that_is_repeated_after_the_hot_store_was_lost_takes_no_units_twice() {
    let mut shop = Shop::open();
    let one = shop.sale(3, 3, None).await;
    let two = shop.sale(3, 3, Some(1)).await;
    let engine = shop.engine();
    let wanted = cart(1, Some("cart"), &[(one, 1), (two, 1)]);
    let orders = engine.purchase_cart(wanted.clone()).await.unwrap();
    let alone = engine.purchase(one, buy(1, 1, "a")).await.unwrap();
    shop.clock.advance(TO_PAY);
    engine.tend().await.unwrap();
    let ids = orders.iter().map(|order| order.id);
    for id in ids.chain([alone.hold.id.into()]) {
        let paid = engine.pay(id, payment("late")).await.unwrap();
        assert_eq!(paid.status, Paid);
    }
    for _ in 0..2 {
        shop.lose_hot();
        let engine = shop.engine();
        let again = engine.purchase(one, buy(1, 1, "a")).await.unwrap();
        assert_eq!(again.order.unwrap().status, Paid);
        let again = engine.purchase_cart(wanted.clone()).await.unwrap();
        assert!(again.iter().all(|order| order.status == Paid));
        for (campaign, sold) in [(one, 2), (two, 1)] {
            let (stock, _, counter) = shop.levels(campaign).await;
            let expected = level(3 - sold, 0, sold);
            // What was bought before is told from the ledger; then the counter need not be loaded.
            assert_eq!((stock, counter.unwrap_or(expected)), (expected, expected));
        }
        shop.clock.advance(Duration::from_mins(1));
        engine.tend().await.unwrap();
        shop.assert_agrees(one, "repeated").await;
    }
}

/// The counter did not hear that an order had expired. It was paid late with another unit, and when the time of its
/// first hold was over, that counted as sold too.
#[tokio::test]
async fn a_hold_that_an_order_has_no_units_under_any_more_is_not_sold() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    let bought = node.engine.purchase(campaign, buy(1, 1, "a")).await;
    let hold = bought.unwrap().hold.id;
    shop.clock.advance(TO_PAY);
    for nth in 1..=2 {
        node.hot().lose_request("expire", nth);
    }
    node.engine.expire_orders().await.unwrap();
    let paid = node.engine.pay(hold.into(), payment("late")).await.unwrap();
    assert_eq!(paid.status, Paid);
    let (_, _, counter) = shop.levels(campaign).await;
    assert_eq!(counter, Some(level(3, 1, 1)));
    node.engine.tend().await.unwrap();
    let first = shop.hot.holds(campaign, &[hold]).await.unwrap()[0].unwrap();
    assert_eq!(first.state, HoldState::Expired);
    shop.assert_agrees(campaign, "swept").await;
}

#[tokio::test]
async fn a_hold_is_known_from_its_purchase_on() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let engine = shop.engine();
    let id = hold_of(campaign, 1, "a");
    assert_eq!(engine.hold_status(id).await.unwrap(), None);
    let node = shop.node(Durability::Ledger);
    node.ledger().lose_request("commit_purchases", 1);
    node.engine
        .purchase(campaign, buy(1, 1, "a"))
        .await
        .unwrap_err();
    let waiting = engine.hold_status(id).await.unwrap().unwrap();
    assert_eq!(
        (waiting.bidder(), waiting.fate.clone()),
        (Some(buyer(1)), None)
    );
    // Its counter may be gone meanwhile, as when the hot store was started again: what waits is not.
    shop.hot.unload(campaign).await.unwrap();
    assert_eq!(
        shop.engine().hold_status(id).await.unwrap(),
        Some(waiting.clone())
    );
    engine.dispatch(campaign).await.unwrap();
    let ordered = engine.hold_status(id).await.unwrap().unwrap();
    assert_eq!(ordered.bidder(), Some(buyer(1)));
    assert!(ordered.fate.is_some());
}

#[tokio::test]
async fn a_late_payer_gets_a_unit_of_the_product_after_the_end() {
    let shop = Shop::open();
    let campaign = shop.sale(2, 2, None).await;
    let engine = shop.engine();
    let bought = engine.purchase(campaign, buy(1, 1, "a")).await.unwrap();
    shop.clock.advance(LENGTH);
    engine.tend().await.unwrap();
    let (_, product, _) = shop.levels(campaign).await;
    assert_eq!(product, level(2, 0, 0));
    let paid = engine.pay(bought.hold.id.into(), payment("late")).await;
    assert_eq!(paid.unwrap().status, Paid);
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(0, 0, 1), level(1, 0, 1)));
    shop.assert_agrees(campaign, "paid after the end").await;
}
