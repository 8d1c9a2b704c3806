//! What can go wrong: a [`Rejection`] is the business saying no, a [`StoreError`] is a store failing.

use std::error::Error as StdError;
use std::sync::Arc;

use crate::money::Money;
use crate::time::Timestamp;

/// The result of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The business says no. Nothing was changed, and asking again the same way gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// There is no such campaign.
    #[error("there is no such campaign")]
    UnknownCampaign,
    /// There is no such product.
    #[error("there is no such product")]
    UnknownProduct,
    /// The price is below the reserve price.
    #[error("the price must be at least {minimum}")]
    PriceTooLow {
        /// The lowest price that is taken.
        minimum: Money,
    },
    /// The campaign takes no bids yet.
    #[error("the campaign has not started")]
    NotStarted {
        /// When it starts.
        start: Timestamp,
    },
    /// The campaign takes no bids any more.
    #[error("the campaign has ended")]
    Ended,
    /// An idempotency key was used before, for something else.
    #[error("the idempotency key was already used for another request")]
    KeyReused,
    /// The quota is larger than the product's available stock.
    #[error("the quota is larger than the product's available stock")]
    QuotaBeyondStock,
    /// The quota is zero.
    #[error("the quota must be at least one unit")]
    EmptyQuota,
    /// Too few units are available.
    #[error("too few units are available")]
    SoldOut,
    /// The buyer has as many units as one buyer may have.
    #[error("the limit per buyer is reached")]
    LimitReached,
    /// The hold has ended without an order: its time was over, or it was given back.
    #[error("the hold has ended")]
    HoldEnded,
    /// The ticket of the request let another one in before, or has expired.
    #[error("the ticket was already used or has expired")]
    TicketSpent,
    /// The campaign needs a ticket, and the request came without one.
    #[error("the campaign takes requests with a ticket only")]
    TicketMissing,
    /// A bid in a first-come campaign, or a purchase in a ranked one.
    #[error("the campaign sells in another way")]
    WrongFormat,
    /// A purchase of no units, without lines, of too many lines, or of one campaign twice.
    #[error(
        "a purchase takes units of 1 to {} campaigns, of each once",
        crate::order::MAX_LINES
    )]
    MalformedPurchase,
    /// There is no such order.
    #[error("there is no such order")]
    UnknownOrder,
    /// The order is paid and can no longer be called off.
    #[error("the order is paid")]
    OrderPaid,
    /// The order was paid with another payment.
    #[error("the order was paid with another payment")]
    PaidOtherwise,
    /// A correction would leave fewer units than are held and sold.
    #[error("{promised} units are promised or sold")]
    StockBelowPromised {
        /// How many.
        promised: u64,
    },
    /// A campaign would come to more than can be counted: its price times its quota is too large.
    #[error("the price of all units together is too large")]
    PriceTooLarge,
}

/// What kind of failure a [`StoreError`] is, which decides what the caller may do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The book or stock is not there; it may have been lost, and can be opened from the ledger. Nothing was applied.
    NotFound,
    /// What is stored contradicts the request. Nothing was applied; read again before trying again.
    Conflict,
    /// The request came with a token or an epoch older than one seen before. Nothing was applied.
    Fenced,
    /// The store could not be reached or refused. Nothing was applied; try again.
    Unavailable,
    /// The answer was lost: applied or not, nobody knows. Try again with the same key; never compensate.
    Indeterminate,
    /// What is stored makes no sense; an operator must look.
    Corrupt,
}

/// A store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{backend}: {operation} failed: {}", describe(*kind))]
pub struct StoreError {
    /// Which store, such as `sqlite`.
    pub backend: &'static str,
    /// Which method, such as `record`.
    pub operation: &'static str,
    /// What the caller may do about it.
    pub kind: StoreErrorKind,
    /// What the store itself said.
    #[source]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// A failure without a cause of its own.
    pub const fn new(backend: &'static str, operation: &'static str, kind: StoreErrorKind) -> Self {
        Self {
            backend,
            operation,
            kind,
            source: None,
        }
    }

    /// Adds what the store itself said.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            source: Some(Arc::from(source.into())),
            ..self
        }
    }

    /// Whether the same request, with the same keys, may be sent again as it is.
    pub const fn may_retry(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Unavailable | StoreErrorKind::Indeterminate
        )
    }
}

const fn describe(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::NotFound => "not found",
        StoreErrorKind::Conflict => "it contradicts what is stored",
        StoreErrorKind::Fenced => "a newer holder has taken over",
        StoreErrorKind::Unavailable => "the store is not available",
        StoreErrorKind::Indeterminate => "the answer was lost",
        StoreErrorKind::Corrupt => "what is stored makes no sense",
    }
}

/// Why the engine did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The business says no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// More is waiting than may wait. Nothing was applied; try again in a moment.
    #[error("too many requests are waiting")]
    Overloaded,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
