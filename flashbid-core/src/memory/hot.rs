//! The hot store of this process: books, counters, leases, limits and tokens together.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryAdmission, MemoryBook, MemoryGate, MemoryLeases};
use crate::bid::NewBid;
use crate::campaign::FencingToken;
use crate::id::{AttemptId, BidderId, CampaignId, HoldId};
use crate::rank::Sequence;
use crate::stock::{Hold, Level};
use crate::store::{
    Admission, Admitted, BidBook, BookSeed, Epoch, EventBatch, GateSeed, HoldOutcome, HoldRequest,
    Lease, Leases, Limit, Placed, Ranking, Seal, Standing, StockGate, StoreResult,
};
use crate::time::{Clock, SystemClock, Timestamp};

/// A hot store in this process. What it holds dies with it, and is rebuilt from the ledger.
///
/// Its books and counters may be others than those in memory: so somebody who writes a [`BidBook`] has a whole hot
/// store to run an engine on.
#[derive(Debug)]
pub struct MemoryHot<B = MemoryBook, G = MemoryGate> {
    book: B,
    gate: G,
    leases: MemoryLeases,
    admission: MemoryAdmission,
}

impl MemoryHot {
    /// An empty store whose time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let book = MemoryBook::new(Arc::clone(&clock));
        Self::of(book, MemoryGate::new(), clock)
    }
}

impl<B, G> MemoryHot<B, G> {
    /// A store of these books and counters, with leases, limits and tokens that last by `clock`.
    pub fn of(book: B, gate: G, clock: Arc<dyn Clock>) -> Self {
        Self {
            book,
            gate,
            leases: MemoryLeases::new(Arc::clone(&clock)),
            admission: MemoryAdmission::new(clock),
        }
    }
}

impl Default for MemoryHot {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

#[async_trait]
impl<B, G> BidBook for MemoryHot<B, G>
where
    B: BidBook,
    G: Debug + Send + Sync + 'static,
{
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        self.book.open(seed).await
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
        self.book.events_after(campaign, after, limit).await
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        self.book.seal(campaign, token).await
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        self.book.forget_events(campaign, through).await
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.book.discard(campaign).await
    }
}

#[async_trait]
impl<B, G> StockGate for MemoryHot<B, G>
where
    B: Debug + Send + Sync + 'static,
    G: StockGate,
{
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        self.gate.load(seed).await
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        self.gate.hold(campaign, batch).await
    }

    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.consume(campaign, holds).await
    }

    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.release(campaign, holds).await
    }

    async fn expire(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        self.gate.expire(campaign, now, limit).await
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<Level>> {
        self.gate.level(campaign).await
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        self.gate.unload(campaign).await
    }
}

#[async_trait]
impl<B, G> Leases for MemoryHot<B, G>
where
    B: Debug + Send + Sync + 'static,
    G: Debug + Send + Sync + 'static,
{
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        self.leases.acquire(name, holder, ttl, floor).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>> {
        self.leases.renew(lease, ttl).await
    }

    async fn relinquish(&self, lease: &Lease) -> StoreResult<()> {
        self.leases.relinquish(lease).await
    }
}

#[async_trait]
impl<B, G> Admission for MemoryHot<B, G>
where
    B: Debug + Send + Sync + 'static,
    G: Debug + Send + Sync + 'static,
{
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted> {
        self.admission.admit(scope, limits).await
    }

    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool> {
        self.admission.issue(token, subject, ttl).await
    }

    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool> {
        self.admission.redeem(token, subject, attempt).await
    }
}
