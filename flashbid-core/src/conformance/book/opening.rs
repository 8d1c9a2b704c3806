use std::sync::Arc;

use crate::bid::NewBid;
use crate::campaign::{Campaign, FencingToken, Phase, Rebid};
use crate::conformance::fixture::{
    WHOLE, accept, bid, bid_of, campaign, event, failure, first_come, fresh, log, money, opened,
    past, place_one, running, seed, weights, with_format,
};
use crate::error::{Rejection, StoreErrorKind};
use crate::id::BidderId;
use crate::rank::Sequence;
use crate::store::{BidBook, BookSeed, BookStats, Epoch, Placement, Ranking, Seal};

/// A book that is opened again from the same seed keeps what was placed since.
pub async fn open_is_idempotent<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let placed = accept(&*store, campaign.id, &bid(campaign.terms.window, 5, 10)).await;
    let again = store.open(&seed(&campaign)).await.expect("a book opens");
    assert_eq!(again, Epoch::new(1));
    assert_eq!(log(&*store, campaign.id).await, [placed]);
}

/// Who opens with an older epoch gets the newer book that is there.
pub async fn an_older_epoch_changes_nothing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = campaign(running());
    let newer = BookSeed {
        epoch: Epoch::new(5),
        ..seed(&campaign)
    };
    assert_eq!(store.open(&newer).await.expect("opens"), Epoch::new(5));
    let placed = accept(&*store, campaign.id, &bid(campaign.terms.window, 5, 10)).await;
    let older = BookSeed {
        campaign: Campaign {
            phase: Phase::Sealing,
            ..campaign.clone()
        },
        epoch: Epoch::new(4),
        bids: vec![event(&campaign, fresh(), 9)],
    };
    assert_eq!(store.open(&older).await.expect("opens"), Epoch::new(5));
    assert_eq!(log(&*store, campaign.id).await, [placed]);
    let stats = store.top(campaign.id, 0).await.expect("it is open").stats;
    assert_eq!(stats.epoch, Epoch::new(5));
    assert!(!stats.sealed);
}

/// Two nodes open a book at once, and the first takes bids before the second has come: they are not lost.
pub async fn a_book_that_has_the_seed_goes_on<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let recorded = accept(&*store, campaign.id, &bid(window, 5, 10)).await;
    let beyond = bid(window, 7, 20);
    let answer = accept(&*store, campaign.id, &beyond).await;
    for (epoch, bids) in [(2, vec![recorded.clone()]), (3, vec![])] {
        let newer = BookSeed {
            epoch: Epoch::new(epoch),
            bids,
            ..seed(&campaign)
        };
        let opened = store.open(&newer).await.expect("opens");
        assert_eq!(opened, Epoch::new(epoch));
        let events = [recorded.clone(), answer.clone()];
        assert_eq!(log(&*store, campaign.id).await, events);
        let again = [beyond.clone()];
        let placed = store.place(campaign.id, &again).await.expect("it is open");
        assert_eq!(placed.epoch, Epoch::new(epoch), "the answer names the life");
        assert_eq!(placed.outcomes, [Ok(Placement::Replayed(answer.clone()))]);
    }
    let sealing = BookSeed {
        campaign: Campaign {
            phase: Phase::Sealing,
            fence: FencingToken::new(7),
            ..campaign.clone()
        },
        epoch: Epoch::new(4),
        bids: vec![],
    };
    store.open(&sealing).await.expect("opens");
    let stats = store.top(campaign.id, 0).await.expect("it is open").stats;
    assert!(stats.sealed, "a campaign that is sealing goes on sealed");
    assert_eq!(stats.bids, 2);
    let late = store.seal(campaign.id, FencingToken::new(6)).await;
    assert_eq!(failure(late), StoreErrorKind::Fenced);
}

/// A book that fell behind the ledger, or has another bid in the place of a recorded one, gives way to the ledger's.
pub async fn a_newer_epoch_replaces_a_book_that_disagrees<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let kept = accept(&*store, campaign.id, &bid(window, 5, 10)).await;
    let lost = bid(window, 7, 20);
    accept(&*store, campaign.id, &lost).await;
    let mut bids = vec![kept];
    for (epoch, sequence) in [(2, 2), (3, 3)] {
        bids.push(event(&campaign, fresh(), sequence));
        let newer = BookSeed {
            epoch: Epoch::new(epoch),
            bids: bids.clone(),
            ..seed(&campaign)
        };
        let opened = store.open(&newer).await.expect("opens");
        assert_eq!(opened, Epoch::new(epoch));
        assert_eq!(log(&*store, campaign.id).await, bids);
    }
    let standing = store.standing(campaign.id, lost.bidder).await;
    assert_eq!(standing.expect("it is open"), None);
    let placed = store.place(campaign.id, &[lost]).await.expect("it is open");
    assert_eq!(placed.epoch, Epoch::new(3), "the answer names the new life");
    let again = placed.outcomes.into_iter().map(|outcome| match outcome {
        Ok(Placement::Accepted(bid)) => bid.sequence,
        other => panic!("{other:?} instead of a new bid"),
    });
    assert!(again.eq([Sequence::new(4)]));
}

