use std::sync::Arc;

use super::fixture::{
    cart, commit, conserved, move_one, orders, outbox, pay, places, purchase, shop,
};
use crate::conformance::fixture::{at_once, fresh};
use crate::error::Rejection;
use crate::purchase::{HoldFate, VoidReason};
use crate::store::{Ledger, OutboxEvent};

/// Every line becomes an order, or none does; and a line whose hold is void takes the others with it.
pub async fn a_cart_is_all_or_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let one = shop(&*store, 9, 5, None).await;
    let two = shop(&*store, 9, 2, Some(2)).await;
    let three = shop(&*store, 9, 5, None).await;
    let lines = |count| [(&one, count), (&two, count), (&three, count)];
    let buyer = fresh();
    let good = cart(buyer, &lines(2));
    let sold_out = cart(fresh(), &lines(1));
    let limited = cart(buyer, &[(&two, 1), (&three, 1)]);
    let single = purchase(&one, fresh(), 1);
    let batch = [good, sold_out, limited, single];
    let outcomes = commit(&*store, &batch).await;
    let [good, sold_out, limited, single] = batch;
    assert_eq!(outcomes[0], Ok(good.orders.clone()));
    assert_eq!(outcomes[1], Err(Rejection::SoldOut));
    // Nothing is left and the buyer has two: either is a reason.
    let why = outcomes[2].clone().expect_err("it does not fit");
    assert!(matches!(why, Rejection::SoldOut | Rejection::LimitReached));
    assert_eq!(outcomes[3], Ok(single.orders.clone()));
    assert_eq!(places(&*store, &one).await, [2, 3, 0, 0]);
    assert_eq!(places(&*store, &two).await, [0, 2, 0, 0]);
    assert_eq!(places(&*store, &three).await, [3, 2, 0, 0]);
    for refused in [&sold_out, &limited] {
        let holds: Vec<_> = refused.orders.iter().map(|order| order.hold).collect();
        let fates = store.hold_fates(&holds).await.expect("they can be read");
        assert_eq!(fates.len(), holds.len());
        for fate in fates {
            assert!(matches!(fate, Some(HoldFate::Void(_))), "{fate:?}");
        }
    }
    let mut made: Vec<_> = good.orders.iter().chain(&single.orders).collect();
    made.sort_by_key(|order| order.id);
    let mut told = outbox(&*store).await;
    told.sort_by_key(|event| match event {
        OutboxEvent::OrderCreated(order) => *order,
        other => panic!("nothing else has happened: {other:?}"),
    });
    let expected: Vec<_> = made
        .into_iter()
        .map(|order| OutboxEvent::OrderCreated(order.id))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(
        commit(&*store, std::slice::from_ref(&good)).await,
        [Ok(good.orders.clone())]
    );

    // One line at a time is gone before the cart comes.
    for index in 0..3 {
        let given_back = shop(&*store, 9, 5, None).await;
        let cart = cart(fresh(), &[(&one, 1), (&given_back, 1), (&three, 1)]);
        let gone = &cart.orders[index];
        let voided = store.void_holds(gone.campaign, &[gone.hold]).await;
        voided.expect("the campaign is known");
        let refused = commit(&*store, std::slice::from_ref(&cart)).await;
        assert_eq!(refused, [Err(Rejection::HoldEnded)]);
        let holds: Vec<_> = cart.orders.iter().map(|order| order.hold).collect();
        let fates = store.hold_fates(&holds).await.expect("they can be read");
        let void = Some(HoldFate::Void(VoidReason::Ended));
        assert_eq!(fates, [void.clone(), void.clone(), void]);
        assert_eq!(orders(&*store, &given_back).await, []);
    }
    assert_eq!(places(&*store, &one).await, [2, 3, 0, 0]);
    let paid = move_one(&*store, pay(&good.orders[1])).await.order;
    let mut now = good.orders.clone();
    now[1] = paid;
    assert_eq!(commit(&*store, &[good]).await, [Ok(now)]);
}

/// Many carts of the same campaigns, in batches that name them in opposite orders and while others move orders: all
/// end, and nothing is sold twice.
pub async fn concurrent_carts_end<S: Ledger + ?Sized>(store: Arc<S>) {
    let one = shop(&*store, 99, 30, None).await;
    let two = shop(&*store, 99, 40, Some(4)).await;
    let calls = (0..24).map(|number| {
        let store = Arc::clone(&store);
        let (a, b) = (&one, &two);
        let mut batch = vec![
            purchase(a, fresh(), 1),
            cart(fresh(), &[(a, 1), (b, 2)]),
            purchase(b, fresh(), 1),
        ];
        if number % 2 == 0 {
            batch.reverse();
        }
        if number % 3 == 0 {
            // As whoever does not know the rule would send it.
            batch[1].orders.reverse();
        }
        async move {
            let outcomes = commit(&*store, &batch).await;
            let made: Vec<_> = outcomes.into_iter().flatten().flatten().collect();
            let asked: Vec<_> = made.iter().rev().map(pay).collect();
            let moved = store.move_orders(&asked).await.expect("they can be moved");
            assert!(moved.iter().all(Option::is_some));
            made.iter().map(|order| order.units.get()).sum::<u32>()
        }
    });
    let taken: u32 = at_once(calls).await.into_iter().sum();
    assert_eq!(orders(&*store, &one).await.len(), 30);
    let [_, held_one, sold_one, _] = places(&*store, &one).await;
    let [left, held_two, sold_two, _] = places(&*store, &two).await;
    assert_eq!((held_one, sold_one, held_two), (0, 30, 0));
    assert_eq!((sold_one + sold_two, left + sold_two), (taken, 40));
    for campaign in [&one, &two] {
        conserved(&*store, campaign).await;
    }
}
