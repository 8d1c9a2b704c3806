//! What a ledger in memory has, and how its parts change together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::discrepancies::Notices;
use super::log::BidLog;
use super::orders::{Orders, Place};
use super::purchases::Letters;
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::id::{BidderId, CampaignId, HoldId, OrderId, ProductId, StockChangeId};
use crate::order::{Accounts, Order};
use crate::product::Product;
use crate::purchase::VoidReason;
use crate::rank::Rank;
use crate::stock::Units;
use crate::store::{Epoch, OutboxEntry, OutboxEvent, Page, Revision, StockChange};
use crate::time::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) products: HashMap<ProductId, Product>,
    /// Newest first.
    pub(super) products_by_age: BTreeSet<(Reverse<Timestamp>, ProductId)>,
    pub(super) stock_changes: HashMap<StockChangeId, (ProductId, StockChange)>,
    pub(super) campaigns: HashMap<CampaignId, Row>,
    /// Newest first.
    pub(super) campaigns_by_age: BTreeSet<(Reverse<Timestamp>, CampaignId)>,
    /// Newest first.
    pub(super) campaigns_of: HashMap<ProductId, BTreeSet<(Reverse<Timestamp>, CampaignId)>>,
    /// The campaigns that are neither settled nor cancelled, the first to end first.
    pub(super) live: BTreeSet<(Timestamp, CampaignId)>,
    pub(super) orders: Orders,
    pub(super) voids: HashMap<HoldId, VoidReason>,
    pub(super) letters: Letters,
    pub(super) notices: Notices,
    /// By ascending position.
    pub(super) outbox: Vec<OutboxEntry>,
    outbox_end: u64,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) campaign: Campaign,
    pub(super) epoch: Epoch,
    pub(super) log: BidLog,
    /// By rank, those without one behind, by age, then by id.
    pub(super) orders: BTreeSet<(bool, Option<Rank>, Timestamp, OrderId, Place)>,
    /// The units of the orders that hold stock, by buyer.
    pub(super) taken: HashMap<BidderId, Units>,
    /// The last change of orders.
    pub(super) revision: Revision,
    /// Each order once, by its last change.
    pub(super) changes: BTreeMap<Revision, Place>,
}

impl Tables {
    pub(super) fn insert_campaign(&mut self, campaign: Campaign) {
        let id = campaign.id;
        let age = (Reverse(campaign.created_at), id);
        self.campaigns_by_age.insert(age);
        let of_product = self.campaigns_of.entry(campaign.product).or_default();
        of_product.insert(age);
        if is_live(campaign.phase) {
            self.live.insert((campaign.terms.window.end(), id));
        }
        let row = Row {
            campaign,
            epoch: Epoch::default(),
            log: BidLog::default(),
            orders: BTreeSet::new(),
            taken: HashMap::new(),
            revision: Revision::ZERO,
            changes: BTreeMap::new(),
        };
        self.campaigns.insert(id, row);
    }

    /// Moves a known campaign on, and gives back what it has available when it is called off.
    pub(super) fn change_phase(&mut self, id: CampaignId, to: Phase, token: FencingToken) {
        let Some(row) = self.campaigns.get_mut(&id) else {
            return;
        };
        let campaign = &mut row.campaign;
        campaign.phase = to;
        campaign.version += 1;
        campaign.fence = token;
        if !is_live(to) {
            self.live.remove(&(campaign.terms.window.end(), id));
        }
        if to == Phase::Cancelled {
            let left = campaign.stock.available;
            if let Some(returned) = self.accounts(id).and_then(|all| all.give_back(left)) {
                self.keep_accounts(id, returned);
            }
        }
    }

    /// The accounts of a campaign; `None` when it is unknown.
    pub(super) fn accounts(&self, id: CampaignId) -> Option<Accounts> {
        let campaign = &self.campaigns.get(&id)?.campaign;
        let product = self.products.get(&campaign.product)?;
        Some(Accounts::of(campaign, product.stock))
    }

    pub(super) fn keep_accounts(&mut self, id: CampaignId, accounts: Accounts) {
        if let Some(row) = self.campaigns.get_mut(&id) {
            row.campaign.stock = accounts.campaign;
            row.campaign.returned = accounts.returned;
            if let Some(product) = self.products.get_mut(&row.campaign.product) {
                product.stock = accounts.product;
            }
        }
    }

    /// Writes a new order of a known campaign, and tells of it.
    pub(super) fn insert_order(&mut self, order: Order) {
        let Some(row) = self.campaigns.get_mut(&order.campaign) else {
            return;
        };
        let (id, rank) = (order.id, order.rank());
        let at = (rank.is_none(), rank, order.created_at, id);
        row.count(&order, true);
        row.revision = row.revision.next();
        let place = self.orders.insert(order, row.revision);
        row.orders.insert((at.0, at.1, at.2, at.3, place));
        row.changes.insert(row.revision, place);
        self.announce(OutboxEvent::OrderCreated(id));
    }

    /// Writes what an order has become, and tells of it.
    pub(super) fn update_order(&mut self, order: Order) {
        let (Some(row), Some(before)) = (
            self.campaigns.get_mut(&order.campaign),
            self.orders.get(order.id),
        ) else {
            return;
        };
        let id = order.id;
        row.count(before, false);
        row.count(&order, true);
        row.revision = row.revision.next();
        if let Some((place, last)) = self.orders.update(order, row.revision) {
            row.changes.remove(&last);
            row.changes.insert(row.revision, place);
        }
        self.announce(OutboxEvent::OrderMoved(id));
    }

    pub(super) fn announce(&mut self, event: OutboxEvent) {
        self.outbox_end += 1;
        self.outbox.push(OutboxEntry {
            position: self.outbox_end,
            event,
        });
    }

    pub(super) fn with_units_left(&self, page: Page) -> Vec<Campaign> {
        let left = |campaign: &&Campaign| {
            campaign.phase == Phase::Settled && campaign.stock.available > Units::ZERO
        };
        let all = self.campaigns.values().map(|row| &row.campaign);
        let mut campaigns: Vec<&Campaign> = all.filter(left).collect();
        campaigns.sort_unstable_by_key(|campaign| campaign.id);
        super::listing(campaigns.into_iter(), page, Campaign::clone).items
    }
}

impl Row {
    /// Counts what an order holds to what its buyer has, or takes it from that.
    fn count(&mut self, order: &Order, more: bool) {
        if !order.status.holds_stock() {
            return;
        }
        let taken = self.taken.entry(order.bidder).or_default();
        *taken = if more {
            taken.plus(order.units).unwrap_or(Units::MAX)
        } else {
            taken.minus(order.units).unwrap_or_default()
        };
    }
}

const fn is_live(phase: Phase) -> bool {
    !matches!(phase, Phase::Settled | Phase::Cancelled)
}
