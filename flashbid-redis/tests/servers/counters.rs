//! Counters, limits and tokens on servers that fail.

use std::collections::BTreeSet;
use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::{FencingToken, Window};
use flashbid_core::id::{AttemptId, CampaignId, HoldId, IdSource, RandomIds};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{
    Admission, Admitted, Cached, CampaignCache, ChangeCursor, GateSeal, GateSeed, HoldRepair,
    HoldRequest, Leases, Limit, Purpose, StockGate, StoreResult,
};
use flashbid_core::ticket::Ticket;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_redis::RedisHot;
use flashbid_testbed::{Redis, eventually};
use tokio::time::Instant;

use crate::faults::house;

const LONG: Duration = Duration::from_mins(10);

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

fn running() -> Window {
    let now = SystemClock.now();
    Window::new(now, now.after(Duration::from_hours(1))).unwrap()
}

fn seed(quota: u32) -> GateSeed {
    GateSeed {
        campaign: RandomIds.fresh().into(),
        window: running(),
        quota: units(quota),
        per_buyer: Some(units(3)),
        sealed: false,
        holds: Vec::new(),
    }
}

fn request() -> HoldRequest {
    HoldRequest {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        units: Units::ONE,
        expires_at: SystemClock.now().after(LONG),
        purpose: Purpose::Purchase(RandomIds.fresh().into()),
        ticket: None,
        at: None,
    }
}

async fn level(hot: &RedisHot, campaign: CampaignId) -> [u32; 3] {
    let level = hot.level(campaign).await.unwrap().unwrap().level;
    [level.available, level.held, level.sold].map(Units::get)
}

/// Loses the answer of a call, and makes it again.
async fn lost_and_again<T: std::fmt::Debug>(
    proxy: &flashbid_testbed::Proxy,
    call: impl AsyncFn() -> StoreResult<T>,
) -> T {
    proxy.cut_before_answer();
    let lost = call().await.unwrap_err();
    assert_eq!(lost.kind, StoreErrorKind::Indeterminate, "{lost:?}");
    call().await.unwrap()
}

