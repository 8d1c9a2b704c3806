//! Buying first-come: what is asked for, what the ledger makes of it, and what could not be made an order.

use crate::campaign::{Campaign, Format};
use crate::error::Rejection;
use crate::id::{CampaignId, PurchaseId};
use crate::order::{Order, OrderStatus, Origin};
use crate::stock::Hold;
use crate::time::Timestamp;

/// Orders that are made together, all or none: the lines of one purchase, of which each has its units held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Which purchase.
    pub id: PurchaseId,
    /// One order a campaign, by ascending id of the campaign.
    pub orders: Vec<Order>,
}

/// The order that a hold in a first-come campaign becomes; `None` in another. It follows from the two, so whoever makes
/// it makes the same.
pub fn order_of(hold: &Hold, campaign: &Campaign, purchase: PurchaseId) -> Option<Order> {
    let Format::FirstCome { price, .. } = campaign.terms.format else {
        return None;
    };
    Some(Order {
        id: hold.id.into(),
        campaign: campaign.id,
        product: campaign.product,
        bidder: hold.bidder,
        units: hold.units,
        price,
        origin: Origin::Bought { purchase },
        hold: hold.id,
        status: OrderStatus::PendingPayment,
        created_at: hold.taken_at,
        pay_by: hold.expires_at,
        payment: None,
    })
}

/// What became of a [`Purchase`]: its orders as the ledger has them, or why there are none and never will be.
pub type PurchaseOutcome = Result<Vec<Order>, Rejection>;

/// Why a hold never becomes an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VoidReason {
    /// The ledger had too few units left.
    SoldOut,
    /// The buyer had as many units as one may have.
    LimitReached,
    /// Its time was over, or it was given back, before an order was made.
    Ended,
}

impl VoidReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::SoldOut, Self::LimitReached, Self::Ended];

    /// The reason as the ledgers spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SoldOut => "sold_out",
            Self::LimitReached => "limit_reached",
            Self::Ended => "ended",
        }
    }

    /// Reads what [`VoidReason::as_str`] writes.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl From<VoidReason> for Rejection {
    fn from(reason: VoidReason) -> Self {
        match reason {
            VoidReason::SoldOut => Self::SoldOut,
            VoidReason::LimitReached => Self::LimitReached,
            VoidReason::Ended => Self::HoldEnded,
        }
    }
}

/// What the ledger knows of a hold. The ledger is the judge: of these, the first that it has said is final, but for
/// what is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldFate {
    /// It is an order, which may have ended since.
    Ordered(Order),
    /// It could not be made an order, and an operator has to look.
    SetAside,
    /// It never becomes an order.
    Void(VoidReason),
}

/// A hold that again and again could not be made an order, for an operator to replay or drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The sale.
    pub campaign: CampaignId,
    /// The purchase that it is of.
    pub purchase: PurchaseId,
    /// What is held.
    pub hold: Hold,
    /// What went wrong the last time, in one sentence.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was set aside.
    pub at: Timestamp,
}
