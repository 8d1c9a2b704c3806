//! A server that was started again, or that took over from another, has copies of books and counters which may be old.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::NewBid;
use flashbid_core::campaign::{Campaign, DEFAULT_PAYMENT_DEADLINE, Format, Guards, Rebid, Window};
use flashbid_core::engine::{Engine, NewCampaign, NewProduct};
use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{
    BidBook, BookSeed, Cached, CampaignCache, ChangeCursor, GateSeed, HoldRequest, Ledger,
    Placement, Purpose, StockGate, StoreResult,
};
use flashbid_core::time::{Clock, SystemClock};
use flashbid_core::{Rejection, StoreErrorKind};
use flashbid_redis::RedisHot;
use flashbid_testbed::{Redis, eventually};

/// A ledger with one campaign, in which nothing is recorded.
struct Sale {
    ledger: Arc<MemoryLedger>,
    campaign: Campaign,
}

impl Sale {
    async fn new() -> Self {
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::builder().shared_ledger(ledger.clone()).build();
        let product = engine.add_product(NewProduct {
            name: "Lamp".into(),
            description: None,
            image_url: None,
            stock: Units::new(2).unwrap(),
            min_price: "1".parse().unwrap(),
        });
        let nothing = "0".parse().unwrap();
        let start = SystemClock.now();
        let campaign = engine.add_campaign(NewCampaign {
            product: product.await.unwrap().id,
            format: Format::Ranked {
                weights: Weights::new("1".parse().unwrap(), nothing, nothing).unwrap(),
                rebid: Rebid::Latest,
            },
            window: Window::new(start, start.after(Duration::from_hours(1))).unwrap(),
            quota: None,
            payment_deadline: DEFAULT_PAYMENT_DEADLINE,
            runners_up: None,
            guards: Guards::default(),
        });
        Self {
            campaign: campaign.await.unwrap(),
            ledger,
        }
    }

    /// What the next life of the book is opened from.
    async fn seed(&self) -> BookSeed {
        let seed = self.ledger.begin_epoch(self.campaign.id).await;
        seed.unwrap().unwrap()
    }

    async fn place(&self, hot: &RedisHot, bid: &NewBid) -> StoreResult<Placement> {
        let mut placed = hot
            .place(self.campaign.id, std::slice::from_ref(bid))
            .await?;
        Ok(placed.outcomes.remove(0).unwrap())
    }

    /// Everything that needs the book does not find it.
    async fn is_missing(&self, hot: &RedisHot, bid: &NewBid) {
        let (id, token) = (self.campaign.id, self.campaign.fence);
        let failures = [
            self.place(hot, bid).await.err(),
            hot.standing(id, bid.bidder).await.err(),
            hot.top(id, 1).await.err(),
            hot.events_after(id, Sequence::ZERO, 1).await.err(),
            hot.seal(id, token).await.err(),
        ];
        for failure in failures {
            assert_eq!(failure.unwrap().kind, StoreErrorKind::NotFound);
        }
    }
}

fn bid() -> NewBid {
    NewBid {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        name: None,
        price: "10".parse().unwrap(),
        weight: "1".parse().unwrap(),
        ticket: None,
        at: None,
    }
}

/// A server that had lost its last second went on with what it had: it took bids at sequences that the ledger knew, and
/// refused bids that were recorded a moment later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_of_before_a_restart_is_not_found_until_it_is_opened_again() {
    let sale = Sale::new().await;
    let redis = Redis::start_with(&["--appendfsync", "always"]);
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    hot.open(&sale.seed().await).await.unwrap();
    let bid = bid();
    let first = sale.place(&hot, &bid).await.unwrap().into_bid();

    redis.restart();
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    sale.is_missing(&hot, &bid).await;
    hot.open(&sale.seed().await).await.unwrap();
    let again = sale.place(&hot, &bid).await.unwrap();
    assert_eq!(
        again,
        Placement::Replayed(first),
        "it had all, so it goes on"
    );
}

