//! A book that forgets events as soon as it may.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use flashbid_core::bid::NewBid;
use flashbid_core::campaign::FencingToken;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::memory::MemoryBook;
use flashbid_core::rank::Sequence;
use flashbid_core::store::{
    BidBook, BookSeed, Epoch, EventBatch, Placed, Ranking, Seal, Standing, StoreResult,
};

#[derive(Debug, Default)]
pub(crate) struct ForgetfulBook {
    book: MemoryBook,
    /// Events up to here are gone.
    forgotten: Mutex<HashMap<CampaignId, Sequence>>,
}

impl ForgetfulBook {
    pub(crate) fn new(book: MemoryBook) -> Self {
        Self {
            book,
            forgotten: Mutex::default(),
        }
    }

    /// Up to which event the campaign's book has forgotten all.
    pub(crate) fn forgotten_of(&self, campaign: CampaignId) -> Sequence {
        let forgotten = self.forgotten();
        forgotten.get(&campaign).copied().unwrap_or_default()
    }

    fn forgotten(&self) -> MutexGuard<'_, HashMap<CampaignId, Sequence>> {
        self.forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BidBook for ForgetfulBook {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        let epoch = self.book.open(seed).await?;
        let stats = self.book.top(seed.campaign.id, 0).await?.stats;
        if epoch == seed.epoch && stats.bids == seed.bids.len() as u64 {
            self.forgotten().remove(&seed.campaign.id);
        }
        Ok(epoch)
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        self.book.place(campaign, batch).await
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
        let after = after.max(self.forgotten_of(campaign));
        self.book.events_after(campaign, after, limit).await
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        if let Ok(Ranking { stats, .. }) = self.book.top(campaign, 0).await {
            let before = through.previous().min(stats.last_sequence);
            let mut forgotten = self.forgotten();
            let known = forgotten.entry(campaign).or_default();
            *known = before.max(*known);
        }
        Ok(())
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        self.book.seal(campaign, token).await
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.forgotten().remove(&campaign);
        self.book.discard(campaign).await
    }
}
