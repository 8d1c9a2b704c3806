use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{
    TOKEN, accounts, added, bidders, bought, cancel, commit, conserved, end, expire, move_all,
    move_one, orders, outbox, pay, pay_late, places, purchase, reread, sale, sealing, settled,
    shop, stock,
};
use crate::campaign::{Campaign, Phase, RunnersUp};
use crate::conformance::fixture::{at_once, campaign, fresh, now, past};
use crate::error::Rejection;
use crate::id::{HoldId, OrderId};
use crate::order::{Accounts, Moved, Order, OrderAction, OrderMove, OrderStatus, act};
use crate::store::{Ledger, OutboxEvent};
use crate::time::Timestamp;

/// What the pure rule makes of the moves, one after the other.
fn ruled(
    campaign: &Campaign,
    accounts: &mut Accounts,
    orders: &mut BTreeMap<OrderId, Order>,
    moves: &[OrderMove],
) -> Vec<Option<Moved>> {
    let moved = moves.iter().map(|one| {
        let order = orders.get_mut(&one.order)?;
        let before = order.status;
        if let Some((next, changed)) = act(order, campaign, *accounts, &one.action, one.at) {
            *order = next;
            *accounts = changed;
        }
        let order = order.clone();
        Some(Moved { order, before })
    });
    moved.collect()
}

/// Everything that may be asked of an order.
fn questions(order: &Order) -> Vec<OrderMove> {
    let early = OrderMove {
        at: Timestamp::from_millis(order.pay_by.millis() - 1),
        ..expire(order)
    };
    let late = OrderMove {
        at: order.pay_by.after(Duration::from_hours(1)),
        ..pay(order)
    };
    let moves = [
        pay(order),
        late,
        pay_late(order),
        cancel(order),
        early,
        expire(order),
    ];
    moves.into()
}

/// Brings orders into every status: of each six one after the other, so that every question meets every status.
async fn spread<S: Ledger + ?Sized>(store: &S, orders: &[Order]) {
    for (chunk, status) in orders.chunks(6).zip(OrderStatus::ALL) {
        let steps: &[fn(&Order) -> OrderMove] = match status {
            OrderStatus::PendingPayment => &[],
            OrderStatus::Paid => &[pay],
            OrderStatus::Cancelled => &[cancel],
            OrderStatus::Expired => &[expire],
            OrderStatus::RefundDue => &[expire, pay],
        };
        for step in steps {
            let moves: Vec<_> = chunk.iter().map(step).collect();
            move_all(store, &moves).await;
        }
        for order in chunk {
            let read = store.order(order.id).await.expect("it can be read");
            assert_eq!(read.map(|order| order.status), Some(status));
        }
    }
}

/// Asks everything of every order, in batches of growing size: answers, orders, units and outbox are what the pure rule
/// says.
async fn follows_the_rule<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) {
    let campaign = reread(store, campaign).await;
    let mut expected_accounts = accounts(store, &campaign).await;
    let all = orders(store, &campaign).await;
    assert_eq!(all.len(), 30);
    let mut by_status: Vec<_> = all.iter().collect();
    by_status.sort_by_key(|order| OrderStatus::ALL.iter().position(|one| *one == order.status));
    let mut moves: Vec<_> = by_status
        .chunks(6)
        .flat_map(|chunk| chunk.iter().enumerate())
        .map(|(index, order)| questions(order).remove(index))
        .collect();
    // So that what ends is there for what is paid too late, and the other way round.
    moves.sort_by_key(|one| one.order);
    let unknown = OrderMove {
        order: fresh(),
        ..moves[3].clone()
    };
    moves.insert(7, unknown);
    let mut expected: BTreeMap<_, _> = all.into_iter().map(|order| (order.id, order)).collect();
    let told = outbox(store).await.len();
    let mut changed = BTreeSet::new();
    let (mut rest, mut size) = (&moves[..], 1);
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        let answers = ruled(&campaign, &mut expected_accounts, &mut expected, batch);
        assert_eq!(move_all(store, batch).await, answers, "of {batch:?}");
        let moved = answers.iter().flatten();
        let moved = moved.filter(|moved| moved.order.status != moved.before);
        changed.extend(moved.map(|moved| moved.order.id));
        assert_eq!(accounts(store, &campaign).await, expected_accounts);
        (rest, size) = (later, size + 1);
    }
    let mut read = orders(store, &campaign).await;
    read.sort_by_key(|order| order.id);
    assert_eq!(read, expected.into_values().collect::<Vec<_>>());
    let events = outbox(store).await.split_off(told);
    let told: Vec<_> = events
        .into_iter()
        .map(|event| match event {
            OutboxEvent::OrderMoved(order) => order,
            other => panic!("orders were moved only: {other:?}"),
        })
        .collect();
    assert_eq!(told.len(), changed.len(), "each that changed is told once");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), changed);
    conserved(store, &campaign).await;
}

/// Whatever is asked of an order in whatever status, in a campaign in whatever phase.
pub async fn orders_move_by_the_rule<S: Ledger + ?Sized>(store: Arc<S>) {
    for phase in [
        Phase::Open,
        Phase::Sealing,
        Phase::Settled,
        Phase::Cancelled,
    ] {
        let campaign = shop(&*store, 60, 40, None).await;
        let purchases: Vec<_> = (0..30)
            .map(|number| purchase(&campaign, fresh(), 1 + number % 2 * (number % 3) / 2))
            .collect();
        let made: Vec<_> = commit(&*store, &purchases)
            .await
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        assert_eq!(made.len(), 30);
        spread(&*store, &made).await;
        match phase {
            Phase::Sealing => drop(sealing(&*store, &campaign).await),
            Phase::Settled => drop(end(&*store, &campaign).await),
            Phase::Cancelled => {
                let moved = store.transition(campaign.id, Phase::Open, phase, TOKEN);
                assert!(moved.await.expect("it may be called off"));
            }
            _ => {}
        }
        follows_the_rule(&*store, &campaign).await;
    }
    let offers = RunnersUp {
        places: 9,
        payment_deadline: Duration::from_mins(5),
    };
    for runners_up in [None, Some(offers)] {
        let mut template = campaign(past());
        template.terms.runners_up = runners_up;
        let campaign = added(&*store, 40, 32, template).await;
        settled(&*store, &campaign, &bidders(30)).await;
        spread(&*store, &orders(&*store, &campaign).await).await;
        follows_the_rule(&*store, &campaign).await;
    }
}

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
        let mut moves: Vec<_> = made.iter().map(cancel).collect();
        match number % 3 {
            0 => moves.reverse(),
            1 => moves.rotate_left(7),
            _ => {}
        }
        async move {
            let moved = move_all(&*store, &moves).await;
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
    let mut moves: Vec<_> = purchases.iter().map(|one| expire(&one.orders[0])).collect();
    moves.reverse();
    for expected in [OrderStatus::PendingPayment, OrderStatus::Expired] {
        for moved in move_all(&*store, &moves).await.into_iter().flatten() {
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
