//! What survives of purchases and of moves of orders when the process suddenly dies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use flashbid_core::campaign::Campaign;
use flashbid_core::id::OrderId;
use flashbid_core::order::{Order, OrderAction, OrderMove, OrderStatus};
use flashbid_core::purchase::Purchase;
use flashbid_core::stock::Units;
use flashbid_core::store::{Ledger, OutboxEvent, Revision};
use flashbid_sqlite::SqliteLedger;
use tokio::runtime::Runtime;

use crate::child::{self, Spawned};
use crate::common::{ALL, product, scramble};
use crate::shop::{first_come, moving, open_shop, pay, purchase};

const BATCH: u64 = 16;
const IN_FLIGHT: u64 = 3;
const QUOTA: u32 = 400_000;

/// The two campaigns that each purchase is of.
fn campaigns() -> [Campaign; 2] {
    [first_come(1, QUOTA, None), first_come(2, QUOTA, None)]
}

/// A purchase of its own number, one or two units in each campaign.
fn cart(number: u64) -> Purchase {
    let units = u32::try_from(number % 2).unwrap() + 1;
    purchase(&campaigns(), number, number, units)
}

fn batch(first: u64) -> Vec<Purchase> {
    (first..first + BATCH).map(cart).collect()
}

/// The orders of odd purchases are called off, the others paid.
fn moves(first: u64) -> Vec<OrderMove> {
    let orders = (first..first + BATCH).flat_map(|number| {
        let orders = cart(number).orders;
        orders.into_iter().map(move |order| (number, order.id))
    });
    orders
        .map(|(number, order)| {
            let action = if number % 2 == 1 {
                OrderAction::Cancel
            } else {
                pay(None)
            };
            moving(order, action)
        })
        .collect()
}

#[test]
fn a_killed_process_leaves_each_batch_of_a_rush_whole_or_not_at_all() {
    const TEST: &str =
        "death_of_a_rush::a_killed_process_leaves_each_batch_of_a_rush_whole_or_not_at_all";
    if let Some(path) = child::file() {
        return Runtime::new().unwrap().block_on(sell_until_killed(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let mut acknowledged = BTreeMap::new();
    for round in 0..25 {
        let mut child = Spawned::start(TEST, &path);
        let lives = usize::try_from(scramble(round) % 60).unwrap();
        let mut told: Vec<String> = child.by_ref().take(1 + lives).collect();
        child.kill();
        // What it had told before it died still lies in the pipe.
        told.extend(child);
        for line in &told[1..] {
            let (step, first) = line.split_once(' ').unwrap();
            let step = if step == "moved" { 2 } else { 1 };
            let furthest = acknowledged.entry(first.parse().unwrap()).or_insert(0);
            *furthest = step.max(*furthest);
        }
        Runtime::new()
            .unwrap()
            .block_on(check(&path, &acknowledged));
    }
    assert!(
        acknowledged.values().filter(|step| **step == 2).count() > 25,
        "the child hardly ever got to work"
    );
}

/// Tells that it begins, and then each batch when its orders are made, and again when they have moved.
async fn sell_until_killed(path: &Path) {
    let ledger = Arc::new(SqliteLedger::open(path).unwrap());
    let [one, other] = campaigns();
    if ledger.campaign(other.id).await.unwrap().is_none() {
        open_shop(&*ledger, &one).await;
        open_shop(&*ledger, &other).await;
    }
    let sold = ledger.orders_in(one.id, ALL).await.unwrap().items;
    let base = end_of(&sold);
    child::tell(format_args!("begun {base}"));
    let next = Arc::new(AtomicU64::new(base));
    let sellers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (ledger, next) = (ledger.clone(), next.clone());
            tokio::spawn(async move {
                let mut heard = true;
                while heard {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    for outcome in ledger.commit_purchases(&batch(first)).await.unwrap() {
                        outcome.unwrap();
                    }
                    child::tell(format_args!("sold {first}"));
                    for moved in ledger.move_orders(&moves(first)).await.unwrap() {
                        moved.unwrap();
                    }
                    heard = child::tell(format_args!("moved {first}"));
                }
            })
        })
        .collect();
    for seller in sellers {
        seller.await.unwrap();
    }
}

/// The first number behind the last batch of which there are orders.
fn end_of<'a>(orders: impl IntoIterator<Item = &'a Order>) -> u64 {
    let number_of =
        |order: &Order| order.created_at.millis() - cart(0).orders[0].created_at.millis();
    let last = orders.into_iter().map(number_of).max();
    last.map_or(0, |number| {
        u64::try_from(number + 1).unwrap().next_multiple_of(BATCH)
    })
}

