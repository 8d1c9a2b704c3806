//! Stores that several nodes share, and the disasters that befall them.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, Bid, IdempotencyKey};
use flashbid_core::campaign::{Campaign, Format, Rebid, Window};
use flashbid_core::conformance::Faulty;
use flashbid_core::engine::{NewCampaign, NewProduct, Options, SettleOutcome};
use flashbid_core::id::{BidderId, SeededIds};
use flashbid_core::memory::{MemoryHot, MemoryLedger};
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, BookSeed, Ledger, Page};
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine, Error};
use uuid::Uuid;

const START: Timestamp = Timestamp::from_millis(1_000_000);
pub(crate) const LENGTH: Duration = Duration::from_mins(1);

/// The stores that all nodes share, and a sale of two units to the highest prices.
pub(crate) struct Stores {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hot: Arc<MemoryHot>,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) campaign: Campaign,
}

/// A process; its way to each store may be disturbed.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) hot: Arc<Faulty<MemoryHot>>,
    pub(crate) ledger: Arc<Faulty<MemoryLedger>>,
    campaign: Campaign,
}

impl Stores {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::builder()
            .shared_ledger(ledger.clone())
            .clock(clock.clone())
            .build();
        let product = engine.add_product(NewProduct {
            name: "Lamp".into(),
            description: None,
            image_url: None,
            stock: Units::new(2).unwrap(),
            min_price: "1".parse().unwrap(),
        });
        let nothing = "0".parse().unwrap();
        let campaign = engine.add_campaign(NewCampaign::new(
            product.await.unwrap().id,
            Format::Ranked {
                weights: Weights::new("1".parse().unwrap(), nothing, nothing).unwrap(),
                rebid: Rebid::Latest,
            },
            Window::new(START, START.after(LENGTH)).unwrap(),
        ));
        Self {
            campaign: campaign.await.unwrap(),
            hot: Arc::new(MemoryHot::new(clock.clone())),
            clock,
            ledger,
        }
    }

    pub(crate) fn node(&self, seed: u64, durability: Durability) -> Node {
        let hot = Arc::new(Faulty::over(self.hot.clone()));
        let ledger = Arc::new(Faulty::over(self.ledger.clone()));
        let mut options = Options::default();
        options.retries = 0;
        let engine = Engine::builder()
            .shared_hot(hot.clone())
            .shared_ledger(ledger.clone())
            .durability(durability)
            .clock(self.clock.clone())
            .ids(Arc::new(SeededIds::new(seed)))
            .options(options)
            .build();
        Node {
            engine,
            hot,
            ledger,
            campaign: self.campaign.clone(),
        }
    }

    /// The hot store is lost, and an empty one takes its place for all nodes.
    pub(crate) fn lose_hot(&mut self, nodes: &[&Node]) {
        self.hot = Arc::new(MemoryHot::new(self.clock.clone()));
        for node in nodes {
            node.hot.replace(self.hot.clone());
        }
    }

    /// The hot store is replaced by the copy of itself that it was when its log had `bids` bids, as by a replica that
    /// had not kept up.
    pub(crate) async fn fall_back(&mut self, nodes: &[&Node], bids: usize) {
        let id = self.campaign.id;
        let events = self.hot.events_after(id, Sequence::ZERO, bids).await;
        let events = events.unwrap();
        self.lose_hot(nodes);
        let copy = BookSeed {
            campaign: self.campaign.clone(),
            epoch: events.epoch,
            bids: events.bids,
        };
        self.hot.open(&copy).await.unwrap();
    }

    pub(crate) async fn recorded(&self) -> Vec<AcceptedBid> {
        let bids = self.ledger.bids(self.campaign.id, Sequence::ZERO, 1_000);
        bids.await.unwrap()
    }
}

impl Node {
    pub(crate) async fn bid(&self, bidder: u128, price: u32) -> AcceptedBid {
        self.try_bid(bidder, price).await.unwrap()
    }

    /// Bids with a key, so that the same bid again is a retry.
    pub(crate) async fn try_bid(&self, number: u128, price: u32) -> Result<AcceptedBid, Error> {
        let price = price.to_string();
        let bid = Bid {
            key: Some(IdempotencyKey::new(format!("{number}-{price}")).unwrap()),
            ..Bid::new(bidder(number), price.parse().unwrap(), "1".parse().unwrap())
        };
        self.engine.place_bid(self.campaign.id, bid).await
    }

    /// The prices of the ranking, best first.
    pub(crate) async fn prices(&self) -> Vec<String> {
        let ranking = self.engine.ranking(self.campaign.id, 1_000).await.unwrap();
        let prices = ranking.top.iter();
        prices
            .map(|standing| standing.bid.price.to_string())
            .collect()
    }

    pub(crate) async fn settle(&self) -> SettleOutcome {
        self.engine.settle(self.campaign.id).await.unwrap()
    }

    /// Settles, and answers the prices of the orders.
    pub(crate) async fn sold_at(&self) -> Vec<String> {
        assert_eq!(self.settle().await, SettleOutcome::Settled { orders: 2 });
        let verdict = self.engine.verify(self.campaign.id).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new());
        let page = Page { skip: 0, limit: 10 };
        let orders = self.engine.orders_in(self.campaign.id, page).await.unwrap();
        let orders = orders.items.iter();
        orders.map(|order| order.price.to_string()).collect()
    }
}

fn bidder(number: u128) -> BidderId {
    BidderId::new(Uuid::from_u128(number))
}
