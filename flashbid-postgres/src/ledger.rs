mod bids;
mod campaigns;
mod orders;
mod outbox;
mod products;
mod recording;
mod row;
mod settlement;

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

use crate::config::Config;
use crate::database::{Database, Transaction};
use crate::error::{DatabaseError, OpenError};

/// The name under which the database keeps the version of the ledger's tables.
const MIGRATION_SET: &str = "ledger";

/// The scripts that make the ledger's tables, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_recording.sql"),
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
            let Some((number, epoch)) = campaigns::begin_epoch(tx, campaign).await? else {
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
            campaigns::checkpoint(tx, campaign).await
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
