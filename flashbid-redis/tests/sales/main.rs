//! Whole sales with a hot store on Redis: what flashbid-core's tests prove of the one in memory, proved of this one too.

#[path = "../../../flashbid-core/tests/ebay/auctions.rs"]
mod auctions;
#[path = "../../../flashbid-core/tests/disk/mod.rs"]
mod disk;
#[path = "../../../flashbid-core/tests/ties/equal_bids.rs"]
mod equal_bids;
#[path = "../../../flashbid-core/tests/histories/history/mod.rs"]
mod history;
#[path = "../../../flashbid-core/tests/settlement_interrupted/interruption/mod.rs"]
mod interruption;

mod ebay;
mod histories;
mod redis;
mod settlement_interrupted;
mod ties;
