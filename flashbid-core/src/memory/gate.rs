use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::BACKEND;
use super::layers::Layers;
use crate::error::{Rejection, StoreError, StoreErrorKind};
use crate::id::{BidderId, CampaignId, HoldId};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, StockGate, StoreResult,
};
use crate::time::Timestamp;

/// The counters of this process: a [`StockGate`] that dies with it.
#[derive(Debug, Default)]
pub struct MemoryGate {
    layers: Layers,
    counters: Mutex<HashMap<CampaignId, Counter>>,
}

impl MemoryGate {
    /// A gate without counters.
    pub fn new() -> Self {
        Self::default()
    }

    /// A gate whose counter may be switched off, to show what it stops.
    #[cfg(any(test, feature = "conformance"))]
    pub fn with_layers(layers: Layers) -> Self {
        Self {
            layers,
            ..Self::default()
        }
    }

    fn counters(&self) -> MutexGuard<'_, HashMap<CampaignId, Counter>> {
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
            .get_mut(&campaign)
            .ok_or_else(|| StoreError::new(BACKEND, operation, StoreErrorKind::NotFound))?;
        Ok(work(counter))
    }
}

#[async_trait]
impl StockGate for MemoryGate {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        let mut counters = self.counters();
        if let Some(counter) = counters.get(&seed.campaign) {
            return Ok(counter.level);
        }
        let counter = Counter::from_seed(seed).ok_or_else(|| {
            StoreError::new(BACKEND, "load", StoreErrorKind::Conflict)
                .because("the holds take more than the quota")
        })?;
        let level = counter.level;
        counters.insert(seed.campaign, counter);
        Ok(level)
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        self.with("hold", campaign, |counter| {
            batch
                .iter()
                .map(|request| counter.hold(request, self.layers.counter))
                .collect()
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

    async fn holds(&self, _: CampaignId, _: &[HoldId]) -> StoreResult<Vec<Option<Hold>>> {
        unimplemented!()
    }

    async fn due(&self, _: CampaignId, _: Timestamp, _: usize) -> StoreResult<Vec<Hold>> {
        unimplemented!()
    }

    async fn pending(&self, _: CampaignId, _: usize) -> StoreResult<Vec<PendingPurchase>> {
        unimplemented!()
    }

    async fn acknowledge(&self, _: CampaignId, _: &[HoldId]) -> StoreResult<()> {
        unimplemented!()
    }

    async fn close(&self, _: CampaignId) -> StoreResult<GateSeal> {
        unimplemented!()
    }

    async fn level(&self, _: CampaignId) -> StoreResult<Option<GateStats>> {
        unimplemented!()
    }

    async fn contents(&self, _: CampaignId) -> StoreResult<Option<GateContents>> {
        unimplemented!()
    }

    async fn repair(&self, _: CampaignId, _: Units, _: &[HoldRepair]) -> StoreResult<Level> {
        unimplemented!()
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        self.counters().remove(&campaign);
        Ok(())
    }
}

#[derive(Debug)]
struct Counter {
    level: Level,
    per_buyer: Option<Units>,
    holds: HashMap<HoldId, Hold>,
    /// What each buyer has held and sold.
    taken: HashMap<BidderId, Units>,
    /// The holds that are held, the first to expire first.
    due: BTreeSet<(Timestamp, HoldId)>,
}

impl Counter {
    fn from_seed(seed: &GateSeed) -> Option<Self> {
        let mut counter = Self {
            level: Level::loaded_with(seed.quota),
            per_buyer: seed.per_buyer,
            holds: HashMap::new(),
            taken: HashMap::new(),
            due: BTreeSet::new(),
        };
        for hold in &seed.holds {
            match hold.state {
                HoldState::Held => counter.take(*hold, counter.level.hold(hold.units)?),
                HoldState::Consumed => {
                    let level = counter.level.hold(hold.units)?.consume(hold.units)?;
                    counter.take(*hold, level);
                }
                HoldState::Released | HoldState::Expired => {
                    counter.holds.insert(hold.id, *hold);
                }
            }
        }
        Some(counter)
    }

    fn hold(&mut self, request: &HoldRequest, count: bool) -> HoldOutcome {
        if let Some(known) = self.holds.get(&request.id) {
            let same = known.bidder == request.bidder && known.units == request.units;
            return if same {
                Ok(*known)
            } else {
                Err(Rejection::KeyReused)
            };
        }
        let hold = Hold {
            id: request.id,
            bidder: request.bidder,
            units: request.units,
            taken_at: request.at.unwrap_or_default(),
            expires_at: request.expires_at,
            state: HoldState::Held,
        };
        let level = if count {
            self.admit(request)?
        } else {
            overdraw(self.level, request.units)
        };
        self.take(hold, level);
        Ok(hold)
    }

    /// The level after taking what is asked for, if there is enough and the buyer may have it.
    fn admit(&self, request: &HoldRequest) -> Result<Level, Rejection> {
        if let Some(limit) = self.per_buyer {
            let taken = self.taken_by(request.bidder).plus(request.units);
            if taken.is_none_or(|taken| taken > limit) {
                return Err(Rejection::LimitReached);
            }
        }
        self.level.hold(request.units).ok_or(Rejection::SoldOut)
    }

    fn taken_by(&self, bidder: BidderId) -> Units {
        self.taken.get(&bidder).copied().unwrap_or_default()
    }

    /// Adds a hold whose units are out of the available stock of `level`.
    fn take(&mut self, hold: Hold, level: Level) {
        self.level = level;
        self.holds.insert(hold.id, hold);
        let taken = self.taken_by(hold.bidder).plus(hold.units);
        self.taken.insert(hold.bidder, taken.unwrap_or(Units::MAX));
        if hold.state == HoldState::Held {
            self.due.insert((hold.expires_at, hold.id));
        }
    }

    fn end_all(&mut self, holds: &[HoldId], state: HoldState) -> Vec<Option<Hold>> {
        holds.iter().map(|id| self.end(*id, state)).collect()
    }

    /// Ends a hold unless it has ended, and answers it.
    fn end(&mut self, id: HoldId, state: HoldState) -> Option<Hold> {
        let hold = self.holds.get_mut(&id)?;
        if !hold.state.may_become(state) {
            return Some(*hold);
        }
        hold.state = state;
        let hold = *hold;
        self.due.remove(&(hold.expires_at, hold.id));
        let taken_out = "a hold that is held has its units taken out";
        if state == HoldState::Consumed {
            self.level = self.level.consume(hold.units).expect(taken_out);
        } else {
            self.level = self.level.release(hold.units).expect(taken_out);
            let taken = self.taken_by(hold.bidder).minus(hold.units);
            self.taken.insert(hold.bidder, taken.expect(taken_out));
        }
        Some(hold)
    }
}

/// What a level becomes when nobody counts: more is held than there is.
fn overdraw(level: Level, units: Units) -> Level {
    Level {
        available: level.available.minus(units).unwrap_or_default(),
        held: level.held.plus(units).unwrap_or(Units::MAX),
        ..level
    }
}
