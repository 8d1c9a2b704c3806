//! From the purchase to the unit that comes back, interrupted at each store call: the buyers ask again, another process
//! goes on, and the same comes of it.

use std::time::Duration;

use flashbid_core::conformance::{Loss, Moment};
use flashbid_core::engine::SettleOutcome;
use flashbid_core::id::CampaignId;
use flashbid_core::order::OrderStatus::{self, Cancelled, Expired, Paid, RefundDue};
use flashbid_core::store::{Ledger, OutboxEvent};
use flashbid_core::{Durability, Engine, Error, Result};
use tokio::runtime::Runtime;

use crate::shop::{LENGTH, Node, Shop, TO_PAY, buy, cart, hold_of, level, payment};

/// Longer than a lease, shorter than units may wait that are taken again.
const LEASE: Duration = Duration::from_secs(31);

/// What people do, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// This buyer buys so many.
    Buy(u64, u32),
    Pay(u64, OrderStatus),
    Cancel(u64),
    Cart(u64),
    Wait(Duration),
    /// What has to happen without anybody asking.
    Tend,
    Reconcile,
}

const STORY: [Step; 16] = [
    Step::Buy(1, 1),
    Step::Buy(2, 1),
    Step::Buy(4, 1),
    Step::Pay(1, Paid),
    Step::Wait(TO_PAY),
    Step::Tend,
    Step::Buy(3, 2),
    // One unit is left for the first who pays late, none for the second.
    Step::Pay(2, Paid),
    Step::Pay(4, RefundDue),
    Step::Cancel(3),
    // The counter may not have heard of it.
    Step::Reconcile,
    Step::Buy(5, 1),
    Step::Cart(6),
    Step::Wait(LENGTH),
    Step::Tend,
    Step::Tend,
];

/// What comes of the story when nothing interrupts it: by buyer.
const ENDS: [(u64, OrderStatus); 5] = [
    (1, Paid),
    (2, Paid),
    (3, Cancelled),
    (4, RefundDue),
    (5, Expired),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Hot,
    Ledger,
}

/// How a call is interrupted.
#[derive(Clone, Copy, Debug)]
enum Interruption {
    Lost(Loss),
    /// The process dies there, and the hot store with it or not.
    Death(Moment, bool),
}

struct Scene {
    shop: Shop,
    one: CampaignId,
    two: CampaignId,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

impl Scene {
    fn new() -> Self {
        let shop = Shop::open();
        let (one, two) = runtime()
            .block_on(async { (shop.sale(9, 4, None).await, shop.sale(9, 2, None).await) });
        Self { shop, one, two }
    }

