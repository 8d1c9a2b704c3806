//! Books that were lost, or that fell behind.

use std::pin::pin;
use std::sync::Arc;

use flashbid_core::conformance::Moment;
use flashbid_core::engine::SettleOutcome;
use flashbid_core::rank::Sequence;
use flashbid_core::{Durability, Error, StoreErrorKind};

use crate::stores::{LENGTH, Node, Stores};

#[tokio::test(start_paused = true)]
async fn a_restored_book_continues_its_sequence_and_keeps_its_gaps() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    let first = node.bid(1, 10).await;
    let second = node.bid(2, 20).await;
    // The third bid is in the book alone: nobody was told of it.
    node.ledger.faults().lose_request("record", 3);
    let third = node.try_bid(3, 30).await.unwrap_err();
    assert!(matches!(third, Error::Store(error) if error.kind == StoreErrorKind::Indeterminate));
    let fourth = node.bid(4, 40).await;
    assert_eq!(fourth.sequence, Sequence::new(4));

    stores.lose_hot(&[&node]);
    assert_eq!(node.bid(1, 10).await, first);
    assert_eq!(node.bid(2, 20).await, second);
    assert_eq!(node.bid(4, 40).await, fourth);
    let third = node.bid(3, 30).await;
    assert_eq!(third.sequence, Sequence::new(5));
    let sequences = stores.recorded().await;
    let sequences: Vec<u64> = sequences.iter().map(|bid| bid.sequence.get()).collect();
    assert_eq!(sequences, [1, 2, 4, 5]);
    assert_eq!(node.prices().await, ["40.00", "30.00", "20.00", "10.00"]);
}

#[tokio::test(start_paused = true)]
async fn a_book_that_is_rebuilt_by_hand_has_what_the_ledger_has() {
    let stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    let first = node.bid(1, 10).await;
    node.bid(2, 20).await;
    let rebuilt = node.engine.rebuild(stores.campaign.id).await.unwrap();
    assert_eq!((rebuilt.bids, rebuilt.last_sequence), (2, Sequence::new(2)));
    assert_eq!(node.bid(1, 10).await, first);
    assert_eq!(node.bid(3, 30).await.sequence, Sequence::new(3));
    let again = node.engine.rebuild(stores.campaign.id).await.unwrap();
    assert!(again.epoch > rebuilt.epoch);
    assert_eq!(node.prices().await, ["30.00", "20.00", "10.00"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_write_for_a_lost_book_is_fenced_and_placed_again_once() {
    let mut stores = Stores::new().await;
    let [sleeper, other] = [1, 2].map(|seed| stores.node(seed, Durability::Ledger));
    sleeper.bid(1, 10).await;
    let record = sleeper.ledger.faults().calls() + 1;
    sleeper.ledger.faults().pause_at(record, Moment::Before);
    let faults = sleeper.ledger.faults();
    let mut late = pin!(sleeper.bid(2, 20));
    tokio::select! {
        bid = &mut late => panic!("{bid:?} was not paused"),
        () = faults.paused() => {}
    }
    assert_eq!(sleeper.ledger.faults().log().last(), Some(&"record"));

    stores.lose_hot(&[&sleeper, &other]);
    let between = other.bid(3, 30).await;
    assert_eq!(between.sequence, Sequence::new(2));
    faults.resume();
    let late = late.await;
    assert_eq!(late.sequence, Sequence::new(3));
    assert_eq!(sleeper.bid(2, 20).await, late);
    assert_eq!(other.bid(2, 20).await, late);
    assert_eq!(stores.recorded().await[1..], [between, late]);
}

#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_is_noticed_by_the_next_bid_and_repaired() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 1).await;
    let next = node.bid(4, 25).await;
    assert_eq!(next.sequence, Sequence::new(4));
    assert_eq!(node.prices().await, ["30.00", "25.00", "20.00", "10.00"]);
    assert_eq!(stores.recorded().await.len(), 4);
}

/// A settlement sealed the older copy, found the ledger ahead of it, and gave the units to its best bidders.
#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_is_repaired_before_it_is_settled() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 2).await;
    stores.clock.advance(LENGTH);
    assert_eq!(node.sold_at().await, ["40.00", "30.00"]);
}

/// A bid that an older copy of the book had accepted anew, at a sequence below the checkpoint, was taken for recorded
/// and acknowledged when it was placed again.
#[tokio::test(start_paused = true)]
async fn a_retry_in_a_book_that_fell_behind_is_recorded_before_it_is_acknowledged() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 1).await;
    let record = node.ledger.faults().calls_of("record") + 1;
    node.ledger.faults().lose_request("record", record);
    node.try_bid(4, 40).await.unwrap_err();
    let retried = node.bid(4, 40).await;
    assert!(stores.recorded().await.contains(&retried), "{retried:?}");
    assert_eq!(node.prices().await, ["40.00", "30.00", "20.00", "10.00"]);
}

