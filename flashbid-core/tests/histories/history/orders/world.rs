//! The stage, what was seen on it, and what the world was promised.

use std::collections::HashMap;
use std::time::Duration;

use flashbid_core::campaign::{Format, Rebid, RunnersUp, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId, HoldId, ProductId};
use flashbid_core::order::Order;
use flashbid_core::purchase::HoldFate;
use flashbid_core::score::Weights;
use flashbid_core::stock::{Hold, Units};
use flashbid_core::store::PendingPurchase;
use flashbid_core::time::Timestamp;
use flashbid_core::{Engine, Error, StoreErrorKind};
use tokio::runtime::Handle;

use crate::disk::Disk;

use super::super::stage::{Ran, Stage};
use super::op::{At, Kind, LENGTH_MS, LONG_MS, Op, OrderHistory, PRODUCTS, StockOp, TO_PAY_MS};
use super::sees::{Seen, SeenSale, see};

/// Units of each product.
const STOCK: [u32; PRODUCTS] = [8, 5];

pub(super) struct World<'a> {
    pub(super) history: &'a OrderHistory,
    pub(super) stage: Stage<'a>,
    pub(super) products: [ProductId; PRODUCTS],
    /// What was to be seen after the last step, and after the one before it.
    pub(super) seen: Seen,
    pub(super) before: Seen,
    pub(super) promises: HashMap<CampaignId, Promises>,
    /// Units that each product should have, wherever they are.
    pub(super) loaded: [u64; PRODUCTS],
    /// Changes of stock that were made, by the product and their ids.
    pub(super) changes: HashMap<(usize, u8), StockOp>,
    /// What was done in the last step.
    pub(super) cause: Cause,
    pub(super) ghosts: u128,
}

/// What a sale has promised to the world so far.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// The holds of purchases that were answered, but for those that a lost hot store may lose.
    pub(super) acknowledged: Vec<Hold>,
    /// Whether the counter may differ from the ledger: it was changed by hand, or calls were lost, and nobody has
    /// reconciled the two since.
    pub(super) off: bool,
    /// Whether the counter was ever changed by hand.
    pub(super) tampered: bool,
    /// What a counter that is gone left waiting.
    left: Vec<PendingPurchase>,
}

/// What of a step may move orders.
#[derive(Debug, Default)]
pub(super) enum Cause {
    #[default]
    Nothing,
    /// An order was paid or called off.
    Asked(Order),
    /// Whatever was overdue.
    Time,
}

impl<'a> World<'a> {
    pub(super) fn new(history: &'a OrderHistory, disk: &'a dyn Disk) -> Self {
        let stage = Stage::new(disk, history.durability, history.retries);
        let setter = stage.setter();
        let products = STOCK.map(|units| {
            let new = NewProduct {
                name: format!("Lamp of {units}"),
                description: None,
                image_url: None,
                stock: Units::new(units).unwrap(),
                min_price: "1".parse().unwrap(),
            };
            stage.onlooker.block_on(setter.add_product(new)).unwrap().id
        });
        let mut world = Self {
            history,
            stage,
            products,
            seen: Seen::default(),
            before: Seen::default(),
            promises: HashMap::new(),
            loaded: STOCK.map(u64::from),
            changes: HashMap::new(),
            cause: Cause::Nothing,
            ghosts: 0,
        };
        for (product, kind) in [
            (0, Kind::FirstCome),
            (1, Kind::FirstCome),
            (
                0,
                Kind::Ranked {
                    runners_up: Some(2),
                },
            ),
        ] {
            let new = world.new_campaign(product, kind, Some(3));
            let added = setter.add_campaign(new);
            world.stage.onlooker.block_on(added).unwrap();
        }
        world.look();
        world.look();
        world
    }

    pub(super) fn step(&mut self, op: &Op) -> String {
        self.cause = Cause::Nothing;
        match op {
            Op::AddCampaign(at, kind, quota) => self.add_campaign(at, *kind, *quota),
            Op::Buy(at, wants) => self.buy(at, wants),
            Op::Cart(at, want, second) => self.cart(at, want, *second),
            Op::Bid(at, buyer, price) => self.bid(at, *buyer, *price),
            Op::Pay(at, order, payment) => self.pay(at, *order, *payment),
            Op::Cancel(at, order) => self.cancel(at, *order),
            Op::Settle(at) => self.settle(at),
            Op::Tend(at) => self.tend(at),
            Op::Stock(at, change) => self.restock(at, *change),
            Op::Reconcile(at) => self.reconcile(at),
            Op::Tamper(sale, how) => self.tamper(*sale, *how),
            Op::Wait(millis) => {
                self.wait(*millis);
                self.undisturbed()
            }
            Op::Restart(node) => {
                self.stage.restart(*node);
                self.undisturbed()
            }
            Op::Unload(sale) => {
                let id = self.sale(*sale).campaign.id;
                let unloaded = self.stage.hot.store();
                self.stage.onlooker.block_on(unloaded.unload(id)).unwrap();
                self.promises(id).off = false;
                self.undisturbed()
            }
            Op::LoseHot => {
                self.stage.lose_hot();
                self.forget();
                self.undisturbed()
            }
            Op::PowerCut => {
                self.stage.power_cut();
                self.forget();
                self.undisturbed()
            }
        }
    }

