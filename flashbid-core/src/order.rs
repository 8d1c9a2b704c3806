//! An order, its states, and what each move of it does to the units.

use std::fmt;

use crate::campaign::{Campaign, Phase};
use crate::id::{BidId, BidderId, CampaignId, HoldId, OrderId, ProductId, PurchaseId};
use crate::money::Money;
use crate::rank::Rank;
use crate::score::Score;
use crate::stock::{Hold, HoldState, Level, Units};
use crate::time::Timestamp;

/// The most campaigns that one purchase may take units of.
pub const MAX_LINES: usize = 20;

/// Units for one buyer, at a price.
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
    /// How many; of a ranked campaign always one.
    pub units: Units,
    /// What is to be paid for each.
    pub price: Money,
    /// How the buyer came to it.
    pub origin: Origin,
    /// The hold that has its units in the hot counter.
    pub hold: HoldId,
    /// How far it has come.
    pub status: OrderStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it may be paid.
    pub pay_by: Timestamp,
    /// What it was paid with, also when the money has to go back.
    pub payment: Option<PaymentId>,
}

/// How a buyer came to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// By a bid: among the best, or as a runner-up, whose rank is beyond the quota.
    Won {
        /// The bid.
        bid: BidId,
        /// Its score.
        score: Score,
        /// Its place in the sealed ranking.
        rank: Rank,
    },
    /// By coming first.
    Bought {
        /// The purchase; the orders of one cart share it.
        purchase: PurchaseId,
    },
}

impl Order {
    /// The winning bid; `None` for what was bought first-come.
    pub const fn bid(&self) -> Option<BidId> {
        match self.origin {
            Origin::Won { bid, .. } => Some(bid),
            Origin::Bought { .. } => None,
        }
    }

    /// The place in the sealed ranking; `None` for what was bought first-come.
    pub const fn rank(&self) -> Option<Rank> {
        match self.origin {
            Origin::Won { rank, .. } => Some(rank),
            Origin::Bought { .. } => None,
        }
    }

    /// The winning score; `None` for what was bought first-come.
    pub const fn score(&self) -> Option<Score> {
        match self.origin {
            Origin::Won { score, .. } => Some(score),
            Origin::Bought { .. } => None,
        }
    }

    /// What is to be paid in all.
    pub fn total(&self) -> Money {
        self.price
            .times(self.units.get())
            .expect("a campaign's price times its quota is an amount")
    }

    /// The order's hold, in the state that follows from its status.
    pub fn as_hold(&self) -> Hold {
        Hold {
            id: self.hold,
            bidder: self.bidder,
            units: self.units,
            taken_at: self.created_at,
            expires_at: self.pay_by,
            state: match self.status {
                OrderStatus::PendingPayment => HoldState::Held,
                OrderStatus::Paid => HoldState::Consumed,
                OrderStatus::Cancelled => HoldState::Released,
                OrderStatus::Expired | OrderStatus::RefundDue => HoldState::Expired,
            },
        }
    }

    /// Every hold that the order has had: [`Order::as_hold`], and before it, when its units were taken again, the one
    /// that it had first, which gave them back.
    pub fn holds(&self) -> impl Iterator<Item = Hold> {
        let first = HoldId::from(self.id);
        let given_back = (self.hold != first).then(|| Hold {
            id: first,
            state: HoldState::Released,
            ..self.as_hold()
        });
        std::iter::once(self.as_hold()).chain(given_back)
    }
}

/// Whoever took the money calls a payment so: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PaymentId(String);

/// A text that names no payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payment's id is 1 to 255 visible ASCII characters")]
pub struct InvalidPaymentId;

impl PaymentId {
    /// Takes a text as a payment's id.
    ///
    /// # Errors
    /// [`InvalidPaymentId`] unless it has 1 to 255 characters from `!` to `~`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidPaymentId> {
        let text = text.into();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=255).contains(&text.len()) && visible {
            Ok(Self(text))
        } else {
            Err(InvalidPaymentId)
        }
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderStatus {
    /// Made; its units are held until the deadline.
    PendingPayment,
    /// Paid; its units are sold.
    Paid,
    /// Called off by the buyer or the seller, or declined; its units are free again.
    Cancelled,
    /// Not paid in time; its units are free again.
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

    /// Whether an order in this status has units.
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

/// Something that is to happen to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderMove {
    /// Which order.
    pub order: OrderId,
    /// What.
    pub action: OrderAction,
    /// When.
    pub at: Timestamp,
}

/// What is to happen to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderAction {
    /// It was paid.
    Pay {
        /// With what.
        payment: PaymentId,
        /// The hold under which the hot counter took the units again, if the order had lost them. `None` when the
        /// counter has none left: then a payment that comes too late is to be refunded.
        again: Option<HoldId>,
    },
    /// It is called off.
    Cancel,
    /// Its time may be over.
    Expire,
}

/// What became of an [`OrderMove`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The order as it is now.
    pub order: Order,
    /// What its status was before.
    pub before: OrderStatus,
}

