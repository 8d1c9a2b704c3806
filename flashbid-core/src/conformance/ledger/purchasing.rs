use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{
    bought, campaign_of, cancel, cart, commit, conserved, move_one, orders, outbox, pay, places,
    product, purchase, said, sale, shop, stock,
};
use crate::conformance::fixture::{
    WHOLE, at_once, failure, first_come, fresh, money, running, units,
};
use crate::error::{Rejection, StoreErrorKind};
use crate::id::HoldId;
use crate::order::{Order, OrderStatus, Origin};
use crate::purchase::{HoldFate, Purchase, VoidReason};
use crate::store::{Ledger, OutboxEvent};

async fn fate<S: Ledger + ?Sized>(store: &S, hold: HoldId) -> Option<HoldFate> {
    let fates = store.hold_fates(&[hold]).await;
    fates.expect("they can be read").remove(0)
}

/// However often a purchase comes, within a batch, in another or at once: its order is made once, and told as it is.
pub async fn a_purchase_commits_once<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 6, Some(2)).await;
    let first = purchase(&campaign, fresh(), 2);
    let twice = commit(&*store, &[first.clone(), first.clone()]).await;
    assert_eq!(twice, [Ok(first.orders.clone()), Ok(first.orders.clone())]);
    let order = &first.orders[0];
    let created = OutboxEvent::OrderCreated(order.id);
    assert_eq!(outbox(&*store).await, [created]);
    assert_eq!(places(&*store, &campaign).await, [4, 2, 0, 0]);
    let before = said(&*store, &campaign).await;
    assert_eq!(before.2, first.orders);
    let read = store.order(order.id).await.expect("it can be read");
    assert_eq!(read.as_ref(), Some(order));
    let own = store.orders_of(order.bidder, WHOLE).await;
    assert_eq!(own.expect("they can be read").items, first.orders);

    // Whoever tries again may have another clock.
    let mut later = first.clone();
    later.orders[0].created_at = order.created_at.after(Duration::from_mins(1));
    later.orders[0].pay_by = order.pay_by.after(Duration::from_mins(1));
    for again in [first.clone(), later] {
        let outcomes = commit(&*store, &[again]).await;
        assert_eq!(outcomes, [Ok(first.orders.clone())]);
        assert_eq!(said(&*store, &campaign).await, before);
    }

    let contested = purchase(&campaign, fresh(), 2);
    let calls = (0..8).map(|_| {
        let (store, batch) = (Arc::clone(&store), [contested.clone()]);
        async move { commit(&*store, &batch).await }
    });
    for outcomes in at_once(calls).await {
        assert_eq!(outcomes, [Ok(contested.orders.clone())]);
    }
    assert_eq!(places(&*store, &campaign).await, [2, 4, 0, 0]);

    let paid = move_one(&*store, pay(order)).await.order;
    assert_eq!(paid.status, OrderStatus::Paid);
    let outcomes = commit(&*store, &[first]).await;
    assert_eq!(outcomes, [Ok(vec![paid])], "as it is now");
    let ended = move_one(&*store, cancel(&contested.orders[0])).await.order;
    let before = said(&*store, &campaign).await;
    let outcomes = commit(&*store, &[contested]).await;
    assert_eq!(outcomes, [Ok(vec![ended])], "it does not come to life");
    assert_eq!(said(&*store, &campaign).await, before);
    assert_eq!(commit(&*store, &[]).await, []);
}

/// As many units as there are and not one more: in one batch that is larger than what a database takes in one
/// statement, and from many at once.
pub async fn purchases_never_exceed_the_quota<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 1_300, 1_100, None).await;
    let mut batch: Vec<_> = (0..1_500)
        .map(|_| purchase(&campaign, fresh(), 1))
        .collect();
    batch.reverse();
    let outcomes = commit(&*store, &batch).await;
    for (number, (purchase, outcome)) in batch.iter().zip(outcomes).enumerate() {
        if number < 1_100 {
            assert_eq!(outcome, Ok(purchase.orders.clone()));
        } else {
            assert_eq!(outcome, Err(Rejection::SoldOut));
        }
    }
    assert_eq!(places(&*store, &campaign).await, [0, 1_100, 0, 0]);
    assert_eq!(orders(&*store, &campaign).await.len(), 1_100);
    let told: BTreeSet<_> = outbox(&*store)
        .await
        .into_iter()
        .map(|event| match event {
            OutboxEvent::OrderCreated(order) => order,
            other => panic!("nothing else has happened: {other:?}"),
        })
        .collect();
    let made: BTreeSet<_> = batch[..1_100]
        .iter()
        .map(|purchase| purchase.orders[0].id)
        .collect();
    assert_eq!(told, made);

    let campaign = shop(&*store, 99, 20, None).await;
    let calls = (0..16).map(|_| {
        let store = Arc::clone(&store);
        let batch = [1, 2, 1].map(|count| purchase(&campaign, fresh(), count));
        async move { commit(&*store, &batch).await }
    });
    let outcomes: Vec<_> = at_once(calls).await.into_iter().flatten().collect();
    let held = outcomes.iter().flatten().flatten();
    let held: u32 = held.map(|order| order.units.get()).sum();
    assert_eq!(held, 20);
    let refused = outcomes.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|why| why == Rejection::SoldOut));
    assert_eq!(places(&*store, &campaign).await, [0, 20, 0, 0]);
    conserved(&*store, &campaign).await;
}

