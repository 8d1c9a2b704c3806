use std::time::Duration;

use async_trait::async_trait;

use super::Faulty;
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
use crate::time::Timestamp;

#[async_trait]
impl<S: BidBook + ?Sized> BidBook for Faulty<S> {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        self.write("open", self.store().open(seed)).await
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        self.write("place", self.store().place(campaign, batch))
            .await
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        self.read("standing", self.store().standing(campaign, bidder))
            .await
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        self.read("top", self.store().top(campaign, n)).await
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        self.read(
            "events_after",
            self.store().events_after(campaign, after, limit),
        )
        .await
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        self.write("seal", self.store().seal(campaign, token)).await
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        let store = self.store();
        self.write("forget_events", store.forget_events(campaign, through))
            .await
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.write("discard", self.store().discard(campaign)).await
    }
}

#[async_trait]
impl<S: StockGate + ?Sized> StockGate for Faulty<S> {
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level> {
        self.write("load", self.store().load(seed)).await
    }

    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>> {
        self.write("hold", self.store().hold(campaign, batch)).await
    }

    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.write("consume", self.store().consume(campaign, holds))
            .await
    }

    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.write("release", self.store().release(campaign, holds))
            .await
    }

    async fn expire(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.write("expire", self.store().expire(campaign, holds))
            .await
    }

    async fn holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>> {
        self.read("holds", self.store().holds(campaign, holds))
            .await
    }

    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        self.read("due", self.store().due(campaign, now, limit))
            .await
    }

    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>> {
        self.read("pending", self.store().pending(campaign, limit))
            .await
    }

    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()> {
        self.write("acknowledge", self.store().acknowledge(campaign, holds))
            .await
    }

    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal> {
        self.write("close", self.store().close(campaign)).await
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>> {
        self.read("level", self.store().level(campaign)).await
    }

    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>> {
        self.read("contents", self.store().contents(campaign)).await
    }

    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level> {
        self.write("repair", self.store().repair(campaign, quota, holds))
            .await
    }

    async fn unload(&self, campaign: CampaignId) -> StoreResult<()> {
        self.write("unload", self.store().unload(campaign)).await
    }
}

#[async_trait]
impl<S: Leases + ?Sized> Leases for Faulty<S> {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        floor: FencingToken,
    ) -> StoreResult<Option<Lease>> {
        self.write("acquire", self.store().acquire(name, holder, ttl, floor))
            .await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> StoreResult<Option<Lease>> {
        self.write("renew", self.store().renew(lease, ttl)).await
    }

    async fn relinquish(&self, lease: &Lease) -> StoreResult<()> {
        self.write("relinquish", self.store().relinquish(lease))
            .await
    }
}

#[async_trait]
impl<S: Admission + ?Sized> Admission for Faulty<S> {
    async fn admit(&self, scope: &str, limits: &[Limit]) -> StoreResult<Admitted> {
        self.write("admit", self.store().admit(scope, limits)).await
    }

    async fn issue(&self, token: &str, subject: &str, ttl: Duration) -> StoreResult<bool> {
        self.write("issue", self.store().issue(token, subject, ttl))
            .await
    }

    async fn redeem(&self, token: &str, subject: &str, attempt: AttemptId) -> StoreResult<bool> {
        self.write("redeem", self.store().redeem(token, subject, attempt))
            .await
    }
}

#[async_trait]
impl<S: CampaignCache + ?Sized> CampaignCache for Faulty<S> {
    async fn cached(&self, campaign: CampaignId) -> StoreResult<Cached> {
        self.read("cached", self.store().cached(campaign)).await
    }

    async fn keep(&self, campaign: CampaignId, copy: &[u8], ttl: Duration) -> StoreResult<()> {
        self.write("keep", self.store().keep(campaign, copy, ttl))
            .await
    }

    async fn change(&self, campaign: CampaignId, quiet: Duration) -> StoreResult<()> {
        self.write("change", self.store().change(campaign, quiet))
            .await
    }

    async fn changes_after(&self, cursor: ChangeCursor, limit: usize) -> StoreResult<Changes> {
        self.read("changes_after", self.store().changes_after(cursor, limit))
            .await
    }
}
