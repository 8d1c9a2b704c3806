use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::campaign::FencingToken;
use crate::store::{Lease, Leases, StoreResult};
use crate::time::{Clock, SystemClock, Timestamp};

/// The leases of this process: [`Leases`] that die with it.
#[derive(Debug)]
pub struct MemoryLeases {
    clock: Arc<dyn Clock>,
    names: Mutex<HashMap<String, Name>>,
}

/// What is known of one name. It stays when the lease has ended, because its tokens must go on growing.
#[derive(Debug, Default)]
struct Name {
    newest: FencingToken,
    lease: Option<Lease>,
}

impl Name {
    /// The lease that lasts at `now`.
    fn current(&self, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| now < lease.expires_at)
    }
}

impl Default for MemoryLeases {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl MemoryLeases {
    /// Leases that last by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            names: Mutex::default(),
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Leases for MemoryLeases {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        let mut names = self.names();
        let now = self.clock.now();
        let slot = names.entry(name.to_owned()).or_default();
        if slot.current(now).is_some_and(|held| held.holder != holder) {
            return Ok(None);
        }
        slot.newest = slot.newest.max(floor).next();
        let lease = Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token: slot.newest,
            expires_at: now.after(ttl),
        };
        slot.lease = Some(lease.clone());
        Ok(Some(lease))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>> {
        let mut names = self.names();
        let now = self.clock.now();
        let Some(slot) = names.get_mut(&lease.name) else {
            return Ok(None);
        };
        if slot
            .current(now)
            .is_none_or(|held| held.token != lease.token)
        {
            return Ok(None);
        }
        let renewed = Lease {
            expires_at: now.after(ttl),
            ..lease.clone()
        };
        slot.lease = Some(renewed.clone());
        Ok(Some(renewed))
    }

    async fn relinquish(&self, lease: &Lease) -> StoreResult<()> {
        let mut names = self.names();
        if let Some(slot) = names.get_mut(&lease.name) {
            slot.lease.take_if(|held| held.token == lease.token);
        }
        Ok(())
    }
}
