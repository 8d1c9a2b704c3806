//! The table of orders, and how they move.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::ops::Bound::{Excluded, Unbounded};

use super::tables::Tables;
use crate::id::{BidderId, CampaignId, HoldId, OrderId};
use crate::order::{Moved, Order, OrderAction, OrderMove, OrderStatus, act};
use crate::store::{OrderChanges, Revision};
use crate::time::Timestamp;

/// Where an order is in the table.
pub(super) type Place = usize;

#[derive(Debug, Default)]
pub(super) struct Orders {
    rows: Vec<Versioned>,
    index: HashMap<OrderId, Place>,
    /// Newest first.
    of: HashMap<BidderId, BTreeSet<(Reverse<Timestamp>, OrderId, Place)>>,
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
        self.index.get(&id).map(|place| self.at(*place))
    }

    pub(super) fn at(&self, place: Place) -> &Order {
        &self.rows[place].order
    }

    /// The order that has, or first had, its units under `hold`.
    pub(super) fn of_hold(&self, hold: HoldId) -> Option<&Order> {
        let first = self.get(hold.into());
        first.or_else(|| self.get(*self.again.get(&hold)?))
    }

    /// The orders of a bidder, newest first.
    pub(super) fn of(&self, bidder: BidderId) -> impl ExactSizeIterator<Item = &Order> {
        static NONE: BTreeSet<(Reverse<Timestamp>, OrderId, Place)> = BTreeSet::new();
        let places = self.of.get(&bidder).unwrap_or(&NONE);
        places.iter().map(|(.., place)| self.at(*place))
    }

    pub(super) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = &Order> {
        let due = self.due.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(|(_, id)| self.get(*id))
    }

    /// Adds a row, whether or not there is one of that id: keeping ids apart is a constraint, and those may be off.
    pub(super) fn insert(&mut self, order: Order, revision: Revision) -> Place {
        let place = self.rows.len();
        self.note(&order);
        self.index.insert(order.id, place);
        let of_bidder = self.of.entry(order.bidder).or_default();
        of_bidder.insert((Reverse(order.created_at), order.id, place));
        self.rows.push(Versioned { order, revision });
        place
    }

    /// Writes what a known order has become, and answers its place and the revision in which it changed before.
    pub(super) fn update(&mut self, order: Order, revision: Revision) -> Option<(Place, Revision)> {
        let place = *self.index.get(&order.id)?;
        self.note(&order);
        let before = mem::replace(&mut self.rows[place], Versioned { order, revision });
        Some((place, before.revision))
    }

    fn note(&mut self, order: &Order) {
        if order.hold != HoldId::from(order.id) {
            self.again.insert(order.hold, order.id);
        }
        let due = (order.pay_by, order.id);
        if order.status == OrderStatus::PendingPayment {
            self.due.insert(due);
        } else {
            self.due.remove(&due);
        }
    }
}

impl Tables {
    /// Moves an order as the rule says; `None` for an unknown one.
    pub(super) fn move_order(&mut self, one: &OrderMove) -> Option<Moved> {
        let order = self.orders.get(one.order)?;
        let before = order.status;
        let campaign = &self.campaigns.get(&order.campaign)?.campaign;
        let accounts = self.accounts(order.campaign)?;
        let action = self.judged(order, &one.action);
        let Some((order, accounts)) = act(order, campaign, accounts, &action, one.at) else {
            let order = order.clone();
            return Some(Moved { order, before });
        };
        self.keep_accounts(order.campaign, accounts);
        self.update_order(order.clone());
        Some(Moved { order, before })
    }

    /// An action without units taken again that the order must not have: under a hold that was said to be void they are
    /// free for others, and its buyer may have as many as the limit says.
    fn judged(&self, order: &Order, action: &OrderAction) -> OrderAction {
        let may = |hold: &HoldId| !self.voids.contains_key(hold) && self.within_limit(order);
        match action {
            OrderAction::Pay { payment, again } => OrderAction::Pay {
                payment: payment.clone(),
                again: again.filter(may),
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
        for (revision, place) in behind.take(limit as usize) {
            found.through = *revision;
            found.orders.push(self.orders.at(*place).clone());
        }
        found
    }
}
