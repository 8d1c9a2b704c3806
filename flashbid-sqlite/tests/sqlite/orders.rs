//! Orders of first-come sales: what is this ledger's own.

use std::sync::mpsc::channel;

use flashbid_core::StoreErrorKind;
use flashbid_core::error::Rejection;
use flashbid_core::id::HoldId;
use flashbid_core::order::{OrderAction, OrderStatus};
use flashbid_core::purchase::{HoldFate, VoidReason};
use flashbid_core::store::Ledger;
use flashbid_sqlite::SqliteLedger;
use flashbid_sqlite::rusqlite::Connection;

use crate::common::{ALL, bidder};
use crate::shop::{first_come, hold, moving, open_shop, pay, purchase};

#[tokio::test]
async fn a_rush_reads_back_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let ledger = SqliteLedger::open(&path).unwrap();
    let shop = open_shop(&ledger, &first_come(1, 5, Some(2))).await;
    let batch: Vec<_> = (0..4)
        .map(|number| purchase([&shop], number, number, 2))
        .collect();
    let outcomes = ledger.commit_purchases(&batch).await.unwrap();
    assert_eq!(outcomes[0], Ok(batch[0].orders.clone()));
    assert_eq!(outcomes[2], Err(Rejection::SoldOut));
    drop(ledger);

    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.commit_purchases(&batch).await.unwrap(), outcomes);
    let orders = ledger.orders_of(bidder(1), ALL).await.unwrap();
    assert_eq!(orders.items, batch[1].orders);
    let refused = hold(&shop, 3, 3, 2).id;
    let fates = ledger.hold_fates(&[refused]).await.unwrap();
    assert_eq!(fates, [Some(HoldFate::Void(VoidReason::SoldOut))]);
}

#[tokio::test]
async fn an_order_is_found_by_both_of_its_holds() {
    let ledger = SqliteLedger::open(":memory:").unwrap();
    let shop = open_shop(&ledger, &first_come(1, 5, None)).await;
    let bought = purchase([&shop], 1, 1, 2);
    ledger
        .commit_purchases(std::slice::from_ref(&bought))
        .await
        .unwrap();
    let id = bought.orders[0].id;
    let (first, again) = (bought.orders[0].hold, HoldId::again(id));
    let asked = [
        moving(id, OrderAction::Cancel),
        moving(id, pay(Some(again))),
    ];
    let moved = ledger.move_orders(&asked).await.unwrap();
    let order = moved[1].as_ref().unwrap().order.clone();
    assert_eq!((order.status, order.hold), (OrderStatus::Paid, again));
    let fates = ledger.hold_fates(&[first, again]).await.unwrap();
    let ordered = Some(HoldFate::Ordered(order.clone()));
    assert_eq!(fates, [ordered.clone(), ordered]);
    let seed = ledger.gate_seed(shop.id).await.unwrap().unwrap();
    assert_eq!(seed.holds, order.holds().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_conflict_within_a_batch_leaves_nothing_in_the_common_commit() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(directory.path().join("sale.db")).unwrap();
    let shop = open_shop(&ledger, &first_come(1, 100, Some(1))).await;
    ledger
        .commit_purchases(&[purchase([&shop], 0, 0, 1)])
        .await
        .unwrap();
    // One that is made, one that is void from then on, and one whose id is another order's.
    let mut batch = [1, 2, 0].map(|number| purchase([&shop], number, number, 1));
    batch[1].orders[0].bidder = bidder(0);
    batch[2].orders[0].bidder = bidder(9);
    let neighbour = [purchase([&shop], 5, 5, 1)];
    let (go_on, gate) = channel();
    let held = ledger.database().write(move |_| {
        gate.recv().unwrap();
        Ok(())
    });
    let refusing = ledger.commit_purchases(&batch);
    let making = ledger.commit_purchases(&neighbour);
    let release = async { go_on.send(()).unwrap() };
    // They are queued in this order before the first may go on.
    let (_, refused, made, ()) = tokio::join!(biased; held, refusing, making, release);
    assert_eq!(refused.unwrap_err().kind, StoreErrorKind::Conflict);
    made.unwrap()[0].as_ref().unwrap();
    let orders = ledger.orders_in(shop.id, ALL).await.unwrap();
    assert_eq!(orders.total, 2);
    let holds = [1, 2].map(|number| hold(&shop, number, number, 1).id);
    assert_eq!(ledger.hold_fates(&holds).await.unwrap(), [None, None]);
    let held = ledger.campaign(shop.id).await.unwrap().unwrap().stock.held;
    assert_eq!(held.get(), 2);
}

/// A rush must not read what grows with the sale: each of these finds its rows by an index, in their order.
#[tokio::test]
async fn the_lists_of_workers_are_read_from_indexes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    drop(SqliteLedger::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    for (sql, index) in [
        (
            "SELECT * FROM orders WHERE status = 'pending_payment' AND pay_by <= 1 ORDER BY pay_by, id LIMIT 9",
            "orders_unpaid",
        ),
        (
            "SELECT * FROM orders JOIN campaigns ON campaigns.number = orders.campaign
             WHERE orders.campaign = 1 AND orders.revision > 1 ORDER BY orders.revision LIMIT 9",
            "orders_by_revision",
        ),
        (
            "SELECT * FROM orders WHERE campaign = 1 ORDER BY rank, created_at, id LIMIT 9",
            "orders_by_rank",
        ),
        (
            "SELECT * FROM orders WHERE hold = x'00' AND hold <> orders.id",
            "orders_held_again",
        ),
        (
            "SELECT id FROM campaigns WHERE phase = 'settled' AND available > 0 ORDER BY id LIMIT 9",
            "campaigns_with_units_left",
        ),
        (
            "SELECT * FROM products WHERE available <= 5 ORDER BY available, id LIMIT 9",
            "products_by_stock",
        ),
        (
            "SELECT * FROM campaigns WHERE product = x'00' ORDER BY created_at DESC, id LIMIT 9",
            "campaigns_by_product",
        ),
        (
            "SELECT * FROM dead_letters ORDER BY at, hold LIMIT 9",
            "dead_letters_by_age",
        ),
    ] {
        let mut explain = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explain
            .query_map([], |row| row.get::<_, String>(3))
            .unwrap();
        let plan = steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(
            plan.contains(index) && !plan.contains("TEMP B-TREE"),
            "{sql}: {plan}"
        );
    }
}
