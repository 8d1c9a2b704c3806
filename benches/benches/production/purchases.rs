//! First-come purchases in the ledger by itself: a rush on one campaign, and what becomes of its orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flashbid_benches::shop::{bought, open_shop};
use flashbid_core::campaign::Campaign;
use flashbid_core::order::{OrderAction, OrderMove, PaymentId};
use flashbid_core::store::Ledger;
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::Postgres;
use tokio::time::Instant;

use crate::{TURNS, say, say_time};

/// What the engine takes at most in one call of the ledger, and how many calls it has under way.
const BATCH: u64 = 128;
const IN_FLIGHT: u64 = 2;

/// Batches of one turn, of each that is under way.
const BATCHES: u64 = 150;

/// Orders whose time is over, of one call.
const OVERDUE: u64 = 1_000;

pub(crate) async fn measure(postgres: &Postgres) {
    println!("PostgreSQL, purchases of one campaign, two units a buyer, synchronous_commit = on");
    let ledger = PostgresLedger::connect(&postgres.database()).await;
    let ledger = ledger.expect("the server was started");
    let campaign = Arc::new(open_shop(&ledger).await);
    let next = Arc::new(AtomicU64::new(0));
    let mut rates = Vec::new();
    for _ in 0..TURNS {
        rates.push(rush(&ledger, &campaign, &next).await);
    }
    rates.sort_by(f64::total_cmp);
    say(
        &format!("orders made, batches of {BATCH}, {IN_FLIGHT} under way"),
        rates[TURNS / 2],
    );
    let pay = OrderAction::Pay {
        payment: PaymentId::new("payment-1").expect("visible characters"),
        again: None,
    };
    for (what, first, action) in [
        ("expire", 0, OrderAction::Expire),
        ("are paid", TURNS as u64 * OVERDUE, pay),
    ] {
        let mut times = Vec::new();
        for turn in 0..TURNS as u64 {
            let from = first + turn * OVERDUE;
            times.push(move_orders(&ledger, &campaign, from, &action).await);
        }
        times.sort_unstable();
        say_time(
            &format!("{OVERDUE} orders {what} in one call"),
            times[TURNS / 2],
        );
    }
}

/// Orders a second.
async fn rush(ledger: &PostgresLedger, campaign: &Arc<Campaign>, next: &Arc<AtomicU64>) -> f64 {
    let start = Instant::now();
    let buyers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (ledger, campaign, next) = (ledger.clone(), Arc::clone(campaign), Arc::clone(next));
            tokio::spawn(async move {
                for _ in 0..BATCHES {
                    let from = next.fetch_add(BATCH, Ordering::Relaxed);
                    let numbers = from..from + BATCH;
                    let batch: Vec<_> = numbers.map(|number| bought(&campaign, number)).collect();
                    let outcomes = ledger.commit_purchases(&batch).await;
                    let outcomes = outcomes.expect("the ledger takes the batch");
                    assert!(outcomes.iter().all(Result::is_ok));
                }
            })
        })
        .collect();
    for buyer in buyers {
        buyer.await.expect("it does not panic");
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of orders is small")]
    let orders = (IN_FLIGHT * BATCHES * BATCH) as f64;
    orders / start.elapsed().as_secs_f64()
}

async fn move_orders(
    ledger: &PostgresLedger,
    campaign: &Campaign,
    from: u64,
    action: &OrderAction,
) -> Duration {
    let orders = (from..from + OVERDUE).map(|number| bought(campaign, number).orders.remove(0));
    let moves: Vec<_> = orders
        .map(|order| OrderMove {
            order: order.id,
            action: action.clone(),
            at: order.pay_by,
        })
        .collect();
    let start = Instant::now();
    let outcomes = ledger.move_orders(&moves).await;
    let took = start.elapsed();
    let outcomes = outcomes.expect("the ledger takes the batch");
    let mut changed = outcomes.into_iter().flatten();
    assert!(changed.all(|moved| moved.before != moved.order.status));
    took
}
