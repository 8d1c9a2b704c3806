use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::id::AttemptId;
use flashbid_core::store::{Admission, Admitted, Limit, REDEEMED_FOR, StoreResult};

use crate::RedisHot;
use crate::leases::millis;
use crate::script::script;

script!(ADMIT = "admit");
script!(ISSUE = "issue");
script!(REDEEM = "redeem");

#[async_trait]
impl Admission for RedisHot {
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted> {
        let mut strictest = BTreeMap::new();
        for limit in limits {
            let requests = strictest
                .entry((limit.window(), limit.key()))
                .or_insert(limit.requests());
            *requests = limit.requests().min(*requests);
        }
        if strictest.is_empty() {
            return Ok(Admitted::Yes {
                remaining: u32::MAX,
            });
        }
        let logs = self.key("limit", tag(scope));
        let keys: Vec<String> = strictest
            .keys()
            .map(|(window, key)| format!("{logs}:{}:{key}", window.as_millis()))
            .collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut call = ADMIT.call("admit", &keys);
        for ((window, _), requests) in strictest {
            call = call.arg(requests).arg(millis(window));
        }
        let answer = &mut call.run(&self.link).await?;
        Ok(if answer.flag()? {
            let remaining = answer.parse()?;
            Admitted::Yes { remaining }
        } else {
            let retry_after = Duration::from_millis(answer.parse()?);
            Admitted::No { retry_after }
        })
    }

    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool> {
        let call = ISSUE
            .call("issue", &[&self.key("token", token)])
            .arg(subject)
            .arg(millis(ttl));
        call.run(&self.link).await?.flag()
    }

    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool> {
        let call = REDEEM
            .call("redeem", &[&self.key("token", token)])
            .arg(subject)
            .arg(attempt.as_bytes().as_slice())
            .arg(millis(REDEEMED_FOR));
        call.run(&self.link).await?.flag()
    }
}

/// A scope as the hash tag of its keys: not empty, without braces, and no two scopes alike.
fn tag(scope: &str) -> String {
    let mut tag = String::with_capacity(scope.len());
    for letter in scope.chars() {
        match letter {
            '{' | '}' | '%' => {
                write!(tag, "%{:02X}", u32::from(letter)).expect("a text grows in memory");
            }
            letter => tag.push(letter),
        }
    }
    if tag.is_empty() {
        tag.push('%');
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_tag_of_its_own() {
        assert_eq!(tag("bids"), "bids");
        assert_eq!(tag("a{b}c%"), "a%7Bb%7Dc%25");
        assert_eq!(tag(""), "%");
        assert_eq!(tag("%"), "%25");
    }
}
