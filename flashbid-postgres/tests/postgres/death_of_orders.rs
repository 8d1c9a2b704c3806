//! Orders survive the sudden death of the server, or of a connection: each is made once, and each move of it as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Campaign;
use flashbid_core::order::{Order, OrderAction, OrderMove, OrderStatus};
use flashbid_core::purchase::Purchase;
use flashbid_core::stock::Units;
use flashbid_core::store::Ledger;
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::{Postgres, Proxy};

use crate::common::{ALL, product, scramble};
use crate::death::{KILLS, until_known};
use crate::servers;
use crate::shop::{first_come, moving, open_shop, pay, purchase};

const BATCH: u64 = 64;

fn purchases(campaign: &Campaign, from: u64, count: u64) -> Vec<Purchase> {
    let numbers = from..from + count;
    numbers
        .map(|number| purchase([campaign], number, number, 1))
        .collect()
}

async fn restart(postgres: &Arc<Postgres>) {
    let server = Arc::clone(postgres);
    let restarted = tokio::task::spawn_blocking(move || server.restart());
    restarted.await.unwrap();
}

/// What the campaign has available, held and sold, and what it returned.
async fn places(ledger: &PostgresLedger, campaign: &Campaign) -> [u32; 4] {
    let found = ledger.campaign(campaign.id).await.unwrap().unwrap();
    let (stock, returned) = (found.stock, found.returned);
    [stock.available, stock.held, stock.sold, returned].map(Units::get)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_makes_an_order_of_each_purchase_once() {
    let postgres = Arc::new(Postgres::start());
    let ledger = servers::connect(&postgres.database()).await;
    let campaign = open_shop(&ledger, &first_come(1, 900_000, Some(2))).await;
    let (next, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let buyers: Vec<_> = (0..4)
        .map(|_| {
            let (ledger, campaign) = (ledger.clone(), campaign.clone());
            let (next, over) = (next.clone(), over.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    let batch =
                        purchases(&campaign, next.fetch_add(BATCH, Ordering::SeqCst), BATCH);
                    let outcomes = until_known(|| ledger.commit_purchases(&batch)).await;
                    for (purchase, outcome) in batch.into_iter().zip(outcomes) {
                        assert_eq!(outcome, Ok(purchase.orders));
                    }
                }
            })
        })
        .collect();
    for kill in 0..KILLS {
        let so_far = next.load(Ordering::SeqCst);
        while next.load(Ordering::SeqCst) < so_far + 10 * BATCH {
            tokio::time::sleep(Duration::from_millis(1 + scramble(kill) % 10)).await;
        }
        // The server dies between two requests, or in the middle of one.
        restart(&postgres).await;
    }
    over.store(true, Ordering::SeqCst);
    for buyer in buyers {
        buyer.await.unwrap();
    }
    let made = next.load(Ordering::SeqCst);
    let orders = until_known(|| ledger.orders_in(campaign.id, ALL)).await;
    let expected = purchases(&campaign, 0, made).into_iter();
    let mut expected: Vec<Order> = expected.flat_map(|purchase| purchase.orders).collect();
    expected.sort_by_key(|order| (order.created_at, order.id));
    assert_eq!(orders.items, expected);
    let count = u32::try_from(made).unwrap();
    let left = campaign.terms.quota.get() - count;
    assert_eq!(places(&ledger, &campaign).await, [left, count, 0, 0]);
    assert_eq!(ledger.outbox(u32::MAX).await.unwrap().len() as u64, made);
}

const ORDERS: u64 = 800;

/// Many orders and a move of each: some are paid, the others' time is over.
async fn ordered(ledger: &PostgresLedger, number: u128) -> (Campaign, Vec<OrderMove>) {
    let quota = u32::try_from(ORDERS).unwrap();
    let campaign = open_shop(ledger, &first_come(number, quota, None)).await;
    let from = 1_000_000 * u64::try_from(number).unwrap();
    let batch = purchases(&campaign, from, ORDERS);
    let outcomes = ledger.commit_purchases(&batch).await.unwrap();
    let orders = outcomes.into_iter().flatten().flatten();
    let moves: Vec<_> = orders
        .zip(0..)
        .map(|(order, place)| match place % 4 {
            0 => moving(order.id, pay(None)),
            _ => OrderMove {
                at: order.pay_by,
                ..moving(order.id, OrderAction::Expire)
            },
        })
        .collect();
    assert_eq!(moves.len() as u64, ORDERS);
    (campaign, moves)
}

