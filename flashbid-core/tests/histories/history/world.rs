//! The stores, the nodes that share them, and what can be seen of both from outside.

use flashbid_core::bid::{AcceptedBid, Bid, IdempotencyKey};
use flashbid_core::campaign::{Campaign, Format, Rebid, Window};
use flashbid_core::conformance::Faulty;
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId, ProductId};
use flashbid_core::order::Order;
use flashbid_core::product::Product;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Epoch, HotStore, Ledger, Page};
use flashbid_core::time::Timestamp;
use flashbid_core::{Engine, StoreErrorKind};
use uuid::Uuid;

use crate::disk::Disk;

use super::op::{Ask, At, History, LENGTH_MS, SALES};
use super::stage::{Ran, START, Stage};

/// Units of the one product.
const STOCK: u32 = 8;

pub(super) const ALL: Page = Page {
    skip: 0,
    limit: 1_000,
};

pub(super) struct World<'a> {
    pub(super) history: &'a History,
    pub(super) stage: Stage<'a>,
    product: ProductId,
    pub(super) sales: Vec<Sale>,
    /// What was to be seen after the last step, and after the one before it.
    pub(super) seen: Seen,
    pub(super) before: Seen,
}

/// What a sale has promised to the world so far.
#[derive(Debug)]
pub(super) struct Sale {
    pub(super) id: CampaignId,
    /// Bids that were answered, but for those that a lost hot store may lose.
    pub(super) acknowledged: Vec<AcceptedBid>,
    /// Bids that the feed has told, but for those that a lost hot store may lose.
    pub(super) told: Vec<AcceptedBid>,
    /// The sealed book of the newest epoch that had one, as it was first seen.
    pub(super) sealed: Option<Book>,
    /// The recorded bids and the orders when the sale was first seen settled.
    pub(super) settled: Option<(Vec<AcceptedBid>, Vec<Order>)>,
}

/// What the stores hold.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) product: Product,
    /// Every campaign and how many orders it has.
    pub(super) campaigns: Vec<(Campaign, u64)>,
    pub(super) sales: Vec<SeenSale>,
}

#[derive(Clone, Debug)]
pub(super) struct SeenSale {
    pub(super) campaign: Campaign,
    pub(super) book: Option<Book>,
    pub(super) counter: Option<Level>,
    pub(super) recorded: Vec<AcceptedBid>,
    pub(super) checkpoint: Sequence,
    pub(super) orders: Vec<Order>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) epoch: Epoch,
    pub(super) sealed: bool,
    pub(super) log: Vec<AcceptedBid>,
}

impl SeenSale {
    /// The log and the seal of the book, or of the book that would be opened for lack of one.
    pub(super) fn book(&self) -> (&[AcceptedBid], bool) {
        match &self.book {
            Some(book) => (&book.log, book.sealed),
            None => (&self.recorded, self.campaign.phase.is_closed()),
        }
    }
}

impl<'a> World<'a> {
    pub(super) fn new(history: &'a History, disk: &'a dyn Disk) -> Self {
        let stage = Stage::new(disk, history.durability, history.retries);
        let setter = stage.setter();
        let (product, sales) = stage.onlooker.block_on(set_up(&setter, history));
        let seen = see(&stage.hot, &stage.ledger, product, &sales);
        let seen = stage.onlooker.block_on(seen);
        Self {
            history,
            stage,
            product,
            sales,
            before: seen.clone(),
            seen,
        }
    }

    /// Runs `work` on a node while the stores do to it what `at` says. A node that dies is started again.
    pub(super) fn run<T>(&mut self, at: &At, work: impl AsyncFnOnce(Engine) -> T) -> Ran<T> {
        self.stage.run(at.node, &at.faults, work)
    }

    /// Looks at everything again.
    pub(super) fn look(&mut self) {
        let (hot, ledger) = (&self.stage.hot, &self.stage.ledger);
        let seen = see(hot, ledger, self.product, &self.sales);
        let seen = self.stage.onlooker.block_on(seen);
        self.before = std::mem::replace(&mut self.seen, seen);
    }

    /// What came of each sale: its phase, the recorded bids and the orders.
    pub(super) fn outcome(&self) -> impl Iterator<Item = String> {
        let sales = self.seen.sales.iter();
        sales.map(|sale| {
            format!(
                "{:?} {:?} {:?}",
                sale.campaign.phase, sale.recorded, sale.orders
            )
        })
    }

    /// Whether somebody holds the lease on settling a sale.
    pub(super) fn is_leased(&self, sale: usize) -> bool {
        self.stage.is_leased(self.sales[sale].id)
    }

