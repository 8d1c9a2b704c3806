//! What a book does when its server has been tampered with, or others open it at once.

use flashbid_core::StoreErrorKind;
use flashbid_core::bid::NewBid;
use flashbid_core::campaign::{Campaign, FencingToken};
use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::store::{BidBook, Epoch, Placement};
use flashbid_core::ticket::Ticket;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_testbed::Redis;
use redis::{Value, cmd};

use super::fresh;
use super::gate::meddle;
use super::sale::{accept, bid, campaign, history, log, opened, seed};
use crate::RedisHot;
use crate::book::BookKeys;
use crate::book::opening::{self, Life};

/// Everything that the server holds of a book, as bytes.
async fn contents(hot: &RedisHot, campaign: &Campaign) -> Vec<Value> {
    let keys = BookKeys::of(hot, campaign.id);
    let mut contents = Vec::new();
    for key in [
        &keys.campaign,
        &keys.ranking,
        &keys.details,
        &keys.bidders,
        &keys.events,
    ] {
        contents.push(meddle(hot, &["DUMP", key]).await);
    }
    contents
}

/// A bid with a ticket that expires so many seconds from now.
fn with_ticket(bid: NewBid, seconds: i64) -> NewBid {
    let millis = SystemClock.now().millis() + seconds * 1_000;
    let ticket = Ticket {
        id: RandomIds.fresh().into(),
        expires_at: Timestamp::from_millis(millis),
    };
    NewBid {
        ticket: Some(ticket),
        ..bid
    }
}

/// Tickets that have expired take no room.
#[tokio::test]
async fn expired_tickets_are_forgotten() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    let keys = BookKeys::of(&hot, campaign.id);
    for seconds in [-2_000, -900, 200] {
        let ticketed = with_ticket(bid(5), seconds);
        let at = ticketed.ticket.unwrap().expires_at.millis() - 1_000;
        let at = Some(Timestamp::from_millis(at));
        accept(&hot, &campaign, &[NewBid { at, ..ticketed }]).await;
        let held = meddle(&hot, &["ZCARD", &keys.tickets]).await;
        assert!(matches!(held, Value::Int(1..=2)), "{held:?}");
    }
    hot.discard(campaign.id).await.unwrap();
    let left = meddle(&hot, &["EXISTS", &keys.tickets]).await;
    assert_eq!(left, Value::Int(0));
}

/// A script that fails in the middle of a batch must not have written the first half of it.
#[tokio::test]
async fn a_damaged_book_is_corrupt_and_stays_as_it_is() {
    let hot = fresh().await;
    for damage in 0..10 {
        let campaign = opened(&hot).await;
        let who = bid(5);
        accept(&hot, &campaign, &[who.clone(), bid(6)]).await;
        let keys = BookKeys::of(&hot, campaign.id);
        let typed = [
            &keys.campaign,
            &keys.ranking,
            &keys.details,
            &keys.bidders,
            &keys.events,
        ];
        match damage {
            0..5 => {
                meddle(&hot, &["SET", typed[damage], "nonsense"]).await;
            }
            5 => {
                meddle(&hot, &["HSET", &keys.campaign, "alpha", "much"]).await;
            }
            6 => {
                // The last bidder of the batch has a standing of another length.
                let mut command = cmd("HSET");
                command.arg(&keys.bidders).arg(who.bidder.as_bytes());
                hot.link.send(command.arg("short")).await.unwrap();
            }
            9 => {
                meddle(&hot, &["SET", &keys.tickets, "nonsense"]).await;
            }
            7 => {
                // As when the server was told to evict what it has no room for.
                meddle(&hot, &["DEL", &keys.ranking]).await;
            }
            _ => {
                meddle(&hot, &["XADD", &keys.events, "1000-0", "x", "y"]).await;
            }
        }
        let before = contents(&hot, &campaign).await;
        let again = NewBid {
            bidder: who.bidder,
            ..bid(9)
        };
        let batch = [bid(7), with_ticket(bid(8), 1_000), again];
        let error = hot.place(campaign.id, &batch).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{damage}: {error:?}");
        assert!(error.source.is_some(), "it says what the server said");
        assert_eq!(contents(&hot, &campaign).await, before, "damage {damage}");
    }
}

