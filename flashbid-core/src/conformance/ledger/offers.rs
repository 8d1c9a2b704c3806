use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::fates::letter;
use super::fixture::{
    TOKEN, added, bidders, bought, cancel, conserved, end, expire, move_one, orders, outbox, pay,
    pay_late, places, purchase, reread, said, shop, stock,
};
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, RunnersUp};
use crate::conformance::fixture::{WHOLE, campaign, failure, fresh, now, page, past, units};
use crate::error::StoreErrorKind;
use crate::id::BidderId;
use crate::order::{Order, OrderStatus};
use crate::settle::{OfferPlan, offer};
use crate::store::{Ledger, OutboxEvent, Revision};

/// A settled campaign whose terms offer what is not paid to as many places, and its ranking.
async fn settled<S: Ledger + ?Sized>(
    store: &S,
    quota: u32,
    places: u32,
    who: usize,
) -> (Campaign, Vec<AcceptedBid>) {
    let mut template = campaign(past());
    template.terms.runners_up = Some(RunnersUp {
        places,
        payment_deadline: Duration::from_mins(5),
    });
    let campaign = added(store, quota + 1, quota, template).await;
    super::fixture::settled(store, &campaign, &bidders(who)).await
}

/// What the pure rule offers now.
async fn offered<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    bids: &[AcceptedBid],
) -> Option<OfferPlan> {
    let campaign = reread(store, campaign).await;
    let orders = orders(store, &campaign).await;
    let served: HashSet<BidderId> = orders.iter().map(|order| order.bidder).collect();
    offer(&campaign, bids, |who| served.contains(&who), now())
}

async fn refused<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    plan: &OfferPlan,
    token: FencingToken,
    kind: StoreErrorKind,
) {
    let before = said(store, campaign).await;
    assert_eq!(failure(store.commit_offers(plan, token).await), kind);
    assert_eq!(said(store, campaign).await, before);
    for order in &plan.orders {
        let read = store.order(order.id).await.expect("it can be read");
        let known = before.2.iter().any(|known| known.id == order.id);
        assert_eq!(read.is_some(), known);
    }
}

async fn with_units_left<S: Ledger + ?Sized>(store: &S) -> Vec<Campaign> {
    let campaigns = store.with_units_left(WHOLE).await;
    campaigns.expect("they can be read")
}

/// Settled and something left: for runners-up, to be returned, or of dead letters.
pub async fn campaigns_with_units_left_are_listed<S: Ledger + ?Sized>(store: Arc<S>) {
    shop(&*store, 9, 6, None).await;
    assert_eq!(with_units_left(&*store).await, [], "it still sells");
    let mut left = Vec::new();
    for _ in 0..4 {
        let (campaign, _) = settled(&*store, 2, 3, 4).await;
        assert_eq!(with_units_left(&*store).await.len(), left.len());
        let order = orders(&*store, &campaign).await.remove(1);
        move_one(&*store, cancel(&order)).await;
        left.push(reread(&*store, &campaign).await);
    }
    let (all_paid, _) = settled(&*store, 1, 3, 4).await;
    move_one(&*store, pay(&orders(&*store, &all_paid).await[0])).await;
    let plain = shop(&*store, 9, 6, None).await;
    bought(&*store, &plain, 1).await;
    end(&*store, &plain).await;
    let aside = shop(&*store, 9, 6, None).await;
    let letter = letter(&aside, &purchase(&aside, fresh(), 2));
    store.set_aside(&[letter]).await.expect("it is known");
    left.push(end(&*store, &aside).await);
    left.sort_by_key(|campaign| campaign.id);
    assert_eq!(with_units_left(&*store).await, left);
    for (page, part) in [
        (page(1, 2), &left[1..3]),
        (page(4, 9), &left[4..]),
        (page(5, 9), &[]),
    ] {
        let read = store.with_units_left(page).await;
        assert_eq!(read.expect("they can be read"), part);
    }
}