    /// Ends every sale, and proves it. Answers what came of each.
    pub(super) fn close(mut self) -> Vec<String> {
        let calm = At {
            node: 0,
            sale: 0,
            faults: vec![],
        };
        // What was left under way is over, then every sale, then every order.
        for millis in [LONG_MS, LENGTH_MS, LONG_MS] {
            self.wait(millis);
            self.step(&Op::Tend(calm.clone()));
            self.assert_invariants();
        }
        for sale in 0..self.seen.sales.len() {
            let at = At {
                sale,
                ..calm.clone()
            };
            self.step(&Op::Reconcile(at));
            self.assert_invariants();
        }
        let engine = self.stage.setter();
        let proved = self.seen.sales.iter().map(|sale| {
            let verdict = engine.verify(sale.campaign.id);
            let verdict = self.stage.onlooker.block_on(verdict).unwrap();
            assert!(verdict.is_consistent(), "{verdict:?}");
            // Tokens are each hot store's own.
            let (phase, stock) = (sale.campaign.phase, sale.campaign.stock);
            format!(
                "{phase:?} {stock:?} {} {:?}",
                sale.campaign.returned, sale.orders
            )
        });
        let products = self.seen.products.iter();
        proved
            .chain(products.map(|product| format!("{product:?}")))
            .collect()
    }

    /// Runs `work` on a node while the stores do to it what `at` says, until nothing is under way any more.
    pub(super) fn run<T>(&mut self, at: &At, work: impl AsyncFnOnce(Engine) -> T) -> Ran<T> {
        let ran = self.stage.run(at.node, &at.faults, async |engine| {
            let answer = work(engine).await;
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            answer
        });
        if ran.lost > 0 || ran.answer.is_none() {
            self.promises.values_mut().for_each(|sale| sale.off = true);
        }
        self.look();
        ran
    }

    /// Looks at everything again.
    fn look(&mut self) {
        let (hot, ledger) = (self.stage.hot.store(), self.stage.ledger.store());
        let left = |id| {
            let of = self.promises.get(&id);
            of.map_or_else(Vec::new, |sale| sale.left.clone())
        };
        let seen = self.stage.onlooker.block_on(see(&*hot, &*ledger, left));
        for sale in &seen.sales {
            let promises = self.promises.entry(sale.campaign.id).or_default();
            promises.left = sale.pending().to_vec();
        }
        self.before = std::mem::replace(&mut self.seen, seen);
    }

    /// Nothing but the clock, the processes or the hot store changed.
    pub(super) fn undisturbed(&mut self) -> String {
        self.look();
        assert_eq!(self.before.products, self.seen.products);
        for (before, seen) in self.before.sales.iter().zip(&self.seen.sales) {
            assert_eq!(before.campaign, seen.campaign);
            assert_eq!(before.orders, seen.orders);
        }
        String::new()
    }

    /// A lost hot store may lose what the ledger does not have, and only of what [`Durability::Hot`] answered.
    ///
    /// [`Durability::Hot`]: flashbid_core::Durability::Hot
    fn forget(&mut self) {
        for sale in &self.seen.sales {
            let promises = self.promises.get_mut(&sale.campaign.id).unwrap();
            let ordered = |hold: &Hold| sale.orders.iter().any(|order| order.id == hold.id.into());
            if self.history.durability == flashbid_core::Durability::Hot {
                promises.acknowledged.retain(ordered);
            }
            promises.off = false;
            promises.left.clear();
        }
    }

    fn wait(&self, millis: i64) {
        let now = self.stage.now().millis() + millis;
        self.stage.clock.set(Timestamp::from_millis(now));
    }

    /// One of the sales that there are.
    pub(super) fn sale(&self, number: usize) -> &SeenSale {
        &self.seen.sales[number % self.seen.sales.len()]
    }

    pub(super) fn promises(&mut self, id: CampaignId) -> &mut Promises {
        self.promises.entry(id).or_default()
    }

    /// What the ledger knows of a hold.
    pub(super) fn fate(&self, hold: HoldId) -> Option<HoldFate> {
        let ledger = self.stage.ledger.store();
        let fates = self.stage.onlooker.block_on(ledger.hold_fates(&[hold]));
        fates.unwrap().pop().unwrap()
    }

    pub(super) fn new_campaign(
        &self,
        product: usize,
        kind: Kind,
        quota: Option<u32>,
    ) -> NewCampaign {
        let now = self.stage.now();
        let window = Window::new(now, Timestamp::from_millis(now.millis() + LENGTH_MS)).unwrap();
        let units = |units| Units::new(units).unwrap();
        let (format, runners_up) = match kind {
            Kind::FirstCome => {
                let format = Format::FirstCome {
                    price: "5".parse().unwrap(),
                    per_buyer: self.history.per_buyer.map(units),
                };
                (format, None)
            }
            Kind::Ranked { runners_up } => {
                let factor = || "1".parse().unwrap();
                let format = Format::Ranked {
                    weights: Weights::new(factor(), factor(), factor()).unwrap(),
                    rebid: Rebid::Best,
                };
                (format, runners_up)
            }
        };
        let payment_deadline = Duration::from_millis(TO_PAY_MS);
        NewCampaign {
            quota: quota.map(units),
            payment_deadline,
            runners_up: runners_up.map(|places| RunnersUp {
                places,
                payment_deadline,
            }),
            ..NewCampaign::new(self.products[product], format, window)
        }
    }
}

/// A failure may be told only when a store failed more often than the engine tries, or where it does not try again,
/// and says what may be done.
pub(super) fn may_fail(error: &Error, lost: usize) {
    assert!(lost > 0, "{error:?}, but nothing was lost");
    let Error::Store(error) = error else {
        panic!("{error} is no failure of a store");
    };
    let says = error.may_retry() || error.kind == StoreErrorKind::Fenced;
    assert!(says, "{error:?} does not say what to do");
}

pub(super) fn buyer(number: u8) -> BidderId {
    super::super::world::bidder(number)
}
