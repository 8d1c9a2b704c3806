use std::sync::Arc;

use crate::bid::NewBid;
use crate::conformance::fixture::{
    accept, bid, bid_of, campaign, fresh, log, opened, place_one, running,
};
use crate::rank::Sequence;
use crate::store::{BidBook, Placement};

/// A book that was told to forget may answer from a later event on, but never leaves out one behind that, and keeps the
/// event at which the ledger stands.
pub async fn what_is_not_forgotten_stays_complete<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let mut answered = Vec::new();
    for size in [1, 7, 16, 1, 15] {
        let batch: Vec<NewBid> = (0..size).map(|step| bid(window, step, 1)).collect();
        store.place(campaign.id, &batch).await.expect("it is open");
    }
    answered.extend(log(&*store, campaign.id).await);
    assert_eq!(answered.len(), 40);
    for through in [3, 24, 24, 10, 25, 40] {
        let through = Sequence::new(through);
        let forgotten = store.forget_events(campaign.id, through).await;
        forgotten.expect("it is open");
        for (after, limit) in [(0, 1_000), (0, 3), (9, 1), (23, 5), (24, 7), (39, 2)] {
            let asked = Sequence::new(after);
            let events = store.events_after(campaign.id, asked, limit).await;
            let events = events.expect("it is open");
            assert!(events.after >= asked, "it does not begin before");
            assert!(
                events.after == asked || events.after < Sequence::new(25).max(through),
                "the event at which the ledger stands is kept"
            );
            assert!(events.bids.len() <= limit);
            let within = events.after.next()..=events.through;
            let expected = answered.iter().filter(|bid| within.contains(&bid.sequence));
            assert!(events.bids.iter().eq(expected), "no event is left out");
            assert!(events.through > events.after, "a page with events moves on");
        }
    }
    let last = accept(&*store, campaign.id, &bid(window, 5, 1)).await;
    assert_eq!(last.sequence, Sequence::new(41));
    let events = store
        .events_after(campaign.id, Sequence::new(40), 10)
        .await
        .expect("it is open");
    assert_eq!(events.bids, [last]);
}

/// Only the events go.
pub async fn forgetting_events_keeps_all_else<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let who = fresh();
    let asked: Vec<NewBid> = (0..20)
        .map(|step| match step % 4 {
            0 => bid_of(who, window, 50 - step, 1),
            _ => bid(window, step, 1),
        })
        .collect();
    let mut answers = Vec::new();
    for asked in &asked {
        answers.push(accept(&*store, campaign.id, asked).await);
    }
    let before = store.top(campaign.id, 100).await.expect("it is open");
    let through = Sequence::new(20);
    for _ in 0..2 {
        let forgotten = store.forget_events(campaign.id, through).await;
        forgotten.expect("it is open");
    }
    let after = store.top(campaign.id, 100).await.expect("it is open");
    assert_eq!(after, before);
    for (asked, answer) in asked.iter().zip(answers) {
        let again = place_one(&*store, campaign.id, asked).await;
        assert_eq!(again, Ok(Placement::Replayed(answer)));
    }
    let next = accept(&*store, campaign.id, &bid_of(who, window, 60, 2)).await;
    assert_eq!(next.sequence, Sequence::new(21));
    assert_eq!(next.bid_number, 6);
}

/// A book that was lost meanwhile has nothing left to forget.
pub async fn forgetting_without_a_book_does_nothing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = campaign(running());
    let forgotten = store.forget_events(campaign.id, Sequence::new(5)).await;
    forgotten.expect("there is nothing to forget");
    opened(&*store, campaign.clone()).await;
    let first = accept(&*store, campaign.id, &bid(campaign.terms.window, 5, 1)).await;
    assert_eq!(log(&*store, campaign.id).await, [first]);
}
