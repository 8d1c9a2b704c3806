//! Ending a first-come sale, and what comes behind the end of a ranked one.

use super::settlement::{admit_orders, move_units, units_of};
use super::{Layers, Tables, failure};
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::error::{StoreError, StoreErrorKind};
use crate::id::CampaignId;
use crate::settle::OfferPlan;
use crate::stock::Units;
use crate::store::{OutboxEvent, Settlement, StoreResult};

/// Ends a first-come campaign.
pub(super) fn end_sale(
    tables: &mut Tables,
    id: CampaignId,
    version: u64,
    token: FencingToken,
    layers: Layers,
) -> StoreResult<Settlement> {
    let campaign = fenced(tables, "end_sale", id, token, layers)?;
    let refuse = |reason| Err(refused("end_sale", reason));
    if !campaign.terms.format.is_first_come() {
        return refuse("the campaign is ranked");
    }
    if campaign.phase == Phase::Settled {
        return Ok(Settlement::AlreadySettled);
    }
    if campaign.version != version || campaign.phase != Phase::Sealing {
        return refuse("the campaign is at another version");
    }
    let free = unpromised(tables, id, campaign.stock.available);
    let Some(accounts) = tables.accounts(id).and_then(|all| all.give_back(free)) else {
        return refuse("the product holds fewer units");
    };
    tables.keep_accounts(id, accounts);
    tables.announce(OutboxEvent::CampaignSettled(id));
    tables.change_phase(id, Phase::Settled, token);
    Ok(Settlement::Committed)
}

/// Offers units that a settled campaign has left, and returns others.
pub(super) fn offer(
    tables: &mut Tables,
    plan: &OfferPlan,
    token: FencingToken,
    layers: Layers,
) -> StoreResult<()> {
    let id = plan.campaign;
    let campaign = fenced(tables, "commit_offers", id, token, layers)?;
    let refuse = |reason| Err(refused("commit_offers", reason));
    if campaign.phase != Phase::Settled {
        return refuse("the campaign is not settled");
    }
    admit_orders(tables, id, &plan.orders).or_else(refuse)?;
    let offered = units_of(&plan.orders);
    let free = unpromised(tables, id, campaign.stock.available);
    let wanted = offered.plus(plan.returned);
    let Some(moved) = wanted
        .filter(|wanted| *wanted <= free)
        .and_then(|_| move_units(tables.accounts(id)?, offered, plan.returned))
    else {
        return refuse("fewer units are left");
    };
    tables.keep_accounts(id, moved);
    for order in &plan.orders {
        tables.insert_order(order.clone());
    }
    if let Some(row) = tables.campaigns.get_mut(&id) {
        row.campaign.fence = token;
    }
    Ok(())
}

/// What is available without the units that are set aside.
fn unpromised(tables: &Tables, campaign: CampaignId, available: Units) -> Units {
    let aside = tables.letters.units(campaign);
    available.minus(aside).unwrap_or_default()
}

/// A known campaign, unless the token is older than its fence.
fn fenced<'a>(
    tables: &'a Tables,
    operation: &'static str,
    id: CampaignId,
    token: FencingToken,
    layers: Layers,
) -> StoreResult<&'a Campaign> {
    let Some(row) = tables.campaigns.get(&id) else {
        return Err(failure(operation, StoreErrorKind::NotFound));
    };
    if layers.fence && token < row.campaign.fence {
        return Err(failure(operation, StoreErrorKind::Fenced));
    }
    Ok(&row.campaign)
}

fn refused(operation: &'static str, reason: &'static str) -> StoreError {
    failure(operation, StoreErrorKind::Conflict).because(reason)
}
