mod bids;
mod campaigns;
mod discrepancies;
mod holds;
mod live;
mod moves;
mod orders;
mod outbox;
mod products;
mod purchases;
mod row;
mod sales;
mod settlement;
mod stock;

use std::path::Path;
use std::sync::Arc;

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
use rusqlite::Connection;

use crate::config::SqliteConfig;
use crate::database::Database;
use crate::error::{DatabaseError, OpenError};
use live::Live;

/// The name under which the file keeps the version of the ledger's tables.
pub(crate) const MIGRATION_SET: &str = "ledger";

/// The scripts that make the ledger's tables, oldest first.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_sales.sql"),
];

/// A [`Ledger`] on one SQLite file. See the [crate].
///
/// Dropping it waits until what was queued is on disk, and gives the file back.
#[derive(Debug)]
pub struct SqliteLedger {
    database: Database,
    live: Arc<Live>,
}

impl SqliteLedger {
    /// Opens a ledger with the usual settings, and makes the file when it is not there. The path `:memory:` gives a
    /// ledger that dies with its process, for tests.
    ///
    /// # Errors
    /// An [`OpenError`], which says in one sentence what is wrong; a file that is refused is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, &SqliteConfig::default())
    }

    /// Opens a ledger with settings of one's own.
    ///
    /// # Errors
    /// As [`SqliteLedger::open`].
    pub fn open_with(path: impl AsRef<Path>, config: &SqliteConfig) -> Result<Self, OpenError> {
        Database::open(path.as_ref(), config).map(Self::on)
    }

    /// Opens a ledger for reading, also while another process writes to it. Every write fails with
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable).
    ///
    /// # Errors
    /// As [`SqliteLedger::open`], and [`OpenError::Older`] when the tables would have to be changed first.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Database::open_read_only(path.as_ref(), &SqliteConfig::default()).map(Self::on)
    }

    /// The database under the ledger, for tables of the embedder's own in the same file.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    fn on(database: Database) -> Self {
        Self {
            live: Arc::new(Live::new(database.losses())),
            database,
        }
    }

    async fn read<T, F>(&self, operation: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        let answer = self.database.read(work).await;
        answer.map_err(|error| error.during(operation))
    }

    async fn write<T, F>(&self, operation: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        let answer = self.database.write(work).await;
        answer.map_err(|error| error.during(operation))
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        let product = product.clone();
        self.write("add_product", move |tx| products::add(tx, &product))
            .await
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        self.read("product", move |tx| products::find(tx, id)).await
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        self.read("products", move |tx| products::list(tx, page))
            .await
    }

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        let change = change.clone();
        self.write("change_product", move |tx| {
            stock::change(tx, id, &change, at)
        })
        .await
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        self.read("low_stock", move |tx| products::low_stock(tx, most, page))
            .await
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        let campaign = campaign.clone();
        self.write("add_campaign", move |tx| campaigns::add(tx, &campaign))
            .await
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.read("campaign", move |tx| campaigns::find(tx, id))
            .await
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        self.write("set_guards", move |tx| {
            campaigns::set_guards(tx, id, guards)
        })
        .await
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns_of", move |tx| {
            campaigns::of_product(tx, product, page)
        })
        .await
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns", move |tx| campaigns::list(tx, page))
            .await
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("unsettled", move |tx| campaigns::unsettled(tx, now, page))
            .await
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        self.write("transition", move |tx| {
            campaigns::transition(tx, id, from, to, token)
        })
        .await
    }

    /// The epoch is counted up first, which stops every older book from recording, and the bids are read afterwards
    /// beside the writer: the two together are as good as one step.
    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        const OPERATION: &str = "begin_epoch";
        let begun = self
            .write(OPERATION, move |tx| campaigns::begin_epoch(tx, campaign))
            .await?;
        let Some(begun) = begun else {
            return Ok(None);
        };
        let live = Arc::clone(&self.live);
        let bids = self
            .read(OPERATION, move |tx| {
                let losses = live.losses();
                let bids = bids::all(tx, begun.number)?;
                live.remember(campaign, losses, begun.checkpoint, &bids);
                Ok(bids)
            })
            .await?;
        Ok(Some(BookSeed {
            campaign: begun.campaign,
            epoch: begun.epoch,
            bids,
        }))
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        let batch = batch.clone();
        let live = Arc::clone(&self.live);
        self.write("record", move |tx| live.record(tx, campaign, &batch))
            .await
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        self.read("checkpoint", move |tx| campaigns::checkpoint(tx, campaign))
            .await
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        self.read("bids", move |tx| bids::after(tx, campaign, after, limit))
            .await
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        self.read("bids_of", move |tx| bids::of(tx, campaign, bidder, page))
            .await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        self.read("gate_seed", move |tx| purchases::gate_seed(tx, campaign))
            .await
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        let batch = batch.to_vec();
        self.write("commit_purchases", move |tx| purchases::commit(tx, &batch))
            .await
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        let holds = holds.to_vec();
        self.write("void_holds", move |tx| {
            holds::make_void(tx, campaign, &holds)
        })
        .await
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        let holds = holds.to_vec();
        self.read("hold_fates", move |tx| holds::fates(tx, &holds))
            .await
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        let letters = letters.to_vec();
        self.write("set_aside", move |tx| holds::set_aside(tx, &letters))
            .await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        self.read("dead_letters", move |tx| holds::letters(tx, page))
            .await
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        self.write("drop_dead_letter", move |tx| holds::drop_letter(tx, hold))
            .await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.write("end_sale", move |tx| {
            settlement::end_sale(tx, campaign, version, token)
        })
        .await
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        let moves = moves.to_vec();
        self.write("move_orders", move |tx| moves::carry_out(tx, &moves))
            .await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        self.read("overdue_orders", move |tx| orders::overdue(tx, now, limit))
            .await
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        self.read("order_changes", move |tx| {
            orders::changes(tx, campaign, after, limit)
        })
        .await
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("with_units_left", move |tx| {
            campaigns::with_units_left(tx, page)
        })
        .await
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        let plan = plan.clone();
        self.write("commit_offers", move |tx| {
            settlement::offer(tx, &plan, token)
        })
        .await
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        let found = found.to_vec();
        self.write("note_discrepancies", move |tx| {
            discrepancies::note(tx, campaign, &found, at)
        })
        .await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        self.read("discrepancies", move |tx| {
            discrepancies::list(tx, open, page)
        })
        .await
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        let (campaign, plan) = (plan.campaign, plan.clone());
        let settled = self
            .write("commit_settlement", move |tx| {
                settlement::commit(tx, &plan, token)
            })
            .await?;
        self.live.forget(campaign);
        Ok(settled)
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.read("order", move |tx| orders::find(tx, id)).await
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_in", move |tx| {
            orders::of_campaign(tx, campaign, page)
        })
        .await
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_of", move |tx| orders::of_bidder(tx, bidder, page))
            .await
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        self.read("outbox", move |tx| outbox::oldest(tx, limit))
            .await
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        self.write("acknowledge_outbox", move |tx| {
            outbox::acknowledge(tx, position)
        })
        .await
    }
}
