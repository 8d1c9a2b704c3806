//! The stores of this process: nothing to install, nothing that outlives it, and the oracle of the test suites.
//!
//! [`MemoryBook`], [`MemoryGate`], [`MemoryLeases`], [`MemoryAdmission`] and [`MemoryCache`] are what a hot store is, and
//! may be lost at any time.
//! [`MemoryLedger`] is a ledger in everything but durability: for tests, simulations and benchmarks.

mod admission;
mod book;
mod cache;
mod gate;
mod hot;
#[cfg_attr(
    not(any(test, feature = "conformance")),
    expect(unreachable_pub, reason = "the switches are offered to tests only")
)]
mod layers;
mod leases;
mod ledger;
mod tickets;

pub use admission::MemoryAdmission;
pub use book::MemoryBook;
pub use cache::MemoryCache;
pub use gate::MemoryGate;
pub use hot::MemoryHot;
#[cfg(any(test, feature = "conformance"))]
pub use layers::Layers;
pub use leases::MemoryLeases;
pub use ledger::MemoryLedger;

/// How errors of these stores name their origin.
const BACKEND: &str = "memory";
