//! Who wins: a pure function from the sealed ranking to the orders.

use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, Phase};
use crate::id::{BidderId, CampaignId, OrderId, ProductId};
use crate::order::{Order, OrderStatus, Origin};
use crate::rank::{Rank, Sequence};
use crate::stock::Units;
use crate::time::Timestamp;

/// Everything one settlement writes: all of it is committed, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementPlan {
    /// The sale.
    pub campaign: CampaignId,
    /// What it sold.
    pub product: ProductId,
    /// The version of the campaign that the plan was made from.
    pub version: u64,
    /// The last event of the sealed book: the ledger must have every event up to here before the plan may commit.
    pub sealed_at: Sequence,
    /// One order a winner, best first; their ranks are 1, 2, 3, ….
    pub orders: Vec<Order>,
    /// Units of the quota that nobody won, which go back to the product.
    pub unsold: Units,
}

/// Allocates the quota of `campaign` to the best of `standings`, the sealed ranking with its winner first.
///
/// Ids follow from campaign and bidder, so a plan made twice from the same book is the same plan but for its times.
pub fn plan<'a>(
    campaign: &Campaign,
    standings: impl IntoIterator<Item = &'a AcceptedBid>,
    sealed_at: Sequence,
    now: Timestamp,
) -> SettlementPlan {
    let quota = campaign.terms.quota;
    let winners = standings.into_iter().take(quota.get() as usize);
    let orders: Vec<Order> = winners
        .enumerate()
        .map(|(better, bid)| {
            let pay_by = now.after(campaign.terms.payment_deadline);
            won(campaign, bid, Rank::behind(better), now, pay_by)
        })
        .collect();
    let allocated = Units::try_from(orders.len()).expect("at most the quota");
    SettlementPlan {
        campaign: campaign.id,
        product: campaign.product,
        version: campaign.version,
        sealed_at,
        orders,
        unsold: quota.minus(allocated).expect("at most the quota"),
    }
}

/// Everything that one offer to runners-up writes: all of it is committed, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferPlan {
    /// The sale.
    pub campaign: CampaignId,
    /// One order for each who is offered a unit, best first.
    pub orders: Vec<Order>,
    /// Units that nobody is left for, which go back to the product.
    pub returned: Units,
}

/// Offers the units that a settled campaign has available to those of `standings`, the sealed ranking with its winner
/// first, who are among the places below the winning ones that its terms name and for whom `has_order` does not hold.
/// `None` when nothing is to be done. The same state gives the same plan, but for its times.
pub fn offer<'a>(
    campaign: &Campaign,
    standings: impl IntoIterator<Item = &'a AcceptedBid>,
    has_order: impl Fn(BidderId) -> bool,
    now: Timestamp,
) -> Option<OfferPlan> {
    let available = campaign.stock.available;
    if campaign.phase != Phase::Settled || available == Units::ZERO {
        return None;
    }
    let quota = campaign.terms.quota.get() as usize;
    let mut orders = Vec::new();
    if let Some(terms) = campaign.terms.runners_up {
        let pay_by = now.after(terms.payment_deadline);
        let below = standings.into_iter().enumerate().skip(quota);
        let offered = below
            .take(terms.places as usize)
            .filter(|(_, bid)| !has_order(bid.bidder))
            .take(available.get() as usize);
        orders.extend(
            offered.map(|(better, bid)| won(campaign, bid, Rank::behind(better), now, pay_by)),
        );
    }
    let offered = Units::try_from(orders.len()).expect("at most what is available");
    Some(OfferPlan {
        campaign: campaign.id,
        orders,
        returned: available.minus(offered).expect("at most what is available"),
    })
}

/// The order of a bid at its place in the sealed ranking. Its id follows from campaign and bidder.
fn won(
    campaign: &Campaign,
    bid: &AcceptedBid,
    rank: Rank,
    now: Timestamp,
    pay_by: Timestamp,
) -> Order {
    let id = OrderId::derive(campaign.id, bid.bidder);
    Order {
        id,
        campaign: campaign.id,
        product: campaign.product,
        bidder: bid.bidder,
        units: Units::ONE,
        price: bid.price,
        origin: Origin::Won {
            bid: bid.id,
            score: bid.score,
            rank,
        },
        hold: id.into(),
        status: OrderStatus::PendingPayment,
        created_at: now,
        pay_by,
        payment: None,
    }
}
