use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::bid::NewBid;
use crate::campaign::{FencingToken, Rebid};
use crate::conformance::fixture::{
    accept, at_once, bid, bid_of, campaign, coming, fresh, log, money, now, opened, past,
    place_one, running, weights, with_format,
};
use crate::error::Rejection;
use crate::money::Weight;
use crate::rank::{Rank, Sequence};
use crate::store::{BidBook, Placement, Seal};
use crate::time::Timestamp;

/// The accepted bid tells who asked for what, and when by the clock of the book.
pub async fn an_accepted_bid_keeps_what_was_asked<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    for (name, weight) in [
        (
            Some("Zoë 'O\\' \"Hara\" \u{1F389}\r\n\t,;:{}[]"),
            Weight::MAX,
        ),
        (Some(""), Weight::ZERO),
        (None, "0.0001".parse().expect("a weight")),
    ] {
        let asked = NewBid {
            name: name.map(Arc::from),
            weight,
            at: None,
            ..bid(window, 7, 0)
        };
        let about = now();
        let accepted = accept(&*store, campaign.id, &asked).await;
        assert_eq!(accepted.id, asked.id);
        assert_eq!(accepted.bidder, asked.bidder);
        assert_eq!(accepted.name, asked.name);
        assert_eq!(accepted.price, asked.price);
        assert_eq!(accepted.weight, asked.weight);
        assert_eq!(accepted.elapsed_ms, window.elapsed_ms(accepted.at));
        // A store on another machine has another clock; an hour is more than any two may differ.
        assert!(accepted.at.millis_since(about) < 3_600_000);
        assert!(about.millis_since(accepted.at) < 3_600_000);
    }
}

/// A refused bid takes no sequence, leaves no trace, and its id may be used again.
pub async fn one_bad_bid_does_not_fail_its_neighbours<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let known = bid(window, 1, 0);
    accept(&*store, campaign.id, &known).await;
    let early = NewBid {
        at: Some(window.end()),
        ..bid(window, 9, 0)
    };
    let reused = NewBid {
        price: money(2),
        ..known.clone()
    };
    let batch = [
        bid(window, 3, 1),
        early.clone(),
        bid(window, 5, 2),
        reused,
        bid(window, 4, 3),
    ];
    let placed = store.place(campaign.id, &batch).await.expect("it is open");
    assert_eq!(placed.outcomes.len(), 5);
    assert_eq!(placed.outcomes[1], Err(Rejection::Ended));
    assert_eq!(placed.outcomes[3], Err(Rejection::KeyReused));
    for (index, sequence) in [(0, 2), (2, 3), (4, 4)] {
        match &placed.outcomes[index] {
            Ok(Placement::Accepted(accepted)) => {
                assert_eq!(accepted.id, batch[index].id, "outcomes stand in order");
                assert_eq!(accepted.sequence, Sequence::new(sequence));
            }
            other => panic!("bid {index} is a good one, but its outcome is {other:?}"),
        }
    }
    let standing = store.standing(campaign.id, early.bidder).await;
    assert_eq!(standing.expect("it is open"), None);
    assert_eq!(log(&*store, campaign.id).await.len(), 4);
    let at = window.start().after(Duration::from_millis(4));
    let again = accept(
        &*store,
        campaign.id,
        &NewBid {
            at: Some(at),
            ..early
        },
    )
    .await;
    assert_eq!(
        (again.sequence, again.rank),
        (Sequence::new(5), Rank::FIRST)
    );
}

/// A batch without bids has no outcomes.
pub async fn an_empty_batch_changes_nothing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let placed = store.place(campaign.id, &[]).await.expect("it is open");
    assert_eq!(placed.outcomes, []);
    assert_eq!(log(&*store, campaign.id).await, []);
}

/// The same id is the same bid: the first answer again, whatever has happened since.
pub async fn a_retry_gets_the_first_answer<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let asked = bid(window, 5, 10);
    let first = accept(&*store, campaign.id, &asked).await;
    accept(&*store, campaign.id, &bid(window, 9, 11)).await;
    accept(&*store, campaign.id, &bid_of(asked.bidder, window, 7, 12)).await;
    let later = NewBid {
        name: Some(Arc::from("renamed")),
        weight: Weight::MAX,
        at: None,
        ..asked.clone()
    };
    let too_late = NewBid {
        at: Some(window.end()),
        ..asked.clone()
    };
    for retry in [asked, later, too_late] {
        let outcome = place_one(&*store, campaign.id, &retry).await;
        assert_eq!(outcome, Ok(Placement::Replayed(first.clone())));
    }
    assert_eq!(log(&*store, campaign.id).await.len(), 3);
}

/// Also when the retry overtakes nothing and stands in the same batch.
pub async fn a_retry_within_a_batch_gets_the_first_answer<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let asked = bid(campaign.terms.window, 5, 10);
    let batch = [asked.clone(), bid(campaign.terms.window, 9, 11), asked];
    let placed = store.place(campaign.id, &batch).await.expect("it is open");
    let Ok(Placement::Accepted(first)) = placed.outcomes[0].clone() else {
        panic!("the first is accepted: {:?}", placed.outcomes[0]);
    };
    assert_eq!(placed.outcomes[2], Ok(Placement::Replayed(first)));
    assert_eq!(log(&*store, campaign.id).await.len(), 2);
}

