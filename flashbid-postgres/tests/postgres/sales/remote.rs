//! A ledger whose connections live in a runtime of their own. The engine of these tests runs on a paused clock, which
//! would jump to the next timeout whenever a connection is waited for; it does not while a blocking task is under way.

use std::sync::LazyLock;

use async_trait::async_trait;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::discrepancy::Discrepancy;
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use flashbid_core::order::{Moved, Order, OrderMove};
use flashbid_core::product::Product;
use flashbid_core::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::{OfferPlan, SettlementPlan};
use flashbid_core::stock::Units;
use flashbid_core::store::{
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Ledger, Listing, OrderChanges, OutboxEntry,
    Page, ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
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

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        let change = change.clone();
        self.call(async move |ledger: PostgresLedger| ledger.change_product(id, &change, at).await)
            .await
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        self.call(async move |ledger: PostgresLedger| ledger.low_stock(most, page).await)
            .await
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.set_guards(id, guards).await)
            .await
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.campaigns_of(product, page).await)
            .await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        self.call(async move |ledger: PostgresLedger| ledger.gate_seed(campaign).await)
            .await
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        let batch = batch.to_vec();
        self.call(async move |ledger: PostgresLedger| ledger.commit_purchases(&batch).await)
            .await
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        let holds = holds.to_vec();
        self.call(async move |ledger: PostgresLedger| ledger.void_holds(campaign, &holds).await)
            .await
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        let holds = holds.to_vec();
        self.call(async move |ledger: PostgresLedger| ledger.hold_fates(&holds).await)
            .await
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        let letters = letters.to_vec();
        self.call(async move |ledger: PostgresLedger| ledger.set_aside(&letters).await)
            .await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        self.call(async move |ledger: PostgresLedger| ledger.dead_letters(page).await)
            .await
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        self.call(async move |ledger: PostgresLedger| ledger.drop_dead_letter(hold).await)
            .await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.call(async move |ledger: PostgresLedger| {
            ledger.end_sale(campaign, version, token).await
        })
        .await
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        let moves = moves.to_vec();
        self.call(async move |ledger: PostgresLedger| ledger.move_orders(&moves).await)
            .await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        self.call(async move |ledger: PostgresLedger| ledger.overdue_orders(now, limit).await)
            .await
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        self.call(async move |ledger: PostgresLedger| {
            ledger.order_changes(campaign, after, limit).await
        })
        .await
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        self.call(async move |ledger: PostgresLedger| ledger.with_units_left(page).await)
            .await
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        let plan = plan.clone();
        self.call(async move |ledger: PostgresLedger| ledger.commit_offers(&plan, token).await)
            .await
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        let found = found.to_vec();
        self.call(async move |ledger: PostgresLedger| {
            ledger.note_discrepancies(campaign, &found, at).await
        })
        .await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        self.call(async move |ledger: PostgresLedger| ledger.discrepancies(open, page).await)
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
