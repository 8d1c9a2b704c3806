//! Holders of a lease who do not know that they have lost it.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::{FencingToken, Window};
use flashbid_core::store::{BidBook, Lease, Leases, Seal};
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_redis::RedisHot;
use flashbid_testbed::Redis;

use crate::sale::{campaign_with, seed};

const NAME: &str = "settle";
const SHORT: Duration = Duration::from_millis(700);
const LONG: Duration = Duration::from_mins(10);

async fn acquire(hot: &RedisHot, holder: &str, ttl: Duration) -> Option<Lease> {
    let lease = hot.acquire(NAME, holder, ttl, FencingToken::NONE).await;
    lease.unwrap()
}

/// Asks until the lease is free.
async fn wait_for(hot: &RedisHot, holder: &str) -> Lease {
    let patience = Duration::from_secs(20);
    let waiting = async {
        loop {
            if let Some(lease) = acquire(hot, holder, LONG).await {
                return lease;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let lease = tokio::time::timeout(patience, waiting).await;
    lease.expect("the lease ends")
}

/// Everything on the server, as it stores it.
fn everything(server: &Redis) -> Vec<(String, String)> {
    let keys = server.call(&["KEYS", "*"]).unwrap().text();
    let mut keys: Vec<_> = keys.lines().map(str::to_owned).collect();
    keys.sort();
    let stored = keys.into_iter().map(|key| {
        let dump = server.call(&["DUMP", &key]).unwrap().text();
        (key, dump)
    });
    stored.collect()
}

/// A campaign whose window is over, with an open book.
async fn over(hot: &RedisHot) -> flashbid_core::id::CampaignId {
    let factor = |text: &str| text.parse().unwrap();
    let price_alone = flashbid_core::score::Weights::new(factor("1"), factor("0"), factor("0"));
    let end = Timestamp::from_millis(SystemClock.now().millis() - 1_000);
    let start = Timestamp::from_millis(end.millis() - 60_000);
    let window = Window::new(start, end).unwrap();
    let campaign = campaign_with(price_alone.unwrap(), window);
    hot.open(&seed(&campaign, 1, &[])).await.unwrap();
    campaign.id
}

/// A holder that slept past the end of its lease changed what its successor had.
#[tokio::test]
async fn a_holder_that_wakes_up_late_changes_nothing() {
    let server = Redis::start();
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let campaign = over(&hot).await;
    let sleeper = acquire(&hot, "sleeper", SHORT).await.unwrap();
    let current = wait_for(&hot, "successor").await;
    assert!(current.token > sleeper.token);
    let sealed = hot.seal(campaign, current.token).await.unwrap();
    assert!(matches!(sealed, Seal::Sealed { .. }));

    let before = everything(&server);
    assert_eq!(hot.renew(&sleeper, LONG).await.unwrap(), None);
    hot.relinquish(&sleeper).await.unwrap();
    assert_eq!(acquire(&hot, "sleeper", LONG).await, None);
    let seal = hot.seal(campaign, sleeper.token).await.unwrap_err();
    assert_eq!(seal.kind, StoreErrorKind::Fenced);
    assert_eq!(everything(&server), before);
    assert!(hot.renew(&current, LONG).await.unwrap().is_some());
}

/// A server stood still for longer than a lease lasts, with the holder's calls on their way: when it went on it took
/// them for calls in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_a_frozen_server_kept_for_longer_than_the_lease_change_nothing() {
    let server = Redis::start();
    let url = format!("{}?connections=1&response_timeout=300", server.url());
    let sleeper_hot = RedisHot::connect(&url).await.unwrap();
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let sleeper = acquire(&sleeper_hot, "sleeper", SHORT).await.unwrap();

    server.freeze();
    let frozen = tokio::time::Instant::now();
    for _ in 0..2 {
        let renewed = sleeper_hot.renew(&sleeper, LONG).await.unwrap_err();
        assert!(renewed.may_retry(), "{renewed:?}");
    }
    // Not the time of a race, but that the lease is over before the server goes on.
    tokio::time::sleep_until(frozen + SHORT * 2).await;
    server.thaw();

    let current = wait_for(&hot, "successor").await;
    assert!(current.token > sleeper.token);
    let before = everything(&server);
    assert_eq!(sleeper_hot.renew(&sleeper, LONG).await.unwrap(), None);
    sleeper_hot.relinquish(&sleeper).await.unwrap();
    assert_eq!(everything(&server), before);
    assert!(hot.renew(&current, LONG).await.unwrap().is_some());
}

/// A server that comes back without what it had would give the tokens of before once more.
#[tokio::test]
async fn tokens_grow_although_the_server_lost_them() {
    let server = Redis::start();
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let mut last = FencingToken::NONE;
    for _ in 0..3 {
        for _ in 0..5 {
            let lease = acquire(&hot, "holder", LONG).await.unwrap();
            assert!(lease.token > last);
            last = lease.token;
        }
        server.call(&["FLUSHALL"]).unwrap();
        // The token is the server's time in milliseconds, or later.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