/// Units were taken, ended and given back a second time by those who had not heard of the first.
#[tokio::test]
async fn every_call_may_be_made_again_when_its_answer_was_lost() {
    let house = house().await;
    let (proxy, hot) = (&house.proxy, &house.hot);
    let warm = seed(9);
    let campaign = warm.campaign;
    // Every script is there: it is the calls that lose their answers.
    hot.load(&seed(1)).await.unwrap();
    let level_again = lost_and_again(proxy, async || hot.load(&warm).await).await;
    assert_eq!(level_again, Level::loaded_with(units(9)));

    let mut batch = [request(), request(), request()];
    batch[0].ticket = Some(Ticket {
        id: RandomIds.fresh().into(),
        expires_at: batch[0].expires_at,
    });
    hot.hold(campaign, &[]).await.unwrap();
    let held = lost_and_again(proxy, async || hot.hold(campaign, &batch).await).await;
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(level(hot, campaign).await, [6, 3, 0]);

    hot.consume(campaign, &[]).await.unwrap();
    let sold = lost_and_again(proxy, async || hot.consume(campaign, &[batch[0].id]).await).await;
    assert_eq!(sold[0].unwrap().state, HoldState::Consumed);
    let freed = lost_and_again(proxy, async || hot.release(campaign, &[batch[1].id]).await).await;
    assert_eq!(freed[0].unwrap().state, HoldState::Released);
    let expired = lost_and_again(proxy, async || hot.expire(campaign, &[batch[2].id]).await).await;
    assert_eq!(expired[0].unwrap().state, HoldState::Expired);
    assert_eq!(level(hot, campaign).await, [8, 0, 1]);

    let waiting = hot.pending(campaign, 9).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|it| it.hold.id).collect();
    assert_eq!(waiting, batch.map(|request| request.id), "each waits once");
    hot.acknowledge(campaign, &[]).await.unwrap();
    let told = &waiting[..2];
    lost_and_again(proxy, async || hot.acknowledge(campaign, told).await).await;
    assert_eq!(hot.pending(campaign, 9).await.unwrap().len(), 1);

    hot.repair(campaign, units(9), &[]).await.unwrap();
    let undone = [HoldRepair {
        hold: Hold {
            state: HoldState::Held,
            ..sold[0].unwrap()
        },
        seen: Some(HoldState::Consumed),
    }];
    let repair = async || hot.repair(campaign, units(9), &undone).await;
    let repaired = lost_and_again(proxy, repair).await;
    assert_eq!(
        repaired,
        Level::loaded_with(units(9)).hold(units(1)).unwrap()
    );

    let over = GateSeed {
        window: Window::new(Timestamp::from_millis(1), Timestamp::from_millis(2)).unwrap(),
        ..seed(1)
    };
    hot.load(&over).await.unwrap();
    assert_eq!(hot.close(campaign).await.unwrap(), GateSeal::NotEnded);
    let closed = lost_and_again(proxy, async || hot.close(over.campaign).await).await;
    assert_eq!(closed, GateSeal::Sealed);

    hot.keep(campaign, b"copy", LONG).await.unwrap();
    lost_and_again(proxy, async || hot.keep(campaign, b"copy", LONG).await).await;
    assert_eq!(
        hot.cached(campaign).await.unwrap(),
        Cached::Copy(b"copy".to_vec())
    );
    let cursor = hot.changes_after(ChangeCursor::default(), 9).await;
    let cursor = cursor.unwrap().cursor;
    hot.change(over.campaign, LONG).await.unwrap();
    lost_and_again(proxy, async || hot.change(campaign, LONG).await).await;
    assert_eq!(hot.cached(campaign).await.unwrap(), Cached::Changing);
    let changes = hot.changes_after(cursor, 9).await.unwrap();
    assert!(changes.complete);
    assert_eq!(changes.campaigns, [over.campaign, campaign]);

    let attempt: AttemptId = RandomIds.fresh().into();
    hot.issue("warm", "user", LONG).await.unwrap();
    assert!(lost_and_again(proxy, async || hot.issue("key", "user", LONG).await).await);
    hot.redeem("warm", "user", attempt).await.unwrap();
    assert!(lost_and_again(proxy, async || hot.redeem("key", "user", attempt).await).await);
    let another = hot.redeem("key", "user", RandomIds.fresh().into()).await;
    assert!(!another.unwrap());

    let limit = Limit::new("user", 4, LONG).unwrap();
    let limits = std::slice::from_ref(&limit);
    hot.admit("bids", limits).await.unwrap();
    let counted = lost_and_again(proxy, async || hot.admit("bids", limits).await).await;
    assert_eq!(counted, Admitted::Yes { remaining: 1 }, "both counted");

    let acquire = async || {
        hot.acquire("settle", "holder", LONG, FencingToken::NONE)
            .await
    };
    let first = acquire().await.unwrap().unwrap();
    let lease = lost_and_again(proxy, acquire).await.unwrap();
    assert!(lease.token > first.token);
    hot.renew(&first, LONG).await.unwrap();
    let renewed = lost_and_again(proxy, async || hot.renew(&lease, LONG).await).await;
    assert_eq!(renewed.unwrap().token, lease.token);
    hot.relinquish(&first).await.unwrap();
    lost_and_again(proxy, async || hot.relinquish(&lease).await).await;
    assert!(acquire().await.unwrap().is_some());
    lost_and_again(proxy, async || hot.unload(campaign).await).await;
}

