mod found;
mod taking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flashbid_core::campaign::Window;
use flashbid_core::id::{CampaignId, HoldId, TicketId};
use flashbid_core::memory::{Layers, MemoryGate};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, StockGate, StoreResult,
};
use flashbid_core::time::{SystemClock, Timestamp};

/// What a gate does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It reads the level, and takes the units a moment later.
    ChecksThenTakes,
    /// It fails a batch as a whole.
    OneRefusalSpoilsTheBatch,
    /// It gives units back whenever it is told to.
    ReleasesTwice,
    /// It counts each request against the limit alone.
    ForgetsWhatABuyerHas,
    /// It takes the units of a retry again.
    RetriesTakeAgain,
    /// It starts from the quota whatever is held.
    IgnoresTheSeed,
    /// It loads again what is loaded.
    LoadsAgain,
    /// It says that anything is due.
    AnythingIsDue,
    /// It takes purchases at any time.
    IgnoresTheWindow,
    /// It seals whatever its window says.
    SealsAnything,
    /// It seals for those who ask and not for those who buy.
    SealsInNameOnly,
    /// It does not look at tickets.
    IgnoresTickets,
    /// It takes a ticket before it looks at the rest.
    RefusalsSpendTickets,
    /// It forgets holds that have ended.
    ForgetsWhatHasEnded,
    /// It takes a thousand of a batch and no more.
    TakesAThousand,
    /// It answers a thousand holds and no more.
    TellsAThousand,
    /// It keeps a counter that it was told to forget.
    NeverUnloads,
    /// It does not count its changes.
    ChangesStandStill,
    /// It queues by id.
    QueuesById,
    /// It queues a retry again.
    RetriesQueueAgain,
    /// It queues whatever is taken.
    QueuesCarts,
    /// It forgets a purchase that waits when its units come back.
    QueuesWhatIsHeld,
    /// It acknowledges all before the last that it is told of.
    AcknowledgesUpTo,
    /// It counts as it did.
    RepairsNothing,
    /// It repairs a hold whatever has become of it.
    RepairsAnything,
    /// It makes room for what is held beyond the quota.
    RepairsTheQuota,
    /// It knows ids, and does not look at what they stand for.
    AnswersAnyRequestOfAnId,
    /// It forgets what waits with a counter.
    UnloadsTheQueue,
    /// It forgets every counter with one.
    UnloadsAll,
    /// It says that a hold expired when it was given back.
    ReleasesAsExpired,
}

#[derive(Debug)]
struct Broken {
    gate: MemoryGate,
    mistake: Mistake,
    seeds: Mutex<HashMap<CampaignId, GateSeed>>,
    released_again: Mutex<HashMap<HoldId, u32>>,
    spent: Mutex<HashMap<TicketId, HoldId>>,
}

fn sound() -> MemoryGate {
    MemoryGate::default()
}

fn broken(mistake: Mistake) -> Broken {
    let gate = if mistake == Mistake::ChecksThenTakes {
        let layers = Layers {
            counter: false,
            ..Layers::ALL
        };
        MemoryGate::with_layers(layers, Arc::new(SystemClock))
    } else {
        sound()
    };
    Broken {
        gate,
        mistake,
        seeds: Mutex::default(),
        released_again: Mutex::default(),
        spent: Mutex::default(),
    }
}

