use std::sync::Arc;

use super::fixture::{TOKEN, begin, bidders, checkpoint, sale, sealed};
use crate::bid::AcceptedBid;
use crate::campaign::Campaign;
use crate::conformance::fixture::{WHOLE, at_once, batch, cut, event, failure, fresh, money};
use crate::error::StoreErrorKind;
use crate::rank::Sequence;
use crate::store::{Ledger, Settlement};

async fn recorded<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Vec<AcceptedBid> {
    let bids = store.bids(campaign.id, Sequence::ZERO, u32::MAX).await;
    bids.expect("they can be read")
}

fn events(campaign: &Campaign, count: u64) -> Vec<AcceptedBid> {
    let log = (1..=count).map(|sequence| event(campaign, fresh(), sequence));
    log.collect()
}

/// The same batch, a part of it, or one that overlaps it, adds only what is new.
pub async fn recording_twice_changes_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 6);
    for (after, through, expected) in [(0, 4, 4), (0, 4, 4), (1, 3, 4), (2, 6, 6), (0, 6, 6)] {
        let stretch = cut(epoch, after, through, &bids);
        let answer = store.record(campaign.id, &stretch).await;
        assert_eq!(answer.expect("it is recorded"), Sequence::new(expected));
        assert_eq!(checkpoint(&*store, &campaign).await, expected);
    }
    assert_eq!(recorded(&*store, &campaign).await, bids);
    let total = store.bids_of(campaign.id, bids[0].bidder, WHOLE).await;
    assert_eq!(total.expect("it can be read").total, 1);
}

/// A stretch that came early counts once the missing one is there, and not before.
pub async fn the_checkpoint_waits_for_gaps<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 20);
    for (after, through, expected) in [
        (4, 6, 0),
        (0, 2, 2),
        (10, 12, 2),
        (6, 9, 2),
        (2, 3, 3),
        (3, 4, 9),
        (5, 8, 9),
        (13, 20, 9),
        (8, 11, 12),
        (12, 13, 20),
    ] {
        let stretch = cut(epoch, after, through, &bids);
        let answer = store.record(campaign.id, &stretch).await;
        let answer = answer.expect("it is recorded");
        assert_eq!(
            answer,
            Sequence::new(expected),
            "after {after} to {through}"
        );
        assert_eq!(checkpoint(&*store, &campaign).await, expected);
    }
    assert_eq!(recorded(&*store, &campaign).await, bids);
    // A book that was lost and opened again has nothing between 20 and 25: nobody was told of such bids.
    let epoch = begin(&*store, &campaign).await;
    let beyond = event(&campaign, fresh(), 25);
    let stretch = batch(epoch, 20, 25, std::slice::from_ref(&beyond));
    let answer = store.record(campaign.id, &stretch).await;
    assert_eq!(answer.expect("it is recorded"), Sequence::new(25));
}

/// The order in which stretches arrive does not matter.
pub async fn batches_in_any_order_reach_the_same_checkpoint<S: Ledger + ?Sized>(store: Arc<S>) {
    const STRETCHES: [(u64, u64); 4] = [(0, 3), (3, 4), (2, 7), (7, 8)];
    for order in 0..24 {
        let campaign = sale(&*store, 5, 5).await;
        let epoch = begin(&*store, &campaign).await;
        let bids = events(&campaign, 8);
        let mut left = STRETCHES.to_vec();
        let mut answer = Sequence::ZERO;
        for (choice, choices) in [(order, 4), (order / 4, 3), (order / 12, 2), (0, 1)] {
            let (after, through) = left.remove(choice % choices);
            let stretch = cut(epoch, after, through, &bids);
            let before = answer;
            answer = store
                .record(campaign.id, &stretch)
                .await
                .expect("it is recorded");
            assert!(answer >= before, "the checkpoint only grows");
        }
        assert_eq!(answer, Sequence::new(8));
        assert_eq!(recorded(&*store, &campaign).await, bids);
    }
}

/// A batch that contradicts what is recorded is refused as a whole.
pub async fn a_conflicting_batch_records_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 3);
    let first = batch(epoch, 0, 3, &bids);
    store
        .record(campaign.id, &first)
        .await
        .expect("it is recorded");
    let moved = AcceptedBid {
        sequence: Sequence::new(5),
        ..bids[1].clone()
    };
    let changed = AcceptedBid {
        price: money(7),
        ..bids[2].clone()
    };
    let twice = event(&campaign, fresh(), 5);
    let twin = AcceptedBid {
        sequence: Sequence::new(6),
        ..twice.clone()
    };
    let new = event(&campaign, fresh(), 4);
    for wrong in [
        vec![event(&campaign, fresh(), 3), new.clone()],
        vec![changed, new.clone()],
        vec![new.clone(), moved],
        vec![new.clone(), twice, twin],
    ] {
        let answer = store.record(campaign.id, &batch(epoch, 2, 6, &wrong)).await;
        assert_eq!(failure(answer), StoreErrorKind::Conflict, "{wrong:?}");
        assert_eq!(recorded(&*store, &campaign).await, bids);
        assert_eq!(checkpoint(&*store, &campaign).await, 3);
    }
    let right = batch(epoch, 3, 4, std::slice::from_ref(&new));
    let answer = store.record(campaign.id, &right).await;
    assert_eq!(answer.expect("it contradicts nothing"), Sequence::new(4));
}

