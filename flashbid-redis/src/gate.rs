//! The counters on Redis.
//!
//! A counter notes the replication id of the server that it was loaded on, as a book does, and is not found on another:
//! what a server that was restarted or took over has of it may be older than what was told to buyers.

mod reading;
mod record;

use async_trait::async_trait;
use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, StockGate, StoreResult,
};
use flashbid_core::time::Timestamp;
use flashbid_core::{StoreError, StoreErrorKind};

use crate::RedisHot;
use crate::error::{BACKEND, corrupt};
use crate::script::{Call, Script, script};
use crate::time::reckoned;
use reading::{hold_of, outcome, read_contents, read_hold, read_holds, read_id, read_level};
use record::{CONSUMED, EXPIRED, RELEASED};

script!(LOAD = "load");
script!(HOLD = "hold");
script!(HOLDS = "holds");
script!(END = "end_holds");
script!(DUE = "due");
script!(PENDING = "pending");
script!(ACKNOWLEDGE = "acknowledge");
script!(CLOSE = "close");
script!(LEVEL = "level");
script!(CONTENTS = "contents");
script!(REPAIR = "repair");
script!(UNLOAD = "unload");

#[async_trait]
impl StockGate for RedisHot {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        let mut holds = Vec::with_capacity(53 * seed.holds.len());
        for hold in &seed.holds {
            record::write_hold(hold, &mut holds).ok_or_else(|| unknown_state("load"))?;
        }
        if !is_within_quota(seed) {
            let conflict = StoreError::new(BACKEND, "load", StoreErrorKind::Conflict)
                .because("the holds take more than the quota");
            let loaded = self.level(seed.campaign).await?;
            return loaded.map(|stats| stats.level).ok_or(conflict);
        }
        let keys = ["stock", "holds", "taken", "due", "pending"];
        let call = self
            .counter(&LOAD, "load", seed.campaign, keys)
            .arg(seed.quota.get())
            .arg(
                seed.per_buyer
                    .map_or(String::new(), |most| most.to_string()),
            )
            .arg(reckoned(seed.window.start()))
            .arg(reckoned(seed.window.end()))
            .arg(u8::from(seed.sealed))
            .arg(holds);
        read_level(&mut call.run(&self.link).await?)
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        let with_tickets = batch.iter().any(|request| request.ticket.is_some());
        // A key that is not there holds up its slot while that moves to another node of a cluster.
        let mut call = if with_tickets {
            let keys = ["stock", "holds", "taken", "due", "pending", "tickets"];
            self.counter(&HOLD, "hold", campaign, keys)
        } else {
            let keys = ["stock", "holds", "taken", "due", "pending"];
            self.counter(&HOLD, "hold", campaign, keys)
        };
        call.packed(|to| {
            batch
                .iter()
                .try_for_each(|request| record::write_request(request, to))
        });
        if with_tickets {
            call.packed(|to| {
                batch
                    .iter()
                    .try_for_each(|request| record::write_ticket(request.ticket.as_ref(), to))
            });
        } else {
            call = call.arg("");
        }
        let answer = &mut call.run(&self.link).await?;
        let start = Timestamp::from_millis(answer.parse()?);
        let now = Timestamp::from_millis(answer.parse()?);
        let told = answer.bytes()?;
        let told = &mut told.as_slice();
        batch
            .iter()
            .map(|request| outcome(request, start, now, told))
            .collect::<Option<Vec<_>>>()
            .filter(|_| told.is_empty())
            .ok_or_else(|| answer.corrupt("an outcome makes no sense"))
    }

    async fn holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        let mut call = self.counter(&HOLDS, "holds", campaign, ["stock", "holds"]);
        pack_ids(&mut call, holds);
        read_holds(&mut call.run(&self.link).await?, holds)
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
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.end("expire", campaign, EXPIRED, holds).await
    }

    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        let mut last_due = vec![b'['];
        last_due.extend(record::ordered(now));
        last_due.extend([u8::MAX; 16]);
        let call = self
            .counter(&DUE, "due", campaign, ["stock", "holds", "due"])
            .arg(last_due)
            .arg(i64::try_from(limit).unwrap_or(i64::MAX));
        let answer = &mut call.run(&self.link).await?;
        let mut due = Vec::with_capacity(answer.len() / 2);
        while answer.len() > 0 {
            let id = read_id(answer)?;
            due.push(read_hold(answer, id)?);
        }
        Ok(due)
    }

    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>> {
        let call = self
            .counter(&PENDING, "pending", campaign, ["stock", "holds", "pending"])
            .arg(limit.min(u32::MAX as usize));
        let answer = &mut call.run(&self.link).await?;
        let mut pending = Vec::with_capacity(answer.len() / 2);
        while answer.len() > 0 {
            let id = read_id(answer)?;
            let kept = answer.bytes()?;
            // A hold that somebody has deleted by hand tells nothing of its purchase; a repair forgets it.
            if let Some(purchase) = record::purchase(&kept) {
                let hold = hold_of(answer, id, &kept)?;
                pending.push(PendingPurchase { purchase, hold });
            }
        }
        Ok(pending)
    }

    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()> {
        let keys = ["stock", "pending"];
        let mut call = self.counter(&ACKNOWLEDGE, "acknowledge", campaign, keys);
        pack_ids(&mut call, holds);
        call.run(&self.link).await.map(drop)
    }

    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal> {
        let call = self.counter(&CLOSE, "close", campaign, ["stock"]);
        Ok(if call.run(&self.link).await?.flag()? {
            GateSeal::Sealed
        } else {
            GateSeal::NotEnded
        })
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>> {
        let call = self.counter(&LEVEL, "level", campaign, ["stock", "holds", "pending"]);
        let answer = &mut call.run(&self.link).await?;
        if answer.len() == 0 {
            return Ok(None);
        }
        let level = read_level(answer)?;
        let pending = answer.parse()?;
        let oldest = answer.bytes()?;
        let oldest_pending = if oldest.is_empty() {
            None
        } else {
            Some(hold_of(answer, HoldId::new(uuid::Uuid::nil()), &oldest)?.taken_at)
        };
        Ok(Some(GateStats {
            level,
            pending,
            oldest_pending,
            sealed: answer.flag()?,
            changes: answer.parse()?,
        }))
    }

    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>> {
        let keys = ["stock", "holds", "taken", "pending"];
        let call = self.counter(&CONTENTS, "contents", campaign, keys);
        let answer = &mut call.run(&self.link).await?;
        if answer.len() == 0 {
            return Ok(None);
        }
        read_contents(answer).map(Some)
    }

    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level> {
        let mut packed = Vec::with_capacity(54 * holds.len());
        for repair in holds {
            record::write_repair(repair, &mut packed).ok_or_else(|| unknown_state("repair"))?;
        }
        let keys = ["stock", "holds", "taken", "due", "pending"];
        let call = self
            .counter(&REPAIR, "repair", campaign, keys)
            .arg(quota.get())
            .arg(packed);
        read_level(&mut call.run(&self.link).await?)
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        let keys = ["stock", "holds", "taken", "due", "pending", "tickets"];
        let call = self.counter(&UNLOAD, "unload", campaign, keys);
        call.run(&self.link).await.map(drop)
    }
}

