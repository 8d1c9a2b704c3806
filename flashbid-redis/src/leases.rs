use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::campaign::FencingToken;
use flashbid_core::store::{Lease, Leases, StoreResult};
use flashbid_core::time::Timestamp;

use crate::RedisHot;
use crate::error::corrupt;
use crate::script::script;

script!(ACQUIRE = "acquire");
script!(RENEW = "renew");
script!(RELINQUISH = "relinquish");

/// Scripts reckon with tokens, exactly up to here.
const LAST_TOKEN: u64 = 1 << 53;

#[async_trait]
impl Leases for RedisHot {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        if floor.get() >= LAST_TOKEN {
            return Err(corrupt("acquire", "no lock can have come to this token"));
        }
        let call = ACQUIRE
            .call("acquire", &[&self.key("lock", name)])
            // A mark before it tells a holder without a name from none.
            .arg(format!("@{holder}"))
            .arg(millis(ttl))
            .arg(floor.get());
        let answer = &mut call.run(&self.link).await?;
        if answer.len() == 0 {
            return Ok(None);
        }
        Ok(Some(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token: FencingToken::new(answer.parse()?),
            expires_at: Timestamp::from_millis(answer.parse()?),
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>> {
        let call = RENEW
            .call("renew", &[&self.key("lock", &lease.name)])
            .arg(lease.token.get())
            .arg(millis(ttl));
        let ends = call.run(&self.link).await?.optional()?;
        Ok(ends.map(|ends| Lease {
            expires_at: Timestamp::from_millis(ends),
            ..lease.clone()
        }))
    }

    async fn relinquish(&self, lease: &Lease) -> StoreResult<()> {
        let call = RELINQUISH
            .call("relinquish", &[&self.key("lock", &lease.name)])
            .arg(lease.token.get());
        call.run(&self.link).await.map(drop)
    }
}

/// Whole milliseconds, at most some ten thousand years, which scripts reckon with exactly.
pub(crate) fn millis(time: Duration) -> u64 {
    const LONGEST: u64 = 1 << 48;
    u64::try_from(time.as_millis()).map_or(LONGEST, |millis| millis.min(LONGEST))
}
