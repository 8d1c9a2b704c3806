use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::bid::{AcceptedBid, NewBid};
use crate::campaign::{Campaign, FencingToken};
use crate::error::Rejection;
use crate::id::{BidderId, CampaignId};
use crate::money::Money;
use crate::rank::{Rank, Sequence};
use crate::score::Score;

/// Which life of a book an event belongs to. The ledger counts it up each time a book is to be opened from it, and
/// takes events of the newest life only: whoever still writes for a book that was lost is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// Takes a number as an epoch.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The epoch's number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The epoch that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What a book is opened from: a campaign and all that the ledger knows of its bids.
#[derive(Clone, Debug)]
pub struct BookSeed {
    /// The campaign; a closed phase opens a sealed book.
    pub campaign: Campaign,
    /// The life that this opening begins.
    pub epoch: Epoch,
    /// Every bid in the ledger, in the order of their sequences.
    pub bids: Vec<AcceptedBid>,
}

/// What became of a batch of bids.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The life of the book that took them.
    pub epoch: Epoch,
    /// One outcome a bid, in the order of the batch.
    pub outcomes: Vec<Result<Placement, Rejection>>,
}

/// A bid that stands in the book's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// It was appended now.
    Accepted(AcceptedBid),
    /// It had been appended before; this is the answer of that time.
    Replayed(AcceptedBid),
}

impl Placement {
    /// The bid as it was accepted, now or before.
    pub const fn bid(&self) -> &AcceptedBid {
        match self {
            Self::Accepted(bid) | Self::Replayed(bid) => bid,
        }
    }

    /// The bid as it was accepted, now or before.
    pub fn into_bid(self) -> AcceptedBid {
        match self {
            Self::Accepted(bid) | Self::Replayed(bid) => bid,
        }
    }
}

/// A bidder's current entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The place in the ranking.
    pub rank: Rank,
    /// The bid that the bidder stands by.
    pub bid: AcceptedBid,
}

/// Figures of a book at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookStats {
    /// The life of the book.
    pub epoch: Epoch,
    /// Bidders with a standing.
    pub participants: u32,
    /// Accepted bids that the book knows of.
    pub bids: u64,
    /// The last event; zero before the first.
    pub last_sequence: Sequence,
    /// The highest price among the accepted bids.
    pub max_price: Option<Money>,
    /// The best score of the ranking.
    pub max_score: Option<Score>,
    /// The score of the last standing that would win now; `None` while fewer bid than there are units.
    pub min_winning_score: Option<Score>,
    /// Whether the book is sealed.
    pub sealed: bool,
}

/// The top of a ranking and the figures of the book at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// The best standings, best first.
    pub top: Vec<Standing>,
    /// The figures of the whole book.
    pub stats: BookStats,
}

/// A stretch of a campaign's log: *every* event that the book holds with `after < sequence <= through`.
///
/// A book that was lost and opened again may hold none in a part of the stretch; then nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBatch {
    /// The life of the book it was read from.
    pub epoch: Epoch,
    /// The stretch begins behind this sequence.
    pub after: Sequence,
    /// The stretch ends with this sequence.
    pub through: Sequence,
    /// The accepted bids, by ascending sequence.
    pub bids: Vec<AcceptedBid>,
}

/// What became of an attempt to seal a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// The book is sealed, now or since before.
    Sealed {
        /// The last event it will ever have; zero when there is none.
        last: Sequence,
    },
    /// The window has not ended by the book's own clock; the book still takes bids.
    NotEnded,
}

