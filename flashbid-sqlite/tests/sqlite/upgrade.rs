//! A file of the first version comes over whole.

use std::path::Path;

use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::order::{OrderAction, OrderStatus, Origin};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::SettlementPlan;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Ledger, OutboxEvent, Revision};
use flashbid_sqlite::SqliteLedger;
use flashbid_sqlite::rusqlite::{Connection, params};

use crate::common::{ALL, TOKEN, bid, campaign, product, stretch};
use crate::shop::{first_come, moving, open_shop, pay, purchase};

const PHASES: [&str; 5] = ["scheduled", "open", "sealing", "settled", "cancelled"];
const QUOTA: u32 = 10;
const WINNERS: u64 = 3;

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

/// What the first version made: a campaign in each phase, each with some bids, and of the settled one three orders.
/// Acknowledged are the entries of the first of these and of whatever came before.
fn write_first_version(path: &Path) {
    let mut file = Connection::open(path).unwrap();
    let tx = file.transaction().unwrap();
    tx.pragma_update(None, "application_id", i32::from_be_bytes(*b"FLBD"))
        .unwrap();
    tx.execute_batch(include_str!("../../migrations/0001_ledger.sql"))
        .unwrap();
    tx.execute_batch(
        "CREATE TABLE schema_versions (
             name    TEXT    NOT NULL PRIMARY KEY,
             version INTEGER NOT NULL CHECK (version >= 0)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO schema_versions VALUES ('ledger', 1);
         -- An embedder's own, as the ledger's tables are not to refer to.
         CREATE TABLE notes (campaign BLOB NOT NULL, text TEXT NOT NULL) STRICT;
         INSERT INTO notes VALUES (x'01', 'hello');",
    )
    .unwrap();
    let product = product(0);
    // The quotas of three campaigns are promised, and three orders; the rest came back.
    let held = 3 * i64::from(QUOTA) + i64::try_from(WINNERS).unwrap();
    tx.execute(
        "INSERT INTO products VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, 0, ?7)",
        params![
            product.id.as_bytes(),
            product.name,
            product.description,
            product.min_price.ten_thousandths(),
            1_000 - held,
            held,
            product.created_at.millis()
        ],
    )
    .unwrap();
    for (number, phase) in (1..).zip(PHASES) {
        write_campaign(&tx, number, phase);
        write_bids(&tx, number);
    }
    for rank in 1..=WINNERS {
        write_order(&tx, rank);
    }
    tx.execute("DELETE FROM outbox WHERE position <= 2", [])
        .unwrap();
    tx.commit().unwrap();
}

fn write_campaign(tx: &Connection, number: u32, phase: &str) {
    let made = campaign(u128::from(number), QUOTA);
    let (allocated, unsold) = if phase == "settled" {
        (3, QUOTA - 3)
    } else {
        (0, 0)
    };
    tx.execute(
        // Not the numbers that SQLite would give out: the bids refer to them.
        "INSERT INTO campaigns VALUES (?1 * 100, ?2, ?3, 'ranked', 10000, 10000000, 1000000, 'latest', ?4, ?5, ?6, \
         ?7, 900000, ?8, ?9, ?10, 4, 2, ?11, ?12, ?13)",
        params![
            number,
            made.id.as_bytes(),
            made.product.as_bytes(),
            made.terms.window.start().millis(),
            made.terms.window.end().millis(),
            QUOTA,
            made.terms.min_price.ten_thousandths(),
            phase,
            number,
            i64::try_from(TOKEN.get()).unwrap(),
            allocated,
            unsold,
            made.created_at.millis() + i64::from(number),
        ],
    )
    .unwrap();
}

