use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::HoldId;
use crate::time::Timestamp;

/// The first wait before a purchase that failed is tried again; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// What this node knows of a campaign's purchases that could not be made orders: how often each was tried, and when it
/// may be tried again. Another node counts for itself.
#[derive(Debug, Default)]
pub(in crate::engine) struct Failures {
    failed: Mutex<HashMap<HoldId, Failure>>,
    /// Whether a task is making orders of what waits.
    dispatching: AtomicBool,
    /// Whether something came to wait since that task last looked.
    asked: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Failure {
    attempts: u32,
    not_before: Timestamp,
}

impl Failures {
    fn failed(&self) -> MutexGuard<'_, HashMap<HoldId, Failure>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a purchase may be tried at `now`.
    pub(in crate::engine) fn may_try(&self, hold: HoldId, now: Timestamp) -> bool {
        let failed = self.failed();
        failed
            .get(&hold)
            .is_none_or(|failure| failure.not_before <= now)
    }

    /// How many purchases have failed and not succeeded since.
    pub(in crate::engine) fn len(&self) -> usize {
        self.failed().len()
    }

    /// Notes that a purchase failed, and answers how often it has by now.
    pub(in crate::engine) fn note(&self, hold: HoldId, now: Timestamp) -> u32 {
        let mut failed = self.failed();
        let failure = failed.entry(hold).or_insert(Failure {
            attempts: 0,
            not_before: now,
        });
        let wait = FIRST_WAIT * 2_u32.saturating_pow(failure.attempts.min(10));
        failure.attempts += 1;
        failure.not_before = now.after(wait);
        failure.attempts
    }

    /// Forgets purchases that are no longer waiting.
    pub(in crate::engine) fn forget(&self, holds: impl Iterator<Item = HoldId>) {
        let mut failed = self.failed();
        if !failed.is_empty() {
            for hold in holds {
                failed.remove(&hold);
            }
        }
    }

    /// Whether the caller is to make orders of what waits; nobody else does until [`Failures::dispatched`].
    pub(in crate::engine) fn dispatch(&self) -> bool {
        self.asked.store(true, Ordering::SeqCst);
        self.start()
    }

    /// The caller has made orders of what waited. Whether it is to do so once more, because something came meanwhile.
    pub(in crate::engine) fn dispatched(&self) -> bool {
        self.dispatching.store(false, Ordering::SeqCst);
        self.asked.load(Ordering::SeqCst) && self.start()
    }

    /// The caller could not make orders of what waits, and does not try again.
    pub(in crate::engine) fn gave_up(&self) {
        self.dispatching.store(false, Ordering::SeqCst);
    }

    fn start(&self) -> bool {
        let start = !self.dispatching.swap(true, Ordering::SeqCst);
        if start {
            self.asked.store(false, Ordering::SeqCst);
        }
        start
    }
}
