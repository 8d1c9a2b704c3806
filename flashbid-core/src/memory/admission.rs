use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::id::AttemptId;
use crate::store::{Admission, Admitted, Limit, REDEEMED_FOR, StoreResult};
use crate::time::{Clock, SystemClock, Timestamp};

/// The limits and tokens of this process: an [`Admission`] that dies with it.
///
/// Each admitted request is remembered until it leaves its window, so limits are exact. What is over goes away when
/// other things come, so that no more is kept than about twice of what lasts.
#[derive(Debug)]
pub struct MemoryAdmission {
    clock: Arc<dyn Clock>,
    limits: Mutex<Fading<Counted, Log>>,
    tokens: Mutex<Fading<String, Token>>,
}

impl Default for MemoryAdmission {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl MemoryAdmission {
    /// Limits and tokens that last by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            limits: Mutex::default(),
            tokens: Mutex::default(),
        }
    }
}

#[async_trait]
impl Admission for MemoryAdmission {
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted> {
        let strictest = strictest(scope, limits);
        let mut logs = locked(&self.limits);
        let now = self.clock.now();
        logs.forget(now);
        let waits = strictest.iter().filter_map(|(counted, requests)| {
            let log = logs.entries.get(counted)?;
            log.wait(now, *requests)
        });
        if let Some(retry_after) = waits.max() {
            return Ok(Admitted::No { retry_after });
        }
        let mut remaining = u32::MAX;
        for (counted, requests) in strictest {
            let window = counted.window;
            let log = logs.entries.entry(counted);
            let within = log.or_insert_with(|| Log::new(window)).count(now);
            remaining = remaining.min(requests.saturating_sub(within));
        }
        Ok(Admitted::Yes { remaining })
    }

    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool> {
        let mut tokens = locked(&self.tokens);
        let now = self.clock.now();
        tokens.forget(now);
        let known = tokens.entries.get(token).filter(|known| !known.over(now));
        if let Some(known) = known {
            return Ok(known.subject == subject);
        }
        let issued = Token {
            subject: subject.to_owned(),
            redeemed_by: None,
            expires_at: now.after(ttl),
        };
        tokens.entries.insert(token.to_owned(), issued);
        Ok(true)
    }

    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool> {
        let mut tokens = locked(&self.tokens);
        let now = self.clock.now();
        let Some(known) = tokens.entries.get_mut(token) else {
            return Ok(false);
        };
        if known.over(now) || known.subject != subject {
            return Ok(false);
        }
        if known.redeemed_by.is_none() {
            known.redeemed_by = Some(attempt);
            known.expires_at = known.expires_at.max(now.after(REDEEMED_FOR));
        }
        Ok(known.redeemed_by == Some(attempt))
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each of the limits once, with its lowest number.
fn strictest(scope: &str, limits: &[Limit]) -> BTreeMap<Counted, u32> {
    let mut strictest = BTreeMap::new();
    for limit in limits {
        let counted = Counted {
            scope: scope.to_owned(),
            key: limit.key().to_owned(),
            window: limit.window(),
        };
        let requests = strictest.entry(counted).or_insert(limit.requests());
        *requests = limit.requests().min(*requests);
    }
    strictest
}

/// What requests are counted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Counted {
    scope: String,
    key: String,
    window: Duration,
}

/// When requests were admitted, the first one first; only those that may still be in the window.
#[derive(Debug)]
struct Log {
    window: Duration,
    admitted: VecDeque<Timestamp>,
}

impl Log {
    const fn new(window: Duration) -> Self {
        Self {
            window,
            admitted: VecDeque::new(),
        }
    }

    /// How long to wait until fewer than `requests` are in the window.
    fn wait(&self, now: Timestamp, requests: u32) -> Option<Duration> {
        let now = self.time(now)?;
        let decisive = self.admitted.len().checked_sub(requests as usize)?;
        let wait = self.admitted[decisive].after(self.window).millis_since(now);
        (wait > 0).then(|| Duration::from_millis(wait))
    }

    /// Counts one more, and answers how many are in the window.
    fn count(&mut self, now: Timestamp) -> u32 {
        let now = self.time(now).unwrap_or_else(|| {
            self.admitted.clear();
            now
        });
        let left = |at: &Timestamp| at.after(self.window) <= now;
        while self.admitted.front().is_some_and(left) {
            self.admitted.pop_front();
        }
        self.admitted.push_back(now);
        u32::try_from(self.admitted.len()).unwrap_or(u32::MAX)
    }

