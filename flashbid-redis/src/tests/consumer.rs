//! How consumers share a campaign's events.

use std::time::Duration;

use flashbid_core::campaign::Campaign;
use flashbid_core::rank::Sequence;
use flashbid_core::store::BidBook;
use tokio::time::Instant;

use super::fresh;
use super::sale::{accept, bid, log, opened, seed};
use crate::{Delivery, EventConsumer, RedisHot};

const NEVER: Duration = Duration::from_hours(1);
const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(20);

async fn join(hot: &RedisHot, campaign: &Campaign, name: &str, claim: Duration) -> EventConsumer {
    let consumer = hot.consumer(campaign.id, "brokers", name, claim).await;
    consumer.unwrap()
}

/// Places so many bids, one a batch.
async fn place(hot: &RedisHot, campaign: &Campaign, n: i64) {
    for price in 1..=n {
        accept(hot, campaign, &[bid(price)]).await;
    }
}

fn sequences(deliveries: &[Delivery]) -> Vec<u64> {
    let bids = deliveries.iter().flat_map(|delivery| &delivery.bids);
    bids.map(|bid| bid.sequence.get()).collect()
}

#[tokio::test]
async fn two_consumers_share_the_events() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, 3).await;
    accept(&hot, &campaign, &[bid(1), bid(2)]).await;
    let mut one = join(&hot, &campaign, "one", NEVER).await;
    let mut two = join(&hot, &campaign, "two", NEVER).await;
    let first = one.next(2, NOW).await.unwrap();
    let second = two.next(9, NOW).await.unwrap();
    assert_eq!(sequences(&first), [1, 2]);
    assert_eq!(sequences(&second), [3, 4, 5], "a batch stays together");
    assert_eq!(second[1].last, Sequence::new(5));
    let told: Vec<_> = [first, second].concat();
    let bids: Vec<_> = told.into_iter().flat_map(|it| it.bids).collect();
    assert_eq!(bids, log(&hot, &campaign).await);
    assert_eq!(one.next(9, NOW).await.unwrap(), []);
}

#[tokio::test]
async fn a_consumer_that_waits_is_told_at_once_and_holds_up_nobody() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    let mut consumer = join(&hot, &campaign, "one", NEVER).await;
    let waiting = tokio::spawn(async move { consumer.next(9, SOON).await });
    let began = Instant::now();
    place(&hot, &campaign, 1).await;
    let told = waiting.await.unwrap().unwrap();
    assert_eq!(sequences(&told), [1]);
    assert!(began.elapsed() < SOON);
}

/// What a dead consumer did not acknowledge is delivered to another; what it did acknowledge is not.
#[tokio::test]
async fn what_a_dead_consumer_left_is_taken_over() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, 3).await;
    let mut dies = join(&hot, &campaign, "dies", NEVER).await;
    let got = dies.next(9, NOW).await.unwrap();
    dies.acknowledge(&got[..1]).await.unwrap();
    dies.acknowledge(&got[..1]).await.unwrap();
    drop(dies);
    let mut lives = join(&hot, &campaign, "lives", Duration::from_millis(50)).await;
    let left_behind = lives.next(9, SOON).await.unwrap();
    assert_eq!(left_behind, got[1..]);
    lives.acknowledge(&left_behind).await.unwrap();
    let rest = lives.next(9, Duration::from_millis(200)).await.unwrap();
    assert_eq!(rest, []);
}

/// Events are forgotten up to what every group has acknowledged, also when the ledger has more.
#[tokio::test]
async fn nothing_that_a_group_waits_for_is_forgotten() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, 6).await;
    let through = Sequence::new(6);
    let first_left = async || {
        hot.forget_events(campaign.id, through).await.unwrap();
        log(&hot, &campaign).await[0].sequence.get()
    };
    let mut consumer = join(&hot, &campaign, "one", NEVER).await;
    let got = consumer.next(3, NOW).await.unwrap();
    assert_eq!(first_left().await, 1, "nothing is acknowledged");
    consumer.acknowledge(&got[1..2]).await.unwrap();
    assert_eq!(first_left().await, 1, "the first is not");
    consumer.acknowledge(&got[..1]).await.unwrap();
    assert_eq!(first_left().await, 3);
    consumer.acknowledge(&got).await.unwrap();
    assert_eq!(first_left().await, 4, "what was not delivered stays");
    let rest = consumer.next(9, NOW).await.unwrap();
    assert_eq!(sequences(&rest), [4, 5, 6]);
    hot.disband(campaign.id, "brokers").await.unwrap();
    hot.disband(campaign.id, "brokers").await.unwrap();
    assert_eq!(first_left().await, 6, "the event at the checkpoint stays");
}

/// A group begins again with a book that was lost and opened from the ledger, and is told everything again.
#[tokio::test]
async fn a_lost_book_is_told_again() {
    let hot = fresh().await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, 3).await;
    let mut consumer = join(&hot, &campaign, "one", NEVER).await;
    let got = consumer.next(9, NOW).await.unwrap();
    consumer.acknowledge(&got).await.unwrap();
    let bids = log(&hot, &campaign).await;
    hot.discard(campaign.id).await.unwrap();
    hot.disband(campaign.id, "brokers").await.unwrap();
    hot.open(&seed(&campaign, 2, &bids)).await.unwrap();
    let again = consumer.next(9, NOW).await.unwrap();
    assert_eq!(sequences(&again), [1, 2, 3]);
}
