use std::sync::Arc;

use super::{contents, ended, figures, held, level, loaded, request, seed, stats, take, take_all};
use crate::conformance::fixture::{failure, fresh, now, running, units};
use crate::error::{Rejection, StoreErrorKind};
use crate::id::HoldId;
use crate::stock::{Hold, HoldState, Units};
use crate::store::{GateSeed, HoldRequest, PendingPurchase, Purpose, StockGate};

/// A counter that is loaded is not reset by who loads it later.
pub async fn loading_twice_changes_nothing<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 5, None).await;
    let taken = request(fresh(), 2);
    take(&*store, campaign, taken)
        .await
        .expect("there is enough");
    let before = contents(&*store, campaign).await;
    let again = GateSeed {
        campaign,
        sealed: true,
        holds: vec![held(&request(fresh(), 1))],
        ..seed(running(), 9, Some(1))
    };
    let answer = store.load(&again).await.expect("it is loaded");
    assert_eq!(figures(answer), [3, 2, 0]);
    assert_eq!(contents(&*store, campaign).await, before);
    assert!(!stats(&*store, campaign).await.sealed);
    let known = take(&*store, campaign, taken).await;
    assert_eq!(known, Ok(held(&taken)));
    let more = request(fresh(), 2);
    assert_eq!(take(&*store, campaign, more).await, Ok(held(&more)));
}

/// Units that are held or sold in the ledger are not there to be taken again; those given back are.
pub async fn a_seed_gives_the_level<S: StockGate + ?Sized>(store: Arc<S>) {
    let buyer = fresh();
    let hold = |count, state| ended(&request(buyer, count), state);
    let seed = GateSeed {
        holds: vec![
            hold(2, HoldState::Held),
            hold(3, HoldState::Consumed),
            hold(4, HoldState::Released),
            hold(5, HoldState::Expired),
        ],
        ..seed(running(), 10, Some(6))
    };
    let answer = store.load(&seed).await.expect("it fits");
    assert_eq!(figures(answer), [5, 2, 3]);
    assert_eq!(level(&*store, seed.campaign).await, [5, 2, 3]);
    let beyond = take(&*store, seed.campaign, request(buyer, 2)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "the buyer has five");
    let waiting = store.pending(seed.campaign, 9).await.expect("it is loaded");
    assert_eq!(waiting, [], "what the ledger knows of need not wait for it");
    let due = store.due(seed.campaign, seed.holds[0].expires_at, 9).await;
    assert_eq!(due.expect("it is loaded"), seed.holds[..1]);
    let ids: Vec<HoldId> = seed.holds.iter().map(|hold| hold.id).collect();
    let released = store
        .release(seed.campaign, &ids)
        .await
        .expect("it is loaded");
    let mut expected: Vec<_> = seed.holds.iter().copied().map(Some).collect();
    expected[0] = Some(Hold {
        state: HoldState::Released,
        ..seed.holds[0]
    });
    assert_eq!(released, expected);
    assert_eq!(level(&*store, seed.campaign).await, [7, 0, 3]);
}

/// Holds that take more than the quota cannot be true; the counter stays unloaded.
pub async fn a_seed_beyond_the_quota_is_refused<S: StockGate + ?Sized>(store: Arc<S>) {
    let seed = GateSeed {
        holds: vec![
            held(&request(fresh(), 2)),
            ended(&request(fresh(), 2), HoldState::Consumed),
        ],
        ..seed(running(), 3, None)
    };
    assert_eq!(failure(store.load(&seed).await), StoreErrorKind::Conflict);
    let level = store.level(seed.campaign).await.expect("it can be read");
    assert_eq!(level, None);
    let fits = GateSeed {
        quota: units(4),
        ..seed
    };
    assert_eq!(
        figures(store.load(&fits).await.expect("it fits")),
        [0, 2, 2]
    );
}

