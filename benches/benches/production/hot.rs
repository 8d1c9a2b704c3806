//! Bids that the hot store acknowledges: the engine against the script it calls.

use std::sync::Arc;

use flashbid_benches::rush::Rush;
use flashbid_benches::{bidder, price, running_sale, scramble};
use flashbid_core::bid::{Bid, NewBid};
use flashbid_core::id::{BidId, CampaignId};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::money::Weight;
use flashbid_core::store::{BidBook, Ledger};
use flashbid_core::{Durability, Engine};
use flashbid_redis::RedisHot;
use flashbid_testbed::Redis;
use uuid::Uuid;

use crate::{BIDDERS, CALLERS, connect, medians, say, say_ratio};

const BIDS: u64 = 60_000;

/// Sizes of which the best counts as the script's own rate.
const SIZES: [u64; 4] = [32, 64, 128, 256];

/// Calls under way at once when the script is measured by itself: enough that it never waits for the next.
const IN_FLIGHT: u64 = 4;

pub(crate) async fn compare(redis: &Redis) {
    let hot = Arc::new(connect(redis).await);
    println!("Redis, {CALLERS} callers, {BIDDERS} bidders, the rank in each answer");
    let [engine, single, raw @ ..] = medians::<6, _>(|thing| {
        let hot = hot.clone();
        async move {
            match thing {
                0 => by_engine(hot).await,
                1 => by_script(hot, 1, CALLERS).await,
                size => by_script(hot, SIZES[size - 2], IN_FLIGHT).await,
            }
        }
    })
    .await;
    say("engine, acknowledged by the hot store", engine);
    say("one call of the same script a bid", single);
    for (size, rate) in SIZES.into_iter().zip(raw) {
        say(
            &format!("the script by itself, {size} bids a call, {IN_FLIGHT} calls at once"),
            rate,
        );
    }
    let best = raw.into_iter().fold(0.0, f64::max);
    say_ratio("engine : one call a bid", engine / single, 1.5);
    say_ratio("engine : script at its best size", engine / best, 0.8);
}

async fn by_engine(hot: Arc<RedisHot>) -> f64 {
    let engine = Engine::builder()
        .shared_hot(hot)
        .durability(Durability::Hot)
        .build();
    let campaign = running_sale(&engine, 1_000).await;
    let place = move |number: u64| {
        let engine = engine.clone();
        async move {
            let bid = bid(number);
            let bid = Bid::new(bid.bidder, bid.price, bid.weight);
            let placed = engine.place_bid(campaign, bid).await;
            placed.expect("a good bid is accepted");
        }
    };
    Rush::of(CALLERS, BIDS, place).await.rate()
}

async fn by_script(hot: Arc<RedisHot>, size: u64, callers: u64) -> f64 {
    let campaign = open(&hot).await;
    let place = move |number: u64| {
        let hot = hot.clone();
        async move {
            let batch: Vec<NewBid> = (number * size..(number + 1) * size).map(bid).collect();
            let placed = hot.place(campaign, &batch).await;
            let placed = placed.expect("the book is open");
            assert!(placed.outcomes.iter().all(Result::is_ok));
        }
    };
    let calls = BIDS / size;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bids = size as f64;
    Rush::of(callers, calls, place).await.rate() * bids
}

/// An empty book of a running campaign.
async fn open(hot: &RedisHot) -> CampaignId {
    let ledger = Arc::new(MemoryLedger::new());
    let engine = Engine::builder().shared_ledger(ledger.clone()).build();
    let campaign = running_sale(&engine, 1_000).await;
    let seed = ledger.begin_epoch(campaign).await;
    let seed = seed.expect("it is in memory").expect("it was made");
    hot.open(&seed).await.expect("the server was started");
    campaign
}

fn bid(number: u64) -> NewBid {
    let draw = scramble(number);
    NewBid {
        id: BidId::new(Uuid::from_u64_pair(draw, number)),
        bidder: bidder(draw % BIDDERS),
        name: None,
        price: price(100 + (draw >> 40) % 100_000),
        weight: Weight::from_ten_thousandths(10_000).expect("one"),
        at: None,
        ticket: None,
    }
}
