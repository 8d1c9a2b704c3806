//! Placing a bid: admission, the lane, the book, the ledger.

use std::sync::Arc;

use super::lane::{Batched, Lane};
use super::renewal::is_stale;
use super::retry::retry;
use super::sale::Sale;
use super::{Durability, Engine, Flow, Stage};
use crate::bid::{AcceptedBid, Bid, NewBid, admit_price};
use crate::campaign::Campaign;
use crate::error::{Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{BidId, CampaignId};
use crate::store::{Epoch, EventBatch, Placed, Placement, StoreResult};
use crate::ticket::Ticket;

/// How often a batch may be placed: once, again in the life that another node began, and again in further ones.
const TRIES: u32 = 4;

impl Batched for NewBid {
    const FLOW: Flow = Flow::Bids;

    type Answer = AcceptedBid;

    fn lane(sale: &Sale) -> &Lane<Self> {
        &sale.bids
    }

    async fn carry_out(
        engine: &Engine,
        sale: &Arc<Sale>,
        batch: &[Self],
    ) -> StoreResult<Vec<Result<AcceptedBid, Rejection>>> {
        engine.place_batch(sale, batch).await
    }
}

impl Engine {
    /// Places a bid, and answers it as it was accepted. With [`Durability::Ledger`] it is in the ledger by then.
    ///
    /// A bid with an idempotency key may be placed any number of times: the first acceptance is answered each time.
    /// Dropping the future does not take the bid back.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) when the business says no, [`Error::Overloaded`](crate::Error::Overloaded)
    /// when too many bids wait, [`Error::Store`](crate::Error::Store) when a store fails: if its kind is
    /// [`Indeterminate`](StoreErrorKind::Indeterminate) the bid may stand; placing it again with the same key tells.
    pub async fn place_bid(&self, campaign: CampaignId, bid: Bid) -> Result<AcceptedBid> {
        let (sale, copy) = self.sale_now(campaign).await?;
        if sale.campaign.terms.format.is_first_come() {
            return Err(Rejection::WrongFormat.into());
        }
        admit_price(&sale.campaign.terms, bid.price)?;
        require_ticket(&copy, bid.ticket)?;
        let id = match &bid.key {
            Some(key) => BidId::derive(campaign, bid.bidder, key.as_str()),
            None => self.fresh_id(),
        };
        let Bid {
            bidder,
            name,
            price,
            weight,
            ticket,
            at,
            ..
        } = bid;
        self.through_lane(
            &sale,
            NewBid {
                id,
                bidder,
                name,
                price,
                weight,
                ticket,
                at,
            },
        )
        .await
    }

    /// Places a batch in the book and, if bids are acknowledged by the ledger, records it there.
    async fn place_batch(
        &self,
        sale: &Arc<Sale>,
        bids: &[NewBid],
    ) -> StoreResult<Vec<Result<AcceptedBid, Rejection>>> {
        let mut placed_before = false;
        for _ in 0..TRIES {
            let placed = match self.place_in_book(sale, bids).await {
                Err(error) if placed_before => return Err(unknown(error)),
                placed => placed?,
            };
            placed_before = true;
            match self.acknowledge(sale, &placed).await {
                Ok(()) => {
                    return Ok(placed
                        .outcomes
                        .into_iter()
                        .map(|outcome| outcome.map(Placement::into_bid))
                        .collect());
                }
                Err(error) if is_stale(&error) => self
                    .renew_book(sale, placed.epoch, &error)
                    .await
                    .map_err(unknown)?,
                Err(error) => return Err(unknown(error)),
            }
        }
        Err(StoreError::new(
            "engine",
            "place",
            StoreErrorKind::Indeterminate,
        ))
    }

    async fn place_in_book(&self, sale: &Sale, bids: &[NewBid]) -> StoreResult<Placed> {
        let place = self.with_book(sale, || self.0.hot.place(sale.campaign.id, bids));
        self.through(Flow::Bids, Stage::Hot, place).await
    }

    /// Makes the accepted bids as durable as an acknowledgement promises.
    async fn acknowledge(&self, sale: &Sale, placed: &Placed) -> StoreResult<()> {
        let placements = placed.outcomes.iter().flatten();
        if self.0.durability == Durability::Hot {
            let last = placements
                .filter_map(accepted)
                .map(|bid| bid.sequence)
                .max();
            sale.tell(last.unwrap_or_default());
            return Ok(());
        }
        // A replayed bid goes to the ledger too: its first placement may have died on the way there.
        let mut bids: Vec<&AcceptedBid> = placements.map(Placement::bid).collect();
        bids.sort_unstable_by_key(|bid| bid.sequence);
        bids.dedup_by_key(|bid| bid.sequence);
        for stretch in bids.chunk_by(|bid, next| bid.sequence.next() == next.sequence) {
            self.record(sale, placed.epoch, stretch).await?;
        }
        Ok(())
    }

    /// Records a stretch of bids that follow each other without a gap.
    async fn record(&self, sale: &Sale, epoch: Epoch, bids: &[&AcceptedBid]) -> StoreResult<()> {
        let (Some(first), Some(last)) = (bids.first(), bids.last()) else {
            return Ok(());
        };
        let batch = EventBatch {
            epoch,
            after: first.sequence.previous(),
            through: last.sequence,
            bids: bids.iter().copied().cloned().collect(),
        };
        let id = sale.campaign.id;
        let record = retry(self.tries(), || self.0.ledger.record(id, &batch));
        let checkpoint = self.through(Flow::Bids, Stage::Ledger, record).await?;
        sale.tell(checkpoint);
        Ok(())
    }
}

/// Whether a request that comes with `ticket`, or without one, is welcome.
pub(super) fn require_ticket(campaign: &Campaign, ticket: Option<Ticket>) -> Result<(), Rejection> {
    if campaign.guards.need_ticket() && ticket.is_none() {
        return Err(Rejection::TicketMissing);
    }
    Ok(())
}

fn accepted(placement: &Placement) -> Option<&AcceptedBid> {
    match placement {
        Placement::Accepted(bid) => Some(bid),
        Placement::Replayed(_) => None,
    }
}

/// The book has the bids and the ledger may not: the relay will move them, or a lost book will lose them.
fn unknown(error: StoreError) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Indeterminate,
        ..error
    }
}