/// What a buyer has held and paid counts, what has ended does not; in a batch, at once, and for each campaign by itself.
pub async fn purchases_stay_within_the_limit<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 99, 90, Some(3)).await;
    let buyer = fresh();
    let buy = |count| purchase(&campaign, buyer, count);
    let full = || Err(Rejection::LimitReached);
    let batch = [buy(2), buy(2), buy(1), buy(1)];
    let outcomes = commit(&*store, &batch).await;
    let (first, second) = (batch[0].orders.clone(), batch[2].orders.clone());
    assert_eq!(
        outcomes,
        [Ok(first.clone()), full(), Ok(second.clone()), full()]
    );
    move_one(&*store, pay(&first[0])).await;
    assert_eq!(commit(&*store, &[buy(1)]).await, [full()], "paid counts");
    move_one(&*store, cancel(&second[0])).await;
    assert_eq!(commit(&*store, &[buy(2)]).await, [full()]);
    assert!(commit(&*store, &[buy(1)]).await[0].is_ok());
    assert!(commit(&*store, &[purchase(&campaign, fresh(), 3)]).await[0].is_ok());
    assert_eq!(
        commit(&*store, &[purchase(&campaign, fresh(), 4)]).await,
        [full()]
    );
    let elsewhere = shop(&*store, 9, 9, Some(3)).await;
    assert!(commit(&*store, &[purchase(&elsewhere, buyer, 3)]).await[0].is_ok());

    let other = fresh();
    let calls = (0..16).map(|number| {
        let store = Arc::clone(&store);
        let batch = [
            purchase(&campaign, other, 1 + number % 2),
            purchase(&campaign, fresh(), 1),
        ];
        async move { commit(&*store, &batch).await }
    });
    for outcomes in at_once(calls).await {
        assert!(outcomes[0].is_ok() || outcomes[0] == full());
        assert!(outcomes[1].is_ok(), "the neighbour may have its own");
    }
    let own = store.orders_of(other, WHOLE).await;
    let own = own.expect("they can be read").items;
    let units: u32 = own.iter().map(|order| order.units.get()).sum();
    assert_eq!(units, 3, "all that it may have");
    conserved(&*store, &campaign).await;
}

/// What was refused once stays refused, although there is enough later; the neighbours get theirs, and a new purchase
/// does.
pub async fn a_refused_purchase_stays_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 3, Some(2)).await;
    let buyer = fresh();
    let kept = purchase(&campaign, buyer, 2);
    let too_many = purchase(&campaign, buyer, 1);
    let too_late = purchase(&campaign, fresh(), 2);
    let fits = purchase(&campaign, fresh(), 1);
    let batch = [
        kept.clone(),
        too_many.clone(),
        too_late.clone(),
        fits.clone(),
        too_late.clone(),
    ];
    let refused = [
        (too_many, VoidReason::LimitReached),
        (too_late, VoidReason::SoldOut),
    ];
    let no = |reason: VoidReason| Err(Rejection::from(reason));
    let expected = [
        Ok(kept.orders.clone()),
        no(VoidReason::LimitReached),
        no(VoidReason::SoldOut),
        Ok(fits.orders.clone()),
        no(VoidReason::SoldOut),
    ];
    assert_eq!(commit(&*store, &batch).await, expected);
    for order in [&kept.orders[0], &fits.orders[0]] {
        move_one(&*store, cancel(order)).await;
    }
    assert_eq!(places(&*store, &campaign).await, [3, 0, 0, 0]);
    let before = said(&*store, &campaign).await;
    for (purchase, reason) in &refused {
        let hold = purchase.orders[0].hold;
        assert_eq!(fate(&*store, hold).await, Some(HoldFate::Void(*reason)));
        let again = commit(&*store, std::slice::from_ref(purchase)).await;
        assert_eq!(again, [no(*reason)]);
        let order = store.order(purchase.orders[0].id).await;
        assert_eq!(order.expect("it can be read"), None);
    }
    assert_eq!(said(&*store, &campaign).await, before);

    // Where nothing is sold first-come, nothing is bought.
    let ranked = sale(&*store, 9, 3).await;
    let before = said(&*store, &ranked).await;
    let wrong = Order {
        campaign: ranked.id,
        product: ranked.product,
        ..purchase(&campaign, fresh(), 1).orders[0].clone()
    };
    let unknown = Order {
        campaign: fresh(),
        ..purchase(&campaign, fresh(), 1).orders[0].clone()
    };
    let fits = purchase(&campaign, fresh(), 1);
    let mut batch = [wrong, unknown].map(|order| Purchase {
        id: fresh(),
        orders: vec![order],
    });
    for purchase in &mut batch {
        let id = purchase.id;
        purchase.orders[0].origin = Origin::Bought { purchase: id };
    }
    let [wrong, unknown] = batch;
    let outcomes = commit(&*store, &[wrong, unknown, fits.clone()]).await;
    assert!(outcomes[0].is_err() && outcomes[1].is_err(), "{outcomes:?}");
    assert_eq!(outcomes[2], Ok(fits.orders), "the neighbour gets its own");
    assert_eq!(said(&*store, &ranked).await.2, before.2);
    assert_eq!(places(&*store, &ranked).await, [3, 0, 0, 0]);
}

