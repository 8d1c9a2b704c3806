//! The engine: every use case of a sale over any stores.
//!
//! | To | Call | In |
//! |---|---|---|
//! | add products and campaigns, read them | [`Engine::add_campaign`], … | `engine/catalog.rs` |
//! | bid | [`Engine::place_bid`] | `engine/bidding.rs`, batched by `engine/lane.rs` |
//! | read a live ranking | [`Engine::ranking`], [`Engine::standing`], [`Engine::events_after`] | `engine/live.rs` |
//! | move events from the hot store to the ledger | [`Engine::relay`] | `engine/relay.rs` |
//! | build a campaign's book anew by hand | [`Engine::rebuild`] | `engine/rebuild.rs` |
//! | make orders of a sealed ranking, end a first-come sale | [`Engine::settle`] | `engine/settlement.rs`, `engine/ending.rs` |
//! | buy first-come, alone and several campaigns together | [`Engine::purchase`], [`Engine::purchase_cart`] | `engine/purchasing.rs`, `engine/carts.rs` |
//! | make orders of purchases that wait, look after what could not be made one | [`Engine::dispatch`], [`Engine::dead_letters`] | `engine/dispatch.rs` |
//! | pay, call off and expire orders | [`Engine::pay`], [`Engine::cancel`], [`Engine::expire_orders`] | `engine/orders.rs` |
//! | offer to runners-up what was not paid | [`Engine::offer`] | `engine/runners_up.rs` |
//! | compare the hot counters with the ledger, and repair them | [`Engine::reconcile`] | `engine/reconcile.rs` |
//! | read a campaign from the nearest copy | [`Engine::known_campaign`] | `engine/copies.rs` |
//! | do all that is due, again and again | [`Engine::run`] | `engine/work.rs` |
//! | prove a sale | [`Engine::verify`], [`audit`] | `engine/audit.rs` |
//! | measure all this | [`EngineBuilder::observer`], [`Engine::lanes`] | `engine/observe.rs` |

pub mod audit;
mod bidding;
mod carts;
mod catalog;
mod copies;
mod dispatch;
mod ending;
mod lane;
mod live;
mod observe;
mod orders;
mod purchasing;
mod rebuild;
mod reconcile;
mod relay;
mod renewal;
mod retry;
mod runners_up;
mod sale;
mod settlement;
mod work;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use uuid::Uuid;

pub use carts::{Cart, CartLine};
pub use catalog::{NewCampaign, NewProduct};
pub use lane::Lanes;
pub use observe::{Flow, Guard, Lookup, Observation, Observer, Stage};
pub use purchasing::{Bought, Buy, HoldStatus};
pub use rebuild::Rebuilt;
pub use reconcile::Reconciled;
pub use settlement::SettleOutcome;

use crate::id::{CampaignId, IdSource, RandomIds};
use crate::memory::{MemoryHot, MemoryLedger};
use crate::store::{HotStore, Ledger};
use crate::time::{Clock, SystemClock, Timestamp};
use copies::Copies;
use retry::Tries;
use sale::Sales;

/// When a bid is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the ledger has it: no acknowledged bid is ever lost.
    #[default]
    Ledger,
    /// When the hot store has it; the relay writes the ledger behind. A lost hot store loses what the relay had not
    /// yet moved.
    Hot,
}

/// What may be tuned.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The most bids of one call to the hot store. Default 128.
    pub batch: usize,
    /// Calls of one campaign that may be under way at once. Default 2.
    pub batches_in_flight: usize,
    /// Bids of one campaign that may wait; one more is answered [`Overloaded`](crate::Error::Overloaded).
    /// Default 10,000.
    pub waiting: usize,
    /// Campaigns of which this process keeps copies. Default 1,000.
    pub campaigns: u64,
    /// How long the queues of a campaign that nobody asks for are kept in this process. Default 10 minutes.
    pub idle: Duration,
    /// How long this process believes its copy of a campaign, unless it hears of a change. Default 60 s.
    pub copies: Duration,
    /// How long the hot store keeps a copy of a campaign for every process. Default 1 h.
    pub shared_copies: Duration,
    /// For how long no copy of a campaign is kept that is being changed: longer than the ledger may take for the change.
    /// Default 10 s.
    pub quiet: Duration,
    /// How long the absence of a campaign is believed. Default 1 s.
    pub absent: Duration,
    /// How often a purchase that cannot be made an order is tried before it is set aside. Default 5.
    pub purchase_attempts: u32,
    /// Events of one relayed page. Default 1,000.
    pub relay_page: usize,
    /// How long a settlement may take before another node may take it over. Default 30 s.
    pub lease: Duration,
    /// How long the hot store keeps the book of a closed campaign. Default 10 minutes.
    pub keep_closed: Duration,
    /// How often a failed store call is tried again before the failure is answered. Default 3.
    pub retries: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch: 128,
            batches_in_flight: 2,
            waiting: 10_000,
            campaigns: 1_000,
            idle: Duration::from_mins(10),
            copies: Duration::from_mins(1),
            shared_copies: Duration::from_hours(1),
            quiet: Duration::from_secs(10),
            purchase_attempts: 5,
            absent: Duration::from_secs(1),
            relay_page: 1_000,
            lease: Duration::from_secs(30),
            keep_closed: Duration::from_mins(10),
            retries: 3,
        }
    }
}

