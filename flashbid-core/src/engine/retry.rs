//! Trying a store call again.

use std::time::Duration;

use super::{Observation, Observer};
use crate::error::{StoreError, StoreErrorKind};
use crate::store::StoreResult;

/// The first wait; each further one is four times as long.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// How store calls are tried, and who is told of those that fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries<'e> {
    /// How often more than once.
    pub(super) retries: u32,
    pub(super) observer: Option<&'e dyn Observer>,
}

/// Calls `call` until it succeeds, fails for good, or has failed as often as it may. Every store method is idempotent,
/// so a call whose answer was lost is simply made again.
pub(super) async fn retry<T, F>(tries: Tries<'_>, call: impl FnMut() -> F) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>>,
{
    Retries::new(tries).call(call).await
}

/// The tries of one request. Once the answer to one of them was lost, no later failure can say that nothing was
/// applied.
#[derive(Debug)]
pub(super) struct Retries<'e> {
    tries: Tries<'e>,
    unknown: bool,
}

impl<'e> Retries<'e> {
    pub(super) const fn new(tries: Tries<'e>) -> Self {
        Self {
            tries,
            unknown: false,
        }
    }

    /// As [`retry`]; further calls are further tries of the same request.
    pub(super) async fn call<T, F>(&mut self, mut call: impl FnMut() -> F) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let mut wait = FIRST_WAIT;
        for _ in 0..self.tries.retries {
            match self.told(call().await) {
                Err(error) if error.may_retry() => {
                    tracing::debug!(%error, ?wait, "trying again");
                    self.note(&error);
                }
                result => return result,
            }
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
        self.told(call().await).map_err(|error| self.answer(error))
    }

    fn told<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        if let (Err(error), Some(observer)) = (&result, self.tries.observer) {
            observer.observe(Observation::StoreFailed { error });
        }
        result
    }

    /// The failure of the request as a whole, of which `error` is the last part.
    pub(super) fn answer(&mut self, error: StoreError) -> StoreError {
        self.note(&error);
        if self.unknown && error.kind == StoreErrorKind::Unavailable {
            return StoreError {
                kind: StoreErrorKind::Indeterminate,
                ..error
            };
        }
        error
    }

    fn note(&mut self, error: &StoreError) {
        self.unknown |= error.kind == StoreErrorKind::Indeterminate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StoreErrorKind::{Conflict, Indeterminate, Unavailable};

    /// What a request is told whose tries fail in these ways.
    async fn told(failures: &[StoreErrorKind]) -> StoreErrorKind {
        let mut failures = failures.iter();
        let tries = Tries {
            retries: u32::try_from(failures.len() - 1).unwrap(),
            observer: None,
        };
        let call = || {
            let kind = *failures.next().unwrap();
            std::future::ready(Err::<(), _>(StoreError::new("test", "call", kind)))
        };
        retry(tries, call).await.unwrap_err().kind
    }

    /// A bid was placed and its answer lost; the store was away at the second try, and the caller was told that
    /// nothing had been applied.
    #[tokio::test(start_paused = true)]
    async fn after_a_lost_answer_nobody_is_told_that_nothing_was_applied() {
        assert_eq!(told(&[Indeterminate, Unavailable]).await, Indeterminate);
        assert_eq!(
            told(&[Unavailable, Indeterminate, Unavailable]).await,
            Indeterminate
        );
        assert_eq!(told(&[Unavailable, Unavailable]).await, Unavailable);
        assert_eq!(told(&[Indeterminate, Conflict]).await, Conflict);
    }
}
