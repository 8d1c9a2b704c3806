//! What a node keeps of each campaign that is asked for: its unchanging terms, its lane, and how far its events have
//! been told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::future::Cache;
use tokio::sync::watch;

use super::lane::Lane;
use super::purchasing::failures::Failures;
use super::rebuild::Rebuilt;
use super::retry::{Retries, retry};
use super::{Engine, Options};
use crate::bid::NewBid;
use crate::campaign::Campaign;
use crate::error::{Rejection, Result, StoreErrorKind};
use crate::id::CampaignId;
use crate::rank::Sequence;
use crate::stock::Level;
use crate::store::{HoldRequest, StoreResult};

/// A campaign as this node sells it. The phase in it may be old; the terms never change.
#[derive(Debug)]
pub(super) struct Sale {
    pub(super) campaign: Campaign,
    pub(super) bids: Lane<NewBid>,
    pub(super) purchases: Lane<HoldRequest>,
    /// The purchases that could not be made orders.
    pub(super) failures: Failures,
    /// The last event that may be told to anyone: what is told is never taken back.
    told: watch::Sender<Sequence>,
    /// Up to here this node let the book forget its events.
    forgotten: AtomicU64,
    /// Held while the book is opened or the counter loaded, so that a lost one is opened once.
    pub(super) opening: tokio::sync::Mutex<()>,
}

impl Sale {
    fn new(campaign: Campaign) -> Self {
        Self {
            campaign,
            bids: Lane::default(),
            purchases: Lane::default(),
            failures: Failures::default(),
            told: watch::Sender::default(),
            forgotten: AtomicU64::new(0),
            opening: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn told(&self) -> Sequence {
        *self.told.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Sequence> {
        self.told.subscribe()
    }

    pub(super) fn forgotten(&self) -> Sequence {
        Sequence::new(self.forgotten.load(Ordering::Relaxed))
    }

    pub(super) fn set_forgotten(&self, through: Sequence) {
        self.forgotten.store(through.get(), Ordering::Relaxed);
    }

    pub(super) fn tell(&self, through: Sequence) {
        self.told.send_if_modified(|told| {
            let grew = through > *told;
            *told = through.max(*told);
            grew
        });
    }
}

/// The sales of this node.
#[derive(Debug)]
pub(super) struct Sales(Cache<CampaignId, Arc<Sale>>);

impl Sales {
    pub(super) fn new(options: &Options) -> Self {
        Self(
            Cache::builder()
                .max_capacity(options.campaigns)
                .time_to_idle(options.idle)
                .build(),
        )
    }

    /// How much waits in each lane.
    pub(super) fn depths(&self) -> impl Iterator<Item = usize> + '_ {
        self.0
            .iter()
            .map(|(_, sale)| sale.bids.depth() + sale.purchases.depth())
    }
}

impl Engine {
    /// The sale of a campaign.
    pub(super) async fn sale(&self, id: CampaignId) -> Result<Arc<Sale>> {
        match self.0.sales.0.get(&id).await {
            Some(sale) => Ok(sale),
            None => Ok(self.sale_now(id).await?.0),
        }
    }

    /// The sale of a campaign that ranks its bidders.
    pub(super) async fn ranked_sale(&self, id: CampaignId) -> Result<Arc<Sale>> {
        let sale = self.sale(id).await?;
        if sale.campaign.terms.format.is_first_come() {
            return Err(Rejection::WrongFormat.into());
        }
        Ok(sale)
    }

    /// The sale of a campaign, and the newest copy of the campaign itself.
    pub(super) async fn sale_now(&self, id: CampaignId) -> Result<(Arc<Sale>, Arc<Campaign>)> {
        let campaign = self.known_campaign(id).await?;
        let sales = &self.0.sales.0;
        let new = async { Arc::new(Sale::new(Campaign::clone(&campaign))) };
        let sale = sales.get_with(id, new).await;
        Ok((sale, campaign))
    }

    /// Makes a call that needs the campaign's book. When the hot store does not have it, it is opened from the ledger
    /// first.
    pub(super) async fn with_book<T, F>(
        &self,
        sale: &Sale,
        call: impl FnMut() -> F,
    ) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let open = async || self.open_book(sale).await.map(drop);
        self.with_opened(sale, call, open).await
    }

    /// Makes a call that needs the campaign's counter. When the hot store does not have it, it is loaded from the ledger
    /// first.
    pub(super) async fn with_gate<T, F>(
        &self,
        sale: &Sale,
        call: impl FnMut() -> F,
    ) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let load = async || self.load_gate(sale).await.map(drop);
        self.with_opened(sale, call, load).await
    }

    /// Makes a call, and makes it again after `open` when something was not found. Of many callers one opens.
    async fn with_opened<T, F, O>(
        &self,
        sale: &Sale,
        mut call: impl FnMut() -> F,
        open: impl FnOnce() -> O,
    ) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
        O: Future<Output = StoreResult<()>>,
    {
        let mut retries = Retries::new(self.tries());
        let missing = |result: &StoreResult<T>| matches!(result, Err(error) if error.kind == StoreErrorKind::NotFound);
        let result = retries.call(&mut call).await;
        if !missing(&result) {
            return result;
        }
        let opening = sale.opening.lock().await;
        let result = retries.call(&mut call).await;
        if !missing(&result) {
            return result;
        }
        open().await.map_err(|error| retries.answer(error))?;
        drop(opening);
        retries.call(call).await
    }

    /// Begins a new life of the campaign's book from what the ledger knows; `None` when it does not know the campaign.
    pub(super) async fn open_book(&self, sale: &Sale) -> StoreResult<Option<Rebuilt>> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let Some(seed) = retry(retries, || self.0.ledger.begin_epoch(id)).await? else {
            return Ok(None);
        };
        let epoch = retry(retries, || self.0.hot.open(&seed)).await?;
        sale.set_forgotten(Sequence::ZERO);
        if !seed.bids.is_empty() {
            tracing::info!(campaign = %id, epoch = epoch.get(), bids = seed.bids.len(), "opened a book from the ledger");
        }
        if seed.campaign.phase.is_closed() {
            self.remember_closed(id);
        }
        let last = seed.bids.last();
        Ok(Some(Rebuilt {
            epoch,
            bids: seed.bids.len(),
            last_sequence: last.map_or(Sequence::ZERO, |bid| bid.sequence),
        }))
    }

    /// Loads the counter of a campaign that was just made, so that the first purchase need not. If that fails, it does.
    pub(super) async fn warm_gate(&self, campaign: CampaignId) {
        let loaded = async {
            let sale = self.sale(campaign).await?;
            self.load_gate(&sale).await?;
            Ok::<_, crate::error::Error>(())
        };
        if let Err(error) = loaded.await {
            tracing::debug!(%campaign, %error, "the counter is loaded when it is needed");
        }
    }

    /// Loads the campaign's counter from what the ledger knows; a loaded one is left as it is. `None` when the ledger
    /// does not know the campaign.
    pub(super) async fn load_gate(&self, sale: &Sale) -> StoreResult<Option<Level>> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let Some(seed) = retry(retries, || self.0.ledger.gate_seed(id)).await? else {
            return Ok(None);
        };
        if seed.sealed {
            self.remember_closed(id);
        }
        retry(retries, || self.0.hot.load(&seed)).await.map(Some)
    }
}
