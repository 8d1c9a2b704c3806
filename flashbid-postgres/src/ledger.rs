mod array;
mod bids;
mod campaigns;
mod checkpoints;
mod discrepancies;
mod fates;
mod letters;
mod moves;
mod orders;
mod outbox;
mod products;
mod purchases;
mod recording;
mod row;
mod seed;
mod settlement;
mod stock_changes;
mod terms;

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

use crate::config::Config;
use crate::database::{Database, Transaction};
use crate::error::{DatabaseError, OpenError};

/// The name under which the database keeps the version of the ledger's tables.
const MIGRATION_SET: &str = "ledger";

/// The scripts that make the ledger's tables, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_recording.sql"),
    include_str!("../migrations/0003_selling.sql"),
];

/// A [`Ledger`] on PostgreSQL, shared by any number of processes. See the [crate].
#[derive(Clone, Debug)]
pub struct PostgresLedger {
    database: Database,
}

impl PostgresLedger {
    /// Connects with the usual settings, and brings the tables up to date.
    ///
    /// # Errors
    /// An [`OpenError`], which says in one sentence what is wrong.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        Self::connect_with(Config::new(url)).await
    }

    /// Connects with settings of one's own, and brings the tables up to date.
    ///
    /// # Errors
    /// As [`PostgresLedger::connect`].
    pub async fn connect_with(config: Config) -> Result<Self, OpenError> {
        let database = Database::new(&config)?;
        database.migrate(MIGRATION_SET, MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// The database under the ledger, for tables of the embedder's own beside it.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) when it does not.
    pub async fn ping(&self) -> StoreResult<()> {
        let answer = self.database.ping().await;
        answer.map_err(|error| error.during("ping"))
    }

    async fn read<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> StoreResult<T> {
        let answer = self.database.read(work).await;
        answer.map_err(|error| error.during(operation))
    }

    async fn write<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> StoreResult<T> {
        let answer = self.database.write(work).await;
        answer.map_err(|error| error.during(operation))
    }
}

#[async_trait]
impl Ledger for PostgresLedger {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        self.write("add_product", async |tx: &mut Transaction<'_>| {
            products::add(tx, product).await
        })
        .await
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        self.read("product", async |tx: &mut Transaction<'_>| {
            products::find(tx, id).await
        })
        .await
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        self.read("products", async |tx: &mut Transaction<'_>| {
            products::list(tx, page).await
        })
        .await
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        self.write("add_campaign", async |tx: &mut Transaction<'_>| {
            campaigns::add(tx, campaign).await
        })
        .await
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.read("campaign", async |tx: &mut Transaction<'_>| {
            campaigns::find(tx, id).await
        })
        .await
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns", async |tx: &mut Transaction<'_>| {
            campaigns::list(tx, page).await
        })
        .await
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("unsettled", async |tx: &mut Transaction<'_>| {
            campaigns::unsettled(tx, now, page).await
        })
        .await
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        self.write("transition", async |tx: &mut Transaction<'_>| {
            campaigns::transition(tx, id, from, to, token).await
        })
        .await
    }

    /// Counting the epoch up locks the checkpoint, so the bids are read when every older book has ceased to record.
    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        self.write("begin_epoch", async |tx: &mut Transaction<'_>| {
            let Some((number, epoch)) = checkpoints::begin_epoch(tx, campaign).await? else {
                return Ok(None);
            };
            let found = campaigns::find(tx, campaign).await?;
            Ok(Some(BookSeed {
                campaign: found.ok_or_else(|| DatabaseError::corrupt("a campaign is gone"))?,
                epoch,
                bids: bids::all(tx, number).await?,
            }))
        })
        .await
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        let recorded = recording::record(&self.database, campaign, batch).await;
        recorded.map_err(|error| error.during("record"))
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        self.read("checkpoint", async |tx: &mut Transaction<'_>| {
            checkpoints::find(tx, campaign).await
        })
        .await
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        self.read("bids", async |tx: &mut Transaction<'_>| {
            bids::after(tx, campaign, after, limit).await
        })
        .await
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        self.read("bids_of", async |tx: &mut Transaction<'_>| {
            bids::of(tx, campaign, bidder, page).await
        })
        .await
    }

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        self.write("change_product", async |tx: &mut Transaction<'_>| {
            products::change(tx, id, change, at).await
        })
        .await
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        self.read("low_stock", async |tx: &mut Transaction<'_>| {
            products::low_stock(tx, most, page).await
        })
        .await
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        self.write("set_guards", async |tx: &mut Transaction<'_>| {
            campaigns::set_guards(tx, id, guards).await
        })
        .await
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        self.read("campaigns_of", async |tx: &mut Transaction<'_>| {
            campaigns::of_product(tx, product, page).await
        })
        .await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        self.read("gate_seed", async |tx: &mut Transaction<'_>| {
            seed::of_gate(tx, campaign).await
        })
        .await
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        let committed = purchases::commit(&self.database, batch).await;
        committed.map_err(|error| error.during("commit_purchases"))
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        self.write("void_holds", async |tx: &mut Transaction<'_>| {
            fates::end(tx, campaign, holds).await
        })
        .await
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        self.read("hold_fates", async |tx: &mut Transaction<'_>| {
            fates::find(tx, holds).await
        })
        .await
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        self.write("set_aside", async |tx: &mut Transaction<'_>| {
            letters::set_aside(tx, letters).await
        })
        .await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        self.read("dead_letters", async |tx: &mut Transaction<'_>| {
            letters::list(tx, page).await
        })
        .await
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        self.write("drop_dead_letter", async |tx: &mut Transaction<'_>| {
            letters::drop_one(tx, hold).await
        })
        .await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.write("end_sale", async |tx: &mut Transaction<'_>| {
            settlement::end_sale(tx, campaign, version, token).await
        })
        .await
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        self.write("move_orders", async |tx: &mut Transaction<'_>| {
            moves::carry_out(tx, moves).await
        })
        .await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        self.read("overdue_orders", async |tx: &mut Transaction<'_>| {
            orders::overdue(tx, now, limit).await
        })
        .await
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        self.read("order_changes", async |tx: &mut Transaction<'_>| {
            orders::changes(tx, campaign, after, limit).await
        })
        .await
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        self.read("with_units_left", async |tx: &mut Transaction<'_>| {
            campaigns::with_units_left(tx, page).await
        })
        .await
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        self.write("commit_offers", async |tx: &mut Transaction<'_>| {
            settlement::offer(tx, plan, token).await
        })
        .await
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        self.write("note_discrepancies", async |tx: &mut Transaction<'_>| {
            discrepancies::note(tx, campaign, found, at).await
        })
        .await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        self.read("discrepancies", async |tx: &mut Transaction<'_>| {
            discrepancies::list(tx, open, page).await
        })
        .await
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.write("commit_settlement", async |tx: &mut Transaction<'_>| {
            settlement::commit(tx, plan, token).await
        })
        .await
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.read("order", async |tx: &mut Transaction<'_>| {
            orders::find(tx, id).await
        })
        .await
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_in", async |tx: &mut Transaction<'_>| {
            orders::of_campaign(tx, campaign, page).await
        })
        .await
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        self.read("orders_of", async |tx: &mut Transaction<'_>| {
            orders::of_bidder(tx, bidder, page).await
        })
        .await
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        self.read("outbox", async |tx: &mut Transaction<'_>| {
            outbox::oldest(tx, limit).await
        })
        .await
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        self.write("acknowledge_outbox", async |tx: &mut Transaction<'_>| {
            outbox::acknowledge(tx, position).await
        })
        .await
    }
}
