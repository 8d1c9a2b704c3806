use std::sync::Arc;
use std::time::Duration;

use super::{contents, ended, held, ids, level, loaded, request, stats, take, take_all};
use crate::conformance::fixture::{at_once, fresh, now, units};
use crate::error::Rejection;
use crate::stock::HoldState;
use crate::store::{HoldRequest, StockGate};

/// Whichever way out of a hold comes first is the only one.
pub async fn a_hold_ends_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, None).await;
    let requests = [1, 2, 3].map(|count| request(fresh(), count));
    take_all(&*store, campaign, &requests).await;
    let [sold, freed, overdue] = requests;
    let consumed = store.consume(campaign, &[sold.id]).await;
    let consumed = consumed.expect("it is loaded");
    let released = store.release(campaign, &[freed.id]).await;
    let released = released.expect("it is loaded");
    let expired = store.expire(campaign, &[overdue.id]).await;
    let expired = expired.expect("it is loaded");
    let ids = [sold.id, fresh(), freed.id, overdue.id];
    let expected = [
        Some(ended(&sold, HoldState::Consumed)),
        None,
        Some(ended(&freed, HoldState::Released)),
        Some(ended(&overdue, HoldState::Expired)),
    ];
    let answers = [consumed[0], None, released[0], expired[0]];
    assert_eq!(answers, expected);
    for _ in 0..2 {
        let consumed = store.consume(campaign, &ids).await;
        assert_eq!(consumed.expect("it is loaded"), expected);
        let released = store.release(campaign, &ids).await;
        assert_eq!(released.expect("it is loaded"), expected);
        let expired = store.expire(campaign, &ids).await;
        assert_eq!(expired.expect("it is loaded"), expected);
    }
    assert_eq!(level(&*store, campaign).await, [9, 0, 1]);

    let contested = request(fresh(), 4);
    take(&*store, campaign, contested).await.expect("enough");
    let id = [contested.id];
    let calls = (0..12).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let ended = match number % 3 {
                0 => store.consume(campaign, &id).await,
                1 => store.release(campaign, &id).await,
                _ => store.expire(campaign, &id).await,
            };
            ended.expect("it is loaded")[0].expect("it is known")
        }
    });
    let answers = at_once(calls).await;
    assert_ne!(answers[0].state, HoldState::Held);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let expected = match answers[0].state {
        HoldState::Consumed => [5, 0, 5],
        _ => [9, 0, 1],
    };
    assert_eq!(level(&*store, campaign).await, expected);
}

/// Available, held and sold add up to the quota after every step.
pub async fn units_are_conserved<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 20, None).await;
    let requests: Vec<_> = (1..=6).map(|count| request(fresh(), count)).collect();
    take_all(&*store, campaign, &requests).await;
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
    store
        .expire(campaign, &[requests[2].id, requests[0].id])
        .await
        .expect("it is loaded");
    assert_eq!(level(&*store, campaign).await, [10, 5, 5]);
    store
        .expire(campaign, &ids(&requests))
        .await
        .expect("it is loaded");
    assert_eq!(level(&*store, campaign).await, [15, 0, 5]);

    let campaign = loaded(&*store, 40, Some(3)).await;
    let calls = (0..8).map(|number| {
        let store = Arc::clone(&store);
        async move {
            for step in 0..12 {
                let asked = request(fresh(), 1 + (step + number) % 3);
                let taken = take(&*store, campaign, asked).await;
                let id = [asked.id];
                let answer = match (step + number) % 5 {
                    0 | 1 => store.release(campaign, &id).await,
                    2 => store.expire(campaign, &id).await,
                    3 => store.consume(campaign, &id).await,
                    _ => store.holds(campaign, &id).await,
                };
                let known = answer.expect("it is loaded")[0].is_some();
                assert_eq!(known, taken.is_ok());
                let level = level(&*store, campaign).await;
                assert_eq!(level.iter().sum::<u32>(), 40, "of one moment: {level:?}");
            }
        }
    });
    at_once(calls).await;
    let contents = contents(&*store, campaign).await;
    let of = |state| {
        let holds = contents.holds.iter().filter(|hold| hold.state == state);
        units(holds.map(|hold| hold.units.get()).sum())
    };
    assert_eq!(contents.level.held, of(HoldState::Held));
    assert_eq!(contents.level.sold, of(HoldState::Consumed));
}

