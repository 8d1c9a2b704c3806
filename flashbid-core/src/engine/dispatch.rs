//! Making orders of purchases that wait in the hot store: those whose node died, and under
//! [`Durability::Hot`](super::Durability::Hot) all of them.
//!
//! What waits becomes orders in large transactions. A store that is away is waited for; a purchase that the ledger
//! cannot take is tried alone, again and again with growing waits, and then set aside for an operator.

use std::sync::Arc;

use super::purchasing::purchase_of;
use super::retry::retry;
use super::sale::Sale;
use super::{Engine, Flow, Observation};
use crate::error::{Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{CampaignId, HoldId};
use crate::order::Order;
use crate::purchase::{DeadLetter, HoldFate, Purchase};
use crate::stock::{Hold, HoldState};
use crate::store::{Listing, Page, PendingPurchase, StoreResult};
use crate::time::Timestamp;

/// What a pass has come across.
#[derive(Debug, Default)]
struct Pass {
    purchases: u64,
    /// When the first of them was taken.
    oldest: Option<Timestamp>,
}

impl Engine {
    /// Makes orders of the purchases of a campaign that wait in the hot store, and answers how many are waiting still:
    /// those that failed and are tried again later.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn dispatch(&self, campaign: CampaignId) -> Result<usize> {
        let sale = self.sale(campaign).await?;
        Ok(self.dispatch_waiting(&sale).await?)
    }

    /// Starts making orders of what waits, unless a task is at it.
    pub(super) fn dispatch_soon(&self, sale: &Arc<Sale>) {
        if !sale.failures.dispatch() {
            return;
        }
        let (engine, sale) = (self.clone(), Arc::clone(sale));
        tokio::spawn(async move {
            loop {
                if let Err(error) = engine.dispatch_waiting(&sale).await {
                    tracing::debug!(campaign = %sale.campaign.id, %error, "purchases wait; trying again");
                    // Whoever buys next starts again, or the next look of the worker does it.
                    sale.failures.gave_up();
                    return;
                }
                if !sale.failures.dispatched() {
                    return;
                }
            }
        });
    }

    pub(super) async fn dispatch_waiting(&self, sale: &Sale) -> StoreResult<usize> {
        let (timing, mut pass) = (self.timing(), Pass::default());
        let dispatched = self.dispatch_pages(sale, &mut pass).await;
        timing.tell(|took| Observation::Relayed {
            campaign: sale.campaign.id,
            flow: Flow::Purchases,
            events: pass.purchases,
            waited: pass.oldest.map(|at| self.now().since(at)),
            result: dispatched.as_ref().map(drop),
            took,
        });
        dispatched
    }

    async fn dispatch_pages(&self, sale: &Sale, pass: &mut Pass) -> StoreResult<usize> {
        let (id, most) = (sale.campaign.id, self.options().relay_page);
        let mut before = None;
        loop {
            let page = most.saturating_add(sale.failures.len());
            let mut waiting = self
                .with_gate(sale, || self.0.hot.pending(id, page))
                .await?;
            let now = self.now();
            let all = waiting.len();
            waiting.retain(|pending| sale.failures.may_try(pending.hold.id, now));
            let later = all - waiting.len();
            // Only a page with nothing to try is the last: a shorter one may have holes. What has just become an order and
            // waits still, because the hot store could not be told, is not tried again and again.
            let first = waiting.first().map(|first| first.hold.id);
            if first.is_none() || first == before {
                return Ok(later + waiting.len());
            }
            before = first;
            let failed = self.order_or_split(sale, &waiting).await?;
            pass.purchases += (waiting.len() - failed) as u64;
            pass.oldest = pass
                .oldest
                .or(waiting.first().map(|first| first.hold.taken_at));
        }
    }

    /// Makes orders of a page; when the ledger cannot take it, of its halves, until the purchase is alone that is to
    /// blame. Answers how many are still waiting.
    async fn order_or_split(&self, sale: &Sale, page: &[PendingPurchase]) -> StoreResult<usize> {
        let mut stack = vec![page];
        let mut failed = 0;
        while let Some(part) = stack.pop() {
            match self.make_orders(sale, part).await {
                Ok(_) => sale
                    .failures
                    .forget(part.iter().map(|pending| pending.hold.id)),
                Err(error) if error.may_retry() => return Err(error),
                Err(error) if part.len() == 1 => {
                    failed += usize::from(!self.give_up(sale, &part[0], &error).await?);
                }
                Err(_) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    stack.extend([second, first]);
                }
            }
        }
        Ok(failed)
    }

    /// Sets a purchase aside that has failed often enough, and answers whether it has.
    async fn give_up(
        &self,
        sale: &Sale,
        pending: &PendingPurchase,
        error: &StoreError,
    ) -> StoreResult<bool> {
        let (id, hold, now) = (sale.campaign.id, pending.hold, self.now());
        let attempts = sale.failures.note(hold.id, now);
        if attempts < self.options().purchase_attempts {
            tracing::warn!(campaign = %id, hold = %hold.id, attempts, %error, "cannot make an order of a purchase; trying again");
            return Ok(false);
        }
        tracing::error!(campaign = %id, hold = %hold.id, attempts, %error, "a purchase is set aside");
        let letter = DeadLetter {
            campaign: id,
            purchase: pending.purchase,
            hold,
            reason: error.to_string(),
            attempts,
            at: now,
        };
        let letters = std::slice::from_ref(&letter);
        retry(self.tries(), || self.0.ledger.set_aside(letters)).await?;
        self.0.hot.acknowledge(id, &[hold.id]).await?;
        sale.failures.forget(std::iter::once(hold.id));
        Ok(true)
    }

    /// What was set aside, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn dead_letters(&self, page: Page) -> Result<Listing<DeadLetter>> {
        Ok(self.0.ledger.dead_letters(page).await?)
    }

    /// Tries again to make an order of what was set aside; its buyer has the usual time to pay from now on. `None` when
    /// nothing is set aside under this id.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) when the ledger refuses it, which is final;
    /// [`Error::Store`](crate::Error::Store) when it fails again: it stays set aside.
    pub async fn replay_dead_letter(&self, hold: HoldId) -> Result<Option<Order>> {
        let Some(letter) = self.dead_letter(hold).await? else {
            return Ok(None);
        };
        let campaign = self.campaign(letter.campaign).await?;
        let campaign = campaign.ok_or(Rejection::UnknownCampaign)?;
        let pending = PendingPurchase {
            purchase: letter.purchase,
            hold: Hold {
                expires_at: self.now().after(campaign.terms.payment_deadline),
                ..letter.hold
            },
        };
        let purchase = purchase_of(&campaign, &pending).ok_or(Rejection::WrongFormat)?;
        let batch: [Purchase; 1] = [purchase];
        let outcomes = retry(self.tries(), || self.0.ledger.commit_purchases(&batch)).await?;
        let outcome = outcomes.into_iter().next();
        match outcome.ok_or(StoreError::new("engine", "order", StoreErrorKind::Corrupt))? {
            Ok(orders) => Ok(orders.into_iter().next()),
            Err(rejection) => {
                self.end_in_gate(letter.campaign, HoldState::Released, &[hold])
                    .await;
                Err(rejection.into())
            }
        }
    }

    /// Drops what was set aside, and gives its units back. `None` when nothing is set aside under this id.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn drop_dead_letter(&self, hold: HoldId) -> Result<Option<DeadLetter>> {
        let Some(letter) = self.dead_letter(hold).await? else {
            return Ok(None);
        };
        let dropped = retry(self.tries(), || self.0.ledger.drop_dead_letter(hold)).await?;
        if dropped.is_none() && !self.is_void(hold).await? {
            return Ok(None);
        }
        self.end_in_gate(letter.campaign, HoldState::Released, &[hold])
            .await;
        Ok(Some(letter))
    }

    /// Whether a hold never becomes an order: also when the answer was lost to who said so.
    async fn is_void(&self, hold: HoldId) -> Result<bool> {
        let holds = [hold];
        let fates = retry(self.tries(), || self.0.ledger.hold_fates(&holds)).await?;
        Ok(matches!(fates[..], [Some(HoldFate::Void(_))]))
    }

    async fn dead_letter(&self, hold: HoldId) -> Result<Option<DeadLetter>> {
        let fates = self.0.ledger.hold_fates(&[hold]).await?;
        if !matches!(fates[..], [Some(HoldFate::SetAside)]) {
            return Ok(None);
        }
        let letters = self.all_dead_letters().await?;
        Ok(letters.into_iter().find(|letter| letter.hold.id == hold))
    }

    pub(super) async fn all_dead_letters(&self) -> StoreResult<Vec<DeadLetter>> {
        let mut letters = Vec::new();
        loop {
            let page = Page {
                skip: letters.len() as u64,
                limit: 1_000,
            };
            let found = self.0.ledger.dead_letters(page).await?.items;
            if found.is_empty() {
                return Ok(letters);
            }
            letters.extend(found);
        }
    }
}
