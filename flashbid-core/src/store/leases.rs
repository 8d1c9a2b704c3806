use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::campaign::FencingToken;
use crate::time::Timestamp;

/// The right to work on something alone, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who has it.
    pub holder: String,
    /// Proof for the stores that are written to.
    pub token: FencingToken,
    /// When it ends by itself, on the store's clock.
    pub expires_at: Timestamp,
}

/// Leases with fencing tokens. Time is the store's, so a holder's own clock does not matter; a holder that was
/// paused past the end of its lease is stopped by its token, not by its watch.
#[async_trait]
pub trait Leases: Debug + Send + Sync + 'static {
    /// Takes the lease `name` for `ttl`, or answers `None` while another holder has it.
    ///
    /// # Contract
    /// - At most one holder at a time. `a_lease_has_one_holder`, `of_many_callers_one_gets_the_lease`
    /// - Tokens of a name strictly grow, over expiry, relinquishing and holders. `tokens_grow`
    /// - The token is newer than `floor`, so tokens go on growing although the store lost them.
    ///   `a_token_is_above_the_floor`
    /// - Free again after `ttl`. `a_lease_expires`
    /// - The same holder asking again gets a new token: it may have lost the answer. `a_holder_may_ask_again`
    /// - Names do not touch each other. `names_are_separate`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>>;

    /// Lets the lease last `ttl` from now; `None` when it was lost.
    ///
    /// # Contract
    /// - Keeps the token and lasts longer. `renewing_keeps_the_token`, `renewing_makes_it_last`
    /// - A lease that expired or that another took is not renewed. `a_lost_lease_is_not_renewed`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>>;

    /// Gives the lease back. Does nothing when it was lost.
    ///
    /// # Contract
    /// - Another may take it at once. `a_relinquished_lease_is_free`
    /// - The lease of a later holder stays. `a_lost_lease_cannot_be_relinquished`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn relinquish(&self, lease: &Lease) -> StoreResult<()>;
}
