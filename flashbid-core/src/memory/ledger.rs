mod log;
mod settlement;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::BACKEND;
use super::layers::Layers;
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Guards, Phase};
use crate::discrepancy::Discrepancy;
use crate::error::{StoreError, StoreErrorKind};
use crate::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use crate::order::{Moved, Order, OrderMove};
use crate::product::Product;
use crate::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome};
use crate::rank::Sequence;
use crate::settle::{OfferPlan, SettlementPlan};
use crate::stock::Units;
use crate::store::{
    BookSeed, CampaignOutcome, Epoch, EventBatch, GateSeed, Ledger, Listing, OrderChanges,
    OutboxEntry, Page, ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
};
use crate::time::Timestamp;
use log::BidLog;
use settlement::Snapshot;

/// A [`Ledger`] that dies with its process.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    layers: Layers,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    products: HashMap<ProductId, Product>,
    /// Newest first.
    products_by_age: BTreeSet<(Reverse<Timestamp>, ProductId)>,
    campaigns: HashMap<CampaignId, Row>,
    /// Newest first.
    campaigns_by_age: BTreeSet<(Reverse<Timestamp>, CampaignId)>,
    /// The campaigns that are neither settled nor cancelled, the first to end first.
    live: BTreeSet<(Timestamp, CampaignId)>,
    orders: Vec<Order>,
    order_index: HashMap<OrderId, usize>,
    orders_of: HashMap<BidderId, Vec<usize>>,
    /// By ascending position.
    outbox: Vec<OutboxEntry>,
    outbox_end: u64,
}

#[derive(Debug)]
struct Row {
    campaign: Campaign,
    epoch: Epoch,
    log: BidLog,
    /// Places in the table of orders, by rank.
    orders: Vec<usize>,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty ledger with some of its layers switched off, to show what each stops.
    #[cfg(any(test, feature = "conformance"))]
    pub fn with_layers(layers: Layers) -> Self {
        Self {
            layers,
            ..Self::default()
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        let tables = &mut *self.tables();
        tables.products.entry(product.id).or_insert_with(|| {
            let age = Reverse(product.created_at);
            tables.products_by_age.insert((age, product.id));
            product.clone()
        });
        Ok(())
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        Ok(self.tables().products.get(&id).cloned())
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        let tables = self.tables();
        let ids = tables.products_by_age.iter();
        Ok(listing(ids, page, |(_, id)| tables.products[id].clone()))
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        let mut tables = self.tables();
        if tables.campaigns.contains_key(&campaign.id) {
            return Ok(CampaignOutcome::Added);
        }
        let Some(product) = tables.products.get_mut(&campaign.product) else {
            return Ok(CampaignOutcome::UnknownProduct);
        };
        let Some(promised) = product.stock.hold(campaign.terms.quota) else {
            return Ok(CampaignOutcome::QuotaBeyondStock {
                available: product.stock.available,
            });
        };
        product.stock = promised;
        tables.insert_campaign(campaign.clone());
        Ok(CampaignOutcome::Added)
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        let tables = self.tables();
        Ok(tables.campaigns.get(&id).map(|row| row.campaign.clone()))
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        let tables = self.tables();
        Ok(listing(tables.campaigns_by_age.iter(), page, |(_, id)| {
            tables.campaigns[id].campaign.clone()
        }))
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        let tables = self.tables();
        let started = tables
            .live
            .iter()
            .map(|(_, id)| &tables.campaigns[id].campaign)
            .filter(|campaign| campaign.terms.window.start() <= now);
        Ok(started
            .skip(usize::try_from(page.skip).unwrap_or(usize::MAX))
            .take(page.limit as usize)
            .cloned()
            .collect())
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        if !from.may_become(to) || to == Phase::Settled {
            return Ok(false);
        }
        let Some(row) = tables.campaigns.get_mut(&id) else {
            return Ok(false);
        };
        if self.layers.fence && token < row.campaign.fence {
            return Err(failure("transition", StoreErrorKind::Fenced));
        }
        if row.campaign.phase != from {
            return Ok(false);
        }
        tables.change_phase(id, to, token);
        Ok(true)
    }

    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        let mut tables = self.tables();
        Ok(tables.campaigns.get_mut(&campaign).map(|row| {
            row.epoch = row.epoch.next();
            BookSeed {
                campaign: row.campaign.clone(),
                epoch: row.epoch,
                bids: row.log.all().to_vec(),
            }
        }))
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        let mut tables = self.tables();
        let row = tables
            .campaigns
            .get_mut(&campaign)
            .ok_or_else(|| failure("record", StoreErrorKind::NotFound))?;
        if batch.epoch != row.epoch {
            return Err(failure("record", StoreErrorKind::Fenced));
        }
        let closed = row.campaign.phase == Phase::Settled;
        row.log
            .record(batch, closed)
            .map_err(|reason| failure("record", StoreErrorKind::Conflict).because(reason))
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        let tables = self.tables();
        let row = tables.campaigns.get(&campaign);
        Ok(row.map_or(Sequence::ZERO, |row| row.log.checkpoint()))
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        let tables = self.tables();
        let bids = tables
            .campaigns
            .get(&campaign)
            .map_or(&[][..], |row| row.log.behind(after));
        Ok(bids.iter().take(limit as usize).cloned().collect())
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        let tables = self.tables();
        Ok(tables
            .campaigns
            .get(&campaign)
            .map_or_else(nothing, |row| row.log.of(bidder, page)))
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        let decision = {
            let mut tables = self.tables();
            let decision =
                settlement::decide(Snapshot::read(&tables, plan)?, plan, token, self.layers)?;
            if self.layers.row_lock {
                return settlement::carry_out(decision, &mut tables, plan, token, self.layers);
            }
            decision
        };
        // Without the row lock others run between reading and writing.
        tokio::task::yield_now().await;
        settlement::carry_out(decision, &mut self.tables(), plan, token, self.layers)
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        let tables = self.tables();
        let place = tables.order_index.get(&id);
        Ok(place.map(|place| tables.orders[*place].clone()))
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        let tables = self.tables();
        Ok(tables.campaigns.get(&campaign).map_or_else(nothing, |row| {
            listing(row.orders.iter(), page, |place| {
                tables.orders[*place].clone()
            })
        }))
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        let tables = self.tables();
        let places = tables.orders_of.get(&bidder).map_or(&[][..], Vec::as_slice);
        let mut orders: Vec<&Order> = places.iter().map(|place| &tables.orders[*place]).collect();
        orders.sort_by_key(|order| (Reverse(order.created_at), order.id));
        Ok(listing(orders.into_iter(), page, Order::clone))
    }