/// The relay of a book that had fallen behind and grown past the checkpoint again saw nothing amiss: what the older
/// copy had accepted below the checkpoint never reached the ledger, and the settlement gave units for it.
#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_and_caught_up_is_noticed_by_the_relay() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Hot);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    let id = stores.campaign.id;
    assert_eq!(node.engine.relay(id).await.unwrap(), Sequence::new(3));
    stores.fall_back(&[&node], 1).await;
    for (bidder, price) in [(4, 40), (5, 50), (6, 60)] {
        node.bid(bidder, price).await;
    }
    node.engine.relay(id).await.unwrap();
    let ranking = node.engine.ranking(id, 100).await.unwrap();
    let recorded = stores.recorded().await;
    assert_eq!(ranking.stats.bids, recorded.len() as u64);
    assert!(
        ranking
            .top
            .iter()
            .all(|standing| recorded.contains(&standing.bid))
    );
    stores.clock.advance(LENGTH);
    node.settle().await;
    let verdict = node.engine.verify(id).await.unwrap();
    assert_eq!(verdict.violations, Vec::<String>::new());
}

/// The book had fallen behind the ledger, but not behind the ledger's checkpoint, at which nothing was amiss: a
/// settlement left out an acknowledged bid that had been recorded before one that came before it.
#[tokio::test(start_paused = true)]
async fn a_bid_beyond_the_checkpoint_is_missed_in_a_book_that_fell_behind() {
    for grown in [false, true] {
        let mut stores = Stores::new().await;
        let node = stores.node(1, Durability::Ledger);
        node.bid(1, 10).await;
        node.bid(2, 20).await;
        node.ledger.faults().lose_request("record", 3);
        node.try_bid(3, 30).await.unwrap_err();
        node.bid(4, 40).await;
        stores.fall_back(&[&node], 2).await;
        if grown {
            node.ledger.faults().lose_request("record", 5);
            node.try_bid(5, 5).await.unwrap_err();
        }
        stores.clock.advance(LENGTH);
        assert_eq!(node.sold_at().await, ["40.00", "20.00"]);
    }
}

/// While a settlement planned from an older copy of the book, a bid that only the lost one held reached the ledger and
/// was acknowledged; the settlement committed without it.
#[tokio::test(start_paused = true)]
async fn a_bid_that_is_recorded_while_an_older_copy_is_settled_counts() {
    let mut stores = Stores::new().await;
    let [slow, settler] = [1, 2].map(|seed| stores.node(seed, Durability::Ledger));
    slow.bid(1, 10).await;
    slow.bid(2, 20).await;
    let record = slow.ledger.faults().calls() + 1;
    slow.ledger.faults().pause_at(record, Moment::Before);
    let faults = slow.ledger.faults();
    let mut late = pin!(slow.bid(3, 30));
    tokio::select! {
        bid = &mut late => panic!("{bid:?} was not paused"),
        () = faults.paused() => {}
    }
    assert_eq!(faults.log().last(), Some(&"record"));
    stores.fall_back(&[&slow, &settler], 2).await;
    stores.clock.advance(LENGTH);

    let commits = settler.ledger.faults();
    commits.pause_at(8, Moment::Before);
    let mut sold = pin!(settler.sold_at());
    tokio::select! {
        sold = &mut sold => panic!("{sold:?} was not paused"),
        () = commits.paused() => {}
    }
    assert_eq!(commits.log().last(), Some(&"commit_settlement"));
    faults.resume();
    let late = late.await;
    assert!(stores.recorded().await.contains(&late));
    commits.resume();
    assert_eq!(sold.await, ["30.00", "20.00"]);
}

