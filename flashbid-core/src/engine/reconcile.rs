//! Comparing the hot counters with the ledger, hold by hold, and repairing them.
//!
//! The two are read one after the other while people buy, so what differs once may only be under way. A difference
//! counts when it is found twice, a while apart, in the same words; so the words tell how far apart two figures are, not
//! the figures, which change while people buy. Only the hot store is ever repaired, and only to
//! what the ledger says: nothing becomes available that the ledger does not have.

mod compare;

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::retry::retry;
use super::sale::Sale;
use super::{Engine, Observation};
use crate::campaign::{Campaign, Phase};
use crate::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::error::{Rejection, Result, StoreErrorKind};
use crate::id::{CampaignId, HoldId, ProductId};
use crate::order::Order;
use crate::product::Product;
use crate::purchase::HoldFate;
use crate::stock::{Hold, HoldState};
use crate::store::{
    GateContents, GateSeed, HoldRepair, Listing, OrderChanges, Page, Revision, StoreResult,
};
use compare::{Difference, Hot};

/// How long a difference must last to count: longer than a call to a store takes.
const LASTS: Duration = Duration::from_millis(500);

/// How often the ledger is read anew when it was changed meanwhile.
const STEADY: u32 = 5;

/// Entries that are read at once.
const PAGE: u32 = 1_000;

/// What reconciling a campaign came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// What did not agree.
    pub found: Vec<Discrepancy>,
    /// What does not agree after the repair; the same when nothing was to be repaired.
    pub left: Vec<Discrepancy>,
}