/// The engine. Cheap to clone: clones share everything.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hot: Arc<dyn HotStore>,
    ledger: Arc<dyn Ledger>,
    durability: Durability,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    options: Options,
    observer: Option<Arc<dyn Observer>>,
    sales: Sales,
    copies: Copies,
    /// Closed books and since when they have been in the hot store.
    closed: Mutex<Vec<(Timestamp, CampaignId)>>,
}

impl Engine {
    /// Starts an engine's configuration.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// A fresh id.
    pub fn fresh_id<T: From<Uuid>>(&self) -> T {
        self.0.ids.fresh().into()
    }

    /// The ledger under this engine.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.0.ledger
    }

    /// The hot store under this engine.
    pub fn hot(&self) -> &Arc<dyn HotStore> {
        &self.0.hot
    }

    fn options(&self) -> &Options {
        &self.0.options
    }

    /// How a store call is tried.
    fn tries(&self) -> Tries<'_> {
        Tries {
            retries: self.0.options.retries,
            observer: self.observer(),
        }
    }
}

/// The configuration of an [`Engine`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    hot: Option<Arc<dyn HotStore>>,
    ledger: Option<Arc<dyn Ledger>>,
    durability: Durability,
    clock: Option<Arc<dyn Clock>>,
    ids: Option<Arc<dyn IdSource>>,
    options: Options,
    observer: Option<Arc<dyn Observer>>,
}

impl EngineBuilder {
    /// Keeps live books, counters and leases in `hot`; without it in this process, on the engine's clock.
    #[must_use]
    pub fn hot(self, hot: impl HotStore) -> Self {
        self.shared_hot(Arc::new(hot))
    }

    /// As [`EngineBuilder::hot`], with a store that others use too.
    #[must_use]
    pub fn shared_hot(self, hot: Arc<dyn HotStore>) -> Self {
        Self {
            hot: Some(hot),
            ..self
        }
    }

    /// Keeps the truth in `ledger`; without it in this process, where it dies with it.
    #[must_use]
    pub fn ledger(self, ledger: impl Ledger) -> Self {
        self.shared_ledger(Arc::new(ledger))
    }

    /// As [`EngineBuilder::ledger`], with a store that others use too.
    #[must_use]
    pub fn shared_ledger(self, ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger: Some(ledger),
            ..self
        }
    }

    /// When a bid is acknowledged; without it [`Durability::Ledger`].
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// Where the engine's time comes from; without it the machine's clock. Bids are timed by the hot store's clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..self
        }
    }

    /// Where fresh ids come from; without it random ones.
    #[must_use]
    pub fn ids(self, ids: Arc<dyn IdSource>) -> Self {
        Self {
            ids: Some(ids),
            ..self
        }
    }

    /// What is tuned.
    #[must_use]
    pub fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Who is told what the engine does; without one nothing is measured, and nothing paid for it.
    #[must_use]
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// The engine.
    pub fn build(self) -> Engine {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let ids = self.ids.unwrap_or_else(|| Arc::new(RandomIds));
        let hot = self
            .hot
            .unwrap_or_else(|| Arc::new(MemoryHot::new(clock.clone())));
        let ledger = self
            .ledger
            .unwrap_or_else(|| Arc::new(MemoryLedger::default()));
        let (sales, copies) = (Sales::new(&self.options), Copies::new(&self.options));
        Engine(Arc::new(Inner {
            hot,
            ledger,
            durability: self.durability,
            clock,
            ids,
            options: self.options,
            observer: self.observer,
            sales,
            copies,
            closed: Mutex::default(),
        }))
    }
}