/// Without a counter there is nothing to take from; it can be loaded anew.
pub async fn an_unloaded_counter_is_not_found<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 5, None).await;
    let taken = HoldRequest {
        purpose: Purpose::Cart,
        ..request(fresh(), 2)
    };
    take(&*store, campaign, taken)
        .await
        .expect("there is enough");
    for _ in 0..2 {
        store.unload(campaign).await.expect("it is forgotten");
        assert_eq!(store.level(campaign).await.expect("it can be read"), None);
        let contents = store.contents(campaign).await.expect("it can be read");
        assert_eq!(contents, None);
        let kinds = [
            failure(store.hold(campaign, &[request(fresh(), 1)]).await),
            failure(store.holds(campaign, &[taken.id]).await),
            failure(store.consume(campaign, &[taken.id]).await),
            failure(store.release(campaign, &[taken.id]).await),
            failure(store.expire(campaign, &[taken.id]).await),
            failure(store.due(campaign, now(), 1).await),
            failure(store.pending(campaign, 1).await),
            failure(store.acknowledge(campaign, &[taken.id]).await),
            failure(store.close(campaign).await),
            failure(store.repair(campaign, units(1), &[]).await),
        ];
        assert_eq!(kinds, [StoreErrorKind::NotFound; 10]);
    }
    let again = GateSeed {
        campaign,
        ..seed(running(), 5, None)
    };
    let level = store.load(&again).await.expect("it loads");
    assert_eq!(figures(level), [5, 0, 0]);
    let holds = store.holds(campaign, &[taken.id]).await;
    assert_eq!(holds.expect("it is loaded"), [None]);
}

/// What is taken from one campaign is not missing in another, and limits are a campaign's own.
pub async fn counters_are_separate<S: StockGate + ?Sized>(store: Arc<S>) {
    let one = loaded(&*store, 2, Some(2)).await;
    let two = loaded(&*store, 3, Some(2)).await;
    let buyer = fresh();
    let (first, second) = (request(buyer, 2), request(buyer, 2));
    take(&*store, one, first).await.expect("there is enough");
    take(&*store, two, second).await.expect("there is enough");
    assert_eq!(level(&*store, one).await, [0, 2, 0]);
    assert_eq!(level(&*store, two).await, [1, 2, 0]);
    let elsewhere = store.release(two, &[first.id]).await;
    assert_eq!(elsewhere.expect("it is loaded"), [None]);
    store.acknowledge(two, &[first.id]).await.expect("loaded");
    assert_eq!(stats(&*store, one).await.pending, 1);
    let before = contents(&*store, two).await;
    assert_eq!(before.holds, [held(&second)]);
    store.unload(one).await.expect("it is forgotten");
    assert_eq!(contents(&*store, two).await, before);
}

/// Quota, level, buyers, holds and queue, however many there are.
pub async fn the_contents_are_whole<S: StockGate + ?Sized>(store: Arc<S>) {
    let mut holds: Vec<_> = (0..1_200)
        .map(|number| {
            let state = match number % 4 {
                0 => HoldState::Held,
                1 => HoldState::Consumed,
                2 => HoldState::Released,
                _ => HoldState::Expired,
            };
            ended(&request(fresh(), 1), state)
        })
        .collect();
    let seed = GateSeed {
        holds: holds.clone(),
        ..seed(running(), 3_000, Some(2))
    };
    let campaign = seed.campaign;
    store.load(&seed).await.expect("it fits");
    let again = HoldRequest {
        bidder: holds[0].bidder,
        ..request(fresh(), 1)
    };
    let mut requests: Vec<_> = (0..1_100).map(|_| request(fresh(), 1)).collect();
    requests.push(again);
    requests[7].purpose = Purpose::Cart;
    requests[8].purpose = Purpose::Allocation;
    for outcome in take_all(&*store, campaign, &requests).await {
        holds.push(outcome.expect("there is enough"));
    }
    let contents = contents(&*store, campaign).await;
    assert_eq!(contents.quota, units(3_000));
    assert_eq!(figures(contents.level), [1_299, 1_401, 300]);
    let pending: Vec<_> = requests
        .iter()
        .filter_map(|request| match request.purpose {
            Purpose::Purchase(purchase) => Some(PendingPurchase {
                purchase,
                hold: held(request),
            }),
            _ => None,
        })
        .collect();
    assert_eq!(contents.pending, pending);
    let mut taken: Vec<_> = holds
        .iter()
        .filter(|hold| matches!(hold.state, HoldState::Held | HoldState::Consumed))
        .filter(|hold| hold.id != again.id)
        .map(|hold| (hold.bidder, hold.units))
        .collect();
    taken[0].1 = units(2);
    taken.sort_unstable();
    let told = contents.taken.into_iter();
    let told: Vec<_> = told.filter(|(_, taken)| *taken > Units::ZERO).collect();
    assert_eq!(told, taken);
    holds.sort_by_key(|hold| hold.id);
    assert_eq!(contents.holds, holds);
}
