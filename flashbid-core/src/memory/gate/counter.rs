//! The counter of one campaign, and the holds behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::campaign::Window;
use crate::error::Rejection;
use crate::id::{BidderId, HoldId, PurchaseId};
use crate::memory::tickets::UsedTickets;
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, Purpose,
};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Counter {
    window: Window,
    sealed: bool,
    quota: Units,
    level: Level,
    /// Counts the changes of the level.
    changes: u64,
    per_buyer: Option<Units>,
    holds: HashMap<HoldId, Hold>,
    /// What each buyer has held and sold.
    taken: HashMap<BidderId, Units>,
    /// The holds that are held, the first to expire first.
    due: BTreeSet<(Timestamp, HoldId)>,
    queue: Queue,
    tickets: UsedTickets,
}

impl Counter {
    /// `None` when the holds take more than the quota.
    pub(super) fn from_seed(seed: &GateSeed) -> Option<Self> {
        let mut counter = Self {
            window: seed.window,
            sealed: seed.sealed,
            quota: seed.quota,
            level: Level::loaded_with(seed.quota),
            changes: 0,
            per_buyer: seed.per_buyer,
            holds: HashMap::new(),
            taken: HashMap::new(),
            due: BTreeSet::new(),
            queue: Queue::default(),
            tickets: UsedTickets::default(),
        };
        for hold in &seed.holds {
            counter.holds.insert(hold.id, *hold);
        }
        counter.count().then_some(counter)
    }

    /// Goes on with purchases that an earlier counter of the campaign left waiting. What the seed says of their holds
    /// is newer.
    pub(super) fn take_over(&mut self, left: Vec<PendingPurchase>) {
        for PendingPurchase { purchase, hold } in left {
            self.holds.entry(hold.id).or_insert(hold);
            self.queue.push(purchase, hold.id);
        }
        self.count();
    }

    pub(super) const fn level(&self) -> Level {
        self.level
    }

    pub(super) fn find(&self, id: HoldId) -> Option<Hold> {
        self.holds.get(&id).copied()
    }

    pub(super) fn hold(
        &mut self,
        request: &HoldRequest,
        now: Timestamp,
        count: bool,
    ) -> HoldOutcome {
        if let Some(known) = self.holds.get(&request.id) {
            let same = known.bidder == request.bidder && known.units == request.units;
            return if same {
                Ok(*known)
            } else {
                Err(Rejection::KeyReused)
            };
        }
        let at = request.at.unwrap_or(now);
        if request.purpose != Purpose::Allocation {
            self.admit_time(at)?;
        }
        self.tickets.admit(request.ticket, at)?;
        let level = if count {
            self.admit_units(request)?
        } else {
            overdraw(self.level, request.units)
        };
        self.tickets.spend(request.ticket, at);
        let hold = Hold {
            id: request.id,
            bidder: request.bidder,
            units: request.units,
            taken_at: at,
            expires_at: request.expires_at,
            state: HoldState::Held,
        };
        self.take(hold, level);
        if let Purpose::Purchase(purchase) = request.purpose {
            self.queue.push(purchase, hold.id);
        }
        Ok(hold)
    }

    fn admit_time(&self, at: Timestamp) -> Result<(), Rejection> {
        if self.sealed || at >= self.window.end() {
            return Err(Rejection::Ended);
        }
        let start = self.window.start();
        if at < start {
            return Err(Rejection::NotStarted { start });
        }
        Ok(())
    }

    /// The level after taking what is asked for, if there is enough and the buyer may have it.
    fn admit_units(&self, request: &HoldRequest) -> Result<Level, Rejection> {
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
        self.set_level(level);
        self.holds.insert(hold.id, hold);
        self.due.insert((hold.expires_at, hold.id));
        let taken = self.taken_by(hold.bidder).plus(hold.units);
        self.taken.insert(hold.bidder, taken.unwrap_or(Units::MAX));
    }

    const fn set_level(&mut self, level: Level) {
        self.level = level;
        self.changes += 1;
    }

    pub(super) fn end_all(&mut self, holds: &[HoldId], state: HoldState) -> Vec<Option<Hold>> {
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
        if state == HoldState::Consumed {
            let sold = self.level.consume(hold.units);
            self.set_level(sold.expect(TAKEN_OUT));
            return Some(hold);
        }
        let taken = self.taken_by(hold.bidder).minus(hold.units);
        match taken.expect(TAKEN_OUT) {
            Units::ZERO => self.taken.remove(&hold.bidder),
            taken => self.taken.insert(hold.bidder, taken),
        };
        let free = self.level.release(hold.units).expect(TAKEN_OUT);
        let level = self.within_quota(free);
        self.set_level(level);
        Some(hold)
    }