/// Each batch is whole and as far as was acknowledged or further, and all counts agree with the orders.
async fn check(path: &Path, acknowledged: &BTreeMap<u64, u8>) {
    let ledger = SqliteLedger::open(path).unwrap();
    let mut made: BTreeMap<OrderId, Order> = BTreeMap::new();
    for campaign in campaigns() {
        let orders = ledger.orders_in(campaign.id, ALL).await.unwrap().items;
        check_campaign(&ledger, &campaign, &orders).await;
        made.extend(orders.into_iter().map(|order| (order.id, order)));
    }
    let acknowledged_to = acknowledged.keys().last().map_or(0, |first| first + BATCH);
    let end = end_of(made.values()).max(acknowledged_to);
    let mut found = 0;
    for first in (0..end).step_by(usize::try_from(BATCH).unwrap()) {
        let asked = moves(first);
        let statuses: Vec<_> = asked
            .iter()
            .map(|moved| {
                (
                    made.get(&moved.order).map(|order| order.status),
                    &moved.action,
                )
            })
            .collect();
        let nothing = statuses.iter().all(|(status, _)| status.is_none());
        let pending = Some(OrderStatus::PendingPayment);
        let sold = statuses.iter().all(|(status, _)| *status == pending);
        let moved = statuses.iter().all(|(status, action)| {
            *status
                == Some(match action {
                    OrderAction::Cancel => OrderStatus::Cancelled,
                    _ => OrderStatus::Paid,
                })
        });
        assert!(nothing || sold || moved, "{first}: {statuses:?}");
        let least = acknowledged.get(&first).copied().unwrap_or(0);
        assert!(
            moved || (sold && least < 2) || least == 0,
            "{first}: {least} acknowledged of {statuses:?}"
        );
        found += statuses
            .iter()
            .filter(|(status, _)| status.is_some())
            .count();
    }
    assert_eq!(found, made.len());
    let product = ledger.product(product(0).id).await.unwrap().unwrap();
    let paid = units_in(made.values(), &[OrderStatus::Paid]);
    assert_eq!(product.stock.sold, paid);
    assert_eq!(product.stock.held.get(), 2 * QUOTA - paid.get());
    let entries = ledger.outbox(u32::MAX).await.unwrap();
    let of = |wanted: fn(&OutboxEvent) -> bool| entries.iter().filter(|e| wanted(&e.event)).count();
    let moved = made
        .values()
        .filter(|order| order.status != OrderStatus::PendingPayment);
    assert_eq!(
        of(|event| matches!(event, OutboxEvent::OrderCreated(_))),
        made.len()
    );
    assert_eq!(
        of(|event| matches!(event, OutboxEvent::OrderMoved(_))),
        moved.count()
    );
}

async fn check_campaign(ledger: &SqliteLedger, campaign: &Campaign, orders: &[Order]) {
    let Some(campaign) = ledger.campaign(campaign.id).await.unwrap() else {
        return assert!(orders.is_empty());
    };
    let held = units_in(orders, &[OrderStatus::PendingPayment]);
    let sold = units_in(orders, &[OrderStatus::Paid]);
    assert_eq!((campaign.stock.held, campaign.stock.sold), (held, sold));
    assert_eq!(campaign.stock.loaded(), u64::from(QUOTA));
    let changes = ledger
        .order_changes(campaign.id, Revision::ZERO, u32::MAX)
        .await
        .unwrap();
    let moved = orders
        .iter()
        .filter(|order| order.status != OrderStatus::PendingPayment)
        .count();
    assert_eq!(changes.orders.len(), orders.len());
    let counted = u64::try_from(orders.len() + moved).unwrap();
    assert_eq!(changes.through, Revision::new(counted));
}

fn units_in<'a>(orders: impl IntoIterator<Item = &'a Order>, statuses: &[OrderStatus]) -> Units {
    orders
        .into_iter()
        .filter(|order| statuses.contains(&order.status))
        .fold(Units::ZERO, |sum, order| sum.plus(order.units).unwrap())
}

#[test]
fn purchases_and_moves_that_were_written_but_not_committed_are_gone() {
    const TEST: &str =
        "death_of_a_rush::purchases_and_moves_that_were_written_but_not_committed_are_gone";
    if let Some(path) = child::file() {
        return Runtime::new().unwrap().block_on(sell_and_hang(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let ledger = SqliteLedger::open(&path).unwrap();
        for campaign in campaigns() {
            open_shop(&ledger, &campaign).await;
        }
        ledger.commit_purchases(&batch(0)).await.unwrap();
    });
    let mut child = Spawned::start(TEST, &path);
    assert_eq!(child.next().as_deref(), Some("written"));
    child.kill();
    runtime.block_on(async {
        check(&path, &BTreeMap::from([(0, 1)])).await;
        let ledger = SqliteLedger::open(&path).unwrap();
        let [one, _] = campaigns();
        assert_eq!(ledger.orders_in(one.id, ALL).await.unwrap().total, BATCH);
        let first = ledger.order(cart(0).orders[0].id).await.unwrap().unwrap();
        assert_eq!(first.status, OrderStatus::PendingPayment);
        // The same again is done once.
        ledger.commit_purchases(&batch(BATCH)).await.unwrap();
        ledger.move_orders(&moves(0)).await.unwrap();
        drop(ledger);
        check(&path, &BTreeMap::from([(0, 2), (BATCH, 1)])).await;
    });
}

/// Hangs in a write that shares its commit with a batch of purchases and a batch of moves.
async fn sell_and_hang(path: &Path) {
    let ledger = SqliteLedger::open(path).unwrap();
    let (go_on, gate) = mpsc::channel();
    let held = ledger.database().write(move |_| {
        gate.recv().unwrap();
        Ok(())
    });
    let (purchases, asked) = (batch(BATCH), moves(0));
    let selling = ledger.commit_purchases(&purchases);
    let moving = ledger.move_orders(&asked);
    let hanging = ledger.database().write(|_| {
        child::tell("written");
        child::wait_for_parent();
        Ok(())
    });
    let release = async { go_on.send(()).unwrap() };
    // They are queued in this order before the first may go on.
    let (_, sold, moved, ..) = tokio::join!(biased; held, selling, moving, hanging, release);
    sold.unwrap();
    moved.unwrap();
}
