use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{
    TOKEN, accounts, added, bidders, cancel, commit, conserved, end, expire, move_all, orders,
    outbox, pay, pay_late, purchase, reread, sealing, settled, shop,
};
use crate::campaign::{Campaign, Phase, RunnersUp};
use crate::conformance::fixture::{campaign, fresh, past};
use crate::id::OrderId;
use crate::order::{Accounts, Moved, Order, OrderMove, OrderStatus, act};
use crate::store::{Ledger, OutboxEvent};
use crate::time::Timestamp;

/// What the pure rule makes of the moves, one after the other.
fn ruled(
    campaign: &Campaign,
    accounts: &mut Accounts,
    orders: &mut BTreeMap<OrderId, Order>,
    asked: &[OrderMove],
) -> Vec<Option<Moved>> {
    let moved = asked.iter().map(|one| {
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
    let asked = [
        pay(order),
        late,
        pay_late(order),
        cancel(order),
        early,
        expire(order),
    ];
    asked.into()
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
            let asked: Vec<_> = chunk.iter().map(step).collect();
            move_all(store, &asked).await;
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
    let mut asked: Vec<_> = by_status
        .chunks(6)
        .flat_map(|chunk| chunk.iter().enumerate())
        .map(|(index, order)| questions(order).remove(index))
        .collect();
    // So that what ends is there for what is paid too late, and the other way round.
    asked.sort_by_key(|one| one.order);
    let unknown = OrderMove {
        order: fresh(),
        ..asked[3].clone()
    };
    asked.insert(7, unknown);
    let mut expected: BTreeMap<_, _> = all.into_iter().map(|order| (order.id, order)).collect();
    let told = outbox(store).await.len();
    let mut changed = BTreeSet::new();
    let (mut rest, mut size) = (&asked[..], 1);
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
            Phase::Sealing => {
                sealing(&*store, &campaign).await;
            }
            Phase::Settled => {
                end(&*store, &campaign).await;
            }
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

/// What was called off is paid when its buyer has others: within the limit it is bought, beyond it the money goes back,
/// also within a batch.
pub async fn late_payments_stay_within_the_limit<S: Ledger + ?Sized>(store: Arc<S>) {
    for over in [false, true] {
        let campaign = shop(&*store, 99, 40, Some(3)).await;
        let buyer = fresh();
        let mut made = Vec::new();
        for units in [2, 1, 2, 1] {
            let bought = commit(&*store, &[purchase(&campaign, buyer, units)]).await;
            let bought = bought.into_iter().flatten().flatten().next();
            let order = bought.expect("it is within the limit");
            move_all(&*store, &[cancel(&order)]).await;
            made.push(order);
        }
        let others = commit(&*store, &[purchase(&campaign, fresh(), 3)]).await;
        assert!(others[0].is_ok());
        if over {
            end(&*store, &campaign).await;
        }
        let asked: Vec<_> = made.iter().map(pay_late).collect();
        let moved = move_all(&*store, &asked[..3]).await;
        let last = move_all(&*store, &asked[3..]).await;
        let became = moved.into_iter().chain(last).flatten();
        let became: Vec<_> = became.map(|moved| moved.order.status).collect();
        let (paid, refund) = (OrderStatus::Paid, OrderStatus::RefundDue);
        assert_eq!(became, [paid, paid, refund, refund]);
        conserved(&*store, &campaign).await;
    }
}
