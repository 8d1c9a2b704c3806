//! The book in memory against a naive one: a plain list of accepted bids, searched and sorted anew for each question.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use arbitrary::Arbitrary;
use flashbid_core::bid::{AcceptedBid, NewBid};
use flashbid_core::campaign::{
    Campaign, DEFAULT_PAYMENT_DEADLINE, FencingToken, Format, Phase, Rebid, Terms, Window,
};
use flashbid_core::error::{Rejection, StoreErrorKind};
use flashbid_core::id::{BidId, BidderId, CampaignId, ProductId};
use flashbid_core::memory::MemoryBook;
use flashbid_core::money::{Money, Weight};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, BookSeed, Epoch, Placement, Seal};
use flashbid_core::time::{Clock, ManualClock, Timestamp};
use uuid::Uuid;

use crate::Steps;

const CAMPAIGN: CampaignId = CampaignId::new(Uuid::from_u128(1));
const START: Timestamp = Timestamp::from_millis(100);
const END: Timestamp = Timestamp::from_millis(1_000);

/// A campaign and what happens to its book.
#[derive(Arbitrary, Clone, Debug)]
pub struct History {
    best: bool,
    quota: u8,
    steps: Steps<Step>,
}

/// One thing that happens to a book.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    /// A batch of bids arrives.
    Place([Option<Ask>; 4]),
    /// The clock jumps, forwards or backwards.
    Clock(i8),
    /// Somebody with a lease seals.
    Seal(u8),
    /// The book is lost with its last few bids, and opened again from the rest.
    Lose {
        /// How many bids the ledger lacks.
        bids: u8,
        /// Whether the ledger knows by now that the campaign is being sealed.
        closed: bool,
    },
}

/// One bid of a few bidders, prices and ids, so that retries, re-bids and ties are common.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Ask {
    id: u8,
    bidder: u8,
    price: u8,
    weight: u8,
    at: Option<i8>,
}

/// Lets a history happen to both books and compares them after each step.
pub fn check(history: History) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing")
        .block_on(run(history));
}

async fn run(history: History) {
    let clock = Arc::new(ManualClock::new(START));
    let book = MemoryBook::new(clock.clone());
    let mut naive = Naive::new(campaign(&history));
    book.open(&naive.seed()).await.unwrap();
    for step in history.steps.0 {
        match step {
            Step::Place(asks) => {
                let batch: Vec<NewBid> = asks.into_iter().flatten().map(Ask::bid).collect();
                let placed = book.place(CAMPAIGN, &batch).await.unwrap();
                let expected: Vec<_> = batch
                    .iter()
                    .map(|bid| naive.place(bid, clock.now()))
                    .collect();
                assert_eq!(placed.outcomes, expected);
                assert_eq!(placed.epoch, naive.epoch);
            }
            Step::Clock(by) => {
                clock.set(Timestamp::from_millis(
                    clock.now().millis() + i64::from(by) * 10,
                ));
            }
            Step::Seal(token) => {
                let token = FencingToken::new(token.into());
                let sealed = book.seal(CAMPAIGN, token).await;
                assert_eq!(
                    sealed.map_err(|error| error.kind),
                    naive.seal(token, clock.now())
                );
            }
            Step::Lose { bids, closed } => {
                book.discard(CAMPAIGN).await.unwrap();
                naive.lose(bids.into(), closed);
                assert_eq!(book.open(&naive.seed()).await.unwrap(), naive.epoch);
            }
        }
        compare(&book, &naive).await;
    }
}

async fn compare(book: &MemoryBook, naive: &Naive) {
    let standings = naive.standings();
    let ranking = book.top(CAMPAIGN, usize::MAX).await.unwrap();
    let top = ranking.top.iter().map(|standing| &standing.bid);
    assert!(top.eq(standings.iter().copied()));
    for (better, bid) in standings.iter().enumerate() {
        let standing = book.standing(CAMPAIGN, bid.bidder).await.unwrap().unwrap();
        assert_eq!(standing.rank, Rank::behind(better));
        assert_eq!(&standing.bid, *bid);
    }
    let quota = naive.campaign.terms.quota.get() as usize;
    let stats = ranking.stats;
    assert_eq!(stats.participants as usize, standings.len());
    assert_eq!(stats.bids, naive.log.len() as u64);
    assert_eq!(stats.last_sequence, naive.last_sequence());
    assert_eq!(stats.max_price, naive.log.iter().map(|bid| bid.price).max());
    assert_eq!(stats.max_score, standings.first().map(|bid| bid.score));
    assert_eq!(
        stats.min_winning_score,
        standings.get(quota - 1).map(|bid| bid.score)
    );
    assert_eq!(stats.sealed, naive.sealed);

    let mut events = Vec::new();
    let mut after = Sequence::ZERO;
    loop {
        let page = book.events_after(CAMPAIGN, after, 7).await.unwrap();
        events.extend(page.bids);
        if page.through == after {
            break;
        }
        after = page.through;
    }
    assert_eq!(events, naive.log);
}

struct Naive {
    campaign: Campaign,
    epoch: Epoch,
    log: Vec<AcceptedBid>,
    fence: FencingToken,
    sealed: bool,
}

