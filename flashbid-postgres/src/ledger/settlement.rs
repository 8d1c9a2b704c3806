use std::collections::HashSet;

use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::settle::SettlementPlan;
use flashbid_core::stock::Units;
use flashbid_core::store::{OutboxEvent, Settlement};

use super::{bids, campaigns, orders, outbox, products};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// Writes a plan, all of it or nothing: the row of the campaign is locked, the token is the fence, and version, phase
/// and the constraints of the tables are the rest.
pub(super) async fn commit(
    tx: &mut Transaction<'_>,
    plan: &SettlementPlan,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let Some((number, campaign)) = campaigns::lock(tx, plan.campaign).await? else {
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
    if plan.sealed_at > campaigns::lock_checkpoint(tx, number).await? {
        return Err(DatabaseError::conflict(
            "the ledger lacks events of the sealed book",
        ));
    }
    if bids::any_behind(tx, number, plan.sealed_at).await? {
        return Err(DatabaseError::conflict(
            "the ledger has bids that the sealed book lacked",
        ));
    }
    let allocated = check_quota(&campaign, plan)?;
    campaigns::move_on(tx, &campaign, Phase::Settled, token, allocated, plan.unsold).await?;
    products::give_back(tx, campaign.product, plan.unsold).await?;
    orders::insert(tx, number, &plan.orders).await?;
    let mut events: Vec<_> = plan
        .orders
        .iter()
        .map(|order| OutboxEvent::OrderCreated(order.id))
        .collect();
    events.push(OutboxEvent::CampaignSettled(campaign.id));
    outbox::append(tx, &events).await?;
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
