use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{
    contents, ended, held, ids, level, loaded, loaded_for, request, seed, stats, take, take_all,
};
use crate::conformance::fixture::{at_once, coming, fresh, now, past, running, units};
use crate::error::Rejection;
use crate::id::HoldId;
use crate::stock::{HoldState, Units};
use crate::store::{GateSeal, GateSeed, HoldRequest, Purpose, StockGate};
use crate::time::Timestamp;

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
    let outcomes = take_all(&*store, campaign, &batch).await;
    let sold_out = || Err(Rejection::SoldOut);
    let expected = [
        Ok(held(&batch[0])),
        sold_out(),
        Ok(held(&batch[2])),
        sold_out(),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(level(&*store, campaign).await, [0, 5, 0]);
    assert_eq!(stats(&*store, campaign).await.pending, 2);
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
    let campaign = loaded(&*store, 9, Some(2)).await;
    let asked = request(fresh(), 2);
    let twice = take_all(&*store, campaign, &[asked, asked]).await;
    assert_eq!(twice, [Ok(held(&asked)), Ok(held(&asked))]);
    assert_eq!(level(&*store, campaign).await, [7, 2, 0]);
    let later = HoldRequest {
        expires_at: asked.expires_at.after(Duration::from_hours(1)),
        at: Some(asked.expires_at.after(Duration::from_hours(9))),
        ..asked
    };
    assert_eq!(take(&*store, campaign, later).await, Ok(held(&asked)));
    let calls = (0..8).map(|_| {
        let store = Arc::clone(&store);
        async move { take(&*store, campaign, asked).await }
    });
    for again in at_once(calls).await {
        assert_eq!(again, Ok(held(&asked)));
    }
    store
        .consume(campaign, &[asked.id])
        .await
        .expect("it is loaded");
    let consumed = ended(&asked, HoldState::Consumed);
    assert_eq!(take(&*store, campaign, asked).await, Ok(consumed));
    let others = [request(fresh(), 1), request(fresh(), 1)];
    take_all(&*store, campaign, &others).await;
    let [given, overdue] = others;
    store
        .release(campaign, &[given.id])
        .await
        .expect("it is loaded");
    store
        .expire(campaign, &[overdue.id])
        .await
        .expect("it is loaded");
    let again = take_all(&*store, campaign, &others).await;
    let released = ended(&given, HoldState::Released);
    let expired = ended(&overdue, HoldState::Expired);
    assert_eq!(again, [Ok(released), Ok(expired)]);
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

/// Purchases and carts from the start up to but not including the end, by the explicit time or the store's clock; what
/// was decided elsewhere at any time.
pub async fn holds_are_taken_within_the_window<S: StockGate + ?Sized>(store: Arc<S>) {
    let window = running();
    let (start, end) = (window.start(), window.end());
    let campaign = loaded_for(&*store, window, 99, None).await;
    let before = |at: Timestamp| Timestamp::from_millis(at.millis() - 1);
    let cases = [
        (before(start), Some(Rejection::NotStarted { start })),
        (start, None),
        (before(end), None),
        (end, Some(Rejection::Ended)),
        (end.after(Duration::from_millis(1)), Some(Rejection::Ended)),
    ];
    for purpose in [Purpose::Purchase(fresh()), Purpose::Cart] {
        for (at, expected) in &cases {
            let asked = HoldRequest {
                purpose,
                at: Some(*at),
                ..request(fresh(), 1)
            };
            let outcome = take(&*store, campaign, asked).await;
            let expected = expected.clone().map_or(Ok(held(&asked)), Err);
            assert_eq!(outcome, expected, "{purpose:?} at {at:?}");
        }
    }
    for (at, _) in cases {
        let asked = HoldRequest {
            purpose: Purpose::Allocation,
            at: Some(at),
            ..request(fresh(), 1)
        };
        let outcome = take(&*store, campaign, asked).await;
        assert_eq!(outcome, Ok(held(&asked)), "an allocation at {at:?}");
    }
    assert_eq!(level(&*store, campaign).await, [90, 9, 0]);
    let coming = coming();
    let start = coming.start();
    for (window, expected) in [
        (past(), Some(Rejection::Ended)),
        (coming, Some(Rejection::NotStarted { start })),
        (running(), None),
    ] {
        let campaign = loaded_for(&*store, window, 9, None).await;
        let asked = HoldRequest {
            at: None,
            ..request(fresh(), 1)
        };
        let outcome = take(&*store, campaign, asked).await;
        assert_eq!(outcome.err(), expected, "by the store's clock");
        let decided = HoldRequest {
            id: fresh(),
            purpose: Purpose::Allocation,
            ..asked
        };
        assert!(take(&*store, campaign, decided).await.is_ok());
    }
}

/// A purchase is before the seal and counted, or refused; and the seal is for good.
pub async fn nothing_is_held_after_the_seal<S: StockGate + ?Sized>(store: Arc<S>) {
    let window = past();
    let campaign = loaded_for(&*store, window, 10_000, None).await;
    let at = Some(window.start());
    let asked = move || HoldRequest {
        at,
        ..request(fresh(), 1)
    };
    let known = asked();
    take(&*store, campaign, known).await.expect("it is in time");
    assert!(!stats(&*store, campaign).await.sealed);
    let calls = (0..24).map(|number| {
        let store = Arc::clone(&store);
        async move {
            if number % 8 == 3 {
                let sealed = store.close(campaign).await.expect("it is loaded");
                assert_eq!(sealed, GateSeal::Sealed);
                return (Some(contents(&*store, campaign).await), Vec::new());
            }
            let batch = [asked(), asked(), asked()];
            (None, take_all(&*store, campaign, &batch).await)
        }
    });
    let (seen, outcomes): (Vec<_>, Vec<_>) = at_once(calls).await.into_iter().unzip();
    let granted: Vec<_> = outcomes.into_iter().flatten().collect();
    let last = contents(&*store, campaign).await;
    assert!(seen.iter().flatten().all(|contents| *contents == last));
    let taken = granted.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(last.holds.len(), 1 + taken);
    let refused = granted.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refused.into_iter().all(|why| *why == Rejection::Ended));

    assert_eq!(take(&*store, campaign, known).await, Ok(held(&known)));
    for purpose in [Purpose::Purchase(fresh()), Purpose::Cart] {
        let late = HoldRequest { purpose, ..asked() };
        assert_eq!(take(&*store, campaign, late).await, Err(Rejection::Ended));
    }
    let decided = HoldRequest {
        purpose: Purpose::Allocation,
        ..asked()
    };
    assert_eq!(take(&*store, campaign, decided).await, Ok(held(&decided)));
    let again = store.close(campaign).await.expect("it is loaded");
    assert_eq!(again, GateSeal::Sealed);
    assert!(stats(&*store, campaign).await.sealed);

    let called_off = GateSeed {
        sealed: true,
        ..seed(running(), 9, None)
    };
    store.load(&called_off).await.expect("it is loaded");
    let late = take(&*store, called_off.campaign, request(fresh(), 1)).await;
    assert_eq!(late, Err(Rejection::Ended));
    assert!(stats(&*store, called_off.campaign).await.sealed);
    let sealed = store.close(called_off.campaign).await;
    assert_eq!(sealed.expect("it is loaded"), GateSeal::Sealed);
}

