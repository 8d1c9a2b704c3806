//! A sale whose window has ended, and nodes to settle it.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, Bid};
use flashbid_core::campaign::{Format, Phase, Rebid, Window};
use flashbid_core::conformance::{Faults, Faulty};
use flashbid_core::engine::{NewCampaign, NewProduct, Options, SettleOutcome};
use flashbid_core::id::{BidderId, CampaignId, OrderId, SeededIds};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::order::Order;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{HotStore, Ledger, OutboxEvent, Page};
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::disk::Disk;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_mins(1);
/// How long a lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(30);

const ALL: Page = Page {
    skip: 0,
    limit: 1_000,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Hot,
    Ledger,
}

/// Three of five units for the best of six bidders. The bids are in the book, and none in the ledger.
pub(crate) struct Scene {
    disk: Box<dyn Disk>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) hot: Arc<dyn HotStore>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) id: CampaignId,
    /// Every accepted bid.
    log: Vec<AcceptedBid>,
}

/// A process that settles.
pub(super) struct Node {
    pub(super) engine: Engine,
    hot: Arc<Faulty<dyn HotStore>>,
    ledger: Arc<Faulty<dyn Ledger>>,
}

impl Node {
    pub(super) fn faults(&self, store: Store) -> Arc<Faults> {
        match store {
            Store::Hot => self.hot.faults(),
            Store::Ledger => self.ledger.faults(),
        }
    }

    /// Waits until a call of a store is paused.
    pub(super) async fn paused(&self, store: Store) {
        self.faults(store).paused().await;
    }
}

/// Timers of a paused clock fire as soon as nothing else is left to do.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

impl Scene {
    pub(crate) fn on(disk: impl Disk + 'static) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let hot = disk.hot(clock.clone());
        let ledger = disk.open();
        let engine = Engine::builder()
            .shared_hot(hot.clone())
            .shared_ledger(ledger.clone())
            .durability(Durability::Hot)
            .clock(clock.clone())
            .ids(Arc::new(SeededIds::new(0)))
            .build();
        let (id, log) = runtime().block_on(bid(&engine));
        clock.advance(LENGTH);
        Self {
            disk: Box::new(disk),
            clock,
            hot,
            ledger,
            id,
            log,
        }
    }

    /// A node that tries failed calls again `retries` times.
    pub(super) fn node(&self, retries: u32) -> Node {
        let hot = Arc::new(Faulty::over(self.hot.clone()));
        let ledger = Arc::new(Faulty::over(self.ledger.clone()));
        let mut options = Options::default();
        options.retries = retries;
        // Moving the bids takes several calls.
        options.relay_page = 4;
        options.lease = LEASE;
        let engine = Engine::builder()
            .shared_hot(hot.clone())
            .shared_ledger(ledger.clone())
            .clock(self.clock.clone())
            .options(options)
            .build();
        Node {
            engine,
            hot,
            ledger,
        }
    }

    /// Moves every bid to the ledger.
    pub(super) fn relay_all(&self) {
        let node = self.node(0);
        let relayed = runtime().block_on(node.engine.relay(self.id));
        assert_eq!(relayed.unwrap(), self.log.last().unwrap().sequence);
    }

    /// The hot store is lost under a living node, and an empty one takes its place.
    pub(super) fn lose_hot(&mut self, node: &Node) {
        self.hot = self.disk.hot(self.clock.clone());
        node.hot.replace(self.hot.clone());
    }

    /// All processes are gone; the ledger is opened again, and the hot store is empty if it died with them.
    pub(super) fn restart(&mut self, hot_died: bool) {
        self.ledger = Arc::new(MemoryLedger::new());
        self.ledger = self.disk.open();
        if hot_died {
            self.hot = self.disk.hot(self.clock.clone());
        }
    }

    /// A new node settles undisturbed.
    pub(super) fn settle_in_the_end(&self) -> SettleOutcome {
        let node = self.node(0);
        let outcome = runtime().block_on(node.engine.settle(self.id)).unwrap();
        let settled = SettleOutcome::Settled { orders: 3 };
        assert!([settled, SettleOutcome::AlreadySettled].contains(&outcome));
        self.assert_settled_once();
        outcome
    }

    /// The orders are exactly the best three, each once, and everything else follows from them.
    pub(super) fn assert_settled_once(&self) {
        runtime().block_on(async {
            let ledger = &self.ledger;
            let campaign = ledger.campaign(self.id).await.unwrap().unwrap();
            assert_eq!(campaign.phase, Phase::Settled);

            let mut best: Vec<&AcceptedBid> = vec![];
            for bid in self.log.iter().rev() {
                if best.iter().all(|other| other.bidder != bid.bidder) {
                    best.push(bid);
                }
            }
            best.sort_by_key(|bid| (std::cmp::Reverse(bid.score), bid.sequence));
            best.truncate(3);
            let orders = ledger.orders_in(self.id, ALL).await.unwrap().items;
            let got = orders
                .iter()
                .map(|order| (order.bidder, order.bid(), order.price));
            let expected = best.iter().map(|bid| (bid.bidder, Some(bid.id), bid.price));
            assert!(got.eq(expected), "{orders:?}");
            assert!(
                orders
                    .iter()
                    .filter_map(Order::rank)
                    .map(Rank::get)
                    .eq(1..=3)
            );

            let recorded = ledger.bids(self.id, Sequence::ZERO, ALL.limit).await;
            assert_eq!(recorded.unwrap(), self.log);
            let product = ledger.product(campaign.product).await.unwrap().unwrap();
            let promised = Level::loaded_with(units(5)).hold(units(3));
            assert_eq!(Some(product.stock), promised);

            let outbox = ledger.outbox(ALL.limit).await.unwrap();
            let told: Vec<_> = outbox.iter().map(|entry| entry.event).collect();
            let created = |bid: &&AcceptedBid| OrderId::derive(self.id, bid.bidder);
            let mut expected: Vec<_> = best
                .iter()
                .map(created)
                .map(OutboxEvent::OrderCreated)
                .collect();
            expected.push(OutboxEvent::CampaignSettled(self.id));
            assert_eq!(told, expected);
        });
    }
}

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

async fn bid(engine: &Engine) -> (CampaignId, Vec<AcceptedBid>) {
    let product = engine.add_product(NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: units(5),
        min_price: "1".parse().unwrap(),
    });
    let price_alone = Weights::new(
        "1".parse().unwrap(),
        "0".parse().unwrap(),
        "0".parse().unwrap(),
    );
    let campaign = engine.add_campaign(NewCampaign {
        quota: Some(units(3)),
        ..NewCampaign::new(
            product.await.unwrap().id,
            Format::Ranked {
                weights: price_alone.unwrap(),
                rebid: Rebid::Latest,
            },
            Window::new(START, START.after(LENGTH)).unwrap(),
        )
    });
    let id = campaign.await.unwrap().id;
    let mut log = vec![];
    // The two best tie, and the best of all at first lowers its bid.
    for (bidder, price) in [
        (1, 7),
        (2, 3),
        (3, 9),
        (4, 5),
        (5, 7),
        (3, 2),
        (6, 6),
        (2, 4),
        (1, 8),
        (5, 8),
    ] {
        let bidder = BidderId::new(Uuid::from_u128(bidder));
        let price: u32 = price;
        let bid = Bid::new(
            bidder,
            price.to_string().parse().unwrap(),
            "1".parse().unwrap(),
        );
        log.push(engine.place_bid(id, bid).await.unwrap());
    }
    (id, log)
}
