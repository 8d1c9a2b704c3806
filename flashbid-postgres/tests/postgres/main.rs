//! The ledger on real servers: directly, through PgBouncer, and while they die.

mod conformance;
mod servers;
