use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use flashbid_core::id::AttemptId;
use flashbid_core::store::{Admission, StoreResult};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{derived_key, random_id};
use crate::config::Secret;
use crate::problem::Problem;

/// How long a captcha may be answered.
pub const CAPTCHA_TTL: Duration = Duration::from_mins(5);

/// The longest answer that is looked at, in bytes.
const LONGEST_ANSWER: usize = 64;

/// Makes what people can read and programs cannot. An embedder may bring its own.
#[async_trait]
pub trait Captcha: fmt::Debug + Send + Sync + 'static {
    /// A new challenge, unlike any other.
    ///
    /// # Errors
    /// [`TooBusy`] when more are wanted than can be made.
    async fn challenge(&self) -> Result<Challenge, TooBusy>;
}

/// A picture and what it says.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The picture, a PNG.
    pub image: Vec<u8>,
    /// What it says; capitals and small letters count alike.
    pub answer: Secret,
}

/// More challenges are wanted than can be made; nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many captchas are being made")]
pub struct TooBusy;

impl From<TooBusy> for Problem {
    fn from(_: TooBusy) -> Self {
        Self::overloaded()
    }
}

/// Captchas that are good once, wherever they are answered. The hot store learns neither picture nor answer.
pub struct Captchas {
    store: Arc<dyn Admission>,
    maker: Arc<dyn Captcha>,
    key: Hmac<Sha256>,
}

/// A captcha that waits for its answer.
#[derive(Clone, Debug)]
pub struct OpenChallenge {
    /// How it is called.
    pub id: Uuid,
    /// Its picture, a PNG.
    pub image: Vec<u8>,
}

impl fmt::Debug for Captchas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captchas")
            .field("maker", &self.maker)
            .finish_non_exhaustive()
    }
}

impl Captchas {
    /// Keeps in `store` what `maker` makes, by a key that is derived from `secret`.
    pub fn new(store: Arc<dyn Admission>, maker: Arc<dyn Captcha>, secret: &Secret) -> Self {
        Self {
            store,
            maker,
            key: derived_key(secret, "flashbid captcha 1"),
        }
    }

    /// A new captcha, good for [`CAPTCHA_TTL`].
    ///
    /// # Errors
    /// 503 when too many are made at once, or without the hot store.
    pub async fn open(&self) -> Result<OpenChallenge, Problem> {
        let Challenge { image, answer } = self.maker.challenge().await?;
        let id = random_id();
        let subject = self.subject(id, answer.expose());
        // The try comes last: as long as there is none, there is nothing to answer.
        self.store
            .issue(&solution(id), &subject, CAPTCHA_TTL)
            .await?;
        self.store.issue(&only_try(id), "", CAPTCHA_TTL).await?;
        Ok(OpenChallenge { id, image })
    }

    /// Whether `answer` is what the captcha `id` says, the first time only: a wrong answer uses it up as well, so that
    /// nobody can try one after the other.
    ///
    /// # Errors
    /// A store that is away. The captcha may have been used up.
    pub async fn redeem(&self, id: Uuid, answer: &Secret) -> StoreResult<bool> {
        let attempt = AttemptId::new(random_id());
        if !self.store.redeem(&only_try(id), "", attempt).await? {
            return Ok(false);
        }
        let answer = answer.expose();
        if answer.len() > LONGEST_ANSWER {
            return Ok(false);
        }
        let subject = self.subject(id, answer);
        self.store.redeem(&solution(id), &subject, attempt).await
    }

    /// What stands for an answer in the store. It is bound to the captcha: the same answer is another one elsewhere.
    fn subject(&self, id: Uuid, answer: &str) -> String {
        let mac = self
            .key
            .clone()
            .chain_update(id.as_bytes())
            .chain_update(answer.trim().to_lowercase());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}

fn only_try(id: Uuid) -> String {
    format!("captcha/{id}/try")
}

fn solution(id: Uuid) -> String {
    format!("captcha/{id}/solution")
}

#[cfg(test)]
mod tests {
    use flashbid_core::memory::MemoryAdmission;
    use flashbid_core::time::{ManualClock, Timestamp};

    use super::*;

    /// Says the same every time.
    #[derive(Debug)]
    struct Parrot;

    #[async_trait]
    impl Captcha for Parrot {
        async fn challenge(&self) -> Result<Challenge, TooBusy> {
            Ok(Challenge {
                image: vec![1],
                answer: Secret::new("Sesame"),
            })
        }
    }

    fn captchas() -> (Arc<ManualClock>, Captchas) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        let store = Arc::new(MemoryAdmission::new(clock.clone()));
        let captchas = Captchas::new(store, Arc::new(Parrot), &Secret::new("a secret"));
        (clock, captchas)
    }

    async fn redeem(captchas: &Captchas, id: Uuid, answer: &str) -> bool {
        captchas.redeem(id, &Secret::new(answer)).await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_taken_once_whatever_its_case() {
        let (_, captchas) = captchas();
        for answer in ["Sesame", "sesame", "SESAME", " sesame\n"] {
            let id = captchas.open().await.unwrap().id;
            assert!(redeem(&captchas, id, answer).await, "{answer:?}");
            assert!(!redeem(&captchas, id, answer).await, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_wrong_answer_uses_it_up() {
        let (_, captchas) = captchas();
        for answer in ["", "sesam", "sesame sesame", &"x".repeat(10_000)] {
            let id = captchas.open().await.unwrap().id;
            assert!(!redeem(&captchas, id, answer).await);
            assert!(!redeem(&captchas, id, "sesame").await);
        }
    }

    #[tokio::test]
    async fn of_many_answers_at_once_one_is_looked_at() {
        let (_, captchas) = captchas();
        let id = captchas.open().await.unwrap().id;
        let all = (0..50).map(|_| redeem(&captchas, id, "sesame"));
        let taken = futures_util::future::join_all(all).await;
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    }

    #[tokio::test]
    async fn it_is_over_after_five_minutes() {
        let (clock, captchas) = captchas();
        let (first, second) = (
            captchas.open().await.unwrap(),
            captchas.open().await.unwrap(),
        );
        clock.advance(Duration::from_millis(299_999));
        assert!(redeem(&captchas, first.id, "sesame").await);
        clock.advance(Duration::from_millis(1));
        assert!(!redeem(&captchas, second.id, "sesame").await);
    }

    #[tokio::test]
    async fn one_that_nobody_made_has_no_answer() {
        let (_, captchas) = captchas();
        assert!(!redeem(&captchas, random_id(), "sesame").await);
    }

    #[tokio::test]
    async fn neither_answer_nor_key_is_printed() {
        let (_, captchas) = captchas();
        let challenge = Parrot.challenge().await.unwrap();
        let shown = format!("{captchas:?} {challenge:?}");
        assert!(
            !shown.contains("Sesame") && !shown.contains("secret"),
            "{shown}"
        );
        let subject = captchas.subject(random_id(), "Sesame");
        assert_ne!(subject, captchas.subject(random_id(), "Sesame"));
    }
}
