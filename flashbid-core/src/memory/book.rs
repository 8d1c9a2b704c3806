//! The live books in this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::BACKEND;
use super::tickets::UsedTickets;
use crate::bid::{AcceptedBid, NewBid, admit_time, replaces};
use crate::board::Board;
use crate::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Window};
use crate::error::{Rejection, StoreError, StoreErrorKind};
use crate::id::{BidId, BidderId, CampaignId};
use crate::money::Money;
use crate::rank::{Rank, RankKey, Sequence};
use crate::score::Weights;
use crate::stock::Units;
use crate::store::{
    BidBook, BookSeed, BookStats, Epoch, EventBatch, Placed, Placement, Ranking, Seal, Standing,
    StoreResult,
};
use crate::time::{Clock, SystemClock, Timestamp};

/// Every book in this process, each behind a lock of its own.
///
/// A book keeps its whole log until it is discarded: about 300 bytes an accepted bid.
#[derive(Debug)]
pub struct MemoryBook {
    clock: Arc<dyn Clock>,
    books: RwLock<HashMap<CampaignId, Shelved>>,
}

/// The lock is one that lets the thread do other work while it waits: a batch takes long enough for that to matter.
type Shelved = Arc<Mutex<Book>>;

impl MemoryBook {
    /// No books yet; their time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            books: RwLock::default(),
        }
    }

    fn book(&self, campaign: CampaignId, operation: &'static str) -> StoreResult<Shelved> {
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        books.get(&campaign).cloned().ok_or(StoreError::new(
            BACKEND,
            operation,
            StoreErrorKind::NotFound,
        ))
    }
}

fn not_ranked() -> StoreError {
    StoreError::new(BACKEND, "open", StoreErrorKind::Conflict)
        .because("a first-come campaign has no book")
}

impl Default for MemoryBook {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

#[async_trait]
impl BidBook for MemoryBook {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        let known = self.book(seed.campaign.id, "open").ok();
        let shelved = if let Some(shelved) = known {
            shelved
        } else {
            // A long history takes a while: the other books are not kept waiting for it.
            let opened = Arc::new(Mutex::new(Book::open(seed).ok_or_else(not_ranked)?));
            let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
            match books.entry(seed.campaign.id) {
                Slot::Occupied(open) => open.get().clone(),
                Slot::Vacant(gap) => {
                    gap.insert(opened);
                    return Ok(seed.epoch);
                }
            }
        };
        let mut book = shelved.lock().await;
        if book.epoch < seed.epoch {
            if book.may_go_on(seed) {
                book.go_on(seed);
            } else {
                *book = Book::open(seed).ok_or_else(not_ranked)?;
            }
        }
        Ok(book.epoch)
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        let book = self.book(campaign, "place")?;
        let mut book = book.lock().await;
        let now = self.clock.now();
        let outcomes = batch.iter().map(|bid| book.place(bid, now)).collect();
        Ok(Placed {
            epoch: book.epoch,
            outcomes,
        })
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        let book = self.book(campaign, "standing")?;
        let book = book.lock().await;
        Ok(book
            .board
            .rank(bidder)
            .map(|rank| book.standing(rank, bidder)))
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        let book = self.book(campaign, "top")?;
        let book = book.lock().await;
        let best = book.board.iter().take(n).enumerate();
        let top = best
            .map(|(better, (bidder, _))| book.standing(Rank::behind(better), bidder))
            .collect();
        Ok(Ranking {
            top,
            stats: book.stats(),
        })
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        let book = self.book(campaign, "events_after")?;
        let book = book.lock().await;
        Ok(book.events_after(after, limit))
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        let book = self.book(campaign, "seal")?;
        let mut book = book.lock().await;
        let now = self.clock.now();
        book.seal(token, now)
            .ok_or(StoreError::new(BACKEND, "seal", StoreErrorKind::Fenced))
    }

    async fn forget_events(&self, _: CampaignId, _: Sequence) -> StoreResult<()> {
        // The log is also what retries are answered from.
        Ok(())
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.books
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&campaign);
        Ok(())
    }
}

/// One campaign's log and the ranking that follows from it.
#[derive(Debug)]
struct Book {
    weights: Weights,
    rebid: Rebid,
    tickets: UsedTickets,
    window: Window,
    quota: Units,
    epoch: Epoch,
    fence: FencingToken,
    sealed: bool,
    log: Vec<AcceptedBid>,
    ids: HashMap<BidId, usize>,
    board: Board<Entry>,
    max_price: Option<Money>,
}

/// What a book knows of a bidder, beside the rank key.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where in the log the standing's bid is.
    bid: usize,
    /// Accepted bids of this bidder.
    bids: u32,
}

impl Book {
    /// `None` of a campaign that ranks nobody.
    fn open(seed: &BookSeed) -> Option<Self> {
        let Campaign {
            terms,
            phase,
            fence,
            ..
        } = &seed.campaign;
        let Format::Ranked { weights, rebid } = terms.format else {
            return None;
        };
        let mut book = Self {
            weights,
            rebid,
            tickets: UsedTickets::default(),
            window: terms.window,
            quota: terms.quota,
            epoch: seed.epoch,
            fence: *fence,
            sealed: phase.is_closed(),
            log: Vec::with_capacity(seed.bids.len()),
            ids: HashMap::with_capacity(seed.bids.len()),
            board: Board::new(),
            max_price: None,
        };
        for bid in &seed.bids {
            book.rank(bid.bidder, bid.rank_key());
            book.append(bid.clone());
        }
        Some(book)
    }

