use std::time::Duration;

use async_trait::async_trait;

use super::Faulty;
use crate::bid::{AcceptedBid, NewBid};
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::id::{AttemptId, BidderId, CampaignId, HoldId, OrderId, ProductId};
use crate::order::Order;
use crate::product::Product;
use crate::rank::Sequence;
use crate::settle::SettlementPlan;
use crate::stock::{Hold, Level};
use crate::store::{
    Admission, Admitted, BidBook, BookSeed, CampaignOutcome, Epoch, EventBatch, GateSeed,
    HoldOutcome, HoldRequest, Lease, Leases, Ledger, Limit, Listing, OutboxEntry, Page, Placed,
    Ranking, Seal, Settlement, Standing, StockGate, StoreResult,
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
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>> {
        self.write("expire", self.store().expire(campaign, now, limit))
            .await
    }

    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<Level>> {
        self.read("level", self.store().level(campaign)).await
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
impl<S: Ledger + ?Sized> Ledger for Faulty<S> {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        self.write("add_product", self.store().add_product(product))
            .await
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        self.read("product", self.store().product(id)).await
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        self.read("products", self.store().products(page)).await
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        self.write("add_campaign", self.store().add_campaign(campaign))
            .await
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.read("campaign", self.store().campaign(id)).await
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns", self.store().campaigns(page)).await
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("unsettled", self.store().unsettled(now, page))
            .await
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        self.write("transition", self.store().transition(id, from, to, token))
            .await
    }

    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        self.write("begin_epoch", self.store().begin_epoch(campaign))
            .await
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        self.write("record", self.store().record(campaign, batch))
            .await
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        self.read("checkpoint", self.store().checkpoint(campaign))
            .await
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        self.read("bids", self.store().bids(campaign, after, limit))
            .await
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        self.read("bids_of", self.store().bids_of(campaign, bidder, page))
            .await
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.write(
            "commit_settlement",
            self.store().commit_settlement(plan, token),
        )
        .await
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.read("order", self.store().order(id)).await
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_in", self.store().orders_in(campaign, page))
            .await
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_of", self.store().orders_of(bidder, page))
            .await
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        self.read("outbox", self.store().outbox(limit)).await
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        self.write(
            "acknowledge_outbox",
            self.store().acknowledge_outbox(position),
        )
        .await
    }
}
