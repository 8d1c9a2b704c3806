//! Reading a running sale.

use tokio::sync::watch;

use super::retry::retry;
use super::{Durability, Engine};
use crate::error::Result;
use crate::id::{BidderId, CampaignId};
use crate::rank::Sequence;
use crate::store::{Epoch, EventBatch, Ranking, Standing};

impl Engine {
    /// The best `n` standings of a campaign and the figures of its book, of one moment.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign and one that ranks nobody, [`Error::Store`](crate::Error::Store).
    pub async fn ranking(&self, campaign: CampaignId, n: usize) -> Result<Ranking> {
        let sale = self.ranked_sale(campaign).await?;
        Ok(self
            .with_book(&sale, || self.0.hot.top(campaign, n))
            .await?)
    }

    /// The standing of one bidder; `None` without a bid.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign and one that ranks nobody, [`Error::Store`](crate::Error::Store).
    pub async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> Result<Option<Standing>> {
        let sale = self.ranked_sale(campaign).await?;
        Ok(self
            .with_book(&sale, || self.0.hot.standing(campaign, bidder))
            .await?)
    }

    /// The events that follow `after` and may be told to anyone, at most `limit`: with [`Durability::Ledger`] those
    /// that the ledger has, as it has them, so that what was told is never taken back. They are of no life of the book
    /// then: their epoch is always zero.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign and one that ranks nobody, [`Error::Store`](crate::Error::Store).
    pub async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> Result<EventBatch> {
        let sale = self.ranked_sale(campaign).await?;
        if self.0.durability == Durability::Hot {
            let batch = self
                .with_book(&sale, || self.0.hot.events_after(campaign, after, limit))
                .await?;
            if batch.after > after {
                let forgotten = batch.after;
                return self
                    .recorded(campaign, batch.epoch, after, forgotten, limit)
                    .await;
            }
            return Ok(batch);
        }
        if sale.told() <= after {
            // The book only says whether there is more: it may be an older copy of itself that took other bids since.
            let next = self
                .with_book(&sale, || self.0.hot.events_after(campaign, after, 1))
                .await?;
            if next.through > after {
                sale.tell(self.0.ledger.checkpoint(campaign).await?);
            }
        }
        self.recorded(campaign, Epoch::default(), after, sale.told(), limit)
            .await
    }

    /// Events from the ledger, which has every one up to `through`.
    async fn recorded(
        &self,
        campaign: CampaignId,
        epoch: Epoch,
        after: Sequence,
        through: Sequence,
        limit: usize,
    ) -> Result<EventBatch> {
        if through <= after {
            return Ok(EventBatch {
                epoch,
                after,
                through: after,
                bids: Vec::new(),
            });
        }
        let retries = self.tries();
        let limit = u32::try_from(limit.max(1)).unwrap_or(u32::MAX);
        let mut bids = retry(retries, || self.0.ledger.bids(campaign, after, limit)).await?;
        let whole = bids.len() < limit as usize;
        let complete = match bids.last() {
            Some(last) if !whole => last.sequence.min(through),
            _ => through,
        };
        bids.retain(|bid| bid.sequence <= complete);
        Ok(EventBatch {
            epoch,
            after,
            through: complete,
            bids,
        })
    }

    /// Changes whenever this node takes bids of the campaign: a hint to ask [`Engine::events_after`]. Other nodes'
    /// bids give no hint, so ask from time to time as well.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign and one that ranks nobody, [`Error::Store`](crate::Error::Store).
    pub async fn activity(&self, campaign: CampaignId) -> Result<watch::Receiver<Sequence>> {
        Ok(self.ranked_sale(campaign).await?.watch())
    }
}
