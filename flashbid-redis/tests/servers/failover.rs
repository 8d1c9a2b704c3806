//! Another server takes over, or a key moves to another node.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::{Campaign, Window};
use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, GateSeed, HoldRequest, Purpose, StockGate};
use flashbid_core::time::{Clock, SystemClock};
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

/// Units that a buyer was told of went on being held, and who tries again on the new server takes none twice.
#[tokio::test]
async fn units_are_held_once_on_whoever_takes_over() {
    let (sentinels, cluster) = (RedisSentinel::start(), RedisCluster::start());
    for in_cluster in [false, true] {
        let hot = if in_cluster {
            connect(&cluster.url()).await
        } else {
            connect(&sentinels.url()).await
        };
        let now = SystemClock.now();
        let mut seed = GateSeed {
            campaign: RandomIds.fresh().into(),
            window: Window::new(now, now.after(Duration::from_hours(1))).unwrap(),
            quota: Units::new(3).unwrap(),
            per_buyer: None,
            sealed: false,
            holds: Vec::new(),
        };
        hot.load(&seed).await.unwrap();
        let request = HoldRequest {
            id: RandomIds.fresh().into(),
            bidder: RandomIds.fresh().into(),
            units: Units::ONE,
            expires_at: now.after(Duration::from_hours(1)),
            purpose: Purpose::Purchase(RandomIds.fresh().into()),
            ticket: None,
            at: None,
        };
        let held = hot.hold(seed.campaign, &[request]).await.unwrap();
        seed.holds = vec![held[0].clone().unwrap()];
        if in_cluster {
            cluster.kill_primary_of(&format!("stock:{{{}}}", seed.campaign));
        } else {
            sentinels.kill_primary();
        }

        let mut loads = 0;
        let deadline = Instant::now() + Duration::from_mins(1);
        let again = loop {
            match hot.hold(seed.campaign, &[request]).await {
                Ok(held) => break held,
                Err(error) if error.kind == StoreErrorKind::NotFound => {
                    loads += 1;
                    let _ = hot.load(&seed).await;
                }
                Err(error) => assert!(error.may_retry(), "{error:?}"),
            }
            assert!(Instant::now() < deadline, "nobody takes over");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(loads > 0, "on another server it is a copy");
        assert_eq!(again, held);
        let level = hot.level(seed.campaign).await.unwrap().unwrap().level;
        assert_eq!(level.held, Units::ONE);
        assert_eq!(level.loaded(), 3);
    }
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
