use std::collections::HashSet;

use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::settle::SettlementPlan;
use flashbid_core::stock::Units;
use flashbid_core::store::{OutboxEvent, Settlement};
use rusqlite::Connection;

use super::{bids, campaigns, orders, outbox};
use crate::error::DatabaseError;

/// Writes a plan, all of it or nothing: the writer is the row lock, the token the fence, and version, phase and the
/// constraints of the tables the rest.
pub(super) fn commit(
    tx: &Connection,
    plan: &SettlementPlan,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let (Some(campaign), Some(intake)) = (
        campaigns::find(tx, plan.campaign)?,
        campaigns::intake(tx, plan.campaign)?,
    ) else {
        return Err(DatabaseError::not_found("there is no such campaign"));
    };
    campaigns::require_token(&campaign, token)?;
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    if campaign.phase != Phase::Sealing || campaign.version != plan.version {
        return Err(DatabaseError::conflict(
            "the plan was made from another version",
        ));
    }
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
    let allocated = check_quota(&campaign, plan)?;
    campaigns::move_on(tx, &campaign, Phase::Settled, token, allocated, plan.unsold)?;
    campaigns::return_units(tx, &campaign, plan.unsold)?;
    for order in &plan.orders {
        orders::insert(tx, intake.number, order)?;
        outbox::append(tx, OutboxEvent::OrderCreated(order.id))?;
    }
    outbox::append(tx, OutboxEvent::CampaignSettled(campaign.id))?;
    Ok(Settlement::Committed)
}

/// All of the quota and no more, to buyers of this sale.
fn check_quota(campaign: &Campaign, plan: &SettlementPlan) -> Result<Units, DatabaseError> {
    let mut bidders = HashSet::with_capacity(plan.orders.len());
    for order in &plan.orders {
        if order.campaign != campaign.id || order.product != campaign.product {
            return Err(DatabaseError::conflict("an order is of another sale"));
        }
        if !bidders.insert(order.bidder) {
            return Err(DatabaseError::conflict("a bidder has more than one order"));
        }
    }
    let allocated = Units::try_from(plan.orders.len()).ok();
    allocated
        .filter(|units| units.plus(plan.unsold) == Some(campaign.terms.quota))
        .ok_or_else(|| {
            DatabaseError::conflict("orders and unsold units do not add up to the quota")
        })
}