impl RedisHot {
    /// A call on some of what makes up the counter of a campaign.
    fn counter<const KEYS: usize>(
        &self,
        script: &'static Script,
        operation: &'static str,
        campaign: CampaignId,
        kinds: [&str; KEYS],
    ) -> Call {
        let keys = kinds.map(|kind| self.key(kind, campaign));
        script.call(operation, &keys.each_ref().map(String::as_str))
    }

    async fn end(
        &self,
        operation: &'static str,
        campaign: CampaignId,
        state: u8,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        let keys = ["stock", "holds", "taken", "due"];
        let mut call = self
            .counter(&END, operation, campaign, keys)
            .arg([state].as_slice());
        pack_ids(&mut call, holds);
        read_holds(&mut call.run(&self.link).await?, holds)
    }
}

fn pack_ids(call: &mut Call, holds: &[HoldId]) {
    call.packed(|to| holds.iter().try_for_each(|id| to.write_all(id.as_bytes())));
}

fn is_within_quota(seed: &GateSeed) -> bool {
    let taken = seed
        .holds
        .iter()
        .filter(|hold| matches!(hold.state, HoldState::Held | HoldState::Consumed))
        .map(|hold| u64::from(hold.units.get()));
    taken.sum::<u64>() <= u64::from(seed.quota.get())
}

fn unknown_state(operation: &'static str) -> StoreError {
    corrupt(operation, "a hold is in a state that is not known")
}