/// A unit that was not paid goes to the next in the ranking, is held for it, and to the product when nobody is left; and
/// whoever pays when another has it gets the money back.
pub async fn an_offer_takes_a_unit<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, bids) = settled(&*store, 2, 2, 6).await;
    let won = orders(&*store, &campaign).await;
    assert_eq!(offered(&*store, &campaign, &bids).await, None);
    move_one(&*store, expire(&won[0])).await;
    assert_eq!(places(&*store, &campaign).await, [1, 1, 0, 0]);
    assert_eq!(
        stock(&*store, &campaign).await,
        [1, 2, 0],
        "it stays promised"
    );
    let told = outbox(&*store).await.len();
    let before = store.order_changes(campaign.id, Revision::ZERO, 99).await;
    let before = before.expect("they can be read").through;

    let plan = offered(&*store, &campaign, &bids)
        .await
        .expect("one is left");
    assert_eq!((plan.orders.len(), plan.returned), (1, units(0)));
    let next = plan.orders[0].clone();
    assert_eq!(next.bidder, bids[2].bidder);
    let newer = TOKEN.next();
    store.commit_offers(&plan, newer).await.expect("it is left");
    assert_eq!(places(&*store, &campaign).await, [0, 2, 0, 0]);
    assert_eq!(stock(&*store, &campaign).await, [1, 2, 0]);
    assert_eq!(reread(&*store, &campaign).await.fence, newer);
    let read = store.order(next.id).await.expect("it can be read");
    assert_eq!(read.as_ref(), Some(&next));
    let own = store.orders_of(next.bidder, WHOLE).await;
    assert_eq!(own.expect("they can be read").items, plan.orders);
    assert_eq!(orders(&*store, &campaign).await[2], next, "by rank");
    let events = outbox(&*store).await.split_off(told);
    assert_eq!(events, [OutboxEvent::OrderCreated(next.id)]);
    let changed = store.order_changes(campaign.id, before, 9).await;
    assert_eq!(changed.expect("they can be read").orders, plan.orders);
    assert_eq!(with_units_left(&*store).await, []);

    let late = move_one(&*store, pay_late(&won[0])).await.order;
    assert_eq!(late.status, OrderStatus::RefundDue, "another has the unit");
    assert_eq!(places(&*store, &campaign).await, [0, 2, 0, 0]);
    move_one(&*store, pay(&next)).await;
    move_one(&*store, cancel(&won[1])).await;
    let plan = offered(&*store, &campaign, &bids)
        .await
        .expect("one is left");
    assert_eq!(plan.orders[0].bidder, bids[3].bidder);
    store.commit_offers(&plan, newer).await.expect("it is left");
    let declined = move_one(&*store, cancel(&plan.orders[0])).await.order;
    assert_eq!(places(&*store, &campaign).await, [1, 0, 1, 0]);

    let plan = offered(&*store, &campaign, &bids)
        .await
        .expect("one is left");
    assert_eq!((plan.orders.len(), plan.returned), (0, units(1)));
    store.commit_offers(&plan, newer).await.expect("it is left");
    assert_eq!(places(&*store, &campaign).await, [0, 0, 1, 1]);
    assert_eq!(stock(&*store, &campaign).await, [2, 0, 1]);
    let again = move_one(&*store, pay_late(&declined)).await.order;
    assert_eq!(again.status, OrderStatus::Paid, "the product had it");
    assert_eq!(places(&*store, &campaign).await, [0, 0, 2, 0]);
    assert_eq!(stock(&*store, &campaign).await, [1, 0, 2]);
    conserved(&*store, &campaign).await;

    let (campaign, bids) = settled(&*store, 3, 1, 5).await;
    for order in &orders(&*store, &campaign).await[..2] {
        move_one(&*store, expire(order)).await;
    }
    let plan = offered(&*store, &campaign, &bids)
        .await
        .expect("two are left");
    assert_eq!((plan.orders.len(), plan.returned), (1, units(1)));
    store
        .commit_offers(&plan, newer)
        .await
        .expect("they are left");
    assert_eq!(places(&*store, &campaign).await, [0, 2, 0, 1]);
    assert_eq!(stock(&*store, &campaign).await, [2, 2, 0]);
    conserved(&*store, &campaign).await;
}

