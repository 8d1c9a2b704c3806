//! Real auctions through the engine: with K = 1 and a score that is the price alone, the earliest of the highest bids
//! wins. The bids are those of 491 auctions where they lie beside the repository, and made up in the same layout
//! where they do not. Shared by the tests of every store.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct, SettleOutcome};
use flashbid_core::id::{BidderId, CampaignId, ProductId, SeededIds};
use flashbid_core::money::Money;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::Page;
use flashbid_core::time::{ManualClock, Timestamp};
use uuid::Uuid;

use crate::disk::Disk;

const RECORDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/data/ebay-bids.csv"
);

/// The auctions whose recorded final price is not that of their highest recorded bid.
const CONTRADICTORY: [&str; 3] = ["8213922989", "3016587753", "3017736272"];

const START: Timestamp = Timestamp::from_millis(1_100_000_000_000);

/// Millionths of a day are the finest times in the file.
const DAY_MS: i64 = 86_400_000;

#[derive(Debug)]
struct Auction {
    id: String,
    duration: Duration,
    final_price: Money,
    /// As they came in.
    bids: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    bidder: String,
    price: Money,
    at: Timestamp,
}

impl Auction {
    /// The earliest of the highest bids, found by looking at each.
    fn expected(&self) -> &Line {
        let mut best = &self.bids[0];
        for line in &self.bids {
            if line.price > best.price {
                best = line;
            }
        }
        best
    }
}

fn auctions(text: &str) -> Vec<Auction> {
    let mut auctions: Vec<Auction> = Vec::new();
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row.unwrap();
        if auctions.last().is_none_or(|auction| auction.id != row[0]) {
            auctions.push(Auction {
                id: row[0].to_owned(),
                duration: Duration::from_hours(24 * row[8].parse::<u64>().unwrap()),
                final_price: row[6].parse().unwrap(),
                bids: vec![],
            });
        }
        let auction = auctions.last_mut().unwrap();
        auction.bids.push(Line {
            bidder: row[3].to_owned(),
            price: row[1].parse().unwrap(),
            at: Timestamp::from_millis(START.millis() + millis(&row[2])),
        });
    }
    auctions
}

/// Whole milliseconds in a decimal number of days.
fn millis(days: &str) -> i64 {
    let (whole, fraction) = days.split_once('.').unwrap_or((days, ""));
    let millionths: i64 = format!("{fraction:0<6}").parse().unwrap();
    whole.parse::<i64>().unwrap() * DAY_MS + millionths * DAY_MS / 1_000_000
}

async fn product(engine: &Engine, units: u32) -> ProductId {
    let product = engine.add_product(NewProduct {
        name: "Whatever was sold".into(),
        description: None,
        image_url: None,
        stock: Units::new(units).unwrap(),
        min_price: Money::ZERO,
    });
    product.await.unwrap().id
}

async fn replay(engine: &Engine, product: ProductId, auction: &Auction) -> CampaignId {
    let price_alone = Weights::new(
        "1".parse().unwrap(),
        "0".parse().unwrap(),
        "0".parse().unwrap(),
    );
    let campaign = engine.add_campaign(NewCampaign {
        quota: Some(Units::ONE),
        ..NewCampaign::new(
            product,
            Format::Ranked {
                weights: price_alone.unwrap(),
                rebid: Rebid::Best,
            },
            Window::new(START, START.after(auction.duration)).unwrap(),
        )
    });
    let campaign = campaign.await.unwrap().id;
    for line in &auction.bids {
        let bid = Bid {
            at: Some(line.at),
            ..Bid::new(bidder(&line.bidder), line.price, "1".parse().unwrap())
        };
        let accepted = engine.place_bid(campaign, bid).await.unwrap();
        assert_eq!(accepted.at, line.at);
    }
    campaign
}

fn bidder(name: &str) -> BidderId {
    BidderId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// Replays all auctions and answers those whose winner did not bid the recorded final price.
async fn differing<'a>(auctions: &'a [Auction], disk: &dyn Disk) -> Vec<&'a str> {
    let clock = Arc::new(ManualClock::new(START));
    let engine = Engine::builder()
        .shared_hot(disk.hot(clock.clone()))
        .shared_ledger(disk.open())
        .clock(clock.clone())
        .ids(Arc::new(SeededIds::new(1)))
        .build();
    let product = product(&engine, auctions.len().try_into().unwrap()).await;
    let mut sales = HashMap::new();
    for auction in auctions {
        sales.insert(&auction.id, replay(&engine, product, auction).await);
    }
    clock.advance(Duration::from_hours(24 * 30));

    let mut differing = vec![];
    for auction in auctions {
        let campaign = sales[&auction.id];
        let outcome = engine.settle(campaign).await.unwrap();
        assert_eq!(outcome, SettleOutcome::Settled { orders: 1 });
        let page = Page { skip: 0, limit: 10 };
        let orders = engine.orders_in(campaign, page).await.unwrap().items;
        let expected = auction.expected();
        assert_eq!(orders[0].bidder, bidder(&expected.bidder), "{auction:?}");
        assert_eq!(orders[0].price, expected.price, "{auction:?}");
        let verdict = engine.verify(campaign).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new(), "{auction:?}");
        if orders[0].price != auction.final_price {
            differing.push(auction.id.as_str());
        }
    }
    differing
}

/// Replays every auction there is, on stores that `fresh` makes.
pub(crate) async fn replay_all<D: Disk>(fresh: impl Fn() -> D) {
    let recorded = Path::new(RECORDED);
    if recorded.ancestors().nth(2).is_some_and(Path::is_dir) {
        let text =
            std::fs::read_to_string(recorded).unwrap_or_else(|error| panic!("{RECORDED}: {error}"));
        let auctions = auctions(&text);
        assert_eq!(auctions.len(), 491);
        assert_eq!(differing(&auctions, &fresh()).await, CONTRADICTORY);
    } else {
        println!("{RECORDED} is not here: replaying made-up auctions alone");
    }
    let auctions = auctions(&made_up());
    assert_eq!(auctions.len(), 40);
    assert_eq!(differing(&auctions, &fresh()).await, Vec::<&str>::new());
}

/// Auctions in the file's layout, in which most highest bids are bid by several.
fn made_up() -> String {
    let mut text = String::from(
        "auction_id,bid,bid_time_days,bidder,bidder_rating,opening_bid,final_price,item,duration_days\n",
    );
    for auction in 0..40_u32 {
        let prices: Vec<u32> = (0..25)
            .map(|bid| 1 + (auction * 31 + bid * 17) % 19)
            .collect();
        let highest = prices.iter().max().unwrap();
        for (bid, price) in prices.iter().enumerate() {
            let bidder = (bid * 7 + auction as usize) % 11;
            writeln!(
                text,
                "{auction},{price}.5,0.{bid:02}1234,bidder{bidder},0,1,{highest}.5,lamp,3"
            )
            .unwrap();
        }
    }
    text
}