#[async_trait]
impl StockGate for Broken {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        let mut seed = seed.clone();
        match self.mistake {
            Mistake::IgnoresTheSeed => seed.holds.clear(),
            Mistake::ForgetsWhatABuyerHas => seed.per_buyer = None,
            Mistake::LoadsAgain => self.gate.unload(seed.campaign).await?,
            Mistake::IgnoresTheWindow => {
                let always = [0, i64::MAX].map(Timestamp::from_millis);
                seed.window = Window::new(always[0], always[1]).unwrap();
            }
            _ => {}
        }
        self.seeds
            .lock()
            .unwrap()
            .insert(seed.campaign, seed.clone());
        self.gate.load(&seed).await
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        self.take(campaign, batch).await
    }

    async fn holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        let mut holds = self.gate.holds(campaign, holds).await?;
        if self.mistake == Mistake::ForgetsWhatHasEnded {
            for hold in &mut holds {
                hold.take_if(|hold| hold.state != HoldState::Held);
            }
        }
        Ok(holds)
    }

    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.consume(campaign, holds).await
    }

    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        if self.mistake == Mistake::ReleasesAsExpired {
            return self.gate.expire(campaign, holds).await;
        }
        let released = self.gate.release(campaign, holds).await?;
        for hold in released.iter().flatten() {
            *self
                .released_again
                .lock()
                .unwrap()
                .entry(hold.id)
                .or_default() += hold.units.get();
        }
        Ok(released)
    }

    async fn expire(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.expire(campaign, holds).await
    }

    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        let now = match self.mistake {
            Mistake::AnythingIsDue => Timestamp::from_millis(i64::MAX),
            _ => now,
        };
        self.gate.due(campaign, now, limit).await
    }

    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>> {
        let mut pending = self.gate.pending(campaign, limit).await?;
        match self.mistake {
            Mistake::QueuesById => pending.sort_by_key(|waiting| waiting.hold.id),
            Mistake::QueuesWhatIsHeld => {
                pending.retain(|waiting| waiting.hold.state == HoldState::Held);
            }
            Mistake::RetriesQueueAgain => {
                let again = self.released_again.lock().unwrap();
                let twice = pending.clone().into_iter();
                pending.extend(twice.filter(|waiting| again.contains_key(&waiting.hold.id)));
            }
            _ => {}
        }
        Ok(pending)
    }

    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()> {
        let mut holds = holds.to_vec();
        if self.mistake == Mistake::AcknowledgesUpTo {
            let pending = self.gate.pending(campaign, usize::MAX).await?;
            let ids: Vec<_> = pending.iter().map(|waiting| waiting.hold.id).collect();
            if let Some(last) = ids.iter().rposition(|id| holds.contains(id)) {
                holds.extend(&ids[..last]);
            }
        }
        self.gate.acknowledge(campaign, &holds).await
    }

    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal> {
        match self.mistake {
            Mistake::SealsAnything => {
                self.gate.close(campaign).await?;
                Ok(GateSeal::Sealed)
            }
            Mistake::SealsInNameOnly => Ok(GateSeal::Sealed),
            _ => self.gate.close(campaign).await,
        }
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>> {
        let Some(mut stats) = self.gate.level(campaign).await? else {
            return Ok(None);
        };
        match self.mistake {
            // What the counter would say if each call had added its units.
            Mistake::ReleasesTwice => {
                let given_back = self.released_again.lock().unwrap().values().sum();
                let quota = self.seeds.lock().unwrap()[&campaign].quota;
                let available = stats.level.available.plus(Units::new(given_back).unwrap());
                stats.level.available = available.unwrap_or(quota);
            }
            Mistake::ChangesStandStill => stats.changes = 0,
            _ => {}
        }
        Ok(Some(stats))
    }

    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>> {
        let mut contents = self.gate.contents(campaign).await?;
        if let (Mistake::TellsAThousand, Some(contents)) = (self.mistake, &mut contents) {
            contents.holds.truncate(1_000);
        }
        Ok(contents)
    }

    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level> {
        let mut holds = holds.to_vec();
        let mut quota = quota;
        match self.mistake {
            Mistake::RepairsNothing => {
                let stats = self.gate.level(campaign).await?;
                return Ok(stats.map(|stats| stats.level).unwrap_or_default());
            }
            Mistake::RepairsAnything => {
                for repair in &mut holds {
                    let now = self.gate.holds(campaign, &[repair.hold.id]).await?;
                    repair.seen = now[0].map(|hold| hold.state);
                }
            }
            Mistake::RepairsTheQuota => {
                let stats = self.gate.level(campaign).await?.unwrap();
                let taken = stats.level.held.plus(stats.level.sold).unwrap();
                quota = quota.max(taken);
            }
            _ => {}
        }
        self.gate.repair(campaign, quota, &holds).await
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        if self.mistake == Mistake::NeverUnloads {
            return Ok(());
        }
        if self.mistake == Mistake::UnloadsTheQueue
            && let Some(contents) = self.gate.contents(campaign).await?
        {
            let waiting = contents.pending.iter();
            let waiting: Vec<_> = waiting.map(|waiting| waiting.hold.id).collect();
            self.gate.acknowledge(campaign, &waiting).await?;
        }
        if self.mistake == Mistake::UnloadsAll {
            let all: Vec<_> = self.seeds.lock().unwrap().keys().copied().collect();
            for campaign in all {
                self.gate.unload(campaign).await?;
            }
        }
        self.gate.unload(campaign).await
    }
}
