//! Orders on their way: each move by the pure rule, from what is stored at that moment.

use flashbid_core::order::{Moved, Order, OrderAction, OrderMove, act};
use flashbid_core::store::OutboxEvent;
use rusqlite::Connection;

use super::purchases::within_limit;
use super::sales::Sales;
use super::{holds, orders, outbox};
use crate::error::DatabaseError;

/// Moves orders. An error is to be rolled back.
pub(super) fn carry_out(
    tx: &Connection,
    asked: &[OrderMove],
) -> Result<Vec<Option<Moved>>, DatabaseError> {
    let mut sales = Sales::of(tx);
    let mut moved = Vec::with_capacity(asked.len());
    for one in asked {
        moved.push(carry_out_one(tx, &mut sales, one)?);
    }
    sales.save()?;
    Ok(moved)
}

fn carry_out_one(
    tx: &Connection,
    sales: &mut Sales<'_>,
    asked: &OrderMove,
) -> Result<Option<Moved>, DatabaseError> {
    let Some(order) = orders::find(tx, asked.order)? else {
        return Ok(None);
    };
    let before = order.status;
    let accounts = sales.accounts(order.campaign)?;
    let action = judged(tx, sales, &order, &asked.action)?;
    let sale = sales.require(order.campaign)?;
    let Some((order, accounts)) = act(&order, &sale.campaign, accounts, &action, asked.at) else {
        return Ok(Some(Moved { order, before }));
    };
    orders::update(tx, &order, before, sale.next_revision())?;
    outbox::append(tx, OutboxEvent::OrderMoved(order.id))?;
    sales.set_accounts(order.campaign, accounts)?;
    Ok(Some(Moved { order, before }))
}

/// Units that were taken again under a hold that is void are free for others, and a buyer may have as many as the limit
/// says: else the payment comes without them.
fn judged(
    tx: &Connection,
    sales: &mut Sales<'_>,
    order: &Order,
    action: &OrderAction,
) -> Result<OrderAction, DatabaseError> {
    let mut action = action.clone();
    if let OrderAction::Pay { again, .. } = &mut action
        && let Some(hold) = *again
        && (holds::void_reason(tx, hold)?.is_some() || !within_limit(tx, sales, order)?)
    {
        *again = None;
    }
    Ok(action)
}
