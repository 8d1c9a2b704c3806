//! The cases of [`StockGate`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{at_once, failure, fresh, now, running, units};
use crate::error::{Rejection, StoreErrorKind};
use crate::id::{BidderId, CampaignId, HoldId};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{GateSeed, HoldRequest, Purpose, StockGate};
use crate::time::Timestamp;

/// Makes every case of [`StockGate`](crate::store::StockGate) a test of a store; see
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! stock_gate_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] gate:
            loading_twice_changes_nothing
            a_seed_gives_the_level
            a_seed_beyond_the_quota_is_refused
            concurrent_holds_never_oversell
            a_refused_hold_takes_nothing
            a_hold_is_taken_once
            a_hold_id_used_for_another_request_is_refused
            the_limit_counts_held_and_sold
            the_limit_is_told_before_the_stock
            a_hold_ends_once
            units_are_conserved
            units_come_back_once
            only_due_holds_are_due
            an_unloaded_counter_is_not_found
            counters_are_separate
        }
    };
}

async fn loaded<S: StockGate + ?Sized>(store: &S, quota: u32, limit: Option<u32>) -> CampaignId {
    let seed = GateSeed {
        campaign: fresh(),
        quota: units(quota),
        per_buyer: limit.map(units),
        window: running(),
        sealed: false,
        holds: Vec::new(),
    };
    let level = store.load(&seed).await.expect("a counter is loaded");
    assert_eq!(level, Level::loaded_with(units(quota)));
    seed.campaign
}

fn request(bidder: BidderId, count: u32) -> HoldRequest {
    HoldRequest {
        id: fresh(),
        bidder,
        units: units(count),
        expires_at: now().after(Duration::from_mins(10)),
        purpose: Purpose::Cart,
        ticket: None,
        at: Some(now()),
    }
}

fn held(request: &HoldRequest) -> Hold {
    Hold {
        id: request.id,
        bidder: request.bidder,
        units: request.units,
        taken_at: request.at.expect("a case names the time"),
        expires_at: request.expires_at,
        state: HoldState::Held,
    }
}

async fn take<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    request: HoldRequest,
) -> Result<Hold, Rejection> {
    let mut outcomes = store
        .hold(campaign, &[request])
        .await
        .expect("it is loaded");
    assert_eq!(outcomes.len(), 1, "one outcome a request");
    outcomes.remove(0)
}

async fn level<S: StockGate + ?Sized>(store: &S, campaign: CampaignId) -> [u32; 3] {
    let level = store.level(campaign).await.expect("it can be read");
    figures(level.expect("it is loaded").level)
}

/// Expires the holds that are due, and answers them.
async fn expire_due<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    now: Timestamp,
    limit: usize,
) -> Vec<Hold> {
    let due = store.due(campaign, now, limit).await.expect("it is loaded");
    let ids: Vec<HoldId> = due.iter().map(|hold| hold.id).collect();
    let expired = store.expire(campaign, &ids).await.expect("it is loaded");
    expired.into_iter().flatten().collect()
}

fn figures(level: Level) -> [u32; 3] {
    [level.available, level.held, level.sold].map(Units::get)
}

/// A counter that is loaded is not reset by who loads it later.
pub async fn loading_twice_changes_nothing<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 5, None).await;
    let taken = request(fresh(), 2);
    take(&*store, campaign, taken)
        .await
        .expect("there is enough");
    let again = GateSeed {
        campaign,
        quota: units(9),
        per_buyer: Some(units(1)),
        window: running(),
        sealed: false,
        holds: Vec::new(),
    };
    let answer = store.load(&again).await.expect("it is loaded");
    assert_eq!(figures(answer), [3, 2, 0]);
    let known = take(&*store, campaign, taken).await;
    assert_eq!(known, Ok(held(&taken)));
}

