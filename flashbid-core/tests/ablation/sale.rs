//! A sale whose stores have some of their layers off, and tasks that are taken forward a step at a time.

use std::collections::HashSet;
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
    GateSeed, HoldRequest, Lease, Leases, Ledger, Page, Purpose, StockGate, StoreResult,
};
use flashbid_core::time::{ManualClock, Timestamp};
use uuid::Uuid;

/// Units of the sale.
pub(crate) const K: u32 = 2;
/// The bidders that ought to win.
pub(crate) const BEST: [u128; 2] = [1, 2];
/// Bidders that a plan from another book would have winning.
pub(crate) const OTHERS: [u128; 2] = [3, 4];
pub(crate) const LEASE: Duration = Duration::from_secs(30);
pub(crate) const START: Timestamp = Timestamp::from_millis(1_000_000);

/// What got through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Harm {
    /// More orders than units.
    pub(crate) oversold: bool,
    /// Two orders of one bidder.
    pub(crate) double: bool,
    /// An order of somebody who should not have won.
    pub(crate) wrong: bool,
}

impl Harm {
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            oversold: self.oversold || other.oversold,
            double: self.double || other.double,
            wrong: self.wrong || other.wrong,
        }
    }

    pub(crate) fn name(self) -> String {
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

pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// K units, and stores of which some layers are off.
pub(crate) struct Sale {
    pub(crate) clock: Arc<ManualClock>,
    leases: Box<dyn Leases>,
    gate: MemoryGate,
    pub(crate) ledger: MemoryLedger,
    pub(crate) id: CampaignId,
    /// Who must not have an order.
    pub(crate) losers: Vec<BidderId>,
}

impl Sale {
    pub(crate) fn open(layers: Layers) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let leases: Box<dyn Leases> = if layers.fence {
            Box::new(MemoryLeases::new(clock.clone()))
        } else {
            Box::new(GrantedToAnyone)
        };
        let campaign = campaign();
        let sale = Self {
            gate: MemoryGate::with_layers(layers, clock.clone()),
            clock,
            leases,
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
                window: campaign.terms.window,
                quota: units(K),
                per_buyer: Some(Units::ONE),
                sealed: false,
                holds: vec![],
            };
            sale.gate.load(&seed).await.unwrap();
        });
        sale
    }

    pub(crate) fn sealing(layers: Layers) -> Arc<Self> {
        let sale = Self::open(layers);
        let sealing = (Phase::Open, Phase::Sealing, FencingToken::NONE);
        let moved = sale
            .ledger
            .transition(sale.id, sealing.0, sealing.1, sealing.2);
        assert!(finish(moved).unwrap());
        Arc::new(sale)
    }

    /// The plan that a book with these bidders at its top gives, from the campaign as it is now.
    pub(crate) fn plan(&self, winners: [u128; 2]) -> SettlementPlan {
        let campaign = finish(self.ledger.campaign(self.id)).unwrap().unwrap();
        let standings: Vec<AcceptedBid> = winners.into_iter().map(bid).collect();
        plan(&campaign, &standings, Sequence::ZERO, START)
    }

    pub(crate) async fn acquire(&self, holder: &str) -> Option<Lease> {
        let lease = self
            .leases
            .acquire("sale", holder, LEASE, FencingToken::NONE);
        lease.await.unwrap()
    }

    /// Whether every winner's unit was free.
    pub(crate) async fn hold(&self, plan: &SettlementPlan) -> bool {
        let holds: Vec<HoldRequest> = plan
            .orders
            .iter()
            .map(|order| HoldRequest {
                id: HoldId::from(order.id),
                bidder: order.bidder,
                units: Units::ONE,
                expires_at: order.pay_by,
                purpose: Purpose::Allocation,
                ticket: None,
                at: Some(order.created_at),
            })
            .collect();
        let held = self.gate.hold(self.id, &holds).await.unwrap();
        held.iter().all(Result::is_ok)
    }

    pub(crate) fn settle(self: &Arc<Self>, holder: &'static str, winners: [u128; 2]) -> Task {
        self.settle_plan(holder, self.plan(winners))
    }

    /// Settles as the engine does, but for its care: lease, units, commit. It may be overtaken between any two.
    pub(crate) fn settle_plan(
        self: &Arc<Self>,
        holder: &'static str,
        plan: SettlementPlan,
    ) -> Task {
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

    pub(crate) fn harm(&self) -> Harm {
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
pub(crate) struct GrantedToAnyone;

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

/// Lets a task that is not over take one more step.
pub(crate) fn go_on(task: &mut Option<Task>) {
    if task.as_mut().is_some_and(|task| poll(task).is_ready()) {
        *task = None;
    }
}

pub(crate) fn poll<T>(task: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(task).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a task to its end. The stores in memory never wait for anything but their turn.
pub(crate) fn finish<T>(task: impl Future<Output = T>) -> T {
    let mut task = Box::pin(task);
    loop {
        if let Poll::Ready(output) = poll(&mut task) {
            return output;
        }
    }
}

pub(crate) fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

pub(crate) fn bidder(number: u128) -> BidderId {
    BidderId::new(Uuid::from_u128(number))
}

pub(crate) fn product() -> Product {
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

pub(crate) fn campaign() -> Campaign {
    let none = "0".parse().unwrap();
    let terms = Terms {
        format: Format::Ranked {
            weights: Weights::new("1".parse().unwrap(), none, none).unwrap(),
            rebid: Rebid::Latest,
        },
        window: Window::new(START, START.after(LEASE)).unwrap(),
        quota: units(K),
        min_price: Money::ZERO,
        payment_deadline: LEASE,
        runners_up: None,
    };
    Campaign::scheduled(
        CampaignId::new(Uuid::from_u128(11)),
        product().id,
        terms,
        START,
    )
}

/// The standing of a bidder; only who it is matters here.
pub(crate) fn bid(number: u128) -> AcceptedBid {
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
