//! Many at once: nothing is oversold, and everybody is told what the ledger says.

use std::collections::{HashMap, HashSet};

use flashbid_core::conformance::Moment;
use flashbid_core::order::OrderStatus;
use flashbid_core::stock::Units;
use flashbid_core::{Durability, Error, Rejection};
use tokio::task::JoinSet;

use crate::shop::{LENGTH, Shop, buy, cart, level};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_buyers_at_once_get_exactly_the_units_there_are() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let shop = Shop::open();
        let campaign = shop.sale(150, 100, Some(2)).await;
        let node = shop.node(durability);
        let mut tasks = JoinSet::new();
        for number in 0..2_000_u64 {
            let engine = node.engine.clone();
            tasks.spawn(async move {
                // Each buyer sends four requests of one or two units.
                let (buyer, count) = (number / 4, 1 + u32::from(number % 3 == 0));
                let request = buy(buyer, count, &number.to_string());
                (buyer, engine.purchase(campaign, request).await)
            });
        }
        let mut told: HashMap<u64, u32> = HashMap::new();
        let mut holds = HashSet::new();
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                (buyer, Ok(bought)) => {
                    *told.entry(buyer).or_default() += bought.hold.units.get();
                    holds.insert(bought.hold.id);
                }
                (_, Err(Error::Rejected(Rejection::SoldOut | Rejection::LimitReached))) => {}
                (_, Err(error)) => panic!("{durability:?}: {error}"),
            }
        }
        assert_eq!(told.values().sum::<u32>(), 100, "{durability:?}");
        assert!(told.values().all(|units| *units <= 2), "{durability:?}");
        let (_, _, counter) = shop.levels(campaign).await;
        assert_eq!(counter, Some(level(0, 100, 0)), "{durability:?}");

        assert_eq!(node.engine.dispatch(campaign).await.unwrap(), 0);
        let orders = shop.orders(campaign).await;
        let ordered: HashSet<_> = orders.iter().map(|order| order.hold).collect();
        assert_eq!(ordered, holds, "{durability:?}");
        assert_eq!(orders.len(), holds.len(), "{durability:?}");
        shop.assert_agrees(campaign, "after the rush").await;

        shop.clock.advance(LENGTH);
        node.engine.tend().await.unwrap();
        // Nobody paid: all of it is the product's again.
        let (stock, product, _) = shop.levels(campaign).await;
        assert_eq!((stock, product), (level(0, 0, 0), level(150, 0, 0)));
    }
}

/// Under `Durability::Hot` a purchase that came while the task was ending that makes orders had to wait for the next
/// round of work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_by_the_hot_store_becomes_an_order_without_being_asked_for() {
    let shop = Shop::open();
    let campaign = shop.sale(1_000, 1_000, None).await;
    let node = shop.node(Durability::Hot);
    for number in 0..200 {
        let request = buy(number, 1, "key");
        node.engine.purchase(campaign, request).await.unwrap();
        if number % 5 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let all = async {
        while shop.orders(campaign).await.len() < 200 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), all).await;
    waited.expect("every purchase becomes an order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_in_opposite_orders_end_and_are_bought_wholly_or_not_at_all() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let shop = Shop::open();
        let one = shop.sale(60, 60, None).await;
        let two = shop.sale(40, 40, None).await;
        let node = shop.node(durability);
        let mut tasks = JoinSet::new();
        for number in 0..300_u64 {
            let engine = node.engine.clone();
            let mut lines = [(one, 1), (two, 1)];
            if number % 2 == 0 {
                lines.reverse();
            }
            let key = (number % 3 == 0).then_some("cart");
            tasks.spawn(async move { engine.purchase_cart(cart(number, key, &lines)).await });
        }
        let mut bought = 0;
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                Ok(orders) => {
                    assert_eq!(orders.len(), 2);
                    assert!(orders[0].campaign < orders[1].campaign);
                    bought += 1;
                }
                Err(Error::Rejected(Rejection::SoldOut)) => {}
                Err(error) => panic!("{durability:?}: {error}"),
            }
        }
        // Two carts may each have the last unit that the other wants: then neither gets it, and both give back.
        assert!((1..=40).contains(&bought), "{bought}");
        for campaign in [one, two] {
            let orders = shop.orders(campaign).await;
            assert_eq!(orders.len(), bought, "{durability:?}");
            let (stock, _, counter) = shop.levels(campaign).await;
            assert_eq!(counter, Some(stock), "nothing stays held: {durability:?}");
            assert_eq!(stock.held, Units::try_from(bought).unwrap());
            shop.assert_agrees(campaign, "after the carts").await;
        }
    }
}

