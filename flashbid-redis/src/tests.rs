//! What the scripts do, seen from inside: here they run watched, and in `tests/` as they are.

mod book;
mod cache;
mod consumer;
mod gate;
mod limits;
mod sale;

use std::process::Command;

use flashbid_core::id::{IdSource, RandomIds};
use flashbid_testbed::Redis;

use crate::{Config, RedisHot, watch};

mod book_conformance {
    flashbid_core::bid_book_conformance!(super::fresh().await);
}

mod gate_conformance {
    flashbid_core::stock_gate_conformance!(super::fresh().await);
}

mod leases_conformance {
    flashbid_core::leases_conformance!(super::fresh().await);
}

mod admission_conformance {
    flashbid_core::admission_conformance!(super::fresh().await);
}

mod cache_conformance {
    flashbid_core::campaign_cache_conformance!(super::fresh().await);
}

/// A store with keys of its own.
async fn fresh() -> RedisHot {
    at(Redis::shared()).await
}

/// A store with keys of its own on a server.
async fn at(server: &Redis) -> RedisHot {
    let mut config: Config = server.url().parse().expect("a server has a good URL");
    config.prefix = format!("{}:", RandomIds.fresh().simple());
    RedisHot::connect_with(config).await.expect("it runs")
}

/// A branch that never ran may hold a misspelt name, and Lua would tell only when it is needed most.
#[test]
fn every_branch_of_every_script_runs() {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let notes = folder.path().join("branches");
    let this = std::env::current_exe().expect("this test has a program");
    let run = Command::new(this)
        .args(["--skip", "every_branch_of_every_script_runs"])
        .env(watch::BRANCHES, &notes)
        .output()
        .expect("it runs again");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "the other tests failed: {said}");
    let notes = std::fs::read_to_string(&notes).expect("scripts have run");
    let missing = watch::never_taken(&notes);
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
