//! The relay: moves events of the hot store to the ledger, which is how a bid reaches it whose node died between the
//! two, and every bid under [`Durability::Hot`](super::Durability::Hot).

use super::renewal::is_stale;
use super::retry::retry;
use super::sale::Sale;
use super::{Durability, Engine, Flow, Observation};
use crate::bid::AcceptedBid;
use crate::error::{Result, StoreError, StoreErrorKind};
use crate::id::CampaignId;
use crate::rank::Sequence;
use crate::store::{Epoch, EventBatch, StoreResult};
use crate::time::Timestamp;

/// What one pass of the relay has come across.
#[derive(Debug, Default)]
struct Pass {
    /// The life of the book that it has read.
    life: Epoch,
    /// Events that the ledger lacked.
    events: u64,
    /// When the oldest of them was accepted.
    oldest: Option<Timestamp>,
}

impl Engine {
    /// Records every event that the campaign's book holds and the ledger lacks, and answers up to which sequence the
    /// ledger now has all. A lost book is opened from the ledger first.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn relay(&self, campaign: CampaignId) -> Result<Sequence> {
        let sale = self.ranked_sale(campaign).await?;
        match self.relay_or_renew(&sale).await {
            Err(error) if is_stale(&error) => Ok(self.relay_or_renew(&sale).await?),
            relayed => Ok(relayed?),
        }
    }

    /// Relays. When the ledger refuses the book's life, the answer is that failure, and the book is in a newer one.
    pub(super) async fn relay_or_renew(&self, sale: &Sale) -> StoreResult<Sequence> {
        let (timing, mut pass) = (self.timing(), Pass::default());
        let relayed = self.relay_life(sale, &mut pass).await;
        timing.tell(|took| Observation::Relayed {
            campaign: sale.campaign.id,
            flow: Flow::Bids,
            events: pass.events,
            waited: pass.oldest.map(|at| self.now().since(at)),
            result: relayed.as_ref().map(drop),
            took,
        });
        if let Err(error) = &relayed
            && is_stale(error)
        {
            self.renew_book(sale, pass.life, error).await?;
        }
        relayed
    }

    /// Relays, and notes in `pass` what it has come across.
    async fn relay_life(&self, sale: &Sale, pass: &mut Pass) -> StoreResult<Sequence> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let ledger = &self.0.ledger;
        let mut checkpoint = retry(retries, || ledger.checkpoint(id)).await?;
        loop {
            // The event at the checkpoint is read as well, and the next that the ledger has beyond it, if any came early:
            // the book must have both. Recording would tell of the first, but costs a flush; a campaign in which
            // nothing happens costs only this look. The ledger is read first, so the book cannot lack what it tells.
            let (after, page) = (
                checkpoint.previous(),
                self.options().relay_page.saturating_add(1),
            );
            let recorded = retry(retries, || ledger.bids(id, after, 2)).await?;
            let batch = self
                .with_book(sale, || self.0.hot.events_after(id, after, page))
                .await?;
            pass.life = batch.epoch;
            if batch.after > after {
                checkpoint = self.behind_forgotten(sale, batch.after).await?;
                continue;
            }
            let whole = batch.bids.len() < page;
            if recorded.iter().any(|bid| lacks(&batch, whole, bid)) {
                return Err(StoreError::new("engine", "relay", StoreErrorKind::Conflict)
                    .because("the book has fallen behind the ledger"));
            }
            if batch.through > checkpoint {
                let lacking = batch.bids.partition_point(|bid| bid.sequence <= checkpoint);
                let lacking = &batch.bids[lacking..];
                checkpoint = retry(retries, || ledger.record(id, &batch)).await?;
                pass.events += lacking.len() as u64;
                pass.oldest = pass.oldest.or(lacking.first().map(|bid| bid.at));
            }
            if whole {
                if self.0.durability == Durability::Ledger {
                    sale.tell(checkpoint);
                }
                self.forget_relayed(sale, checkpoint).await;
                return Ok(checkpoint);
            }
        }
    }

    /// The checkpoint after another node has relayed so much meanwhile that the book forgot events up to `forgotten`.
    async fn behind_forgotten(&self, sale: &Sale, forgotten: Sequence) -> StoreResult<Sequence> {
        let id = sale.campaign.id;
        let checkpoint = retry(self.tries(), || self.0.ledger.checkpoint(id)).await?;
        if checkpoint <= forgotten {
            return Err(StoreError::new("engine", "relay", StoreErrorKind::Conflict)
                .because("the ledger lacks events that it once had"));
        }
        Ok(checkpoint)
    }

    /// Lets the book forget what the ledger has, except for the last page, which followers of the sale may still be
    /// reading. If that fails, the next pass does it.
    async fn forget_relayed(&self, sale: &Sale, checkpoint: Sequence) {
        let page = self.options().relay_page as u64;
        let through = Sequence::new(checkpoint.get().saturating_sub(page));
        if through.get() < sale.forgotten().get().saturating_add(page) {
            return;
        }
        match self.0.hot.forget_events(sale.campaign.id, through).await {
            Ok(()) => sale.set_forgotten(through),
            Err(error) => {
                tracing::debug!(campaign = %sale.campaign.id, %error, "the book keeps events that the ledger has");
            }
        }
    }
}

/// Whether a book lacks a recorded bid, as far as `batch` tells, which is the `whole` rest of the book or a page of it.
fn lacks(batch: &EventBatch, whole: bool, recorded: &AcceptedBid) -> bool {
    if recorded.sequence > batch.through {
        return whole;
    }
    let place = batch
        .bids
        .binary_search_by_key(&recorded.sequence, |bid| bid.sequence);
    place.map_or(true, |place| batch.bids[place] != *recorded)
}
