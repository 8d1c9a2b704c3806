//! A store of one's own: a whole [`BidBook`] over a plain sorted `Vec`, and a sale that runs on it.
//!
//! Its test module is how any third party shows that its store keeps the contract: one macro, every case a test.
//! `cargo test -p flashbid-examples --example custom_store` runs them, `cargo run …` the sale.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::bid::{AcceptedBid, Bid, NewBid, admit_time, replaces};
use flashbid_core::campaign::{FencingToken, Format, Phase, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId, TicketId};
use flashbid_core::memory::{MemoryGate, MemoryHot};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{
    BidBook, BookSeed, BookStats, Epoch, EventBatch, Page, Placed, Placement, Ranking, Seal,
    Standing, StoreResult,
};
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_core::{Engine, Rejection, StoreError, StoreErrorKind};

/// Every book behind one lock: each method is atomic because it holds the lock from its beginning to its end.
#[derive(Debug, Default)]
struct NaiveBook {
    books: Mutex<HashMap<CampaignId, Book>>,
}

#[derive(Debug)]
struct Book {
    weights: Weights,
    rebid: Rebid,
    window: Window,
    quota: Units,
    epoch: Epoch,
    fence: FencingToken,
    sealed: bool,
    /// Every accepted bid, by ascending sequence.
    log: Vec<AcceptedBid>,
    /// Where in the log the bid of each standing is, best first.
    standings: Vec<usize>,
    /// The tickets that let a bid in.
    tickets: HashSet<TicketId>,
}

impl NaiveBook {
    fn books(&self) -> MutexGuard<'_, HashMap<CampaignId, Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on one book, or fails so that the engine opens it from the ledger.
    fn with<T>(
        &self,
        campaign: CampaignId,
        operation: &'static str,
        work: impl FnOnce(&mut Book) -> T,
    ) -> StoreResult<T> {
        let missing = StoreError::new("naive", operation, StoreErrorKind::NotFound);
        self.books().get_mut(&campaign).map(work).ok_or(missing)
    }
}

#[async_trait]
impl BidBook for NaiveBook {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        let mut books = self.books();
        if let Some(book) = books.get_mut(&seed.campaign.id) {
            if book.epoch >= seed.epoch {
                return Ok(book.epoch);
            }
            if book.may_go_on(seed) {
                book.epoch = seed.epoch;
                book.fence = book.fence.max(seed.campaign.fence);
                book.sealed |= seed.campaign.phase.is_closed();
                return Ok(book.epoch);
            }
        }
        let Format::Ranked { weights, rebid } = seed.campaign.terms.format else {
            return Err(StoreError::new("naive", "open", StoreErrorKind::Conflict)
                .because("only ranked campaigns have a book"));
        };
        let mut book = Book {
            weights,
            rebid,
            window: seed.campaign.terms.window,
            quota: seed.campaign.terms.quota,
            epoch: seed.epoch,
            fence: seed.campaign.fence,
            sealed: seed.campaign.phase.is_closed(),
            log: Vec::new(),
            standings: Vec::new(),
            tickets: HashSet::new(),
        };
        for bid in &seed.bids {
            book.append(bid.clone());
        }
        books.insert(seed.campaign.id, book);
        Ok(seed.epoch)
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        self.with(campaign, "place", |book| Placed {
            epoch: book.epoch,
            outcomes: batch.iter().map(|bid| book.place(bid)).collect(),
        })
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        self.with(campaign, "standing", |book| {
            let mut ranking = book.ranking();
            ranking.find(|standing| standing.bid.bidder == bidder)
        })
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        self.with(campaign, "top", |book| Ranking {
            top: book.ranking().take(n).collect(),
            stats: book.stats(),
        })
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        self.with(campaign, "events_after", |book| {
            let rest = book.log.iter().filter(|bid| bid.sequence > after);
            let bids: Vec<AcceptedBid> = rest.take(limit.max(1)).cloned().collect();
            let through = bids.last().map_or(after, |bid| bid.sequence);
            let epoch = book.epoch;
            EventBatch {
                epoch,
                after,
                through,
                bids,
            }
        })
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        self.with(campaign, "seal", |book| {
            if token < book.fence {
                return Err(StoreError::new("naive", "seal", StoreErrorKind::Fenced));
            }
            if !book.sealed && book.now() < book.window.end() {
                return Ok(Seal::NotEnded);
            }
            (book.sealed, book.fence) = (true, token);
            let last = book.last_sequence();
            Ok(Seal::Sealed { last })
        })?
    }

    /// The log stays: retries are answered from it.
    async fn forget_events(&self, _: CampaignId, _: Sequence) -> StoreResult<()> {
        Ok(())
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.books().remove(&campaign);
        Ok(())
    }
}

impl Book {
    /// Whether this book has all that the ledger knows, and may have more that counts.
    fn may_go_on(&self, seed: &BookSeed) -> bool {
        let over = matches!(seed.campaign.phase, Phase::Settled | Phase::Cancelled);
        !over && seed.bids.iter().all(|bid| self.log.contains(bid))
    }