/// Where the units are that a move of an order may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The campaign's.
    pub campaign: Level,
    /// What the campaign returned to the product.
    pub returned: Units,
    /// The product's: what its campaigns have is held there, until it is sold.
    pub product: Level,
}

impl Accounts {
    /// The accounts of a campaign and its product.
    pub const fn of(campaign: &Campaign, product: Level) -> Self {
        Self {
            campaign: campaign.stock,
            returned: campaign.returned,
            product,
        }
    }

    /// Units of the campaign get a buyer; `None` when too few are available.
    pub fn hold(self, units: Units) -> Option<Self> {
        Some(Self {
            campaign: self.campaign.hold(units)?,
            ..self
        })
    }

    /// Held units are paid for; `None` when too few are held.
    pub fn sell(self, units: Units) -> Option<Self> {
        Some(Self {
            campaign: self.campaign.consume(units)?,
            product: self.product.consume(units)?,
            ..self
        })
    }

    /// Held units are available again, for others who want them of this campaign.
    pub fn release(self, units: Units) -> Option<Self> {
        Some(Self {
            campaign: self.campaign.release(units)?,
            ..self
        })
    }

    /// Available units of the campaign go back to the product.
    pub fn give_back(self, units: Units) -> Option<Self> {
        Some(Self {
            campaign: Level {
                available: self.campaign.available.minus(units)?,
                ..self.campaign
            },
            returned: self.returned.plus(units)?,
            product: self.product.release(units)?,
        })
    }

    /// Units that were returned come from the product to the campaign again, available.
    pub fn take_back(self, units: Units) -> Option<Self> {
        Some(Self {
            campaign: Level {
                available: self.campaign.available.plus(units)?,
                ..self.campaign
            },
            returned: self.returned.minus(units)?,
            product: self.product.hold(units)?,
        })
    }
}

/// Does to `order` of `campaign` what is asked, and answers the order and the accounts as they are then; `None` when it
/// changes nothing. Pure: every ledger moves its orders by this.
///
/// A payment is taken while the order awaits it, also when its time is over and nobody noticed. When the order has lost
/// its units it gets others, if the hot counter took some again and the campaign, or after its end the product, has
/// them; else the money goes back. Units of an order that ends are available to others of the campaign while it runs,
/// and to its runners-up; else they go back to the product.
pub fn act(
    order: &Order,
    campaign: &Campaign,
    accounts: Accounts,
    action: &OrderAction,
    at: Timestamp,
) -> Option<(Order, Accounts)> {
    use OrderStatus::{Cancelled, Expired, Paid, PendingPayment, RefundDue};
    let units = order.units;
    let ends = |status| {
        let released = accounts.release(units)?;
        let accounts = if keeps_units(campaign) {
            released
        } else {
            released.give_back(units)?
        };
        Some((
            Order {
                status,
                ..order.clone()
            },
            accounts,
        ))
    };
    match (action, order.status) {
        (OrderAction::Pay { payment, .. }, PendingPayment) => Some((
            Order {
                status: Paid,
                payment: Some(payment.clone()),
                ..order.clone()
            },
            accounts.sell(units)?,
        )),
        (OrderAction::Pay { payment, again }, Cancelled | Expired) => {
            let taken = again.and_then(|hold| {
                let accounts = take_again(campaign, accounts, units)?;
                Some((hold, accounts))
            });
            let paid = Order {
                payment: Some(payment.clone()),
                ..order.clone()
            };
            Some(match taken {
                Some((hold, accounts)) => (
                    Order {
                        status: Paid,
                        hold,
                        ..paid
                    },
                    accounts,
                ),
                None => (
                    Order {
                        status: RefundDue,
                        ..paid
                    },
                    accounts,
                ),
            })
        }
        (OrderAction::Cancel, PendingPayment) => ends(Cancelled),
        (OrderAction::Expire, PendingPayment) if order.pay_by <= at => ends(Expired),
        _ => None,
    }
}

/// Whether units of an order that ends stay with the campaign.
fn keeps_units(campaign: &Campaign) -> bool {
    match campaign.phase {
        Phase::Scheduled | Phase::Open | Phase::Sealing => true,
        Phase::Settled => {
            !campaign.terms.format.is_first_come() && campaign.terms.runners_up.is_some()
        }
        Phase::Cancelled => false,
    }
}

/// Units for an order that had lost them, sold at once. What a campaign has left that is over is promised to runners-up,
/// or to purchases that were set aside; only those who come for a runner-up's unit may have it.
fn take_again(campaign: &Campaign, accounts: Accounts, units: Units) -> Option<Accounts> {
    let over = matches!(campaign.phase, Phase::Settled | Phase::Cancelled);
    let left = if over && campaign.terms.format.is_first_come() {
        None
    } else {
        accounts.hold(units)
    };
    left.or_else(|| accounts.take_back(units).filter(|_| over)?.hold(units))?
        .sell(units)
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
