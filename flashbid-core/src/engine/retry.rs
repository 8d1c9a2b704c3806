//! Trying a store call again.

use std::time::Duration;

use crate::store::StoreResult;

/// The first wait; each further one is four times as long.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// Calls `call` until it succeeds, fails for good, or has failed `retries` times more than once. Every store method is
/// idempotent, so a call whose answer was lost is simply made again.
pub(super) async fn retry<T, F>(retries: u32, mut call: impl FnMut() -> F) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>>,
{
    let mut wait = FIRST_WAIT;
    for _ in 0..retries {
        match call().await {
            Err(error) if error.may_retry() => tracing::debug!(%error, ?wait, "trying again"),
            result => return result,
        }
        tokio::time::sleep(wait).await;
        wait *= 4;
    }
    call().await
}