/// No more than is left, offered and returned together; nothing while it is not settled; and what dead letters keep is
/// not left.
pub async fn an_offer_beyond_what_is_left_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    use StoreErrorKind::Conflict;
    let (campaign, bids) = settled(&*store, 2, 3, 6).await;
    let won = orders(&*store, &campaign).await;
    move_one(&*store, expire(&won[0])).await;
    let good = offered(&*store, &campaign, &bids)
        .await
        .expect("one is left");
    let also_returned = OfferPlan {
        returned: units(1),
        ..good.clone()
    };
    let only_returned = OfferPlan {
        orders: Vec::new(),
        returned: units(2),
        ..good.clone()
    };
    move_one(&*store, expire(&won[1])).await;
    let both = offered(&*store, &campaign, &bids)
        .await
        .expect("two are left");
    assert_eq!(both.orders.len(), 2);
    let one_only = OfferPlan {
        orders: vec![both.orders[1].clone()],
        ..both.clone()
    };
    store
        .commit_offers(&one_only, TOKEN)
        .await
        .expect("it is left");
    for plan in [also_returned, only_returned] {
        refused(&*store, &campaign, &plan, TOKEN, Conflict).await;
    }
    store.commit_offers(&good, TOKEN).await.expect("it is left");
    assert_eq!(places(&*store, &campaign).await, [0, 2, 0, 0]);

    let open = shop(&*store, 9, 6, None).await;
    let early = OfferPlan {
        campaign: open.id,
        orders: Vec::new(),
        returned: units(1),
    };
    refused(&*store, &open, &early, TOKEN, Conflict).await;
    let letter = letter(&open, &purchase(&open, fresh(), 2));
    store.set_aside(&[letter]).await.expect("it is known");
    let over = end(&*store, &open).await;
    assert_eq!(places(&*store, &over).await, [2, 0, 0, 4]);
    refused(&*store, &over, &early, TOKEN, Conflict).await;
}

/// Who has an order of the campaign, in whatever status, is not offered another; nor is anybody twice.
pub async fn an_offer_to_a_bidder_with_an_order_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    use StoreErrorKind::Conflict;
    let (campaign, bids) = settled(&*store, 3, 3, 6).await;
    let won = orders(&*store, &campaign).await;
    move_one(&*store, pay(&won[0])).await;
    for order in &won[1..] {
        move_one(&*store, cancel(order)).await;
    }
    let good = offered(&*store, &campaign, &bids)
        .await
        .expect("two are left");
    assert_eq!(good.orders.len(), 2);
    let id = fresh();
    let another = |order: &Order, who: BidderId| Order {
        id,
        hold: id.into(),
        bidder: who,
        ..order.clone()
    };
    let second = |order| OfferPlan {
        orders: vec![good.orders[0].clone(), order],
        ..good.clone()
    };
    let last = &good.orders[1];
    for who in [won[0].bidder, won[1].bidder, good.orders[0].bidder] {
        let plan = second(another(last, who));
        refused(&*store, &campaign, &plan, TOKEN, Conflict).await;
    }
    store
        .commit_offers(&good, TOKEN)
        .await
        .expect("they are left");
    assert_eq!(places(&*store, &campaign).await, [0, 2, 1, 0]);
    move_one(&*store, cancel(&good.orders[0])).await;
    let again = OfferPlan {
        orders: vec![good.orders[0].clone()],
        ..good.clone()
    };
    refused(&*store, &campaign, &again, TOKEN, Conflict).await;
}

/// A worker that lost its lease offers nothing.
pub async fn an_older_token_cannot_offer<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, bids) = settled(&*store, 2, 3, 6).await;
    for order in orders(&*store, &campaign).await {
        move_one(&*store, expire(&order)).await;
    }
    let both = offered(&*store, &campaign, &bids)
        .await
        .expect("two are left");
    let [one, two] = [0, 1].map(|index: usize| OfferPlan {
        orders: vec![both.orders[index].clone()],
        ..both.clone()
    });
    let older = FencingToken::new(TOKEN.get() - 1);
    refused(&*store, &campaign, &one, older, StoreErrorKind::Fenced).await;
    let newer = TOKEN.next();
    store.commit_offers(&one, newer).await.expect("it is newer");
    assert_eq!(reread(&*store, &campaign).await.fence, newer);
    refused(&*store, &campaign, &two, TOKEN, StoreErrorKind::Fenced).await;
    store
        .commit_offers(&two, newer)
        .await
        .expect("the same may go on");
}
