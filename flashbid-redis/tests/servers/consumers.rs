//! Consumers on every kind of server.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::rank::Sequence;
use flashbid_core::store::BidBook;
use flashbid_redis::RedisHot;
use flashbid_testbed::{Redis, RedisCluster, RedisSentinel};

use crate::sale::{bid, log, opened, place, seed};

const NEVER: Duration = Duration::from_hours(1);

/// Events arrive, are taken over from who dies, and are forgotten when they are acknowledged.
async fn share(url: &str) {
    let hot = RedisHot::connect(url).await.unwrap();
    let campaign = opened(&hot).await;
    let join = async |name, claim| {
        let consumer = hot.consumer(campaign.id, "brokers", name, claim).await;
        consumer.unwrap()
    };
    let mut dies = join("dies", NEVER).await;
    let waiting = tokio::spawn(async move {
        let told = dies.next(1, Duration::from_secs(30)).await;
        told.unwrap()
    });
    for price in 1..=3 {
        place(&hot, &campaign, &[bid(price), bid(price)])
            .await
            .unwrap();
    }
    let unacknowledged = waiting.await.unwrap();
    assert_eq!(unacknowledged[0].bids.len(), 2);
    let mut lives = join("lives", Duration::from_millis(20)).await;
    let mut told = Vec::new();
    while told.len() < 3 {
        let next = lives.next(2, Duration::from_secs(30)).await.unwrap();
        lives.acknowledge(&next).await.unwrap();
        told.extend(next);
    }
    told.sort_by_key(|delivery| delivery.last);
    let bids: Vec<_> = told.into_iter().flat_map(|it| it.bids).collect();
    assert_eq!(bids, log(&hot, &campaign).await);
    let last = Sequence::new(6);
    hot.forget_events(campaign.id, last).await.unwrap();
    assert_eq!(log(&hot, &campaign).await.len(), 2);
    hot.disband(campaign.id, "brokers").await.unwrap();
}

#[tokio::test]
async fn consumers_share_on_one_server() {
    share(&Redis::shared().url()).await;
}

#[tokio::test]
async fn consumers_share_on_valkey() {
    share(&Redis::valkey().url()).await;
}

#[tokio::test]
async fn consumers_share_on_a_cluster() {
    share(&RedisCluster::start().url()).await;
}

#[tokio::test]
async fn consumers_share_behind_sentinels() {
    share(&RedisSentinel::start().url()).await;
}

/// A consumer outlives its server: it says that it is away, and goes on when the book is there again.
#[tokio::test]
async fn a_consumer_goes_on_after_its_server_was_lost() {
    let server = Redis::start();
    let url = format!("{}?connect_timeout=500", server.url());
    let hot = RedisHot::connect(&url).await.unwrap();
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let bids = log(&hot, &campaign).await;
    let consumer = hot.consumer(campaign.id, "brokers", "one", NEVER).await;
    let mut consumer = consumer.unwrap();
    assert_eq!(consumer.next(9, Duration::ZERO).await.unwrap().len(), 1);
    server.kill();
    for _ in 0..2 {
        let away = consumer.next(9, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(away.kind, StoreErrorKind::Unavailable, "{away:?}");
    }
    server.restart_empty();
    // What the engine does when it finds no book.
    while let Err(error) = hot.open(&seed(&campaign, 2, &bids)).await {
        assert!(error.may_retry(), "{error:?}");
    }
    let again = consumer.next(9, Duration::from_secs(30)).await.unwrap();
    assert_eq!(again[0].bids, bids);
}
