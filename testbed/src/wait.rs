use std::fmt::Display;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take for anything: far longer than it does, even on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer.
///
/// # Panics
///
/// If there is none within a minute.
pub fn eventually<T>(what: impl Display, attempt: impl FnMut() -> Option<T>) -> T {
    within(LIMIT, attempt).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// Asks again and again until there is an answer or the time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "servers are real here, and so is the time they take"
)]
pub(crate) fn within<T>(limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = attempt() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(Duration::from_millis(10));
    }
}
