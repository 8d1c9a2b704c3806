use std::collections::HashSet;

use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::id::CampaignId;
use flashbid_core::order::Order;
use flashbid_core::settle::{OfferPlan, SettlementPlan};
use flashbid_core::stock::Units;
use flashbid_core::store::{OutboxEvent, Settlement};
use rusqlite::Connection;

use super::sales::Sales;
use super::{bids, campaigns, holds, orders, outbox};
use crate::error::DatabaseError;

/// Writes a plan, all of it or nothing: the writer is the row lock, the token the fence, and version, phase and the
/// constraints of the tables the rest.
pub(super) fn commit(
    tx: &Connection,
    plan: &SettlementPlan,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let mut sales = Sales::of(tx);
    let campaign = sales.require(plan.campaign)?.campaign.clone();
    campaigns::require_token(&campaign, token)?;
    if campaign.terms.format.is_first_come() {
        return Err(DatabaseError::conflict("the campaign ranks nobody"));
    }
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    require_sealing(&campaign, plan.version)?;
    require_log(tx, plan)?;
    let allocated = check_quota(&campaign, plan)?;
    campaigns::move_on(tx, &campaign, Phase::Settled, token)?;
    sales.move_units(campaign.id, |accounts| {
        accounts.hold(allocated)?.give_back(plan.unsold)
    })?;
    write(tx, &mut sales, &plan.orders)?;
    outbox::append(tx, OutboxEvent::CampaignSettled(campaign.id))?;
    sales.save()?;
    Ok(Settlement::Committed)
}

/// Ends a first-come campaign; what its dead letters have stays with it.
pub(super) fn end_sale(
    tx: &Connection,
    id: CampaignId,
    version: u64,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let mut sales = Sales::of(tx);
    let sale = sales.require(id)?;
    let (campaign, number) = (sale.campaign.clone(), sale.number());
    campaigns::require_token(&campaign, token)?;
    if !campaign.terms.format.is_first_come() {
        return Err(DatabaseError::conflict("a ranked campaign is settled"));
    }
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    require_sealing(&campaign, version)?;
    let free = free_units(&campaign, holds::units_in_letters(tx, number)?);
    campaigns::move_on(tx, &campaign, Phase::Settled, token)?;
    sales.move_units(id, |accounts| accounts.give_back(free))?;
    outbox::append(tx, OutboxEvent::CampaignSettled(id))?;
    sales.save()?;
    Ok(Settlement::Committed)
}

/// Writes the orders of runners-up and returns what nobody is left for.
pub(super) fn offer(
    tx: &Connection,
    plan: &OfferPlan,
    token: FencingToken,
) -> Result<(), DatabaseError> {
    let mut sales = Sales::of(tx);
    let sale = sales.require(plan.campaign)?;
    let (campaign, number) = (sale.campaign.clone(), sale.number());
    campaigns::require_token(&campaign, token)?;
    if campaign.phase != Phase::Settled {
        return Err(DatabaseError::conflict("the campaign is not settled"));
    }
    if campaign.terms.format.is_first_come() && !plan.orders.is_empty() {
        return Err(DatabaseError::conflict("the campaign ranks nobody"));
    }
    let offered = check_buyers(&campaign, &plan.orders)?;
    for order in &plan.orders {
        if orders::any_of(tx, number, order.bidder)? {
            return Err(DatabaseError::conflict("a bidder has an order"));
        }
    }
    let free = free_units(&campaign, holds::units_in_letters(tx, number)?);
    if offered.plus(plan.returned).is_none_or(|units| units > free) {
        return Err(DatabaseError::conflict("fewer units are left"));
    }
    campaigns::keep_token(tx, &campaign, token)?;
    sales.move_units(campaign.id, |accounts| {
        accounts.hold(offered)?.give_back(plan.returned)
    })?;
    write(tx, &mut sales, &plan.orders)?;
    sales.save()
}

fn write(tx: &Connection, sales: &mut Sales<'_>, orders: &[Order]) -> Result<(), DatabaseError> {
    for order in orders {
        let sale = sales.require(order.campaign)?;
        let revision = sale.next_revision();
        orders::insert(tx, sale.number(), order, revision)?;
        outbox::append(tx, OutboxEvent::OrderCreated(order.id))?;
    }
    Ok(())
}

fn require_sealing(campaign: &Campaign, version: u64) -> Result<(), DatabaseError> {
    if campaign.phase == Phase::Sealing && campaign.version == version {
        Ok(())
    } else {
        Err(DatabaseError::conflict(
            "the plan was made from another version",
        ))
    }
}

/// The log and the sealed book end with the same bid.
fn require_log(tx: &Connection, plan: &SettlementPlan) -> Result<(), DatabaseError> {
    let Some(intake) = campaigns::intake(tx, plan.campaign)? else {
        return Err(DatabaseError::not_found("there is no such campaign"));
    };
    if plan.sealed_at > intake.checkpoint {
        return Err(DatabaseError::conflict(
            "the ledger lacks events of the sealed book",
        ));
    }
    if bids::any_behind(tx, intake.number, plan.sealed_at)? {
        return Err(DatabaseError::conflict(
            "the ledger has bids that the sealed book lacked",
        ));
    }
    Ok(())
}

/// All of the quota and no more, to buyers of this sale.
fn check_quota(campaign: &Campaign, plan: &SettlementPlan) -> Result<Units, DatabaseError> {
    let allocated = check_buyers(campaign, &plan.orders)?;
    if allocated.plus(plan.unsold) == Some(campaign.terms.quota) {
        Ok(allocated)
    } else {
        Err(DatabaseError::conflict(
            "orders and unsold units do not add up to the quota",
        ))
    }
}

/// A unit each, to different buyers of this sale, who won it. Answers how many.
fn check_buyers(campaign: &Campaign, orders: &[Order]) -> Result<Units, DatabaseError> {
    let mut bidders = HashSet::with_capacity(orders.len());
    for order in orders {
        if order.campaign != campaign.id || order.product != campaign.product {
            return Err(DatabaseError::conflict("an order is of another sale"));
        }
        if order.units != Units::ONE || order.rank().is_none() {
            return Err(DatabaseError::conflict("an order was not won"));
        }
        if !bidders.insert(order.bidder) {
            return Err(DatabaseError::conflict("a bidder has more than one order"));
        }
    }
    Units::try_from(orders.len()).map_err(|_| DatabaseError::conflict("too many orders"))
}

/// What is available and not of dead letters.
fn free_units(campaign: &Campaign, in_letters: u64) -> Units {
    let available = campaign.stock.available;
    let kept = u32::try_from(in_letters).ok().and_then(Units::new);
    kept.and_then(|kept| available.minus(kept))
        .unwrap_or_default()
}
