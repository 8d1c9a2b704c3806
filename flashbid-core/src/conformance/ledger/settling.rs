use std::sync::Arc;
use std::time::Duration;

use super::fixture::{
    TOKEN, begin, bidders, conserved, orders, outbox, places, reread, said, sale, sealed, sealing,
    shop, stock,
};
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::conformance::fixture::{WHOLE, at_once, batch, event, failure, fresh, now, units};
use crate::error::StoreErrorKind;
use crate::id::OrderId;
use crate::order::Order;
use crate::rank::Sequence;
use crate::settle::{SettlementPlan, plan};
use crate::stock::Level;
use crate::store::{Ledger, OutboxEvent, Settlement};

/// The store refuses the plan, and everything is as it was.
async fn refused<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    plan: &SettlementPlan,
    token: FencingToken,
    kind: StoreErrorKind,
) {
    let before = said(store, campaign).await;
    let settled = store.commit_settlement(plan, token).await;
    assert_eq!(failure(settled), kind);
    assert_eq!(said(store, campaign).await, before);
}

/// Orders, phase, stock and outbox change together, or none of them.
pub async fn a_settlement_is_all_or_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, good) = sealed(&*store, 9, 6, &bidders(4)).await;
    // The last of the orders is the one that cannot be written.
    let mut bad = good.clone();
    bad.orders[3].id = bad.orders[0].id;
    bad.orders[3].bidder = bad.orders[0].bidder;
    refused(&*store, &campaign, &bad, TOKEN, StoreErrorKind::Conflict).await;
    for order in &good.orders {
        let read = store.order(order.id).await.expect("it can be read");
        assert_eq!(read, None);
        let own = store.orders_of(order.bidder, WHOLE).await;
        assert_eq!(own.expect("it can be read").total, 0);
    }
    let settled = store.commit_settlement(&good, TOKEN).await;
    assert_eq!(settled.expect("it is settled"), Settlement::Committed);
    assert_eq!(orders(&*store, &campaign).await, good.orders);
    let expected = Campaign {
        phase: Phase::Settled,
        version: campaign.version + 1,
        fence: TOKEN,
        stock: Level {
            available: units(0),
            held: units(4),
            sold: units(0),
        },
        returned: units(2),
        ..campaign.clone()
    };
    assert_eq!(reread(&*store, &campaign).await, expected);
    let mut told: Vec<_> = good
        .orders
        .iter()
        .map(|order| OutboxEvent::OrderCreated(order.id))
        .collect();
    told.push(OutboxEvent::CampaignSettled(campaign.id));
    assert_eq!(outbox(&*store).await, told);
}

/// A plan that comes again, or another one that comes later, finds the campaign settled.
pub async fn a_settlement_commits_once<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, first) = sealed(&*store, 9, 6, &bidders(8)).await;
    let settled = store.commit_settlement(&first, TOKEN).await;
    assert_eq!(settled.expect("it is settled"), Settlement::Committed);
    let level = stock(&*store, &campaign).await;
    let told = outbox(&*store).await;
    let settled = reread(&*store, &campaign).await;
    let mut other = first.clone();
    other.orders.remove(0);
    other.unsold = units(1);
    let current = SettlementPlan {
        version: settled.version,
        ..first.clone()
    };
    for plan in [&first, &other, &current] {
        for token in [TOKEN, TOKEN.next()] {
            let again = store.commit_settlement(plan, token).await;
            assert_eq!(again.expect("it answers"), Settlement::AlreadySettled);
        }
    }
    assert_eq!(orders(&*store, &campaign).await, first.orders);
    assert_eq!(stock(&*store, &campaign).await, level);
    assert_eq!(outbox(&*store).await, told);
    assert_eq!(reread(&*store, &campaign).await, settled);
}

/// Many settle at once, each with a plan of its own time: one plan is in the ledger, whole.
pub async fn of_concurrent_settlements_one_commits<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, first) = sealed(&*store, 9, 6, &bidders(8)).await;
    let calls = (0..8).map(|worker| {
        let store = Arc::clone(&store);
        let mut plan = first.clone();
        for order in &mut plan.orders {
            order.created_at = order.created_at.after(Duration::from_millis(worker));
        }
        async move {
            let settled = store.commit_settlement(&plan, TOKEN).await;
            (settled.expect("it answers"), plan.orders)
        }
    });
    let (committed, late): (Vec<_>, Vec<_>) = at_once(calls)
        .await
        .into_iter()
        .partition(|(settled, _)| *settled == Settlement::Committed);
    assert_eq!((committed.len(), late.len()), (1, 7));
    assert_eq!(orders(&*store, &campaign).await, committed[0].1);
    assert_eq!(stock(&*store, &campaign).await, [3, 6, 0]);
    assert_eq!(outbox(&*store).await.len(), 7);
}

/// A worker that lost its lease settles nothing, before or after its successor did.
pub async fn an_older_token_cannot_settle<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, plan) = sealed(&*store, 9, 6, &bidders(3)).await;
    let older = FencingToken::new(TOKEN.get() - 1);
    refused(&*store, &campaign, &plan, older, StoreErrorKind::Fenced).await;
    let newer = TOKEN.next();
    let settled = store.commit_settlement(&plan, newer).await;
    assert_eq!(settled.expect("it is newer"), Settlement::Committed);
    assert_eq!(reread(&*store, &campaign).await.fence, newer);
    refused(&*store, &campaign, &plan, TOKEN, StoreErrorKind::Fenced).await;
}

