use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::campaign::FencingToken;
use flashbid_core::memory::MemoryLeases;
use flashbid_core::store::{Lease, Leases, StoreResult};

use crate::assert_fails;

/// What a lock service does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It gives the lease to everybody.
    EverybodyHoldsIt,
    /// It counts tokens from one again.
    TokensRestart,
    /// It does not look at the floor.
    IgnoresTheFloor,
    /// It lets a lease last for ever.
    NeverExpires,
    /// It frees a lease for whoever asks, as a delete of the key does.
    AnybodyMayRelinquish,
    /// It makes a lost lease new.
    RenewsWhatIsLost,
    /// It says that it renewed.
    RenewsInNameOnly,
    /// It refuses the holder itself.
    RefusesTheHolder,
    /// It cuts names short.
    CutsNames,
}

#[derive(Debug)]
struct Broken {
    leases: MemoryLeases,
    mistake: Mistake,
}

fn sound() -> MemoryLeases {
    MemoryLeases::default()
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        leases: sound(),
        mistake,
    }
}

#[async_trait]
impl Leases for Broken {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        let own_name = format!("{name} of {holder}");
        let (name_used, holder_used, ttl_used, floor_used) = match self.mistake {
            Mistake::EverybodyHoldsIt => (own_name.as_str(), holder, ttl, floor),
            Mistake::IgnoresTheFloor => (name, holder, ttl, FencingToken::NONE),
            Mistake::NeverExpires => (name, holder, Duration::from_hours(1), floor),
            Mistake::CutsNames => (&name[..name.len().min(8)], holder, ttl, floor),
            _ => (name, holder, ttl, floor),
        };
        if self.mistake == Mistake::RefusesTheHolder
            && let Some(probe) = self
                .leases
                .acquire(name, "probe", Duration::from_nanos(1), floor)
                .await?
        {
            self.leases.relinquish(&probe).await?;
        } else if self.mistake == Mistake::RefusesTheHolder {
            return Ok(None);
        }
        let lease = self
            .leases
            .acquire(name_used, holder_used, ttl_used, floor_used)
            .await?;
        Ok(lease.map(|lease| Lease {
            name: name.to_owned(),
            token: match self.mistake {
                Mistake::TokensRestart => FencingToken::new(1),
                _ => lease.token,
            },
            ..lease
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>> {
        match self.mistake {
            Mistake::RenewsWhatIsLost => Ok(Some(lease.clone())),
            Mistake::RenewsInNameOnly => {
                let mut renewed = lease.clone();
                renewed.expires_at = renewed.expires_at.after(ttl);
                Ok(Some(renewed))
            }
            _ => self.leases.renew(lease, ttl).await,
        }
    }

    async fn relinquish(&self, lease: &Lease) -> StoreResult<()> {
        if self.mistake == Mistake::AnybodyMayRelinquish {
            for token in 1..20 {
                let any = Lease {
                    token: FencingToken::new(token),
                    ..lease.clone()
                };
                self.leases.relinquish(&any).await?;
            }
        }
        self.leases.relinquish(lease).await
    }
}

#[test]
fn two_holders_are_found() {
    assert_fails!(
        leases, sound(), broken(Mistake::EverybodyHoldsIt);
        a_lease_has_one_holder,
        of_many_callers_one_gets_the_lease,
        a_holder_may_ask_again,
    );
}

#[test]
fn tokens_that_do_not_grow_are_found() {
    assert_fails!(leases, sound(), broken(Mistake::TokensRestart); tokens_grow, a_token_is_above_the_floor);
    assert_fails!(leases, sound(), broken(Mistake::IgnoresTheFloor); a_token_is_above_the_floor);
}

#[test]
fn a_lease_that_outlives_its_time_is_found() {
    assert_fails!(leases, sound(), broken(Mistake::NeverExpires); a_lease_expires);
}

#[test]
fn a_lease_that_another_frees_is_found() {
    assert_fails!(
        leases, sound(), broken(Mistake::AnybodyMayRelinquish);
        a_lost_lease_cannot_be_relinquished,
    );
}

#[test]
fn a_lost_lease_that_is_renewed_is_found() {
    assert_fails!(leases, sound(), broken(Mistake::RenewsWhatIsLost); a_lost_lease_is_not_renewed);
    assert_fails!(leases, sound(), broken(Mistake::RenewsInNameOnly); renewing_makes_it_last);
}

#[test]
fn a_holder_that_is_locked_out_by_itself_is_found() {
    assert_fails!(leases, sound(), broken(Mistake::RefusesTheHolder); a_holder_may_ask_again);
}

#[test]
fn names_that_are_taken_for_each_other_are_found() {
    assert_fails!(leases, sound(), broken(Mistake::CutsNames); names_are_separate);
}
