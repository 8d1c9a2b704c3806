//! Buying first-come: units in the hot store at once, orders in the ledger behind.
//!
//! Under [`Durability::Ledger`] a purchase is answered when the batch that it is in has its orders; under
//! [`Durability::Hot`] as soon as its units are held. Either way it waits in the hot store until somebody has made an
//! order of it (`engine/dispatch.rs`), so it gets one whoever dies when.

pub(super) mod failures;

use std::collections::HashSet;
use std::sync::Arc;

use super::bidding::require_ticket;
use super::lane::{Batched, Lane};
use super::retry::retry;
use super::sale::Sale;
use super::{Durability, Engine, Flow, Guard, Observation, Stage};
use crate::bid::IdempotencyKey;
use crate::campaign::Campaign;
use crate::error::{Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{BidderId, CampaignId, HoldId, PurchaseId};
use crate::order::{Order, OrderStatus};
use crate::purchase::{HoldFate, Purchase, order_of};
use crate::stock::{Hold, HoldState, Units};
use crate::store::{
    GateStats, HoldRequest, OrderChanges, PendingPurchase, Purpose, Revision, StoreResult,
};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// Units that a buyer wants of one campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buy {
    /// Who buys.
    pub bidder: BidderId,
    /// How many units; all of them or none.
    pub units: Units,
    /// The key under which a repeated request is the same purchase. Without one, each request is a purchase of its own.
    pub key: Option<IdempotencyKey>,
    /// The permission that the purchase uses up, if it came with one.
    pub ticket: Option<Ticket>,
    /// When it counts as made; for replay and tests. Normally `None`: the hot store's clock decides.
    pub at: Option<Timestamp>,
}

/// What became of a [`Buy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The units that are held. Its id names the order as well.
    pub hold: Hold,
    /// The order, when there is one already.
    pub order: Option<Order>,
}

/// What is known of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldStatus {
    /// The hold, if the hot store knows it.
    pub hold: Option<Hold>,
    /// What the ledger says of it, if it knows it.
    pub fate: Option<HoldFate>,
}

impl HoldStatus {
    /// Whose it is, if anybody knows.
    pub fn bidder(&self) -> Option<BidderId> {
        match (&self.fate, self.hold) {
            (Some(HoldFate::Ordered(order)), _) => Some(order.bidder),
            (_, Some(hold)) => Some(hold.bidder),
            _ => None,
        }
    }
}

impl Batched for HoldRequest {
    const FLOW: Flow = Flow::Purchases;

    type Answer = Bought;

    fn lane(sale: &Sale) -> &Lane<Self> {
        &sale.purchases
    }

    async fn carry_out(
        engine: &Engine,
        sale: &Arc<Sale>,
        batch: &[Self],
    ) -> StoreResult<Vec<Result<Bought, Rejection>>> {
        engine.buy_batch(sale, batch).await
    }
}

impl Engine {
    /// Buys units of a first-come campaign. With [`Durability::Ledger`] the order is in the ledger when this answers.
    ///
    /// A purchase with an idempotency key may be made any number of times: it is one purchase. Dropping the future does
    /// not take it back.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) when the business says no, [`Error::Overloaded`](crate::Error::Overloaded)
    /// when too many purchases wait, [`Error::Store`](crate::Error::Store) when a store fails: if its kind is
    /// [`Indeterminate`](StoreErrorKind::Indeterminate) the purchase may stand; making it again with the same key tells.
    pub async fn purchase(&self, campaign: CampaignId, buy: Buy) -> Result<Bought> {
        let (sale, copy) = self.sale_now(campaign).await?;
        require_first_come(&copy)?;
        require_ticket(&copy, buy.ticket)?;
        if buy.units == Units::ZERO {
            return Err(Rejection::MalformedPurchase.into());
        }
        let purchase = match &buy.key {
            Some(key) => PurchaseId::derive(Some(campaign), buy.bidder, key.as_str()),
            None => self.fresh_id(),
        };
        let request = HoldRequest {
            id: HoldId::derive(purchase, campaign),
            bidder: buy.bidder,
            units: buy.units,
            expires_at: buy
                .at
                .unwrap_or_else(|| self.now())
                .after(copy.terms.payment_deadline),
            purpose: Purpose::Purchase(purchase),
            ticket: buy.ticket,
            at: buy.at,
        };
        self.through_lane(&sale, request).await
    }