/// Units that are held or sold in the ledger are not there to be taken again; those given back are.
pub async fn a_seed_gives_the_level<S: StockGate + ?Sized>(store: Arc<S>) {
    let buyer = fresh();
    let hold = |count, state| Hold {
        state,
        ..held(&request(buyer, count))
    };
    let seed = GateSeed {
        campaign: fresh(),
        quota: units(10),
        per_buyer: Some(units(6)),
        window: running(),
        sealed: false,
        holds: vec![
            hold(2, HoldState::Held),
            hold(3, HoldState::Consumed),
            hold(4, HoldState::Released),
            hold(5, HoldState::Expired),
        ],
    };
    let answer = store.load(&seed).await.expect("it is loaded");
    assert_eq!(figures(answer), [5, 2, 3]);
    assert_eq!(level(&*store, seed.campaign).await, [5, 2, 3]);
    let beyond = take(&*store, seed.campaign, request(buyer, 2)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "the buyer has five");
    let ids: Vec<HoldId> = seed.holds.iter().map(|hold| hold.id).collect();
    let released = store
        .release(seed.campaign, &ids)
        .await
        .expect("it is loaded");
    let states: Vec<_> = released
        .iter()
        .map(|hold| hold.map(|hold| hold.state))
        .collect();
    let expected = [
        HoldState::Released,
        HoldState::Consumed,
        HoldState::Released,
        HoldState::Expired,
    ];
    assert_eq!(states, expected.map(Some));
    assert_eq!(level(&*store, seed.campaign).await, [7, 0, 3]);
}

/// Holds that take more than the quota cannot be true; the counter stays unloaded.
pub async fn a_seed_beyond_the_quota_is_refused<S: StockGate + ?Sized>(store: Arc<S>) {
    let seed = GateSeed {
        campaign: fresh(),
        quota: units(3),
        per_buyer: None,
        window: running(),
        sealed: false,
        holds: vec![
            held(&request(fresh(), 2)),
            Hold {
                state: HoldState::Consumed,
                ..held(&request(fresh(), 2))
            },
        ],
    };
    assert_eq!(failure(store.load(&seed).await), StoreErrorKind::Conflict);
    assert_eq!(
        store.level(seed.campaign).await.expect("it can be read"),
        None
    );
}

/// Hundreds ask at once for a few units: as many are granted as there are.
pub async fn concurrent_holds_never_oversell<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 25, None).await;
    let calls = (0..60).map(|_| {
        let store = Arc::clone(&store);
        async move {
            let batch = [request(fresh(), 1), request(fresh(), 1)];
            store.hold(campaign, &batch).await.expect("it is loaded")
        }
    });
    let outcomes: Vec<_> = at_once(calls).await.into_iter().flatten().collect();
    let (granted, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let ids: BTreeSet<HoldId> = granted.into_iter().flatten().map(|hold| hold.id).collect();
    assert_eq!(ids.len(), 25);
    assert!(
        refused
            .iter()
            .all(|outcome| *outcome == Err(Rejection::SoldOut))
    );
    assert_eq!(level(&*store, campaign).await, [0, 25, 0]);
}

/// All the units or none, and the next in the batch may have what the refused one could not.
pub async fn a_refused_hold_takes_nothing<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 5, None).await;
    let batch = [3, 3, 2, 1].map(|count| request(fresh(), count));
    let outcomes = store.hold(campaign, &batch).await.expect("it is loaded");
    let sold_out = || Err(Rejection::SoldOut);
    let expected = [
        Ok(held(&batch[0])),
        sold_out(),
        Ok(held(&batch[2])),
        sold_out(),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(level(&*store, campaign).await, [0, 5, 0]);
    let unknown = store.consume(campaign, &[batch[1].id]).await;
    assert_eq!(unknown.expect("it is loaded"), [None]);
    store
        .release(campaign, &[batch[0].id])
        .await
        .expect("it is loaded");
    let later = take(&*store, campaign, batch[1]).await;
    assert_eq!(later, Ok(held(&batch[1])), "a refusal is not remembered");
}

/// The same id takes the units once, and tells what has become of them.
pub async fn a_hold_is_taken_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 9, None).await;
    let asked = request(fresh(), 2);
    let twice = store
        .hold(campaign, &[asked, asked])
        .await
        .expect("it is loaded");
    assert_eq!(twice, [Ok(held(&asked)), Ok(held(&asked))]);
    assert_eq!(level(&*store, campaign).await, [7, 2, 0]);
    let later = HoldRequest {
        expires_at: asked.expires_at.after(Duration::from_hours(1)),
        ..asked
    };
    assert_eq!(take(&*store, campaign, later).await, Ok(held(&asked)));
    store
        .consume(campaign, &[asked.id])
        .await
        .expect("it is loaded");
    let consumed = Hold {
        state: HoldState::Consumed,
        ..held(&asked)
    };
    assert_eq!(take(&*store, campaign, asked).await, Ok(consumed));
    let other = request(fresh(), 1);
    take(&*store, campaign, other)
        .await
        .expect("there is enough");
    store
        .release(campaign, &[other.id])
        .await
        .expect("it is loaded");
    let released = Hold {
        state: HoldState::Released,
        ..held(&other)
    };
    assert_eq!(take(&*store, campaign, other).await, Ok(released));
    assert_eq!(level(&*store, campaign).await, [7, 0, 2]);
}

