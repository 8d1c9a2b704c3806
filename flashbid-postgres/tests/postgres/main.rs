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
mod opening;
mod oracle;
mod sales;
mod servers;
mod tables;
mod transactions;
