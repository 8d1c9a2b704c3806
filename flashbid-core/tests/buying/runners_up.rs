//! Units of a ranked sale that were not paid: to the next in the ranking, and in the end back to the product.

use std::time::Duration;

use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, RunnersUp, Window};
use flashbid_core::conformance::{Loss, Moment};
use flashbid_core::engine::NewCampaign;
use flashbid_core::id::{CampaignId, OrderId};
use flashbid_core::order::OrderStatus::{
    self, Cancelled, Expired, Paid, PendingPayment, RefundDue,
};
use flashbid_core::rank::Rank;
use flashbid_core::score::Weights;
use flashbid_core::store::Ledger;
use flashbid_core::{Durability, Engine};

use crate::shop::{LENGTH, START, Shop, TO_PAY, buyer, level, payment, product, units};

/// How long a runner-up has to pay.
const NEXT_TO_PAY: Duration = Duration::from_mins(3);

/// Longer than a lease.
const LEASE: Duration = Duration::from_secs(31);

/// A sale of two of five units that is over, for which bidder 1 bid most, and the last of `bidders` least.
async fn sold(shop: &Shop, bidders: u64, places: u32) -> CampaignId {
    let engine = shop.engine();
    let product = product(&engine, 5).await;
    let price_alone = Weights::new(
        "1".parse().unwrap(),
        "0".parse().unwrap(),
        "0".parse().unwrap(),
    );
    let format = Format::Ranked {
        weights: price_alone.unwrap(),
        rebid: Rebid::Latest,
    };
    let window = Window::new(START, START.after(LENGTH)).unwrap();
    let campaign = engine.add_campaign(NewCampaign {
        quota: Some(units(2)),
        payment_deadline: TO_PAY,
        runners_up: Some(RunnersUp {
            places,
            payment_deadline: NEXT_TO_PAY,
        }),
        ..NewCampaign::new(product, format, window)
    });
    let campaign = campaign.await.unwrap().id;
    for number in 1..=bidders {
        let price = (100 - number).to_string().parse().unwrap();
        let bid = Bid::new(buyer(number), price, "1".parse().unwrap());
        engine.place_bid(campaign, bid).await.unwrap();
    }
    shop.clock.advance(LENGTH);
    tend(&engine).await;
    campaign
}

async fn tend(engine: &Engine) {
    for (_, tended) in engine.tend().await.unwrap() {
        tended.unwrap();
    }
}

/// The orders, best first: rank and status. The audit accepts them.
async fn ranked(shop: &Shop, campaign: CampaignId) -> Vec<(u32, OrderStatus)> {
    let verdict = shop.engine().verify(campaign).await.unwrap();
    assert_eq!(verdict.violations, Vec::<String>::new());
    let orders = shop.orders(campaign).await;
    let ranks = orders.iter().map(|order| order.rank().map_or(0, Rank::get));
    let statuses = orders.iter().map(|order| order.status);
    ranks.zip(statuses).collect()
}

fn order(campaign: CampaignId, number: u64) -> OrderId {
    OrderId::derive(campaign, buyer(number))
}

#[tokio::test]
async fn what_is_not_paid_goes_to_the_next_until_the_depth_is_reached() {
    let shop = Shop::open();
    let campaign = sold(&shop, 6, 2).await;
    let engine = shop.engine();
    let paid = engine.pay(order(campaign, 1), payment("card-1")).await;
    assert_eq!(paid.unwrap().status, Paid);
    shop.clock.advance(TO_PAY);
    tend(&engine).await;
    let third = shop.order(order(campaign, 3)).await;
    assert_eq!(third.pay_by, shop.clock_now().after(NEXT_TO_PAY));
    assert_eq!(third.price, "97".parse().unwrap());
    let expected = [(1, Paid), (2, Expired), (3, PendingPayment)];
    assert_eq!(ranked(&shop, campaign).await, expected);

    engine.cancel(order(campaign, 3)).await.unwrap();
    tend(&engine).await;
    let expected = [(1, Paid), (2, Expired), (3, Cancelled), (4, PendingPayment)];
    assert_eq!(ranked(&shop, campaign).await, expected);

    shop.clock.advance(NEXT_TO_PAY);
    tend(&engine).await;
    tend(&engine).await;
    let expected = [(1, Paid), (2, Expired), (3, Cancelled), (4, Expired)];
    assert_eq!(ranked(&shop, campaign).await, expected, "no fifth");
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(0, 0, 1), level(4, 0, 1)));
    shop.assert_agrees(campaign, "nobody is left").await;
}

#[tokio::test]
async fn what_nobody_is_left_for_goes_back_to_the_product() {
    let shop = Shop::open();
    let campaign = sold(&shop, 3, 10).await;
    let engine = shop.engine();
    shop.clock.advance(TO_PAY);
    tend(&engine).await;
    let expected = [(1, Expired), (2, Expired), (3, PendingPayment)];
    assert_eq!(ranked(&shop, campaign).await, expected);
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(0, 1, 0), level(4, 1, 0)));

    // The campaign has a unit with the product again, which the first of those may have who pay late.
    let late = engine.pay(order(campaign, 2), payment("late-2")).await;
    assert_eq!(late.unwrap().status, Paid);
    let late = engine.pay(order(campaign, 1), payment("late-1")).await;
    assert_eq!(late.unwrap().status, RefundDue);
    let expected = [(1, RefundDue), (2, Paid), (3, PendingPayment)];
    assert_eq!(ranked(&shop, campaign).await, expected);
    let (stock, product, _) = shop.levels(campaign).await;
    assert_eq!((stock, product), (level(0, 1, 1), level(3, 1, 1)));
    shop.assert_agrees(campaign, "paid late").await;
}