/// All that counts of a settled campaign is in the ledger.
pub async fn a_newer_epoch_replaces_the_book_of_a_settled_campaign<S: BidBook + ?Sized>(
    store: Arc<S>,
) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let recorded = accept(&*store, campaign.id, &bid(window, 5, 10)).await;
    accept(&*store, campaign.id, &bid(window, 7, 20)).await;
    for (epoch, phase) in [(2, Phase::Settled), (3, Phase::Cancelled)] {
        let newer = BookSeed {
            campaign: Campaign {
                phase,
                ..campaign.clone()
            },
            epoch: Epoch::new(epoch),
            bids: vec![recorded.clone()],
        };
        store.open(&newer).await.expect("opens");
        assert_eq!(log(&*store, campaign.id).await, newer.bids);
    }
}

/// A restored book has the same ranking and figures, and goes on counting where it was.
pub async fn a_restored_book_continues<S: BidBook + ?Sized>(store: Arc<S>) {
    for rebid in [Rebid::Latest, Rebid::Best] {
        let campaign = with_format(campaign(running()), weights("1", "1000", "100"), rebid);
        let campaign = opened(&*store, campaign).await;
        let window = campaign.terms.window;
        let bidders: Vec<BidderId> = (0..7).map(|_| fresh()).collect();
        for (step, price) in (0..40_u16).zip([30, 10, 50, 20, 40].into_iter().cycle()) {
            let who = bidders[usize::from(step) * 3 % bidders.len()];
            accept(
                &*store,
                campaign.id,
                &bid_of(who, window, price, u64::from(step / 2)),
            )
            .await;
        }
        let before = picture(&*store, &campaign, &bidders).await;
        let events = log(&*store, campaign.id).await;
        store
            .discard(campaign.id)
            .await
            .expect("a book is forgotten");
        let restored = BookSeed {
            epoch: Epoch::new(2),
            bids: events,
            ..seed(&campaign)
        };
        store.open(&restored).await.expect("it opens again");
        let after = picture(&*store, &campaign, &bidders).await;
        assert_eq!(after.top, before.top);
        assert_eq!(
            after.stats,
            BookStats {
                epoch: Epoch::new(2),
                ..before.stats
            }
        );
        let next = accept(&*store, campaign.id, &bid_of(bidders[0], window, 5, 0)).await;
        assert_eq!(next.sequence, Sequence::new(41));
        assert_eq!(next.bid_number, 7, "{rebid:?}");
        assert_eq!(next.elapsed_ms, 19, "time goes on from the last bid");
    }
}

async fn picture<S: BidBook + ?Sized>(
    store: &S,
    campaign: &Campaign,
    bidders: &[BidderId],
) -> Ranking {
    let ranking = store.top(campaign.id, WHOLE.limit as usize).await;
    let ranking = ranking.expect("it is open");
    for bidder in bidders {
        let standing = store
            .standing(campaign.id, *bidder)
            .await
            .expect("it is open");
        let ranked = ranking.top.iter().find(|other| other.bid.bidder == *bidder);
        assert_eq!(standing.as_ref(), ranked);
    }
    ranking
}

/// A retry that reaches the restored book gets the answer of the first life.
pub async fn a_restored_book_replays_answers<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let bids: Vec<_> = (0..10).map(|step| bid(window, step, 5)).collect();
    let placed = store.place(campaign.id, &bids).await.expect("it is open");
    store
        .discard(campaign.id)
        .await
        .expect("a book is forgotten");
    let restored = BookSeed {
        epoch: Epoch::new(2),
        bids: placed
            .outcomes
            .iter()
            .map(|outcome| outcome.clone().expect("it was accepted").into_bid())
            .collect(),
        ..seed(&campaign)
    };
    store.open(&restored).await.expect("it opens again");
    let again = store.place(campaign.id, &bids).await.expect("it is open");
    for (first, retry) in placed.outcomes.into_iter().zip(again.outcomes) {
        let first = first.expect("it was accepted").into_bid();
        assert_eq!(retry, Ok(Placement::Replayed(first)));
    }
    let reused = NewBid {
        id: bids[0].id,
        ..bid(window, 1, 6)
    };
    let outcome = place_one(&*store, campaign.id, &reused).await;
    assert_eq!(outcome, Err(Rejection::KeyReused));
}

