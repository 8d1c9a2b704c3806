use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{
    bidders, bought, cancel, commit, conserved, end, expire, move_all, move_one, orders, outbox,
    pay, pay_late, places, purchase, sale, settled, shop, stock,
};
use crate::conformance::fixture::{at_once, fresh, now};
use crate::error::Rejection;
use crate::id::HoldId;
use crate::order::{Moved, Order, OrderAction, OrderMove, OrderStatus};
use crate::store::Ledger;
use crate::time::Timestamp;

/// What was asked before, or cannot be, changes nothing and answers the order as it is; also within one batch.
pub async fn orders_move_once<S: Ledger + ?Sized>(store: Arc<S>) {
    use OrderStatus::{Cancelled, PendingPayment, RefundDue};
    let campaign = shop(&*store, 9, 9, None).await;
    let (first, second) = (
        bought(&*store, &campaign, 2).await,
        bought(&*store, &campaign, 1).await,
    );
    let told = outbox(&*store).await.len();
    let payment = pay(&first);
    let unknown = OrderMove {
        order: fresh(),
        ..payment.clone()
    };
    let batch = [
        payment.clone(),
        cancel(&first),
        unknown,
        pay(&first),
        expire(&first),
    ];
    let moved = move_all(&*store, &batch).await;
    let OrderAction::Pay {
        payment: paid_with, ..
    } = payment.action.clone()
    else {
        panic!("it pays");
    };
    let paid = Order {
        status: OrderStatus::Paid,
        payment: Some(paid_with),
        ..first.clone()
    };
    let as_it_is = |order: &Order| {
        Some(Moved {
            order: order.clone(),
            before: order.status,
        })
    };
    let changed = Some(Moved {
        order: paid.clone(),
        before: PendingPayment,
    });
    let same = as_it_is(&paid);
    assert_eq!(
        moved,
        [changed, same.clone(), None, same.clone(), same.clone()]
    );
    for again in [
        payment,
        pay(&first),
        pay_late(&first),
        cancel(&first),
        expire(&first),
    ] {
        assert_eq!(Some(move_one(&*store, again).await), same);
    }
    assert_eq!(outbox(&*store).await.len(), told + 1);
    assert_eq!(places(&*store, &campaign).await, [6, 1, 2, 0]);

    let not_yet = OrderMove {
        at: Timestamp::from_millis(second.pay_by.millis() - 1),
        ..expire(&second)
    };
    assert_eq!(Some(move_one(&*store, not_yet).await), as_it_is(&second));
    let batch = [
        cancel(&second),
        cancel(&second),
        expire(&second),
        pay(&second),
        cancel(&second),
    ];
    let moved = move_all(&*store, &batch).await;
    let status: Vec<_> = moved
        .iter()
        .flatten()
        .map(|moved| (moved.before, moved.order.status))
        .collect();
    assert_eq!(
        status,
        [
            (PendingPayment, Cancelled),
            (Cancelled, Cancelled),
            (Cancelled, Cancelled),
            (Cancelled, RefundDue),
            (RefundDue, RefundDue),
        ]
    );
    let due = moved[3].clone().expect("it is known").order;
    assert!(due.payment.is_some(), "the money that has to go back");
    for again in [
        pay(&second),
        pay_late(&second),
        cancel(&second),
        expire(&second),
    ] {
        assert_eq!(Some(move_one(&*store, again).await), as_it_is(&due));
    }
    assert_eq!(places(&*store, &campaign).await, [7, 0, 2, 0]);
    assert_eq!(stock(&*store, &campaign).await, [0, 7, 2]);
    assert_eq!(move_all(&*store, &[]).await, []);
}