/// An older copy of the book took a bid at a sequence that everybody had been told was taken, and followers were told
/// of that bid in the place of the one that the ledger has.
#[tokio::test(start_paused = true)]
async fn followers_are_told_what_the_ledger_has_while_the_book_has_fallen_behind() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    let recorded = stores.recorded().await;
    stores.fall_back(&[&node], 1).await;
    node.ledger.faults().lose_request("record", 4);
    node.try_bid(4, 40).await.unwrap_err();
    let id = stores.campaign.id;
    let (mut told, mut after) = (Vec::new(), Sequence::ZERO);
    while told.len() < 3 {
        let batch = node.engine.events_after(id, after, 1).await.unwrap();
        told.extend(batch.bids);
        if batch.through == after {
            node.engine.relay(id).await.unwrap();
        }
        after = batch.through;
    }
    assert_eq!(told, recorded);
}

/// For a moment after a failover there may be two primaries, and each node bids in another one.
#[tokio::test(start_paused = true)]
async fn nodes_that_see_different_hot_stores_agree_through_the_ledger() {
    let mut stores = Stores::new().await;
    let [left, right] = [1, 2].map(|seed| stores.node(seed, Durability::Ledger));
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        left.bid(bidder, price).await;
    }
    stores.fall_back(&[&right], 2).await;
    let mut told = Vec::new();
    for round in 0..6 {
        let (one, other) = (10 + round, 20 + round);
        let (first, second) = tokio::join!(left.bid(one, 40), right.bid(other, 50));
        told.extend([first, second]);
    }
    let recorded = stores.recorded().await;
    for bid in &told {
        assert!(recorded.contains(bid), "{bid:?}");
    }
    assert_eq!(recorded.len(), 3 + told.len());
    stores.clock.advance(LENGTH);
    assert_eq!(left.sold_at().await, ["50.00", "50.00"]);
    assert_eq!(right.settle().await, SettleOutcome::AlreadySettled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bidders_open_a_lost_book_once_a_node() {
    let mut stores = Stores::new().await;
    let nodes = [1, 2].map(|seed| Arc::new(stores.node(seed, Durability::Ledger)));
    nodes[0].bid(0, 5).await;
    stores.lose_hot(&[&nodes[0], &nodes[1]]);
    let opened = |node: &Node| node.ledger.faults().calls_of("begin_epoch");
    let earlier = opened(&nodes[0]);
    let bidding: Vec<_> = (1..=200)
        .map(|number| {
            let node = nodes[usize::from(number % 2 == 0)].clone();
            tokio::spawn(async move { node.bid(number, 10).await })
        })
        .collect();
    for bid in bidding {
        bid.await.unwrap();
    }
    assert!(opened(&nodes[0]) - earlier <= 1);
    assert!(opened(&nodes[1]) <= 1);
    assert_eq!(stores.recorded().await.len(), 201);
    assert_eq!(nodes[0].prices().await.len(), 201);
}

/// Two nodes met a campaign that nobody had opened, and both asked the ledger. One opened the book and took a bid, and
/// the other, which had asked later, replaced the book with an empty one.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_open_a_book_at_once_lose_no_acknowledged_bid() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let stores = Stores::new().await;
        let [fast, slow] = [1, 2].map(|seed| stores.node(seed, durability));
        let [fasts, slows] = [&fast, &slow].map(|node| node.hot.faults());
        // Before `open`; the first node keeps a copy of the campaign, which the second finds.
        fasts.pause_at(5, Moment::Before);
        slows.pause_at(4, Moment::Before);
        let (mut fast_bid, mut slow_bid) = (pin!(fast.bid(1, 20)), pin!(slow.bid(2, 10)));
        tokio::select! {
            bid = &mut fast_bid => panic!("{bid:?} was not paused"),
            () = fasts.paused() => {}
        }
        tokio::select! {
            bid = &mut slow_bid => panic!("{bid:?} was not paused"),
            () = slows.paused() => {}
        }
        assert_eq!(fasts.log(), ["cached", "keep", "place", "place", "open"]);
        assert_eq!(slows.log(), ["cached", "place", "place", "open"]);
        fasts.resume();
        let accepted = fast_bid.await;
        slows.resume();
        slow_bid.await;
        assert_eq!(fast.bid(1, 20).await, accepted, "{durability:?}");
        assert_eq!(slow.prices().await, ["20.00", "10.00"], "{durability:?}");
    }
}
