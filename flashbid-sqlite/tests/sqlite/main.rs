//! What is this ledger's own, beside the suite that every ledger passes.

mod child;
#[path = "../../../flashbid-core/tests/recorded/mod.rs"]
mod common;
mod death;
mod death_of_a_rush;
mod grouping;
mod opening;
mod oracle;
mod oracle_of_orders;
mod orders;
mod rows;
#[path = "../../../flashbid-core/tests/shop/mod.rs"]
mod shop;
mod upgrade;