/// Whoever comes first is followed; batches that name orders of several campaigns in opposite orders all end.
pub async fn of_concurrent_moves_one_changes<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaigns = [
        shop(&*store, 99, 40, None).await,
        shop(&*store, 99, 40, None).await,
    ];
    for round in 0..6 {
        let campaign = &campaigns[round % 2];
        let order = bought(&*store, campaign, 3).await;
        let told = outbox(&*store).await.len();
        let calls = (0..12).map(|number| {
            let store = Arc::clone(&store);
            let one = match (round % 3, number % 2) {
                (0, 0) => pay(&order),
                (1, 0) => cancel(&order),
                (2, 0) => pay_late(&order),
                _ => expire(&order),
            };
            async move { move_one(&*store, one).await }
        });
        let moved = at_once(calls).await;
        let changes: Vec<_> = moved
            .iter()
            .filter(|moved| moved.before != moved.order.status)
            .map(|moved| (moved.before, moved.order.status))
            .collect();
        let starts = changes
            .iter()
            .filter(|(before, _)| *before == OrderStatus::PendingPayment);
        assert_eq!(starts.count(), 1, "{changes:?}");
        let distinct: Vec<_> = OrderStatus::ALL
            .iter()
            .filter(|status| changes.iter().any(|(_, after)| after == *status))
            .collect();
        assert_eq!(distinct.len(), changes.len(), "{changes:?}");
        assert!(changes.len() <= if round % 3 == 1 { 1 } else { 2 });
        assert_eq!(outbox(&*store).await.len(), told + changes.len());
        conserved(&*store, campaign).await;
    }

    let mut made = Vec::new();
    for number in 0..20_usize {
        made.push(bought(&*store, &campaigns[number % 2], 1).await);
    }
    let calls = (0..12).map(|number| {
        let store = Arc::clone(&store);
        let mut asked: Vec<_> = made.iter().map(cancel).collect();
        match number % 3 {
            0 => asked.reverse(),
            1 => asked.rotate_left(7),
            _ => {}
        }
        async move {
            let moved = move_all(&*store, &asked).await;
            let changed = moved.into_iter().flatten();
            let changed = changed.filter(|moved| moved.before != moved.order.status);
            changed.map(|moved| moved.order.id).collect::<Vec<_>>()
        }
    });
    let changed: Vec<_> = at_once(calls).await.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = changed.iter().collect();
    assert_eq!((changed.len(), distinct.len()), (20, 20));
    for campaign in &campaigns {
        conserved(&*store, campaign).await;
    }
}

