use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::id::AttemptId;

/// At most so many requests of somebody within any stretch of time as long as the window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    key: String,
    requests: u32,
    window: Duration,
}

impl Limit {
    /// The most requests of a window. A store remembers each, so this bounds what one key may cost.
    pub const MAX_REQUESTS: u32 = 10_000;
    /// The longest window.
    pub const MAX_WINDOW: Duration = Duration::from_hours(31 * 24);

    /// At most `requests` of whoever `key` names, such as `user/7`, within any `window`. `None` for no requests or more
    /// than [`Limit::MAX_REQUESTS`], and for a window that is shorter than a millisecond or longer than
    /// [`Limit::MAX_WINDOW`]. Parts of milliseconds are cut off.
    pub fn new(key: impl Into<String>, requests: u32, window: Duration) -> Option<Self> {
        let whole = Duration::from_millis(u64::try_from(window.as_millis()).ok()?);
        let within = (1..=Self::MAX_REQUESTS).contains(&requests)
            && !whole.is_zero()
            && whole <= Self::MAX_WINDOW;
        within.then(|| Self {
            key: key.into(),
            requests,
            window: whole,
        })
    }

    /// Whose requests are counted.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How many of them are admitted within any window.
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// How long the window is, in whole milliseconds.
    pub const fn window(&self) -> Duration {
        self.window
    }
}

/// Whether a request is within its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is, and was counted.
    Yes {
        /// How many more would be admitted at the same moment, by the limit that has the fewest left.
        remaining: u32,
    },
    /// It is not, and was not counted.
    No {
        /// When as many as it takes have left the window, if nobody comes in between; at least a millisecond.
        retry_after: Duration,
    },
}

/// Who may come in: sliding-window limits, and tokens that let one request in.
///
/// Time is the store's. What is over is forgotten by itself: a store holds no more than the requests of the windows
/// that last and the tokens that do. A store that was lost has forgotten all of it: limits begin anew, and tokens that
/// were issued must be issued again.
#[async_trait]
pub trait Admission: Debug + Send + Sync + 'static {
    /// Counts one request against several limits, or refuses it.
    ///
    /// The limits of one scope are looked at in one step; a scope is where a store may keep things together, so that
    /// many scopes are spread and one is not. A request counts for each of its limits, by its key and its window: ten
    /// a second and a hundred an hour of the same key are two limits.
    ///
    /// # Contract
    /// - Within any stretch of the window's length no more than the limit's number are admitted, also between
    ///   concurrent calls and wherever the stretch begins. `a_limit_admits_its_number`, `the_window_slides`,
    ///   `of_many_requests_the_limit_is_admitted`
    /// - By all limits or not at all: a refused request counts for none. `a_refused_request_counts_nowhere`
    /// - Admitted tells the fewest that remain, refused the longest wait. `the_strictest_limit_answers`
    /// - After the wait a request is admitted. `the_wait_is_long_enough`
    /// - Requests are judged by the limit that they come with, whatever it was for those before.
    ///   `a_limit_may_change`
    /// - A limit that is named twice counts once, by the lower number. `a_limit_named_twice_counts_once`
    /// - Scopes, keys and windows do not touch each other. `limits_are_separate`
    /// - Without limits it is admitted. `no_limit_admits_everything`
    ///
    /// A call that is repeated because its answer was lost counts again: it may be refused one too early, but never
    /// admitted one too many.
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted>;

    /// Issues a token that lets `subject` in once within `ttl`. The caller chooses the token, which nobody must be able
    /// to guess. Answers whether the token is the subject's: not when it was issued for another.
    ///
    /// # Contract
    /// - Idempotent: a token that is known stays as it is, bound as it was, redeemed if it was, and for as long as it
    ///   had. `issuing_again_changes_nothing`
    /// - Tokens do not touch each other. `tokens_are_separate`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool>;

    /// Redeems a token: `true` the first time only. Who lost the answer asks again with the same attempt.
    ///
    /// # Contract
    /// - Once, also between concurrent calls. `a_token_is_redeemed_once`, `of_many_attempts_one_redeems`
    /// - The attempt that redeemed it is told so again, for as long as the token would have lasted and at least
    ///   [`REDEEMED_FOR`]. `the_same_attempt_gets_the_same_answer`
    /// - Not when it is unknown, over or bound to something else, and then it is not used up.
    ///   `an_unknown_token_is_refused`, `a_token_expires`, `a_token_is_bound_to_its_subject`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool>;
}

/// How long it is remembered at least which attempt redeemed a token.
pub const REDEEMED_FOR: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_makes_no_sense_is_refused() {
        let second = Duration::from_secs(1);
        assert_eq!(Limit::new("a", 0, second), None);
        assert_eq!(Limit::new("a", Limit::MAX_REQUESTS + 1, second), None);
        assert_eq!(Limit::new("a", 1, Duration::from_micros(999)), None);
        assert_eq!(Limit::new("a", 1, Limit::MAX_WINDOW + second), None);
        assert_eq!(Limit::new("a", 1, Duration::MAX), None);
        let cut = Limit::new("a", 1, Duration::from_micros(1_999)).unwrap();
        assert_eq!(cut.window(), Duration::from_millis(1));
    }
}
