//! Copies of campaigns: in this process, behind them in the hot store, behind them the ledger.
//!
//! | Where | For how long | Told of changes |
//! |---|---|---|
//! | this process | [`Options::copies`](super::Options::copies), 60 s | [`Engine::run`] asks twice a second |
//! | hot store | [`Options::shared_copies`](super::Options::shared_copies), 1 h | dropped by who changes the campaign |
//! | ledger | for good | |
//!
//! Of many callers who miss a campaign one asks, also whether it exists. Lifetimes differ by up to a quarter, so that
//! copies that were made together do not all end together. A hot store that is away is passed over.

mod codec;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::Expiry;
use moka::future::Cache;

use super::retry::retry;
use super::{Engine, Lookup, Observation, Options};
use crate::campaign::{Campaign, Guards};
use crate::error::{Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{CampaignId, ProductId};
use crate::product::Product;
use crate::store::{Cached, ChangeCursor, StoreResult};

/// How often [`Engine::run`] asks for changes.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// Changes that are read at once.
const PAGE: usize = 1_000;

/// What this process has copied.
#[derive(Debug)]
pub(super) struct Copies {
    campaigns: Cache<CampaignId, CampaignCopy>,
    products: Cache<ProductId, Option<Arc<Product>>>,
    /// What has started and is not settled.
    due: Cache<(), Arc<[Campaign]>>,
    /// Grows whenever copies are dropped: what was read before may be old.
    drops: AtomicU64,
}

#[derive(Clone, Debug)]
struct CampaignCopy {
    /// `None` when it does not exist.
    campaign: Option<Arc<Campaign>>,
    lasts: Duration,
}

impl Copies {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            campaigns: Cache::builder()
                .max_capacity(options.campaigns)
                .expire_after(AsLongAsItLasts)
                .build(),
            products: Cache::builder()
                .max_capacity(options.campaigns)
                .time_to_live(options.absent)
                .build(),
            due: Cache::builder().time_to_live(options.absent).build(),
            drops: AtomicU64::new(0),
        }
    }

    fn drops(&self) -> u64 {
        self.drops.load(Ordering::Acquire)
    }

    async fn drop_one(&self, campaign: CampaignId) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        self.campaigns.invalidate(&campaign).await;
    }

    fn drop_all(&self) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        self.campaigns.invalidate_all();
    }
}

struct AsLongAsItLasts;

impl Expiry<CampaignId, CampaignCopy> for AsLongAsItLasts {
    fn expire_after_create(
        &self,
        id: &CampaignId,
        copy: &CampaignCopy,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(jittered(copy.lasts, *id))
    }
}

/// Up to a quarter less by the id.
fn jittered(lifetime: Duration, id: CampaignId) -> Duration {
    let less = lifetime * u32::from(id.as_bytes()[15]) / (4 * 255);
    lifetime.saturating_sub(less)
}

