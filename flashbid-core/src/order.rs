//! An order and its states.

use crate::id::{BidId, BidderId, CampaignId, OrderId, ProductId};
use crate::money::Money;
use crate::rank::Rank;
use crate::score::Score;
use crate::time::Timestamp;

/// One unit for one winner, at the price it bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// The sale that made it.
    pub campaign: CampaignId,
    /// What was bought.
    pub product: ProductId,
    /// Who bought it.
    pub bidder: BidderId,
    /// The winning bid.
    pub bid: BidId,
    /// What is to be paid.
    pub price: Money,
    /// The winning score.
    pub score: Score,
    /// The place in the sealed ranking.
    pub rank: Rank,
    /// How far it has come.
    pub status: OrderStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it may be paid.
    pub pay_by: Timestamp,
}

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderStatus {
    /// Made; its unit is held until the deadline.
    PendingPayment,
    /// Paid; its unit is sold.
    Paid,
    /// Called off by the buyer or the seller; its unit is free again.
    Cancelled,
    /// Not paid in time; its unit is free again.
    Expired,
    /// Paid too late and no unit was left: the money goes back.
    RefundDue,
}

impl OrderStatus {
    /// Every status, in the order of life.
    pub const ALL: [Self; 5] = [
        Self::PendingPayment,
        Self::Paid,
        Self::Cancelled,
        Self::Expired,
        Self::RefundDue,
    ];

    /// Whether an order may go from this status to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (
                Self::PendingPayment,
                Self::Paid | Self::Cancelled | Self::Expired
            ) | (
                Self::Expired | Self::Cancelled,
                Self::Paid | Self::RefundDue
            )
        )
    }

    /// Whether an order in this status has a unit.
    pub const fn holds_stock(self) -> bool {
        matches!(self, Self::PendingPayment | Self::Paid)
    }

    /// The status as the wire and the ledgers spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingPayment => "pending_payment",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::RefundDue => "refund_due",
        }
    }

    /// Reads what [`OrderStatus::as_str`] writes.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::OrderStatus::{self, Cancelled, Expired, Paid, PendingPayment, RefundDue};

    #[test]
    fn legal_moves_are_exactly_these() {
        let legal: Vec<_> = OrderStatus::ALL
            .into_iter()
            .flat_map(|from| OrderStatus::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(
            legal,
            [
                (PendingPayment, Paid),
                (PendingPayment, Cancelled),
                (PendingPayment, Expired),
                (Cancelled, Paid),
                (Cancelled, RefundDue),
                (Expired, Paid),
                (Expired, RefundDue),
            ]
        );
    }

    #[test]
    fn names_read_back() {
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::from_name(status.as_str()), Some(status));
        }
        assert_eq!(OrderStatus::from_name("lost"), None);
    }
}
