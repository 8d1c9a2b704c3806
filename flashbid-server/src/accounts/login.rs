use std::sync::Arc;
use std::time::Duration;

use flashbid_core::StoreError;
use flashbid_core::id::BidderId;
use hmac::{Hmac, KeyInit, Mac};
use moka::future::Cache;
use sha2::Sha256;

use super::{Account, Accounts, Busy, Email, Hasher, Password};

/// How long a login that succeeded is remembered.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How many logins are remembered.
const CAPACITY: u64 = 100_000;

/// Checks logins, and remembers for a minute those that succeeded: when a crowd comes back at once, each of them costs
/// one keyed hash instead of an Argon2.
#[derive(Debug)]
pub struct Logins {
    accounts: Arc<dyn Accounts>,
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
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The accounts are away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Logins {
    /// Checks against `accounts`.
    pub fn new(accounts: Arc<dyn Accounts>) -> Self {
        Self {
            accounts,
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
        make: impl FnOnce(super::PasswordHash) -> Account + Send,
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
    /// [`Refused::Wrong`], [`Refused::Busy`], [`Refused::Store`].
    pub async fn check(&self, email: &Email, password: Password) -> Result<BidderId, Refused> {
        let fingerprint = self.fingerprint(email, &password);
        if let Some(id) = self.recent.get(&fingerprint).await {
            return Ok(id);
        }
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