    /// What is known of a hold; `None` when nobody knows it. A hold that the ledger does not know yet is looked for in the
    /// campaigns that run.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn hold_status(&self, hold: HoldId) -> Result<Option<HoldStatus>> {
        let holds = [hold];
        let fates = retry(self.tries(), || self.0.ledger.hold_fates(&holds)).await?;
        let fate = fates.into_iter().next().flatten();
        if fate.is_some() {
            return Ok(Some(HoldStatus { hold: None, fate }));
        }
        let mut failed = None;
        for campaign in self.selling().await? {
            let sale = self.sale(campaign).await?;
            // A counter that is not loaded may have left it waiting to become an order.
            let found = self
                .with_gate(&sale, || self.0.hot.holds(campaign, &holds))
                .await;
            match found {
                Ok(found) => {
                    if let Some(hold) = found.into_iter().next().flatten() {
                        return Ok(Some(HoldStatus {
                            hold: Some(hold),
                            fate: None,
                        }));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(None),
        }
    }

    /// The figures of a campaign's counter.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn gate_stats(&self, campaign: CampaignId) -> Result<GateStats> {
        let sale = self.sale(campaign).await?;
        let stats = || async {
            let stats = self.0.hot.level(campaign).await?;
            stats.ok_or(StoreError::new("engine", "level", StoreErrorKind::NotFound))
        };
        Ok(self.with_gate(&sale, stats).await?)
    }

    /// Orders of a campaign that were made or changed behind `after`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> Result<OrderChanges> {
        Ok(self.0.ledger.order_changes(campaign, after, limit).await?)
    }

