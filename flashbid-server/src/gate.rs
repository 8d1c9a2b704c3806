//! Who may come in: limits of how often and of how many at once, tokens that are good for one request, captchas.
//!
//! Everything that has to hold over all nodes is kept by the hot store's [`Admission`]. No invariant of a sale rests on
//! it: without the store limits let everybody pass, and captchas nobody.

mod captcha;
mod client;
mod layer;
mod limiter;
mod limits;
mod pictures;
mod places;
mod tickets;

pub use captcha::{CAPTCHA_TTL, Captcha, Captchas, Challenge, OpenChallenge, TooBusy};
pub use client::Proxies;
pub(crate) use layer::{GateLayer, is_limited};
pub use limiter::Limiter;
pub use limits::Limits;
pub use pictures::Pictures;
pub use places::{Place, Places};
pub use tickets::{TicketError, Tickets};

use std::sync::Arc;

use axum::http::StatusCode;
use flashbid_core::campaign::Guards;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::store::Admission;
use flashbid_core::ticket::Ticket;
use flashbid_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::config::{Config, Secret};
use crate::metrics::Metrics;
use crate::problem::Problem;

/// The gate of one server.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    proxies: Proxies,
    places: Places,
    tickets: Tickets,
    captchas: Captchas,
}

impl Gate {
    /// A gate that counts in `store` and signs with keys that are derived from `secret`.
    pub fn new(
        store: &Arc<dyn Admission>,
        secret: &Secret,
        captcha: Arc<dyn Captcha>,
        metrics: Metrics,
        config: &Config,
    ) -> Self {
        let limiter = Limiter::new(Arc::clone(store), metrics);
        Self {
            limits: Limits::new(limiter, config.limits),
            proxies: Proxies::new(config.trusted_proxies.iter().copied()),
            places: Places::new(config.max_requests),
            tickets: Tickets::new(secret, config.request_token_ttl),
            captchas: Captchas::new(Arc::clone(store), captcha, secret),
        }
    }

    /// How often each user and each address may ask.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Which peers are believed when they say for whom they ask.
    pub const fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// How many requests there may be at once.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Tokens that are good for one request.
    pub const fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Captchas.
    pub const fn captchas(&self) -> &Captchas {
        &self.captchas
    }

    /// The ticket of a bid or purchase, to be used up in the same step: `None` when the campaign asks for none. One that is
    /// over is good for nothing new; `may_repeat` tells that the request may be the repetition of one that was taken
    /// in time, which is known where it is taken.
    ///
    /// # Errors
    /// 403 `TOKEN_REQUIRED`, `TOKEN_INVALID` or `TOKEN_EXPIRED`.
    pub fn ticket(
        &self,
        guards: Guards,
        token: Option<&str>,
        user: BidderId,
        campaign: CampaignId,
        may_repeat: bool,
        now: Timestamp,
    ) -> Result<Option<Ticket>, Problem> {
        if !guards.need_ticket() {
            return Ok(None);
        }
        let token = token.ok_or_else(|| {
            forbidden(
                "TOKEN_REQUIRED",
                "This campaign needs a request token in the header X-Request-Token.",
            )
        })?;
        let ticket = if may_repeat {
            self.tickets.read(token, user, campaign)
        } else {
            self.tickets.verify(token, user, campaign, now)
        };
        Ok(Some(ticket?))
    }

    /// Gives a ticket for a campaign with `guards`. A captcha that is answered is used up, whether it was needed or not.
    ///
    /// # Errors
    /// 403 `CAPTCHA_REQUIRED` or `CAPTCHA_FAILED`, 503 without the hot store.
    pub async fn give_ticket(
        &self,
        guards: Guards,
        answered: Option<(Uuid, &Secret)>,
        user: BidderId,
        campaign: CampaignId,
        now: Timestamp,
    ) -> Result<(String, Ticket), Problem> {
        let is_solved = match answered {
            Some((captcha, answer)) => self.captchas.redeem(captcha, answer).await?,
            None if guards.captcha => {
                return Err(forbidden(
                    "CAPTCHA_REQUIRED",
                    "This campaign needs a captcha_id with its captcha_answer.",
                ));
            }
            None => true,
        };
        if !is_solved {
            return Err(forbidden(
                "CAPTCHA_FAILED",
                "The answer is wrong, or the captcha is over or was used before; ask for another one.",
            ));
        }
        Ok(self.tickets.issue(user, campaign, now))
    }
}

fn forbidden(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}

/// A key for `purpose` alone: what is signed for one thing can never pass for another.
fn derived_key(secret: &Secret, purpose: &str) -> Hmac<Sha256> {
    let from = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
    let from = from.expect("HMAC takes keys of any length");
    let key = from.chain_update(purpose).finalize().into_bytes();
    Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")
}

/// Sixteen random bytes: nobody can guess them, and no two are alike.
fn random_id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}