impl Naive {
    fn new(campaign: Campaign) -> Self {
        Self {
            campaign,
            epoch: Epoch::new(1),
            log: Vec::new(),
            fence: FencingToken::NONE,
            sealed: false,
        }
    }

    fn seed(&self) -> BookSeed {
        BookSeed {
            campaign: self.campaign.clone(),
            epoch: self.epoch,
            bids: self.log.clone(),
        }
    }

    fn place(&mut self, bid: &NewBid, now: Timestamp) -> Result<Placement, Rejection> {
        if let Some(first) = self.log.iter().find(|known| known.id == bid.id) {
            let same = first.bidder == bid.bidder && first.price == bid.price;
            let replayed = Placement::Replayed(first.clone());
            return same.then_some(replayed).ok_or(Rejection::KeyReused);
        }
        let asked = bid.at.unwrap_or(now);
        let at = self.log.last().map_or(asked, |last| last.at.max(asked));
        if self.sealed || at >= END {
            return Err(Rejection::Ended);
        }
        if at < START {
            return Err(Rejection::NotStarted { start: START });
        }
        let Format::Ranked { weights, .. } = self.campaign.terms.format else {
            unreachable!("the campaign is ranked");
        };
        let elapsed_ms = at.millis_since(START);
        self.log.push(AcceptedBid {
            id: bid.id,
            bidder: bid.bidder,
            name: bid.name.clone(),
            price: bid.price,
            weight: bid.weight,
            score: weights.score(bid.price, elapsed_ms, bid.weight),
            rank: Rank::FIRST,
            sequence: self.last_sequence().next(),
            at,
            elapsed_ms,
            bid_number: 0,
        });
        let place = |standing: &&AcceptedBid| standing.bidder == bid.bidder;
        let better = self.standings().iter().position(place).unwrap();
        let of_bidder = self.log.iter().filter(|known| known.bidder == bid.bidder);
        let bid_number = u32::try_from(of_bidder.count()).unwrap();
        let accepted = self.log.last_mut().unwrap();
        accepted.rank = Rank::behind(better);
        accepted.bid_number = bid_number;
        Ok(Placement::Accepted(accepted.clone()))
    }

    fn seal(&mut self, token: FencingToken, now: Timestamp) -> Result<Seal, StoreErrorKind> {
        if token < self.fence {
            return Err(StoreErrorKind::Fenced);
        }
        let over = now >= END || self.log.last().is_some_and(|last| last.at >= END);
        if !self.sealed && !over {
            return Ok(Seal::NotEnded);
        }
        self.fence = token;
        self.sealed = true;
        Ok(Seal::Sealed {
            last: self.last_sequence(),
        })
    }

    fn lose(&mut self, bids: usize, closed: bool) {
        self.log.truncate(self.log.len().saturating_sub(bids));
        self.epoch = self.epoch.next();
        if closed && self.sealed {
            self.campaign.phase = Phase::Sealing;
            self.campaign.fence = self.fence;
        }
        self.fence = self.campaign.fence;
        self.sealed = self.campaign.phase == Phase::Sealing;
    }

    fn standings(&self) -> Vec<&AcceptedBid> {
        let Format::Ranked { rebid, .. } = self.campaign.terms.format else {
            unreachable!("the campaign is ranked");
        };
        let mut current = HashMap::new();
        for bid in &self.log {
            let standing = current.entry(bid.bidder).or_insert(bid);
            if rebid == Rebid::Latest || bid.score > standing.score {
                *standing = bid;
            }
        }
        let mut standings: Vec<_> = current.into_values().collect();
        standings.sort_by_key(|bid| (Reverse(bid.score), bid.sequence));
        standings
    }

    fn last_sequence(&self) -> Sequence {
        self.log.last().map_or(Sequence::ZERO, |last| last.sequence)
    }
}

impl Ask {
    fn bid(self) -> NewBid {
        let uuid = |number: u8| Uuid::from_u128(u128::from(number));
        NewBid {
            id: BidId::new(uuid(self.id)),
            bidder: BidderId::new(uuid(self.bidder % 32)),
            name: None,
            price: Money::from_ten_thousandths(i64::from(self.price % 16) * 10_000).unwrap(),
            weight: Weight::from_ten_thousandths(i64::from(self.weight % 4) * 10_000).unwrap(),
            at: self
                .at
                .map(|at| Timestamp::from_millis(500 + i64::from(at) * 5)),
            ticket: None,
        }
    }
}

fn campaign(history: &History) -> Campaign {
    let rebid = if history.best {
        Rebid::Best
    } else {
        Rebid::Latest
    };
    let factor = |text: &str| text.parse().expect("a factor");
    let terms = Terms {
        format: Format::Ranked {
            weights: Weights::new(factor("1"), factor("10"), factor("0.5")).expect("small factors"),
            rebid,
        },
        window: Window::new(START, END).expect("ends after it starts"),
        quota: Units::new(u32::from(history.quota) + 1).expect("a small quota"),
        min_price: Money::ZERO,
        payment_deadline: DEFAULT_PAYMENT_DEADLINE,
        runners_up: None,
    };
    Campaign {
        phase: Phase::Open,
        version: 1,
        fence: FencingToken::new(1),
        ..Campaign::scheduled(CAMPAIGN, ProductId::new(Uuid::from_u128(2)), terms, START)
    }
}
