use std::sync::Arc;
use std::time::Duration;

use flashbid_core::StoreError;
use flashbid_core::id::BidderId;
use hmac::{Hmac, KeyInit, Mac};
use moka::future::Cache;
use sha2::Sha256;

use super::{Account, Accounts, Attempts, Busy, Email, Hasher, Password, PasswordHash};

/// How long a login that succeeded is remembered.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How many logins are remembered.
const CAPACITY: u64 = 100_000;

/// Checks logins, and remembers for a minute those that succeeded: when a crowd comes back at once, each of them costs
/// one keyed hash instead of an Argon2. Only what is not remembered counts as an attempt.
#[derive(Debug)]
pub struct Logins {
    accounts: Arc<dyn Accounts>,
    attempts: Attempts,
    hasher: Hasher,
    recent: Cache<[u8; 32], BidderId>,
    /// Of this process alone: what is remembered is of no use outside of it.
    key: [u8; 32],
}

/// Why a login or a registration was not possible.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// Another account has the email.
    #[error("the email is taken")]
    EmailTaken,
    /// No account has this email and this password.
    #[error("the email or the password is wrong")]
    Wrong,
    /// Too many logins were tried with this email.
    #[error("too many logins were tried with this email")]
    TooMany {
        /// When the next one may be.
        retry_after: Duration,
    },
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The accounts are away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Logins {
    /// Checks against `accounts`, as often as `attempts` allows.
    pub fn new(accounts: Arc<dyn Accounts>, attempts: Attempts) -> Self {
        Self {
            accounts,
            attempts,
            hasher: Hasher::new(),
            recent: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(REMEMBERED)
                .build(),
            key: rand::random(),
        }
    }

    /// What passwords are hashed by.
    pub const fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Makes the account that `make` gives for the hash of `password`.
    ///
    /// # Errors
    /// [`Refused::EmailTaken`], [`Refused::Busy`], [`Refused::Store`].
    pub async fn register(
        &self,
        password: Password,
        make: impl FnOnce(PasswordHash) -> Account + Send,
    ) -> Result<Account, Refused> {
        let account = make(self.hasher.hash(password).await?);
        let holders = self.accounts.add(std::slice::from_ref(&account)).await?;
        if holders == [account.id] {
            Ok(account)
        } else {
            Err(Refused::EmailTaken)
        }
    }

    /// Who has this email and this password.
    ///
    /// # Errors
    /// [`Refused::Wrong`], [`Refused::TooMany`], [`Refused::Busy`], [`Refused::Store`].
    pub async fn check(&self, email: &Email, password: Password) -> Result<BidderId, Refused> {
        let fingerprint = self.fingerprint(email, &password);
        if let Some(id) = self.recent.get(&fingerprint).await {
            return Ok(id);
        }
        let counted = self.attempts.count(email).await;
        counted.map_err(|retry_after| Refused::TooMany { retry_after })?;
        let account = self.accounts.by_email(email).await?;
        let (id, stored) = account
            .map(|account| (account.id, account.password))
            .unzip();
        let matches = self.hasher.verify(password, stored).await?;
        let id = id.filter(|_| matches).ok_or(Refused::Wrong)?;
        self.recent.insert(fingerprint, id).await;
        Ok(id)
    }

    fn fingerprint(&self, email: &Email, password: &Password) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        // The length keeps the two apart: an email's end cannot be taken for a password's beginning.
        mac.update(&email.as_str().len().to_be_bytes());
        mac.update(email.as_str().as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use flashbid_core::memory::MemoryHot;
    use flashbid_core::time::{SystemClock, Timestamp};

    use super::*;
    use crate::config::Secret;
    use crate::metrics::Metrics;

    /// One account, and how often it was looked up by its email.
    #[derive(Debug)]
    struct One {
        account: Account,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Accounts for One {
        async fn add(&self, _: &[Account]) -> Result<Vec<BidderId>, StoreError> {
            Ok(vec![self.account.id])
        }

        async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            Ok((self.account.email == *email).then(|| self.account.clone()))
        }

        async fn by_id(&self, _: BidderId) -> Result<Option<Account>, StoreError> {
            Ok(None)
        }

        async fn setting(&self, _: &str) -> Result<Option<String>, StoreError> {
            Ok(None)
        }

        async fn keep_setting(&self, _: &str, value: String) -> Result<String, StoreError> {
            Ok(value)
        }
    }

    fn password(text: &str) -> Password {
        Password::new(Secret::new(text)).unwrap()
    }

    fn logins(one: &Arc<One>, a_minute: u32) -> Logins {
        let store = Arc::new(MemoryHot::new(Arc::new(SystemClock)));
        let attempts = Attempts::new(store, a_minute, Metrics::default());
        Logins::new(one.clone(), attempts)
    }

    fn one(stored: PasswordHash) -> Arc<One> {
        Arc::new(One {
            account: Account {
                id: BidderId::new(uuid::Uuid::from_u128(1)),
                email: "ada@example.com".parse().unwrap(),
                username: "Ada".parse().unwrap(),
                password: stored,
                weight: "1".parse().unwrap(),
                is_admin: false,
                created_at: Timestamp::default(),
            },
            asked: AtomicUsize::new(0),
        })
    }

    #[tokio::test]
    async fn only_a_login_that_succeeded_is_remembered() {
        let stored = Hasher::new().hash(password("open sesame")).await.unwrap();
        let one = one(stored);
        let logins = logins(&one, 100);
        let email = &one.account.email;
        for asked in [1, 2] {
            let wrong = logins.check(email, password("open sesamE")).await;
            assert!(matches!(wrong, Err(Refused::Wrong)), "{wrong:?}");
            assert_eq!(one.asked.load(Ordering::SeqCst), asked);
        }
        for _ in 0..3 {
            let right = logins.check(email, password("open sesame")).await;
            assert_eq!(right.unwrap(), one.account.id);
            assert_eq!(one.asked.load(Ordering::SeqCst), 3);
        }
        let still_wrong = logins.check(email, password("open sesamE")).await;
        assert!(matches!(still_wrong, Err(Refused::Wrong)));
    }

    #[tokio::test]
    async fn only_so_many_attempts_are_made_a_minute_and_a_known_login_needs_none() {
        let stored = Hasher::new().hash(password("open sesame")).await.unwrap();
        let one = one(stored);
        let logins = logins(&one, 2);
        let email = &one.account.email;
        assert!(logins.check(email, password("open sesame")).await.is_ok());
        let wrong = logins.check(email, password("open sesamE")).await;
        assert!(matches!(wrong, Err(Refused::Wrong)), "{wrong:?}");
        let refused = logins.check(email, password("open sesamE")).await;
        let Err(Refused::TooMany { retry_after }) = refused else {
            panic!("{refused:?}");
        };
        assert!(retry_after <= Duration::from_mins(1));
        assert!(logins.check(email, password("open sesame")).await.is_ok());
        let other = "eve@example.com".parse().unwrap();
        let other = logins.check(&other, password("open sesame")).await;
        assert!(matches!(other, Err(Refused::Wrong)), "{other:?}");
    }

    #[tokio::test]
    async fn an_email_and_a_password_never_stand_for_another_pair() {
        let logins = logins(&one(PasswordHash::from_stored("")), 100);
        let one = logins.fingerprint(&"a@b".parse().unwrap(), &password("cpassword"));
        let other = logins.fingerprint(&"a@bc".parse().unwrap(), &password("password"));
        assert_ne!(one, other);
    }
}