    /// Takes the units of a batch and, if purchases are acknowledged by the ledger, makes orders of them.
    async fn buy_batch(
        &self,
        sale: &Arc<Sale>,
        requests: &[HoldRequest],
    ) -> StoreResult<Vec<Result<Bought, Rejection>>> {
        let id = sale.campaign.id;
        let hold = self.with_gate(sale, || self.0.hot.hold(id, requests));
        let outcomes = self.through(Flow::Purchases, Stage::Hot, hold).await?;
        let running = |hold: &Hold| hold.state == HoldState::Held;
        let at_once = self.0.durability == Durability::Hot;
        if at_once && outcomes.iter().flatten().all(running) {
            self.dispatch_soon(sale);
            let bought = |hold| Bought { hold, order: None };
            return Ok(outcomes
                .into_iter()
                .map(|outcome| outcome.map(bought))
                .collect());
        }
        // A hold that was taken before goes to the ledger too: it has the last word, and its first try may have died.
        let taken: Vec<PendingPurchase> = requests
            .iter()
            .zip(&outcomes)
            .filter_map(|(request, outcome)| match (request.purpose, outcome) {
                (Purpose::Purchase(purchase), Ok(hold)) => Some(PendingPurchase {
                    purchase,
                    hold: *hold,
                }),
                _ => None,
            })
            .collect();
        let mut ordered = self
            .make_orders(sale, &taken)
            .await
            .map_err(unknown)?
            .into_iter();
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                let hold = outcome?;
                let order = ordered.next().expect("each hold has an outcome")?;
                Ok(Bought {
                    hold,
                    order: Some(order),
                })
            })
            .collect())
    }

    /// Makes orders of purchases that are held in the hot store, in one transaction, and tells the hot store what became
    /// of them. If that fails, it is told when they are tried again, or when their time is over.
    pub(super) async fn make_orders(
        &self,
        sale: &Sale,
        taken: &[PendingPurchase],
    ) -> StoreResult<Vec<Result<Order, Rejection>>> {
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let purchases: Vec<Purchase> = taken
            .iter()
            .map(|taken| purchase_of(&sale.campaign, taken))
            .collect::<Option<_>>()
            .ok_or(StoreError::new("engine", "order", StoreErrorKind::Corrupt))?;
        let commit = retry(self.tries(), || self.0.ledger.commit_purchases(&purchases));
        let outcomes = self.through(Flow::Purchases, Stage::Ledger, commit).await?;
        let outcomes: Vec<Result<Order, Rejection>> = outcomes
            .into_iter()
            .map(|outcome| {
                let order = outcome?.into_iter().next();
                Ok(order.expect("a purchase of one campaign has one order"))
            })
            .collect();
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        // What the ledger has no order of, and the first hold of an order that was paid too late, under another hold.
        let nothing: Vec<HoldId> = taken
            .iter()
            .zip(&outcomes)
            .filter(|(taken, outcome)| {
                let order = outcome.as_ref();
                order.map_or(true, |order| order.hold != taken.hold.id)
            })
            .map(|(taken, _)| taken.hold.id)
            .collect();
        let holds: Vec<HoldId> = taken.iter().map(|taken| taken.hold.id).collect();
        self.tell(|| Observation::OrdersMoved {
            to: OrderStatus::PendingPayment,
            orders: holds.len() - refused,
        });
        if refused > 0 {
            self.tell(|| Observation::Prevented {
                campaign: sale.campaign.id,
                guard: Guard::Ledger,
            });
        }
        if refused > 0 {
            tracing::warn!(campaign = %sale.campaign.id, holds = refused, "the ledger refuses what the hot store held");
        }
        self.tell_gate(sale.campaign.id, &nothing, &holds).await;
        Ok(outcomes)
    }

    async fn tell_gate(&self, campaign: CampaignId, without_units: &[HoldId], known: &[HoldId]) {
        let released = if without_units.is_empty() {
            Ok(())
        } else {
            let released = self.0.hot.release(campaign, without_units).await;
            released.map(drop)
        };
        // What could not be given back waits on, to be given back when it is tried again; it holds up nobody else.
        let done: Vec<HoldId> = known
            .iter()
            .filter(|hold| released.is_ok() || !without_units.contains(hold))
            .copied()
            .collect();
        let acknowledged = self.0.hot.acknowledge(campaign, &done).await;
        if let Err(error) = released.and(acknowledged.map(drop)) {
            tracing::debug!(%campaign, %error, "the hot store does not know yet what became of its holds");
        }
    }
}

/// The purchase of one campaign that waits in the hot store.
pub(super) fn purchase_of(campaign: &Campaign, taken: &PendingPurchase) -> Option<Purchase> {
    let order = order_of(&taken.hold, campaign, taken.purchase)?;
    Some(Purchase {
        id: taken.purchase,
        orders: vec![order],
    })
}

/// Of `holds`, those whose order has its units under another hold: they were taken once more by a hot store that had lost
/// them.
pub(super) fn stale_holds<'a>(
    holds: impl IntoIterator<Item = HoldId>,
    orders: impl IntoIterator<Item = &'a Order>,
) -> Vec<HoldId> {
    let moved: HashSet<HoldId> = orders
        .into_iter()
        .filter(|order| order.hold != HoldId::from(order.id))
        .map(|order| order.id.into())
        .collect();
    holds
        .into_iter()
        .filter(|hold| moved.contains(hold))
        .collect()
}

pub(super) fn require_first_come(campaign: &Campaign) -> Result<(), Rejection> {
    if campaign.terms.format.is_first_come() {
        Ok(())
    } else {
        Err(Rejection::WrongFormat)
    }
}

/// The hot store has the units and the ledger may have the orders or not: asking again with the same key tells.
fn unknown(error: StoreError) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Indeterminate,
        ..error
    }
}