/// Whether the orders have moved: all of them or none, and the units with them.
async fn have_moved(ledger: &PostgresLedger, campaign: &Campaign) -> bool {
    let orders = until_known(|| ledger.orders_in(campaign.id, ALL)).await;
    let waiting = orders.items.iter();
    let waiting = waiting.filter(|order| order.status == OrderStatus::PendingPayment);
    let (waiting, all) = (waiting.count(), u32::try_from(ORDERS).unwrap());
    let moved = waiting == 0;
    assert!(
        moved || waiting as u64 == ORDERS,
        "{waiting} are left behind"
    );
    let expected = if moved {
        [all - all / 4, 0, all / 4, 0]
    } else {
        [0, all, 0, 0]
    };
    assert_eq!(places(ledger, campaign).await, expected);
    moved
}

/// Moves orders while something befalls the server or the connection.
async fn move_through<F: Future<Output = ()>>(
    ledger: &PostgresLedger,
    number: u128,
    befalls: impl FnOnce() -> F,
) {
    let (campaign, moves) = ordered(ledger, number).await;
    let moving = tokio::spawn({
        let (ledger, moves) = (ledger.clone(), moves.clone());
        async move { ledger.move_orders(&moves).await }
    });
    tokio::time::sleep(Duration::from_millis(u64::try_from(number).unwrap() * 7)).await;
    befalls().await;
    let answer = moving.await.unwrap();
    let done = have_moved(ledger, &campaign).await;
    match answer.map_err(|error| error.kind) {
        Ok(_) => assert!(done),
        Err(StoreErrorKind::Unavailable) => assert!(!done),
        Err(kind) => assert_eq!(kind, StoreErrorKind::Indeterminate),
    }
    let again = until_known(|| ledger.move_orders(&moves)).await;
    for one in again.into_iter().flatten() {
        let is_first = one.before == OrderStatus::PendingPayment;
        assert!(!(done && is_first), "it moves once");
    }
    assert!(have_moved(ledger, &campaign).await);
}

/// Every order was made and moved once, and every unit is somewhere.
async fn all_is_told(ledger: &PostgresLedger, rounds: u64) {
    let told = ledger.outbox(u32::MAX).await.unwrap();
    assert_eq!(told.len() as u64, rounds * 2 * ORDERS);
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!(stock.loaded(), 1_000_000);
    assert_eq!(u64::from(stock.sold.get()), rounds * ORDERS / 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_moves_all_orders_of_a_batch_or_none() {
    let postgres = Arc::new(Postgres::start());
    let ledger = servers::connect(&postgres.database()).await;
    for number in 0..u128::from(KILLS) {
        move_through(&ledger, number, || restart(&postgres)).await;
    }
    all_is_told(&ledger, KILLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_whose_connection_is_cut_say_what_is_known() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = servers::connect(&proxy.url(&servers::database())).await;
    for number in 0..8 {
        move_through(&ledger, number, async || proxy.cut()).await;
    }
    all_is_told(&ledger, 8).await;
}

/// The answer is lost after the commit: the message goes again, and finds the orders made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purchases_whose_answer_is_lost_are_answered_all_the_same() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = servers::connect(&proxy.url(&servers::database())).await;
    let campaign = open_shop(&ledger, &first_come(1, 100, None)).await;
    for round in 0..4 {
        let batch = purchases(&campaign, 40 * round, 40);
        proxy.cut_before_answer();
        let outcomes = ledger.commit_purchases(&batch).await.unwrap();
        let made = outcomes.iter().filter(|outcome| outcome.is_ok());
        let expected = [40, 40, 20, 0][usize::try_from(round).unwrap()];
        assert_eq!(made.count(), expected);
        assert_eq!(ledger.commit_purchases(&batch).await.unwrap(), outcomes);
    }
    assert_eq!(places(&ledger, &campaign).await, [0, 100, 0, 0]);
    assert_eq!(ledger.outbox(u32::MAX).await.unwrap().len(), 100);
}
