//! The hot store of this process: books, counters, leases, limits and tokens together.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryAdmission, MemoryBook, MemoryCache, MemoryGate, MemoryLeases};
use crate::bid::NewBid;
use crate::campaign::FencingToken;
use crate::id::{AttemptId, BidderId, CampaignId, HoldId};
use crate::rank::Sequence;
use crate::stock::{Hold, Level, Units};
use crate::store::{
    Admission, Admitted, BidBook, BookSeed, Cached, CampaignCache, ChangeCursor, Changes, Epoch,
    EventBatch, GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    Lease, Leases, Limit, PendingPurchase, Placed, Ranking, Seal, Standing, StockGate, StoreResult,
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
    cache: MemoryCache,
}

impl MemoryHot {
    /// An empty store whose time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let book = MemoryBook::new(Arc::clone(&clock));
        let gate = MemoryGate::new(Arc::clone(&clock));
        Self::of(book, gate, clock)
    }
}

impl<B, G> MemoryHot<B, G> {
    /// A store of these books and counters, with leases, limits and tokens that last by `clock`.
    pub fn of(book: B, gate: G, clock: Arc<dyn Clock>) -> Self {
        Self {
            book,
            gate,
            leases: MemoryLeases::new(Arc::clone(&clock)),
            admission: MemoryAdmission::new(Arc::clone(&clock)),
            cache: MemoryCache::new(clock),
        }
    }
}

#[cfg(any(test, feature = "conformance"))]
impl<B, G> MemoryHot<B, G> {
    /// The counters of this store.
    pub const fn gate(&self) -> &G {
        &self.gate
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
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.expire(campaign, holds).await
    }

    async fn holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.gate.holds(campaign, holds).await
    }

    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        self.gate.due(campaign, now, limit).await
    }

    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>> {
        self.gate.pending(campaign, limit).await
    }

    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()> {
        self.gate.acknowledge(campaign, holds).await
    }

    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal> {
        self.gate.close(campaign).await
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>> {
        self.gate.level(campaign).await
    }

    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>> {
        self.gate.contents(campaign).await
    }

    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level> {
        self.gate.repair(campaign, quota, holds).await
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

#[async_trait]
impl<B, G> CampaignCache for MemoryHot<B, G>
where
    B: Debug + Send + Sync + 'static,
    G: Debug + Send + Sync + 'static,
{
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached> {
        self.cache.cached(campaign).await
    }

    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()> {
        self.cache.keep(campaign, copy, ttl).await
    }

    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()> {
        self.cache.change(campaign, quiet).await
    }

    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes> {
        self.cache.changes_after(cursor, limit).await
    }
}
