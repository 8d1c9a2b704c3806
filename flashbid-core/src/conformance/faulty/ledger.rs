use async_trait::async_trait;

use super::{Faulty, lost};
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Guards, Phase};
use crate::discrepancy::Discrepancy;
use crate::error::StoreErrorKind;
use crate::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use crate::order::{Moved, Order, OrderMove};
use crate::product::Product;
use crate::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome};
use crate::rank::Sequence;
use crate::settle::{OfferPlan, SettlementPlan};
use crate::stock::Units;
use crate::store::{
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Ledger, Listing, OrderChanges, OutboxEntry,
    Page, ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
};
use crate::time::Timestamp;

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

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        self.write(
            "change_product",
            self.store().change_product(id, change, at),
        )
        .await
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        self.read("low_stock", self.store().low_stock(most, page))
            .await
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        self.write("set_guards", self.store().set_guards(id, guards))
            .await
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns_of", self.store().campaigns_of(product, page))
            .await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        self.read("gate_seed", self.store().gate_seed(campaign))
            .await
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        let orders = batch.iter().flat_map(|purchase| &purchase.orders);
        let refused = self.faults.refuses(orders.map(|order| order.hold));
        self.write("commit_purchases", async {
            if refused {
                return Err(lost("commit_purchases", StoreErrorKind::Conflict));
            }
            self.store().commit_purchases(batch).await
        })
        .await
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        self.write("void_holds", self.store().void_holds(campaign, holds))
            .await
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        self.read("hold_fates", self.store().hold_fates(holds))
            .await
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        self.write("set_aside", self.store().set_aside(letters))
            .await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        self.read("dead_letters", self.store().dead_letters(page))
            .await
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        self.write("drop_dead_letter", self.store().drop_dead_letter(hold))
            .await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.write("end_sale", self.store().end_sale(campaign, version, token))
            .await
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        self.write("move_orders", self.store().move_orders(moves))
            .await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        self.read("overdue_orders", self.store().overdue_orders(now, limit))
            .await
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        self.read(
            "order_changes",
            self.store().order_changes(campaign, after, limit),
        )
        .await
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("with_units_left", self.store().with_units_left(page))
            .await
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        self.write("commit_offers", self.store().commit_offers(plan, token))
            .await
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        self.write(
            "note_discrepancies",
            self.store().note_discrepancies(campaign, found, at),
        )
        .await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        self.read("discrepancies", self.store().discrepancies(open, page))
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
