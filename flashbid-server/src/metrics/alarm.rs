//! Notices when a route fails too often, while it happens and without anybody who watches the figures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::layer::Route;

/// Over which stretch of time answers are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Of fewer answers in a window nothing is said.
const FEWEST: u32 = 20;

/// More server errors than this in a hundred answers are too many.
const PERCENT: u32 = 5;

/// One window a route.
#[derive(Debug, Default)]
pub(super) struct Alarms(RwLock<HashMap<Route, Arc<Mutex<Window>>>>);

impl Alarms {
    /// Counts an answer, and logs when the route begins to fail, goes on failing, or has recovered.
    pub(super) fn count(&self, route: &Route, now: Instant, failed: bool) {
        let window = self.window(route, now);
        let notice = window
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(now, failed);
        match notice {
            None => {}
            Some(Notice::Failing { answers, errors }) => tracing::warn!(
                failing = route.name(),
                answers,
                errors,
                "more than {PERCENT} % of the answers of a route within a minute are server errors"
            ),
            Some(Notice::Recovered) => {
                tracing::info!(recovered = route.name(), "a route has recovered");
            }
        }
    }

    fn window(&self, route: &Route, now: Instant) -> Arc<Mutex<Window>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = known.get(route) {
            return Arc::clone(window);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let window = known.entry(route.clone());
        Arc::clone(window.or_insert_with(|| Arc::new(Mutex::new(Window::new(now)))))
    }
}

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notice {
    Failing { answers: u32, errors: u32 },
    Recovered,
}

/// The answers of a route since `since`, for [`WINDOW`] at most.
#[derive(Debug)]
struct Window {
    since: Instant,
    answers: u32,
    errors: u32,
    /// Whether a line was written in this window.
    noticed: bool,
    /// Whether the last line said that the route fails.
    failing: bool,
}

impl Window {
    const fn new(since: Instant) -> Self {
        Self {
            since,
            answers: 0,
            errors: 0,
            noticed: false,
            failing: false,
        }
    }

    /// Counts an answer at `now`. There is one notice of failing a window; a route has recovered when a window that is
    /// over had answers and not too many errors.
    fn count(&mut self, now: Instant, failed: bool) -> Option<Notice> {
        let mut notice = None;
        if now.duration_since(self.since) >= WINDOW {
            if self.failing && !self.noticed && self.answers > 0 && !self.is_bad() {
                self.failing = false;
                notice = Some(Notice::Recovered);
            }
            *self = Self {
                failing: self.failing,
                ..Self::new(now)
            };
        }
        self.answers = self.answers.saturating_add(1);
        self.errors = self.errors.saturating_add(u32::from(failed));
        if !self.noticed && self.answers >= FEWEST && self.is_bad() {
            self.noticed = true;
            self.failing = true;
            notice = Some(Notice::Failing {
                answers: self.answers,
                errors: self.errors,
            });
        }
        notice
    }

    fn is_bad(&self) -> bool {
        u64::from(self.errors) * 100 > u64::from(self.answers) * u64::from(PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is noticed of `answers`, of which every `nth` fails, spread over `over`.
    async fn notices(window: &mut Window, answers: u32, nth: u32, over: Duration) -> Vec<Notice> {
        let mut notices = Vec::new();
        for answer in 1..=answers {
            tokio::time::advance(over / answers).await;
            notices.extend(window.count(Instant::now(), answer % nth == 0));
        }
        notices
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_that_fails_is_one_line_a_window_and_one_when_it_recovers() {
        let mut window = Window::new(Instant::now());
        let minute = Duration::from_mins(1);
        // One of 20 is not more than 5 %, as long as all of them are in one window.
        assert_eq!(notices(&mut window, 180, 20, minute / 2).await, []);
        tokio::time::advance(minute).await;
        let failing = notices(&mut window, 600, 3, minute * 3).await;
        assert!(failing.len() == 3 || failing.len() == 4, "{failing:?}");
        for notice in failing {
            let Notice::Failing { answers, errors } = notice else {
                panic!("{notice:?}");
            };
            assert!(answers >= 20 && errors * 20 > answers, "{notice:?}");
        }
        let after = notices(&mut window, 600, 1_000, minute * 3).await;
        assert_eq!(after, [Notice::Recovered]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_failures_of_a_quiet_route_are_no_alarm() {
        let mut window = Window::new(Instant::now());
        let hour = Duration::from_hours(1);
        assert_eq!(notices(&mut window, 15 * 60, 1, hour).await, []);
    }
}
