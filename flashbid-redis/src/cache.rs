//! Copies of campaigns on Redis, and the log of their changes.
//!
//! A copy and the log lie in different slots of a cluster, so a change is two steps: first the copy goes, then the log
//! tells of it. Who hears of a change finds no copy from before it, and who dies in between has changed nothing yet, or
//! has told of it before: a change is told before and after it is made.

use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::id::{CampaignId, IdSource, RandomIds};
use flashbid_core::store::{Cached, CampaignCache, ChangeCursor, Changes, StoreResult};
use uuid::Uuid;

use crate::RedisHot;
use crate::answer::Answer;
use crate::leases::millis;
use crate::script::script;

script!(CACHED = "cached");
script!(KEEP = "keep");
script!(CHANGE = "change");
script!(TELL = "tell");
script!(CHANGES = "changes");

/// How many changes the log goes back.
pub(crate) const LOG: u32 = 4_096;

#[async_trait]
impl CampaignCache for RedisHot {
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached> {
        let call = CACHED.call("cached", &[&self.key("cached", campaign)]);
        let answer = &mut call.run(&self.link).await?;
        let mut told = answer.bytes()?.into_iter();
        match told.next() {
            None => Ok(Cached::Absent),
            Some(b'c') => Ok(Cached::Changing),
            Some(b'k') => Ok(Cached::Copy(told.collect())),
            Some(_) => Err(answer.corrupt("it is neither a copy nor none")),
        }
    }

    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()> {
        let call = KEEP
            .call("keep", &[&self.key("cached", campaign)])
            .arg(copy)
            .arg(millis(ttl));
        call.run(&self.link).await.map(drop)
    }

    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()> {
        let call = CHANGE
            .call("change", &[&self.key("cached", campaign)])
            .arg(millis(quiet));
        call.run(&self.link).await?;
        self.tell("change", campaign.as_bytes()).await
    }

    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes> {
        let mut answer = self.changes(cursor, limit).await?;
        while answer.len() == 0 {
            self.tell("changes_after", &[]).await?;
            answer = self.changes(cursor, limit).await?;
        }
        let complete = answer.flag()?;
        let cursor = ChangeCursor {
            life: answer.parse()?,
            position: answer.parse()?,
        };
        let mut campaigns = Vec::with_capacity(answer.len());
        while answer.len() > 0 {
            let id: Result<[u8; 16], _> = answer.bytes()?.try_into();
            let id = id.map_err(|_| answer.corrupt("the id of a campaign has another length"))?;
            campaigns.push(Uuid::from_bytes(id).into());
        }
        Ok(Changes {
            cursor,
            campaigns,
            complete,
        })
    }
}

impl RedisHot {
    /// Appends a campaign to the log of changes, or nothing, but there is a log afterwards.
    pub(crate) async fn tell(&self, operation: &'static str, campaign: &[u8]) -> StoreResult<()> {
        // The first half is the time, which two lives may share.
        let (_, life) = RandomIds.fresh().as_u64_pair();
        let [log, changed] = self.change_log();
        let call = TELL
            .call(operation, &[&log, &changed])
            .arg(campaign)
            .arg(life)
            .arg(LOG);
        call.run(&self.link).await.map(drop)
    }

    async fn changes(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Answer> {
        let [log, changed] = self.change_log();
        let call = CHANGES
            .call("changes_after", &[&log, &changed])
            .arg(cursor.life)
            .arg(cursor.position)
            .arg(limit.min(u32::MAX as usize))
            .arg(LOG);
        call.run(&self.link).await
    }

    /// The one log of all campaigns.
    fn change_log(&self) -> [String; 2] {
        ["changes", "changed"].map(|kind| self.key(kind, "all"))
    }
}