/// The live books: for each campaign its log of accepted bids, its ranking and its seal.
///
/// A book measures time by its store's own clock, which never runs backwards between two accepted bids of a
/// campaign. A method that needs a book fails with [`NotFound`](crate::StoreErrorKind::NotFound) when there is none: the engine
/// then opens it from the ledger and asks again.
///
/// A store that may come back as an older copy of itself, as a server does that was started again or a replica that took
/// over, does not find the books in such a copy until they are opened again: the epoch that this begins is what stops
/// those who wrote for the newer copy. A store that cannot tell is found out when it contradicts the ledger, and until
/// then may have taken bids that are placed again.
#[async_trait]
pub trait BidBook: Debug + Send + Sync + 'static {
    /// Opens the book of a campaign from what the ledger knows, and answers the epoch of the book that is now open.
    ///
    /// # Contract
    /// - A book of the same or a newer epoch is left as it is. `open_is_idempotent`, `an_older_epoch_changes_nothing`
    /// - A book of an older epoch that has every bid of the seed goes on in the new one, with all that it has beyond:
    ///   it was never lost. `a_book_that_has_the_seed_goes_on`
    /// - A book of an older epoch that lacks a bid of the seed, or whose campaign is settled or cancelled, is replaced.
    ///   `a_newer_epoch_replaces_a_book_that_disagrees`, `a_newer_epoch_replaces_the_book_of_a_settled_campaign`
    /// - The seed's bids give the same standings, sequences, bid numbers and answers to retries as when they were
    ///   placed; new bids continue behind the last sequence. `a_restored_book_continues`,
    ///   `a_restored_book_replays_answers`, `a_restored_book_keeps_gaps`
    /// - A campaign in a closed phase opens sealed. `a_closed_campaign_opens_sealed`
    /// - A campaign that ranks nobody has no book: [`Conflict`](crate::StoreErrorKind::Conflict).
    ///   `a_first_come_campaign_has_no_book`
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch>;

    /// Places a batch of bids.
    ///
    /// For each bid in turn: a known id is answered as before, or refused when it asks for something else; a sealed
    /// book or a time outside the window refuses; else the bid is scored, takes the next sequence, becomes the
    /// standing by the re-bid rule, and is ranked.
    ///
    /// # Contract
    /// - One outcome a bid, in the order of the batch; a refused bid changes nothing and its neighbours are not
    ///   affected. `one_bad_bid_does_not_fail_its_neighbours`, `an_empty_batch_changes_nothing`
    /// - An accepted bid tells what was asked. `an_accepted_bid_keeps_what_was_asked`
    /// - Idempotent by bid id, within a batch, across batches and after the seal. `a_retry_gets_the_first_answer`,
    ///   `a_retry_within_a_batch_gets_the_first_answer`, `a_retry_after_the_seal_gets_the_first_answer`
    /// - A known id with another bidder or price is [`Rejection::KeyReused`]. `an_id_used_for_another_bid_is_refused`
    /// - Sequences strictly increase in the order of acceptance, also between concurrent calls.
    ///   `sequences_strictly_increase`, `concurrent_batches_lose_nothing`
    /// - Scores are exact to the unit. `scores_are_exact`, `neighbouring_scores_are_told_apart`
    /// - Rank is by score, then by sequence. `equal_scores_rank_by_arrival`
    /// - `Rebid::Latest` replaces the standing, `Rebid::Best` never worsens it. `latest_replaces_the_standing`,
    ///   `best_never_gets_worse`
    /// - Nothing is accepted before the start, from the end on, or after the seal.
    ///   `bids_outside_the_window_are_refused`, `nothing_is_accepted_after_the_seal`
    /// - A ticket lets one bid in: [`Rejection::TicketSpent`] for a further one, and from its expiry on, which is looked
    ///   at after the window; a refused bid has not used it up, and a retry needs none. `a_ticket_places_once`,
    ///   `a_refused_bid_keeps_its_ticket`
    /// - A bid's time is not before that of the bid accepted before it: an earlier one counts as that one's, before the
    ///   window is looked at. `time_never_runs_backwards`
    /// - Books do not touch each other. `campaigns_are_separate`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) without a book (`a_missing_book_is_not_found`),
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed>;

    /// The standing of one bidder.
    ///
    /// # Contract
    /// - Agrees with the ranking. `a_standing_agrees_with_the_ranking`
    /// - `None` without a bid. `a_bidder_without_a_bid_has_no_standing`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) without a book, [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>>;

    /// The best `n` standings and the figures of the book, of one moment.
    ///
    /// # Contract
    /// - Best first, ranks 1, 2, 3, …, at most `n` and all when there are fewer. `the_top_is_the_best_in_order`
    /// - The figures are of the same moment. `figures_describe_the_book`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) without a book, [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking>;

    /// The events that follow `after`, at most `limit` of them (at least one when `limit` is zero).
    ///
    /// # Contract
    /// - The batch holds every event between its two ends; without further events `through` is the last sequence of
    ///   the book, or `after` when that is larger. `events_are_complete_and_in_order`, `events_end_at_the_last_sequence`
    /// - Pages join without loss. `pages_of_events_join`
    /// - It begins at `after`, or later when events were forgotten that the ledger has: see
    ///   [`BidBook::forget_events`].
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) without a book, [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch>;

    /// Tells the book that the ledger has every event up to `through`: the book may forget those before it. Whoever asks
    /// for them reads the ledger.
    ///
    /// # Contract
    /// - The event at `through` and all that follow stay. An answer of [`BidBook::events_after`] that begins later than
    ///   was asked says what is forgotten. `what_is_not_forgotten_stays_complete`
    /// - Standings, figures, answers to retries and the sequence stay. `forgetting_events_keeps_all_else`
    /// - Idempotent; does nothing without a book. `forgetting_without_a_book_does_nothing`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()>;

    /// Seals the book: from now on it never changes.
    ///
    /// # Contract
    /// - Atomic with respect to `place`: a bid is before the seal and counted in its last sequence, or refused.
    ///   `a_seal_is_atomic_with_placing`
    /// - Final, and answers the same each time. `a_seal_is_final`
    /// - Before the end of the window by the book's clock it does nothing. `a_seal_before_the_end_does_nothing`
    /// - A token older than the last that sealed, or than the campaign's fence at the opening, is
    ///   [`Fenced`](crate::StoreErrorKind::Fenced). `an_older_token_cannot_seal`
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreErrorKind::Fenced), [`NotFound`](crate::StoreErrorKind::NotFound) without a book,
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal>;

    /// Forgets the book, which can be opened again from the ledger.
    ///
    /// # Contract
    /// - Idempotent; the book is not found afterwards. `a_discarded_book_is_not_found`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn discard(&self, campaign: CampaignId) -> StoreResult<()>;
}