/// While the window lasts, or before it, a counter is not sealed and goes on taking.
pub async fn a_running_counter_is_not_sealed<S: StockGate + ?Sized>(store: Arc<S>) {
    for window in [running(), coming()] {
        let campaign = loaded_for(&*store, window, 9, None).await;
        let sealed = store.close(campaign).await.expect("it is loaded");
        assert_eq!(sealed, GateSeal::NotEnded);
        assert!(!stats(&*store, campaign).await.sealed);
        let asked = HoldRequest {
            at: Some(window.start()),
            ..request(fresh(), 1)
        };
        assert_eq!(take(&*store, campaign, asked).await, Ok(held(&asked)));
    }
}

/// Paying does not make room for more; giving back does.
pub async fn the_limit_counts_held_and_sold<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 100, Some(3)).await;
    let buyer = fresh();
    let (first, second) = (request(buyer, 2), request(buyer, 1));
    let full = || Err(Rejection::LimitReached);
    let batch = [first, request(buyer, 2), second, request(buyer, 1)];
    let outcomes = take_all(&*store, campaign, &batch).await;
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
    let third = request(buyer, 1);
    assert!(take(&*store, campaign, third).await.is_ok());
    store
        .expire(campaign, &[third.id])
        .await
        .expect("it is loaded");
    assert!(take(&*store, campaign, request(buyer, 1)).await.is_ok());
    assert!(take(&*store, campaign, request(fresh(), 3)).await.is_ok());
    let other = fresh();
    let calls = (0..12).map(|_| {
        let store = Arc::clone(&store);
        async move { take(&*store, campaign, request(other, 1)).await }
    });
    let granted = at_once(calls).await.into_iter().flatten();
    assert_eq!(granted.count(), 3, "also of those who come at once");
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