    /// The time of this log: it does not run backwards when the clock does. A clock that is set back by more than a
    /// window gives `None`: then the log begins anew, rather than to refuse everybody until the clock has caught up.
    fn time(&self, now: Timestamp) -> Option<Timestamp> {
        let Some(newest) = self.admitted.back() else {
            return Some(now);
        };
        (*newest <= now.after(self.window)).then(|| now.max(*newest))
    }
}

#[derive(Debug)]
struct Token {
    subject: String,
    redeemed_by: Option<AttemptId>,
    expires_at: Timestamp,
}

/// Something that is over at some time.
trait Fade {
    fn over(&self, now: Timestamp) -> bool;
}

impl Fade for Log {
    fn over(&self, now: Timestamp) -> bool {
        let left = |newest: &Timestamp| newest.after(self.window) <= now;
        self.admitted.back().is_none_or(left)
    }
}

impl Fade for Token {
    fn over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// Entries that go away some time after they are over.
#[derive(Debug)]
struct Fading<K, V> {
    entries: HashMap<K, V>,
    /// How many there were after those that were over had been taken away.
    lasting: usize,
}

impl<K, V> Default for Fading<K, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            lasting: 0,
        }
    }
}

impl<K, V: Fade> Fading<K, V> {
    /// Takes away what is over, once there is twice as much as the last time: so each call pays a constant share.
    fn forget(&mut self, now: Timestamp) {
        const FEW: usize = 64;
        if self.entries.len() >= FEW.max(2 * self.lasting) {
            self.entries.retain(|_, entry| !entry.over(now));
            self.lasting = self.entries.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    const MINUTE: Duration = Duration::from_mins(1);

    fn steered() -> (Arc<ManualClock>, MemoryAdmission) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        (Arc::clone(&clock), MemoryAdmission::new(clock))
    }

    async fn ask(admission: &MemoryAdmission, requests: u32) -> Admitted {
        let limit = Limit::new("user/1", requests, MINUTE).unwrap();
        admission.admit("bids", &[limit]).await.unwrap()
    }

    const fn wait(millis: u64) -> Admitted {
        Admitted::No {
            retry_after: Duration::from_millis(millis),
        }
    }

    #[tokio::test]
    async fn a_request_leaves_its_window_to_the_millisecond() {
        let (clock, admission) = steered();
        assert_eq!(ask(&admission, 2).await, Admitted::Yes { remaining: 1 });
        clock.advance(MINUTE / 2);
        assert_eq!(ask(&admission, 2).await, Admitted::Yes { remaining: 0 });
        clock.advance(Duration::from_millis(29_999));
        assert_eq!(ask(&admission, 2).await, wait(1));
        clock.advance(Duration::from_millis(1));
        assert_eq!(ask(&admission, 2).await, Admitted::Yes { remaining: 0 });
        assert_eq!(ask(&admission, 2).await, wait(30_000));
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_lets_nobody_in_early_and_shuts_nobody_out_for_long() {
        let (clock, admission) = steered();
        assert_eq!(ask(&admission, 1).await, Admitted::Yes { remaining: 0 });
        let begin = clock.now();
        clock.set(Timestamp::from_millis(begin.millis() - 60_000));
        assert_eq!(ask(&admission, 1).await, wait(60_000));
        clock.set(Timestamp::from_millis(begin.millis() - 60_001));
        assert_eq!(ask(&admission, 1).await, Admitted::Yes { remaining: 0 });
        assert_eq!(ask(&admission, 1).await, wait(60_000));
    }

    #[tokio::test]
    async fn what_is_over_goes_away() {
        let (clock, admission) = steered();
        for step in 0..10_000_u32 {
            let limit = Limit::new(format!("user/{step}"), 3, MINUTE).unwrap();
            admission.admit("bids", &[limit]).await.unwrap();
            let token = step.to_string();
            admission.issue(&token, "user", MINUTE).await.unwrap();
            clock.advance(Duration::from_secs(1));
        }
        assert!(locked(&admission.limits).entries.len() < 200);
        assert!(locked(&admission.tokens).entries.len() < 200);
    }
}
