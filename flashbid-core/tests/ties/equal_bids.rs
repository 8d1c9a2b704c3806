//! A rush in which every bid scores the same, so that nothing but the order of arrival decides. Shared by the tests of
//! every store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::bid::{AcceptedBid, Bid};
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct, SettleOutcome};
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::order::Order;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::Page;
use flashbid_core::time::{ManualClock, Timestamp};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::disk::Disk;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_mins(1);
const BIDDERS: u64 = 4_000;
/// Bidders that bid a second time.
const REBIDDERS: u64 = 500;
const UNITS: u32 = 700;

/// Ranks hold through the rush, a restart that loses the hot store, and the settlement.
pub(crate) fn rank_by_arrival(disk: &dyn Disk, rebid: Rebid) {
    let running = process();
    let clock = Arc::new(ManualClock::new(START));
    let campaign;
    {
        let engine = engine(disk, &clock);
        campaign = running.block_on(add_sale(&engine, rebid));
        let first = running.block_on(rush(&engine, campaign, BIDDERS));
        for bid in &first {
            let rank = u64::from(bid.rank.get());
            assert_eq!(rank, bid.sequence.get(), "{bid:?}");
        }
        running.block_on(rush(&engine, campaign, REBIDDERS));
        running.block_on(assert_by_arrival(&engine, campaign, rebid));
    }
    drop(running);

    let running = process();
    running.block_on(async {
        let engine = engine(disk, &clock);
        let ranked = assert_by_arrival(&engine, campaign, rebid).await;
        clock.advance(LENGTH);
        let settled = engine.settle(campaign).await.unwrap();
        let orders = UNITS as usize;
        assert_eq!(settled, SettleOutcome::Settled { orders });
        let page = Page {
            skip: 0,
            limit: UNITS,
        };
        let orders = engine.orders_in(campaign, page).await.unwrap().items;
        let winners = ranked.iter().take(orders.len()).map(|bid| bid.id);
        assert!(orders.iter().filter_map(Order::bid).eq(winners));
        let verdict = engine.verify(campaign).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new());
    });
}

/// A process with two threads; what it still does is over when it is dropped.
fn process() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}

fn engine(disk: &dyn Disk, clock: &Arc<ManualClock>) -> Engine {
    Engine::builder()
        .shared_hot(disk.hot(clock.clone()))
        .shared_ledger(disk.open())
        .clock(clock.clone())
        .build()
}

async fn add_sale(engine: &Engine, rebid: Rebid) -> CampaignId {
    let product = engine.add_product(NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::new(UNITS).unwrap(),
        min_price: "1".parse().unwrap(),
    });
    let nothing = "0".parse().unwrap();
    let campaign = engine.add_campaign(NewCampaign::new(
        product.await.unwrap().id,
        Format::Ranked {
            weights: Weights::new("1".parse().unwrap(), nothing, nothing).unwrap(),
            rebid,
        },
        Window::new(START, START.after(LENGTH)).unwrap(),
    ));
    campaign.await.unwrap().id
}

/// Each of the first `bidders` bids the same price, all at once.
async fn rush(engine: &Engine, campaign: CampaignId, bidders: u64) -> Vec<AcceptedBid> {
    let bidding: Vec<_> = (0..bidders)
        .map(|number| {
            let engine = engine.clone();
            let bidder = BidderId::new(Uuid::from_u64_pair(7, number));
            let bid = Bid::new(bidder, "10".parse().unwrap(), "1".parse().unwrap());
            tokio::spawn(async move { engine.place_bid(campaign, bid).await })
        })
        .collect();
    let mut accepted = vec![];
    for bid in bidding {
        accepted.push(bid.await.unwrap().unwrap());
    }
    accepted
}

/// The ranking is the log of the bids that count, in its order.
async fn assert_by_arrival(
    engine: &Engine,
    campaign: CampaignId,
    rebid: Rebid,
) -> Vec<AcceptedBid> {
    let ranking = engine.ranking(campaign, usize::MAX).await.unwrap();
    let log = engine.ledger().bids(campaign, Sequence::ZERO, u32::MAX);
    let log = log.await.unwrap();
    assert_eq!(log.len() as u64, BIDDERS + REBIDDERS);
    let mut counts: HashMap<BidderId, Sequence> = HashMap::new();
    for bid in &log {
        let counted = counts.entry(bid.bidder).or_insert(bid.sequence);
        if rebid == Rebid::Latest {
            *counted = bid.sequence;
        }
    }
    let expected = log
        .into_iter()
        .filter(|bid| counts[&bid.bidder] == bid.sequence);
    let expected: Vec<AcceptedBid> = expected.collect();
    assert_eq!(expected.len() as u64, BIDDERS);
    let ranked = ranking.top.iter().map(|standing| &standing.bid);
    assert!(ranked.eq(&expected));
    let ranks = ranking
        .top
        .iter()
        .map(|standing| u64::from(standing.rank.get()));
    assert!(ranks.eq(1..=BIDDERS));
    expected
}
