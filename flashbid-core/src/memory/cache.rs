use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::id::CampaignId;
use crate::store::{Cached, CampaignCache, ChangeCursor, Changes, StoreResult};
use crate::time::{Clock, Timestamp};

/// How many changes the log goes back.
const LOG: usize = 1_000;

/// The only life that the log of a process has.
const LIFE: u64 = 1;

/// Copies of campaigns in this process: a [`CampaignCache`] that dies with it.
#[derive(Debug)]
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    copies: HashMap<CampaignId, Entry>,
    log: VecDeque<CampaignId>,
    /// How many changes there were before the log's first.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    /// `None` while the campaign changes.
    copy: Option<Vec<u8>>,
    until: Timestamp,
}

impl MemoryCache {
    /// An empty cache whose copies last by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            entries: Mutex::default(),
        }
    }

    /// What is there, without what is over.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        entries.copies.retain(|_, entry| now < entry.until);
        entries
    }
}

#[async_trait]
impl CampaignCache for MemoryCache {
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached> {
        Ok(match self.entries().copies.get(&campaign) {
            Some(Entry {
                copy: Some(copy), ..
            }) => Cached::Copy(copy.clone()),
            Some(Entry { copy: None, .. }) => Cached::Changing,
            None => Cached::Absent,
        })
    }

    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()> {
        let mut entries = self.entries();
        let changing = matches!(
            entries.copies.get(&campaign),
            Some(Entry { copy: None, .. })
        );
        if !changing {
            let entry = Entry {
                copy: Some(copy.to_vec()),
                until: self.clock.now().after(ttl),
            };
            entries.copies.insert(campaign, entry);
        }
        Ok(())
    }

    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()> {
        let mut entries = self.entries();
        // Kept until a moment that is now, it would come back when the clock is set back.
        if quiet.is_zero() {
            entries.copies.remove(&campaign);
        } else {
            let entry = Entry {
                copy: None,
                until: self.clock.now().after(quiet),
            };
            entries.copies.insert(campaign, entry);
        }
        entries.log.push_back(campaign);
        if entries.log.len() > LOG {
            entries.log.pop_front();
            entries.forgotten += 1;
        }
        Ok(())
    }

    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes> {
        let entries = self.entries();
        let end = entries.forgotten + entries.log.len() as u64;
        let position = cursor.position;
        if cursor.life != LIFE || position < entries.forgotten || position > end {
            return Ok(Changes {
                cursor: ChangeCursor {
                    life: LIFE,
                    position: end,
                },
                campaigns: Vec::new(),
                complete: false,
            });
        }
        let seen = usize::try_from(position - entries.forgotten).unwrap_or(usize::MAX);
        let campaigns: Vec<_> = entries.log.iter().skip(seen).take(limit).copied().collect();
        Ok(Changes {
            cursor: ChangeCursor {
                life: LIFE,
                position: position + campaigns.len() as u64,
            },
            campaigns,
            complete: true,
        })
    }
}
