//! A server dies, or sleeps.

use std::time::Duration;

use rand::RngExt;
use tokio::time::sleep;

use crate::sale::Sale;
use crate::stores::{LASTS, Stores};

/// What a dead server had placed and not yet recorded, the other one moves to the ledger; and a settlement that it had
/// begun, the other one ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_costs_no_acknowledged_bid() {
    let stores = Stores::start();
    let mut sale = Sale::begin(&stores.database, stores.ways(), LASTS).await;
    while sale.left() > Duration::from_secs(2) {
        sale.pause(50..700).await;
        let number = sale.random.random_range(0..2);
        sale.kill(number);
        sale.pause(0..400).await;
        sale.start_again(number);
        sale.recovered().await;
    }
    sleep(sale.left()).await;
    for _ in 0..4 {
        sale.pause(0..60).await;
        let number = sale.random.random_range(0..2);
        sale.kill(number);
        sale.start_again(number);
    }
    sale.check().await;
}

/// It sleeps between any two steps of placing and of settling, and goes on with what it knew when its lease has long
/// been another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_sleeps_for_longer_than_its_lease_changes_nothing_when_it_wakes_up() {
    let stores = Stores::start();
    let mut sale = Sale::begin(&stores.database, stores.ways(), LASTS).await;
    while sale.left() > Duration::from_secs(3) {
        sale.pause(50..500).await;
        let number = sale.random.random_range(0..2);
        sale.freeze(number);
        sale.pause(200..1_500).await;
        sale.thaw(number);
    }
    sleep(sale.left()).await;
    sale.pause(0..60).await;
    for number in [0, 1] {
        sale.freeze(number);
        sale.pause(1_200..1_800).await;
        sale.thaw(number);
        sale.pause(0..60).await;
    }
    sale.check().await;
}
