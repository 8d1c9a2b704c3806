//! Proving a sale from the ledger alone: its orders are exactly the best of its bids, each once, within the stock.

use std::collections::HashMap;

use super::Engine;
use crate::bid::{AcceptedBid, replaces};
use crate::campaign::{Campaign, Format, Phase};
use crate::error::{Rejection, Result};
use crate::id::{BidderId, CampaignId};
use crate::order::{Order, Origin};
use crate::product::Product;
use crate::rank::{Rank, Sequence};
use crate::store::{Ledger, Page};

/// Entries read at once.
const PAGE: u32 = 10_000;

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which campaign.
    pub campaign: CampaignId,
    /// How far it has come.
    pub phase: Phase,
    /// Accepted bids.
    pub bids: usize,
    /// Bidders among them.
    pub participants: usize,
    /// Orders that hold a unit.
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
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn verify(&self, campaign: CampaignId) -> Result<Verdict> {
        verify(&**self.ledger(), campaign).await
    }
}

/// Audits a campaign from what `ledger` has; needs no engine.
///
/// # Errors
/// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign or product, [`Error::Store`](crate::Error::Store).
pub async fn verify(ledger: &dyn Ledger, campaign: CampaignId) -> Result<Verdict> {
    let found = ledger
        .campaign(campaign)
        .await?
        .ok_or(Rejection::UnknownCampaign)?;
    let product = ledger
        .product(found.product)
        .await?
        .ok_or(Rejection::UnknownProduct)?;
    let mut orders = Vec::new();
    loop {
        let page = ledger
            .orders_in(
                campaign,
                Page {
                    skip: orders.len() as u64,
                    limit: PAGE,
                },
            )
            .await?;
        if page.items.is_empty() {
            break;
        }
        orders.extend(page.items);
    }
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
    let mut violations = Vec::new();
    audit_bids(campaign, bids, &mut violations);
    audit_units(campaign, product, holding, &mut violations);
    audit_winners(campaign, &standings, orders, &mut violations);
    Verdict {
        campaign: campaign.id,
        phase: campaign.phase,
        bids: bids.len(),
        participants: standings.len(),
        orders: holding,
        quota: campaign.terms.quota.get(),
        stock: product.stock.loaded(),
        violations,
    }
}

/// The standings that `bids`, by ascending sequence, come to; best first. Recomputed here by sorting, independently of
/// any book.
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
    holding: usize,
    violations: &mut Vec<String>,
) {
    let quota = campaign.terms.quota.get();
    if holding as u64 > u64::from(quota) {
        violations.push(format!(
            "{holding} orders hold stock, but the quota is {quota}"
        ));
    }
    if u64::from(quota) > product.stock.loaded() {
        violations.push(format!(
            "the quota is {quota}, but the product has {} units",
            product.stock.loaded()
        ));
    }
    let taken = u64::from(product.stock.held.get()) + u64::from(product.stock.sold.get());
    if (holding as u64) > taken {
        violations.push(format!(
            "{holding} orders hold stock, but only {taken} units are held or sold"
        ));
    }
}

fn audit_winners(
    campaign: &Campaign,
    standings: &[&AcceptedBid],
    orders: &[Order],
    violations: &mut Vec<String>,
) {
    let mut by_bidder = HashMap::new();
    for order in orders {
        if by_bidder.insert(order.bidder, order).is_some() {
            violations.push(format!("bidder {} has more than one order", order.bidder));
        }
    }
    if campaign.phase != Phase::Settled {
        if !orders.is_empty() {
            violations.push(format!(
                "there are {} orders before the settlement",
                orders.len()
            ));
        }
        return;
    }
    let winners = &standings[..standings.len().min(campaign.terms.quota.get() as usize)];
    for (better, winner) in winners.iter().enumerate() {
        let rank = Rank::behind(better);
        match by_bidder.remove(&winner.bidder) {
            None => violations.push(format!(
                "bidder {} is at rank {rank} and has no order",
                winner.bidder
            )),
            Some(order) => {
                let as_bid = (rank, winner.price, winner.score, winner.id);
                let Origin::Won { bid, score, rank } = order.origin else {
                    continue;
                };
                if (rank, order.price, score, bid) != as_bid {
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
            winners.len()
        ));
    }
}
