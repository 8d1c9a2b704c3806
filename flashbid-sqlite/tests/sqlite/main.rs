//! What is this ledger's own, beside the suite that every ledger passes.

mod common;
mod rows;
