//! Buying of several campaigns together: all lines or none.
//!
//! No hot store takes units of two campaigns in one step, so the lines are held one after the other, always in the order
//! of the campaigns' ids, and the ledger makes the orders in one transaction. Until then the holds are nothing. The ledger
//! is asked before any of them ends, so a cart whose node died is either ordered or gone: when it is tried again, when
//! the campaign is reconciled, or when its time to pay is over.

use std::sync::Arc;

use super::Engine;
use super::bidding::require_ticket;
use super::purchasing::{require_first_come, stale_holds};
use super::retry::retry;
use super::sale::Sale;
use crate::bid::IdempotencyKey;
use crate::error::{Error, Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{BidderId, CampaignId, HoldId, PurchaseId};
use crate::order::{MAX_LINES, Order, Origin};
use crate::purchase::{HoldFate, Purchase, order_of};
use crate::stock::{Hold, HoldState, Units};
use crate::store::{HoldRequest, Page, Purpose};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// Orders that are read at once.
const PAGE: u32 = 1_000;

/// What a buyer wants together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// Who buys.
    pub bidder: BidderId,
    /// What of; each campaign once.
    pub lines: Vec<CartLine>,
    /// The key under which a repeated request is the same cart. Without one, each request is a cart of its own.
    pub key: Option<IdempotencyKey>,
    /// When it counts as bought; for replay and tests.
    pub at: Option<Timestamp>,
}

/// Units of one campaign in a [`Cart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Which campaign.
    pub campaign: CampaignId,
    /// How many units.
    pub units: Units,
    /// The permission that the line uses up, if it came with one.
    pub ticket: Option<Ticket>,
}

impl Engine {
    /// Buys all lines of a cart, or none, and answers their orders by ascending id of the campaign. Whatever the
    /// durability, the orders are in the ledger when this answers.
    ///
    /// # Errors
    /// [`Error::Rejected`] when the business says no to a line, [`Error::Store`] when a store fails: if its kind is
    /// [`Indeterminate`](StoreErrorKind::Indeterminate) the cart may stand; buying it again with the same key tells.
    pub async fn purchase_cart(&self, cart: Cart) -> Result<Vec<Order>> {
        let lines = in_order(&cart.lines)?;
        let mut sales = Vec::with_capacity(lines.len());
        for line in &lines {
            let (sale, copy) = self.sale_now(line.campaign).await?;
            require_first_come(&copy)?;
            require_ticket(&copy, line.ticket)?;
            sales.push(sale);
        }
        let id = match &cart.key {
            Some(key) => PurchaseId::derive(None, cart.bidder, key.as_str()),
            None => self.fresh_id(),
        };
        if cart.key.is_some()
            && let Some(known) = self.known_cart(id, cart.bidder).await?
        {
            return Ok(same_cart(known, &lines)?);
        }
        let mut taken: Vec<(Arc<Sale>, Hold)> = Vec::with_capacity(lines.len());
        for (line, sale) in lines.iter().zip(&sales) {
            match self.hold_line(sale, line, id, &cart).await {
                Ok(hold) => taken.push((Arc::clone(sale), hold)),
                Err(error) => {
                    if cart.key.is_none() {
                        // Nobody else can make an order of holds whose ids were made here.
                        self.give_up_cart(&taken).await;
                    } else if matches!(error, Error::Rejected(_))
                        && self.put_back(&taken).await
                        && let Some(known) = self.known_cart(id, cart.bidder).await?
                    {
                        // The same request has found elsewhere what was not there for this one.
                        return Ok(same_cart(known, &lines)?);
                    }
                    return Err(error);
                }
            }
        }
        self.order_cart(id, &taken).await
    }

    async fn give_up_cart(&self, taken: &[(Arc<Sale>, Hold)]) {
        for (sale, hold) in taken {
            self.end_in_gate(sale.campaign.id, HoldState::Released, &[hold.id])
                .await;
        }
    }

    /// The orders of a cart that was bought before, by ascending id of the campaign.
    async fn known_cart(&self, id: PurchaseId, bidder: BidderId) -> Result<Option<Vec<Order>>> {
        let (mut known, mut skip) = (Vec::new(), 0);
        loop {
            let page = Page { skip, limit: PAGE };
            let orders = retry(self.tries(), || self.0.ledger.orders_of(bidder, page)).await?;
            skip += orders.items.len() as u64;
            let last = orders.items.len() < PAGE as usize;
            let of_cart = Origin::Bought { purchase: id };
            known.extend(
                orders
                    .items
                    .into_iter()
                    .filter(|order| order.origin == of_cart),
            );
            if last {
                known.sort_unstable_by_key(|order| order.campaign);
                return Ok(Some(known).filter(|known| !known.is_empty()));
            }
        }
    }

