use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::id::CampaignId;
use flashbid_core::memory::MemoryCache;
use flashbid_core::store::{Cached, CampaignCache, ChangeCursor, Changes, StoreResult};
use flashbid_core::time::SystemClock;

use crate::assert_fails;

/// What a cache does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It cuts copies at their first zero byte.
    CutsCopies,
    /// It drops copies before their time is over.
    DropsTooEarly,
    /// It keeps what comes, whatever changes.
    KeepsWhileChanging,
    /// It drops a copy only once things are quiet again.
    ChangesLater,
    /// It drops every copy for any change.
    ChangesEverything,
    /// It tells each change to whoever asks first.
    TellsOnce,
    /// It tells the newest change first.
    TellsBackwards,
    /// It says that it told everything, whatever it was asked.
    IsAlwaysComplete,
}

#[derive(Debug)]
struct Broken {
    cache: MemoryCache,
    mistake: Mistake,
    kept: Mutex<HashMap<CampaignId, Vec<u8>>>,
    told: Mutex<ChangeCursor>,
}

fn sound() -> MemoryCache {
    MemoryCache::new(Arc::new(SystemClock))
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        cache: sound(),
        mistake,
        kept: Mutex::default(),
        told: Mutex::default(),
    }
}

#[async_trait]
impl CampaignCache for Broken {
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached> {
        let cached = self.cache.cached(campaign).await?;
        let kept = self.kept.lock().unwrap().get(&campaign).cloned();
        Ok(match (self.mistake, cached, kept) {
            (Mistake::CutsCopies, Cached::Copy(mut copy), _) => {
                let end = copy.iter().position(|byte| *byte == 0);
                copy.truncate(end.unwrap_or(copy.len()));
                Cached::Copy(copy)
            }
            (Mistake::KeepsWhileChanging | Mistake::ChangesLater, Cached::Changing, Some(kept)) => {
                Cached::Copy(kept)
            }
            (_, cached, _) => cached,
        })
    }

    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()> {
        self.kept.lock().unwrap().insert(campaign, copy.to_vec());
        let ttl = match self.mistake {
            Mistake::DropsTooEarly => ttl / 4,
            _ => ttl,
        };
        self.cache.keep(campaign, copy, ttl).await
    }

    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()> {
        match self.mistake {
            Mistake::KeepsWhileChanging => {
                self.kept.lock().unwrap().remove(&campaign);
            }
            Mistake::ChangesEverything => {
                let others: Vec<_> = self.kept.lock().unwrap().keys().copied().collect();
                for other in others {
                    self.cache.change(other, quiet).await?;
                }
            }
            _ => {}
        }
        self.cache.change(campaign, quiet).await
    }

    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes> {
        let mut changes = self.cache.changes_after(cursor, limit).await?;
        match self.mistake {
            Mistake::TellsOnce => {
                let mut told = self.told.lock().unwrap();
                if changes.cursor.position <= told.position {
                    changes.campaigns.clear();
                }
                *told = changes.cursor;
            }
            Mistake::TellsBackwards => changes.campaigns.reverse(),
            Mistake::IsAlwaysComplete => changes.complete = true,
            _ => {}
        }
        Ok(changes)
    }
}

#[test]
fn copies_that_are_not_as_they_were_are_found() {
    assert_fails!(cache, sound(), broken(Mistake::CutsCopies); a_copy_reads_back);
    assert_fails!(cache, sound(), broken(Mistake::DropsTooEarly); a_copy_goes_away);
}

#[test]
fn copies_of_what_has_changed_are_found() {
    assert_fails!(
        cache, sound(), broken(Mistake::KeepsWhileChanging);
        no_copy_is_kept_while_a_campaign_changes,
    );
    assert_fails!(cache, sound(), broken(Mistake::ChangesLater); a_change_drops_the_copy);
    assert_fails!(cache, sound(), broken(Mistake::ChangesEverything); copies_are_separate);
}

#[test]
fn changes_that_are_not_told_are_found() {
    assert_fails!(cache, sound(), broken(Mistake::TellsOnce); a_change_is_told);
    assert_fails!(cache, sound(), broken(Mistake::TellsBackwards); changes_are_told_in_order);
    assert_fails!(cache, sound(), broken(Mistake::IsAlwaysComplete); an_unknown_cursor_is_incomplete);
}
