//! A first-come sale whose server and stores are killed between the steps of purchase, order, payment, expiry and
//! restock. Nothing that anybody was told is lost, and nothing happens twice.

mod buyers;
mod disasters;
#[path = "../crash/people.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod people;
#[path = "../commands/program.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod program;
mod progress;
mod restocking;
mod sale;
mod truth;
