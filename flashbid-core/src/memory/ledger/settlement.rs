//! Committing a settlement in three steps: read the row, decide, write. Each layer is one named thing here.

use std::collections::HashSet;

use super::{Layers, Tables, failure};
use crate::campaign::{FencingToken, Phase};
use crate::error::StoreErrorKind;
use crate::id::CampaignId;
use crate::order::{Accounts, Order};
use crate::rank::Sequence;
use crate::settle::SettlementPlan;
use crate::stock::{Level, Units};
use crate::store::{OutboxEvent, Settlement, StoreResult};

const OPERATION: &str = "commit_settlement";

/// The row that the decision is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    first_come: bool,
    phase: Phase,
    fence: FencingToken,
    checkpoint: Sequence,
    last_recorded: Sequence,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Write,
    AlreadySettled,
}

impl Snapshot {
    pub(super) fn read(tables: &Tables, plan: &SettlementPlan) -> StoreResult<Self> {
        let row = tables
            .campaigns
            .get(&plan.campaign)
            .ok_or_else(|| failure(OPERATION, StoreErrorKind::NotFound))?;
        Ok(Self {
            first_come: row.campaign.terms.format.is_first_come(),
            phase: row.campaign.phase,
            fence: row.campaign.fence,
            checkpoint: row.log.checkpoint(),
            last_recorded: row.log.last_sequence(),
        })
    }
}

/// Decides from the row alone.
pub(super) fn decide(
    row: Snapshot,
    plan: &SettlementPlan,
    token: FencingToken,
    layers: Layers,
) -> StoreResult<Decision> {
    if layers.fence && token < row.fence {
        return Err(failure(OPERATION, StoreErrorKind::Fenced));
    }
    match row.phase {
        _ if row.first_come => refuse("the campaign is first-come"),
        Phase::Settled => Ok(Decision::AlreadySettled),
        Phase::Sealing if plan.sealed_at < row.last_recorded => {
            refuse("the ledger has bids that the sealed book lacked")
        }
        Phase::Sealing if plan.sealed_at <= row.checkpoint => Ok(Decision::Write),
        Phase::Sealing => refuse("the ledger lacks events of the sealed book"),
        _ => refuse("the campaign is not sealing"),
    }
}

/// Does what was decided. The constraints are checked against what is stored at the moment of writing.
pub(super) fn carry_out(
    decision: Decision,
    tables: &mut Tables,
    plan: &SettlementPlan,
    token: FencingToken,
    layers: Layers,
) -> StoreResult<Settlement> {
    if decision == Decision::AlreadySettled {
        return Ok(Settlement::AlreadySettled);
    }
    if layers.constraints {
        // Whoever was faster has moved the version on.
        if tables.campaigns[&plan.campaign].campaign.phase == Phase::Settled {
            return Ok(Settlement::AlreadySettled);
        }
        constrain(tables, plan)?;
    }
    let Some(accounts) = tables.accounts(plan.campaign) else {
        return refuse("the product is unknown");
    };
    let won = units_of(&plan.orders);
    let accounts = match move_units(accounts, won, plan.unsold) {
        Some(accounts) => accounts,
        None if layers.constraints => return refuse("the campaign has fewer units"),
        None => unchecked_move(accounts, won, plan.unsold),
    };
    tables.keep_accounts(plan.campaign, accounts);
    for order in &plan.orders {
        tables.insert_order(order.clone());
    }
    tables.announce(OutboxEvent::CampaignSettled(plan.campaign));
    tables.change_phase(plan.campaign, Phase::Settled, token);
    Ok(Settlement::Committed)
}

/// Version and phase as the plan knew them, all of the quota and no more, one order a bidder.
fn constrain(tables: &Tables, plan: &SettlementPlan) -> StoreResult<()> {
    let row = &tables.campaigns[&plan.campaign];
    if row.campaign.version != plan.version || row.campaign.phase != Phase::Sealing {
        return refuse("the plan was made from another version");
    }
    if units_of(&plan.orders).plus(plan.unsold) != Some(row.campaign.terms.quota) {
        return refuse("orders and unsold units do not add up to the quota");
    }
    admit_orders(tables, plan.campaign, &plan.orders).or_else(refuse)
}

/// Every order of this sale, and none for a bidder who has one; else why not.
pub(super) fn admit_orders(
    tables: &Tables,
    campaign: CampaignId,
    orders: &[Order],
) -> Result<(), &'static str> {
    let row = &tables.campaigns[&campaign];
    let mut bidders = HashSet::new();
    for order in orders {
        if order.campaign != campaign || order.product != row.campaign.product {
            return Err("an order is of another sale");
        }
        let mut others = tables.orders.of(order.bidder);
        let served = others.any(|other| other.campaign == campaign);
        if served || !bidders.insert(order.bidder) || tables.orders.get(order.id).is_some() {
            return Err("a bidder has more than one order");
        }
    }
    Ok(())
}

/// Units get their buyers, and others go back to the product; `None` when there are too few.
pub(super) fn move_units(accounts: Accounts, held: Units, returned: Units) -> Option<Accounts> {
    accounts.hold(held)?.give_back(returned)
}

/// What accounts become when nothing checks them: units are held and come back that were not there.
fn unchecked_move(accounts: Accounts, held: Units, returned: Units) -> Accounts {
    let plus = |units: Units, more| units.plus(more).unwrap_or(Units::MAX);
    let minus = |units: Units, fewer| units.minus(fewer).unwrap_or_default();
    Accounts {
        campaign: Level {
            available: minus(accounts.campaign.available, plus(held, returned)),
            held: plus(accounts.campaign.held, held),
            ..accounts.campaign
        },
        returned: plus(accounts.returned, returned),
        product: Level {
            available: plus(accounts.product.available, returned),
            held: minus(accounts.product.held, returned),
            ..accounts.product
        },
    }
}

pub(super) fn units_of(orders: &[Order]) -> Units {
    orders.iter().fold(Units::ZERO, |sum, order| {
        sum.plus(order.units).unwrap_or(Units::MAX)
    })
}

fn refuse<T>(reason: &'static str) -> StoreResult<T> {
    Err(failure(OPERATION, StoreErrorKind::Conflict).because(reason))
}