/// A replica that had not kept up took over, and went on with what it had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_on_a_replica_that_took_over_is_not_found_until_it_is_opened_again() {
    let sale = Sale::new().await;
    let (primary, replica) = (Redis::start(), Redis::start());
    let port = primary.port().to_string();
    replica.call(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    eventually("the replica to follow", || {
        let state = replica.call(&["INFO", "replication"]).ok()?.text();
        state.contains("master_link_status:up").then_some(())
    });
    let hot = RedisHot::connect(&primary.url()).await.unwrap();
    hot.open(&sale.seed().await).await.unwrap();
    let bid = bid();
    let first = sale.place(&hot, &bid).await.unwrap().into_bid();
    primary.call(&["WAIT", "1", "10000"]).unwrap();

    primary.kill();
    replica.call(&["REPLICAOF", "NO", "ONE"]).unwrap();
    let hot = RedisHot::connect(&replica.url()).await.unwrap();
    sale.is_missing(&hot, &bid).await;
    hot.open(&sale.seed().await).await.unwrap();
    let again = sale.place(&hot, &bid).await.unwrap();
    assert_eq!(
        again,
        Placement::Replayed(first),
        "it had all, so it goes on"
    );
}

/// Whoever asks for a counter of before a restart is told that it is not there, and what waited in it still waits.
/// Copies of campaigns, which a change may have dropped since, are not given out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_of_before_a_restart_is_not_found_until_it_is_loaded_again() {
    let redis = Redis::start_with(&["--appendfsync", "always"]);
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    let seed = gate_seed();
    let campaign = seed.campaign;
    hot.load(&seed).await.unwrap();
    let taken = hot.hold(campaign, &[purchase(), purchase()]).await.unwrap();
    let taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
    let pending = hot.pending(campaign, 9).await.unwrap();
    hot.keep(campaign, b"copy", Duration::from_hours(1))
        .await
        .unwrap();
    let told = hot.changes_after(ChangeCursor::default(), 9).await.unwrap();

    redis.restart();
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    let refused = hot.hold(campaign, &[purchase()]).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::NotFound);
    assert_eq!(hot.level(campaign).await.unwrap(), None);
    assert_eq!(hot.cached(campaign).await.unwrap(), Cached::Absent);
    let changes = hot.changes_after(told.cursor, 9).await.unwrap();
    assert!(!changes.complete, "a change may be lost");

    let level = hot.load(&seed).await.unwrap();
    assert_eq!(level.held, Units::new(2).unwrap());
    assert_eq!(hot.pending(campaign, 9).await.unwrap(), pending);
    let found = hot.holds(campaign, &[taken[0].id]).await.unwrap();
    assert_eq!(found, [Some(taken[0])]);
}

/// The file had a counter of before a purchase became an order and was paid: the unit was sold again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_from_an_old_file_sells_nothing_again() {
    let redis = Redis::start_with(&["--appendonly", "no", "--save", ""]);
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    let mut seed = gate_seed();
    let campaign = seed.campaign;
    hot.load(&seed).await.unwrap();
    redis.call(&["SAVE"]).unwrap();
    let taken = hot.hold(campaign, &[purchase(), purchase()]).await.unwrap();
    let paid: Vec<_> = taken.iter().map(|hold| hold.clone().unwrap().id).collect();
    let paid = hot.consume(campaign, &paid).await.unwrap();
    seed.holds = paid.into_iter().flatten().collect();
    hot.acknowledge(campaign, &[seed.holds[0].id, seed.holds[1].id])
        .await
        .unwrap();

    redis.kill();
    redis.restart();
    let hot = RedisHot::connect(&redis.url()).await.unwrap();
    let third = purchase();
    let refused = hot.hold(campaign, &[third]).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::NotFound);
    let level = hot.load(&seed).await.unwrap();
    assert_eq!(
        (level.available, level.sold),
        (Units::ONE, seed.quota.minus(Units::ONE).unwrap())
    );
    let held = hot.hold(campaign, &[third, purchase()]).await.unwrap();
    assert!(held[0].is_ok());
    assert_eq!(held[1], Err(Rejection::SoldOut));
}

/// A counter of three units without holds.
fn gate_seed() -> GateSeed {
    let now = SystemClock.now();
    GateSeed {
        campaign: RandomIds.fresh().into(),
        window: Window::new(now, now.after(Duration::from_hours(1))).unwrap(),
        quota: Units::new(3).unwrap(),
        per_buyer: None,
        sealed: false,
        holds: Vec::new(),
    }
}

fn purchase() -> HoldRequest {
    HoldRequest {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        units: Units::ONE,
        expires_at: SystemClock.now().after(Duration::from_hours(1)),
        purpose: Purpose::Purchase(RandomIds.fresh().into()),
        ticket: None,
        at: None,
    }
}
