use async_trait::async_trait;
use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{GateSeed, HoldOutcome, HoldRequest, StockGate, StoreResult};
use flashbid_core::time::Timestamp;
use flashbid_core::{Rejection, StoreError, StoreErrorKind};
use uuid::Uuid;

use crate::RedisHot;
use crate::answer::Answer;
use crate::error::{BACKEND, corrupt};
use crate::script::{Call, Script, script};

script!(LOAD = "load");
script!(HOLD = "hold");
script!(END = "end_holds");
script!(LEVEL = "level");
script!(UNLOAD = "unload");

/// How the scripts name the states that holds end in.
const CONSUMED: u8 = b'c';
const RELEASED: u8 = b'r';
const EXPIRED: u8 = b'e';

#[async_trait]
impl StockGate for RedisHot {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        let rows: Option<Vec<_>> = seed.holds.iter().map(row).collect();
        let Some(rows) = rows else {
            return Err(corrupt("load", "a hold is in a state that is not known"));
        };
        let Some(level) = level_of(seed) else {
            let conflict = StoreError::new(BACKEND, "load", StoreErrorKind::Conflict)
                .because("the holds take more than the quota");
            return self.level(seed.campaign).await?.ok_or(conflict);
        };
        let mut call = self
            .counter(&LOAD, "load", seed.campaign)
            .arg(seed.quota.get())
            .arg(level.available.get())
            .arg(level.held.get())
            .arg(level.sold.get())
            .arg(
                seed.per_buyer
                    .map_or(String::new(), |most| most.to_string()),
            );
        call.packed(|packed| rows.iter().try_for_each(|row| packed.write_all(row)));
        read_level(&mut call.run(&self.link).await?)
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        let mut call = self.counter(&HOLD, "hold", campaign);
        call.packed(|packed| {
            for request in batch {
                packed.write_all(request.id.as_bytes())?;
                packed.write_all(request.bidder.as_bytes())?;
                packed.write_all(&request.units.get().to_le_bytes())?;
                packed.write_all(&ordered(request.expires_at))?;
            }
            Ok(())
        });
        let answer = &mut call.run(&self.link).await?;
        let told = answer.bytes()?;
        let told = &mut told.as_slice();
        batch
            .iter()
            .map(|request| outcome(request, told))
            .collect::<Option<Vec<_>>>()
            .filter(|_| told.is_empty())
            .ok_or_else(|| answer.corrupt("an outcome makes no sense"))
    }

    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.end("consume", campaign, CONSUMED, holds).await
    }

    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.end("release", campaign, RELEASED, holds).await
    }

    async fn expire(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        let mut last_due = vec![b'['];
        last_due.extend(ordered(now));
        last_due.extend([u8::MAX; 16]);
        let call = self
            .counter(&END, "expire", campaign)
            .arg([EXPIRED].as_slice())
            .arg(last_due)
            .arg(i64::try_from(limit).unwrap_or(i64::MAX));
        let answer = &mut call.run(&self.link).await?;
        let told = answer.bytes()?;
        let mut told = told.as_slice();
        let mut expired = Vec::new();
        while !told.is_empty() {
            let hold = expired_hold(&mut told);
            expired.push(hold.ok_or_else(|| answer.corrupt("a hold that is due is not there"))?);
        }
        Ok(expired)
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<Level>> {
        let call = LEVEL.call("level", &[&self.key("stock", campaign)]);
        let answer = &mut call.run(&self.link).await?;
        if answer.len() == 0 {
            return Ok(None);
        }
        read_level(answer).map(Some)
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        let call = self.counter(&UNLOAD, "unload", campaign);
        call.run(&self.link).await.map(drop)
    }
}

impl RedisHot {
    /// A call on everything that makes up the counter of a campaign.
    fn counter(
        &self,
        script: &'static Script,
        operation: &'static str,
        campaign: CampaignId,
    ) -> Call {
        let keys = ["stock", "holds", "taken", "due"].map(|kind| self.key(kind, campaign));
        script.call(operation, &keys.each_ref().map(String::as_str))
    }

