mod bids;
mod campaigns;
mod live;
mod orders;
mod outbox;
mod products;
mod row;
mod settlement;

use std::path::Path;
use std::sync::Arc;

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
use rusqlite::Connection;

use crate::config::SqliteConfig;
use crate::database::Database;
use crate::error::{DatabaseError, OpenError};
use live::Live;

/// The name under which the file keeps the version of the ledger's tables.
pub(crate) const MIGRATION_SET: &str = "ledger";

/// The scripts that make the ledger's tables, oldest first.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_ledger.sql")];

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

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        let campaign = campaign.clone();
        self.write("add_campaign", move |tx| campaigns::add(tx, &campaign))
            .await
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.read("campaign", move |tx| campaigns::find(tx, id))
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
