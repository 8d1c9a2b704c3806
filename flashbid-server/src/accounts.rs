//! Who may bid: accounts, their passwords, and where they are kept.

mod attempts;
mod email;
mod login;
mod password;
mod postgres;
mod sqlite;

pub use attempts::Attempts;
pub use email::{Email, InvalidEmail};
pub use login::{Logins, Refused};
pub use password::{Busy, Hasher, InvalidPassword, Password, PasswordHash};
pub use postgres::PostgresAccounts;
pub use sqlite::SqliteAccounts;

use std::fmt::{self, Debug};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use flashbid_core::StoreError;
use flashbid_core::id::BidderId;
use flashbid_core::money::Weight;
use flashbid_core::time::Timestamp;
use rand::RngExt;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which account; the engine knows it as a bidder.
    pub id: BidderId,
    /// Its login; no two accounts have the same.
    pub email: Email,
    /// The name that rankings show.
    pub username: Username,
    /// What its password is checked against.
    pub password: PasswordHash,
    /// The member weight.
    pub weight: Weight,
    /// Whether it may make products and campaigns.
    pub is_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A display name: 1 to 100 characters, at least one of them visible, and no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(Arc<str>);

/// A text that is no username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a username has 1 to 100 characters and no control characters")]
pub struct InvalidUsername;

impl Username {
    /// The name, to be shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().take(101).count();
        if text.trim().is_empty() || length > 100 || text.chars().any(char::is_control) {
            return Err(InvalidUsername);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Draws the member weight of a new account: 0.50 to 5.00, two decimals.
pub fn draw_weight() -> Weight {
    let hundredths: i64 = rand::rng().random_range(50..=500);
    Weight::from_ten_thousandths(hundredths * 100).expect("5 is a weight")
}

/// Where accounts and the server's own settings are kept, beside the ledger.
#[async_trait]
pub trait Accounts: Debug + Send + Sync + 'static {
    /// Adds those of `accounts` whose email is free, all in one transaction, and answers for each email who has it
    /// now. An account that is there already is left as it is.
    ///
    /// # Errors
    /// A store that is away.
    async fn add(&self, accounts: &[Account]) -> Result<Vec<BidderId>, StoreError>;

    /// The account of `email`.
    ///
    /// # Errors
    /// A store that is away.
    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// The account `id`.
    ///
    /// # Errors
    /// A store that is away.
    async fn by_id(&self, id: BidderId) -> Result<Option<Account>, StoreError>;

    /// The setting `name`.
    ///
    /// # Errors
    /// A store that is away.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Keeps `value` as the setting `name` unless there is one, and answers the one there is.
    ///
    /// # Errors
    /// A store that is away.
    async fn keep_setting(&self, name: &str, value: String) -> Result<String, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_and_visible() {
        for name in [
            "a",
            "Ada Lovelace",
            "名前",
            &"x".repeat(100),
            "'; DROP TABLE users; --",
        ] {
            assert!(name.parse::<Username>().is_ok(), "{name}");
        }
        for name in ["", " ", "\u{3000}", "a\0b", "a\nb", &"x".repeat(101)] {
            assert_eq!(name.parse::<Username>(), Err(InvalidUsername), "{name:?}");
        }
    }

    #[test]
    fn weights_have_two_decimals_between_a_half_and_five() {
        for _ in 0..1_000 {
            let units = draw_weight().ten_thousandths();
            assert!(
                (5_000..=50_000).contains(&units) && units % 100 == 0,
                "{units}"
            );
        }
    }
}
