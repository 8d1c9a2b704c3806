//! What a server needs and makes for itself when nobody gave it: the secret of its tokens, and an administrator.

use std::fmt;

use flashbid_core::StoreError;
use flashbid_core::id::{BidderId, IdSource, RandomIds};
use flashbid_core::time::Timestamp;
use rand::RngExt;
use rand::distr::Alphanumeric;

use crate::accounts::{Account, Accounts, Email, Hasher, Password, Username, draw_weight};
use crate::config::{Config, Secret};
use crate::failure::Failure;

/// The setting that holds the secret of the tokens.
const JWT_SECRET: &str = "jwt_secret";

/// The length of a secret that is made here: some 381 bits.
const JWT_SECRET_LENGTH: usize = 64;

/// The length of a password that is made here: some 119 bits.
const PASSWORD_LENGTH: usize = 20;

/// What tokens are signed with, and where it comes from.
#[derive(Clone, Debug)]
pub struct JwtSecret {
    /// The secret.
    pub secret: Secret,
    /// Whether it was made just now.
    pub made: bool,
}

/// The secret that was given, else the one that is kept, else a new one that is kept from now on.
///
/// # Errors
/// A store that is away.
pub async fn jwt_secret(config: &Config, accounts: &dyn Accounts) -> Result<JwtSecret, Failure> {
    let found = |secret| JwtSecret {
        secret,
        made: false,
    };
    if let Some(secret) = &config.jwt_secret {
        return Ok(found(secret.clone()));
    }
    if let Some(secret) = accounts.setting(JWT_SECRET).await.map_err(away)? {
        return Ok(found(Secret::new(secret)));
    }
    let new = letters(JWT_SECRET_LENGTH);
    let kept = accounts.keep_setting(JWT_SECRET, new).await.map_err(away)?;
    Ok(JwtSecret {
        secret: Secret::new(kept),
        made: true,
    })
}

/// Who may make products and campaigns, and how to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administrator {
    /// Made just now with the password that was given.
    Given {
        /// Which account.
        id: BidderId,
        /// Its login.
        email: Email,
    },
    /// Made just now with a password that nobody else knows.
    Made {
        /// Which account.
        id: BidderId,
        /// Its login.
        email: Email,
        /// To be shown once.
        password: Secret,
    },
    /// Made at an earlier start; its password is what it was then.
    Found {
        /// Which account.
        id: BidderId,
        /// Its login.
        email: Email,
    },
}

impl fmt::Display for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { email, .. } => {
                write!(f, "{email} with the password that was given, made now")
            }
            Self::Made {
                email, password, ..
            } => write!(
                f,
                "{email} with the password {}, made now and shown this once",
                password.expose()
            ),
            Self::Found { email, .. } => {
                write!(f, "{email} with the password of the start that made it")
            }
        }
    }
}

/// Makes the administrator that `config` names unless it is there. A password that was lost before anybody noted it is
/// no dead end: another email gives another administrator.
///
/// # Errors
/// An email that another account has, a store that is away.
pub async fn administrator(
    config: &Config,
    accounts: &dyn Accounts,
    hasher: &Hasher,
    now: Timestamp,
) -> Result<Administrator, Failure> {
    let (email, given) = (config.admin_email.clone(), config.admin_password.clone());
    let taken = || {
        Failure::usage(format!(
            "{email} cannot be made an administrator: the email belongs to another account"
        ))
    };
    match accounts.by_email(&email).await.map_err(away)? {
        Some(account) if account.is_admin => {
            let id = account.id;
            return Ok(Administrator::Found { id, email });
        }
        Some(_) => return Err(taken()),
        None => {}
    }
    let made = given
        .is_none()
        .then(|| Secret::new(letters(PASSWORD_LENGTH)));
    let password = given.or_else(|| made.clone().and_then(|made| Password::new(made).ok()));
    let password = password.expect("a password of 20 characters is long enough");
    let hash = hasher.hash(password).await;
    let account = Account {
        id: RandomIds.fresh().into(),
        email: email.clone(),
        username: "Administrator".parse::<Username>().expect("a username"),
        password: hash.expect("nobody else is hashing yet"),
        weight: draw_weight(),
        is_admin: true,
        created_at: now,
    };
    let holders = accounts
        .add(std::slice::from_ref(&account))
        .await
        .map_err(away)?;
    let id = account.id;
    if holders != [id] {
        // Another node that starts on the same ledger was faster.
        return match accounts.by_email(&email).await.map_err(away)? {
            Some(Account {
                id, is_admin: true, ..
            }) => Ok(Administrator::Found { id, email }),
            _ => Err(taken()),
        };
    }
    Ok(match made {
        Some(password) => Administrator::Made {
            id,
            email,
            password,
        },
        None => Administrator::Given { id, email },
    })
}

fn letters(count: usize) -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).take(count);
    letters.map(char::from).collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is handed over by `map_err`"
)]
fn away(error: StoreError) -> Failure {
    Failure::usage(format!("the accounts cannot be used: {error}"))
}
