use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::campaign::{Campaign, FencingToken};
use crate::conformance::fixture::{
    accept, at_once, bid, bid_of, campaign, eventually, failure, fresh, log, opened, past,
    place_one, running,
};
use crate::error::{Rejection, StoreErrorKind};
use crate::rank::Sequence;
use crate::store::{BidBook, Seal};

/// While many place, one seals: whoever was accepted is counted in the last sequence, and nobody after it.
pub async fn a_seal_is_atomic_with_placing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(past())).await;
    let (id, window) = (campaign.id, campaign.terms.window);
    let placed = Arc::new(AtomicUsize::new(0));
    let bidders = (0..6).map(|_| {
        let (store, placed) = (Arc::clone(&store), Arc::clone(&placed));
        async move {
            let mut accepted = Vec::new();
            for _ in 0..20_000 {
                let batch = [bid(window, 1, 1), bid(window, 2, 1)];
                let outcomes = store.place(id, &batch).await.expect("it is open").outcomes;
                let before = accepted.len();
                for outcome in outcomes {
                    match outcome {
                        Ok(placement) => accepted.push(placement.into_bid()),
                        Err(rejection) => assert_eq!(rejection, Rejection::Ended),
                    }
                }
                placed.fetch_add(1, Ordering::Relaxed);
                match accepted.len() - before {
                    0 => return accepted,
                    taken => assert_eq!(taken, 2, "a batch is before the seal or behind it"),
                }
                // A store may answer without ever waiting; the sealing one needs its turn.
                tokio::task::yield_now().await;
            }
            panic!("thousands of bids were placed and the seal did not come");
        }
    });
    let bidders: Vec<_> = bidders.collect();
    let bidders = tokio::spawn(at_once(bidders));
    eventually("placing a few bids", || async {
        (placed.load(Ordering::Relaxed) > 60).then_some(())
    })
    .await;
    let Seal::Sealed { last } = store
        .seal(id, FencingToken::new(1))
        .await
        .expect("it is over")
    else {
        panic!("the window has ended long ago");
    };
    let mut accepted: Vec<_> = bidders
        .await
        .expect("they bid")
        .into_iter()
        .flatten()
        .collect();
    accepted.sort_by_key(|bid| bid.sequence);
    assert_eq!(accepted.last().map(|bid| bid.sequence), Some(last));
    assert_eq!(log(&*store, id).await, accepted);
}

/// Neither a better bid nor one that claims to be early gets into a sealed book.
pub async fn nothing_is_accepted_after_the_seal<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(past())).await;
    let window = campaign.terms.window;
    let first = accept(&*store, campaign.id, &bid(window, 5, 10)).await;
    let token = FencingToken::new(1);
    store.seal(campaign.id, token).await.expect("it is over");
    for late in [bid(window, 9, 20), bid_of(first.bidder, window, 9, 20)] {
        let outcome = place_one(&*store, campaign.id, &late).await;
        assert_eq!(outcome, Err(Rejection::Ended));
    }
    assert_eq!(log(&*store, campaign.id).await, [first]);
}

/// Sealing again answers the same, by any token that may, and also for an empty book.
pub async fn a_seal_is_final<S: BidBook + ?Sized>(store: Arc<S>) {
    for bids in [0, 3] {
        let campaign = opened(&*store, campaign(past())).await;
        for _ in 0..bids {
            accept(&*store, campaign.id, &bid(campaign.terms.window, 5, 1)).await;
        }
        let last = Sequence::new(bids);
        let before = store.top(campaign.id, 9).await.expect("it is open").top;
        for token in [1, 1, 2, 7] {
            let seal = store.seal(campaign.id, FencingToken::new(token)).await;
            assert_eq!(
                seal.expect("the token is new enough"),
                Seal::Sealed { last }
            );
            let late = bid(campaign.terms.window, 9, 2);
            let outcome = place_one(&*store, campaign.id, &late).await;
            assert_eq!(outcome, Err(Rejection::Ended));
        }
        let after = store.top(campaign.id, 9).await.expect("it is open");
        assert_eq!(after.top, before);
        assert!(after.stats.sealed);
    }
}

/// A worker whose clock is ahead cannot close a running sale.
pub async fn a_seal_before_the_end_does_nothing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let seal = store.seal(campaign.id, FencingToken::new(1)).await;
    assert_eq!(seal.expect("it may ask"), Seal::NotEnded);
    accept(&*store, campaign.id, &bid(campaign.terms.window, 5, 10)).await;
    let stats = store.top(campaign.id, 0).await.expect("it is open").stats;
    assert!(!stats.sealed);
}

/// Tokens that sealed, and the fence that the campaign came with, only grow.
pub async fn an_older_token_cannot_seal<S: BidBook + ?Sized>(store: Arc<S>) {
    let fenced = |window| Campaign {
        fence: FencingToken::new(5),
        ..campaign(window)
    };
    let campaign = opened(&*store, fenced(past())).await;
    let seal = async |token| store.seal(campaign.id, FencingToken::new(token)).await;
    assert_eq!(failure(seal(4).await), StoreErrorKind::Fenced);
    let late = bid_of(fresh(), campaign.terms.window, 5, 1);
    let accepted = accept(&*store, campaign.id, &late).await;
    let sealed = Seal::Sealed {
        last: accepted.sequence,
    };
    assert_eq!(seal(5).await.expect("it is the newest"), sealed);
    assert_eq!(seal(8).await.expect("it is the newest"), sealed);
    assert_eq!(failure(seal(7).await), StoreErrorKind::Fenced);
    assert_eq!(seal(8).await.expect("it is the newest"), sealed);

    let running = opened(&*store, fenced(running())).await;
    let early = store.seal(running.id, FencingToken::new(4)).await;
    assert_eq!(failure(early), StoreErrorKind::Fenced);
}
