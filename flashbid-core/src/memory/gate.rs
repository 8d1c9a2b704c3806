mod counter;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::BACKEND;
use super::layers::Layers;
use crate::error::{StoreError, StoreErrorKind};
use crate::id::{CampaignId, HoldId};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, StockGate, StoreResult,
};
use crate::time::{Clock, SystemClock, Timestamp};
use counter::Counter;

/// The counters of this process: a [`StockGate`] that dies with it.
///
/// Purchases that still wait to become orders when a counter is unloaded are kept until it is loaded again.
#[derive(Debug)]
pub struct MemoryGate {
    clock: Arc<dyn Clock>,
    layers: Layers,
    counters: Mutex<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    loaded: HashMap<CampaignId, Counter>,
    /// What unloaded counters left waiting, in the order in which it was taken.
    left: HashMap<CampaignId, Vec<PendingPurchase>>,
}

impl Default for MemoryGate {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl MemoryGate {
    /// A gate without counters, whose time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            layers: Layers::ALL,
            counters: Mutex::default(),
        }
    }

    /// A gate whose counter may be switched off, to show what it stops.
    #[cfg(any(test, feature = "conformance"))]
    pub fn with_layers(layers: Layers, clock: Arc<dyn Clock>) -> Self {
        Self {
            layers,
            ..Self::new(clock)
        }
    }

    /// Changes a counter by hand, as when somebody writes into a store: quota, level, what buyers have, and holds, but
    /// not what waits. `None` when it is not loaded.
    #[cfg(any(test, feature = "conformance"))]
    pub fn tamper(
        &self,
        campaign: CampaignId,
        change: impl FnOnce(&mut GateContents),
    ) -> Option<()> {
        let mut counters = self.counters();
        let counter = counters.loaded.get_mut(&campaign)?;
        let mut contents = counter.contents();
        change(&mut contents);
        counter.overwrite(contents);
        Some(())
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        operation: &'static str,
        campaign: CampaignId,
        work: impl FnOnce(&mut Counter) -> T,
    ) -> StoreResult<T> {
        let mut counters = self.counters();
        let counter = counters
            .loaded
            .get_mut(&campaign)
            .ok_or_else(|| StoreError::new(BACKEND, operation, StoreErrorKind::NotFound))?;
        Ok(work(counter))
    }
}

#[async_trait]
impl StockGate for MemoryGate {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        let counters = &mut *self.counters();
        if let Some(counter) = counters.loaded.get(&seed.campaign) {
            return Ok(counter.level());
        }
        let mut counter = Counter::from_seed(seed).ok_or_else(|| {
            StoreError::new(BACKEND, "load", StoreErrorKind::Conflict)
                .because("the holds take more than the quota")
        })?;
        if let Some(left) = counters.left.remove(&seed.campaign) {
            counter.take_over(left);
        }
        let level = counter.level();
        counters.loaded.insert(seed.campaign, counter);
        Ok(level)
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        self.with("hold", campaign, |counter| {
            let now = self.clock.now();
            batch
                .iter()
                .map(|request| counter.hold(request, now, self.layers.counter))
                .collect()
        })
    }

    async fn holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.with("holds", campaign, |counter| {
            holds.iter().map(|id| counter.find(*id)).collect()
        })
    }

    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.with("consume", campaign, |counter| {
            counter.end_all(holds, HoldState::Consumed)
        })
    }

    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.with("release", campaign, |counter| {
            counter.end_all(holds, HoldState::Released)
        })
    }

    async fn expire(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.with("expire", campaign, |counter| {
            counter.end_all(holds, HoldState::Expired)
        })
    }

    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        self.with("due", campaign, |counter| counter.due(now, limit))
    }

    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>> {
        self.with("pending", campaign, |counter| {
            counter.pending().take(limit).collect()
        })
    }

    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()> {
        self.with("acknowledge", campaign, |counter| {
            for hold in holds {
                counter.acknowledge(*hold);
            }
        })
    }

    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal> {
        self.with("close", campaign, |counter| counter.close(self.clock.now()))
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>> {
        let counters = self.counters();
        Ok(counters.loaded.get(&campaign).map(Counter::stats))
    }

    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>> {
        let counters = self.counters();
        Ok(counters.loaded.get(&campaign).map(Counter::contents))
    }

    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level> {
        self.with("repair", campaign, |counter| counter.repair(quota, holds))
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        let counters = &mut *self.counters();
        if let Some(counter) = counters.loaded.remove(&campaign) {
            let left: Vec<PendingPurchase> = counter.pending().collect();
            if !left.is_empty() {
                counters.left.insert(campaign, left);
            }
        }
        Ok(())
    }
}