/// One who staged a book, and then somebody with a newer epoch was faster.
#[tokio::test]
async fn a_late_opener_leaves_a_newer_book_alone() {
    let hot = fresh().await;
    let campaign = campaign();
    let late = seed(&campaign, 2, &history(&campaign, 10, 10));
    let keys = BookKeys::of(&hot, campaign.id);
    let staged = opening::stage(&hot, &late).await.unwrap();
    hot.open(&seed(&campaign, 3, &[])).await.unwrap();
    let epoch = opening::take_over(&hot, &keys, &late, None, &staged).await;
    assert_eq!(epoch.unwrap(), Some(Epoch::new(3)));
    assert_eq!(log(&hot, &campaign).await, []);
    for key in &staged.keys {
        assert_eq!(meddle(&hot, &["EXISTS", key]).await, Value::Int(0));
    }
}

/// One who saw no book, or an older one, must not replace one that came meanwhile and that may go on.
#[tokio::test]
async fn an_opener_looks_again_when_the_book_is_another() {
    let hot = fresh().await;
    let campaign = campaign();
    let newest = seed(&campaign, 9, &history(&campaign, 10, 10));
    let keys = BookKeys::of(&hot, campaign.id);
    let staged = opening::stage(&hot, &newest).await.unwrap();
    hot.open(&seed(&campaign, 2, &newest.bids)).await.unwrap();
    for seen in [None, Some(Epoch::new(1))] {
        let epoch = opening::take_over(&hot, &keys, &newest, seen, &staged).await;
        assert_eq!(epoch.unwrap(), None);
    }
    let seen = opening::look(&hot, &keys).await.unwrap();
    assert_eq!(seen.epoch, Some(Epoch::new(2)));
    for another in [
        Life {
            epoch: Some(Epoch::new(1)),
            server: seen.server.clone(),
        },
        Life {
            epoch: seen.epoch,
            server: b"another".to_vec(),
        },
    ] {
        let gone_on = opening::go_on(&hot, &keys, &newest, &another).await;
        assert_eq!(gone_on.unwrap(), None, "it was another book that had all");
    }
    let placed = hot.place(campaign.id, &[bid(1)]).await.unwrap();
    assert_eq!(placed.epoch, Epoch::new(2));
    assert_eq!(hot.open(&newest).await.unwrap(), Epoch::new(9));
    assert_eq!(log(&hot, &campaign).await.len(), 11, "it went on");
}

/// A book that lost bids in a way that nothing tells, but that its log ends early.
#[tokio::test]
async fn a_book_that_ends_before_the_ledger_does_not_go_on() {
    let hot = fresh().await;
    let campaign = campaign();
    let bids = history(&campaign, 10, 10);
    hot.open(&seed(&campaign, 1, &bids[..9])).await.unwrap();
    let keys = BookKeys::of(&hot, campaign.id);
    let newer = seed(&campaign, 2, &bids);
    let seen = opening::look(&hot, &keys).await.unwrap();
    let epoch = opening::go_on(&hot, &keys, &newer, &seen).await;
    assert_eq!(epoch.unwrap(), None);
}

