use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::failure::Failure;

/// How long to leave a server alone that was away.
const PAUSE: Duration = Duration::from_millis(500);

/// How often it is said what is waited for.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// Waiting for a server that may come up in a while, as when everything is started at once.
pub(super) struct Waiting {
    limit: Duration,
    what: String,
}

impl Waiting {
    pub(super) const fn new(limit: Duration, what: String) -> Self {
        Self { limit, what }
    }

    /// Makes attempts until one succeeds. An attempt that has begun is never cut off: it may be migrating.
    ///
    /// # Errors
    /// The last attempt's, when the time is over, and one that another attempt cannot mend.
    pub(super) async fn until<T, E: Error>(
        &self,
        mut attempt: impl AsyncFnMut() -> Result<T, E>,
        may_retry: impl Fn(&E) -> bool,
    ) -> Result<T, Failure> {
        let begin = Instant::now();
        let mut say_at = begin;
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let what = &self.what;
            let reason = with_causes(&error);
            if !may_retry(&error) {
                return Err(Failure::usage(format!("cannot open {what}: {reason}")));
            }
            let now = Instant::now();
            let left = self.limit.saturating_sub(now - begin);
            if left.is_zero() {
                let waited = self.limit.as_secs_f64();
                return Err(Failure::usage(format!(
                    "gave up waiting for {what} after {waited} s: {reason}"
                )));
            }
            if now >= say_at {
                let seconds = left.as_secs_f64().ceil();
                tracing::warn!("waiting for {what}, for {seconds} s more: {reason}");
                say_at = now + SAID_EVERY;
            }
            sleep(PAUSE.min(left)).await;
        }
    }
}

/// An error and what it comes from, as one line.
fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn waiting(seconds: u64) -> Waiting {
        Waiting::new(Duration::from_secs(seconds), "the store".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_comes_up_in_time_is_used() {
        let mut attempts = 0;
        let answer = waiting(10)
            .until(
                async || {
                    attempts += 1;
                    if attempts == 5 {
                        Ok(())
                    } else {
                        Err(io::Error::other("away"))
                    }
                },
                |_| true,
            )
            .await;
        assert_eq!(answer, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_reason() {
        let begin = Instant::now();
        let answer: Result<(), _> = waiting(10)
            .until(async || Err(io::Error::other("away")), |_| true)
            .await;
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
        let said = answer.unwrap_err().to_string();
        assert_eq!(said, "gave up waiting for the store after 10 s: away");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_what_waiting_cannot_mend() {
        let begin = Instant::now();
        let answer: Result<(), _> = waiting(10)
            .until(async || Err(io::Error::other("wrong")), |_| false)
            .await;
        assert!(begin.elapsed().is_zero());
        assert!(
            answer
                .unwrap_err()
                .to_string()
                .contains("cannot open the store: wrong")
        );
    }
}
