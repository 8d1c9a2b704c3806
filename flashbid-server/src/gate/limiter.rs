use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flashbid_core::store::{Admission, Admitted, Limit};
use tokio::time::{Instant, timeout};

use crate::metrics::Metrics;

/// How long the store may take to answer: longer than that, nobody is kept waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a store that did not answer is left alone. Meanwhile one request at a time asks whether it is back.
const PAUSE: Duration = Duration::from_millis(500);

/// Counts requests against limits in the hot store, so that they hold over all nodes.
///
/// Without the store everybody passes, which is counted: it is better that a guesser or a rush gets further than that
/// nobody is served. And nobody waits for it: after the first failure a store is asked again now and then only.
#[derive(Debug)]
pub struct Limiter {
    store: Arc<dyn Admission>,
    metrics: Metrics,
    begin: Instant,
    /// In milliseconds since the beginning, when the store is asked again; 0 while it answers.
    ask_again: AtomicU64,
}

impl Limiter {
    /// Counts in `store`.
    pub fn new(store: Arc<dyn Admission>, metrics: Metrics) -> Self {
        Self {
            store,
            metrics,
            begin: Instant::now(),
            ask_again: AtomicU64::new(0),
        }
    }

    /// Counts a request, or answers how long to wait for the next one.
    ///
    /// # Errors
    /// How long to wait.
    pub async fn count(&self, scope: &str, limits: &[Limit]) -> Result<(), Duration> {
        if limits.is_empty() {
            return Ok(());
        }
        if !self.may_ask() {
            self.metrics.admitted_blindly();
            return Ok(());
        }
        let Ok(Ok(admitted)) = timeout(PATIENCE, self.store.admit(scope, limits)).await else {
            let due = self.now() + pause();
            self.ask_again.store(due, Ordering::Relaxed);
            self.metrics.admitted_blindly();
            return Ok(());
        };
        self.answered();
        match admitted {
            Admitted::Yes { .. } => Ok(()),
            Admitted::No { retry_after } => Err(retry_after),
        }
    }

    /// Whether the store answers, as far as is known, or this is the one request that finds out.
    fn may_ask(&self) -> bool {
        let due = self.ask_again.load(Ordering::Relaxed);
        if due == 0 {
            return true;
        }
        let now = self.now();
        now >= due
            && self
                .ask_again
                .compare_exchange(due, now + pause(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    fn answered(&self) {
        if self.ask_again.load(Ordering::Relaxed) != 0 {
            self.ask_again.store(0, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        millis(self.begin.elapsed())
    }
}

fn pause() -> u64 {
    millis(PAUSE)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use async_trait::async_trait;
    use flashbid_core::id::AttemptId;
    use flashbid_core::store::StoreResult;
    use flashbid_core::{StoreError, StoreErrorKind};
    use tokio::time::sleep;

    use super::*;

    /// A store that is away, silent or there, and counts who asks it.
    #[derive(Debug, Default)]
    struct Fickle {
        is_away: AtomicBool,
        is_silent: AtomicBool,
        asked: Mutex<u32>,
    }

    #[async_trait]
    impl Admission for Fickle {
        async fn admit(&self, _: &str, _: &[Limit]) -> StoreResult<Admitted> {
            *self.asked.lock().unwrap() += 1;
            if self.is_silent.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if self.is_away.load(Ordering::Relaxed) {
                return Err(StoreError::new(
                    "fickle",
                    "admit",
                    StoreErrorKind::Unavailable,
                ));
            }
            let retry_after = Duration::from_secs(3);
            Ok(Admitted::No { retry_after })
        }

        async fn issue(&self, _: &str, _: &str, _: Duration) -> StoreResult<bool> {
            Ok(false)
        }

        async fn redeem(&self, _: &str, _: &str, _: AttemptId) -> StoreResult<bool> {
            Ok(false)
        }
    }

    async fn ask(limiter: &Limiter) -> Result<(), Duration> {
        let limit = Limit::new("user/1", 1, Duration::from_secs(1)).unwrap();
        limiter.count("requests", &[limit]).await
    }

    fn limiter() -> (Arc<Fickle>, Metrics, Limiter) {
        let (store, metrics) = (Arc::<Fickle>::default(), Metrics::default());
        let limiter = Limiter::new(store.clone(), metrics.clone());
        (store, metrics, limiter)
    }

    fn blindly(metrics: &Metrics) -> String {
        let figures = metrics.to_text();
        let line = figures
            .lines()
            .find(|line| line.starts_with("flashbid_admitted_blindly_total"));
        line.unwrap().rsplit_once(' ').unwrap().1.to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_counted_and_asked_again_by_one_at_a_time() {
        let (store, metrics, limiter) = limiter();
        store.is_away.store(true, Ordering::Relaxed);
        for _ in 0..100 {
            assert_eq!(ask(&limiter).await, Ok(()));
        }
        assert_eq!(*store.asked.lock().unwrap(), 1);
        assert_eq!(blindly(&metrics), "100");
        sleep(PAUSE).await;
        for _ in 0..100 {
            assert_eq!(ask(&limiter).await, Ok(()));
        }
        assert_eq!(*store.asked.lock().unwrap(), 2);
        store.is_away.store(false, Ordering::Relaxed);
        sleep(PAUSE).await;
        for _ in 0..2 {
            assert_eq!(ask(&limiter).await, Err(Duration::from_secs(3)));
        }
        assert_eq!(blindly(&metrics), "200");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_silent_delays_one_request_and_no_other() {
        let (store, metrics, limiter) = limiter();
        store.is_silent.store(true, Ordering::Relaxed);
        let begin = Instant::now();
        for _ in 0..100 {
            assert_eq!(ask(&limiter).await, Ok(()));
        }
        assert_eq!(begin.elapsed(), PATIENCE);
        assert_eq!(blindly(&metrics), "100");
    }

    #[tokio::test]
    async fn without_limits_nobody_is_asked() {
        let (store, _, limiter) = limiter();
        assert_eq!(limiter.count("requests", &[]).await, Ok(()));
        assert_eq!(*store.asked.lock().unwrap(), 0);
    }
}
