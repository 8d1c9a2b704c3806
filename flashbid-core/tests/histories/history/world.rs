//! The stores, the nodes that share them, and what can be seen of both from outside.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, Bid, IdempotencyKey};
use flashbid_core::campaign::{Campaign, FencingToken, Format, Rebid, Window};
use flashbid_core::conformance::Faulty;
use flashbid_core::engine::{NewCampaign, NewProduct, Options};
use flashbid_core::id::{BidderId, CampaignId, ProductId, SeededIds};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::order::Order;
use flashbid_core::product::Product;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Epoch, HotStore, Ledger, Page};
use flashbid_core::time::{Clock, ManualClock, Timestamp};
use flashbid_core::{Engine, StoreErrorKind};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::disk::Disk;

use super::op::{Ask, At, History, LENGTH_MS, NODES, SALES, Store, What};

pub(super) const START: Timestamp = Timestamp::from_millis(1_000_000);

/// Units of the one product.
const STOCK: u32 = 8;

pub(super) const ALL: Page = Page {
    skip: 0,
    limit: 1_000,
};

pub(super) struct World<'a> {
    pub(super) history: &'a History,
    disk: &'a dyn Disk,
    pub(super) clock: Arc<ManualClock>,
    pub(super) hot: Arc<Faulty<dyn HotStore>>,
    pub(super) ledger: Arc<Faulty<dyn Ledger>>,
    nodes: Vec<Node>,
    /// Nodes that were ever started; each has ids of its own.
    started: u64,
    product: ProductId,
    pub(super) sales: Vec<Sale>,
    /// What was to be seen after the last step, and after the one before it.
    pub(super) seen: Seen,
    pub(super) before: Seen,
    /// Runs what looks at the stores from outside.
    pub(super) onlooker: Runtime,
}

/// A process: an engine on a runtime of its own, which is dropped when it dies, with all that was under way.
struct Node {
    engine: Engine,
    runtime: Runtime,
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

/// What came of work on a node.
#[derive(Debug)]
pub(super) struct Ran<T> {
    /// `None` when the node died.
    pub(super) answer: Option<T>,
    /// Calls that the stores lost meanwhile.
    pub(super) lost: usize,
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
        let clock = Arc::new(ManualClock::new(START));
        let onlooker = runtime();
        let hot = Arc::new(Faulty::over(disk.hot(clock.clone())));
        let ledger = Arc::new(Faulty::over(disk.open()));
        let engine = Engine::builder()
            .shared_ledger(ledger.clone())
            .clock(clock.clone())
            .ids(Arc::new(SeededIds::new(0)))
            .build();
        let (product, sales) = onlooker.block_on(set_up(&engine, history));
        let seen = onlooker.block_on(see(&hot, &ledger, product, &sales));
        let mut world = Self {
            history,
            disk,
            clock,
            hot,
            ledger,
            nodes: vec![],
            started: 0,
            product,
            sales,
            before: seen.clone(),
            seen,
            onlooker,
        };
        world.nodes = (0..NODES).map(|_| world.start()).collect();
        world
    }

    fn start(&mut self) -> Node {
        self.started += 1;
        let mut options = Options::default();
        // Small enough that a history meets every boundary.
        options.batch = 3;
        options.relay_page = 2;
        options.retries = self.history.retries;
        let engine = Engine::builder()
            .shared_hot(self.hot.clone())
            .shared_ledger(self.ledger.clone())
            .durability(self.history.durability)
            .clock(self.clock.clone())
            .ids(Arc::new(SeededIds::new(self.started)))
            .options(options)
            .build();
        Node {
            engine,
            runtime: runtime(),
        }
    }

    /// Runs `work` on a node while the stores do to it what `at` says. A node that dies is started again.
    pub(super) fn run<T>(&mut self, at: &At, work: impl AsyncFnOnce(Engine) -> T) -> Ran<T> {
        let (hot, ledger) = (self.hot.faults(), self.ledger.faults());
        let count = || hot.lost() + ledger.lost();
        let earlier = count();
        for fault in &at.faults {
            let faults = match fault.store {
                Store::Hot => &hot,
                Store::Ledger => &ledger,
            };
            let nth = faults.calls() + fault.nth;
            match fault.what {
                What::Lose(loss) => faults.lose_at(nth, loss),
                What::Die(moment) => faults.pause_at(nth, moment),
            }
        }
        let node = &self.nodes[at.node];
        let answer = node.runtime.block_on(async {
            tokio::select! {
                biased;
                answer = work(node.engine.clone()) => Some(answer),
                () = hot.paused() => None,
                () = ledger.paused() => None,
            }
        });
        hot.heal();
        ledger.heal();
        let lost = count() - earlier;
        if answer.is_none() {
            self.restart(at.node);
            let disk = self.ledger.store();
            // What the dead node had sent to the ledger may still be on its way: whatever is sent later comes after it.
            let barrier = disk.acknowledge_outbox(0);
            self.onlooker.block_on(barrier).unwrap();
        }
        Ran { answer, lost }
    }

    pub(super) fn restart(&mut self, node: usize) {
        self.nodes[node] = self.start();
    }

    /// The hot store is lost under the living nodes.
    pub(super) fn lose_hot(&mut self) {
        self.hot.replace(self.disk.hot(self.clock.clone()));
    }

    /// Everything is lost but the ledger.
    pub(super) fn power_cut(&mut self) {
        self.nodes.clear();
        self.lose_hot();
        // The ledger is closed before it is opened again.
        self.ledger.replace(Arc::new(MemoryLedger::new()));
        self.ledger.replace(self.disk.open());
        self.nodes = (0..NODES).map(|_| self.start()).collect();
    }

    /// Looks at everything again.
    pub(super) fn look(&mut self) {
        let seen = see(&self.hot, &self.ledger, self.product, &self.sales);
        let seen = self.onlooker.block_on(seen);
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
        let name = format!("campaign:{}", self.sales[sale].id);
        let hot = self.hot.store();
        let lease = hot.acquire(&name, "onlooker", Duration::ZERO, FencingToken::NONE);
        self.onlooker.block_on(lease).unwrap().is_none()
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
        self.clock.now()
    }
}

pub(super) fn bidder(number: u8) -> BidderId {
    BidderId::new(Uuid::from_u128(0xB1D0 + u128::from(number)))
}

/// Timers of a paused clock fire as soon as nothing else is left to do.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
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
