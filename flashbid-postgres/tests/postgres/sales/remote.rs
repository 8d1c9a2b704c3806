//! A ledger whose connections live in a runtime of their own. The engine of these tests runs on a paused clock, which
//! would jump to the next timeout whenever a connection is waited for; it does not while a blocking task is under way.

use std::sync::LazyLock;

use async_trait::async_trait;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::id::{BidderId, CampaignId, OrderId, ProductId};
use flashbid_core::order::Order;
use flashbid_core::product::Product;
use flashbid_core::rank::Sequence;
use flashbid_core::settle::SettlementPlan;
use flashbid_core::store::{
    BookSeed, CampaignOutcome, EventBatch, Ledger, Listing, OutboxEntry, Page, Settlement,
    StoreResult,
};
use flashbid_core::time::Timestamp;
use flashbid_postgres::PostgresLedger;
use tokio::runtime::Runtime;

use crate::servers;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

#[derive(Debug)]
pub(super) struct Remote(PostgresLedger);

impl Remote {
    /// Connects anew, from a thread that may be in another runtime.
    pub(super) fn connect(url: &str) -> Self {
        std::thread::scope(|threads| {
            let connecting = threads.spawn(|| RUNTIME.block_on(servers::connect(url)));
            Self(connecting.join().unwrap())
        })
    }

    async fn call<T: Send + 'static>(
        &self,
        method: impl AsyncFnOnce(PostgresLedger) -> T + Send + 'static,
    ) -> T {
        let ledger = self.0.clone();
        let called = tokio::task::spawn_blocking(move || RUNTIME.block_on(method(ledger)));
        called.await.unwrap()
    }
}

/// Connections say goodbye in the runtime in which they were made.
impl Drop for Remote {
    fn drop(&mut self) {
        let ledger = self.0.clone();
        RUNTIME.spawn(async move { ledger.database().close().await });
    }
}

#[async_trait]
impl Ledger for Remote {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        let product = product.clone();
        self.call(async move |ledger: PostgresLedger| ledger.add_product(&product).await)
            .await
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        self.call(async move |ledger: PostgresLedger| ledger.product(id).await)
            .await
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        self.call(async move |ledger: PostgresLedger| ledger.products(page).await)
            .await
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        let campaign = campaign.clone();
        self.call(async move |ledger: PostgresLedger| ledger.add_campaign(&campaign).await)
            .await
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.campaign(id).await)
            .await
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.campaigns(page).await)
            .await
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.unsettled(now, page).await)
            .await
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        self.call(async move |ledger: PostgresLedger| ledger.transition(id, from, to, token).await)
            .await
    }

    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        self.call(async move |ledger: PostgresLedger| ledger.begin_epoch(campaign).await)
            .await
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        let batch = batch.clone();
        self.call(async move |ledger: PostgresLedger| ledger.record(campaign, &batch).await)
            .await
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        self.call(async move |ledger: PostgresLedger| ledger.checkpoint(campaign).await)
            .await
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        self.call(async move |ledger: PostgresLedger| ledger.bids(campaign, after, limit).await)
            .await
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        self.call(async move |ledger: PostgresLedger| ledger.bids_of(campaign, bidder, page).await)
            .await
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        let plan = plan.clone();
        self.call(async move |ledger: PostgresLedger| ledger.commit_settlement(&plan, token).await)
            .await
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.call(async move |ledger: PostgresLedger| ledger.order(id).await)
            .await
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        self.call(async move |ledger: PostgresLedger| ledger.orders_in(campaign, page).await)
            .await
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        self.call(async move |ledger: PostgresLedger| ledger.orders_of(bidder, page).await)
            .await
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        self.call(async move |ledger: PostgresLedger| ledger.outbox(limit).await)
            .await
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        self.call(async move |ledger: PostgresLedger| ledger.acknowledge_outbox(position).await)
            .await
    }
}