    fn place(&mut self, bid: &NewBid) -> Result<Placement, Rejection> {
        if let Some(known) = self.log.iter().find(|known| known.id == bid.id) {
            let replay = || Placement::Replayed(known.clone());
            return known.answers(bid).then(replay).ok_or(Rejection::KeyReused);
        }
        if self.sealed {
            return Err(Rejection::Ended);
        }
        let at = bid
            .at
            .map_or_else(|| self.now(), |at| self.not_before_the_last(at));
        admit_time(self.window, at)?;
        if let Some(ticket) = bid.ticket {
            // Only a bid that is accepted from here on uses it up. A store that lasts forgets it when it has expired.
            if ticket.expires_at <= at || !self.tickets.insert(ticket.id) {
                return Err(Rejection::TicketSpent);
            }
        }
        let elapsed_ms = self.window.elapsed_ms(at);
        let earlier = self.log.iter().filter(|own| own.bidder == bid.bidder);
        let rank = self.append(AcceptedBid {
            id: bid.id,
            bidder: bid.bidder,
            name: bid.name.clone(),
            price: bid.price,
            weight: bid.weight,
            score: self.weights.score(bid.price, elapsed_ms, bid.weight),
            rank: Rank::FIRST, // until it is ranked
            sequence: self.last_sequence().next(),
            at,
            elapsed_ms,
            bid_number: u32::try_from(earlier.count()).map_or(u32::MAX, |count| count + 1),
        });
        let accepted = self.log.last_mut().expect("it was appended");
        accepted.rank = rank;
        Ok(Placement::Accepted(accepted.clone()))
    }

    /// Appends the bid to the log, lets it be its bidder's standing if the re-bid rule says so, and answers the
    /// bidder's rank.
    fn append(&mut self, bid: AcceptedBid) -> Rank {
        let (bidder, key) = (bid.bidder, bid.rank_key());
        self.log.push(bid);
        let log = &self.log;
        let mut standings = self.standings.iter();
        if let Some(own) = standings.position(|place| log[*place].bidder == bidder) {
            let current = log[self.standings[own]].rank_key();
            if !replaces(self.rebid, current, key) {
                return Rank::behind(own);
            }
            self.standings.remove(own);
        }
        let better = self
            .standings
            .partition_point(|place| log[*place].rank_key() < key);
        self.standings.insert(better, log.len() - 1);
        Rank::behind(better)
    }

    fn ranking(&self) -> impl Iterator<Item = Standing> {
        let ranked = self.standings.iter().enumerate();
        ranked.map(|(better, place)| Standing {
            rank: Rank::behind(better),
            bid: self.log[*place].clone(),
        })
    }

    fn stats(&self) -> BookStats {
        let quota = self.quota.get() as usize;
        let score_of = |better: usize| Some(self.log[*self.standings.get(better)?].score);
        BookStats {
            epoch: self.epoch,
            participants: u32::try_from(self.standings.len()).unwrap_or(u32::MAX),
            bids: self.log.len() as u64,
            last_sequence: self.last_sequence(),
            max_price: self.log.iter().map(|bid| bid.price).max(),
            max_score: score_of(0),
            min_winning_score: score_of(quota - 1),
            sealed: self.sealed,
        }
    }

    fn last_sequence(&self) -> Sequence {
        self.log.last().map_or(Sequence::ZERO, |bid| bid.sequence)
    }

    fn now(&self) -> Timestamp {
        self.not_before_the_last(SystemClock.now())
    }

    fn not_before_the_last(&self, at: Timestamp) -> Timestamp {
        self.log.last().map_or(at, |last| last.at.max(at))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hot = MemoryHot::of(
        NaiveBook::default(),
        MemoryGate::default(),
        Arc::new(SystemClock),
    );
    let engine = Engine::builder().hot(hot).build();
    let lamp = NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::new(2).ok_or("too many units")?,
        min_price: "10".parse()?,
    };
    let now = engine.now();
    let sale = NewCampaign::new(
        engine.add_product(lamp).await?.id,
        Format::Ranked {
            weights: Weights::new("1".parse()?, "1000".parse()?, "100".parse()?)?,
            rebid: Rebid::Best,
        },
        Window::new(now, now.after(Duration::from_millis(500)))?,
    );
    let campaign = engine.add_campaign(sale).await?;
    let [ann, bob, cleo] = ["Ann", "Bob", "Cleo"].map(|name| (name, engine.fresh_id()));
    for ((name, bidder), price) in [(ann, "3000"), (bob, "2000"), (cleo, "4000"), (bob, "3500")] {
        let mut bid = Bid::new(bidder, price.parse()?, "1".parse()?);
        bid.name = Some(Arc::from(name));
        let placed = engine.place_bid(campaign.id, bid).await?;
        println!("{name} bids {price} and is number {}", placed.rank);
    }
    let winners = engine.ranking(campaign.id, 2).await?.top;
    tokio::time::sleep(Duration::from_millis(600)).await;
    engine.settle(campaign.id).await?;
    let page = Page { skip: 0, limit: 10 };
    let orders = engine.orders_in(campaign.id, page).await?.items;
    for (order, winner) in orders.iter().zip(&winners) {
        assert_eq!(order.bidder, winner.bid.bidder);
        let name = winner.bid.name.as_deref().unwrap_or("somebody");
        println!("{name} wins and pays {}", order.price);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::NaiveBook;

    flashbid_core::bid_book_conformance!(NaiveBook::default());
}