    async fn change_product(
        &self,
        _: ProductId,
        _: &ProductChange,
        _: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        unimplemented!()
    }

    async fn low_stock(&self, _: Units, _: Page) -> StoreResult<Listing<Product>> {
        unimplemented!()
    }

    async fn set_guards(&self, _: CampaignId, _: Guards) -> StoreResult<Option<Campaign>> {
        unimplemented!()
    }

    async fn campaigns_of(&self, _: ProductId, _: Page) -> StoreResult<Listing<Campaign>> {
        unimplemented!()
    }

    async fn gate_seed(&self, _: CampaignId) -> StoreResult<Option<GateSeed>> {
        unimplemented!()
    }

    async fn commit_purchases(&self, _: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        unimplemented!()
    }

    async fn void_holds(&self, _: CampaignId, _: &[HoldId]) -> StoreResult<Vec<HoldFate>> {
        unimplemented!()
    }

    async fn hold_fates(&self, _: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        unimplemented!()
    }

    async fn set_aside(&self, _: &[DeadLetter]) -> StoreResult<()> {
        unimplemented!()
    }

    async fn dead_letters(&self, _: Page) -> StoreResult<Listing<DeadLetter>> {
        unimplemented!()
    }

    async fn drop_dead_letter(&self, _: HoldId) -> StoreResult<Option<DeadLetter>> {
        unimplemented!()
    }

    async fn end_sale(&self, _: CampaignId, _: u64, _: FencingToken) -> StoreResult<Settlement> {
        unimplemented!()
    }

    async fn move_orders(&self, _: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        unimplemented!()
    }

    async fn overdue_orders(&self, _: Timestamp, _: u32) -> StoreResult<Vec<Order>> {
        unimplemented!()
    }

    async fn order_changes(&self, _: CampaignId, _: Revision, _: u32) -> StoreResult<OrderChanges> {
        unimplemented!()
    }

    async fn with_units_left(&self, _: Page) -> StoreResult<Vec<Campaign>> {
        unimplemented!()
    }

    async fn commit_offers(&self, _: &OfferPlan, _: FencingToken) -> StoreResult<()> {
        unimplemented!()
    }

    async fn note_discrepancies(
        &self,
        _: CampaignId,
        _: &[Discrepancy],
        _: Timestamp,
    ) -> StoreResult<usize> {
        unimplemented!()
    }

    async fn discrepancies(&self, _: bool, _: Page) -> StoreResult<Listing<Discrepancy>> {
        unimplemented!()
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        let tables = self.tables();
        Ok(tables.outbox.iter().take(limit as usize).copied().collect())
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        let mut tables = self.tables();
        let acknowledged = tables
            .outbox
            .partition_point(|entry| entry.position <= position);
        tables.outbox.drain(..acknowledged);
        Ok(())
    }
}

impl Tables {
    fn insert_campaign(&mut self, campaign: Campaign) {
        let id = campaign.id;
        let age = Reverse(campaign.created_at);
        self.campaigns_by_age.insert((age, id));
        if is_live(campaign.phase) {
            self.live.insert((campaign.terms.window.end(), id));
        }
        let row = Row {
            campaign,
            epoch: Epoch::default(),
            log: BidLog::default(),
            orders: Vec::new(),
        };
        self.campaigns.insert(id, row);
    }

    /// Moves a known campaign on, and gives its quota back when it is called off.
    fn change_phase(&mut self, id: CampaignId, to: Phase, token: FencingToken) {
        let Some(row) = self.campaigns.get_mut(&id) else {
            return;
        };
        let campaign = &mut row.campaign;
        campaign.phase = to;
        campaign.version += 1;
        campaign.fence = token;
        if !is_live(to) {
            self.live.remove(&(campaign.terms.window.end(), id));
        }
        if to == Phase::Cancelled
            && let Some(product) = self.products.get_mut(&campaign.product)
            && let Some(returned) = product.stock.release(campaign.terms.quota)
        {
            product.stock = returned;
        }
    }
}

const fn is_live(phase: Phase) -> bool {
    !matches!(phase, Phase::Settled | Phase::Cancelled)
}

fn failure(operation: &'static str, kind: StoreErrorKind) -> StoreError {
    StoreError::new(BACKEND, operation, kind)
}

/// The page of a list.
fn listing<E, T>(
    entries: impl ExactSizeIterator<Item = E>,
    page: Page,
    read: impl FnMut(E) -> T,
) -> Listing<T> {
    Listing {
        total: entries.len() as u64,
        items: entries
            .skip(usize::try_from(page.skip).unwrap_or(usize::MAX))
            .take(page.limit as usize)
            .map(read)
            .collect(),
    }
}

const fn nothing<T>() -> Listing<T> {
    Listing {
        items: Vec::new(),
        total: 0,
    }
}
