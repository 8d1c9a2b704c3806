//! What each of the four layers against overselling stops: each is switched off, alone and together with others, while
//! settlers do their worst. The table of what gets through stands in ARCHITECTURE.md, word for word.

use std::collections::HashSet;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Terms, Window};
use flashbid_core::id::{BidId, BidderId, CampaignId, HoldId, ProductId};
use flashbid_core::memory::{Layers, MemoryGate, MemoryLeases, MemoryLedger};
use flashbid_core::money::{Money, Weight};
use flashbid_core::product::Product;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::{Score, Weights};
use flashbid_core::settle::{SettlementPlan, plan};
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{
    GateSeed, HoldRequest, Lease, Leases, Ledger, Page, StockGate, StoreResult,
};
use flashbid_core::time::{ManualClock, Timestamp};
use uuid::Uuid;

/// Units of the sale.
const K: u32 = 2;
/// The bidders that ought to win.
const BEST: [u128; 2] = [1, 2];
/// Bidders that a plan from another book would have winning.
const OTHERS: [u128; 2] = [3, 4];
const LEASE: Duration = Duration::from_secs(30);
const START: Timestamp = Timestamp::from_millis(1_000_000);

/// A way in which settlers do their worst, and how it is called in the table.
type Scenario = (&'static str, fn(Layers) -> Harm);

const SCENARIOS: [Scenario; 8] = [
    ("two settle at once", two_settle_at_once),
    (
        "two settle different books at once",
        two_settle_different_books,
    ),
    ("overtaken while it commits", overtaken_while_it_commits),
    ("late with an older plan", late_with_an_older_plan),
    (
        "tries again after a lost answer",
        tries_again_after_a_lost_answer,
    ),
    (
        "tries again while the first try runs",
        tries_again_while_the_first_runs,
    ),
    ("plans K + 1 winners", plans_too_many_winners),
    ("plans a bidder twice", plans_a_bidder_twice),
];

#[test]
fn the_architecture_says_what_each_layer_stops() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, section) = text
        .split_once("### What each layer stops\n")
        .expect("ARCHITECTURE.md has the section");
    let rows: Vec<&str> = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected = table();
    assert!(
        rows == expected.lines().collect::<Vec<_>>(),
        "the table is now:\n{expected}"
    );
}

#[test]
fn with_all_four_layers_nothing_gets_through() {
    for (name, scenario) in SCENARIOS {
        assert_eq!(scenario(Layers::ALL), Harm::default(), "{name}");
    }
}

#[test]
fn any_one_layer_may_fail() {
    for off in combinations().filter(|off| off.len() == 1) {
        for (name, scenario) in SCENARIOS {
            let harm = scenario(without(&off));
            assert_eq!(harm, Harm::default(), "{name} without layer {off:?}");
        }
    }
}

#[test]
fn each_layer_alone_stops_what_gets_through_without_it() {
    for layer in 1..=4 {
        let is_needed = |off: &Vec<u8>| {
            let with_it: Vec<u8> = off
                .iter()
                .copied()
                .filter(|other| *other != layer)
                .collect();
            off.contains(&layer)
                && SCENARIOS.iter().any(|(_, scenario)| {
                    scenario(without(&with_it)) == Harm::default()
                        && scenario(without(off)) != Harm::default()
                })
        };
        assert!(combinations().any(|off| is_needed(&off)), "layer {layer}");
    }
}

fn table() -> String {
    let mut table = String::from("| Off |");
    for (name, _) in SCENARIOS {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(SCENARIOS.len()));
    for off in combinations() {
        let names: Vec<String> = off.iter().map(u8::to_string).collect();
        let name = if off.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        write!(table, "\n| {name} |").unwrap();
        for (_, scenario) in SCENARIOS {
            write!(table, " {} |", scenario(without(&off)).name()).unwrap();
        }
    }
    table
}

/// Every set of layers, the smallest first.
fn combinations() -> impl Iterator<Item = Vec<u8>> {
    let sets = (0..16_u8).map(|bits| (1..=4).filter(move |layer| bits & 1 << (layer - 1) != 0));
    let mut sets: Vec<Vec<u8>> = sets.map(Iterator::collect).collect();
    sets.sort_by_key(|set| (set.len(), set.clone()));
    sets.into_iter()
}

fn without(off: &[u8]) -> Layers {
    Layers {
        fence: !off.contains(&1),
        counter: !off.contains(&2),
        row_lock: !off.contains(&3),
        constraints: !off.contains(&4),
    }
}

/// What got through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Harm {
    /// More orders than units.
    oversold: bool,
    /// Two orders of one bidder.
    double: bool,
    /// An order of somebody who should not have won.
    wrong: bool,
}

impl Harm {
    fn or(self, other: Self) -> Self {
        Self {
            oversold: self.oversold || other.oversold,
            double: self.double || other.double,
            wrong: self.wrong || other.wrong,
        }
    }

    fn name(self) -> String {
        let harms = [
            (self.oversold, "oversold"),
            (self.double, "double order"),
            (self.wrong, "wrong winner"),
        ];
        let harms: Vec<&str> = harms
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| *name)
            .collect();
        if harms.is_empty() {
            "–".to_owned()
        } else {
            format!("**{}**", harms.join(", "))
        }
    }
}