/// A batch whose bids are not an ascending part of its stretch is refused as a whole.
pub async fn a_malformed_batch_records_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 3);
    let backwards: Vec<_> = bids.iter().rev().cloned().collect();
    let twice = [bids[0].clone(), bids[0].clone()];
    for wrong in [
        batch(epoch, 0, 3, &backwards),
        batch(epoch, 0, 3, &twice),
        batch(epoch, 0, 2, &bids),
        batch(epoch, 1, 3, &bids),
    ] {
        let answer = store.record(campaign.id, &wrong).await;
        assert_eq!(failure(answer), StoreErrorKind::Conflict, "{wrong:?}");
    }
    assert_eq!(recorded(&*store, &campaign).await, []);
    assert_eq!(checkpoint(&*store, &campaign).await, 0);
}

/// Who still writes for a book that was lost is refused, and so is who is ahead of the ledger.
pub async fn an_older_epoch_records_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let lost = begin(&*store, &campaign).await;
    let bids = events(&campaign, 2);
    let known = batch(lost, 0, 1, &bids[..1]);
    store
        .record(campaign.id, &known)
        .await
        .expect("it is recorded");
    let newest = begin(&*store, &campaign).await;
    for (epoch, bids) in [(lost, &bids[1..]), (newest.next(), &bids[1..]), (lost, &[])] {
        let answer = store.record(campaign.id, &batch(epoch, 1, 2, bids)).await;
        assert_eq!(failure(answer), StoreErrorKind::Fenced);
    }
    assert_eq!(recorded(&*store, &campaign).await, bids[..1]);
    assert_eq!(checkpoint(&*store, &campaign).await, 1);
    let answer = store
        .record(campaign.id, &batch(newest, 1, 2, &bids[1..]))
        .await;
    assert_eq!(answer.expect("it is the newest"), Sequence::new(2));
}

/// Once the winners are written, a bid that was not counted cannot appear; one that was may be recorded again.
pub async fn a_settled_campaign_takes_no_bids<S: Ledger + ?Sized>(store: Arc<S>) {
    let (campaign, plan) = sealed(&*store, 5, 5, &bidders(2)).await;
    let settled = store.commit_settlement(&plan, TOKEN).await;
    assert_eq!(settled.expect("it is settled"), Settlement::Committed);
    let seed = store.begin_epoch(campaign.id).await.expect("it begins");
    let seed = seed.expect("the campaign is known");
    let known = batch(seed.epoch, 0, 2, &seed.bids);
    let answer = store.record(campaign.id, &known).await;
    assert_eq!(answer.expect("nothing is new"), Sequence::new(2));
    let late = event(&campaign, fresh(), 3);
    let answer = store
        .record(campaign.id, &batch(seed.epoch, 2, 3, &[late]))
        .await;
    assert_eq!(failure(answer), StoreErrorKind::Conflict);
    assert_eq!(recorded(&*store, &campaign).await, seed.bids);
}

/// Many record at once, each a stretch of its own and its neighbour's: nothing is lost, nothing comes twice.
pub async fn concurrent_batches_are_all_recorded<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 210);
    let calls = (0..20).map(|part| {
        let stretch = cut(epoch, part * 10, part * 10 + 20, &bids);
        let (store, id) = (Arc::clone(&store), campaign.id);
        async move { store.record(id, &stretch).await.expect("it is recorded") }
    });
    let answers = at_once(calls).await;
    assert_eq!(answers.into_iter().max(), Some(Sequence::new(210)));
    assert_eq!(checkpoint(&*store, &campaign).await, 210);
    assert_eq!(recorded(&*store, &campaign).await, bids);
}

/// More bids than a database takes parameters in one statement.
pub async fn large_batches_are_recorded<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids = events(&campaign, 12_000);
    let whole = batch(epoch, 0, 12_000, &bids);
    for _ in 0..2 {
        let answer = store.record(campaign.id, &whole).await;
        assert_eq!(answer.expect("it is recorded"), Sequence::new(12_000));
    }
    assert_eq!(recorded(&*store, &campaign).await, bids);
    let empty = batch(epoch, 12_000, 12_000, &[]);
    let answer = store.record(campaign.id, &empty).await;
    assert_eq!(answer.expect("it says nothing new"), Sequence::new(12_000));
}