impl Engine {
    /// One campaign from the nearest copy: what was changed is seen within a second, and what it has sold may be as old
    /// as the copy. [`Engine::campaign`] asks the ledger.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn known_campaign(&self, campaign: CampaignId) -> Result<Arc<Campaign>> {
        let copies = &self.0.copies.campaigns;
        let kept = copies.get(&campaign).await;
        self.looked(Lookup::Process, kept.is_some());
        let copy = match kept {
            Some(copy) => copy,
            None => copies
                .try_get_with(campaign, self.load_copy(campaign))
                .await
                .map_err(|error| (*error).clone())?,
        };
        Ok(copy.campaign.ok_or(Rejection::UnknownCampaign)?)
    }

    /// One product, at most a second old.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn known_product(&self, product: ProductId) -> Result<Option<Arc<Product>>> {
        let load = async {
            let found = retry(self.tries(), || self.0.ledger.product(product)).await?;
            StoreResult::Ok(found.map(Arc::new))
        };
        let products = &self.0.copies.products;
        let product = products.try_get_with(product, load).await;
        Ok(product.map_err(|error| (*error).clone())?)
    }

    /// The campaigns that run, the first to end first. What has begun may be missing for a second.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn running(&self) -> Result<Vec<Campaign>> {
        let (now, due) = (self.now(), self.known_due().await?);
        let running = due.iter().filter(|one| now < one.terms.window.end());
        Ok(running.cloned().collect())
    }

    /// The first-come campaigns that have started and are not over, as they were a second ago at most.
    pub(super) async fn selling(&self) -> Result<Vec<CampaignId>> {
        let due = self.known_due().await?;
        let selling = due.iter().filter(|one| one.terms.format.is_first_come());
        Ok(selling.map(|campaign| campaign.id).collect())
    }

    /// [`Engine::due`] of a second ago at most.
    async fn known_due(&self) -> Result<Arc<[Campaign]>> {
        let load = async { Result::Ok(self.due().await?.into()) };
        let due = self.0.copies.due.try_get_with((), load).await;
        due.map_err(|error: Arc<crate::Error>| (*error).clone())
    }

    /// Changes what requests of a campaign need, and answers it as it is then. Every node sees it within a second.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store), also
    /// when the hot store is away: nobody could be told.
    pub async fn set_guards(&self, campaign: CampaignId, guards: Guards) -> Result<Campaign> {
        let retries = self.tries();
        retry(retries, || {
            self.0.hot.change(campaign, self.options().quiet)
        })
        .await?;
        let changed = retry(retries, || self.0.ledger.set_guards(campaign, guards)).await;
        self.0.copies.drop_one(campaign).await;
        let told = retry(retries, || {
            self.0.hot.change(campaign, self.options().quiet)
        })
        .await;
        let changed = changed?;
        told.map_err(|error| StoreError {
            // It is changed, and old copies last for a second as long as it is quiet: making the change again tells.
            kind: StoreErrorKind::Indeterminate,
            ..error
        })?;
        Ok(changed.ok_or(Rejection::UnknownCampaign)?)
    }

    /// Tells everybody that a campaign has changed; whoever is not told finds out when its copy ends.
    pub(super) async fn tell_change(&self, campaign: CampaignId) {
        self.0.copies.drop_one(campaign).await;
        if let Err(error) = self.0.hot.change(campaign, self.options().quiet).await {
            tracing::debug!(%campaign, %error, "cannot tell of a change");
        }
    }

    /// Keeps a copy of a campaign that was just made, here and for everybody.
    pub(super) async fn warm(&self, campaign: &Campaign) {
        let copy = CampaignCopy {
            campaign: Some(Arc::new(campaign.clone())),
            lasts: self.options().copies,
        };
        self.0.copies.campaigns.insert(campaign.id, copy).await;
        self.share(campaign).await;
    }

    /// Drops the copies of campaigns that were changed behind `cursor`. When nobody can tell which, drops all.
    pub(super) async fn follow_changes(&self, cursor: &mut ChangeCursor) {
        loop {
            let Ok(changes) = self.0.hot.changes_after(*cursor, PAGE).await else {
                self.0.copies.drop_all();
                return;
            };
            *cursor = changes.cursor;
            if !changes.complete {
                self.0.copies.drop_all();
            }
            for campaign in &changes.campaigns {
                self.0.copies.drop_one(*campaign).await;
            }
            if changes.campaigns.len() < PAGE {
                return;
            }
        }
    }

    async fn load_copy(&self, id: CampaignId) -> StoreResult<CampaignCopy> {
        let drops = self.0.copies.drops();
        let cached = self.0.hot.cached(id).await;
        self.looked(Lookup::Hot, matches!(cached, Ok(Cached::Copy(_))));
        let (campaign, steady) = match cached {
            Ok(Cached::Copy(bytes)) => match codec::decode(&bytes) {
                Some(campaign) if campaign.id == id => (Some(campaign), true),
                _ => (self.read_campaign(id).await?, true),
            },
            Ok(Cached::Absent) => {
                let campaign = self.read_campaign(id).await?;
                if let Some(campaign) = &campaign {
                    self.share(campaign).await;
                }
                (campaign, true)
            }
            Ok(Cached::Changing) => (self.read_campaign(id).await?, false),
            Err(error) => {
                tracing::debug!(campaign = %id, %error, "no shared copy");
                (self.read_campaign(id).await?, false)
            }
        };
        let lasts = if steady && campaign.is_some() && self.0.copies.drops() == drops {
            self.options().copies
        } else {
            self.options().absent
        };
        Ok(CampaignCopy {
            campaign: campaign.map(Arc::new),
            lasts,
        })
    }

    async fn read_campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        let campaign = retry(self.tries(), || self.0.ledger.campaign(id)).await?;
        self.looked(Lookup::Ledger, campaign.is_some());
        Ok(campaign)
    }

    fn looked(&self, lookup: Lookup, found: bool) {
        self.tell(|| Observation::Looked { lookup, found });
    }

    async fn share(&self, campaign: &Campaign) {
        let lasts = jittered(self.options().shared_copies, campaign.id);
        let bytes = codec::encode(campaign);
        if let Err(error) = self.0.hot.keep(campaign.id, &bytes, lasts).await {
            tracing::debug!(campaign = %campaign.id, %error, "cannot share a copy");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn lifetimes_differ_by_up_to_a_quarter() {
        let lasts = Duration::from_mins(1);
        let lifetimes: HashSet<Duration> = (0..=255)
            .map(|number| jittered(lasts, CampaignId::new(Uuid::from_u128(number))))
            .collect();
        assert_eq!(lifetimes.len(), 256);
        assert_eq!(lifetimes.iter().max(), Some(&lasts));
        assert_eq!(lifetimes.iter().min(), Some(&(lasts * 3 / 4)));
    }

    #[tokio::test]
    async fn a_process_keeps_a_thousand_copies() {
        let copies = Copies::new(&Options::default());
        assert_eq!(copies.campaigns.policy().max_capacity(), Some(1_000));
        for number in 0..3_000 {
            let copy = CampaignCopy {
                campaign: None,
                lasts: Duration::from_mins(1),
            };
            let id = CampaignId::new(Uuid::from_u128(number));
            copies.campaigns.insert(id, copy).await;
        }
        copies.campaigns.run_pending_tasks().await;
        assert!(copies.campaigns.entry_count() <= 1_000);
    }
}
