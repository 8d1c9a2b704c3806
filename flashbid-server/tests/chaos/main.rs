//! Two servers share one Redis and one PostgreSQL while people bid on both, and each of the four fails in turn. With
//! `Durability::Ledger` nothing that anybody was told is lost, counted twice or taken back.

mod anything;
#[path = "../crash/bidders.rs"]
mod bidders;
mod connections;
#[path = "../crash/evidence.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod evidence;
mod follower;
#[path = "../crash/people.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod people;
#[path = "../commands/program.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod program;
mod sale;
mod servers;
mod stores;