#[tokio::test]
async fn a_cart_of_which_one_line_is_refused_takes_nothing() {
    let shop = Shop::open();
    let (one, two) = (shop.sale(5, 5, None).await, shop.sale(5, 5, Some(1)).await);
    let engine = shop.engine();
    let refused = engine
        .purchase_cart(cart(1, Some("a"), &[(one, 1), (two, 2)]))
        .await;
    assert_eq!(crate::shop::rejection(refused), Rejection::LimitReached);
    for campaign in [one, two] {
        let (stock, _, counter) = shop.levels(campaign).await;
        assert_eq!(stock, level(5, 0, 0));
        assert!(counter.is_none_or(|counter| counter == stock));
    }
}

/// The same cart was asked for twice at once. The one found a line sold out; a unit of it came back, the other bought the
/// cart, and the first was told that it was sold out.
#[tokio::test]
async fn a_cart_that_is_bought_meanwhile_by_its_repetition_is_not_sold_out() {
    let shop = Shop::open();
    let mut sales = [shop.sale(5, 1, None).await, shop.sale(5, 1, None).await];
    // In the order in which a cart takes them.
    sales.sort();
    let last = shop.engine().purchase(sales[1], buy(9, 1, "last")).await;
    let wanted = cart(1, Some("cart"), &sales.map(|campaign| (campaign, 1)));
    let node = shop.node(Durability::Ledger);
    for campaign in sales {
        node.engine.gate_stats(campaign).await.unwrap();
    }
    // The ledger is asked for the buyer's orders, and then whether the first line may be given back.
    let faults = node.ledger();
    faults.pause_at(faults.calls() + 2, Moment::Before);
    let first = tokio::spawn({
        let (engine, wanted) = (node.engine.clone(), wanted.clone());
        async move { engine.purchase_cart(wanted).await }
    });
    faults.paused().await;
    assert_eq!(faults.log().last(), Some(&"void_holds"));
    let engine = shop.engine();
    let last = last.unwrap().hold.id.into();
    engine.cancel(last).await.unwrap();
    let bought = engine.purchase_cart(wanted).await.unwrap();
    faults.resume();
    assert_eq!(first.await.unwrap().unwrap(), bought);
    for campaign in sales {
        assert_eq!(shop.levels(campaign).await.0, level(0, 1, 0));
        shop.assert_agrees(campaign, "bought once").await;
    }
}

/// A cart under the key of another, with which it shares a campaign, was answered as a failure of the store that might
/// have been applied, and kept the units of its other lines.
#[tokio::test]
async fn a_key_of_another_cart_is_refused_and_keeps_nothing() {
    let shop = Shop::open();
    let (one, two, three) = (
        shop.sale(5, 5, None).await,
        shop.sale(5, 5, None).await,
        shop.sale(5, 5, None).await,
    );
    let engine = shop.engine();
    let first = [(one, 1), (two, 1)];
    let bought = engine.purchase_cart(cart(1, Some("a"), &first)).await;
    let again = engine.purchase_cart(cart(1, Some("a"), &first)).await;
    assert_eq!(bought.unwrap(), again.unwrap());
    let other = engine
        .purchase_cart(cart(1, Some("a"), &[(two, 1), (three, 1)]))
        .await;
    assert_eq!(crate::shop::rejection(other), Rejection::KeyReused);
    let (stock, _, counter) = shop.levels(three).await;
    assert_eq!((stock, counter), (level(5, 0, 0), Some(level(5, 0, 0))));
    let orders = shop.orders(two).await;
    assert_eq!(orders[0].status, OrderStatus::PendingPayment);
    shop.assert_agrees(two, "the first cart stands").await;
}

/// The hold of a line stood whose answer was lost, and a cart under a key could never be bought again because its other
/// lines had been given back for good.
#[tokio::test]
async fn a_cart_whose_store_failed_is_bought_under_its_key_later() {
    let shop = Shop::open();
    let (one, two) = (shop.sale(5, 5, None).await, shop.sale(5, 5, None).await);
    for nth in 1..=2 {
        let node = shop.node(Durability::Ledger);
        for campaign in [one, two] {
            node.engine.gate_stats(campaign).await.unwrap();
        }
        node.hot().lose_response("hold", nth);
        let key = format!("cart {nth}").replace(' ', "-");
        let wanted = cart(1, Some(&key), &[(one, 1), (two, 1)]);
        node.engine.purchase_cart(wanted.clone()).await.unwrap_err();
        let bought = node.engine.purchase_cart(wanted).await.unwrap();
        assert_eq!(bought.len(), 2);
        for campaign in [one, two] {
            shop.assert_agrees(campaign, "after the retry").await;
        }
    }
}
