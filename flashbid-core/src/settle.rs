//! Who wins: a pure function from the sealed ranking to the orders.

use crate::bid::AcceptedBid;
use crate::campaign::Campaign;
use crate::id::{CampaignId, OrderId, ProductId};
use crate::order::{Order, OrderStatus};
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
        .map(|(better, bid)| Order {
            id: OrderId::derive(campaign.id, bid.bidder),
            campaign: campaign.id,
            product: campaign.product,
            bidder: bid.bidder,
            bid: bid.id,
            price: bid.price,
            score: bid.score,
            rank: Rank::behind(better),
            status: OrderStatus::PendingPayment,
            created_at: now,
            pay_by: now.after(campaign.terms.payment_deadline),
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