    /// The request that `ask` stands for.
    pub(super) fn bid(ask: &Ask) -> Bid {
        let Ask {
            bidder: number,
            price,
            weight,
            key,
            at,
        } = ask;
        Bid {
            name: Some(format!("bidder {number}").into()),
            key: key.map(|key| IdempotencyKey::new(format!("key-{key}")).unwrap()),
            at: at.map(|at| Timestamp::from_millis(START.millis() + at)),
            ..Bid::new(
                bidder(*number),
                price.to_string().parse().unwrap(),
                weight.to_string().parse().unwrap(),
            )
        }
    }

    pub(super) fn new_campaign(&self, quota: Option<u32>, rebid: Rebid) -> NewCampaign {
        new_campaign(self.history, self.product, quota, rebid)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.stage.now()
    }
}

pub(super) fn bidder(number: u8) -> BidderId {
    BidderId::new(Uuid::from_u128(0xB1D0 + u128::from(number)))
}

async fn set_up(engine: &Engine, history: &History) -> (ProductId, Vec<Sale>) {
    let product = engine.add_product(NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::new(STOCK).unwrap(),
        min_price: "1".parse().unwrap(),
    });
    let product = product.await.unwrap().id;
    let mut sales = vec![];
    for (quota, rebid) in history.quotas.into_iter().zip([Rebid::Latest, Rebid::Best]) {
        let new = new_campaign(history, product, Some(quota), rebid);
        sales.push(Sale {
            id: engine.add_campaign(new).await.unwrap().id,
            acknowledged: vec![],
            told: vec![],
            sealed: None,
            settled: None,
        });
    }
    assert_eq!(sales.len(), SALES);
    (product, sales)
}

fn new_campaign(
    history: &History,
    product: ProductId,
    quota: Option<u32>,
    rebid: Rebid,
) -> NewCampaign {
    let (alpha, beta, gamma) = history.weights;
    let factor = |number: u16| number.to_string().parse().unwrap();
    let weights = Weights::new(factor(alpha.into()), factor(beta), factor(gamma.into()));
    let end = Timestamp::from_millis(START.millis() + LENGTH_MS);
    let format = Format::Ranked {
        weights: weights.unwrap(),
        rebid,
    };
    let window = Window::new(START, end).unwrap();
    NewCampaign {
        quota: quota.map(|quota| Units::new(quota).unwrap()),
        ..NewCampaign::new(product, format, window)
    }
}

async fn see(
    hot: &Faulty<dyn HotStore>,
    ledger: &Faulty<dyn Ledger>,
    product: ProductId,
    sales: &[Sale],
) -> Seen {
    let (hot, ledger) = (hot.store(), ledger.store());
    let mut seen = Seen {
        product: ledger.product(product).await.unwrap().unwrap(),
        campaigns: vec![],
        sales: vec![],
    };
    for campaign in ledger.campaigns(ALL).await.unwrap().items {
        let orders = ledger.orders_in(campaign.id, ALL).await.unwrap().total;
        seen.campaigns.push((campaign, orders));
    }
    for Sale { id, .. } in sales {
        let campaigns = seen.campaigns.iter().map(|(campaign, _)| campaign);
        let campaign = campaigns.into_iter().find(|campaign| campaign.id == *id);
        let recorded = ledger.bids(*id, Sequence::ZERO, ALL.limit).await.unwrap();
        let checkpoint = ledger.checkpoint(*id).await.unwrap();
        seen.sales.push(SeenSale {
            campaign: campaign.unwrap().clone(),
            book: see_book(&*hot, *id, &recorded, checkpoint).await,
            counter: hot.level(*id).await.unwrap().map(|stats| stats.level),
            recorded,
            checkpoint,
            orders: ledger.orders_in(*id, ALL).await.unwrap().items,
        });
    }
    seen
}

/// The whole book: what it has forgotten, the ledger has.
async fn see_book(
    hot: &dyn HotStore,
    id: CampaignId,
    recorded: &[AcceptedBid],
    checkpoint: Sequence,
) -> Option<Book> {
    let events = match hot.events_after(id, Sequence::ZERO, usize::MAX).await {
        Err(error) if error.kind == StoreErrorKind::NotFound => return None,
        events => events.unwrap(),
    };
    assert!(
        events.after <= checkpoint,
        "the book forgot what was not recorded"
    );
    let forgotten = recorded.iter().filter(|bid| bid.sequence <= events.after);
    Some(Book {
        epoch: events.epoch,
        sealed: hot.top(id, 0).await.unwrap().stats.sealed,
        log: forgotten.cloned().chain(events.bids).collect(),
    })
}