    async fn hold_line(
        &self,
        sale: &Sale,
        line: &CartLine,
        cart: PurchaseId,
        asked: &Cart,
    ) -> Result<Hold> {
        let request = HoldRequest {
            id: HoldId::derive(cart, line.campaign),
            bidder: asked.bidder,
            units: line.units,
            expires_at: asked
                .at
                .unwrap_or_else(|| self.now())
                .after(sale.campaign.terms.payment_deadline),
            purpose: Purpose::Cart,
            ticket: line.ticket,
            at: asked.at,
        };
        let requests = std::slice::from_ref(&request);
        let held = self
            .with_gate(sale, || self.0.hot.hold(line.campaign, requests))
            .await?;
        let outcome = held.into_iter().next();
        Ok(outcome.ok_or(StoreError::new("engine", "hold", StoreErrorKind::Corrupt))??)
    }

    /// Makes the orders of lines that are all held.
    async fn order_cart(&self, id: PurchaseId, taken: &[(Arc<Sale>, Hold)]) -> Result<Vec<Order>> {
        let orders = taken
            .iter()
            .map(|(sale, hold)| order_of(hold, &sale.campaign, id));
        let orders: Option<Vec<Order>> = orders.collect();
        let orders = orders.ok_or(Rejection::WrongFormat)?;
        let purchase = Purchase { id, orders };
        let batch = std::slice::from_ref(&purchase);
        let committed = retry(self.tries(), || self.0.ledger.commit_purchases(batch)).await;
        let outcome = match committed {
            Ok(outcomes) => outcomes.into_iter().next(),
            // Nothing was applied. If one of the lines is an order already, the key was used for another cart.
            Err(error) if error.kind == StoreErrorKind::Conflict => {
                return Err(if self.put_back(taken).await {
                    Rejection::KeyReused.into()
                } else {
                    error.into()
                });
            }
            Err(error) => {
                return Err(StoreError {
                    kind: StoreErrorKind::Indeterminate,
                    ..error
                }
                .into());
            }
        };
        match outcome.ok_or(StoreError::new("engine", "order", StoreErrorKind::Corrupt))? {
            Ok(orders) => {
                self.release_stale(taken, &orders).await;
                Ok(orders)
            }
            Err(rejection) => {
                self.put_back(taken).await;
                Err(Error::Rejected(rejection))
            }
        }
    }

    /// Gives back what was taken once more for orders that have their units under another hold.
    async fn release_stale(&self, taken: &[(Arc<Sale>, Hold)], orders: &[Order]) {
        let stale = stale_holds(taken.iter().map(|(_, hold)| hold.id), orders);
        for (sale, hold) in taken {
            if stale.contains(&hold.id) {
                self.end_in_gate(sale.campaign.id, HoldState::Released, &[hold.id])
                    .await;
            }
        }
    }

    /// Gives back what was held for a cart that is not bought, unless the ledger says that it was, and answers whether it
    /// says so of a line. What cannot be given back now ends with its time.
    async fn put_back(&self, taken: &[(Arc<Sale>, Hold)]) -> bool {
        let mut ordered = false;
        for (sale, hold) in taken {
            let (campaign, holds) = (sale.campaign.id, [hold.id]);
            let put_back = async {
                let fates =
                    retry(self.tries(), || self.0.ledger.void_holds(campaign, &holds)).await?;
                match fates[..] {
                    [HoldFate::Void(_)] => self.0.hot.release(campaign, &holds).await.map(drop)?,
                    [HoldFate::Ordered(_)] => ordered = true,
                    _ => {}
                }
                Ok::<_, StoreError>(())
            };
            if let Err(error) = put_back.await {
                tracing::debug!(%campaign, %error, "a line of a cart ends with its time");
            }
        }
        ordered
    }
}

/// The orders that a cart has become, if they are of the same `lines`.
fn same_cart(known: Vec<Order>, lines: &[CartLine]) -> Result<Vec<Order>, Rejection> {
    let ordered = known.iter().map(|order| (order.campaign, order.units));
    if ordered.eq(lines.iter().map(|line| (line.campaign, line.units))) {
        Ok(known)
    } else {
        Err(Rejection::KeyReused)
    }
}

/// The lines by ascending campaign, if they can be bought together at all.
fn in_order(lines: &[CartLine]) -> Result<Vec<CartLine>, Rejection> {
    let mut lines = lines.to_vec();
    lines.sort_unstable_by_key(|line| line.campaign);
    let distinct = lines
        .windows(2)
        .all(|pair| pair[0].campaign != pair[1].campaign);
    let some = lines.iter().all(|line| line.units > Units::ZERO);
    if distinct && some && (1..=MAX_LINES).contains(&lines.len()) {
        Ok(lines)
    } else {
        Err(Rejection::MalformedPurchase)
    }
}
