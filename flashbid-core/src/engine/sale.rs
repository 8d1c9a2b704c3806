//! What a node keeps of each campaign that is asked for: its unchanging terms, its lane, and how far its events have
//! been told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::Expiry;
use moka::future::Cache;
use tokio::sync::watch;

use super::lane::Lane;
use super::rebuild::Rebuilt;
use super::retry::{Retries, retry};
use super::{Engine, Lookup, Observation, Options};
use crate::campaign::Campaign;
use crate::error::{Error, Rejection, Result, StoreErrorKind};
use crate::id::CampaignId;
use crate::rank::Sequence;
use crate::store::StoreResult;

/// A campaign as this node sells it. The phase in it may be old; the terms never change.
#[derive(Debug)]
pub(super) struct Sale {
    pub(super) campaign: Campaign,
    pub(super) lane: Lane,
    /// The last event that may be told to anyone: what is told is never taken back.
    told: watch::Sender<Sequence>,
    /// Up to here this node let the book forget its events.
    forgotten: AtomicU64,
    /// Held while the book is opened, so that a lost book is opened once.
    pub(super) opening: tokio::sync::Mutex<()>,
}

impl Sale {
    fn new(campaign: Campaign) -> Self {
        Self {
            campaign,
            lane: Lane::default(),
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

/// The sales of this node; also remembers for a moment which campaigns do not exist.
#[derive(Debug)]
pub(super) struct Sales(Cache<CampaignId, Option<Arc<Sale>>>);

impl Sales {
    pub(super) fn new(options: &Options) -> Self {
        let expiry = Lifetimes {
            idle: options.idle,
            absent: options.absent,
        };
        Self(
            Cache::builder()
                .max_capacity(options.campaigns)
                .expire_after(expiry)
                .build(),
        )
    }

    /// How much waits in each lane.
    pub(super) fn depths(&self) -> impl Iterator<Item = usize> + '_ {
        let sales = self.0.iter().filter_map(|(_, sale)| sale);
        sales.map(|sale| sale.lane.depth())
    }
}

#[derive(Clone, Copy, Debug)]
struct Lifetimes {
    idle: Duration,
    absent: Duration,
}

impl Lifetimes {
    /// Up to a quarter more by the id, so that entries made together do not all end together.
    fn of(self, id: CampaignId, sale: Option<&Arc<Sale>>) -> Duration {
        let lifetime = if sale.is_some() {
            self.idle
        } else {
            self.absent
        };
        lifetime + lifetime * u32::from(id.as_bytes()[15]) / (4 * 255)
    }
}

impl Expiry<CampaignId, Option<Arc<Sale>>> for Lifetimes {
    fn expire_after_create(
        &self,
        id: &CampaignId,
        sale: &Option<Arc<Sale>>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(self.of(*id, sale.as_ref()))
    }

    fn expire_after_read(
        &self,
        id: &CampaignId,
        sale: &Option<Arc<Sale>>,
        _: std::time::Instant,
        left: Option<Duration>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        if sale.is_some() {
            Some(self.of(*id, sale.as_ref()))
        } else {
            left
        }
    }
}

impl Engine {
    /// The sale of a campaign; many callers at once cost one read of the ledger.
    pub(super) async fn sale(&self, id: CampaignId) -> Result<Arc<Sale>> {
        let sales = &self.0.sales.0;
        let kept = sales.get(&id).await;
        self.tell(|| Observation::Looked {
            lookup: Lookup::Process,
            found: kept.is_some(),
        });
        let sale = match kept {
            Some(sale) => sale,
            None => sales
                .try_get_with(id, self.load_sale(id))
                .await
                .map_err(|error| (*error).clone())?,
        };
        sale.ok_or(Error::Rejected(Rejection::UnknownCampaign))
    }

    async fn load_sale(&self, id: CampaignId) -> StoreResult<Option<Arc<Sale>>> {
        let campaign = retry(self.tries(), || self.0.ledger.campaign(id)).await?;
        self.tell(|| Observation::Looked {
            lookup: Lookup::Ledger,
            found: campaign.is_some(),
        });
        Ok(campaign.map(|campaign| Arc::new(Sale::new(campaign))))
    }

    /// Forgets what was believed of a campaign's absence.
    pub(super) async fn forget_absence(&self, id: CampaignId) {
        self.0.sales.0.invalidate(&id).await;
    }

    /// Makes a call that needs the campaign's book. When the hot store does not have it, it is opened from the ledger
    /// first.
    pub(super) async fn with_book<T, F>(
        &self,
        sale: &Sale,
        mut call: impl FnMut() -> F,
    ) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
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
        let opened = self.open_book(sale).await;
        opened.map_err(|error| retries.answer(error))?;
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
}