#[tokio::test]
async fn who_pays_after_the_unit_was_offered_on_is_refunded() {
    let shop = Shop::open();
    let campaign = sold(&shop, 6, 4).await;
    let engine = shop.engine();
    shop.clock.advance(TO_PAY);
    tend(&engine).await;
    for number in [1, 2] {
        let late = engine.pay(order(campaign, number), payment("late")).await;
        assert_eq!(late.unwrap().status, RefundDue);
    }
    for number in [3, 4] {
        let paid = engine.pay(order(campaign, number), payment("card")).await;
        assert_eq!(paid.unwrap().status, Paid);
    }
    let expected = [(1, RefundDue), (2, RefundDue), (3, Paid), (4, Paid)];
    assert_eq!(ranked(&shop, campaign).await, expected);
    shop.assert_agrees(campaign, "refunded").await;
}

#[tokio::test]
async fn who_pays_late_before_the_unit_is_offered_on_has_it() {
    let shop = Shop::open();
    let campaign = sold(&shop, 6, 4).await;
    let engine = shop.engine();
    shop.clock.advance(TO_PAY);
    assert_eq!(engine.expire_orders().await.unwrap(), 2);
    let late = engine.pay(order(campaign, 2), payment("late")).await;
    assert_eq!(late.unwrap().status, Paid);
    tend(&engine).await;
    let expected = [(1, Expired), (2, Paid), (3, PendingPayment)];
    assert_eq!(ranked(&shop, campaign).await, expected);
    shop.assert_agrees(campaign, "paid in time after all").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_offer_at_once_offer_each_unit_once() {
    for _ in 0..20 {
        let shop = Shop::open();
        let campaign = sold(&shop, 6, 4).await;
        shop.clock.advance(TO_PAY);
        shop.engine().expire_orders().await.unwrap();
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let engine = shop.engine();
            nodes.spawn(async move { engine.offer(campaign).await });
        }
        let offered: usize = nodes.join_all().await.into_iter().map(Result::unwrap).sum();
        assert_eq!(offered, 2);
        let expected = [
            (1, Expired),
            (2, Expired),
            (3, PendingPayment),
            (4, PendingPayment),
        ];
        assert_eq!(ranked(&shop, campaign).await, expected);
    }
}

/// Nothing is offered of a sale that is not settled, and its lease is left to who settles it.
#[tokio::test]
async fn an_open_sale_offers_nothing() {
    let shop = Shop::open();
    let campaign = shop.sale(5, 5, None).await;
    let node = shop.node(Durability::Ledger);
    assert_eq!(node.engine.offer(campaign).await.unwrap(), 0);
    assert_eq!(node.hot().calls_of("acquire"), 0);
}

#[test]
fn an_offer_that_is_interrupted_at_any_step_is_made_once() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let fresh = || {
        let shop = Shop::open();
        let campaign = runtime().block_on(sold(&shop, 6, 4));
        shop.clock.advance(TO_PAY);
        (shop, campaign)
    };
    let (shop, campaign) = fresh();
    let node = shop.node(Durability::Ledger);
    runtime().block_on(node.engine.tend()).unwrap();
    assert_eq!(runtime().block_on(shop.orders(campaign)).len(), 4);
    let calls = [node.hot().calls(), node.ledger().calls()];
    assert!(calls[0] > 4 && calls[1] > 8, "{calls:?}");

    for (store, calls) in calls.into_iter().enumerate() {
        for nth in 1..=calls {
            for how in 0..4 {
                let (shop, campaign) = fresh();
                let node = shop.node(Durability::Ledger);
                let faults = [node.hot(), node.ledger()][store].clone();
                match how {
                    0 => faults.lose_at(nth, Loss::Request),
                    1 => faults.lose_at(nth, Loss::Response),
                    2 => faults.pause_at(nth, Moment::Before),
                    _ => faults.pause_at(nth, Moment::After),
                }
                runtime().block_on(async {
                    tokio::select! {
                        biased;
                        () = faults.paused() => {}
                        _ = node.engine.tend() => {}
                    }
                });
                drop(node);
                shop.clock.advance(LEASE);
                let context = format!("store {store}, call {nth}, {how}");
                runtime().block_on(async {
                    let another = shop.engine();
                    tend(&another).await;
                    let expected = [
                        (1, Expired),
                        (2, Expired),
                        (3, PendingPayment),
                        (4, PendingPayment),
                    ];
                    assert_eq!(ranked(&shop, campaign).await, expected, "{context}");
                    another.reconcile(campaign, true).await.unwrap();
                    shop.assert_agrees(campaign, &context).await;
                    let told = shop.ledger.outbox(100).await.unwrap();
                    // Four were made, two expired, and the sale was settled.
                    assert_eq!(told.len(), 7, "{context}: {told:?}");
                });
            }
        }
    }
}
