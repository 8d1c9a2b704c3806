//! Who is asking: tokens, and the extractors that routes take a user from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use flashbid_core::id::BidderId;
use flashbid_core::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::{Account, Accounts};
use crate::config::Secret;
use crate::problem::Problem;
use crate::state::AppState;

/// How long a checked token is remembered with its account: a changed weight shows within this time.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How many tokens are remembered.
const CAPACITY: u64 = 200_000;

/// The longest token that is looked at; ours have some 200 characters.
const LONGEST_TOKEN: usize = 1_024;

/// The user a request comes from.
#[derive(Clone, Debug)]
pub struct CurrentUser(pub Arc<Account>);

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .ok_or_else(|| Problem::unauthorized("The request has no token."))?
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or_else(|| {
                Problem::unauthorized("The Authorization header has no bearer token.")
            })?;
        let now = state.engine().now();
        state.sessions().account(token, now).await.map(Self)
    }
}

/// The administrator a request comes from.
#[derive(Clone, Debug)]
pub struct Admin(pub Arc<Account>);

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let CurrentUser(account) = CurrentUser::from_request_parts(parts, state).await?;
        if account.is_admin {
            Ok(Self(account))
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "NOT_AN_ADMIN",
                "Only an administrator may do this.",
            ))
        }
    }
}

pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Gives tokens and tells whose they are.
pub struct Sessions {
    accounts: Arc<dyn Accounts>,
    signing: EncodingKey,
    checking: DecodingKey,
    rules: Validation,
    ttl: Duration,
    /// By token: each bid asks here, so it is one look-up and no signature.
    checked: Cache<Box<str>, Session>,
}

/// What a good token says.
#[derive(Clone, Debug)]
struct Session {
    account: Arc<Account>,
    expires_at: Timestamp,
}

/// What is in a token (RFC 7519).
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    iat: i64,
    exp: i64,
}

impl Claims {
    const fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.exp.saturating_mul(1_000))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl Sessions {
    /// Signs with `secret`; tokens are good for `ttl`.
    pub fn new(accounts: Arc<dyn Accounts>, secret: &Secret, ttl: Duration) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "sub"]);
        // The end is checked at each use, against the engine's clock, so that it also ends what is remembered.
        rules.validate_exp = false;
        Self {
            accounts,
            signing: EncodingKey::from_secret(secret.expose().as_bytes()),
            checking: DecodingKey::from_secret(secret.expose().as_bytes()),
            rules,
            ttl,
            checked: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(REMEMBERED)
                .build(),
        }
    }

    /// A token for `user`, and for how many seconds it is good.
    pub fn open(&self, user: BidderId, now: Timestamp) -> (String, u64) {
        let claims = Claims {
            sub: user.uuid(),
            iat: now.millis() / 1_000,
            exp: now.after(self.ttl).millis() / 1_000,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("HS256 signs with any secret");
        (token, self.ttl.as_secs())
    }

    /// Whose `token` is.
    ///
    /// # Errors
    /// 401 for a token that is not ours, has expired, or whose account is gone; 503 without the accounts.
    pub async fn account(&self, token: &str, now: Timestamp) -> Result<Arc<Account>, Problem> {
        let session = self.session(token).await?;
        if now >= session.expires_at {
            return Err(Problem::unauthorized("The token has expired."));
        }
        Ok(session.account)
    }

    /// Whose `token` is, when it is good, without asking whether there still is an account.
    pub(crate) async fn bidder(&self, token: &str, now: Timestamp) -> Option<BidderId> {
        let (bidder, expires_at) = if let Some(session) = self.checked.get(token).await {
            (session.account.id, session.expires_at)
        } else {
            let claims = self.claims(token)?;
            (claims.sub.into(), claims.expires_at())
        };
        (now < expires_at).then_some(bidder)
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.checking, &self.rules);
        decoded.ok().map(|token| token.claims)
    }

    async fn session(&self, token: &str) -> Result<Session, Problem> {
        if let Some(session) = self.checked.get(token).await {
            return Ok(session);
        }
        let claims = self
            .claims(token)
            .ok_or_else(|| Problem::unauthorized("The token is not valid."))?;
        let account = self.accounts.by_id(claims.sub.into()).await?;
        let gone = || Problem::unauthorized("The token's account is gone.");
        let session = Session {
            account: Arc::new(account.ok_or_else(gone)?),
            expires_at: claims.expires_at(),
        };
        self.checked.insert(token.into(), session.clone()).await;
        Ok(session)
    }
}
