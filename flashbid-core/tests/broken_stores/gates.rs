use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::memory::{Layers, MemoryGate};
use flashbid_core::stock::{Hold, Level};
use flashbid_core::store::{GateSeed, HoldOutcome, HoldRequest, StockGate, StoreResult};
use flashbid_core::time::Timestamp;
use uuid::Uuid;

use crate::assert_fails;

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
    /// It expires what is not due.
    ExpiresAnything,
}

#[derive(Debug)]
struct Broken {
    gate: MemoryGate,
    mistake: Mistake,
    seeds: Mutex<HashMap<CampaignId, GateSeed>>,
    released_again: Mutex<HashMap<HoldId, u32>>,
}

fn sound() -> MemoryGate {
    MemoryGate::default()
}

fn broken(mistake: Mistake) -> Broken {
    let gate = if mistake == Mistake::ChecksThenTakes {
        MemoryGate::with_layers(Layers {
            counter: false,
            ..Layers::ALL
        })
    } else {
        sound()
    };
    Broken {
        gate,
        mistake,
        seeds: Mutex::default(),
        released_again: Mutex::default(),
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
        match self.mistake {
            Mistake::ChecksThenTakes => {
                let mut outcomes = Vec::new();
                for request in batch {
                    let level = self.gate.level(campaign).await?.unwrap_or_default();
                    tokio::task::yield_now().await;
                    if level.hold(request.units).is_some() {
                        outcomes.extend(self.gate.hold(campaign, &[*request]).await?);
                    } else {
                        outcomes.push(Err(flashbid_core::Rejection::SoldOut));
                    }
                }
                Ok(outcomes)
            }
            Mistake::OneRefusalSpoilsTheBatch => {
                let outcomes = self.gate.hold(campaign, batch).await?;
                let Some(refusal) = outcomes.iter().find_map(|outcome| outcome.clone().err())
                else {
                    return Ok(outcomes);
                };
                let ids: Vec<_> = batch.iter().map(|request| request.id).collect();
                self.gate.release(campaign, &ids).await?;
                Ok(batch.iter().map(|_| Err(refusal.clone())).collect())
            }
            Mistake::RetriesTakeAgain => {
                let mut outcomes = Vec::new();
                for request in batch {
                    let first = self.gate.hold(campaign, &[*request]).await?;
                    let again = HoldRequest {
                        id: HoldId::new(Uuid::from_u128(request.id.uuid().as_u128() ^ 1)),
                        ..*request
                    };
                    if self
                        .released_again
                        .lock()
                        .unwrap()
                        .insert(request.id, 1)
                        .is_some()
                    {
                        self.gate.hold(campaign, &[again]).await?;
                    }
                    outcomes.extend(first);
                }
                Ok(outcomes)
            }
            _ => self.gate.hold(campaign, batch).await,
        }
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
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        let now = match self.mistake {
            Mistake::ExpiresAnything => Timestamp::from_millis(i64::MAX),
            _ => now,
        };
        self.gate.expire(campaign, now, limit).await
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<Level>> {
        let level = self.gate.level(campaign).await?;
        if self.mistake != Mistake::ReleasesTwice {
            return Ok(level);
        }
        // What the counter would say if each call had added its units.
        let given_back = self.released_again.lock().unwrap().values().sum();
        let quota = self.seeds.lock().unwrap()[&campaign].quota;
        Ok(level.map(|level| Level {
            available: level
                .available
                .plus(flashbid_core::stock::Units::new(given_back).unwrap())
                .unwrap_or(quota),
            ..level
        }))
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        self.gate.unload(campaign).await
    }
}

#[test]
fn an_oversell_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::ChecksThenTakes); concurrent_holds_never_oversell);
}

#[test]
fn a_batch_that_fails_as_a_whole_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::OneRefusalSpoilsTheBatch); a_refused_hold_takes_nothing);
}

#[test]
fn units_that_come_back_twice_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::ReleasesTwice); units_come_back_once, a_hold_ends_once);
}

#[test]
fn a_limit_that_forgets_is_found() {
    assert_fails!(
        gate, sound(), broken(Mistake::ForgetsWhatABuyerHas);
        the_limit_counts_held_and_sold,
        the_limit_is_told_before_the_stock,
    );
}

#[test]
fn a_retry_that_takes_again_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::RetriesTakeAgain); a_hold_is_taken_once);
}

#[test]
fn a_wrong_start_is_found() {
    assert_fails!(
        gate, sound(), broken(Mistake::IgnoresTheSeed);
        a_seed_gives_the_level,
        a_seed_beyond_the_quota_is_refused,
    );
    assert_fails!(gate, sound(), broken(Mistake::LoadsAgain); loading_twice_changes_nothing);
}

#[test]
fn holds_that_expire_too_early_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::ExpiresAnything); only_due_holds_expire);
}