/// A hold's id says for whom and how many.
pub async fn a_hold_id_used_for_another_request_is_refused<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 9, None).await;
    let asked = request(fresh(), 2);
    take(&*store, campaign, asked)
        .await
        .expect("there is enough");
    let more = HoldRequest {
        units: units(3),
        ..asked
    };
    let other = HoldRequest {
        bidder: fresh(),
        ..asked
    };
    for reused in [more, other] {
        let outcome = take(&*store, campaign, reused).await;
        assert_eq!(outcome, Err(Rejection::KeyReused));
    }
    assert_eq!(level(&*store, campaign).await, [7, 2, 0]);
}

/// Paying does not make room for more; giving back does.
pub async fn the_limit_counts_held_and_sold<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 100, Some(3)).await;
    let buyer = fresh();
    let (first, second) = (request(buyer, 2), request(buyer, 1));
    let full = || Err(Rejection::LimitReached);
    let batch = [first, request(buyer, 2), second, request(buyer, 1)];
    let outcomes = store.hold(campaign, &batch).await.expect("it is loaded");
    assert_eq!(
        outcomes,
        [Ok(held(&first)), full(), Ok(held(&second)), full()]
    );
    store
        .consume(campaign, &[first.id])
        .await
        .expect("it is loaded");
    assert_eq!(take(&*store, campaign, request(buyer, 1)).await, full());
    store
        .release(campaign, &[second.id])
        .await
        .expect("it is loaded");
    assert_eq!(take(&*store, campaign, request(buyer, 2)).await, full());
    assert!(take(&*store, campaign, request(buyer, 1)).await.is_ok());
    assert!(take(&*store, campaign, request(fresh(), 3)).await.is_ok());
}

/// A buyer who may not have more learns that, also when nothing is left.
pub async fn the_limit_is_told_before_the_stock<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 2, Some(2)).await;
    let buyer = fresh();
    take(&*store, campaign, request(buyer, 2))
        .await
        .expect("there is enough");
    let again = take(&*store, campaign, request(buyer, 1)).await;
    assert_eq!(again, Err(Rejection::LimitReached));
    let other = take(&*store, campaign, request(fresh(), 1)).await;
    assert_eq!(other, Err(Rejection::SoldOut));
}

/// Whichever way out of a hold comes first is the only one.
pub async fn a_hold_ends_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, None).await;
    let (sold, freed) = (request(fresh(), 1), request(fresh(), 2));
    store
        .hold(campaign, &[sold, freed])
        .await
        .expect("it is loaded");
    store
        .consume(campaign, &[sold.id])
        .await
        .expect("it is loaded");
    store
        .release(campaign, &[freed.id])
        .await
        .expect("it is loaded");
    let unknown = fresh();
    let ids = [sold.id, unknown, freed.id];
    let expected = [
        Some(Hold {
            state: HoldState::Consumed,
            ..held(&sold)
        }),
        None,
        Some(Hold {
            state: HoldState::Released,
            ..held(&freed)
        }),
    ];
    for _ in 0..2 {
        let consumed = store.consume(campaign, &ids).await;
        assert_eq!(consumed.expect("it is loaded"), expected);
        let released = store.release(campaign, &ids).await;
        assert_eq!(released.expect("it is loaded"), expected);
        let expired = store.expire(campaign, &ids).await;
        assert_eq!(expired.expect("it is loaded"), expected);
    }
    assert_eq!(level(&*store, campaign).await, [9, 0, 1]);
}

/// Available, held and sold add up to the quota after every step.
pub async fn units_are_conserved<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 20, None).await;
    let requests: Vec<_> = (1..=6).map(|count| request(fresh(), count)).collect();
    store.hold(campaign, &requests).await.expect("it is loaded");
    assert_eq!(
        level(&*store, campaign).await,
        [5, 15, 0],
        "six more do not fit"
    );
    store
        .consume(campaign, &[requests[0].id, requests[3].id])
        .await
        .expect("it is loaded");
    assert_eq!(level(&*store, campaign).await, [5, 10, 5]);
    store
        .release(campaign, &[requests[1].id, fresh()])
        .await
        .expect("it is loaded");
    assert_eq!(level(&*store, campaign).await, [7, 8, 5]);
    let late = now().after(Duration::from_hours(1));
    expire_due(&*store, campaign, late, 1).await;
    let [available, held, sold] = level(&*store, campaign).await;
    assert_eq!((available + held + sold, sold), (20, 5));
    expire_due(&*store, campaign, late, 100).await;
    assert_eq!(level(&*store, campaign).await, [15, 0, 5]);
}

