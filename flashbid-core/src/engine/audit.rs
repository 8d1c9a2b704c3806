//! Proving a sale from the ledger alone: the orders of a ranked campaign are exactly the best of its bids, each once, and
//! then the next below; those of a first-come campaign keep to its price and limit; all of them are within the stock.

use std::collections::{HashMap, HashSet};

use super::Engine;
use crate::bid::{AcceptedBid, replaces};
use crate::campaign::{Campaign, Format, Phase};
use crate::error::{Error, Rejection, Result, StoreError, StoreErrorKind};
use crate::id::{BidderId, CampaignId};
use crate::money::Money;
use crate::order::{Order, OrderStatus, Origin};
use crate::product::Product;
use crate::rank::{Rank, Sequence};
use crate::stock::{Level, Units};
use crate::store::{Ledger, Revision};

/// Entries read at once.
const PAGE: u32 = 10_000;

/// How often a campaign is read that changes meanwhile.
const STEADY: u32 = 5;

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which campaign.
    pub campaign: CampaignId,
    /// How far it has come.
    pub phase: Phase,
    /// Accepted bids; of a first-come campaign the purchases of which orders were made.
    pub entries: usize,
    /// Whose they are.
    pub participants: usize,
    /// Whether units were sold to whoever came first.
    pub is_first_come: bool,
    /// Orders that hold units.
    pub orders: usize,
    /// Units the campaign may allocate.
    pub quota: u32,
    /// Units of the product, wherever they are.
    pub stock: u64,
    /// What is wrong, a plain sentence each; empty when nothing is.
    pub violations: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_consistent(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Engine {
    /// Audits a campaign from what the ledger has.
    ///
    /// # Errors
    /// [`Error::Rejected`] for an unknown campaign, [`Error::Store`].
    pub async fn verify(&self, campaign: CampaignId) -> Result<Verdict> {
        verify(&**self.ledger(), campaign).await
    }

    /// Whether the orders of a campaign are within its units and its product's, and no buyer has more than one may. Much
    /// cheaper than [`Engine::verify`], for it reads no bids.
    ///
    /// # Errors
    /// As [`Engine::verify`].
    pub async fn orders_are_sound(&self, campaign: CampaignId) -> Result<bool> {
        let read = read(&**self.ledger(), campaign).await;
        match read {
            Ok((campaign, product, orders)) => {
                Ok(audit_orders(&campaign, &product, &orders).is_empty())
            }
            // In a rush there is no quiet moment: what can be told then is told by the campaign alone.
            Err(Error::Store(error)) if error.backend == "engine" => {
                let current = self.campaign(campaign).await?;
                let current = current.ok_or(Rejection::UnknownCampaign)?;
                let units = current.stock.loaded() + u64::from(current.returned.get());
                Ok(units == u64::from(current.terms.quota.get()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Audits a campaign from what `ledger` has; needs no engine.
///
/// # Errors
/// [`Error::Rejected`] for an unknown campaign or product, [`Error::Store`], also when its orders change all the time while
/// they are read.
pub async fn verify(ledger: &dyn Ledger, campaign: CampaignId) -> Result<Verdict> {
    let (found, product, orders) = read(ledger, campaign).await?;
    let mut bids: Vec<AcceptedBid> = Vec::new();
    loop {
        let after = bids.last().map_or(Sequence::ZERO, |bid| bid.sequence);
        let page = ledger.bids(campaign, after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        bids.extend(page);
    }
    Ok(audit(&found, &product, &bids, &orders))
}

/// A campaign, its product and all its orders, as they were at one moment. They are read in several calls: when an order was
/// made or changed in between, because people buy and pay, they are read again.
///
/// # Errors
/// [`Unavailable`](StoreErrorKind::Unavailable) when they change all the time.
async fn read(ledger: &dyn Ledger, id: CampaignId) -> Result<(Campaign, Product, Vec<Order>)> {
    for _ in 0..STEADY {
        let (mut orders, mut through) = (Vec::new(), Revision::ZERO);
        loop {
            let changes = ledger.order_changes(id, through, PAGE).await?;
            if changes.orders.is_empty() {
                break;
            }
            through = changes.through;
            orders.extend(changes.orders);
        }
        let campaign = ledger.campaign(id).await?;
        let campaign = campaign.ok_or(Rejection::UnknownCampaign)?;
        let product = ledger.product(campaign.product).await?;
        let product = product.ok_or(Rejection::UnknownProduct)?;
        if ledger
            .order_changes(id, through, 1)
            .await?
            .orders
            .is_empty()
        {
            orders.sort_by_key(|order| (order.rank(), order.created_at, order.id));
            return Ok((campaign, product, orders));
        }
    }
    Err(
        StoreError::new("engine", "verify", StoreErrorKind::Unavailable)
            .because("the orders change while they are read")
            .into(),
    )
}

/// Audits the orders of a campaign beside its units: `orders` are all its orders. Answers what is wrong. Whether they are
/// the right ones only its bids can tell; see [`audit`].
pub fn audit_orders(campaign: &Campaign, product: &Product, orders: &[Order]) -> Vec<String> {
    let mut violations = Vec::new();
    audit_units(campaign, product, orders, &mut violations);
    match campaign.terms.format {
        Format::Ranked { .. } => one_each(orders, &mut violations),
        Format::FirstCome { price, per_buyer } => {
            audit_purchases(campaign, price, per_buyer, orders, &mut violations);
        }
    }
    violations
}

/// Audits a campaign: `bids` are all its recorded bids by ascending sequence, `orders` all its orders.
pub fn audit(
    campaign: &Campaign,
    product: &Product,
    bids: &[AcceptedBid],
    orders: &[Order],
) -> Verdict {
    let standings = standings(campaign.terms.format, bids);
    let holding = orders
        .iter()
        .filter(|order| order.status.holds_stock())
        .count();
    let mut violations = audit_orders(campaign, product, orders);
    if !campaign.terms.format.is_first_come() {
        audit_bids(campaign, bids, &mut violations);
        audit_winners(campaign, &standings, orders, &mut violations);
    }
    let is_first_come = campaign.terms.format.is_first_come();
    let (entries, participants) = if is_first_come {
        let buyers: HashSet<BidderId> = orders.iter().map(|order| order.bidder).collect();
        (orders.len(), buyers.len())
    } else {
        (bids.len(), standings.len())
    };
    Verdict {
        campaign: campaign.id,
        phase: campaign.phase,
        entries,
        participants,
        is_first_come,
        orders: holding,
        quota: campaign.terms.quota.get(),
        stock: product.stock.loaded(),
        violations,
    }
}

/// The standings that `bids`, by ascending sequence, come to; best first. Recomputed here by sorting, independently of
/// any book. Without any in a first-come campaign.
pub fn standings(format: Format, bids: &[AcceptedBid]) -> Vec<&AcceptedBid> {
    let Format::Ranked { rebid, .. } = format else {
        return Vec::new();
    };
    let mut current: HashMap<BidderId, &AcceptedBid> = HashMap::new();
    for bid in bids {
        let standing = current.entry(bid.bidder).or_insert(bid);
        if replaces(rebid, standing.rank_key(), bid.rank_key()) {
            *standing = bid;
        }
    }
    let mut ranked: Vec<_> = current.into_values().collect();
    ranked.sort_unstable_by_key(|bid| bid.rank_key());
    ranked
}

fn audit_bids(campaign: &Campaign, bids: &[AcceptedBid], violations: &mut Vec<String>) {
    let window = campaign.terms.window;
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        return;
    };
    for pair in bids.windows(2) {
        if pair[1].sequence <= pair[0].sequence {
            violations.push(format!(
                "sequence {} follows {}",
                pair[1].sequence, pair[0].sequence
            ));
        }
        if pair[1].at < pair[0].at {
            violations.push(format!(
                "bid {} is earlier than the one accepted before it",
                pair[1].sequence
            ));
        }
    }
    for bid in bids {
        if bid.at < window.start()
            || bid.at >= window.end()
            || bid.elapsed_ms != window.elapsed_ms(bid.at)
        {
            violations.push(format!("bid {} is outside the window", bid.sequence));
        }
        if bid.price < campaign.terms.min_price {
            violations.push(format!("bid {} is below the reserve price", bid.sequence));
        }
        if bid.score != weights.score(bid.price, bid.elapsed_ms, bid.weight) {
            violations.push(format!(
                "bid {} has score {}, which its price does not give",
                bid.sequence, bid.score
            ));
        }
    }
}

fn audit_units(
    campaign: &Campaign,
    product: &Product,
    orders: &[Order],
    violations: &mut Vec<String>,
) {
    let of = |status| {
        let orders = orders.iter().filter(|order| order.status == status);
        orders
            .map(|order| u64::from(order.units.get()))
            .sum::<u64>()
    };
    let (held, sold) = (of(OrderStatus::PendingPayment), of(OrderStatus::Paid));
    let (quota, stock) = (
        u64::from(campaign.terms.quota.get()),
        product.stock.loaded(),
    );
    if held + sold > quota {
        violations.push(format!(
            "orders hold {} units, but the quota is {quota}",
            held + sold
        ));
    }
    let promised = quota.saturating_sub(u64::from(campaign.returned.get()));
    if promised > stock {
        violations.push(format!(
            "{promised} units are promised, but the product has {stock}"
        ));
    }
    let Level {
        held: counted,
        sold: counted_sold,
        ..
    } = campaign.stock;
    let counted = (u64::from(counted.get()), u64::from(counted_sold.get()));
    if counted != (held, sold) {
        violations.push(format!(
            "the campaign counts {} held and {} sold units, but its orders have {held} and {sold}",
            counted.0, counted.1
        ));
    }
    if campaign.stock.loaded() + u64::from(campaign.returned.get()) != quota {
        violations.push(format!(
            "the campaign's units and what it returned do not add up to the quota of {quota}"
        ));
    }
    if sold > u64::from(product.stock.sold.get()) || held > u64::from(product.stock.held.get()) {
        violations.push(format!(
            "orders have {held} units held and {sold} sold, but the product has only {} and {}",
            product.stock.held, product.stock.sold
        ));
    }
}

/// Nobody has two orders.
fn one_each(orders: &[Order], violations: &mut Vec<String>) {
    let mut bidders = HashSet::with_capacity(orders.len());
    for order in orders {
        if !bidders.insert(order.bidder) {
            violations.push(format!("bidder {} has more than one order", order.bidder));
        }
    }
}

/// The winners are the best of the ranking, and whoever was offered a unit is the next below them.
fn audit_winners(
    campaign: &Campaign,
    standings: &[&AcceptedBid],
    orders: &[Order],
    violations: &mut Vec<String>,
) {
    let mut by_bidder: HashMap<BidderId, &Order> =
        orders.iter().map(|order| (order.bidder, order)).collect();
    if campaign.phase != Phase::Settled {
        if !orders.is_empty() {
            violations.push(format!(
                "there are {} orders before the settlement",
                orders.len()
            ));
        }
        return;
    }
    let winners = standings.len().min(campaign.terms.quota.get() as usize);
    let offered = offered(campaign, orders, winners, violations);
    let served = standings.iter().take(winners + offered).enumerate();
    for (better, winner) in served {
        let rank = Rank::behind(better);
        match by_bidder.remove(&winner.bidder) {
            None => violations.push(format!(
                "bidder {} is at rank {rank} and has no order",
                winner.bidder
            )),
            Some(order) => {
                let as_bid = Origin::Won {
                    bid: winner.id,
                    score: winner.score,
                    rank,
                };
                let as_bid = (as_bid, winner.price, Units::ONE);
                if (order.origin, order.price, order.units) != as_bid {
                    violations.push(format!(
                        "the order of bidder {} is not what it bid at rank {rank}",
                        winner.bidder
                    ));
                }
            }
        }
    }
    for bidder in by_bidder.into_keys() {
        violations.push(format!(
            "bidder {bidder} has an order and is not among the best {}",
            winners + offered
        ));
    }
}

/// How many units were offered to runners-up. Each of them is one that somebody before did not pay.
fn offered(
    campaign: &Campaign,
    orders: &[Order],
    winners: usize,
    violations: &mut Vec<String>,
) -> usize {
    let offered = orders.len().saturating_sub(winners);
    let places = campaign.terms.runners_up.map_or(0, |terms| terms.places);
    if offered > places as usize {
        violations.push(format!(
            "{offered} units were offered to runners-up, but the terms allow {places}"
        ));
        return places as usize;
    }
    let unpaid = orders.iter().filter(|order| !order.status.holds_stock());
    let unpaid = unpaid.count();
    if offered > unpaid {
        violations.push(format!(
            "{offered} units were offered to runners-up, but only {unpaid} orders ended unpaid"
        ));
    }
    offered
}

/// Each order is at the campaign's price, and no buyer has more than the limit.
fn audit_purchases(
    campaign: &Campaign,
    price: Money,
    per_buyer: Option<Units>,
    orders: &[Order],
    violations: &mut Vec<String>,
) {
    let mut taken: HashMap<BidderId, u64> = HashMap::new();
    for order in orders {
        if order.price != price || !matches!(order.origin, Origin::Bought { .. }) {
            violations.push(format!(
                "order {} was not bought at the price of the campaign",
                order.id
            ));
        }
        let (window, at) = (campaign.terms.window, order.created_at);
        if at < window.start() || at >= window.end() {
            violations.push(format!("order {} is outside the window", order.id));
        }
        if order.status.holds_stock() {
            *taken.entry(order.bidder).or_default() += u64::from(order.units.get());
        }
    }
    let Some(limit) = per_buyer else {
        return;
    };
    for (bidder, units) in taken {
        if units > u64::from(limit.get()) {
            violations.push(format!(
                "buyer {bidder} has {units} units, but the limit is {limit}"
            ));
        }
    }
}
