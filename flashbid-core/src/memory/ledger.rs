mod discrepancies;
mod ending;
mod log;
mod orders;
mod products;
mod purchases;
mod settlement;
mod tables;

use std::cmp::Reverse;
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
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Ledger, Listing, OrderChanges, OutboxEntry,
    Page, ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
};
use crate::time::Timestamp;
use settlement::Snapshot;
use tables::Tables;

/// A [`Ledger`] that dies with its process.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    layers: Layers,
    tables: Mutex<Tables>,
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
        Ok(self.tables().orders.get(id).cloned())
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        let tables = self.tables();
        Ok(tables.campaigns.get(&campaign).map_or_else(nothing, |row| {
            let places = row.orders.iter();
            listing(places, page, |(.., place)| tables.orders.at(*place).clone())
        }))
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        let tables = self.tables();
        Ok(listing(tables.orders.of(bidder), page, Order::clone))
    }

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        _at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        Ok(self.tables().change_product(id, change))
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        Ok(self.tables().low_stock(most, page))
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        let mut tables = self.tables();
        Ok(tables.campaigns.get_mut(&id).map(|row| {
            row.campaign.guards = guards;
            row.campaign.clone()
        }))
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        let tables = self.tables();
        let ids = tables.campaigns_of.get(&product);
        Ok(ids.map_or_else(nothing, |ids| {
            listing(ids.iter(), page, |(_, id)| {
                tables.campaigns[id].campaign.clone()
            })
        }))
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        Ok(self.tables().gate_seed(campaign))
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        self.tables().commit_purchases(batch)
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        self.tables().void_holds(campaign, holds)
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        let tables = self.tables();
        Ok(holds.iter().map(|hold| tables.fate(*hold)).collect())
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        self.tables().set_aside(letters)
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        let tables = self.tables();
        Ok(listing(tables.letters.iter(), page, DeadLetter::clone))
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        Ok(self.tables().drop_dead_letter(hold))
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        ending::end_sale(&mut self.tables(), campaign, version, token, self.layers)
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        let mut tables = self.tables();
        Ok(moves.iter().map(|one| tables.move_order(one)).collect())
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        let tables = self.tables();
        let overdue = tables.orders.overdue(now);
        Ok(overdue.take(limit as usize).cloned().collect())
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        Ok(self.tables().order_changes(campaign, after, limit))
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        Ok(self.tables().with_units_left(page))
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        ending::offer(&mut self.tables(), plan, token, self.layers)
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        Ok(self.tables().notices.note(campaign, found, at))
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        let tables = self.tables();
        let noticed = tables.notices.newest_first(open);
        Ok(listing(noticed.into_iter(), page, Discrepancy::clone))
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