fn write_bids(tx: &Connection, number: u32) {
    for sequence in 1..=5 {
        let bid = bid(sequence, 1_000);
        tx.execute(
            "INSERT INTO bids VALUES (?1 * 100, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                number,
                i64::try_from(sequence).unwrap(),
                bid.id.as_bytes(),
                bid.bidder.as_bytes(),
                bid.name.as_deref(),
                bid.price.ten_thousandths(),
                bid.weight.ten_thousandths(),
                bid.score.ten_thousandths(),
                bid.rank.get(),
                bid.at.millis(),
                i64::try_from(bid.elapsed_ms).unwrap(),
                bid.bid_number,
            ],
        )
        .unwrap();
    }
}

fn write_order(tx: &Connection, rank: u64) {
    let order = &expected_plan().orders[usize::try_from(rank).unwrap() - 1];
    let won = bid(rank, 1_000);
    tx.execute(
        "INSERT INTO orders VALUES (?1, 400, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            order.id.as_bytes(),
            order.product.as_bytes(),
            order.bidder.as_bytes(),
            won.id.as_bytes(),
            order.price.ten_thousandths(),
            won.score.ten_thousandths(),
            i64::try_from(rank).unwrap(),
            order.status.as_str(),
            order.created_at.millis(),
            order.pay_by.millis(),
        ],
    )
    .unwrap();
    tx.execute(
        "INSERT INTO outbox (event, subject) VALUES ('order_created', ?1)",
        [order.id.as_bytes()],
    )
    .unwrap();
}

/// What the settled campaign was settled by.
fn expected_plan() -> SettlementPlan {
    let campaign = campaign(4, QUOTA);
    let bids: Vec<_> = (1..=WINNERS).map(|sequence| bid(sequence, 1_000)).collect();
    let now = campaign.terms.window.end();
    flashbid_core::settle::plan(&campaign, &bids, Sequence::new(5), now)
}

fn expected_campaign(number: u32, phase: Phase, stock: Level, returned: u32) -> Campaign {
    let made = campaign(u128::from(number), QUOTA);
    Campaign {
        phase,
        version: u64::from(number),
        fence: TOKEN,
        stock,
        returned: units(returned),
        guards: Guards::default(),
        created_at: made
            .created_at
            .after(std::time::Duration::from_millis(u64::from(number))),
        ..made
    }
}

#[tokio::test]
async fn a_file_of_the_first_version_comes_over_with_its_rows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    write_first_version(&path);
    let ledger = SqliteLedger::open(&path).unwrap();

    let all = Level::loaded_with(units(QUOTA));
    let none = Level::default();
    let won = Level {
        held: units(3),
        ..none
    };
    let expected = [
        expected_campaign(5, Phase::Cancelled, none, QUOTA),
        expected_campaign(4, Phase::Settled, won, QUOTA - 3),
        expected_campaign(3, Phase::Sealing, all, 0),
        expected_campaign(2, Phase::Open, all, 0),
        expected_campaign(1, Phase::Scheduled, all, 0),
    ];
    assert_eq!(ledger.campaigns(ALL).await.unwrap().items, expected);
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!((stock.held, stock.loaded()), (units(33), 1_000));

    let plan = expected_plan();
    let settled = expected[1].id;
    let orders = ledger.orders_in(settled, ALL).await.unwrap().items;
    assert_eq!(orders, plan.orders);
    let changes = ledger
        .order_changes(settled, Revision::ZERO, 100)
        .await
        .unwrap();
    assert_eq!(
        (changes.through, changes.orders),
        (Revision::new(3), orders)
    );

    for campaign in &expected {
        let seed = ledger.begin_epoch(campaign.id).await.unwrap().unwrap();
        assert_eq!(seed.epoch.get(), 5);
        assert_eq!(seed.bids, stretch(seed.epoch, 0, 5).bids);
        assert_eq!(
            ledger.checkpoint(campaign.id).await.unwrap(),
            Sequence::new(2)
        );
    }
    let left = ledger.outbox(100).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].position, 3);
    assert_eq!(left[0].event, OutboxEvent::OrderCreated(plan.orders[2].id));
}