    async fn end(
        &self,
        operation: &'static str,
        campaign: CampaignId,
        state: u8,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        let mut call = self
            .counter(&END, operation, campaign)
            .arg([state].as_slice());
        call.packed(|packed| {
            holds
                .iter()
                .try_for_each(|id| packed.write_all(id.as_bytes()))
        });
        let answer = &mut call.run(&self.link).await?;
        let told = answer.bytes()?;
        let told = &mut told.as_slice();
        holds
            .iter()
            .map(|id| match told.split_off_first()? {
                b'-' => Some(None),
                b'+' => hold(*id, told).map(Some),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .filter(|_| told.is_empty())
            .ok_or_else(|| answer.corrupt("a hold makes no sense"))
    }
}

/// Where the units of a seed are; `None` when its holds take more than there is.
fn level_of(seed: &GateSeed) -> Option<Level> {
    let mut level = Level::loaded_with(seed.quota);
    for hold in &seed.holds {
        match hold.state {
            HoldState::Held => level = level.hold(hold.units)?,
            HoldState::Consumed => level = level.hold(hold.units)?.consume(hold.units)?,
            _ => {}
        }
    }
    Some(level)
}

/// A hold as `load` takes it.
fn row(hold: &Hold) -> Option<Vec<u8>> {
    let mut row = Vec::with_capacity(45);
    row.extend(hold.id.as_bytes());
    row.extend(hold.bidder.as_bytes());
    row.extend(hold.units.get().to_le_bytes());
    row.extend(ordered(hold.expires_at));
    row.push(letter(hold.state)?);
    Some(row)
}

fn read_level(answer: &mut Answer) -> StoreResult<Level> {
    let mut place = || {
        let count = answer.parse()?;
        Units::new(count).ok_or_else(|| answer.corrupt("there are more units than can be"))
    };
    Ok(Level {
        available: place()?,
        held: place()?,
        sold: place()?,
    })
}

/// What became of a request, from the front of the answer.
fn outcome(request: &HoldRequest, told: &mut &[u8]) -> Option<HoldOutcome> {
    let (expires_at, state) = match told.split_off_first()? {
        b'H' => (request.expires_at, HoldState::Held),
        b'K' => (moment(told)?, state(told)?),
        b'R' => return Some(Err(Rejection::KeyReused)),
        b'L' => return Some(Err(Rejection::LimitReached)),
        b'S' => return Some(Err(Rejection::SoldOut)),
        _ => return None,
    };
    Some(Ok(Hold {
        id: request.id,
        bidder: request.bidder,
        units: request.units,
        expires_at,
        state,
    }))
}

/// A hold that was found by its expiry: its id stands before it.
fn expired_hold(told: &mut &[u8]) -> Option<Hold> {
    if told.split_off_first() != Some(&b'+') {
        return None;
    }
    let id = bytes(told)?;
    hold(Uuid::from_bytes(id).into(), told)
}

fn hold(id: HoldId, told: &mut &[u8]) -> Option<Hold> {
    Some(Hold {
        id,
        bidder: Uuid::from_bytes(bytes(told)?).into(),
        units: Units::new(u32::from_le_bytes(bytes(told)?))?,
        expires_at: moment(told)?,
        state: state(told)?,
    })
}

fn bytes<const LENGTH: usize>(told: &mut &[u8]) -> Option<[u8; LENGTH]> {
    told.split_off(..LENGTH)?.try_into().ok()
}

/// Bytes that are ordered as times are.
const fn ordered(at: Timestamp) -> [u8; 8] {
    (at.millis() ^ i64::MIN).to_be_bytes()
}

fn moment(told: &mut &[u8]) -> Option<Timestamp> {
    let ordered = i64::from_be_bytes(bytes(told)?);
    Some(Timestamp::from_millis(ordered ^ i64::MIN))
}

const fn letter(state: HoldState) -> Option<u8> {
    match state {
        HoldState::Held => Some(b'h'),
        HoldState::Consumed => Some(CONSUMED),
        HoldState::Released => Some(RELEASED),
        HoldState::Expired => Some(EXPIRED),
        _ => None,
    }
}

fn state(told: &mut &[u8]) -> Option<HoldState> {
    match told.split_off_first()? {
        b'h' => Some(HoldState::Held),
        &CONSUMED => Some(HoldState::Consumed),
        &RELEASED => Some(HoldState::Released),
        &EXPIRED => Some(HoldState::Expired),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_are_ordered_as_their_bytes() {
        let moments = [i64::MIN, -1, 0, 1, 1_900_000_000_000, i64::MAX];
        let moments = moments.map(Timestamp::from_millis);
        assert!(moments.is_sorted_by_key(|at| ordered(*at)));
        for at in moments {
            assert_eq!(moment(&mut ordered(at).as_slice()), Some(at));
        }
    }
}
