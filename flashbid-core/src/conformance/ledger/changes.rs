use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fixture::{
    bidders, bought, cancel, commit, expire, move_all, move_one, orders, pay, purchase, sale,
    settled, shop,
};
use crate::campaign::Campaign;
use crate::conformance::fixture::{at_once, fresh};
use crate::id::OrderId;
use crate::order::Order;
use crate::store::{Ledger, OrderChanges, Revision};

async fn changes<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    after: Revision,
    limit: u32,
) -> OrderChanges {
    let changes = store.order_changes(campaign.id, after, limit).await;
    changes.expect("they can be read")
}

/// Follows the changes from `cursor` to the end, a few at a time.
async fn follow<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    cursor: &mut Revision,
    seen: &mut HashMap<OrderId, Order>,
) {
    loop {
        let page = changes(store, campaign, *cursor, 3).await;
        if page.orders.is_empty() {
            return;
        }
        assert!(page.orders.len() <= 3);
        assert!(page.through > *cursor, "revisions grow");
        *cursor = page.through;
        seen.extend(page.orders.into_iter().map(|order| (order.id, order)));
    }
}

/// An order comes behind all that changed before it, with its last change; and whoever follows while many change misses
/// none.
pub async fn changes_of_orders_are_told_in_order<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 999, 900, None).await;
    let other = shop(&*store, 99, 90, None).await;
    let none = changes(&*store, &campaign, Revision::ZERO, 9).await;
    let expected = OrderChanges {
        through: Revision::ZERO,
        orders: Vec::new(),
    };
    assert_eq!(none, expected);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(bought(&*store, &campaign, 1).await);
        bought(&*store, &other, 1).await;
    }
    let all = changes(&*store, &campaign, Revision::ZERO, 99).await;
    assert_eq!(all.orders, made);
    let first = changes(&*store, &campaign, Revision::ZERO, 2).await;
    assert_eq!(first.orders, made[..2]);
    assert!(Revision::ZERO < first.through && first.through < all.through);
    let rest = changes(&*store, &campaign, first.through, 99).await;
    assert_eq!((&rest.orders[..], rest.through), (&made[2..], all.through));
    let none = changes(&*store, &campaign, all.through, 99).await;
    assert_eq!((none.orders.len(), none.through), (0, all.through));

    let paid = move_one(&*store, pay(&made[1])).await.order;
    move_one(&*store, cancel(&made[1])).await;
    commit(&*store, &[purchase(&campaign, fresh(), 1_000)]).await;
    let next = changes(&*store, &campaign, all.through, 99).await;
    assert_eq!(
        next.orders,
        std::slice::from_ref(&paid),
        "what changes nothing is none"
    );
    let gone = move_one(&*store, expire(&made[0])).await.order;
    let whole = changes(&*store, &campaign, Revision::ZERO, 99).await;
    let expected = [&made[2], &made[3], &made[4], &paid, &gone].map(Order::clone);
    assert_eq!(whole.orders, expected);
    assert!(whole.through > next.through);

    let writing = Arc::new(AtomicBool::new(true));
    let reader = {
        let (store, campaign, writing) =
            (Arc::clone(&store), campaign.clone(), Arc::clone(&writing));
        tokio::spawn(async move {
            let (mut cursor, mut seen) = (Revision::ZERO, HashMap::new());
            while writing.load(Ordering::SeqCst) {
                follow(&*store, &campaign, &mut cursor, &mut seen).await;
                tokio::task::yield_now().await;
            }
            follow(&*store, &campaign, &mut cursor, &mut seen).await;
            seen
        })
    };
    let calls = (0..8).map(|number| {
        let (store, campaign) = (Arc::clone(&store), campaign.clone());
        async move {
            for step in 0..6 {
                let batch = [1, 1].map(|count| purchase(&campaign, fresh(), count));
                let outcomes = commit(&*store, &batch).await;
                let made: Vec<_> = outcomes.into_iter().flatten().flatten().collect();
                let then = match (number + step) % 3 {
                    0 => pay,
                    1 => cancel,
                    _ => expire,
                };
                move_all(&*store, &[then(&made[1]), cancel(&made[0])]).await;
            }
        }
    });
    at_once(calls).await;
    writing.store(false, Ordering::SeqCst);
    let seen = reader.await.expect("the reader ends");
    let truth = orders(&*store, &campaign).await;
    assert_eq!(truth.len(), 5 + 96);
    for order in &truth {
        assert_eq!(seen.get(&order.id), Some(order), "it was missed");
    }

    let ranked = sale(&*store, 9, 2).await;
    settled(&*store, &ranked, &bidders(3)).await;
    let mut won = changes(&*store, &ranked, Revision::ZERO, 9).await.orders;
    won.sort_by_key(Order::rank);
    assert_eq!(won, orders(&*store, &ranked).await);
}