impl Engine {
    /// Compares a campaign's counter, holds, orders and stock with each other, records what does not agree, and repairs
    /// the hot store if `fix`. Takes at least half a second when something differs. Discrepancies within the ledger
    /// are told and left to an operator.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn reconcile(&self, campaign: CampaignId, fix: bool) -> Result<Reconciled> {
        let sale = self.sale(campaign).await?;
        let found = self.lasting(&sale).await?;
        self.note(&sale, &found).await?;
        if !fix || found.is_empty() {
            return Ok(Reconciled {
                left: found.clone(),
                found,
            });
        }
        self.repair(&sale, &found).await?;
        let left = self.lasting(&sale).await?;
        self.note(&sale, &left).await?;
        Ok(Reconciled { found, left })
    }

    /// What of a campaign does not agree, without a record of it.
    ///
    /// # Errors
    /// As [`Engine::reconcile`].
    pub async fn compare(&self, campaign: CampaignId) -> Result<Vec<Discrepancy>> {
        let sale = self.sale(campaign).await?;
        self.lasting(&sale).await
    }

    /// Reconciles every first-come campaign that has started and is not over, and answers how many discrepancies are
    /// left. A campaign that fails does not keep the others from it.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) when it cannot be told which those are.
    pub async fn reconcile_running(&self, fix: bool) -> Result<usize> {
        let mut left = 0;
        for campaign in self.due().await? {
            if !campaign.terms.format.is_first_come() {
                continue;
            }
            match self.reconcile(campaign.id, fix).await {
                Ok(reconciled) => left += reconciled.left.len(),
                Err(error) => {
                    tracing::warn!(campaign = %campaign.id, %error, "cannot reconcile a campaign");
                }
            }
        }
        self.tell_discrepancies().await;
        Ok(left)
    }

    /// Tells whoever watches how many discrepancies of each kind are open.
    async fn tell_discrepancies(&self) {
        if self.observer().is_none() {
            return;
        }
        let mut counts = DiscrepancyKind::ALL.map(|kind| (kind, 0));
        let mut skip = 0;
        loop {
            let page = Page { skip, limit: PAGE };
            let Ok(open) = self.0.ledger.discrepancies(true, page).await else {
                return;
            };
            if open.items.is_empty() {
                break;
            }
            skip += open.items.len() as u64;
            for discrepancy in &open.items {
                for (kind, count) in &mut counts {
                    *count += u64::from(*kind == discrepancy.kind);
                }
            }
        }
        for (kind, open) in counts {
            self.tell(|| Observation::Discrepancies {
                kind: kind.as_str(),
                open,
            });
        }
    }

    /// Brings the counters of a product's first-come campaigns in line with the ledger: loads those that are missing and
    /// repairs the others. Answers the campaigns whose counters agree with it then.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown product, [`Error::Store`](crate::Error::Store).
    pub async fn sync_stock(&self, product: ProductId) -> Result<Vec<Campaign>> {
        if self.product(product).await?.is_none() {
            return Err(Rejection::UnknownProduct.into());
        }
        let mut campaigns = self.campaigns_of(product).await?;
        campaigns.retain(|campaign| !campaign.phase.is_closed());
        self.sync(campaigns).await
    }

    /// As [`Engine::sync_stock`], for every first-come campaign that has started and is not over.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn sync_all_stock(&self) -> Result<Vec<Campaign>> {
        self.sync(self.due().await?).await
    }

    /// A campaign that fails does not keep the others from it.
    async fn sync(&self, campaigns: Vec<Campaign>) -> Result<Vec<Campaign>> {
        let mut synced = Vec::new();
        for campaign in campaigns {
            if !campaign.terms.format.is_first_come() {
                continue;
            }
            let in_line = async {
                let sale = self.sale(campaign.id).await?;
                self.load_gate(&sale).await?;
                self.reconcile(campaign.id, true).await
            };
            match in_line.await {
                Ok(reconciled) if reconciled.left.is_empty() => synced.push(campaign),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(campaign = %campaign.id, %error, "cannot bring a counter in line");
                }
            }
        }
        Ok(synced)
    }

    /// Discrepancies that were recorded, the newest first; only those that last if `open`.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn discrepancies(&self, open: bool, page: Page) -> Result<Listing<Discrepancy>> {
        Ok(self.0.ledger.discrepancies(open, page).await?)
    }

    /// What differs twice.
    async fn lasting(&self, sale: &Sale) -> Result<Vec<Discrepancy>> {
        let first = self.differences(sale).await?;
        if first.is_empty() {
            return Ok(first);
        }
        tokio::time::sleep(LASTS).await;
        let what = |one: &Discrepancy| {
            (
                one.kind,
                one.subject,
                one.expected.clone(),
                one.found.clone(),
            )
        };
        let again = self.differences(sale).await?;
        let again: HashSet<_> = again.iter().map(what).collect();
        Ok(first
            .into_iter()
            .filter(|one| again.contains(&what(one)))
            .collect())
    }

    async fn differences(&self, sale: &Sale) -> Result<Vec<Discrepancy>> {
        let id = sale.campaign.id;
        // The hot store first: the ledger then has whatever the holds were made orders of meanwhile.
        let hot = self.hot_contents(sale).await?;
        let now = self.now();
        let seed = self.seed(id).await?;
        let mut found = Vec::new();
        if let Some(contents) = &hot {
            let phase = self.current(sale).await?.phase;
            let over = matches!(phase, Phase::Settled | Phase::Cancelled);
            Hot {
                contents,
                seed: &seed,
                over,
                now,
            }
            .compare(&mut found);
        }
        self.compare_ledger(sale, &mut found).await?;
        let noticed_at = now;
        Ok(found
            .into_iter()
            .map(|difference| difference.noticed(id, noticed_at))
            .collect())
    }

    /// Compares the ledger with itself. It is read in several calls: what was changed between them tells nothing, and is
    /// read once more.
    async fn compare_ledger(&self, sale: &Sale, found: &mut Vec<Difference>) -> Result<()> {
        let mut before = self.stock(sale).await?;
        for _ in 0..STEADY {
            let (orders, through) = self.all_orders(before.0.id).await?;
            let campaigns = self.campaigns_of(before.0.product).await?;
            let after = self.stock(sale).await?;
            let levels = |(campaign, product): &(Campaign, Product)| {
                (campaign.stock, campaign.returned, product.stock)
            };
            let quiet = self.quiet_since(before.0.id, through).await?;
            if quiet && levels(&before) == levels(&after) {
                compare::campaign(&after.0, &orders, found);
                compare::product(&after.0, &after.1, &campaigns, found);
                return Ok(());
            }
            before = after;
        }
        Ok(())
    }

    async fn stock(&self, sale: &Sale) -> Result<(Campaign, Product)> {
        let current = self.current(sale).await?;
        let product = self.product(current.product).await?;
        Ok((current, product.ok_or(Rejection::UnknownProduct)?))
    }

    /// What the hot store has of a campaign. The counter of one that still sells is loaded if it is missing; one of a
    /// campaign that is over may be gone.
    async fn hot_contents(&self, sale: &Sale) -> Result<Option<GateContents>> {
        let id = sale.campaign.id;
        let contents = retry(self.tries(), || self.0.hot.contents(id)).await;
        match contents {
            Ok(Some(contents)) => return Ok(Some(contents)),
            Ok(None) => {}
            Err(error) if error.kind == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let current = self.current(sale).await?;
        if !current.terms.format.is_first_come() || current.phase.is_closed() {
            return Ok(None);
        }
        self.load_gate(sale).await?;
        Ok(retry(self.tries(), || self.0.hot.contents(id)).await?)
    }

    async fn repair(&self, sale: &Sale, found: &[Discrepancy]) -> Result<()> {
        let id = sale.campaign.id;
        let nothing = self.judge_strays(id, found).await?;
        let differing: HashSet<Uuid> = [DiscrepancyKind::HoldMissing, DiscrepancyKind::HoldState]
            .into_iter()
            .flat_map(|kind| subjects(found, kind))
            .collect();
        let in_hot = found.iter().any(|discrepancy| {
            !matches!(
                discrepancy.kind,
                DiscrepancyKind::Campaign | DiscrepancyKind::Product
            )
        });
        if !in_hot {
            return Ok(());
        }
        // Read anew, the hot store first: a hold that moves on meanwhile is not in the state that was seen.
        let Some(contents) = self.hot_contents(sale).await? else {
            return Ok(());
        };
        let seed = self.seed(id).await?;
        let known = seed
            .holds
            .iter()
            .filter(|hold| {
                // What is missing now is added too: counting anew without it would free its units.
                let lost =
                    hold.state.takes_units() && compare::find(&contents.holds, hold.id).is_none();
                lost || differing.contains(&hold.id.uuid())
            })
            .map(|hold| HoldRepair {
                hold: *hold,
                seen: compare::find(&contents.holds, hold.id).map(|seen| seen.state),
            });
        let strays = nothing
            .into_iter()
            .filter_map(|stray| compare::find(&contents.holds, stray))
            .map(|hold| HoldRepair {
                hold: Hold {
                    state: HoldState::Released,
                    ..*hold
                },
                seen: Some(hold.state),
            });
        let repairs: Vec<HoldRepair> = known.chain(strays).collect();
        let level = self
            .with_gate(sale, || self.0.hot.repair(id, seed.quota, &repairs))
            .await?;
        tracing::warn!(campaign = %id, holds = repairs.len(), available = level.available.get(), "repaired a counter");
        Ok(())
    }

    /// Those of the unknown holds that the ledger says are nothing, from now on.
    async fn judge_strays(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
    ) -> StoreResult<Vec<HoldId>> {
        let strays = subjects(found, DiscrepancyKind::HoldUnknown);
        if strays.is_empty() {
            return Ok(Vec::new());
        }
        let holds: Vec<HoldId> = strays.into_iter().map(HoldId::new).collect();
        let fates = retry(self.tries(), || self.0.ledger.void_holds(campaign, &holds)).await?;
        let judged = holds.into_iter().zip(fates);
        let nothing = judged.filter(|(hold, fate)| match fate {
            HoldFate::Void(_) => true,
            HoldFate::Ordered(order) => order.hold != *hold,
            HoldFate::SetAside => false,
        });
        Ok(nothing.map(|(hold, _)| hold).collect())
    }

    async fn note(&self, sale: &Sale, found: &[Discrepancy]) -> Result<()> {
        let (id, now) = (sale.campaign.id, self.now());
        for discrepancy in found {
            tracing::warn!(
                campaign = %id,
                kind = discrepancy.kind.as_str(),
                subject = %discrepancy.subject,
                expected = discrepancy.expected,
                found = discrepancy.found,
                "a discrepancy"
            );
        }
        retry(self.tries(), || {
            self.0.ledger.note_discrepancies(id, found, now)
        })
        .await?;
        Ok(())
    }

    async fn seed(&self, campaign: CampaignId) -> Result<GateSeed> {
        let seed = retry(self.tries(), || self.0.ledger.gate_seed(campaign)).await?;
        Ok(seed.ok_or(Rejection::UnknownCampaign)?)
    }

    /// All orders of a campaign, and the last of their changes.
    async fn all_orders(&self, campaign: CampaignId) -> StoreResult<(Vec<Order>, Revision)> {
        let (mut orders, mut after) = (Vec::new(), Revision::ZERO);
        loop {
            let changes = self.changes_behind(campaign, after, PAGE).await?;
            if changes.orders.is_empty() {
                return Ok((orders, after));
            }
            after = changes.through;
            orders.extend(changes.orders);
        }
    }

    /// Whether no order of a campaign was made or changed behind `through`.
    async fn quiet_since(&self, campaign: CampaignId, through: Revision) -> StoreResult<bool> {
        let changes = self.changes_behind(campaign, through, 1).await?;
        Ok(changes.orders.is_empty())
    }

    async fn changes_behind(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        let ledger = &self.0.ledger;
        retry(self.tries(), || {
            ledger.order_changes(campaign, after, limit)
        })
        .await
    }

    async fn campaigns_of(&self, product: ProductId) -> StoreResult<Vec<Campaign>> {
        let mut campaigns = Vec::new();
        loop {
            let page = Page {
                skip: campaigns.len() as u64,
                limit: PAGE,
            };
            let found = self.0.ledger.campaigns_of(product, page).await?.items;
            if found.is_empty() {
                return Ok(campaigns);
            }
            campaigns.extend(found);
        }
    }
}

fn subjects(found: &[Discrepancy], kind: DiscrepancyKind) -> Vec<Uuid> {
    let of_kind = found.iter().filter(|discrepancy| discrepancy.kind == kind);
    of_kind.map(|discrepancy| discrepancy.subject).collect()
}