/// Units come back once, to where they belong: to the campaign while it runs, then to the product; and who pays too late
/// has none that somebody else has.
pub async fn moves_of_orders_conserve_units<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 1_300, 1_250, None).await;
    let purchases: Vec<_> = (0..1_200)
        .map(|_| purchase(&campaign, fresh(), 1))
        .collect();
    commit(&*store, &purchases).await;
    let mut asked: Vec<_> = purchases.iter().map(|one| expire(&one.orders[0])).collect();
    asked.reverse();
    for expected in [OrderStatus::PendingPayment, OrderStatus::Expired] {
        for moved in move_all(&*store, &asked).await.into_iter().flatten() {
            assert_eq!(
                (moved.before, moved.order.status),
                (expected, OrderStatus::Expired)
            );
        }
        assert_eq!(places(&*store, &campaign).await, [1_250, 0, 0, 0]);
        assert_eq!(stock(&*store, &campaign).await, [50, 1_250, 0]);
    }

    // The last unit: who paid too late and who comes now want it at once.
    for _ in 0..6 {
        let campaign = shop(&*store, 2, 2, None).await;
        let late = bought(&*store, &campaign, 1).await;
        let kept = bought(&*store, &campaign, 1).await;
        move_one(&*store, expire(&late)).await;
        let next = purchase(&campaign, fresh(), 1);
        let (again, other) = (Arc::clone(&store), Arc::clone(&store));
        let paying = pay_late(&late);
        let (moved, outcomes) = tokio::join!(
            tokio::spawn(async move { move_one(&*again, paying).await.order }),
            tokio::spawn(async move { commit(&*other, &[next]).await }),
        );
        let (moved, outcomes) = (moved.expect("it ends"), outcomes.expect("it ends"));
        match moved.status {
            OrderStatus::Paid => {
                assert_eq!(outcomes, [Err(Rejection::SoldOut)]);
                assert_eq!(moved.hold, HoldId::again(late.id));
                assert_eq!(places(&*store, &campaign).await, [0, 1, 1, 0]);
                assert_eq!(stock(&*store, &campaign).await, [0, 1, 1]);
            }
            status => {
                assert_eq!(status, OrderStatus::RefundDue);
                assert!(outcomes[0].is_ok());
                assert_eq!(moved.hold, late.hold);
                assert_eq!(places(&*store, &campaign).await, [0, 2, 0, 0]);
            }
        }
        conserved(&*store, &campaign).await;
        let ended = end(&*store, &campaign).await;
        move_one(&*store, cancel(&kept)).await;
        let [_, _, _, returned] = places(&*store, &ended).await;
        assert_eq!(returned, 1, "after the end it goes to the product");
        conserved(&*store, &campaign).await;
    }

    // After the end a unit may be had from what was returned, and only from that.
    let campaign = shop(&*store, 5, 3, None).await;
    let (one, two) = (
        bought(&*store, &campaign, 2).await,
        bought(&*store, &campaign, 1).await,
    );
    let campaign = end(&*store, &campaign).await;
    move_all(&*store, &[expire(&one), cancel(&two)]).await;
    assert_eq!(places(&*store, &campaign).await, [0, 0, 0, 3]);
    assert_eq!(stock(&*store, &campaign).await, [5, 0, 0]);
    let moved = move_one(&*store, pay_late(&one)).await.order;
    assert_eq!(moved.status, OrderStatus::Paid);
    assert_eq!(places(&*store, &campaign).await, [0, 0, 2, 1]);
    assert_eq!(stock(&*store, &campaign).await, [3, 0, 2]);
    conserved(&*store, &campaign).await;
}

/// Those that await payment and whose time is over, the longest overdue first, then by id.
pub async fn overdue_orders_are_listed<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaigns = [
        shop(&*store, 99, 40, None).await,
        shop(&*store, 99, 40, None).await,
    ];
    let start = now();
    let at = |minutes| start.after(Duration::from_mins(minutes));
    let mut made = Vec::new();
    for (number, minutes) in [4, 1, 3, 3, 2, 5, 6, 9, 3].into_iter().enumerate() {
        let mut purchase = purchase(&campaigns[number % 2], fresh(), 1);
        purchase.orders[0].pay_by = at(minutes);
        commit(&*store, std::slice::from_ref(&purchase)).await;
        made.append(&mut purchase.orders);
    }
    made.sort_by_key(|order| (order.pay_by, order.id));
    let [first, paid, a, b, c, sixth, cancelled, expired, _] = &made[..] else {
        panic!("there are nine");
    };
    move_all(&*store, &[pay(paid), cancel(cancelled), expire(expired)]).await;
    let overdue = async |minutes, limit| {
        let orders = store.overdue_orders(at(minutes), limit).await;
        orders.expect("they can be read")
    };
    let all = [first, a, b, c, sixth].map(Order::clone);
    assert_eq!(overdue(0, 9).await, []);
    assert_eq!(overdue(8, 9).await, all);
    assert_eq!(overdue(3, 9).await, all[..4], "due from its time on");
    assert_eq!(overdue(8, 2).await, all[..2]);
    assert_eq!(overdue(8, 0).await, []);
    assert_eq!(overdue(9, 9).await.len(), 6);

    let ranked = sale(&*store, 9, 2).await;
    settled(&*store, &ranked, &bidders(1)).await;
    let won = orders(&*store, &ranked).await;
    let all = store.overdue_orders(won[0].pay_by, 99).await;
    assert!(all.expect("they can be read").contains(&won[0]));
}
