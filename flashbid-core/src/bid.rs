//! A bid, from what a bidder asks to what was accepted, and the rules that admit it.

use std::fmt;
use std::sync::Arc;

use crate::campaign::{Rebid, Terms, Window};
use crate::error::Rejection;
use crate::id::{BidId, BidderId};
use crate::money::{Money, Weight};
use crate::rank::{Rank, RankKey, Sequence};
use crate::score::Score;
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// What a bidder asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Who bids.
    pub bidder: BidderId,
    /// The name that rankings show.
    pub name: Option<Arc<str>>,
    /// What the bidder pays if it wins.
    pub price: Money,
    /// The bidder's member weight now.
    pub weight: Weight,
    /// The key under which a repeated request is the same bid. Without one, each request is a bid of its own.
    pub key: Option<IdempotencyKey>,
    /// The permission that the bid uses up, if it came with one.
    pub ticket: Option<Ticket>,
    /// When the bid counts as placed; for replay and tests. Normally `None`: the hot store's clock decides.
    pub at: Option<Timestamp>,
}

impl Bid {
    /// A bid of `price` by a member of `weight`, without a name or a key.
    pub const fn new(bidder: BidderId, price: Money, weight: Weight) -> Self {
        Self {
            bidder,
            name: None,
            price,
            weight,
            key: None,
            ticket: None,
            at: None,
        }
    }
}

/// A caller's name for one request: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Takes a text as a key.
    ///
    /// # Errors
    /// [`InvalidKey`] unless it has 1 to 255 characters from `!` to `~`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidKey> {
        let text = text.into();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=255).contains(&text.len()) && visible {
            Ok(Self(text))
        } else {
            Err(InvalidKey)
        }
    }

    /// The text of the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bid that passed [`admit_price`], as a book takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBid {
    /// Which bid; the same id again is the same bid again.
    pub id: BidId,
    /// Who bids.
    pub bidder: BidderId,
    /// The name that rankings show.
    pub name: Option<Arc<str>>,
    /// What the bidder pays if it wins.
    pub price: Money,
    /// The bidder's member weight now.
    pub weight: Weight,
    /// The permission that the bid uses up.
    pub ticket: Option<Ticket>,
    /// When the bid counts as placed; `None` for the book's own clock.
    pub at: Option<Timestamp>,
}

/// An accepted bid: one event of its campaign's log, and the answer its bidder gets, now and on each retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedBid {
    /// Which bid.
    pub id: BidId,
    /// Who bid.
    pub bidder: BidderId,
    /// The name that rankings show.
    pub name: Option<Arc<str>>,
    /// What the bidder pays if it wins.
    pub price: Money,
    /// The bidder's member weight at the time.
    pub weight: Weight,
    /// What the bid scored.
    pub score: Score,
    /// The bidder's rank right after it. Under [`Rebid::Best`] this may be the rank of an earlier, better bid.
    pub rank: Rank,
    /// Its position in the campaign's log.
    pub sequence: Sequence,
    /// When it was accepted.
    pub at: Timestamp,
    /// `T`: whole milliseconds from the campaign's start to `at`.
    pub elapsed_ms: u64,
    /// How many bids of this bidder the campaign has accepted, this one included.
    pub bid_number: u32,
}

impl AcceptedBid {
    /// What this bid would be ranked by.
    pub const fn rank_key(&self) -> RankKey {
        RankKey {
            score: self.score,
            sequence: self.sequence,
        }
    }

    /// Whether `bid` asks for what was accepted here: if not, a bid id was used for two things.
    pub fn answers(&self, bid: &NewBid) -> bool {
        self.bidder == bid.bidder && self.price == bid.price
    }
}

/// Whether the terms allow a bid of `price`.
///
/// # Errors
/// [`Rejection::PriceTooLow`] below the reserve price.
pub fn admit_price(terms: &Terms, price: Money) -> Result<(), Rejection> {
    if price < terms.min_price {
        return Err(Rejection::PriceTooLow {
            minimum: terms.min_price,
        });
    }
    Ok(())
}

/// Whether the window takes bids at `at`.
///
/// # Errors
/// [`Rejection::NotStarted`] before the start, [`Rejection::Ended`] from the end on.
pub fn admit_time(window: Window, at: Timestamp) -> Result<(), Rejection> {
    if at < window.start() {
        return Err(Rejection::NotStarted {
            start: window.start(),
        });
    }
    if at >= window.end() {
        return Err(Rejection::Ended);
    }
    Ok(())
}

/// Whether a bid ranked by `new` becomes the standing of a bidder whose standing is ranked by `current`.
pub fn replaces(rebid: Rebid, current: RankKey, new: RankKey) -> bool {
    match rebid {
        Rebid::Latest => true,
        Rebid::Best => new < current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_its_first_but_not_its_last_moment() {
        let at = Timestamp::from_millis;
        let window = Window::new(at(10), at(20)).unwrap();
        assert_eq!(
            admit_time(window, at(9)),
            Err(Rejection::NotStarted { start: at(10) })
        );
        assert_eq!(admit_time(window, at(10)), Ok(()));
        assert_eq!(admit_time(window, at(19)), Ok(()));
        assert_eq!(admit_time(window, at(20)), Err(Rejection::Ended));
    }

    #[test]
    fn an_equal_score_does_not_replace_the_best_standing() {
        let key = |score, sequence| RankKey {
            score: Score::from_ten_thousandths(score).unwrap(),
            sequence: Sequence::new(sequence),
        };
        assert!(!replaces(Rebid::Best, key(5, 1), key(5, 2)));
        assert!(!replaces(Rebid::Best, key(5, 1), key(4, 2)));
        assert!(replaces(Rebid::Best, key(5, 1), key(6, 2)));
        assert!(replaces(Rebid::Latest, key(5, 1), key(4, 2)));
    }

    #[test]
    fn keys_are_short_and_visible() {
        assert!(IdempotencyKey::new("a-1_B~!").is_ok());
        for hostile in [
            String::new(),
            "a b".into(),
            "é".into(),
            "a\n".into(),
            "x".repeat(256),
        ] {
            assert_eq!(IdempotencyKey::new(hostile), Err(InvalidKey));
        }
    }
}
