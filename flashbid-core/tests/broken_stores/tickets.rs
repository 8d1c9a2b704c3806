use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use flashbid_core::Rejection;
use flashbid_core::bid::NewBid;
use flashbid_core::campaign::{FencingToken, Format, Rebid};
use flashbid_core::id::{BidId, BidderId, CampaignId, TicketId};
use flashbid_core::memory::MemoryBook;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::store::{
    BidBook, BookSeed, Epoch, EventBatch, Placed, Ranking, Seal, Standing, StoreResult,
};

use crate::assert_fails;

/// What a book does wrong with tickets and with campaigns that have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It does not look at tickets.
    IgnoresTickets,
    /// It takes a ticket before it looks at the rest.
    RefusalsSpendTickets,
    /// It ranks bidders of any campaign.
    RanksAnything,
}

#[derive(Debug)]
struct Broken {
    book: MemoryBook,
    mistake: Mistake,
    spent: Mutex<HashMap<TicketId, BidId>>,
}

fn sound() -> MemoryBook {
    MemoryBook::default()
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        book: sound(),
        mistake,
        spent: Mutex::default(),
    }
}

#[async_trait]
impl BidBook for Broken {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        let mut seed = seed.clone();
        if self.mistake == Mistake::RanksAnything {
            let one = "1".parse().unwrap();
            seed.campaign.terms.format = Format::Ranked {
                weights: Weights::new(one, one, one).unwrap(),
                rebid: Rebid::Latest,
            };
        }
        self.book.open(&seed).await
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        let mut batch = batch.to_vec();
        let mut refused = Vec::new();
        for (index, bid) in batch.iter_mut().enumerate() {
            match (self.mistake, bid.ticket) {
                (Mistake::IgnoresTickets, _) => bid.ticket = None,
                (Mistake::RefusalsSpendTickets, Some(ticket)) => {
                    let before = self.spent.lock().unwrap().insert(ticket.id, bid.id);
                    if before.is_some() {
                        refused.push(index);
                    }
                }
                _ => {}
            }
        }
        let mut placed = self.book.place(campaign, &batch).await?;
        for index in refused {
            placed.outcomes[index] = Err(Rejection::TicketSpent);
        }
        Ok(placed)
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        self.book.standing(campaign, bidder).await
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        self.book.top(campaign, n).await
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        self.book.events_after(campaign, after, limit).await
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        self.book.forget_events(campaign, through).await
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        self.book.seal(campaign, token).await
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.book.discard(campaign).await
    }
}

#[test]
fn wrong_tickets_are_found() {
    assert_fails!(book, sound(), broken(Mistake::IgnoresTickets); a_ticket_places_once);
    assert_fails!(book, sound(), broken(Mistake::RefusalsSpendTickets); a_refused_bid_keeps_its_ticket);
}

#[test]
fn a_book_of_a_sale_without_ranks_is_found() {
    assert_fails!(book, sound(), broken(Mistake::RanksAnything); a_first_come_campaign_has_no_book);
}
