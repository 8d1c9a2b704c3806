use std::sync::Arc;

use crate::bid::NewBid;
use crate::campaign::FencingToken;
use crate::conformance::fixture::{
    accept, bid, bid_of, campaign, fresh, log, money, opened, past, place_one, running,
};
use crate::rank::{Rank, Sequence};
use crate::store::{BidBook, BookStats, Epoch, EventBatch};

/// Ranks count from one without a gap, by score and then by sequence, and no more than were asked for.
pub async fn the_top_is_the_best_in_order<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let batch: Vec<_> = (0..30).map(|step| bid(window, step * 7 % 11, 1)).collect();
    store.place(campaign.id, &batch).await.expect("it is open");
    let all = store.top(campaign.id, 1_000).await.expect("it is open").top;
    assert_eq!(all.len(), 30);
    for (index, standing) in all.iter().enumerate() {
        assert_eq!(standing.rank, Rank::behind(index));
    }
    assert!(all.is_sorted_by_key(|standing| standing.bid.rank_key()));
    for n in [0, 1, 7, 30, 31] {
        let top = store.top(campaign.id, n).await.expect("it is open").top;
        assert_eq!(top, all[..n.min(30)]);
    }
}

/// Participants, bids, the last sequence, prices and scores, all of the same moment.
pub async fn figures_describe_the_book<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(past())).await;
    let window = campaign.terms.window;
    let mut expected = BookStats {
        epoch: Epoch::new(1),
        participants: 0,
        bids: 0,
        last_sequence: Sequence::ZERO,
        max_price: None,
        max_score: None,
        min_winning_score: None,
        sealed: false,
    };
    let figures = async || store.top(campaign.id, 1).await.expect("it is open").stats;
    assert_eq!(figures().await, expected);

    let who = fresh();
    let first = accept(&*store, campaign.id, &bid_of(who, window, 90, 1)).await;
    expected.participants = 1;
    expected.bids = 1;
    expected.last_sequence = Sequence::new(1);
    expected.max_price = Some(money(90));
    expected.max_score = Some(first.score);
    assert_eq!(figures().await, expected);

    // The standing falls below the price that was once bid.
    let lower = accept(&*store, campaign.id, &bid_of(who, window, 10, 2)).await;
    expected.bids = 2;
    expected.last_sequence = Sequence::new(2);
    expected.max_score = Some(lower.score);
    assert_eq!(figures().await, expected);

    let second = accept(&*store, campaign.id, &bid(window, 20, 3)).await;
    accept(&*store, campaign.id, &bid(window, 30, 4)).await;
    let best = accept(&*store, campaign.id, &bid(window, 40, 5)).await;
    expected.participants = 4;
    expected.bids = 5;
    expected.last_sequence = Sequence::new(5);
    expected.max_score = Some(best.score);
    expected.min_winning_score = Some(second.score);
    assert_eq!(figures().await, expected, "the quota is three");

    store
        .seal(campaign.id, FencingToken::new(1))
        .await
        .expect("it is over");
    expected.sealed = true;
    assert_eq!(figures().await, expected);
}

/// The log is what was answered, in the order of the sequences, without the refused.
pub async fn events_are_complete_and_in_order<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let who = fresh();
    let mut answered = Vec::new();
    for step in 0..12 {
        let asked = if step % 2 == 0 {
            bid_of(who, window, step, 1)
        } else {
            bid(window, 20 - step, 1)
        };
        answered.push(accept(&*store, campaign.id, &asked).await);
        let late = NewBid {
            at: Some(window.end()),
            ..bid(window, 5, 0)
        };
        let refused = place_one(&*store, campaign.id, &late).await;
        assert!(refused.is_err());
        let retried = place_one(&*store, campaign.id, &asked).await;
        assert!(retried.is_ok());
    }
    let events = store
        .events_after(campaign.id, Sequence::ZERO, 1_000)
        .await
        .expect("it is open");
    let expected = EventBatch {
        epoch: Epoch::new(1),
        after: Sequence::ZERO,
        through: Sequence::new(12),
        bids: answered,
    };
    assert_eq!(events, expected);
}

/// Who has read everything learns how far that is, and never goes back.
pub async fn events_end_at_the_last_sequence<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let ends = async |after| {
        let events = store
            .events_after(campaign.id, Sequence::new(after), 10)
            .await;
        let events = events.expect("it is open");
        assert_eq!(events.after, Sequence::new(after));
        (events.through.get(), events.bids.len())
    };
    assert_eq!(ends(0).await, (0, 0));
    for _ in 0..3 {
        accept(&*store, campaign.id, &bid(window, 5, 1)).await;
    }
    assert_eq!(ends(1).await, (3, 2));
    assert_eq!(ends(3).await, (3, 0));
    assert_eq!(ends(8).await, (8, 0));
}

/// Reading on from where a page ended misses nothing and repeats nothing, in pages of any size.
pub async fn pages_of_events_join<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let batch: Vec<_> = (0..25).map(|step| bid(window, step, 1)).collect();
    store.place(campaign.id, &batch).await.expect("it is open");
    let all = log(&*store, campaign.id).await;
    assert_eq!(all.len(), 25);
    for limit in [0, 1, 4, 25, 100] {
        let mut joined = Vec::new();
        let mut after = Sequence::ZERO;
        while after < Sequence::new(25) {
            let page = store.events_after(campaign.id, after, limit).await;
            let page = page.expect("it is open");
            assert!(page.bids.len() <= limit.max(1));
            assert!(page.through > after, "a page with events moves on");
            joined.extend(page.bids);
            after = page.through;
        }
        assert_eq!(joined, all, "in pages of {limit}");
    }
}