/// Of many who give the same units back at once, one does.
pub async fn units_come_back_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, Some(4)).await;
    let buyer = fresh();
    let (given, kept) = (request(buyer, 3), request(buyer, 1));
    take_all(&*store, campaign, &[given, kept]).await;
    let calls = (0..12).map(|step| {
        let store = Arc::clone(&store);
        async move {
            let twice = [given.id, given.id];
            let ended = if step % 3 == 0 {
                store.expire(campaign, &twice).await
            } else {
                store.release(campaign, &twice).await
            };
            ended.expect("it is loaded");
        }
    });
    at_once(calls).await;
    assert_eq!(level(&*store, campaign).await, [9, 1, 0]);
    let beyond = take(&*store, campaign, request(buyer, 4)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "one is still held");
    let again = request(buyer, 3);
    assert!(take(&*store, campaign, again).await.is_ok());
    let twice = [again.id, again.id];
    store.expire(campaign, &twice).await.expect("it is loaded");
    assert_eq!(level(&*store, campaign).await, [9, 1, 0]);
    let beyond = take(&*store, campaign, request(buyer, 4)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "one is still held");
    assert!(take(&*store, campaign, request(buyer, 3)).await.is_ok());
}

/// What is due and still held, the longest overdue first, then by id, and no more than asked for.
pub async fn only_due_holds_are_due<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, None).await;
    let start = now();
    let at = |minutes| start.after(Duration::from_mins(minutes));
    let mut requests: Vec<_> = [4, 1, 3, 3, 2, 5, 6, 9, 3]
        .map(|minutes| HoldRequest {
            expires_at: at(minutes),
            ..request(fresh(), 1)
        })
        .into();
    // So that neither the ids nor the order of taking is that of the answer.
    requests.reverse();
    take_all(&*store, campaign, &requests).await;
    requests.sort_by_key(|request| (request.expires_at, request.id));
    let [first, sold, a, b, c, sixth, given, overdue, last] = requests[..] else {
        panic!("there are nine");
    };
    store.consume(campaign, &[sold.id]).await.expect("loaded");
    store.release(campaign, &[given.id]).await.expect("loaded");
    store.expire(campaign, &[overdue.id]).await.expect("loaded");
    let due = async |minutes, limit| {
        let due = store.due(campaign, at(minutes), limit).await;
        due.expect("it is loaded")
    };
    let before = stats(&*store, campaign).await;
    let all = [first, a, b, c, sixth].map(|request| held(&request));
    for _ in 0..2 {
        assert_eq!(due(0, 10).await, []);
        assert_eq!(due(8, 0).await, []);
        assert_eq!(due(8, 3).await, all[..3]);
        assert_eq!(due(3, 10).await, all[..4], "due from its time on");
        assert_eq!(due(8, 10).await, all);
    }
    assert_eq!(due(9, 10).await.last(), Some(&held(&last)));
    assert_eq!(stats(&*store, campaign).await, before, "nothing changes");
    store.expire(campaign, &[a.id, c.id]).await.expect("loaded");
    assert_eq!(due(8, 10).await, [all[0], all[2], all[4]]);
}

/// Whoever saw a figure sees by it that there is something new to see.
pub async fn changes_are_counted<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 20, None).await;
    let requests: Vec<_> = (0..3).map(|_| request(fresh(), 2)).collect();
    let mut seen = stats(&*store, campaign).await.changes;
    let mut grown = async |what| {
        let now = stats(&*store, campaign).await.changes;
        assert!(now > seen, "{what}: {seen}, then {now}");
        seen = now;
    };
    take(&*store, campaign, requests[0]).await.expect("enough");
    grown("a hold").await;
    take_all(&*store, campaign, &requests).await;
    grown("two more").await;
    store
        .consume(campaign, &[requests[0].id])
        .await
        .expect("loaded");
    grown("a sale").await;
    store
        .release(campaign, &[requests[1].id])
        .await
        .expect("loaded");
    grown("a release").await;
    store
        .expire(campaign, &[requests[2].id])
        .await
        .expect("loaded");
    grown("an expiry").await;
    store
        .repair(campaign, units(19), &[])
        .await
        .expect("loaded");
    grown("a repair").await;
    let before = stats(&*store, campaign).await;
    store.due(campaign, now(), 9).await.expect("it is loaded");
    store.pending(campaign, 9).await.expect("it is loaded");
    contents(&*store, campaign).await;
    assert_eq!(stats(&*store, campaign).await, before, "reading is none");
}
