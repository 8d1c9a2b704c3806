//! Stores that outlive the processes of a test, products and campaigns in them, and nodes to sell these.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::IdempotencyKey;
use flashbid_core::campaign::{Format, Window};
use flashbid_core::conformance::{Faults, Faulty};
use flashbid_core::engine::{Buy, Cart, CartLine, NewCampaign, NewProduct, Options};
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId, PurchaseId};
use flashbid_core::memory::{MemoryHot, MemoryLedger};
use flashbid_core::order::{Order, OrderStatus, PaymentId};
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{HotStore, Ledger, Page, StockGate};
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine, Error, Rejection};
use uuid::Uuid;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_000_000);
pub(crate) const LENGTH: Duration = Duration::from_hours(1);
/// How long a buyer has to pay.
pub(crate) const TO_PAY: Duration = Duration::from_mins(10);

pub(crate) const ALL: Page = Page {
    skip: 0,
    limit: 10_000,
};

pub(crate) struct Shop {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hot: Arc<MemoryHot>,
    pub(crate) ledger: Arc<MemoryLedger>,
}

/// A process that sells.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    hot: Arc<Faulty<dyn HotStore>>,
    ledger: Arc<Faulty<dyn Ledger>>,
}

impl Node {
    pub(crate) fn hot(&self) -> Arc<Faults> {
        self.hot.faults()
    }

    pub(crate) fn ledger(&self) -> Arc<Faults> {
        self.ledger.faults()
    }
}

impl Shop {
    pub(crate) fn open() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self {
            hot: Arc::new(MemoryHot::new(clock.clone())),
            ledger: Arc::new(MemoryLedger::new()),
            clock,
        }
    }

    pub(crate) fn node(&self, durability: Durability) -> Node {
        let mut options = Options::default();
        options.retries = 0;
        self.node_with(durability, options)
    }

    pub(crate) fn node_with(&self, durability: Durability, options: Options) -> Node {
        let hot: Arc<Faulty<dyn HotStore>> = Arc::new(Faulty::over(self.hot.clone()));
        let ledger: Arc<Faulty<dyn Ledger>> = Arc::new(Faulty::over(self.ledger.clone()));
        let engine = Engine::builder()
            .shared_hot(hot.clone())
            .shared_ledger(ledger.clone())
            .durability(durability)
            .clock(self.clock.clone())
            .options(options)
            .build();
        Node {
            engine,
            hot,
            ledger,
        }
    }

    /// The engine of a node whose calls always come through.
    pub(crate) fn engine(&self) -> Engine {
        self.node(Durability::Ledger).engine
    }

    /// A hot store that lost everything takes the place of the one before, for nodes from now on.
    pub(crate) fn lose_hot(&mut self) {
        self.hot = Arc::new(MemoryHot::new(self.clock.clone()));
    }

    /// A product of `stock` units, of which a campaign sells `quota`.
    pub(crate) async fn sale(&self, stock: u32, quota: u32, per_buyer: Option<u32>) -> CampaignId {
        let engine = self.engine();
        let product = product(&engine, stock).await;
        let format = Format::FirstCome {
            price: "9.90".parse().unwrap(),
            per_buyer: per_buyer.map(units),
        };
        let window = Window::new(START, START.after(LENGTH)).unwrap();
        let campaign = engine.add_campaign(NewCampaign {
            quota: Some(units(quota)),
            payment_deadline: TO_PAY,
            ..NewCampaign::new(product, format, window)
        });
        campaign.await.unwrap().id
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.engine().now()
    }

    pub(crate) async fn orders(&self, campaign: CampaignId) -> Vec<Order> {
        self.ledger.orders_in(campaign, ALL).await.unwrap().items
    }

    /// Where the units of a campaign are by the ledger, those of its product, and those of its counter.
    pub(crate) async fn levels(&self, campaign: CampaignId) -> (Level, Level, Option<Level>) {
        let campaign = self.ledger.campaign(campaign).await.unwrap().unwrap();
        let product = self.ledger.product(campaign.product).await.unwrap();
        let counter = self.hot.level(campaign.id).await.unwrap();
        (
            campaign.stock,
            product.unwrap().stock,
            counter.map(|stats| stats.level),
        )
    }

    /// The ledger is right, and the counter says what the campaign's units are.
    pub(crate) async fn assert_agrees(&self, campaign: CampaignId, context: &str) {
        let engine = self.engine();
        let verdict = engine.verify(campaign).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new(), "{context}");
        let differing = engine.compare(campaign).await.unwrap();
        assert_eq!(differing, [], "{context}");
        let (stock, product, counter) = self.levels(campaign).await;
        if let Some(counter) = counter {
            assert_eq!(
                (counter.held, counter.sold),
                (stock.held, stock.sold),
                "{context}"
            );
        }
        assert!(product.loaded() >= stock.loaded(), "{context}");
    }

    pub(crate) async fn order(&self, id: OrderId) -> Order {
        self.ledger.order(id).await.unwrap().unwrap()
    }
}

pub(crate) async fn product(engine: &Engine, stock: u32) -> ProductId {
    let product = engine.add_product(NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: units(stock),
        min_price: "1".parse().unwrap(),
    });
    product.await.unwrap().id
}

pub(crate) fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

pub(crate) fn level(available: u32, held: u32, sold: u32) -> Level {
    Level {
        available: units(available),
        held: units(held),
        sold: units(sold),
    }
}

pub(crate) fn buyer(number: u64) -> BidderId {
    BidderId::new(Uuid::from_u64_pair(9, number))
}

pub(crate) fn payment(name: &str) -> PaymentId {
    PaymentId::new(name).unwrap()
}

pub(crate) fn buy(number: u64, count: u32, key: &str) -> Buy {
    Buy {
        bidder: buyer(number),
        units: units(count),
        key: Some(IdempotencyKey::new(key).unwrap()),
        ticket: None,
        at: None,
    }
}

/// The hold, and so the order, of a [`buy`].
pub(crate) fn hold_of(campaign: CampaignId, number: u64, key: &str) -> HoldId {
    HoldId::derive(
        PurchaseId::derive(Some(campaign), buyer(number), key),
        campaign,
    )
}

pub(crate) fn cart(number: u64, key: Option<&str>, lines: &[(CampaignId, u32)]) -> Cart {
    let line = |(campaign, count): &(CampaignId, u32)| CartLine {
        campaign: *campaign,
        units: units(*count),
        ticket: None,
    };
    Cart {
        bidder: buyer(number),
        lines: lines.iter().map(line).collect(),
        key: key.map(|key| IdempotencyKey::new(key).unwrap()),
        at: None,
    }
}

/// What a refused request was told.
pub(crate) fn rejection<T: std::fmt::Debug>(result: Result<T, Error>) -> Rejection {
    match result {
        Err(Error::Rejected(rejection)) => rejection,
        other => panic!("{other:?} is no rejection"),
    }
}

pub(crate) fn statuses(orders: &[Order]) -> Vec<OrderStatus> {
    orders.iter().map(|order| order.status).collect()
}
