//! Orders out of purchases: the hot path of a rush.

use flashbid_core::campaign::{Format, Phase};
use flashbid_core::id::CampaignId;
use flashbid_core::order::{Order, OrderStatus, Origin};
use flashbid_core::purchase::{Purchase, PurchaseOutcome, VoidReason};
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::store::{GateSeed, OutboxEvent};
use rusqlite::Connection;

use super::sales::Sales;
use super::{campaigns, holds, orders, outbox};
use crate::error::DatabaseError;

/// Makes orders of purchases. An error is to be rolled back.
pub(super) fn commit(
    tx: &Connection,
    batch: &[Purchase],
) -> Result<Vec<PurchaseOutcome>, DatabaseError> {
    let mut sales = Sales::of(tx);
    let mut outcomes = Vec::with_capacity(batch.len());
    for purchase in batch {
        outcomes.push(commit_one(tx, &mut sales, purchase)?);
    }
    sales.save()?;
    Ok(outcomes)
}

fn commit_one(
    tx: &Connection,
    sales: &mut Sales<'_>,
    purchase: &Purchase,
) -> Result<PurchaseOutcome, DatabaseError> {
    if let Some(known) = known(tx, purchase)? {
        return Ok(Ok(known));
    }
    if let Some(reason) = refusal(tx, sales, purchase)? {
        for order in &purchase.orders {
            holds::void(tx, order.hold, reason)?;
            holds::forget_letter(tx, order.hold)?;
        }
        return Ok(Err(reason.into()));
    }
    for order in &purchase.orders {
        place(tx, sales, purchase, order)?;
    }
    Ok(Ok(purchase.orders.clone()))
}

/// The orders of a purchase as they are, if it was committed before.
///
/// # Errors
/// `Conflict` when an id is known with something else, or only some of the orders are known.
fn known(tx: &Connection, purchase: &Purchase) -> Result<Option<Vec<Order>>, DatabaseError> {
    let mut known = Vec::new();
    for order in &purchase.orders {
        if let Some(found) = orders::find(tx, order.id)? {
            require_same(&found, order)?;
            known.push(found);
        }
    }
    match known.len() {
        0 if !purchase.orders.is_empty() => Ok(None),
        count if count == purchase.orders.len() => Ok(Some(known)),
        _ => Err(DatabaseError::conflict(
            "only some of the orders of a purchase are known",
        )),
    }
}

fn require_same(found: &Order, order: &Order) -> Result<(), DatabaseError> {
    let key = |order: &Order| (order.campaign, order.bidder, order.price, order.units);
    if key(found) == key(order) {
        Ok(())
    } else {
        Err(DatabaseError::conflict(
            "the order id is known with another order",
        ))
    }
}

/// Why a purchase never becomes orders; `None` if it does. A hold that is void comes first, then the units that are
/// left, then the limit.
fn refusal(
    tx: &Connection,
    sales: &mut Sales<'_>,
    purchase: &Purchase,
) -> Result<Option<VoidReason>, DatabaseError> {
    for order in &purchase.orders {
        let void = holds::void_reason(tx, order.hold)?;
        if void.is_some() {
            return Ok(void);
        }
    }
    for order in &purchase.orders {
        let has_units = match sales.find(order.campaign)? {
            Some(sale) => {
                let campaign = &sale.campaign;
                campaign.terms.format.is_first_come()
                    && campaign.stock.available >= order.units
                    // What a campaign that is over has left is its dead letters'.
                    && (campaign.phase != Phase::Settled
                        || holds::letter_of(tx, order.hold)?.is_some())
            }
            None => false,
        };
        if !has_units {
            return Ok(Some(VoidReason::SoldOut));
        }
    }
    for order in &purchase.orders {
        if !within_limit(tx, sales, order)? {
            return Ok(Some(VoidReason::LimitReached));
        }
    }
    Ok(None)
}

/// Whether the buyer of an order that has no units may have them.
pub(super) fn within_limit(
    tx: &Connection,
    sales: &mut Sales<'_>,
    order: &Order,
) -> Result<bool, DatabaseError> {
    let sale = sales.require(order.campaign)?;
    let Format::FirstCome {
        per_buyer: Some(limit),
        ..
    } = sale.campaign.terms.format
    else {
        return Ok(true);
    };
    let has = orders::units_of(tx, sale.number(), order.bidder)?;
    Ok(has + u64::from(order.units.get()) <= u64::from(limit.get()))
}

fn place(
    tx: &Connection,
    sales: &mut Sales<'_>,
    purchase: &Purchase,
    order: &Order,
) -> Result<(), DatabaseError> {
    let bought = Origin::Bought {
        purchase: purchase.id,
    };
    let sale = sales.require(order.campaign)?;
    let held = sale.campaign.stock.hold(order.units);
    let (Some(held), true) = (held, order.product == sale.campaign.product) else {
        return Err(DatabaseError::conflict(
            "the orders of a purchase are of one campaign or of another product",
        ));
    };
    if order.status != OrderStatus::PendingPayment || order.origin != bought {
        return Err(DatabaseError::conflict("the order is no new purchase"));
    }
    sale.campaign.stock = held;
    let revision = sale.next_revision();
    orders::insert(tx, sale.number(), order, revision)?;
    outbox::append(tx, OutboxEvent::OrderCreated(order.id))?;
    holds::forget_letter(tx, order.hold)
}

/// What the counter of a campaign is loaded from.
pub(super) fn gate_seed(
    tx: &Connection,
    id: CampaignId,
) -> Result<Option<GateSeed>, DatabaseError> {
    let Some(kept) = campaigns::find_kept(tx, id)? else {
        return Ok(None);
    };
    let campaign = &kept.campaign;
    let quota = campaign.terms.quota.minus(campaign.returned);
    let ordered = orders::all(tx, kept.number)?;
    let letters = holds::letters_in(tx, kept.number)?;
    let mut holds: Vec<_> = ordered.iter().flat_map(Order::holds).collect();
    holds.extend(letters.into_iter().map(|letter| Hold {
        state: HoldState::Held,
        ..letter.hold
    }));
    Ok(Some(GateSeed {
        campaign: id,
        window: campaign.terms.window,
        quota: quota.ok_or_else(|| DatabaseError::corrupt("more than the quota was returned"))?,
        per_buyer: match campaign.terms.format {
            Format::FirstCome { per_buyer, .. } => per_buyer,
            _ => Some(Units::ONE),
        },
        sealed: campaign.phase.is_closed(),
        holds,
    }))
}
