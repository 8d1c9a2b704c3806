//! What a ledger is asked for and answers.

use crate::id::{CampaignId, OrderId, StockChangeId};
use crate::money::Money;
use crate::order::Order;
use crate::product::Product;
use crate::stock::Units;

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries to leave out at the beginning.
    pub skip: u64,
    /// The most entries to answer.
    pub limit: u32,
}

/// A part of a list and the length of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The entries of the page.
    pub items: Vec<T>,
    /// How many entries the whole list has.
    pub total: u64,
}

/// What became of a new campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CampaignOutcome {
    /// It is in the ledger, and its quota is promised out of the product's stock.
    Added,
    /// There is no such product.
    UnknownProduct,
    /// The product has fewer available units than the quota.
    QuotaBeyondStock {
        /// How many it has.
        available: Units,
    },
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The orders of the plan are in the ledger.
    Committed,
    /// The campaign had been settled before; the plan changed nothing.
    AlreadySettled,
}

/// What is to be changed about a product; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductChange {
    /// What people call it.
    pub name: Option<String>,
    /// More words; `Some(None)` for none.
    pub description: Option<Option<String>>,
    /// Where its picture is; `Some(None)` for none.
    pub image_url: Option<Option<String>>,
    /// The reserve price of campaigns that are made from now on.
    pub min_price: Option<Money>,
    /// The stock. Only units that are available can be taken out.
    pub stock: Option<StockChange>,
}

/// A change of a product's stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockChange {
    /// All units together, wherever they are, are to be so many.
    Set(Units),
    /// More arrived; once for each id.
    Add {
        /// Which change; the same id again changes nothing.
        id: StockChangeId,
        /// How many.
        units: Units,
    },
    /// Some are gone; once for each id.
    Remove {
        /// Which change; the same id again changes nothing.
        id: StockChangeId,
        /// How many.
        units: Units,
    },
}

/// What became of a [`ProductChange`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProductOutcome {
    /// The product as it is now.
    Changed(Product),
    /// There is no such product.
    UnknownProduct,
    /// Fewer units would be left than are held and sold, or more than can be counted. Nothing was changed.
    StockOutOfRange {
        /// Units that are held and sold.
        promised: u64,
    },
    /// The id was used for another change. Nothing was changed.
    IdReused,
}

/// A count of the changes of a campaign's orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Before the first change.
    pub const ZERO: Self = Self(0);

    /// Takes a number as a revision.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The revision's number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Orders of a campaign that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderChanges {
    /// The revision of the last of them; without any, that of the last change of all.
    pub through: Revision,
    /// The orders as they are now, by the revision in which each changed last.
    pub orders: Vec<Order>,
}

/// Something that happened in the ledger and that others may want to hear of, in the order it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its position; strictly increasing.
    pub position: u64,
    /// What happened.
    pub event: OutboxEvent,
}

/// What an [`OutboxEntry`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxEvent {
    /// A winner or buyer has an order.
    OrderCreated(OrderId),
    /// An order was paid, called off, or has expired.
    OrderMoved(OrderId),
    /// All winners of a campaign have their orders.
    CampaignSettled(CampaignId),
}
