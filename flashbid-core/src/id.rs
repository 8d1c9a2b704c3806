//! Identifiers: one newtype per thing, so that a bidder can never be passed where a campaign is meant.

use std::fmt::{self, Debug};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID as this kind of id.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind this id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The sixteen bytes of the UUID, big-endian.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

id!(
    /// A timed sale.
    CampaignId
);
id!(
    /// Something a seller has units of.
    ProductId
);
id!(
    /// Whoever bids; the embedder's own user id.
    BidderId
);
id!(
    /// One bid, and its idempotency key: a store that meets the same bid id again gives the first answer again.
    BidId
);
id!(
    /// One order.
    OrderId
);
id!(
    /// Units taken out of the available stock for one buyer, and the idempotency key of taking them.
    HoldId
);

id!(
    /// A permission for one request; see [`Ticket`](crate::ticket::Ticket).
    TicketId
);
id!(
    /// Units bought together, all or none, and the idempotency key of buying them.
    PurchaseId
);
id!(
    /// A change of a product's stock, and the idempotency key of making it.
    StockChangeId
);

id!(
    /// One attempt to redeem a one-time token; the same id again is the same attempt again.
    AttemptId
);

impl BidId {
    /// The bid that `bidder` means by `key` in `campaign`: a name-based UUID (RFC 9562, version 5), so the same
    /// key is the same bid on every node and after every restart, and two bidders never share one.
    pub fn derive(campaign: CampaignId, bidder: BidderId, key: &str) -> Self {
        let namespace = Uuid::new_v5(&campaign.0, bidder.as_bytes());
        Self(Uuid::new_v5(&namespace, key.as_bytes()))
    }
}

impl OrderId {
    /// The order of `bidder` in the ranked `campaign`: there is at most one, so its id follows from the two, and a
    /// settlement that runs again writes the same order again.
    pub fn derive(campaign: CampaignId, bidder: BidderId) -> Self {
        Self(Uuid::new_v5(&campaign.0, bidder.as_bytes()))
    }
}

impl PurchaseId {
    /// What `bidder` means to buy by `key`: a name-based UUID, as [`BidId::derive`]. The key of a cart counts for the
    /// buyer, the key of a single purchase for the buyer and the campaign, which is then the `scope`.
    pub fn derive(scope: Option<CampaignId>, bidder: BidderId, key: &str) -> Self {
        let scope = scope.map_or(Uuid::nil(), |campaign| campaign.0);
        let namespace = Uuid::new_v5(&scope, bidder.as_bytes());
        Self(Uuid::new_v5(&namespace, key.as_bytes()))
    }
}

impl StockChangeId {
    /// The change of a product's stock that is meant by `key`: a name-based UUID, as [`BidId::derive`].
    pub fn derive(product: ProductId, key: &str) -> Self {
        Self(Uuid::new_v5(&product.0, key.as_bytes()))
    }
}

impl HoldId {
    /// The hold of a purchase in one of its campaigns: its id follows from the two, so whoever tries again takes the
    /// same hold again.
    pub fn derive(purchase: PurchaseId, campaign: CampaignId) -> Self {
        Self(Uuid::new_v5(&purchase.0, campaign.as_bytes()))
    }

    /// The hold of units that are taken again for an order that is paid too late.
    pub fn again(order: OrderId) -> Self {
        Self(Uuid::new_v5(&order.0, b"again"))
    }
}

impl From<HoldId> for OrderId {
    /// The order that a first-come hold becomes carries the hold's id.
    fn from(hold: HoldId) -> Self {
        Self(hold.0)
    }
}

impl From<OrderId> for HoldId {
    /// The hold that guards an order's units carries the order's id.
    fn from(order: OrderId) -> Self {
        Self(order.0)
    }
}

/// Where fresh ids come from. Passed in, so that a test can repeat a run to the last id.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// An id that no other call, on this node or another, returns.
    fn fresh(&self) -> Uuid;
}

/// Time-ordered random ids (UUID version 7): neighbours in time are neighbours in an index.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws ambient randomness"
    )]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The same ids in every run: a `SplitMix64` stream from a seed. For tests and simulations only.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug)]
pub struct SeededIds(Mutex<u64>);

impl SeededIds {
    /// Starts the stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl IdSource for SeededIds {
    fn fresh(&self) -> Uuid {
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut next = || {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^ (word >> 31)
        };
        Uuid::from_u64_pair(next(), next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMPAIGN: CampaignId = CampaignId::new(Uuid::from_u128(1));
    const ALICE: BidderId = BidderId::new(Uuid::from_u128(2));
    const BOB: BidderId = BidderId::new(Uuid::from_u128(3));

    #[test]
    fn a_key_names_one_bid_per_bidder_and_campaign() {
        let bid = BidId::derive(CAMPAIGN, ALICE, "k");
        assert_eq!(bid, BidId::derive(CAMPAIGN, ALICE, "k"));
        assert_ne!(bid, BidId::derive(CAMPAIGN, ALICE, "l"));
        assert_ne!(bid, BidId::derive(CAMPAIGN, BOB, "k"));
        assert_ne!(
            bid,
            BidId::derive(CampaignId::new(Uuid::from_u128(9)), ALICE, "k")
        );
    }

    #[test]
    fn seeded_ids_repeat() {
        let (one, two) = (SeededIds::new(7), SeededIds::new(7));
        let first: Vec<_> = (0..100).map(|_| one.fresh()).collect();
        let second: Vec<_> = (0..100).map(|_| two.fresh()).collect();
        assert_eq!(first, second);
    }
}