/// Also when the book was sealed in between: the bid was in time.
pub async fn a_retry_after_the_seal_gets_the_first_answer<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(past())).await;
    let asked = bid(campaign.terms.window, 5, 10);
    let first = accept(&*store, campaign.id, &asked).await;
    let seal = store.seal(campaign.id, FencingToken::new(1)).await;
    let last = first.sequence;
    assert_eq!(seal.expect("it is over"), Seal::Sealed { last });
    let retry = place_one(&*store, campaign.id, &asked).await;
    assert_eq!(retry, Ok(Placement::Replayed(first)));
    let reused = NewBid {
        price: money(6),
        ..asked
    };
    let outcome = place_one(&*store, campaign.id, &reused).await;
    assert_eq!(outcome, Err(Rejection::KeyReused));
}

/// An id that comes with another bidder or price is a mistake, and changes nothing.
pub async fn an_id_used_for_another_bid_is_refused<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let asked = bid(campaign.terms.window, 5, 10);
    let first = accept(&*store, campaign.id, &asked).await;
    let other_price = NewBid {
        price: "5.0001".parse().expect("a price"),
        ..asked.clone()
    };
    let other_bidder = NewBid {
        bidder: fresh(),
        ..asked
    };
    for reused in [other_price, other_bidder] {
        let outcome = place_one(&*store, campaign.id, &reused).await;
        assert_eq!(outcome, Err(Rejection::KeyReused));
    }
    assert_eq!(log(&*store, campaign.id).await, [first]);
}

/// Each accepted bid takes the next sequence; the bids of a bidder are counted.
pub async fn sequences_strictly_increase<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let who = fresh();
    let mut expected = 0;
    for size in [1_u32, 3, 2] {
        let batch: Vec<_> = (0..size).map(|step| bid_of(who, window, step, 1)).collect();
        let placed = store.place(campaign.id, &batch).await.expect("it is open");
        for outcome in placed.outcomes {
            expected += 1;
            let accepted = outcome.expect("it is accepted").into_bid();
            assert_eq!(accepted.sequence, Sequence::new(expected));
            assert_eq!(u64::from(accepted.bid_number), expected);
        }
    }
}

/// Of batches that come at once each bid is in the log exactly once, as its bidder was told.
pub async fn concurrent_batches_lose_nothing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let id = campaign.id;
    let batches = (0..40).map(|_| {
        let store = Arc::clone(&store);
        let batch: Vec<_> = (0..5)
            .map(|price| NewBid {
                at: None,
                ..bid(campaign.terms.window, price, 0)
            })
            .collect();
        async move { store.place(id, &batch).await.expect("it is open").outcomes }
    });
    let outcomes = at_once(batches).await.into_iter().flatten();
    let mut answered: Vec<_> = outcomes
        .map(|outcome| outcome.expect("it is accepted").into_bid())
        .collect();
    answered.sort_by_key(|bid| bid.sequence);
    assert_eq!(log(&*store, id).await, answered);
    let distinct: BTreeSet<_> = answered.iter().map(|bid| bid.sequence).collect();
    assert_eq!(distinct.len(), 200);
    assert!(answered.is_sorted_by_key(|bid| bid.at));
    let ranking = store.top(id, 1_000).await.expect("it is open");
    assert_eq!((ranking.top.len(), ranking.stats.bids), (200, 200));
}

/// From the start, up to but not including the end, by the explicit time or the store's clock.
pub async fn bids_outside_the_window_are_refused<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign_of = campaign;
    let campaign = opened(&*store, campaign_of(running())).await;
    let window = campaign.terms.window;
    let start = window.start();
    let shifted = |millis: i64| Timestamp::from_millis(window.end().millis() + millis);
    for (at, expected) in [
        (
            Timestamp::from_millis(start.millis() - 1),
            Some(Rejection::NotStarted { start }),
        ),
        (start, None),
        (shifted(-1), None),
        (shifted(0), Some(Rejection::Ended)),
        (shifted(1), Some(Rejection::Ended)),
    ] {
        let asked = NewBid {
            at: Some(at),
            ..bid(window, 5, 0)
        };
        let outcome = place_one(&*store, campaign.id, &asked).await;
        assert_eq!(outcome.err(), expected, "at {at:?}");
    }
    let (past, coming) = (past(), coming());
    let start = coming.start();
    for (window, expected) in [
        (past, Rejection::Ended),
        (coming, Rejection::NotStarted { start }),
    ] {
        let campaign = opened(&*store, campaign_of(window)).await;
        let asked = NewBid {
            at: None,
            ..bid(window, 5, 0)
        };
        let outcome = place_one(&*store, campaign.id, &asked).await;
        assert_eq!(outcome, Err(expected), "by the store's clock");
    }
}

/// A bid that comes after another is not earlier than it, whatever the clock or the caller says.
pub async fn time_never_runs_backwards<S: BidBook + ?Sized>(store: Arc<S>) {
    let rules = weights("0", "1000", "0");
    let campaign = with_format(campaign(running()), rules, Rebid::Latest);
    let campaign = opened(&*store, campaign).await;
    let window = campaign.terms.window;
    let batch = [
        bid(window, 1, 9),
        bid(window, 1, 4),
        NewBid {
            at: Some(Timestamp::from_millis(window.start().millis() - 1)),
            ..bid(window, 1, 0)
        },
    ];
    let placed = store.place(campaign.id, &batch).await.expect("it is open");
    for outcome in placed.outcomes {
        let accepted = outcome.expect("it is accepted").into_bid();
        assert_eq!(accepted.elapsed_ms, 9);
        assert_eq!(accepted.score.ten_thousandths(), 1_000_000);
    }
    // Half an hour ahead of every clock.
    let ahead = accept(&*store, campaign.id, &bid(window, 1, 5_400_000)).await;
    let by_clock = NewBid {
        at: None,
        ..bid(window, 1, 0)
    };
    let next = accept(&*store, campaign.id, &by_clock).await;
    assert_eq!(next.at, ahead.at);
}