#[tokio::test]
async fn a_file_of_the_first_version_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    write_first_version(&path);
    let ledger = SqliteLedger::open(&path).unwrap();
    let plan = expected_plan();

    // All entries are gone, and their positions still are not used again.
    ledger.acknowledge_outbox(3).await.unwrap();
    let asked = [
        moving(plan.orders[0].id, pay(None)),
        moving(plan.orders[1].id, OrderAction::Cancel),
    ];
    let moved = ledger.move_orders(&asked).await.unwrap();
    let statuses: Vec<_> = moved
        .iter()
        .map(|moved| moved.as_ref().unwrap().order.status)
        .collect();
    assert_eq!(statuses, [OrderStatus::Paid, OrderStatus::Cancelled]);
    let entries = ledger.outbox(100).await.unwrap();
    assert_eq!(entries[0].position, 4);
    assert_eq!(entries[0].event, OutboxEvent::OrderMoved(plan.orders[0].id));

    let settled = ledger.campaign(plan.campaign).await.unwrap().unwrap();
    let level = Level {
        available: Units::ZERO,
        held: units(1),
        sold: units(1),
    };
    assert_eq!((settled.stock, settled.returned), (level, units(8)));
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!(
        (stock.held, stock.sold, stock.loaded()),
        (units(31), units(1), 1_000)
    );

    let open = ledger
        .campaign(campaign(2, QUOTA).id)
        .await
        .unwrap()
        .unwrap();
    let cancelled = ledger.transition(open.id, Phase::Open, Phase::Cancelled, FencingToken::new(2));
    assert!(cancelled.await.unwrap());
    let shop = open_shop(&ledger, &first_come(9, 5, None)).await;
    let bought = ledger
        .commit_purchases(&[purchase([&shop], 1, 1, 2)])
        .await
        .unwrap();
    let order = &bought[0].as_ref().unwrap()[0];
    assert!(matches!(order.origin, Origin::Bought { .. }));
    assert_eq!(ledger.order(order.id).await.unwrap().as_ref(), Some(order));
}

#[tokio::test]
async fn a_file_of_the_first_version_gets_the_tables_of_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (
        directory.path().join("old.db"),
        directory.path().join("new.db"),
    );
    write_first_version(&old);
    drop(SqliteLedger::open(&old).unwrap());
    drop(SqliteLedger::open(&new).unwrap());
    let schema = |path: &Path| {
        let file = Connection::open(path).unwrap();
        let broken = file.prepare("PRAGMA foreign_key_check").unwrap().exists([]);
        assert!(!broken.unwrap());
        let damage: String = file
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(damage, "ok");
        let mut select = file
            .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT IN ('notes', 'schema_versions') ORDER BY type, name")
            .unwrap();
        let rows = select.query_map([], |row| {
            let row: (String, String, String, Option<String>) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(row)
        });
        rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let (old, new) = (schema(&old), schema(&new));
    assert_eq!(old.len(), new.len());
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(old, new);
    }
    // The orders refer to the campaigns of today.
    let orders = new.iter().find(|(_, name, ..)| name == "orders").unwrap();
    let sql = orders.3.as_ref().unwrap();
    assert!(
        sql.contains("REFERENCES \"campaigns\"") && !sql.contains("new_"),
        "{sql}"
    );
}

#[tokio::test]
async fn a_settled_campaign_of_the_first_version_lets_nobody_win_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    write_first_version(&path);
    drop(SqliteLedger::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    let twice = file.execute(
        "INSERT INTO orders SELECT randomblob(16), campaign, product, bidder, units, price, bid, score, 9, NULL, \
         randomblob(16), status, NULL, 9, created_at, pay_by FROM orders LIMIT 1",
        [],
    );
    let error = twice.unwrap_err().to_string();
    assert!(error.contains("UNIQUE"), "{error}");
    let beyond = file.execute("UPDATE campaigns SET held = held + 1", []);
    let error = beyond.unwrap_err().to_string();
    assert!(error.contains("CHECK"), "{error}");
}
