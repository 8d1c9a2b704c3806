//! The table of orders, and how they move.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};

use super::tables::Tables;
use crate::id::{BidderId, CampaignId, HoldId, OrderId};
use crate::order::{Moved, Order, OrderAction, OrderMove, OrderStatus, act};
use crate::store::{OrderChanges, Revision};
use crate::time::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Orders {
    all: HashMap<OrderId, Versioned>,
    /// Newest first.
    of: HashMap<BidderId, BTreeSet<(Reverse<Timestamp>, OrderId)>>,
    /// Those that await payment, the first to be overdue first.
    due: BTreeSet<(Timestamp, OrderId)>,
    /// The orders whose units were taken again, by the hold of that.
    again: HashMap<HoldId, OrderId>,
}

#[derive(Debug)]
struct Versioned {
    order: Order,
    /// Its last change.
    revision: Revision,
}

impl Orders {
    pub(super) fn get(&self, id: OrderId) -> Option<&Order> {
        self.all.get(&id).map(|row| &row.order)
    }

    /// An order that some index names.
    pub(super) fn known(&self, id: OrderId) -> &Order {
        &self.all[&id].order
    }

    /// The order that has, or first had, its units under `hold`.
    pub(super) fn of_hold(&self, hold: HoldId) -> Option<&Order> {
        let first = self.get(hold.into());
        first.or_else(|| self.get(*self.again.get(&hold)?))
    }

    /// The orders of a bidder, newest first.
    pub(super) fn of(&self, bidder: BidderId) -> impl ExactSizeIterator<Item = OrderId> {
        static NONE: BTreeSet<(Reverse<Timestamp>, OrderId)> = BTreeSet::new();
        let ids = self.of.get(&bidder).unwrap_or(&NONE);
        ids.iter().map(|(_, id)| *id)
    }

    pub(super) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = &Order> {
        let due = self.due.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, id)| self.known(*id))
    }

    /// Writes an order, new or changed, and answers the revision in which it changed before.
    pub(super) fn write(&mut self, order: Order, revision: Revision) -> Option<Revision> {
        let id = order.id;
        if order.status == OrderStatus::PendingPayment {
            self.due.insert((order.pay_by, id));
        } else {
            self.due.remove(&(order.pay_by, id));
        }
        if order.hold != HoldId::from(id) {
            self.again.insert(order.hold, id);
        }
        let of_bidder = self.of.entry(order.bidder).or_default();
        of_bidder.insert((Reverse(order.created_at), id));
        let before = self.all.insert(id, Versioned { order, revision });
        before.map(|row| row.revision)
    }
}

impl Tables {
    /// Moves an order as the rule says; `None` for an unknown one.
    pub(super) fn move_order(&mut self, one: &OrderMove) -> Option<Moved> {
        let order = self.orders.get(one.order)?;
        let before = order.status;
        let campaign = &self.campaigns.get(&order.campaign)?.campaign;
        let accounts = self.accounts(order.campaign)?;
        let action = self.judged(&one.action);
        let Some((order, accounts)) = act(order, campaign, accounts, &action, one.at) else {
            let order = order.clone();
            return Some(Moved { order, before });
        };
        self.keep_accounts(order.campaign, accounts);
        self.write_order(order.clone());
        Some(Moved { order, before })
    }

    /// An action without units taken again under a hold that was said to be void: those are free for others.
    fn judged(&self, action: &OrderAction) -> OrderAction {
        match action {
            OrderAction::Pay { payment, again } => OrderAction::Pay {
                payment: payment.clone(),
                again: again.filter(|hold| !self.voids.contains_key(hold)),
            },
            other => other.clone(),
        }
    }

    pub(super) fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> OrderChanges {
        let mut found = OrderChanges {
            through: Revision::ZERO,
            orders: Vec::new(),
        };
        let Some(row) = self.campaigns.get(&campaign) else {
            return found;
        };
        found.through = row.revision;
        let behind = row.changes.range((Excluded(after), Unbounded));
        for (revision, id) in behind.take(limit as usize) {
            found.through = *revision;
            found.orders.push(self.orders.known(*id).clone());
        }
        found
    }
}
