//! The stores an engine runs on: mechanism only, every policy is the engine's.
//!
//! One trait is one domain of atomicity and one method is one atomic step: it applies wholly or not at all, also when
//! its future is dropped or its process dies. Expected outcomes are `Ok` values; a [`StoreError`] means
//! that the store failed, and its kind says what may be done about it. Every method may be called again with the same
//! arguments after an [`Indeterminate`](crate::StoreErrorKind::Indeterminate) error.
//!
//! | Trait | Holds | Lost when its store dies |
//! |---|---|---|
//! | [`BidBook`] | the live ranking and the log of accepted bids | may be: it is rebuilt from the ledger |
//! | [`StockGate`] | the hot counters of units | may be: they are rebuilt from the ledger |
//! | [`Leases`] | who may settle what | may be: tokens continue above the ledger's |
//! | [`Admission`] | who may come in: limits and one-time tokens | may be: they begin anew |
//! | [`CampaignCache`] | copies of campaigns, and the news of their changes | may be: they are read again from the ledger |
//! | [`Ledger`] | the truth | never |
//!
//! Each method's contract names the cases of the [conformance suite](crate::conformance) that check it.

mod admission;
mod book;
mod cache;
mod coverage;
mod entries;
mod gate;
mod leases;
mod ledger;

pub use admission::{Admission, Admitted, Limit, REDEEMED_FOR};
pub use book::{
    BidBook, BookSeed, BookStats, Epoch, EventBatch, Placed, Placement, Ranking, Seal, Standing,
};
pub use cache::{Cached, CampaignCache, ChangeCursor, Changes};
pub use coverage::Coverage;
pub use entries::{
    CampaignOutcome, Listing, OrderChanges, OutboxEntry, OutboxEvent, Page, ProductChange,
    ProductOutcome, Revision, Settlement, StockChange,
};
pub use gate::{
    GateContents, GateSeal, GateSeed, GateStats, HoldOutcome, HoldRepair, HoldRequest,
    PendingPurchase, Purpose, StockGate,
};
pub use leases::{Lease, Leases};
pub use ledger::Ledger;

use crate::error::StoreError;

/// The result of a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// A hot store: everything that is asked for on each bid, and that may be lost.
pub trait HotStore: BidBook + StockGate + Leases + Admission + CampaignCache {}

impl<S: BidBook + StockGate + Leases + Admission + CampaignCache> HotStore for S {}
