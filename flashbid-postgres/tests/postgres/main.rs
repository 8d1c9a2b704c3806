//! The ledger on real servers: directly, through PgBouncer, and while they die.

#[path = "../../../flashbid-core/tests/disk/mod.rs"]
mod disk;
#[path = "../../../flashbid-core/tests/ties/equal_bids.rs"]
mod equal_bids;
#[path = "../../../flashbid-core/tests/histories/history/mod.rs"]
mod history;
#[path = "../../../flashbid-core/tests/settlement_interrupted/interruption/mod.rs"]
mod interruption;

mod bouncing;
#[path = "../../../flashbid-core/tests/recorded/mod.rs"]
mod common;
mod conformance;
mod death;
mod death_of_orders;
mod opening;
mod oracle;
mod oracle_of_orders;
mod plans;
mod sales;
mod servers;
#[path = "../../../flashbid-core/tests/shop/mod.rs"]
mod shop;
mod tables;
mod together;
mod transactions;
mod upgrade;
