//! Another server takes over, or a key moves to another node.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Campaign;
use flashbid_core::store::BidBook;
use flashbid_redis::{Config, RedisHot};
use flashbid_testbed::{Redis, RedisCluster, RedisSentinel};
use tokio::time::Instant;

use crate::sale::{bid, log, opened, place, seed};

async fn connect(url: &str) -> RedisHot {
    let mut config: Config = url.parse().unwrap();
    config.response_timeout = Duration::from_secs(1);
    config.connect_timeout = Duration::from_secs(1);
    RedisHot::connect_with(config).await.unwrap()
}

/// What the engine does: tries again, and opens the book again when it is not found.
async fn place_somehow(hot: &RedisHot, campaign: &Campaign, epoch: &mut u64) {
    let batch = [bid(1)];
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match place(hot, campaign, &batch).await {
            Ok(_) => return,
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                *epoch += 1;
                let _ = hot.open(&seed(campaign, *epoch, &[])).await;
            }
            Err(error) => assert!(error.may_retry(), "{error:?}"),
        }
        assert!(Instant::now() < deadline, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_replica_that_took_over_is_found_through_the_sentinels() {
    let servers = RedisSentinel::start();
    let hot = connect(&servers.url()).await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let mut epoch = 1;
    let old = servers.kill_primary();
    place_somehow(&hot, &campaign, &mut epoch).await;
    assert_ne!(servers.primary().port(), old.port());
    place_somehow(&hot, &campaign, &mut epoch).await;
}

/// The connections to the old primary stay, but it takes no writes any more.
#[tokio::test]
async fn a_primary_that_became_a_replica_is_left() {
    let servers = RedisSentinel::start();
    let hot = connect(&servers.url()).await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let mut epoch = 1;
    servers.fail_over();
    place_somehow(&hot, &campaign, &mut epoch).await;
}

#[tokio::test]
async fn a_replica_says_that_it_takes_no_bids() {
    let servers = RedisSentinel::start();
    let primary = connect(&servers.url()).await;
    let campaign = opened(&primary).await;
    let replica = connect(&servers.replica().url()).await;
    let error = place(&replica, &campaign, &[bid(1)]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_node_that_took_over_in_a_cluster_is_found() {
    let cluster = RedisCluster::start();
    let hot = connect(&cluster.url()).await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let key = format!("campaign:{{{}}}", campaign.id);
    let mut epoch = 1;
    let old = cluster.kill_primary_of(&key);
    place_somehow(&hot, &campaign, &mut epoch).await;
    assert_ne!(cluster.primary_of(&key).port(), old.port());
}

/// While a slot moves, its old node sends callers on to the new one, which must be asked; afterwards it says `MOVED`.
#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    let cluster = RedisCluster::start();
    let hot = connect(&cluster.url()).await;
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let key = format!("campaign:{{{}}}", campaign.id);
    let from = cluster.primary_of(&key);
    let to = cluster
        .nodes()
        .iter()
        .find(|node| {
            node.port() != from.port() && node.call(&["ROLE"]).unwrap().text().starts_with("master")
        })
        .unwrap();
    let say = |node: &Redis, words: &[&str]| node.call(words).unwrap().text();
    let slot = say(from, &["CLUSTER", "KEYSLOT", &key]);
    let (from_id, to_id) = (
        say(from, &["CLUSTER", "MYID"]),
        say(to, &["CLUSTER", "MYID"]),
    );
    say(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    say(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    let keys = say(from, &["CLUSTER", "GETKEYSINSLOT", &slot, "100"]);
    let port = to.port().to_string();
    let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
    migrate.extend(keys.lines());
    say(from, &migrate);

    let mut epoch = 1;
    place_somehow(&hot, &campaign, &mut epoch).await;
    assert_eq!(epoch, 2, "on another server it is a copy");
    place_somehow(&hot, &campaign, &mut epoch).await;
    for node in [to, from] {
        say(node, &["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    place_somehow(&hot, &campaign, &mut epoch).await;
    assert_eq!(epoch, 2);
    assert_eq!(log(&hot, &campaign).await.len(), 4);
}
