use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::id::AttemptId;
use flashbid_core::memory::MemoryAdmission;
use flashbid_core::store::{Admission, Admitted, Limit, StoreResult};
use flashbid_core::time::{Clock, SystemClock};
use uuid::Uuid;

use crate::assert_fails;

/// What limits and tokens do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It counts from the beginning of each window.
    FixedWindows,
    /// It reads the count, and adds to it a moment later.
    ChecksThenCounts,
    /// It counts one limit after the other, until one refuses.
    OneAfterTheOther,
    /// It counts those that it refuses.
    CountsRefused,
    /// It admits everybody.
    AdmitsAll,
    /// It looks at the first limit only.
    LooksAtTheFirst,
    /// It answers too short a wait.
    ShortWaits,
    /// It keeps to the number that a limit had at first.
    KeepsTheFirstNumber,
    /// It counts a limit as often as it is named.
    CountsTwice,
    /// It takes keys of all scopes and windows for one.
    OneKeySpace,
    /// It refuses when nothing limits.
    RefusesWithoutLimits,
    /// It issues what is issued already.
    IssuesAnew,
    /// It cuts tokens short and takes small letters for large ones.
    CutsTokens,
    /// It redeems as often as it is asked.
    RedeemsAgain,
    /// It looks whether a token was redeemed, and redeems it a moment later.
    ChecksThenRedeems,
    /// It does not know an attempt again.
    ForgetsAttempts,
    /// It forgets attempts with their token.
    ForgetsAttemptsEarly,
    /// It redeems what it does not know.
    RedeemsUnknown,
    /// It keeps a token for ever.
    TokensNeverExpire,
    /// It does not look for whom a token is.
    IgnoresTheSubject,
    /// It uses a token up for whoever tries.
    UsesUpOnFailure,
}

#[derive(Debug)]
struct Broken {
    admission: MemoryAdmission,
    mistake: Mistake,
    numbers: Mutex<HashMap<String, u32>>,
    redeemed: Mutex<HashMap<String, AttemptId>>,
}

fn sound() -> MemoryAdmission {
    MemoryAdmission::default()
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        admission: sound(),
        mistake,
        numbers: Mutex::default(),
        redeemed: Mutex::default(),
    }
}

fn limit(key: &str, requests: u32, window: Duration) -> Limit {
    Limit::new(key, requests, window).unwrap()
}

impl Broken {
    /// What was counted for a name; counts one more when told so.
    fn number(&self, name: &str, more: u32) -> u32 {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.entry(name.to_owned()).or_default();
        *number += more;
        *number
    }

    /// Redeems with an attempt that nobody made before.
    async fn redeem_anew(&self, token: &str, subject: &str) -> StoreResult<bool> {
        let attempt = AttemptId::new(Uuid::from_u128(self.number("attempts", 1).into()));
        self.admission.redeem(token, subject, attempt).await
    }
}

