use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::config::Secret;

/// Memory of one hash, in KiB. With [`PASSES`] and one lane it is the first choice of the OWASP Password Storage
/// Cheat Sheet for Argon2id.
const MEMORY: u32 = 19 * 1_024;

/// Passes over that memory.
const PASSES: u32 = 2;

/// How many callers may wait for a hash. At some 20 ms each this is a wait of seconds, after which a person has left.
const QUEUE: usize = 1_024;

/// A password: 8 to 128 characters. Never printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password(Secret);

/// A text that is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has 8 to 128 characters")]
pub struct InvalidPassword;

impl Password {
    /// Takes a text as a password.
    ///
    /// # Errors
    /// [`InvalidPassword`] unless it has 8 to 128 characters.
    pub fn new(text: Secret) -> Result<Self, InvalidPassword> {
        let length = text.expose().chars().take(129).count();
        if (8..=128).contains(&length) {
            Ok(Self(text))
        } else {
            Err(InvalidPassword)
        }
    }

    /// The text itself.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// What a password is checked against, as a PHC string. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Takes a PHC string, as [`PasswordHash::as_str`] gave it.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The PHC string, to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Too many callers wait for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Hashes and checks passwords by Argon2id, off the async threads and on no more cores than there are.
#[derive(Debug)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// Checked when there is no account, so that the answer takes as long as with one.
    nobody: PasswordHash,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// A hasher that uses every core at most.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            waiting: Semaphore::new(QUEUE),
            nobody: hash(b"nobody has this password"),
        }
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`Busy`] when too many wait.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Busy> {
        self.run(move || hash(password.as_bytes())).await
    }

    /// Whether `password` is the one of `stored`. Without one the answer is no, after the same work.
    ///
    /// # Errors
    /// [`Busy`] when too many wait.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<bool, Busy> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let matches = self
            .run(move || verify(password.as_bytes(), &stored))
            .await?;
        Ok(matches && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let core = Arc::clone(&self.running).acquire_owned().await;
        let core = core.expect("the semaphore is never closed");
        // The core is given back by the work itself: a caller that leaves does not stop it.
        let work = tokio::task::spawn_blocking(move || {
            let _core = core;
            work()
        });
        Ok(work.await.expect("hashing does not panic"))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, 1, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8]) -> PasswordHash {
    let hash: phc::PasswordHash = argon2()
        .hash_password(password)
        .expect("a password of this length can be hashed");
    PasswordHash(hash.to_string().into())
}

fn verify(password: &[u8], stored: &PasswordHash) -> bool {
    phc::PasswordHash::new(stored.as_str())
        .is_ok_and(|stored| argon2().verify_password(password, &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(Secret::new(text)).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_checked_against_its_own_hash_only() {
        let hasher = Hasher::new();
        let stored = hasher.hash(password("open sesame")).await.unwrap();
        assert!(
            stored
                .as_str()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        for (text, matches) in [("open sesame", true), ("open Sesame", false)] {
            let answer = hasher.verify(password(text), Some(stored.clone())).await;
            assert_eq!(answer, Ok(matches));
        }
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        let hasher = Hasher::new();
        let answer = hasher
            .verify(password("nobody has this password"), None)
            .await;
        assert_eq!(answer, Ok(false));
    }

    #[test]
    fn passwords_have_8_to_128_characters() {
        for (text, valid) in [
            (String::new(), false),
            ("1234567".to_owned(), false),
            ("12345678".to_owned(), true),
            ("密".repeat(128), true),
            ("密".repeat(129), false),
        ] {
            assert_eq!(Password::new(Secret::new(text)).is_ok(), valid);
        }
    }

    #[test]
    fn neither_password_nor_hash_is_printed() {
        let shown = format!("{:?} {:?}", password("open sesame"), hash(b"open sesame"));
        assert!(
            !shown.contains("sesame") && !shown.contains("argon2"),
            "{shown}"
        );
    }
}