/// Each as it is, in the order of the question; and a store that keeps time itself says when it took them.
pub async fn holds_read_back<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 99, None).await;
    let requests: Vec<_> = (1..=4).map(|count| request(fresh(), count)).collect();
    take_all(&*store, campaign, &requests).await;
    let [kept, sold, given, overdue] = requests[..] else {
        panic!("there are four");
    };
    store
        .consume(campaign, &[sold.id])
        .await
        .expect("it is loaded");
    store
        .release(campaign, &[given.id])
        .await
        .expect("it is loaded");
    store
        .expire(campaign, &[overdue.id])
        .await
        .expect("it is loaded");
    let before = (
        stats(&*store, campaign).await,
        level(&*store, campaign).await,
    );
    let asked = [overdue.id, fresh(), kept.id, given.id, sold.id, kept.id];
    let read = store.holds(campaign, &asked).await.expect("it is loaded");
    let expected = [
        Some(ended(&overdue, HoldState::Expired)),
        None,
        Some(held(&kept)),
        Some(ended(&given, HoldState::Released)),
        Some(ended(&sold, HoldState::Consumed)),
        Some(held(&kept)),
    ];
    assert_eq!(read, expected);
    assert_eq!(store.holds(campaign, &[]).await.expect("loaded"), []);
    let after = (
        stats(&*store, campaign).await,
        level(&*store, campaign).await,
    );
    assert_eq!(after, before);

    let by_clock = HoldRequest {
        at: None,
        ..request(fresh(), 1)
    };
    let about = now();
    let taken = take(&*store, campaign, by_clock).await.expect("enough");
    // A store on another machine has another clock; an hour is more than any two may differ.
    assert!(taken.taken_at.millis_since(about) < 3_600_000);
    assert!(about.millis_since(taken.taken_at) < 3_600_000);
    let read = store.holds(campaign, &[by_clock.id]).await;
    assert_eq!(read.expect("it is loaded"), [Some(taken)]);
    let extreme = HoldRequest {
        expires_at: Timestamp::from_millis(1 << 42),
        ..request(fresh(), 80)
    };
    let taken = take(&*store, campaign, extreme).await;
    assert_eq!(taken, Ok(held(&extreme)));
}

/// More requests than a server takes at a time, whatever their ids: each has its own answer.
pub async fn large_batches_are_held<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 2_000, Some(1)).await;
    let mut requests: Vec<_> = (0..2_400).map(|_| request(fresh(), 1)).collect();
    // Ids that time orders come in any order, and now and then twice.
    requests.reverse();
    for number in (100..2_400).step_by(100) {
        requests[number] = requests[number - 50];
    }
    let outcomes = take_all(&*store, campaign, &requests).await;
    let mut taken = BTreeSet::new();
    for (request, outcome) in requests.iter().zip(&outcomes) {
        let known = taken.contains(&request.id);
        let expected = if known || taken.len() < 2_000 {
            taken.insert(request.id);
            Ok(held(request))
        } else {
            Err(Rejection::SoldOut)
        };
        assert_eq!(*outcome, expected);
    }
    assert_eq!(level(&*store, campaign).await, [0, 2_000, 0]);
    let ids = ids(&requests);
    let read = store.holds(campaign, &ids).await.expect("it is loaded");
    let granted: Vec<_> = outcomes.into_iter().map(Result::ok).collect();
    assert_eq!(read, granted);
    let sold = store.consume(campaign, &ids[..1_100]).await;
    assert!(
        sold.expect("it is loaded")
            .iter()
            .flatten()
            .all(|hold| { hold.state == HoldState::Consumed })
    );
    let [_, _, sold] = level(&*store, campaign).await;
    let given = store.release(campaign, &ids).await.expect("it is loaded");
    assert_eq!(given.len(), ids.len());
    assert_eq!(
        level(&*store, campaign).await,
        [2_000 - sold, 0, sold],
        "all that is not sold is back"
    );
    store.acknowledge(campaign, &ids).await.expect("loaded");
    assert_eq!(stats(&*store, campaign).await.pending, 0);
    assert_ne!(units(sold), Units::ZERO);
}