/// Sequences that were never recorded stay unused; the stretches of the log pass over them.
pub async fn a_restored_book_keeps_gaps<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = campaign(running());
    let bids: Vec<_> = [2, 3, 7, 11]
        .map(|sequence| event(&campaign, fresh(), sequence))
        .into();
    let restored = BookSeed {
        epoch: Epoch::new(3),
        bids: bids.clone(),
        ..seed(&campaign)
    };
    store.open(&restored).await.expect("it opens");
    let stats = store.top(campaign.id, 0).await.expect("it is open").stats;
    assert_eq!((stats.bids, stats.last_sequence), (4, Sequence::new(11)));
    let events = store
        .events_after(campaign.id, Sequence::new(4), 1)
        .await
        .expect("it is open");
    assert_eq!(events.bids, bids[2..3]);
    assert_eq!(events.through, Sequence::new(7));
    let next = accept(&*store, campaign.id, &bid(campaign.terms.window, 1, 20)).await;
    assert_eq!(next.sequence, Sequence::new(12));
    assert_eq!(log(&*store, campaign.id).await, [bids, vec![next]].concat());
}

/// A campaign that is being settled, is settled or was called off takes no bids although its book is new.
pub async fn a_closed_campaign_opens_sealed<S: BidBook + ?Sized>(store: Arc<S>) {
    for phase in [Phase::Sealing, Phase::Settled, Phase::Cancelled] {
        let campaign = Campaign {
            phase,
            ..campaign(past())
        };
        let bids = vec![event(&campaign, fresh(), 1)];
        let closed = BookSeed {
            bids: bids.clone(),
            ..seed(&campaign)
        };
        store.open(&closed).await.expect("it opens");
        let late = place_one(&*store, campaign.id, &bid(campaign.terms.window, 9, 9)).await;
        assert_eq!(late, Err(Rejection::Ended), "{phase:?}");
        let seal = store.seal(campaign.id, FencingToken::new(1)).await;
        let last = Sequence::new(1);
        assert_eq!(seal.expect("it may be sealed again"), Seal::Sealed { last });
        assert_eq!(log(&*store, campaign.id).await, bids);
    }
}

/// Nobody is ranked where whoever comes first buys.
pub async fn a_first_come_campaign_has_no_book<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = first_come(running(), money(5), None);
    for _ in 0..2 {
        let opened = store.open(&seed(&campaign)).await;
        assert_eq!(failure(opened), StoreErrorKind::Conflict);
        let top = store.top(campaign.id, 1).await;
        assert_eq!(failure(top), StoreErrorKind::NotFound);
    }
}

/// Discarding a book forgets it; doing so again does nothing, and it can be opened anew.
pub async fn a_discarded_book_is_not_found<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    accept(&*store, campaign.id, &bid(campaign.terms.window, 1, 1)).await;
    for _ in 0..2 {
        store.discard(campaign.id).await.expect("it is forgotten");
        let top = store.top(campaign.id, 1).await;
        assert_eq!(failure(top), StoreErrorKind::NotFound);
    }
    let campaign = opened(&*store, campaign).await;
    assert_eq!(log(&*store, campaign.id).await, []);
}

/// Every method that needs a book says so when there is none.
pub async fn a_missing_book_is_not_found<S: BidBook + ?Sized>(store: Arc<S>) {
    let missing = fresh();
    let new = bid(running(), 1, 1);
    let kinds = [
        failure(store.place(missing, &[new]).await),
        failure(store.standing(missing, fresh()).await),
        failure(store.top(missing, 1).await),
        failure(store.events_after(missing, Sequence::ZERO, 1).await),
        failure(store.seal(missing, FencingToken::new(1)).await),
    ];
    assert_eq!(kinds, [StoreErrorKind::NotFound; 5]);
}

/// Two campaigns share nothing, not even when the same people bid in both.
pub async fn campaigns_are_separate<S: BidBook + ?Sized>(store: Arc<S>) {
    let one = opened(&*store, campaign(past())).await;
    let two = opened(&*store, campaign(past())).await;
    let who = fresh();
    let window = one.terms.window;
    let first = accept(&*store, one.id, &bid_of(who, window, 5, 10)).await;
    let second = accept(&*store, two.id, &bid_of(who, two.terms.window, 7, 5)).await;
    assert_eq!(
        (first.sequence, second.sequence),
        (Sequence::new(1), Sequence::new(1))
    );
    assert_eq!((second.elapsed_ms, second.bid_number), (5, 1));
    let token = FencingToken::new(9);
    store.seal(one.id, token).await.expect("it is over");
    accept(&*store, two.id, &bid_of(who, two.terms.window, 8, 6)).await;
    let seal = store.seal(two.id, FencingToken::new(1)).await;
    assert_eq!(
        seal.expect("tokens are a campaign's own"),
        Seal::Sealed {
            last: Sequence::new(2)
        }
    );
    store.discard(one.id).await.expect("it is forgotten");
    assert_eq!(log(&*store, two.id).await.len(), 2);
}