#[async_trait]
impl Admission for Broken {
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted> {
        let Some(first) = limits.first() else {
            let retry_after = Duration::from_secs(1);
            return match self.mistake {
                Mistake::RefusesWithoutLimits => Ok(Admitted::No { retry_after }),
                _ => self.admission.admit(scope, limits).await,
            };
        };
        match self.mistake {
            Mistake::FixedWindows => {
                let millis = i64::try_from(first.window().as_millis()).unwrap();
                let period = SystemClock.now().millis() / millis;
                let key = format!("{} {period}", first.key());
                let fixed = limit(&key, first.requests(), Limit::MAX_WINDOW);
                let admitted = self.admission.admit(scope, &[fixed]).await?;
                Ok(match admitted {
                    Admitted::No { retry_after } => Admitted::No {
                        retry_after: retry_after.min(first.window()),
                    },
                    admitted @ Admitted::Yes { .. } => admitted,
                })
            }
            Mistake::ChecksThenCounts => {
                let before = self.number(first.key(), 0);
                tokio::time::sleep(Duration::from_millis(1)).await;
                if before < first.requests() {
                    self.number(first.key(), 1);
                    let remaining = first.requests() - before - 1;
                    Ok(Admitted::Yes { remaining })
                } else {
                    let retry_after = first.window();
                    Ok(Admitted::No { retry_after })
                }
            }
            Mistake::OneAfterTheOther => {
                let mut remaining = u32::MAX;
                for limit in limits {
                    let one = std::slice::from_ref(limit);
                    match self.admission.admit(scope, one).await? {
                        Admitted::Yes { remaining: left } => remaining = remaining.min(left),
                        refused @ Admitted::No { .. } => return Ok(refused),
                    }
                }
                Ok(Admitted::Yes { remaining })
            }
            Mistake::CountsRefused => {
                let asked = self.admission.admit(scope, limits).await?;
                if let Admitted::No { .. } = asked {
                    for one in limits {
                        let more = limit(one.key(), Limit::MAX_REQUESTS, one.window());
                        self.admission.admit(scope, &[more]).await?;
                    }
                }
                Ok(asked)
            }
            Mistake::AdmitsAll => Ok(Admitted::Yes { remaining: 0 }),
            Mistake::LooksAtTheFirst => self.admission.admit(scope, &limits[..1]).await,
            Mistake::ShortWaits => {
                let asked = self.admission.admit(scope, limits).await?;
                Ok(match asked {
                    Admitted::No { retry_after } => Admitted::No {
                        retry_after: Duration::from_millis(1).max(retry_after / 4),
                    },
                    admitted @ Admitted::Yes { .. } => admitted,
                })
            }
            Mistake::KeepsTheFirstNumber => {
                if self.number(first.key(), 0) == 0 {
                    self.number(first.key(), first.requests());
                }
                let number = self.number(first.key(), 0);
                let kept = limit(first.key(), number, first.window());
                self.admission.admit(scope, &[kept]).await
            }
            Mistake::CountsTwice => {
                let asked = self.admission.admit(scope, limits).await?;
                for again in &limits[1..] {
                    let more = limit(again.key(), Limit::MAX_REQUESTS, again.window());
                    self.admission.admit(scope, &[more]).await?;
                }
                Ok(asked)
            }
            Mistake::OneKeySpace => {
                let one = limit(first.key(), first.requests(), Limit::MAX_WINDOW);
                self.admission.admit("all", &[one]).await
            }
            _ => self.admission.admit(scope, limits).await,
        }
    }

    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool> {
        let cut = token.trim_end().to_lowercase();
        match self.mistake {
            Mistake::IssuesAnew => {
                let times = self.number(token, 1);
                let latest = format!("{token} {times}");
                self.admission.issue(&latest, subject, ttl).await
            }
            Mistake::CutsTokens => self.admission.issue(&cut, subject, ttl).await,
            Mistake::TokensNeverExpire => {
                let ever = Duration::from_hours(24);
                self.admission.issue(token, subject, ever).await
            }
            Mistake::IgnoresTheSubject => self.admission.issue(token, "anybody", ttl).await,
            _ => self.admission.issue(token, subject, ttl).await,
        }
    }

    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool> {
        match self.mistake {
            Mistake::IssuesAnew => {
                let latest = format!("{token} {}", self.number(token, 0));
                self.admission.redeem(&latest, subject, attempt).await
            }
            Mistake::CutsTokens => {
                let cut = token.trim_end().to_lowercase();
                self.admission.redeem(&cut, subject, attempt).await
            }
            Mistake::RedeemsAgain => {
                let always = AttemptId::new(Uuid::from_u128(1));
                self.admission.redeem(token, subject, always).await
            }
            Mistake::ChecksThenRedeems => {
                let known = self.redeemed.lock().unwrap().get(token).copied();
                tokio::time::sleep(Duration::from_millis(1)).await;
                if known.is_some() {
                    return Ok(known == Some(attempt));
                }
                let mut redeemed = self.redeemed.lock().unwrap();
                redeemed.insert(token.to_owned(), attempt);
                Ok(true)
            }
            Mistake::ForgetsAttempts => self.redeem_anew(token, subject).await,
            Mistake::ForgetsAttemptsEarly => {
                let again = self.number(token, 1) > 1;
                let fresh = !again || token != "short";
                Ok(fresh && self.admission.redeem(token, subject, attempt).await?)
            }
            Mistake::RedeemsUnknown => {
                self.admission.redeem(token, subject, attempt).await?;
                Ok(true)
            }
            Mistake::IgnoresTheSubject => self.admission.redeem(token, "anybody", attempt).await,
            Mistake::UsesUpOnFailure => {
                let used_up = self.number(token, 0) > 0;
                let redeemed = !used_up && self.admission.redeem(token, subject, attempt).await?;
                self.number(token, u32::from(!redeemed));
                Ok(redeemed)
            }
            _ => self.admission.redeem(token, subject, attempt).await,
        }
    }
}

