//! What ends a sale, and what follows from its end.

use std::collections::HashSet;

use flashbid_core::campaign::{Campaign, FencingToken, Phase};
use flashbid_core::id::CampaignId;
use flashbid_core::order::{Accounts, Order};
use flashbid_core::settle::{OfferPlan, SettlementPlan};
use flashbid_core::stock::Units;
use flashbid_core::store::{OutboxEvent, Settlement};

use super::campaigns::{self, Locked};
use super::{bids, checkpoints, letters, orders, outbox};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// Writes a plan, all of it or nothing: the row of the campaign is locked, the token is the fence, and version, phase
/// and the constraints of the tables are the rest.
pub(super) async fn commit(
    tx: &mut Transaction<'_>,
    plan: &SettlementPlan,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let locked = campaigns::lock(tx, plan.campaign).await?;
    locked.require_token(token)?;
    let campaign = &locked.campaign;
    if campaign.terms.format.is_first_come() {
        return Err(DatabaseError::conflict("the campaign is first-come"));
    }
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    require_sealing(campaign, plan.version)?;
    if plan.sealed_at > checkpoints::lock(tx, locked.number).await? {
        return Err(DatabaseError::conflict(
            "the ledger lacks events of the sealed book",
        ));
    }
    if bids::any_behind(tx, locked.number, plan.sealed_at).await? {
        return Err(DatabaseError::conflict(
            "the ledger has bids that the sealed book lacked",
        ));
    }
    let won = units_for_buyers(campaign, &plan.orders)?;
    if won.plus(plan.unsold) != Some(campaign.terms.quota) {
        return Err(DatabaseError::conflict(
            "orders and unsold units do not add up to the quota",
        ));
    }
    orders::insert(tx, &locked, &plan.orders).await?;
    let mut settled = locked.moved_on(Phase::Settled, token);
    let accounts = moved(campaigns::accounts(tx, campaign).await?, won, plan.unsold)?;
    campaigns::keep_accounts(tx, &mut settled, accounts).await?;
    campaigns::keep(tx, &locked, &settled, plan.orders.len()).await?;
    let mut events = created(&plan.orders);
    events.push(OutboxEvent::CampaignSettled(campaign.id));
    outbox::append(tx, &events).await?;
    Ok(Settlement::Committed)
}

/// Ends a first-come campaign.
pub(super) async fn end_sale(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    version: u64,
    token: FencingToken,
) -> Result<Settlement, DatabaseError> {
    let locked = campaigns::lock(tx, campaign).await?;
    locked.require_token(token)?;
    let campaign = &locked.campaign;
    if !campaign.terms.format.is_first_come() {
        return Err(DatabaseError::conflict("the campaign is ranked"));
    }
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    require_sealing(campaign, version)?;
    let free = unpromised(tx, &locked).await?;
    let mut settled = locked.moved_on(Phase::Settled, token);
    let accounts = moved(campaigns::accounts(tx, campaign).await?, Units::ZERO, free)?;
    campaigns::keep_accounts(tx, &mut settled, accounts).await?;
    campaigns::keep(tx, &locked, &settled, 0).await?;
    outbox::append(tx, &[OutboxEvent::CampaignSettled(campaign.id)]).await?;
    Ok(Settlement::Committed)
}

/// Offers units that a settled campaign has left, and returns others.
pub(super) async fn offer(
    tx: &mut Transaction<'_>,
    plan: &OfferPlan,
    token: FencingToken,
) -> Result<(), DatabaseError> {
    let locked = campaigns::lock(tx, plan.campaign).await?;
    locked.require_token(token)?;
    let campaign = &locked.campaign;
    if campaign.phase != Phase::Settled {
        return Err(DatabaseError::conflict("the campaign is not settled"));
    }
    let offered = units_for_buyers(campaign, &plan.orders)?;
    let wanted = offered.plus(plan.returned);
    let free = unpromised(tx, &locked).await?;
    if wanted.is_none_or(|wanted| wanted > free) {
        return Err(DatabaseError::conflict("fewer units are left"));
    }
    orders::insert(tx, &locked, &plan.orders).await?;
    let mut changed = Campaign {
        fence: token,
        ..campaign.clone()
    };
    let accounts = campaigns::accounts(tx, campaign).await?;
    let accounts = moved(accounts, offered, plan.returned)?;
    campaigns::keep_accounts(tx, &mut changed, accounts).await?;
    campaigns::keep(tx, &locked, &changed, plan.orders.len()).await?;
    outbox::append(tx, &created(&plan.orders)).await
}

fn require_sealing(campaign: &Campaign, version: u64) -> Result<(), DatabaseError> {
    if campaign.phase != Phase::Sealing || campaign.version != version {
        return Err(DatabaseError::conflict(
            "the campaign is at another version",
        ));
    }
    Ok(())
}

/// The units of orders, all of which are of this sale and for different bidders. That none of these has one already is
/// for the table to say.
fn units_for_buyers(campaign: &Campaign, orders: &[Order]) -> Result<Units, DatabaseError> {
    let mut bidders = HashSet::with_capacity(orders.len());
    let mut sum = Some(Units::ZERO);
    for order in orders {
        if order.campaign != campaign.id || order.product != campaign.product {
            return Err(DatabaseError::conflict("an order is of another sale"));
        }
        if !bidders.insert(order.bidder) {
            return Err(DatabaseError::conflict("a bidder has more than one order"));
        }
        sum = sum.and_then(|sum| sum.plus(order.units));
    }
    sum.ok_or_else(|| DatabaseError::conflict("there are too many units"))
}

/// What is available without the units that are set aside.
async fn unpromised(tx: &mut Transaction<'_>, locked: &Locked) -> Result<Units, DatabaseError> {
    let aside = letters::units(tx, locked.number).await?;
    let available = locked.campaign.stock.available;
    Ok(available.minus(aside).unwrap_or_default())
}

/// Units get their buyers, and others go back to the product.
fn moved(accounts: Accounts, held: Units, returned: Units) -> Result<Accounts, DatabaseError> {
    let moved = accounts.hold(held).and_then(|all| all.give_back(returned));
    moved.ok_or_else(|| DatabaseError::conflict("fewer units are left"))
}

fn created(orders: &[Order]) -> Vec<OutboxEvent> {
    let created = |order: &Order| OutboxEvent::OrderCreated(order.id);
    orders.iter().map(created).collect()
}