    async fn carry_out(&self, engine: &Engine, step: Step, context: &str) -> Result<()> {
        match step {
            Step::Buy(buyer, count) => {
                engine.purchase(self.one, buy(buyer, count, "a")).await?;
            }
            Step::Pay(buyer, expected) => {
                let order = hold_of(self.one, buyer, "a").into();
                let paid = engine.pay(order, payment("card")).await?;
                assert_eq!(paid.status, expected, "{buyer}: {context}");
            }
            Step::Cancel(buyer) => {
                engine.cancel(hold_of(self.one, buyer, "a").into()).await?;
            }
            Step::Cart(buyer) => {
                let lines = [(self.two, 1), (self.one, 1)];
                let bought = engine
                    .purchase_cart(cart(buyer, Some("cart"), &lines))
                    .await?;
                assert_eq!(bought.len(), 2);
            }
            Step::Wait(time) => self.shop.clock.advance(time),
            Step::Reconcile => {
                engine.reconcile(self.one, true).await?;
            }
            Step::Tend => {
                for (_, tended) in engine.tend().await? {
                    if tended? == Some(SettleOutcome::Busy) {
                        return Err(Error::Overloaded);
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes through the story from its `next` step on; after a failure whoever asked asks again.
    async fn tell(&self, node: &Node, next: &mut usize, context: &str) {
        while let Some(step) = STORY.get(*next) {
            let mut failures = 0;
            while let Err(error) = self.carry_out(&node.engine, *step, context).await {
                failures += 1;
                assert!(failures < 4, "{step:?}: {error}: {context}");
                self.shop.clock.advance(LEASE);
            }
            *next += 1;
            // What goes on behind the answer goes on now.
            tokio::task::yield_now().await;
            for campaign in [self.one, self.two] {
                let verdict = self.shop.engine().verify(campaign).await.unwrap();
                assert_eq!(
                    verdict.violations,
                    Vec::<String>::new(),
                    "{step:?}: {context}"
                );
            }
        }
    }

    /// Everything acknowledged is there, once, and every unit is where it should be.
    async fn assert_as_told(&self, context: &str) {
        let (shop, engine) = (&self.shop, self.shop.engine());
        shop.clock.advance(LEASE);
        for _ in 0..2 {
            self.carry_out(&engine, Step::Tend, context).await.unwrap();
        }
        let orders = shop.orders(self.one).await;
        let ended: Vec<_> = ENDS
            .iter()
            .map(|(buyer, _)| {
                let id = hold_of(self.one, *buyer, "a").into();
                let order = orders.iter().find(|order| order.id == id);
                (*buyer, order.map(|order| order.status))
            })
            .collect();
        let expected = ENDS.map(|(buyer, status)| (buyer, Some(status)));
        assert_eq!(ended, expected, "{context}");
        assert_eq!(orders.len(), 6, "{context}");
        assert_eq!(shop.orders(self.two).await.len(), 1, "{context}");

        for (campaign, sold) in [(self.one, 2), (self.two, 0)] {
            let (stock, product, _) = shop.levels(campaign).await;
            assert_eq!(stock, level(0, 0, sold), "{context}");
            assert_eq!(product, level(9 - sold, 0, sold), "{context}");
            let reconciled = engine.reconcile(campaign, true).await.unwrap();
            assert_eq!(reconciled.left, [], "{context}");
            shop.assert_agrees(campaign, context).await;
        }
        let outbox = shop.ledger.outbox(1_000).await.unwrap();
        let mut created: Vec<_> = outbox
            .iter()
            .filter_map(|entry| match entry.event {
                OutboxEvent::OrderCreated(order) => Some(order),
                _ => None,
            })
            .collect();
        assert_eq!(created.len(), 7, "each order is told once: {context}");
        created.sort_unstable();
        created.dedup();
        assert_eq!(created.len(), 7, "{context}");
    }
}

fn faults(node: &Node, store: Store) -> std::sync::Arc<flashbid_core::conformance::Faults> {
    match store {
        Store::Hot => node.hot(),
        Store::Ledger => node.ledger(),
    }
}

/// Tells the story with an interruption of the `nth` call of a store.
fn interrupt(durability: Durability, store: Store, nth: usize, how: Interruption) {
    let context = format!("{durability:?}: {how:?} at {store:?} call {nth}");
    let mut scene = Scene::new();
    let node = scene.shop.node(durability);
    let at = faults(&node, store);
    let mut next = 0;
    match how {
        Interruption::Lost(loss) => {
            at.lose_at(nth, loss);
            runtime().block_on(scene.tell(&node, &mut next, &context));
            assert_eq!(at.lost(), 1, "{context}");
        }
        Interruption::Death(moment, hot_dies_too) => {
            at.pause_at(nth, moment);
            let dying = runtime();
            let died = dying.block_on(async {
                tokio::select! {
                    biased;
                    () = at.paused() => true,
                    () = scene.tell(&node, &mut next, &context) => false,
                }
            });
            assert!(died || durability == Durability::Hot, "{context}");
            drop((node, dying));
            if hot_dies_too {
                scene.shop.lose_hot();
            }
            scene.shop.clock.advance(LEASE);
            let another = scene.shop.node(durability);
            // Its own work comes first: what was acknowledged by the hot store becomes an order by that.
            let tended = runtime().block_on(another.engine.tend());
            tended.unwrap();
            runtime().block_on(scene.tell(&another, &mut next, &context));
        }
    }
    runtime().block_on(scene.assert_as_told(&context));
}

/// Interrupts each call that the story makes.
fn interrupt_each(durability: Durability, hows: &[Interruption]) {
    let scene = Scene::new();
    let node = scene.shop.node(durability);
    runtime().block_on(scene.tell(&node, &mut 0, "undisturbed"));
    runtime().block_on(scene.assert_as_told("undisturbed"));
    for store in [Store::Hot, Store::Ledger] {
        let calls = faults(&node, store).calls();
        assert!(calls > 30, "{calls} calls cannot be the whole story");
        for nth in 1..=calls {
            for how in hows {
                interrupt(durability, store, nth, *how);
            }
        }
    }
}

const LOSSES: [Interruption; 2] = [
    Interruption::Lost(Loss::Request),
    Interruption::Lost(Loss::Response),
];

const DEATHS: [Interruption; 2] = [
    Interruption::Death(Moment::Before, false),
    Interruption::Death(Moment::After, false),
];

#[test]
fn a_purchase_and_its_order_survive_each_lost_request_and_answer() {
    interrupt_each(Durability::Ledger, &LOSSES);
}

#[test]
fn a_purchase_and_its_order_survive_a_death_at_each_step() {
    interrupt_each(Durability::Ledger, &DEATHS);
}

#[test]
fn a_purchase_and_its_order_survive_the_hot_store_at_each_step() {
    let deaths = [
        Interruption::Death(Moment::Before, true),
        Interruption::Death(Moment::After, true),
    ];
    interrupt_each(Durability::Ledger, &deaths);
}

#[test]
fn what_the_hot_store_acknowledged_survives_a_death_at_each_step() {
    interrupt_each(Durability::Hot, &DEATHS);
}