#[test]
fn windows_that_do_not_slide_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::FixedWindows); the_window_slides);
}

#[test]
fn a_limit_that_is_not_atomic_is_found() {
    assert_fails!(
        admission, sound(), broken(Mistake::ChecksThenCounts);
        of_many_requests_the_limit_is_admitted,
    );
}

#[test]
fn limits_that_are_taken_by_half_are_found() {
    assert_fails!(
        admission, sound(), broken(Mistake::OneAfterTheOther);
        a_refused_request_counts_nowhere,
    );
    assert_fails!(
        admission, sound(), broken(Mistake::CountsRefused);
        a_refused_request_counts_nowhere,
    );
}

#[test]
fn a_limit_that_limits_nothing_is_found() {
    assert_fails!(admission, sound(), broken(Mistake::AdmitsAll); a_limit_admits_its_number);
    assert_fails!(
        admission, sound(), broken(Mistake::RefusesWithoutLimits);
        no_limit_admits_everything,
    );
}

#[test]
fn limits_that_are_not_looked_at_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::LooksAtTheFirst); the_strictest_limit_answers);
}

#[test]
fn waits_that_are_too_short_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::ShortWaits); the_wait_is_long_enough);
}

#[test]
fn a_limit_that_cannot_be_changed_is_found() {
    assert_fails!(admission, sound(), broken(Mistake::KeepsTheFirstNumber); a_limit_may_change);
}

#[test]
fn a_limit_that_counts_twice_is_found() {
    assert_fails!(
        admission, sound(), broken(Mistake::CountsTwice);
        a_limit_named_twice_counts_once,
    );
}

#[test]
fn limits_that_are_taken_for_each_other_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::OneKeySpace); limits_are_separate);
}

#[test]
fn a_token_that_is_issued_over_itself_is_found() {
    assert_fails!(admission, sound(), broken(Mistake::IssuesAnew); issuing_again_changes_nothing);
}

#[test]
fn tokens_that_are_taken_for_each_other_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::CutsTokens); tokens_are_separate);
}

#[test]
fn a_token_that_is_redeemed_twice_is_found() {
    assert_fails!(
        admission, sound(), broken(Mistake::RedeemsAgain);
        a_token_is_redeemed_once,
        of_many_attempts_one_redeems,
    );
    assert_fails!(
        admission, sound(), broken(Mistake::ChecksThenRedeems);
        of_many_attempts_one_redeems,
    );
}

#[test]
fn an_attempt_that_gets_another_answer_is_found() {
    assert_fails!(
        admission, sound(), broken(Mistake::ForgetsAttempts);
        the_same_attempt_gets_the_same_answer,
    );
    assert_fails!(
        admission, sound(), broken(Mistake::ForgetsAttemptsEarly);
        the_same_attempt_gets_the_same_answer,
    );
}

#[test]
fn tokens_that_let_anybody_in_are_found() {
    assert_fails!(admission, sound(), broken(Mistake::RedeemsUnknown); an_unknown_token_is_refused);
    assert_fails!(admission, sound(), broken(Mistake::TokensNeverExpire); a_token_expires);
    assert_fails!(
        admission, sound(), broken(Mistake::IgnoresTheSubject);
        a_token_is_bound_to_its_subject,
    );
    assert_fails!(
        admission, sound(), broken(Mistake::UsesUpOnFailure);
        a_token_is_bound_to_its_subject,
        an_unknown_token_is_refused,
    );
}
