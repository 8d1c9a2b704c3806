//! Where two places that must agree do not.

use uuid::Uuid;

use crate::id::CampaignId;
use crate::time::Timestamp;

/// What does not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiscrepancyKind {
    /// The hot counter is not what its holds come to.
    Counter,
    /// The hot store counts other units for a buyer than the buyer's holds come to.
    Buyer,
    /// The hot counter has another quota than the ledger leaves the campaign.
    Quota,
    /// The ledger has an order that holds units, and the hot store has no such hold.
    HoldMissing,
    /// The hot store holds units that are no order and that nobody will make one of.
    HoldUnknown,
    /// The hot store and the ledger tell different states or units of the same hold.
    HoldState,
    /// The units of a campaign in the ledger are not what its orders come to.
    Campaign,
    /// The units of a product in the ledger are not what its campaigns come to.
    Product,
}

impl DiscrepancyKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Counter,
        Self::Buyer,
        Self::Quota,
        Self::HoldMissing,
        Self::HoldUnknown,
        Self::HoldState,
        Self::Campaign,
        Self::Product,
    ];

    /// The kind as ledgers and metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Buyer => "buyer",
            Self::Quota => "quota",
            Self::HoldMissing => "hold_missing",
            Self::HoldUnknown => "hold_unknown",
            Self::HoldState => "hold_state",
            Self::Campaign => "campaign",
            Self::Product => "product",
        }
    }

    /// Reads what [`DiscrepancyKind::as_str`] writes.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// The campaign in which it was found.
    pub campaign: CampaignId,
    /// What does not agree.
    pub kind: DiscrepancyKind,
    /// The hold, buyer, campaign or product that it is about.
    pub subject: Uuid,
    /// What should be, in a few words.
    pub expected: String,
    /// What is, in a few words.
    pub found: String,
    /// When it was noticed first.
    pub noticed_at: Timestamp,
    /// When it was gone; `None` while it lasts.
    pub resolved_at: Option<Timestamp>,
}