fn two_settle_at_once(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        [sale.settle("one", BEST), sale.settle("two", BEST)]
    })
}

fn two_settle_different_books(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        [sale.settle("one", BEST), sale.settle("two", OTHERS)]
    })
}

/// The holder is paused between the ledger's reading and writing, if the ledger lets it, and another settles.
fn overtaken_while_it_commits(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut sleeper = Some(sale.settle("sleeper", BEST));
    // It has its lease and its units, and its commit has begun.
    for _ in 0..3 {
        go_on(&mut sleeper);
    }
    sale.clock.advance(LEASE);
    finish(sale.settle("waker", BEST));
    sleeper.into_iter().for_each(finish);
    sale.harm()
}

/// The holder has planned while the campaign was open. Another has sealed it since, and holds units for the winners.
fn late_with_an_older_plan(layers: Layers) -> Harm {
    let mut sale = Sale::open(layers);
    sale.losers.extend(OTHERS.map(bidder));
    let late = finish(sale.acquire("late")).expect("it is the first");
    let old = sale.plan(OTHERS);
    sale.clock.advance(LEASE);
    let lease = finish(sale.acquire("waker")).expect("the lease is over");
    let sealing = sale
        .ledger
        .transition(sale.id, Phase::Open, Phase::Sealing, lease.token);
    assert!(finish(sealing).unwrap());
    finish(sale.hold(&sale.plan(BEST)));
    if finish(sale.hold(&old)) {
        let _ = finish(sale.ledger.commit_settlement(&old, late.token));
    }
    sale.harm()
}

fn tries_again_after_a_lost_answer(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let lease = finish(sale.acquire("one")).expect("it is the first");
    let plan = sale.plan(BEST);
    assert!(finish(sale.hold(&plan)));
    for _ in 0..2 {
        let _ = finish(sale.ledger.commit_settlement(&plan, lease.token));
    }
    sale.harm()
}

fn tries_again_while_the_first_runs(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        let lease = finish(sale.acquire("one")).expect("it is the first");
        let plan = sale.plan(BEST);
        assert!(finish(sale.hold(&plan)));
        [(); 2].map(|()| {
            let (sale, plan) = (sale.clone(), plan.clone());
            let commit = async move {
                let _ = sale.ledger.commit_settlement(&plan, lease.token).await;
            };
            Box::pin(commit) as Task
        })
    })
}

fn plans_too_many_winners(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut plan = sale.plan([1, 2]);
    plan.orders
        .extend(sale.plan([3, 4]).orders.into_iter().take(1));
    finish(sale.settle_plan("one", plan));
    sale.harm()
}