/// Units go from available to held in the campaign, and stay promised in the product, whatever else it sells.
pub async fn purchases_conserve_units<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(20);
    store.add_product(&product).await.expect("it is added");
    let campaigns = [(5, None), (7, Some(3))].map(|(quota, per_buyer)| {
        let mut campaign = campaign_of(&product, quota);
        campaign.terms.format = first_come(running(), money(5), per_buyer).terms.format;
        campaign
    });
    for campaign in &campaigns {
        store.add_campaign(campaign).await.expect("it is added");
    }
    let [one, two] = &campaigns;
    assert_eq!(stock(&*store, one).await, [8, 12, 0]);
    let first = bought(&*store, one, 2).await;
    bought(&*store, two, 3).await;
    let refused = commit(&*store, &[purchase(one, fresh(), 4)]).await;
    assert_eq!(refused, [Err(Rejection::SoldOut)], "the product has more");
    assert_eq!(places(&*store, one).await, [3, 2, 0, 0]);
    assert_eq!(places(&*store, two).await, [4, 3, 0, 0]);
    assert_eq!(stock(&*store, one).await, [8, 12, 0]);
    move_one(&*store, pay(&first)).await;
    commit(&*store, &[cart(fresh(), &[(one, 3), (two, 1)])]).await;
    assert_eq!(places(&*store, one).await, [0, 3, 2, 0]);
    assert_eq!(places(&*store, two).await, [3, 4, 0, 0]);
    assert_eq!(stock(&*store, two).await, [8, 10, 2]);
    for campaign in &campaigns {
        conserved(&*store, campaign).await;
    }
}

/// An order's id stands for what was bought: nothing of a batch that says otherwise is done.
pub async fn a_conflicting_purchase_changes_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 6, None).await;
    let other = shop(&*store, 9, 6, None).await;
    let order = bought(&*store, &campaign, 2).await;
    let before = (said(&*store, &campaign).await, said(&*store, &other).await);
    let elsewhere = Order {
        campaign: other.id,
        product: other.product,
        ..order.clone()
    };
    let somebody = Order {
        bidder: fresh(),
        ..order.clone()
    };
    let more = Order {
        units: units(3),
        ..order.clone()
    };
    let cheaper = Order {
        price: money(4),
        ..order.clone()
    };
    let Origin::Bought { purchase: id } = order.origin else {
        panic!("it was bought");
    };
    for wrong in [elsewhere, somebody, more, cheaper] {
        let (first, last) = (
            purchase(&campaign, fresh(), 1),
            purchase(&other, fresh(), 1),
        );
        let too_many = purchase(&campaign, fresh(), 5);
        let wrong = Purchase {
            id,
            orders: vec![wrong],
        };
        let batch = [first.clone(), too_many.clone(), wrong, last.clone()];
        let committed = store.commit_purchases(&batch).await;
        assert_eq!(failure(committed), StoreErrorKind::Conflict);
        let after = (said(&*store, &campaign).await, said(&*store, &other).await);
        assert_eq!(after, before);
        for purchase in [first, too_many, last] {
            let fate = fate(&*store, purchase.orders[0].hold).await;
            assert_eq!(fate, None, "neither ordered nor void");
        }
    }

    let first = purchase(&campaign, fresh(), 1);
    let mut second = first.clone();
    second.orders[0].units = units(2);
    let committed = store.commit_purchases(&[first.clone(), second]).await;
    assert_eq!(failure(committed), StoreErrorKind::Conflict);
    assert_eq!(said(&*store, &campaign).await, before.0);
    assert_eq!(fate(&*store, first.orders[0].hold).await, None);
}
