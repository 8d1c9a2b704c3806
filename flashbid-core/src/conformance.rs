//! The suite that every store must pass, and [`Faulty`], the store that loses requests and answers.
//!
//! Each line of a `# Contract` in [`store`](crate::store) names the cases that check it. A case is a function that
//! takes a fresh store and panics when the contract is broken; one macro a trait turns them all into tests:
//! [`bid_book_conformance!`](crate::bid_book_conformance), [`stock_gate_conformance!`](crate::stock_gate_conformance),
//! [`leases_conformance!`](crate::leases_conformance), [`admission_conformance!`](crate::admission_conformance),
//! [`campaign_cache_conformance!`](crate::campaign_cache_conformance) and
//! [`ledger_conformance!`](crate::ledger_conformance). Their argument is an expression that makes a fresh store. It is
//! evaluated once a test, in an `async` block, so it may `.await`:
//!
//! ```
//! use std::sync::Arc;
//!
//! use flashbid_core::conformance::{self, book};
//! use flashbid_core::memory::{MemoryBook, MemoryLedger};
//!
//! # async fn connect() -> MemoryLedger { MemoryLedger::new() }
//! # fn tempdir() -> std::io::Result<()> { Ok(()) }
//! # fn open(_: &()) -> MemoryLedger { MemoryLedger::new() }
//! # mod tests {
//! # use super::*;
//! // In a store's own tests; one module each, because two traits may share the name of a case.
//! mod as_a_book {
//!     use super::*;
//!     flashbid_core::bid_book_conformance!(MemoryBook::default());
//! }
//! mod as_a_ledger {
//!     use super::*;
//!     flashbid_core::ledger_conformance!(connect().await);
//! }
//! mod as_a_ledger_with_a_directory_that_lives_as_long {
//!     use super::*;
//!     flashbid_core::ledger_conformance!(let directory = tempdir().unwrap(); open(&directory));
//! }
//! # }
//!
//! # fn main() {
//! // A case can also be run by itself.
//! conformance::run(book::equal_scores_rank_by_arrival(Arc::new(MemoryBook::default())));
//! # }
//! ```
//!
//! Stores keep their own time, which the suite cannot steer: cases place bids at explicit times in windows around now
//! or long past, leases that must end are short and polled for, and so are windows and tokens.

pub mod admission;
pub mod book;
pub mod cache;
mod faulty;
mod fixture;
pub mod gate;
pub mod leases;
pub mod ledger;

pub use faulty::{Faults, Faulty, Loss, Moment};

use std::future::Future;
use std::time::Duration;

/// How long a case may take before it counts as hung.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a case to its end, on a runtime of its own with several threads.
///
/// # Panics
/// When the case fails, or hangs for minutes.
pub fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system has threads to give")
        .block_on(async { tokio::time::timeout(PATIENCE, case).await })
        .expect("the case hangs");
}

/// One test a case; see [`conformance`](crate::conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($store:tt $of:ident: $($case:ident)*) => {
        $($crate::conformance_test! { $store $of $case })*
    };
}

/// One test; see [`conformance`](crate::conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_test {
    ([let $guard:ident = $needed:expr; $store:expr] $of:ident $case:ident) => {
        #[test]
        fn $case() {
            $crate::conformance::run(async {
                let $guard = $needed;
                $crate::conformance::$of::$case(::std::sync::Arc::new($store)).await;
            });
        }
    };
    ([$store:expr] $of:ident $case:ident) => {
        #[test]
        fn $case() {
            $crate::conformance::run(async {
                $crate::conformance::$of::$case(::std::sync::Arc::new($store)).await;
            });
        }
    };
}