fn plans_a_bidder_twice(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut plan = sale.plan(BEST);
    plan.orders[1].bidder = plan.orders[0].bidder;
    finish(sale.settle_plan("one", plan));
    sale.harm()
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The harm that two tasks do in the worst order of their steps.
fn interleaved(layers: Layers, tasks: impl Fn(&Arc<Sale>) -> [Task; 2]) -> Harm {
    /// More than both tasks have together.
    const STEPS: u32 = 10;
    let mut worst = Harm::default();
    for order in 0..1_u32 << STEPS {
        let sale = Sale::sealing(layers);
        let mut tasks = tasks(&sale).map(Some);
        for step in 0..STEPS {
            go_on(&mut tasks[usize::from(order >> step & 1 == 1)]);
        }
        tasks.into_iter().flatten().for_each(finish);
        worst = worst.or(sale.harm());
    }
    worst
}

/// Lets a task that is not over take one more step.
fn go_on(task: &mut Option<Task>) {
    if task.as_mut().is_some_and(|task| poll(task).is_ready()) {
        *task = None;
    }
}

fn poll<T>(task: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(task).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a task to its end. The stores in memory never wait for anything but their turn.
fn finish<T>(task: impl Future<Output = T>) -> T {
    let mut task = Box::pin(task);
    loop {
        if let Poll::Ready(output) = poll(&mut task) {
            return output;
        }
    }
}

/// K units, and stores of which some layers are off.
struct Sale {
    clock: Arc<ManualClock>,
    leases: Box<dyn Leases>,
    gate: MemoryGate,
    ledger: MemoryLedger,
    id: CampaignId,
    /// Who must not have an order.
    losers: Vec<BidderId>,
}

impl Sale {
    fn open(layers: Layers) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let leases: Box<dyn Leases> = if layers.fence {
            Box::new(MemoryLeases::new(clock.clone()))
        } else {
            Box::new(GrantedToAnyone)
        };
        let campaign = campaign();
        let sale = Self {
            clock,
            leases,
            gate: MemoryGate::with_layers(layers),
            ledger: MemoryLedger::with_layers(layers),
            id: campaign.id,
            losers: vec![],
        };
        finish(async {
            sale.ledger.add_product(&product()).await.unwrap();
            sale.ledger.add_campaign(&campaign).await.unwrap();
            let open = (Phase::Scheduled, Phase::Open, FencingToken::NONE);
            sale.ledger
                .transition(sale.id, open.0, open.1, open.2)
                .await
                .unwrap();
            let seed = GateSeed {
                campaign: sale.id,
                quota: units(K),
                per_buyer: Some(Units::ONE),
                holds: vec![],
            };
            sale.gate.load(&seed).await.unwrap();
        });
        sale
    }

    fn sealing(layers: Layers) -> Arc<Self> {
        let sale = Self::open(layers);
        let sealing = (Phase::Open, Phase::Sealing, FencingToken::NONE);
        let moved = sale
            .ledger
            .transition(sale.id, sealing.0, sealing.1, sealing.2);
        assert!(finish(moved).unwrap());
        Arc::new(sale)
    }

    /// The plan that a book with these bidders at its top gives, from the campaign as it is now.
    fn plan(&self, winners: [u128; 2]) -> SettlementPlan {
        let campaign = finish(self.ledger.campaign(self.id)).unwrap().unwrap();
        let standings: Vec<AcceptedBid> = winners.into_iter().map(bid).collect();
        plan(&campaign, &standings, Sequence::ZERO, START)
    }

    async fn acquire(&self, holder: &str) -> Option<Lease> {
        let lease = self
            .leases
            .acquire("sale", holder, LEASE, FencingToken::NONE);
        lease.await.unwrap()
    }

    /// Whether every winner's unit was free.
    async fn hold(&self, plan: &SettlementPlan) -> bool {
        let holds: Vec<HoldRequest> = plan
            .orders
            .iter()
            .map(|order| HoldRequest {
                id: HoldId::from(order.id),
                bidder: order.bidder,
                units: Units::ONE,
                expires_at: order.pay_by,
            })
            .collect();
        let held = self.gate.hold(self.id, &holds).await.unwrap();
        held.iter().all(Result::is_ok)
    }

    fn settle(self: &Arc<Self>, holder: &'static str, winners: [u128; 2]) -> Task {
        self.settle_plan(holder, self.plan(winners))
    }

    /// Settles as the engine does, but for its care: lease, units, commit. It may be overtaken between any two.
    fn settle_plan(self: &Arc<Self>, holder: &'static str, plan: SettlementPlan) -> Task {
        let sale = self.clone();
        Box::pin(async move {
            let Some(lease) = sale.acquire(holder).await else {
                return;
            };
            tokio::task::yield_now().await;
            if sale.hold(&plan).await {
                tokio::task::yield_now().await;
                let _ = sale.ledger.commit_settlement(&plan, lease.token).await;
            }
            sale.leases.relinquish(&lease).await.unwrap();
        })
    }

    fn harm(&self) -> Harm {
        let page = Page {
            skip: 0,
            limit: 100,
        };
        let orders = finish(self.ledger.orders_in(self.id, page)).unwrap().items;
        let bidders: HashSet<BidderId> = orders.iter().map(|order| order.bidder).collect();
        Harm {
            oversold: orders.len() > K as usize,
            double: bidders.len() < orders.len(),
            wrong: orders
                .iter()
                .any(|order| self.losers.contains(&order.bidder)),
        }
    }
}

/// Leases with layer 1 off: whoever asks gets one, with a token like all others.
#[derive(Debug)]
struct GrantedToAnyone;

#[async_trait]
impl Leases for GrantedToAnyone {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        _floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        Ok(Some(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token: FencingToken::new(1),
            expires_at: START.after(ttl),
        }))
    }

    async fn renew(&self, lease: &Lease, _ttl: Duration) -> StoreResult<Option<Lease>> {
        Ok(Some(lease.clone()))
    }

    async fn relinquish(&self, _lease: &Lease) -> StoreResult<()> {
        Ok(())
    }
}

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

fn bidder(number: u128) -> BidderId {
    BidderId::new(Uuid::from_u128(number))
}

fn product() -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(10)),
        name: "Lamp".into(),
        description: None,
        image_url: None,
        min_price: Money::ZERO,
        stock: Level::loaded_with(units(2 * K)),
        created_at: START,
    }
}

fn campaign() -> Campaign {
    let none = "0".parse().unwrap();
    Campaign {
        id: CampaignId::new(Uuid::from_u128(11)),
        product: product().id,
        terms: Terms {
            format: Format::Ranked {
                weights: Weights::new("1".parse().unwrap(), none, none).unwrap(),
                rebid: Rebid::Latest,
            },
            window: Window::new(START, START.after(LEASE)).unwrap(),
            quota: units(K),
            min_price: Money::ZERO,
            payment_deadline: LEASE,
        },
        phase: Phase::Scheduled,
        version: 0,
        fence: FencingToken::NONE,
        created_at: START,
    }
}

/// The standing of a bidder; only who it is matters here.
fn bid(number: u128) -> AcceptedBid {
    AcceptedBid {
        id: BidId::new(Uuid::from_u128(number)),
        bidder: bidder(number),
        name: None,
        price: Money::ZERO,
        weight: Weight::ZERO,
        score: Score::default(),
        rank: Rank::FIRST,
        sequence: Sequence::new(1),
        at: START,
        elapsed_ms: 0,
        bid_number: 1,
    }
}
