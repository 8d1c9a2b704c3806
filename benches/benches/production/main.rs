//! Redis and PostgreSQL against what one would write without an engine, on servers that this program starts and stops.
//!
//! Everything that is compared runs in turns within one run, and each figure is the median of the turns: on a machine
//! that does other things too the ratios hold, the rates less so.

mod hot;
mod ledger;
mod purchases;
mod restore;
mod single_row;

use std::future::Future;
use std::time::Duration;

use flashbid_redis::RedisHot;
use flashbid_testbed::{Postgres, Redis};

/// Callers that bid at once.
const CALLERS: u64 = 256;

/// Everybody who bids.
const BIDDERS: u64 = 100_000;

/// How often each thing is measured.
const TURNS: usize = 5;

fn main() {
    // Cargo passes `--bench`; run as a test it has nothing to say.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Snapshots would take the processor from whatever is measured at that moment.
    let redis = Redis::start_with(&["--save", ""]);
    let postgres = Postgres::start_with(&["max_connections=300"]);
    runtime.block_on(async {
        hot::compare(&redis).await;
        restore::measure(&redis).await;
        ledger::compare(&redis, &postgres).await;
        ledger::settle(&redis, &postgres).await;
        purchases::measure(&postgres).await;
    });
}

async fn connect(redis: &Redis) -> RedisHot {
    let hot = RedisHot::connect(&redis.url()).await;
    hot.expect("the server was started")
}

/// Measures each of `things` in turns, and answers the median of each.
async fn medians<const N: usize, F>(mut measure: impl FnMut(usize) -> F) -> [f64; N]
where
    F: Future<Output = f64>,
{
    let mut measured: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..TURNS {
        for (thing, figures) in measured.iter_mut().enumerate() {
            figures.push(measure(thing).await);
        }
    }
    measured.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        figures[TURNS / 2]
    })
}

fn say(what: &str, rate: f64) {
    println!("{what:<72} {rate:>9.0}/s");
}

fn say_time(what: &str, time: Duration) {
    println!("{what:<72} {:>8.1} ms", time.as_secs_f64() * 1_000.0);
}

fn say_ratio(what: &str, ratio: f64, wanted: f64) {
    let verdict = if ratio >= wanted { "" } else { "  MISSED" };
    println!("{what:<72} {ratio:>8.2} x  (at least {wanted}){verdict}");
}