    /// `free` without units that come back to a counter whose holds come to more than its quota.
    fn within_quota(&self, free: Level) -> Level {
        let taken = u64::from(free.held.get()) + u64::from(free.sold.get());
        let rest = u64::from(self.quota.get()).saturating_sub(taken);
        let rest = u32::try_from(rest).ok().and_then(Units::new);
        Level {
            available: free.available.min(rest.unwrap_or_default()),
            ..free
        }
    }

    pub(super) fn due(&self, now: Timestamp, limit: usize) -> Vec<Hold> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now);
        due.take(limit).map(|(_, id)| self.holds[id]).collect()
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = PendingPurchase> {
        let waiting = self.queue.waiting.values();
        waiting.map(|(purchase, hold)| PendingPurchase {
            purchase: *purchase,
            hold: self.holds[hold],
        })
    }

    pub(super) fn acknowledge(&mut self, hold: HoldId) {
        self.queue.remove(hold);
    }

    pub(super) fn close(&mut self, now: Timestamp) -> GateSeal {
        self.sealed |= self.window.end() <= now;
        if self.sealed {
            GateSeal::Sealed
        } else {
            GateSeal::NotEnded
        }
    }

    pub(super) fn stats(&self) -> GateStats {
        GateStats {
            level: self.level,
            pending: self.queue.waiting.len() as u64,
            oldest_pending: self.pending().next().map(|oldest| oldest.hold.taken_at),
            sealed: self.sealed,
            changes: self.changes,
        }
    }

    pub(super) fn contents(&self) -> GateContents {
        let taken: BTreeMap<BidderId, Units> = if self.per_buyer.is_some() {
            self.taken.iter().map(|(of, units)| (*of, *units)).collect()
        } else {
            BTreeMap::new()
        };
        let mut holds: Vec<Hold> = self.holds.values().copied().collect();
        holds.sort_unstable_by_key(|hold| hold.id);
        GateContents {
            quota: self.quota,
            level: self.level,
            taken: taken.into_iter().collect(),
            holds,
            pending: self.pending().collect(),
        }
    }

    /// Takes over what was changed by hand, whether or not it makes sense.
    #[cfg(any(test, feature = "conformance"))]
    pub(super) fn overwrite(&mut self, contents: GateContents) {
        self.holds = contents
            .holds
            .into_iter()
            .map(|hold| (hold.id, hold))
            .collect();
        self.count();
        self.quota = contents.quota;
        // Without a limit nothing is told of buyers, and nothing can be changed about them.
        if self.per_buyer.is_some() {
            self.taken = contents.taken.into_iter().collect();
        }
        self.set_level(contents.level);
    }

    pub(super) fn repair(&mut self, quota: Units, repairs: &[HoldRepair]) -> Level {
        for HoldRepair { hold, seen } in repairs {
            if self.holds.get(&hold.id).map(|known| known.state) == *seen {
                self.holds.insert(hold.id, *hold);
            }
        }
        self.quota = quota;
        self.count();
        self.level
    }

    /// Counts everything anew from the quota and the holds, and answers whether the quota is enough for them.
    fn count(&mut self) -> bool {
        let mut level = Level::default();
        self.due.clear();
        self.taken.clear();
        for hold in self.holds.values() {
            let place = match hold.state {
                HoldState::Held => {
                    self.due.insert((hold.expires_at, hold.id));
                    &mut level.held
                }
                HoldState::Consumed => &mut level.sold,
                HoldState::Released | HoldState::Expired => continue,
            };
            *place = place.plus(hold.units).unwrap_or(Units::MAX);
            let taken = self.taken.entry(hold.bidder).or_default();
            *taken = taken.plus(hold.units).unwrap_or(Units::MAX);
        }
        let within = level.loaded() <= u64::from(self.quota.get());
        level.available = self.quota;
        let level = self.within_quota(level);
        self.set_level(level);
        within
    }
}

const TAKEN_OUT: &str = "a hold that is held has its units taken out";

/// What a level becomes when nobody counts: more is held than there is.
fn overdraw(level: Level, units: Units) -> Level {
    Level {
        available: level.available.minus(units).unwrap_or_default(),
        held: level.held.plus(units).unwrap_or(Units::MAX),
        ..level
    }
}

/// Purchases that wait to become orders, in the order in which they were taken.
#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<u64, (PurchaseId, HoldId)>,
    places: HashMap<HoldId, u64>,
    end: u64,
}

impl Queue {
    fn push(&mut self, purchase: PurchaseId, hold: HoldId) {
        self.end += 1;
        self.waiting.insert(self.end, (purchase, hold));
        self.places.insert(hold, self.end);
    }

    fn remove(&mut self, hold: HoldId) {
        if let Some(place) = self.places.remove(&hold) {
            self.waiting.remove(&place);
        }
    }
}