/// Staged pieces go away by themselves; a book of which a piece went away must not be taken for whole.
#[tokio::test]
async fn a_staged_book_that_went_away_is_not_opened() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    let kept = accept(&hot, &campaign, &[bid(5)]).await;
    let keys = BookKeys::of(&hot, campaign.id);
    let newer = seed(&campaign, 2, &history(&campaign, 300, 7));
    for lost in 0..4 {
        let staged = opening::stage(&hot, &newer).await.unwrap();
        for key in &staged.keys {
            let Value::Int(left) = meddle(&hot, &["PTTL", key]).await else {
                panic!("a key lives so long")
            };
            assert!((1..=120_000).contains(&left), "it goes away by itself");
        }
        meddle(&hot, &["DEL", &staged.keys[lost]]).await;
        let there = Some(Epoch::new(1));
        let opened = opening::take_over(&hot, &keys, &newer, there, &staged).await;
        assert_eq!(opened.unwrap_err().kind, StoreErrorKind::Unavailable);
        assert_eq!(log(&hot, &campaign).await, kept);
    }
    assert_eq!(hot.open(&newer).await.unwrap(), Epoch::new(2));
    for key in [&keys.ranking, &keys.details, &keys.bidders, &keys.events] {
        assert_eq!(meddle(&hot, &["PTTL", key]).await, Value::Int(-1), "{key}");
    }
}

/// A book that is larger than one piece has the same order, figures and answers as one that was bid for bid.
#[tokio::test]
async fn a_large_book_opens_whole() {
    let hot = fresh().await;
    let campaign = campaign();
    let bids = history(&campaign, 2_345, 1_111);
    hot.open(&seed(&campaign, 1, &bids)).await.unwrap();
    assert_eq!(log(&hot, &campaign).await, bids);
    let ranking = hot.top(campaign.id, 5_000).await.unwrap();
    assert_eq!(ranking.top.len(), 1_111);
    assert_eq!(ranking.stats.bids, 2_345);
    let keys: Vec<_> = ranking.top.iter().map(|it| it.bid.rank_key()).collect();
    assert!(keys.is_sorted());
    // It goes on as well, in pieces.
    let epoch = hot.open(&seed(&campaign, 2, &bids)).await.unwrap();
    assert_eq!(epoch, Epoch::new(2));
    let next = accept(&hot, &campaign, &[bid(1)]).await;
    assert_eq!(next[0].sequence.get(), 2_346);
    // A bid in the last piece that the book has otherwise.
    let mut other = bids.clone();
    other[2_344].bid_number += 1;
    hot.open(&seed(&campaign, 3, &other)).await.unwrap();
    assert_eq!(log(&hot, &campaign).await, other);
}

/// A batch of more bids than Lua may unpack at once is still one batch.
#[tokio::test]
async fn a_large_batch_is_placed_whole() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    let batch: Vec<_> = (0..9_000).map(bid).collect();
    let accepted = accept(&hot, &campaign, &batch).await;
    assert_eq!(log(&hot, &campaign).await, accepted);
    let again = hot.place(campaign.id, &batch).await.unwrap();
    for (outcome, first) in again.outcomes.into_iter().zip(accepted) {
        assert_eq!(outcome, Ok(Placement::Replayed(first)));
    }
}

/// Redis forgets its scripts when it is told to or starts again.
#[tokio::test]
async fn scripts_that_are_gone_are_sent_again() {
    let server = Redis::start();
    let hot = super::at(&server).await;
    let campaign = opened(&hot).await;
    for n in 1..=5 {
        server.call(&["SCRIPT", "FLUSH"]).unwrap();
        let accepted = accept(&hot, &campaign, &[bid(n)]).await;
        assert_eq!(accepted[0].sequence.get(), n.unsigned_abs());
        server.call(&["SCRIPT", "FLUSH"]).unwrap();
        let standing = hot.standing(campaign.id, accepted[0].bidder).await;
        assert!(standing.unwrap().is_some());
    }
}

/// A token of before the book was opened again is refused in the new book too.
#[tokio::test]
async fn a_fence_only_grows() {
    let hot = fresh().await;
    let mut campaign = opened(&hot).await;
    campaign.fence = FencingToken::new(7);
    hot.open(&seed(&campaign, 2, &[])).await.unwrap();
    campaign.fence = FencingToken::new(3);
    hot.open(&seed(&campaign, 3, &[])).await.unwrap();
    let seal = hot.seal(campaign.id, FencingToken::new(6)).await;
    assert_eq!(seal.unwrap_err().kind, StoreErrorKind::Fenced);
}
