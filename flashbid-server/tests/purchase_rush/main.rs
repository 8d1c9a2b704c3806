//! First-come sales under a rush over HTTP, on both deployments: in memory beside SQLite, and Redis beside PostgreSQL.

mod drift;
#[path = "../commands/program.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod program;
mod rush;
mod shop;
