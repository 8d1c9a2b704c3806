//! A campaign: one timed sale, its terms and its phases.

use std::time::Duration;

use crate::id::{CampaignId, ProductId};
use crate::money::Money;
use crate::score::Weights;
use crate::stock::{Level, Units};
use crate::time::Timestamp;

/// How long a winner has to pay unless the terms say otherwise.
pub const DEFAULT_PAYMENT_DEADLINE: Duration = Duration::from_mins(15);

/// Proof of having held a lease: a number that grows with each lease on the same thing. Whoever shows an older one
/// than was seen before has lost the lease without noticing, and is refused.
///
/// Source: Kleppmann, "How to do distributed locking", 2016.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(u64);

impl FencingToken {
    /// Older than every token that a lease gives.
    pub const NONE: Self = Self(0);

    /// Takes a number as a token.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The token's number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The smallest token that is newer.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One timed sale of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Which campaign.
    pub id: CampaignId,
    /// What it sells.
    pub product: ProductId,
    /// Its rules, fixed when it is made.
    pub terms: Terms,
    /// How far it has come.
    pub phase: Phase,
    /// Counts the changes of phase: a plan made from an older version is refused.
    pub version: u64,
    /// The newest fencing token that changed it.
    pub fence: FencingToken,
    /// Where the units of the quota are, without those that were returned: available ones are promised to nobody yet,
    /// held ones have an order that awaits payment, sold ones are paid. Together with `returned` they are the quota.
    pub stock: Level,
    /// Units of the quota that went back to the product.
    pub returned: Units,
    /// What a request needs beside its user. May be changed while the campaign runs.
    pub guards: Guards,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Campaign {
    /// A campaign that nobody has opened, with all of its quota available and without guards.
    pub fn scheduled(
        id: CampaignId,
        product: ProductId,
        terms: Terms,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            product,
            stock: Level::loaded_with(terms.quota),
            returned: Units::ZERO,
            guards: Guards::default(),
            terms,
            phase: Phase::Scheduled,
            version: 0,
            fence: FencingToken::NONE,
            created_at,
        }
    }
}

/// What a bid or a purchase needs beside its user: hurdles for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guards {
    /// A [`Ticket`](crate::ticket::Ticket), which is good for one request.
    pub ticket: bool,
    /// A captcha that was solved to get the ticket. Implies the ticket.
    pub captcha: bool,
}

impl Guards {
    /// Whether a request needs a ticket.
    pub const fn need_ticket(self) -> bool {
        self.ticket || self.captcha
    }
}

/// The rules of a sale, fixed when the campaign is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How units find their buyers.
    pub format: Format,
    /// When bids are taken.
    pub window: Window,
    /// Units the campaign may allocate; at least one.
    pub quota: Units,
    /// The lowest price a bid may have.
    pub min_price: Money,
    /// How long a winner or buyer has to pay.
    pub payment_deadline: Duration,
    /// Whether a ranked campaign offers a unit that was not paid to those below; `None` gives it back to the product.
    pub runners_up: Option<RunnersUp>,
}

/// To whom a unit is offered whose winner did not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunnersUp {
    /// How many places below the last winning one an offer may go.
    pub places: u32,
    /// How long somebody has to pay who was offered a unit.
    pub payment_deadline: Duration,
}

/// How units find their buyers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Bids are ranked by score; when the window closes, the best get the units.
    Ranked {
        /// The factors of the score.
        weights: Weights,
        /// What a further bid of the same bidder does.
        rebid: Rebid,
    },
    /// Units are sold at once, to whoever comes first.
    FirstCome {
        /// What a unit costs.
        price: Money,
        /// The most units that one buyer may have, held and paid together; `None` for no limit.
        per_buyer: Option<Units>,
    },
}

impl Format {
    /// Whether units are sold to whoever comes first.
    pub const fn is_first_come(&self) -> bool {
        matches!(self, Self::FirstCome { .. })
    }
}

/// What a further bid of the same bidder does to the standing. Either way it counts and stays in the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rebid {
    /// The newest bid is the standing, with its own time and sequence.
    #[default]
    Latest,
    /// The standing never gets worse: a bid that does not rank before it changes nothing.
    Best,
}

/// The time in which bids are taken: from `start`, up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

/// A window that ends before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the end must be after the start")]
pub struct EmptyWindow;

impl Window {
    /// Takes the two ends.
    ///
    /// # Errors
    /// [`EmptyWindow`] unless `start < end`.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, EmptyWindow> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyWindow)
        }
    }

    /// The first moment at which a bid is taken.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The first moment at which no bid is taken any more.
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// `T`: whole milliseconds from the start to `at`.
    pub const fn elapsed_ms(&self, at: Timestamp) -> u64 {
        at.millis_since(self.start)
    }
}

/// How far a campaign has come, as the ledger knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Made; no worker has opened it.
    Scheduled,
    /// Its book takes bids while its window lasts.
    Open,
    /// Its book is sealed; the winners are being written.
    Sealing,
    /// The winners have their orders.
    Settled,
    /// Called off before it was sealed.
    Cancelled,
}

impl Phase {
    /// Whether a campaign may go from this phase to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Scheduled, Self::Open)
                | (Self::Open, Self::Sealing)
                | (Self::Sealing, Self::Settled)
                | (Self::Scheduled | Self::Open, Self::Cancelled)
        )
    }

    /// Whether a book that is opened now must be sealed from the beginning.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Sealing | Self::Settled | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_must_end_after_it_starts() {
        let at = Timestamp::from_millis;
        assert!(Window::new(at(1), at(2)).is_ok());
        assert_eq!(Window::new(at(2), at(2)), Err(EmptyWindow));
        assert_eq!(Window::new(at(3), at(2)), Err(EmptyWindow));
    }

    #[test]
    fn phases_only_go_forward() {
        use Phase::{Cancelled, Open, Scheduled, Sealing, Settled};
        let all = [Scheduled, Open, Sealing, Settled, Cancelled];
        let legal: Vec<_> = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(
            legal,
            [
                (Scheduled, Open),
                (Scheduled, Cancelled),
                (Open, Sealing),
                (Open, Cancelled),
                (Sealing, Settled)
            ]
        );
    }
}
