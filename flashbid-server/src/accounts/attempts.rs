use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::store::{Admission, Limit};
use sha2::{Digest, Sha256};

use super::Email;
use crate::gate::Limiter;
use crate::metrics::Metrics;

/// The stretch of time within which attempts are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// How often a login with one email may be tried. The hot store counts, so that it holds over all nodes.
#[derive(Debug)]
pub struct Attempts {
    limiter: Limiter,
    a_minute: u32,
}

impl Attempts {
    /// At most `a_minute` for each email, counted in `store`; at most [`Limit::MAX_REQUESTS`].
    pub fn new(store: Arc<dyn Admission>, a_minute: u32, metrics: Metrics) -> Self {
        Self {
            limiter: Limiter::new(store, metrics),
            a_minute: a_minute.clamp(1, Limit::MAX_REQUESTS),
        }
    }

    /// Counts an attempt, or answers how long to wait for the next one. Without the store everybody may try: it is
    /// better that a guesser gets further than that nobody can log in.
    pub(super) async fn count(&self, email: &Email) -> Result<(), Duration> {
        let limit = Limit::new("login", self.a_minute, WINDOW).expect("a minute is a window");
        self.limiter.count(&scope(email), &[limit]).await
    }
}

/// A scope for each email, so that logins are spread over a cluster; the hot store does not learn the address.
fn scope(email: &Email) -> String {
    let hash = Sha256::digest(email.as_str());
    let mut scope = "login/".to_owned();
    for byte in &hash[..16] {
        write!(scope, "{byte:02x}").expect("a String takes every text");
    }
    scope
}
