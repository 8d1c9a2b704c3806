//! What a node keeps of each campaign that is asked for: its unchanging terms, its lane, and how far its events have
//! been told.

use std::collections::HashSet;
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
use crate::id::{CampaignId, HoldId};
use crate::rank::Sequence;
use crate::stock::{Hold, HoldState, Level};
use crate::store::{GateSeed, HoldRequest, Revision, StoreResult};

/// Orders that are read at once.
const PAGE: u32 = 10_000;

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

    /// Makes a call that needs the campaign's counter. When the hot store does not have it, it is loaded from the ledger
    /// first.
    pub(super) async fn with_gate<T, F>(
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
        let loaded = self.load_gate(sale).await;
        loaded.map_err(|error| retries.answer(error))?;
        drop(opening);
        retries.call(call).await
    }

    /// Loads the campaign's counter from what the ledger knows; a loaded one is left as it is. `None` when the ledger
    /// does not know the campaign.
    pub(super) async fn load_gate(&self, sale: &Sale) -> StoreResult<Option<Level>> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let Some(mut seed) = retry(retries, || self.0.ledger.gate_seed(id)).await? else {
            return Ok(None);
        };
        seed.holds.extend(self.earlier_holds(&seed).await?);
        if seed.sealed {
            self.remember_closed(id);
        }
        retry(retries, || self.0.hot.load(&seed)).await.map(Some)
    }

    /// The holds that orders had before they took their units again: so that a repeated purchase finds its own.
    async fn earlier_holds(&self, seed: &GateSeed) -> StoreResult<Vec<Hold>> {
        let known: HashSet<HoldId> = seed.holds.iter().map(|hold| hold.id).collect();
        let (mut earlier, mut after) = (Vec::new(), Revision::ZERO);
        loop {
            let changes = retry(self.tries(), || {
                self.0.ledger.order_changes(seed.campaign, after, PAGE)
            })
            .await?;
            if changes.orders.is_empty() {
                return Ok(earlier);
            }
            after = changes.through;
            let moved = changes.orders.into_iter().filter(|order| {
                let first = HoldId::from(order.id);
                order.hold != first && !known.contains(&first)
            });
            earlier.extend(moved.map(|order| Hold {
                id: order.id.into(),
                state: HoldState::Expired,
                ..order.as_hold()
            }));
        }
    }
}