/// A server that was told to forget its scripts gets them again, and every unit is taken once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_go_away_in_a_rush_are_brought_back() {
    let server = Redis::start();
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let seed = seed(100);
    hot.load(&seed).await.unwrap();
    let buyers: Vec<_> = (0..40)
        .map(|_| {
            let (hot, campaign) = (hot.clone(), seed.campaign);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for _ in 0..5 {
                    let outcome = hot.hold(campaign, &[request()]).await.unwrap().remove(0);
                    taken.extend(outcome.ok().map(|hold| hold.id));
                }
                taken
            })
        })
        .collect();
    let mut flushed = 0;
    while !buyers.iter().all(tokio::task::JoinHandle::is_finished) {
        server.call(&["SCRIPT", "FLUSH"]).unwrap();
        flushed += 1;
    }
    let mut taken: Vec<HoldId> = Vec::new();
    for buyer in buyers {
        taken.extend(buyer.await.unwrap());
    }
    assert!(flushed > 0);
    assert_eq!(taken.len(), 100);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(level(&hot, seed.campaign).await, [0, 100, 0]);
}

/// What does not fit is refused before anything of it is written; what frees room still works.
#[tokio::test]
async fn a_full_server_takes_whole_batches_or_nothing() {
    let server = Redis::start_with(&["--maxmemory-policy", "noeviction", "--appendonly", "no"]);
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let seed = seed(1_000_000);
    let campaign = seed.campaign;
    hot.load(&seed).await.unwrap();
    let lease = hot.acquire("settle", "holder", LONG, FencingToken::NONE);
    let lease = lease.await.unwrap().unwrap();
    server.call(&["CONFIG", "SET", "maxmemory", "5mb"]).unwrap();
    let mut taken = 0;
    let (refused, batch) = loop {
        let batch: Vec<_> = (0..500).map(|_| request()).collect();
        match hot.hold(campaign, &batch).await {
            Ok(_) => taken += 500,
            Err(error) => break (error, batch),
        }
        assert!(taken < 1_000_000, "it is never full");
    };
    assert_eq!(refused.kind, StoreErrorKind::Unavailable, "{refused:?}");
    assert_eq!(
        level(&hot, campaign).await,
        [1_000_000 - taken, taken, 0],
        "nothing of the batch was applied"
    );
    let unavailable = [
        hot.repair(campaign, seed.quota, &[]).await.map(drop),
        hot.keep(campaign, b"copy", LONG).await,
        hot.change(campaign, LONG).await,
        hot.issue("key", "user", LONG).await.map(drop),
        hot.admit("bids", &[Limit::new("user", 1, LONG).unwrap()])
            .await
            .map(drop),
        hot.load(&GateSeed {
            campaign: RandomIds.fresh().into(),
            ..seed
        })
        .await
        .map(drop),
    ];
    for call in unavailable {
        assert_eq!(call.unwrap_err().kind, StoreErrorKind::Unavailable);
    }
    let waiting = hot.pending(campaign, 500).await.unwrap();
    let waiting: Vec<HoldId> = waiting.iter().map(|it| it.hold.id).collect();
    assert_eq!(waiting.len(), 500);
    hot.acknowledge(campaign, &waiting).await.unwrap();
    assert_eq!(hot.close(campaign).await.unwrap(), GateSeal::NotEnded);
    hot.relinquish(&lease).await.unwrap();
    server.call(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    let held = hot.hold(campaign, &batch).await.unwrap();
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(level(&hot, campaign).await[1], taken + 500);
    server.call(&["CONFIG", "SET", "maxmemory", "1mb"]).unwrap();
    hot.unload(campaign).await.unwrap();
    assert_eq!(hot.level(campaign).await.unwrap(), None);
}

/// A settlement holds all its winners' units in one call: more than Lua can unpack, or a buffer was thought to need.
#[tokio::test]
async fn a_hundred_thousand_holds_are_one_step() {
    const HOLDS: u32 = 100_000;
    const TEN_THOUSAND: usize = 10_000;
    let hot = RedisHot::connect(&Redis::shared().url()).await.unwrap();
    let mut seed = seed(HOLDS);
    let batch: Vec<_> = (0..HOLDS).map(|_| request()).collect();
    let ids: Vec<HoldId> = batch.iter().map(|request| request.id).collect();
    hot.load(&seed).await.unwrap();
    let took = Instant::now();
    let settled = hot.hold(seed.campaign, &batch[..TEN_THOUSAND]).await;
    assert!(settled.unwrap().iter().all(Result::is_ok));
    println!("10,000 holds in one call: {:?}", took.elapsed());
    let took = Instant::now();
    let held = hot.hold(seed.campaign, &batch).await.unwrap();
    println!("100,000 holds in one call: {:?}", took.elapsed());
    let held: Vec<Hold> = held.into_iter().map(Result::unwrap).collect();
    assert_eq!(level(&hot, seed.campaign).await, [0, HOLDS, 0]);
    let half = ids.len() / 2;
    let sold = hot.consume(seed.campaign, &ids[..half]).await.unwrap();
    assert!(sold.iter().all(Option::is_some));
    let late = SystemClock.now().after(LONG * 2);
    let due = hot.due(seed.campaign, late, usize::MAX).await.unwrap();
    assert_eq!(due.len(), half);
    let expired = hot.expire(seed.campaign, &ids[half..]).await.unwrap();
    assert!(expired.iter().all(Option::is_some));
    assert_eq!(level(&hot, seed.campaign).await, [HOLDS / 2, 0, HOLDS / 2]);

    let took = Instant::now();
    let contents = hot.contents(seed.campaign).await.unwrap().unwrap();
    println!("100,000 holds told: {:?}", took.elapsed());
    assert_eq!(contents.holds.len(), ids.len());
    let queue: Vec<HoldId> = contents.pending.iter().map(|it| it.hold.id).collect();
    assert_eq!(queue, ids);
    let pending = hot.pending(seed.campaign, usize::MAX).await.unwrap();
    assert_eq!(pending, contents.pending);
    let repairs: Vec<_> = held
        .iter()
        .map(|hold| HoldRepair {
            hold: *hold,
            seen: Some(HoldState::Expired),
        })
        .collect();
    let took = Instant::now();
    hot.repair(seed.campaign, seed.quota, &repairs)
        .await
        .unwrap();
    println!("100,000 holds repaired: {:?}", took.elapsed());
    assert_eq!(level(&hot, seed.campaign).await, [0, HOLDS / 2, HOLDS / 2]);

    hot.unload(seed.campaign).await.unwrap();
    let took = Instant::now();
    hot.load(&seed).await.unwrap();
    println!("100,000 holds that waited loaded: {:?}", took.elapsed());
    let left = hot.contents(seed.campaign).await.unwrap().unwrap();
    assert_eq!(left.pending.len(), ids.len());
    let took = Instant::now();
    hot.acknowledge(seed.campaign, &ids).await.unwrap();
    println!("100,000 purchases acknowledged: {:?}", took.elapsed());

    hot.unload(seed.campaign).await.unwrap();
    seed.holds = held;
    let took = Instant::now();
    hot.load(&seed).await.unwrap();
    println!("100,000 holds loaded: {:?}", took.elapsed());
    assert_eq!(level(&hot, seed.campaign).await, [0, HOLDS, 0]);
    let released = hot.release(seed.campaign, &ids).await.unwrap();
    assert!(released.iter().all(Option::is_some));
    assert_eq!(level(&hot, seed.campaign).await, [HOLDS, 0, 0]);
    hot.unload(seed.campaign).await.unwrap();
}

/// Limits and tokens that are over leave nothing on the server.
#[tokio::test]
async fn what_is_over_leaves_no_keys() {
    let server = Redis::start();
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let short = Duration::from_millis(100);
    for user in 0..20 {
        let limits = [("user", 2), ("address", 5)]
            .map(|(kind, most)| Limit::new(format!("{kind}/{user}"), most, short).unwrap());
        hot.admit("bids", &limits).await.unwrap();
        hot.issue(&format!("key {user}"), "user", short)
            .await
            .unwrap();
    }
    eventually("the keys to go away", || {
        let keys = server.call(&["KEYS", "*"]).ok()?.text();
        keys.is_empty().then_some(())
    });
}
