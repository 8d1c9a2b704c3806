//! Committing a settlement in three steps: read the row, decide, write. Each layer is one named thing here.

use std::collections::HashSet;

use super::{Layers, Tables, failure};
use crate::campaign::{FencingToken, Phase};
use crate::error::StoreErrorKind;
use crate::rank::Sequence;
use crate::settle::SettlementPlan;
use crate::stock::{Level, Units};
use crate::store::{OutboxEntry, OutboxEvent, Settlement, StoreResult};

const OPERATION: &str = "commit_settlement";

/// The row that the decision is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
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
    let row = &tables.campaigns[&plan.campaign];
    let product = row.campaign.product;
    let stock = tables.products[&product].stock;
    if layers.constraints {
        // Whoever was faster has moved the version on.
        if row.campaign.phase == Phase::Settled {
            return Ok(Settlement::AlreadySettled);
        }
        constrain(tables, plan)?;
    }
    let stock = match stock.release(plan.unsold) {
        Some(stock) => stock,
        None if layers.constraints => return refuse("the product holds fewer units"),
        None => unchecked_release(stock, plan.unsold),
    };
    write(tables, plan, token, stock);
    Ok(Settlement::Committed)
}

/// Version and phase as the plan knew them, all of the quota and no more, one order a bidder.
fn constrain(tables: &Tables, plan: &SettlementPlan) -> StoreResult<()> {
    let row = &tables.campaigns[&plan.campaign];
    if row.campaign.version != plan.version || row.campaign.phase != Phase::Sealing {
        return refuse("the plan was made from another version");
    }
    let allocated = Units::try_from(plan.orders.len()).ok();
    if allocated.and_then(|units| units.plus(plan.unsold)) != Some(row.campaign.terms.quota) {
        return refuse("orders and unsold units do not add up to the quota");
    }
    let served = row.orders.iter().map(|place| tables.orders[*place].bidder);
    let mut bidders: HashSet<_> = served.collect();
    for order in &plan.orders {
        if order.campaign != plan.campaign || order.product != row.campaign.product {
            return refuse("an order is of another sale");
        }
        if !bidders.insert(order.bidder) || tables.order_index.contains_key(&order.id) {
            return refuse("a bidder has more than one order");
        }
    }
    Ok(())
}

fn write(tables: &mut Tables, plan: &SettlementPlan, token: FencingToken, stock: Level) {
    for order in &plan.orders {
        let place = tables.orders.len();
        tables.order_index.insert(order.id, place);
        tables
            .orders_of
            .entry(order.bidder)
            .or_default()
            .push(place);
        tables.orders.push(order.clone());
        announce(tables, OutboxEvent::OrderCreated(order.id));
    }
    announce(tables, OutboxEvent::CampaignSettled(plan.campaign));
    let places = tables.orders.len() - plan.orders.len()..tables.orders.len();
    if let Some(row) = tables.campaigns.get_mut(&plan.campaign) {
        row.orders.extend(places);
        row.orders.sort_by_key(|place| tables.orders[*place].rank());
        if let Some(product) = tables.products.get_mut(&row.campaign.product) {
            product.stock = stock;
        }
    }
    tables.change_phase(plan.campaign, Phase::Settled, token);
}

fn announce(tables: &mut Tables, event: OutboxEvent) {
    tables.outbox_end += 1;
    tables.outbox.push(OutboxEntry {
        position: tables.outbox_end,
        event,
    });
}

/// What a level becomes when nothing checks it: units come back that were not held.
fn unchecked_release(stock: Level, units: Units) -> Level {
    Level {
        available: stock.available.plus(units).unwrap_or(Units::MAX),
        held: stock.held.minus(units).unwrap_or_default(),
        ..stock
    }
}

fn refuse<T>(reason: &'static str) -> StoreResult<T> {
    Err(failure(OPERATION, StoreErrorKind::Conflict).because(reason))
}