    /// Whether this book has all that the ledger knows, and may have more that counts.
    fn may_go_on(&self, seed: &BookSeed) -> bool {
        let has = |bid: &AcceptedBid| {
            let known = self.ids.get(&bid.id);
            known.is_some_and(|known| self.log[*known] == *bid)
        };
        let over = matches!(seed.campaign.phase, Phase::Settled | Phase::Cancelled);
        !over && seed.bids.iter().all(has)
    }

    fn go_on(&mut self, seed: &BookSeed) {
        self.epoch = seed.epoch;
        self.fence = self.fence.max(seed.campaign.fence);
        self.sealed |= seed.campaign.phase.is_closed();
    }

    fn place(&mut self, bid: &NewBid, now: Timestamp) -> Result<Placement, Rejection> {
        if let Some(known) = self.ids.get(&bid.id) {
            let known = &self.log[*known];
            let replay = || Placement::Replayed(known.clone());
            return known.answers(bid).then(replay).ok_or(Rejection::KeyReused);
        }
        if self.sealed {
            return Err(Rejection::Ended);
        }
        let at = self.not_before_the_last(bid.at.unwrap_or(now));
        admit_time(self.window, at)?;
        self.tickets.admit(bid.ticket, at)?;
        let elapsed_ms = self.window.elapsed_ms(at);
        let key = RankKey {
            score: self.weights.score(bid.price, elapsed_ms, bid.weight),
            sequence: self.last_sequence().next(),
        };
        let (rank, bid_number) = self.rank(bid.bidder, key);
        let accepted = AcceptedBid {
            id: bid.id,
            bidder: bid.bidder,
            name: bid.name.clone(),
            price: bid.price,
            weight: bid.weight,
            score: key.score,
            rank,
            sequence: key.sequence,
            at,
            elapsed_ms,
            bid_number,
        };
        self.tickets.spend(bid.ticket, at);
        self.append(accepted.clone());
        Ok(Placement::Accepted(accepted))
    }

    /// Ranks the bid that is appended next, by the re-bid rule, and answers the bidder's rank and bid number.
    fn rank(&mut self, bidder: BidderId, key: RankKey) -> (Rank, u32) {
        let bid = self.log.len();
        let (bids, stays) = match self.board.get(bidder) {
            Some((current, entry)) => (entry.bids + 1, !replaces(self.rebid, current, key)),
            None => (1, false),
        };
        if !stays {
            return (self.board.place(bidder, key, Entry { bid, bids }), bids);
        }
        let entry = self
            .board
            .beside_mut(bidder)
            .expect("a standing that stays is on the board");
        entry.bids = bids;
        (
            self.board
                .rank(bidder)
                .expect("a standing that stays is on the board"),
            bids,
        )
    }

    fn append(&mut self, bid: AcceptedBid) {
        self.max_price = self.max_price.max(Some(bid.price));
        self.ids.insert(bid.id, self.log.len());
        self.log.push(bid);
    }

    fn not_before_the_last(&self, at: Timestamp) -> Timestamp {
        self.log.last().map_or(at, |last| last.at.max(at))
    }

    fn last_sequence(&self) -> Sequence {
        self.log.last().map_or(Sequence::ZERO, |last| last.sequence)
    }

    fn standing(&self, rank: Rank, bidder: BidderId) -> Standing {
        let (_, entry) = self
            .board
            .get(bidder)
            .expect("a ranked bidder is on the board");
        Standing {
            rank,
            bid: self.log[entry.bid].clone(),
        }
    }

    fn stats(&self) -> BookStats {
        let score_at = |rank| self.board.kth(rank).map(|(_, key)| key.score);
        BookStats {
            epoch: self.epoch,
            participants: u32::try_from(self.board.len())
                .expect("a book holds fewer than 2^32 bidders"),
            bids: self.log.len() as u64,
            last_sequence: self.last_sequence(),
            max_price: self.max_price,
            max_score: score_at(Rank::FIRST),
            min_winning_score: Rank::new(self.quota.get()).and_then(score_at),
            sealed: self.sealed,
        }
    }

    fn events_after(&self, after: Sequence, limit: usize) -> EventBatch {
        let from = self.log.partition_point(|bid| bid.sequence <= after);
        let rest = &self.log[from..];
        let bids = rest[..rest.len().min(limit.max(1))].to_vec();
        let complete = bids.len() == rest.len();
        let through = match bids.last() {
            Some(last) if !complete => last.sequence,
            _ => self.last_sequence().max(after),
        };
        EventBatch {
            epoch: self.epoch,
            after,
            through,
            bids,
        }
    }

    /// Seals by `token`; `None` when the token is too old.
    fn seal(&mut self, token: FencingToken, now: Timestamp) -> Option<Seal> {
        if token < self.fence {
            return None;
        }
        if !self.sealed && self.not_before_the_last(now) < self.window.end() {
            return Some(Seal::NotEnded);
        }
        self.fence = token;
        self.sealed = true;
        Some(Seal::Sealed {
            last: self.last_sequence(),
        })
    }
}
