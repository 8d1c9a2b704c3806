//! The stores of this process: nothing to install, nothing that outlives it, and the oracle of the test suites.

mod book;

pub use book::MemoryBook;

/// How errors of these stores name their origin.
const BACKEND: &str = "memory";
