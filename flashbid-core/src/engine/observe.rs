//! What an engine tells whoever measures it.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use crate::campaign::Campaign;
use crate::error::StoreError;
use crate::id::CampaignId;
use crate::order::OrderStatus;
use crate::stock::{Level, Units};
use crate::store::StoreResult;

/// Whoever measures an engine; see [`EngineBuilder::observer`](super::EngineBuilder::observer).
///
/// It is told on the way of a bid: it counts and returns, and never waits.
pub trait Observer: Debug + Send + Sync + 'static {
    /// Takes note. Kinds that it does not know it leaves alone.
    fn observe(&self, observation: Observation<'_>);
}

/// What is on its way through a lane, the hot store and the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// Bids of ranked campaigns.
    Bids,
    /// Purchases of first-come campaigns.
    Purchases,
}

/// The store that a batch waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The atomic step in the hot store.
    Hot,
    /// The transaction of the ledger.
    Ledger,
}

/// What stood in the way of an oversell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// The hot store's counter refused what the ranking or the ledger would have given.
    Counter,
    /// The ledger's transaction refused what the hot store had allowed.
    Ledger,
}

/// Where the terms of a campaign were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lookup {
    /// In this process.
    Process,
    /// In the hot store.
    Hot,
    /// In the ledger.
    Ledger,
}

/// One thing that happened, or that was found to be so.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A lane gave a batch to its stores.
    Batch {
        /// What it is made of.
        flow: Flow,
        /// Of how many.
        size: usize,
    },
    /// A batch went through a store, tries included.
    Stage {
        /// What it was made of.
        flow: Flow,
        /// Through which store.
        stage: Stage,
        /// How long it took.
        took: Duration,
        /// Whether the store did it.
        succeeded: bool,
    },
    /// A store call failed; it may be tried again.
    StoreFailed {
        /// How.
        error: &'a StoreError,
    },
    /// The terms of a campaign were looked for.
    Looked {
        /// Where.
        lookup: Lookup,
        /// Whether they were there.
        found: bool,
    },
    /// The campaigns that have started and are neither settled nor cancelled, all of them. What was told of others is
    /// over.
    Due {
        /// As the ledger has them.
        campaigns: &'a [Campaign],
    },
    /// The relay went through a campaign's events, or failed.
    Relayed {
        /// Of which campaign.
        campaign: CampaignId,
        /// What the events are of.
        flow: Flow,
        /// How many the ledger lacked until now.
        events: u64,
        /// How long ago the oldest of them was accepted.
        waited: Option<Duration>,
        /// Why the ledger may still lack some.
        result: Result<(), &'a StoreError>,
        /// How long it took.
        took: Duration,
    },
    /// This node settled a campaign.
    Settled {
        /// Which.
        campaign: CampaignId,
        /// For how many winners.
        orders: usize,
        /// How long after the end of its window, by the engine's clock.
        late: Duration,
        /// How long the settlement took.
        took: Duration,
    },
    /// Orders were made (they became [`OrderStatus::PendingPayment`]) or moved on.
    OrdersMoved {
        /// What they are now.
        to: OrderStatus,
        /// How many.
        orders: usize,
    },
    /// How many units the orders of a campaign hold, as the ledger has it. More than the quota is an oversell.
    Allocated {
        /// Of which campaign.
        campaign: CampaignId,
        /// The units.
        units: u64,
        /// What it may allocate.
        quota: Units,
    },
    /// More would have been given away, had it not been refused.
    Prevented {
        /// Of which campaign.
        campaign: CampaignId,
        /// By what.
        guard: Guard,
    },
    /// Where the units of a campaign are, by the hot counter.
    Level {
        /// Of which campaign.
        campaign: CampaignId,
        /// The units.
        level: Level,
    },
    /// How many discrepancies of a kind are open, over all campaigns.
    Discrepancies {
        /// The kind, from a closed list.
        kind: &'static str,
        /// How many; zero when all are repaired.
        open: u64,
    },
    /// How many events were set aside because they failed again and again.
    DeadLetters {
        /// How many wait for somebody to look at them.
        open: u64,
    },
}

/// Something that began now, if anybody wants to know how long it takes.
#[derive(Debug)]
pub(super) struct Timing<'e>(Option<(&'e dyn Observer, Instant)>);

impl Timing<'_> {
    /// Says that it is over.
    pub(super) fn tell<'a>(self, observation: impl FnOnce(Duration) -> Observation<'a>) {
        if let Some((observer, since)) = self.0 {
            observer.observe(observation(since.elapsed()));
        }
    }
}

impl Engine {
    /// Tells the observer, if there is one.
    pub(super) fn tell<'a>(&self, observation: impl FnOnce() -> Observation<'a>) {
        if let Some(observer) = self.observer() {
            observer.observe(observation());
        }
    }

    pub(super) fn observer(&self) -> Option<&dyn Observer> {
        self.0.observer.as_deref()
    }

    pub(super) fn timing(&self) -> Timing<'_> {
        Timing(self.observer().map(|observer| (observer, Instant::now())))
    }

    /// Times a batch on its way through a store.
    pub(super) async fn through<T>(
        &self,
        flow: Flow,
        stage: Stage,
        call: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let timing = self.timing();
        let result = call.await;
        timing.tell(|took| Observation::Stage {
            flow,
            stage,
            took,
            succeeded: result.is_ok(),
        });
        result
    }
}
