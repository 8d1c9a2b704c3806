use std::fmt;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::ticket::Ticket;
use flashbid_core::time::Timestamp;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{derived_key, forbidden, random_id};
use crate::config::Secret;
use crate::problem::Problem;

/// Tokens that let one user place one bid or purchase in one campaign, before they expire.
///
/// A token holds its id, its end, and a signature of both with the user and the campaign: it is nowhere kept until it is
/// used. Whoever takes the bid or purchase remembers the id in the same step.
pub struct Tickets {
    key: Hmac<Sha256>,
    ttl: Duration,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It was not given to this user for this campaign.
    #[error("the request token was not given to this user for this campaign")]
    Invalid,
    /// It was, and is over.
    #[error("the request token has expired")]
    Expired,
}

const ID: usize = 16;
const END: usize = 8;
const SIGNATURE: usize = 32;
const WHOLE: usize = ID + END + SIGNATURE;

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl Tickets {
    /// The header that carries a token.
    pub const HEADER: &'static str = "x-request-token";

    /// Signs with a key that is derived from `secret`; tokens are good for `ttl`.
    pub fn new(secret: &Secret, ttl: Duration) -> Self {
        Self {
            key: derived_key(secret, "flashbid request token 1"),
            ttl,
        }
    }

    /// A token for one bid or purchase of `user` in `campaign`, and what it says.
    pub fn issue(&self, user: BidderId, campaign: CampaignId, now: Timestamp) -> (String, Ticket) {
        let ticket = Ticket {
            id: random_id().into(),
            expires_at: now.after(self.ttl),
        };
        let mut bytes = [0; WHOLE];
        bytes[..ID].copy_from_slice(ticket.id.as_bytes());
        bytes[ID..ID + END].copy_from_slice(&ticket.expires_at.millis().to_be_bytes());
        let signature = self.signed(&bytes[..ID + END], user, campaign);
        bytes[ID + END..].copy_from_slice(&signature.finalize().into_bytes());
        (BASE64URL_NOPAD.encode(&bytes), ticket)
    }

    /// What `token` says. It may have been used already: that is known where it is used.
    ///
    /// # Errors
    /// [`TicketError`].
    pub fn verify(
        &self,
        token: &str,
        user: BidderId,
        campaign: CampaignId,
        now: Timestamp,
    ) -> Result<Ticket, TicketError> {
        let ticket = self.read(token, user, campaign)?;
        if now >= ticket.expires_at {
            return Err(TicketError::Expired);
        }
        Ok(ticket)
    }

    /// What `token` says, even if it is over.
    ///
    /// # Errors
    /// [`TicketError::Invalid`].
    pub fn read(
        &self,
        token: &str,
        user: BidderId,
        campaign: CampaignId,
    ) -> Result<Ticket, TicketError> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes());
        let bytes: [u8; WHOLE] = bytes
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(TicketError::Invalid)?;
        let (says, signature) = bytes.split_at(ID + END);
        self.signed(says, user, campaign)
            .verify_slice(signature)
            .map_err(|_| TicketError::Invalid)?;
        let (id, end) = says.split_at(ID);
        Ok(Ticket {
            id: Uuid::from_bytes(id.try_into().expect("16 bytes")).into(),
            expires_at: Timestamp::from_millis(i64::from_be_bytes(
                end.try_into().expect("8 bytes"),
            )),
        })
    }

    /// Each part has its fixed length, so no two contents are signed alike.
    fn signed(&self, says: &[u8], user: BidderId, campaign: CampaignId) -> Hmac<Sha256> {
        self.key
            .clone()
            .chain_update(says)
            .chain_update(user.as_bytes())
            .chain_update(campaign.as_bytes())
    }
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::Invalid => forbidden(
                "TOKEN_INVALID",
                "The request token was not given to this user for this campaign.",
            ),
            TicketError::Expired => forbidden("TOKEN_EXPIRED", "The request token has expired."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
    const TTL: Duration = Duration::from_mins(2);
    const ADA: BidderId = BidderId::new(Uuid::from_u128(1));
    const BOB: BidderId = BidderId::new(Uuid::from_u128(2));
    const SALE: CampaignId = CampaignId::new(Uuid::from_u128(3));
    const OTHER: CampaignId = CampaignId::new(Uuid::from_u128(4));

    fn tickets() -> Tickets {
        Tickets::new(&Secret::new("open sesame"), TTL)
    }

    #[test]
    fn a_token_says_what_it_was_given_for() {
        let (token, ticket) = tickets().issue(ADA, SALE, NOW);
        assert_eq!(ticket.expires_at, NOW.after(TTL));
        assert_eq!(tickets().verify(&token, ADA, SALE, NOW), Ok(ticket));
        let (_, second) = tickets().issue(ADA, SALE, NOW);
        assert_ne!(second.id, ticket.id);
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    #[test]
    fn a_token_is_of_one_user_and_one_campaign() {
        let (token, _) = tickets().issue(ADA, SALE, NOW);
        let invalid = Err(TicketError::Invalid);
        assert_eq!(tickets().verify(&token, BOB, SALE, NOW), invalid);
        assert_eq!(tickets().verify(&token, ADA, OTHER, NOW), invalid);
        let another = Tickets::new(&Secret::new("open sesamf"), TTL);
        assert_eq!(another.verify(&token, ADA, SALE, NOW), invalid);
    }

    #[test]
    fn a_token_is_over_at_its_end() {
        let (token, ticket) = tickets().issue(ADA, SALE, NOW);
        let last = Timestamp::from_millis(ticket.expires_at.millis() - 1);
        assert_eq!(tickets().verify(&token, ADA, SALE, last), Ok(ticket));
        let over = tickets().verify(&token, ADA, SALE, ticket.expires_at);
        assert_eq!(over, Err(TicketError::Expired));
        // Nobody learns from a foreign token whether it is over.
        let foreign = tickets().verify(&token, BOB, SALE, ticket.expires_at);
        assert_eq!(foreign, Err(TicketError::Invalid));
    }

    #[test]
    fn a_token_that_was_changed_anywhere_is_invalid() {
        let (token, _) = tickets().issue(ADA, SALE, NOW);
        let invalid = Err(TicketError::Invalid);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tickets().verify(&changed, ADA, SALE, NOW), invalid, "{at}");
        }
        for wrong in [
            "",
            "AAAA",
            "=",
            "\"",
            &"A".repeat(75),
            &"A".repeat(9_000),
            "é",
        ] {
            assert_eq!(tickets().verify(wrong, ADA, SALE, NOW), invalid, "{wrong}");
        }
        for changed in [
            format!("{token}="),
            format!("{token}AA"),
            token[1..].to_owned(),
        ] {
            assert_eq!(tickets().verify(&changed, ADA, SALE, NOW), invalid);
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert!(!format!("{:?}", tickets()).contains("key"));
    }
}
