//! Reading a running sale.

use tokio::sync::watch;

use super::retry::retry;
use super::sale::Sale;
use super::{Durability, Engine};
use crate::campaign::Campaign;
use crate::error::Result;
use crate::id::{BidderId, CampaignId};
use crate::rank::Sequence;
use crate::store::{Epoch, EventBatch, Ranking, Standing};

impl Engine {
    /// One campaign as this node knows it: what it sells and its terms, which never change. Its phase may be old;
    /// [`Engine::campaign`] has the newest, at the price of asking the ledger.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn known_campaign(&self, campaign: CampaignId) -> Result<Campaign> {
        Ok(self.sale(campaign).await?.campaign.clone())
    }

    /// The best `n` standings of a campaign and the figures of its book, of one moment.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn ranking(&self, campaign: CampaignId, n: usize) -> Result<Ranking> {
        let sale = self.sale(campaign).await?;
        Ok(self
            .with_book(&sale, || self.0.hot.top(campaign, n))
            .await?)
    }

    /// The standing of one bidder; `None` without a bid.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> Result<Option<Standing>> {
        let sale = self.sale(campaign).await?;
        Ok(self
            .with_book(&sale, || self.0.hot.standing(campaign, bidder))
            .await?)
    }

    /// The events that follow `after` and may be told to anyone, at most `limit`: with [`Durability::Ledger`] those
    /// that the ledger has, as it has them, so that what was told is never taken back.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> Result<EventBatch> {
        let sale = self.sale(campaign).await?;
        let batch = self
            .with_book(&sale, || self.0.hot.events_after(campaign, after, limit))
            .await?;
        if batch.after > after {
            return self
                .recorded(&sale, batch.epoch, after, batch.after, limit)
                .await;
        }
        if self.0.durability == Durability::Hot {
            return Ok(batch);
        }
        // The book only says that there is something: it may be an older copy of itself that took other bids since.
        if batch.through > sale.told() {
            sale.tell(self.0.ledger.checkpoint(campaign).await?);
        }
        let through = batch.through.min(sale.told());
        self.recorded(&sale, batch.epoch, after, through, limit)
            .await
    }

    /// Events from the ledger, which has every one up to `through`.
    async fn recorded(
        &self,
        sale: &Sale,
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
        let (id, retries) = (sale.campaign.id, self.options().retries);
        let limit = u32::try_from(limit.max(1)).unwrap_or(u32::MAX);
        let mut bids = retry(retries, || self.0.ledger.bids(id, after, limit)).await?;
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
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn activity(&self, campaign: CampaignId) -> Result<watch::Receiver<Sequence>> {
        Ok(self.sale(campaign).await?.watch())
    }
}
