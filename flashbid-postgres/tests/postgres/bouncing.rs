//! PgBouncer in transaction mode: why there is one way to use a connection, and that it holds.

use std::collections::BTreeSet;

use flashbid_core::store::Ledger;
use flashbid_postgres::{Config, OpenError, PostgresLedger, Transaction, sqlx};
use flashbid_testbed::{PgBouncer, PoolMode, Postgres};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Row};

use crate::common::{open_campaign, stretch};
use crate::servers;

const TASKS: i64 = 64;
const ROUNDS: i64 = 40;

/// A statement of its own for each task, and what it answers.
fn statement(task: i64) -> String {
    // The number of columns differs as well, and so what the server says about the statement.
    let columns = (0..=task % 5).map(|column| format!("$1::bigint + {}", task * 10 + column));
    format!("SELECT {}", columns.collect::<Vec<_>>().join(", "))
}

fn is_right(task: i64, round: i64, row: &sqlx::postgres::PgRow) -> bool {
    row.len() == usize::try_from(task % 5 + 1).unwrap()
        && (0..=task % 5).all(|column| {
            let found = row.try_get(usize::try_from(column).unwrap());
            found.is_ok_and(|found: i64| found == round + task * 10 + column)
        })
}

/// A PgBouncer with few connections for many tasks.
fn narrow() -> PgBouncer {
    PgBouncer::start_with(
        Postgres::shared(),
        PoolMode::Transaction,
        &["default_pool_size=4"],
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_is_right_through_the_helper() {
    let bouncer = narrow();
    let mut config = Config::new(bouncer.url(&servers::database()));
    config.connections = 32;
    let ledger = PostgresLedger::connect_with(config).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let sql = statement(task);
                let row = ledger.database().read(async |tx: &mut Transaction<'_>| {
                    let query = sqlx::query(AssertSqlSafe(sql)).bind(round);
                    tx.fetch_one(query).await
                });
                let row = row.await.unwrap();
                assert!(is_right(task, round, &row), "task {task}, round {round}");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// The same with a pool as it comes, without transactions: PgBouncer gives the statements of one client to another
/// connection than the one where they were prepared, or that of another client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_use_goes_wrong() {
    let bouncer = narrow();
    let pool = PgPoolOptions::new()
        .max_connections(32)
        .connect_lazy(&bouncer.url(&servers::database()))
        .unwrap();
    let tasks = (0..TASKS).map(|task| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut wrong = 0;
            for round in 0..ROUNDS {
                let query = sqlx::query(AssertSqlSafe(statement(task))).bind(round);
                let row = query.fetch_one(&pool).await;
                wrong += i64::from(!row.is_ok_and(|row| is_right(task, round, &row)));
            }
            wrong
        })
    });
    let mut wrong = 0;
    for task in tasks.collect::<Vec<_>>() {
        wrong += task.await.unwrap();
    }
    assert!(wrong > 0, "if this is right by now, the helper can go");
}

/// A setting of one transaction is not found by the next one on the same connection of the server.
#[tokio::test]
async fn a_transaction_leaves_no_settings_behind() {
    let bouncer = PgBouncer::start_with(
        Postgres::shared(),
        PoolMode::Transaction,
        &["default_pool_size=1"],
    );
    let url = bouncer.url(&servers::database());
    let ledger = servers::connect(&url).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    ledger
        .record(campaign.id, &stretch(epoch, 0, 3))
        .await
        .unwrap();
    let bare = PgPoolOptions::new()
        .max_connections(1)
        .connect(&url)
        .await
        .unwrap();
    for (setting, untouched) in [
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("transaction_read_only", "off"),
    ] {
        let row = sqlx::raw_sql(AssertSqlSafe(format!("SHOW {setting}")))
            .fetch_one(&bare)
            .await;
        assert_eq!(row.unwrap().get::<String, _>(0), untouched, "{setting}");
    }
    let prepared = sqlx::raw_sql("SELECT name FROM pg_prepared_statements")
        .fetch_all(&bare)
        .await;
    assert!(prepared.unwrap().is_empty());
}

/// A node needs no direct way to the server as long as there is nothing to migrate.
#[tokio::test]
async fn migrations_take_the_direct_way() {
    let direct = Postgres::shared().database();
    let mut config = Config::new(servers::bouncer(PoolMode::Transaction).url(&direct));
    config.migrate_url = Some("postgres://nobody@127.0.0.1:1/nowhere".to_owned());
    let refused = PostgresLedger::connect_with(config.clone()).await;
    assert!(matches!(refused, Err(OpenError::Unavailable { .. })));
    config.migrate_url = Some(direct);
    PostgresLedger::connect_with(config.clone()).await.unwrap();
    config.migrate_url = Some("postgres://nobody@127.0.0.1:1/nowhere".to_owned());
    PostgresLedger::connect_with(config).await.unwrap();
}

/// Many nodes record through few connections at once, and everything is there, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_record_at_once() {
    let bouncer = narrow();
    let url = bouncer.url(&servers::database());
    let ledger = servers::connect(&url).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    let mut nodes = Vec::new();
    for node in 0..6 {
        let ledger = servers::connect(&url).await;
        nodes.push(tokio::spawn(async move {
            for part in 0..10 {
                let after = (part * 6 + node) * 20;
                let batch = stretch(epoch, after, after + 30);
                ledger.record(campaign.id, &batch).await.unwrap();
            }
        }));
    }
    for node in nodes {
        node.await.unwrap();
    }
    let recorded = ledger
        .bids(campaign.id, flashbid_core::rank::Sequence::ZERO, 10_000)
        .await
        .unwrap();
    assert_eq!(recorded, stretch(epoch, 0, 1_210).bids);
    let ids: BTreeSet<_> = recorded.iter().map(|bid| bid.id).collect();
    assert_eq!(ids.len(), 1_210);
    assert_eq!(ledger.checkpoint(campaign.id).await.unwrap().get(), 1_210);
}