/// A plan is for the version it was made from, and for a campaign whose book is sealed.
pub async fn a_stale_plan_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, good) = sealed(&*store, 9, 6, &bidders(3)).await;
    for version in [good.version - 1, good.version + 1] {
        let stale = SettlementPlan {
            version,
            ..good.clone()
        };
        refused(&*store, &campaign, &stale, TOKEN, StoreErrorKind::Conflict).await;
    }
    let open = sale(&*store, 9, 6).await;
    begin(&*store, &open).await;
    let early = plan(&open, &[], Sequence::ZERO, now());
    refused(&*store, &open, &early, TOKEN, StoreErrorKind::Conflict).await;
    let cancelled = sale(&*store, 9, 6).await;
    let moved = store
        .transition(cancelled.id, Phase::Open, Phase::Cancelled, TOKEN)
        .await;
    assert!(moved.expect("it may be called off"));
    let cancelled = reread(&*store, &cancelled).await;
    let late = plan(&cancelled, &[], Sequence::ZERO, now());
    refused(&*store, &cancelled, &late, TOKEN, StoreErrorKind::Conflict).await;
    let shop = shop(&*store, 9, 6, None).await;
    let shop = sealing(&*store, &shop).await;
    let ranked = plan(&shop, &[], Sequence::ZERO, now());
    refused(&*store, &shop, &ranked, TOKEN, StoreErrorKind::Conflict).await;
}

/// No more units than the quota, by orders or by what is left, although the product has more.
pub async fn a_plan_beyond_the_quota_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, good) = sealed(&*store, 99, 4, &bidders(4)).await;
    let more_unsold = SettlementPlan {
        unsold: units(1),
        ..good.clone()
    };
    let mut more_orders = good;
    let who = fresh();
    let id = OrderId::derive(campaign.id, who);
    more_orders.orders.push(Order {
        id,
        bidder: who,
        hold: id.into(),
        ..more_orders.orders[0].clone()
    });
    for plan in [more_unsold, more_orders] {
        refused(&*store, &campaign, &plan, TOKEN, StoreErrorKind::Conflict).await;
    }
}

/// A plan that forgets units would leave them held for nobody.
pub async fn a_plan_below_the_quota_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, good) = sealed(&*store, 99, 4, &bidders(3)).await;
    let less_unsold = SettlementPlan {
        unsold: units(0),
        ..good.clone()
    };
    let mut fewer_orders = good;
    fewer_orders.orders.pop();
    for plan in [less_unsold, fewer_orders] {
        refused(&*store, &campaign, &plan, TOKEN, StoreErrorKind::Conflict).await;
    }
}

/// One order a bidder, also when the ids of the orders differ.
pub async fn a_plan_with_a_bidder_twice_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, mut plan) = sealed(&*store, 9, 4, &bidders(4)).await;
    plan.orders[3].bidder = plan.orders[1].bidder;
    refused(&*store, &campaign, &plan, TOKEN, StoreErrorKind::Conflict).await;
}

/// What the ledger does not have yet may still change who wins.
pub async fn a_plan_beyond_the_checkpoint_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, good) = sealed(&*store, 9, 6, &bidders(3)).await;
    let ahead = SettlementPlan {
        sealed_at: Sequence::new(4),
        ..good.clone()
    };
    refused(&*store, &campaign, &ahead, TOKEN, StoreErrorKind::Conflict).await;
    let settled = store.commit_settlement(&good, TOKEN).await;
    assert_eq!(settled.expect("it is settled"), Settlement::Committed);
}

/// A bid that was recorded while the plan was made, or early and behind a gap, may have won.
pub async fn a_plan_that_leaves_out_a_recorded_bid_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    for (after, sequence) in [(3, 4), (4, 5)] {
        let (campaign, good) = sealed(&*store, 9, 6, &bidders(3)).await;
        let epoch = begin(&*store, &campaign).await;
        let late = batch(
            epoch,
            after,
            sequence,
            &[event(&campaign, fresh(), sequence)],
        );
        let recorded = store.record(campaign.id, &late).await;
        recorded.expect("it is recorded");
        refused(&*store, &campaign, &good, TOKEN, StoreErrorKind::Conflict).await;
    }
}

/// Won units stay held for their orders, the others go back to the product.
pub async fn a_settlement_conserves_units<S: Ledger + ?Sized>(store: Arc<S>) {
    for (bids, expected) in [
        (0, [9, 0, 0]),
        (2, [7, 2, 0]),
        (6, [3, 6, 0]),
        (9, [3, 6, 0]),
    ] {
        let (campaign, plan) = sealed(&*store, 9, 6, &bidders(bids)).await;
        assert_eq!(stock(&*store, &campaign).await, [3, 6, 0]);
        let settled = store.commit_settlement(&plan, TOKEN).await;
        assert_eq!(settled.expect("it is settled"), Settlement::Committed);
        assert_eq!(stock(&*store, &campaign).await, expected, "{bids} bids");
        let [_, held, _] = expected;
        let places = places(&*store, &campaign).await;
        assert_eq!(places, [0, held, 0, 6 - held], "{bids} bids");
        conserved(&*store, &campaign).await;
    }
}

/// More orders than a database takes parameters in one statement.
pub async fn large_settlements_commit<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, plan) = sealed(&*store, 6_000, 5_000, &bidders(5_500)).await;
    assert_eq!(plan.orders.len(), 5_000);
    let settled = store.commit_settlement(&plan, TOKEN).await;
    assert_eq!(settled.expect("it is settled"), Settlement::Committed);
    assert_eq!(orders(&*store, &campaign).await, plan.orders);
    assert_eq!(outbox(&*store).await.len(), 5_001);
}
