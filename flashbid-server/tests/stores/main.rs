//! The server on real stores: Redis, PostgreSQL and PgBouncer, one node and several.

mod accounts;
mod commands;
mod gate;
mod health;
#[path = "../house/mod.rs"]
mod house;
mod nodes;
mod place;
#[path = "../commands/program.rs"]
#[expect(dead_code, reason = "the other tests of commands use the rest")]
mod program;
mod sales;
mod start;