/// Of many who give the same units back at once, one does.
pub async fn units_come_back_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, Some(4)).await;
    let buyer = fresh();
    let (given, kept) = (request(buyer, 3), request(buyer, 1));
    store
        .hold(campaign, &[given, kept])
        .await
        .expect("it is loaded");
    let late = given.expires_at;
    let calls = (0..12).map(|step| {
        let store = Arc::clone(&store);
        async move {
            if step % 3 == 0 {
                expire_due(&*store, campaign, late, 0).await;
            }
            store
                .release(campaign, &[given.id, given.id])
                .await
                .expect("it is loaded");
        }
    });
    at_once(calls).await;
    assert_eq!(level(&*store, campaign).await, [9, 1, 0]);
    let beyond = take(&*store, campaign, request(buyer, 4)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "one is still held");
    assert!(take(&*store, campaign, request(buyer, 3)).await.is_ok());
}

/// What is due and still held, the longest overdue first, and no more than asked for.
pub async fn only_due_holds_are_due<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, None).await;
    let start = now();
    let at = |minutes| start.after(Duration::from_mins(minutes));
    let mut requests: Vec<_> = [4, 1, 3, 2, 9]
        .map(|minutes| HoldRequest {
            expires_at: at(minutes),
            ..request(fresh(), 1)
        })
        .into();
    store.hold(campaign, &requests).await.expect("it is loaded");
    store
        .consume(campaign, &[requests[3].id])
        .await
        .expect("it is loaded");
    requests.sort_by_key(|request| request.expires_at);
    let [first, _, third, fourth, _] = requests[..] else {
        panic!("there are five");
    };
    let expired = |request: &HoldRequest| Hold {
        state: HoldState::Expired,
        ..held(request)
    };
    let expire = async |minutes, limit| expire_due(&*store, campaign, at(minutes), limit).await;
    assert_eq!(expire(0, 10).await, []);
    assert_eq!(expire(4, 2).await, [expired(&first), expired(&third)]);
    assert_eq!(
        expire(4, 10).await,
        [expired(&fourth)],
        "due from its time on"
    );
    assert_eq!(expire(8, 10).await, []);
    assert_eq!(level(&*store, campaign).await, [8, 1, 1]);
}

/// Without a counter there is nothing to take from; it can be loaded anew.
pub async fn an_unloaded_counter_is_not_found<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 5, None).await;
    take(&*store, campaign, request(fresh(), 2))
        .await
        .expect("there is enough");
    for _ in 0..2 {
        store.unload(campaign).await.expect("it is forgotten");
        assert_eq!(store.level(campaign).await.expect("it can be read"), None);
        let kinds = [
            failure(store.hold(campaign, &[request(fresh(), 1)]).await),
            failure(store.consume(campaign, &[fresh()]).await),
            failure(store.release(campaign, &[fresh()]).await),
            failure(store.expire(campaign, &[fresh()]).await),
        ];
        assert_eq!(kinds, [StoreErrorKind::NotFound; 4]);
    }
    let seed = GateSeed {
        campaign,
        quota: units(5),
        per_buyer: None,
        window: running(),
        sealed: false,
        holds: Vec::new(),
    };
    assert_eq!(
        figures(store.load(&seed).await.expect("it loads")),
        [5, 0, 0]
    );
}

/// What is taken from one campaign is not missing in another, and limits are a campaign's own.
pub async fn counters_are_separate<S: StockGate + ?Sized>(store: Arc<S>) {
    let one = loaded(&*store, 2, Some(2)).await;
    let two = loaded(&*store, 3, Some(2)).await;
    let buyer = fresh();
    take(&*store, one, request(buyer, 2))
        .await
        .expect("there is enough");
    take(&*store, two, request(buyer, 2))
        .await
        .expect("there is enough");
    assert_eq!(level(&*store, one).await, [0, 2, 0]);
    assert_eq!(level(&*store, two).await, [1, 2, 0]);
    store.unload(one).await.expect("it is forgotten");
    assert_eq!(level(&*store, two).await, [1, 2, 0]);
}
