//! What a transaction promises when something goes wrong in its middle or at its end.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::store::Ledger;
use flashbid_postgres::{Config, DatabaseError, PostgresLedger, Transaction, sqlx};
use flashbid_testbed::{Postgres, Proxy};
use sqlx::Row;
use tokio::time::Instant;

use crate::common::{ALL, open_campaign, product, stretch};
use crate::servers;

/// A ledger with a table of notes beside it.
async fn with_notes(config: Config) -> PostgresLedger {
    let ledger = PostgresLedger::connect_with(config).await.unwrap();
    let notes = "CREATE TABLE notes (text text NOT NULL UNIQUE)";
    ledger.database().migrate("notes", &[notes]).await.unwrap();
    ledger
}

fn note(text: &str) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query("INSERT INTO notes VALUES ($1)").bind(text)
}

async fn notes(ledger: &PostgresLedger) -> i64 {
    let count = ledger.database().read(async |tx: &mut Transaction<'_>| {
        tx.fetch_one(sqlx::query("SELECT count(*) FROM notes"))
            .await
    });
    count.await.unwrap().get(0)
}

/// One connection, so that the next use gets what the one before has left.
fn single(url: &str) -> Config {
    let mut config = Config::new(url);
    config.connections = 1;
    config
}

#[tokio::test]
async fn what_fails_leaves_nothing() {
    let ledger = with_notes(single(&servers::database())).await;
    let refused = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("one")).await?;
        Err::<(), _>(DatabaseError::new(StoreErrorKind::NotFound, "never mind"))
    });
    assert_eq!(refused.await.unwrap_err().kind(), StoreErrorKind::NotFound);
    assert_eq!(notes(&ledger).await, 0);
}

/// PostgreSQL answers the `COMMIT` of a failed transaction by rolling back, without an error.
#[tokio::test]
async fn a_failure_that_the_closure_ignores_is_answered() {
    let ledger = with_notes(single(&servers::database())).await;
    let refused = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("one")).await?;
        let again = tx.execute(note("one")).await;
        assert_eq!(again.unwrap_err().kind(), StoreErrorKind::Conflict);
        Ok(())
    });
    assert_eq!(refused.await.unwrap_err().kind(), StoreErrorKind::Conflict);
    assert_eq!(notes(&ledger).await, 0);
}

#[tokio::test]
async fn a_read_cannot_write() {
    let ledger = with_notes(single(&servers::database())).await;
    let refused = ledger
        .database()
        .read(async |tx: &mut Transaction<'_>| tx.execute(note("one")).await);
    assert_eq!(
        refused.await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    // The connection is of use for a write afterwards.
    let written = ledger
        .database()
        .write(async |tx: &mut Transaction<'_>| tx.execute(note("one")).await);
    assert_eq!(written.await.unwrap(), 1);
}

/// A caller that goes away in the middle leaves no lock and no half transaction on the connection.
#[tokio::test]
async fn a_dropped_write_leaves_nothing() {
    let ledger = with_notes(single(&servers::database())).await;
    for round in 0..20_u64 {
        let write = ledger.database().write(async |tx: &mut Transaction<'_>| {
            tx.execute(note("one")).await?;
            tx.execute(sqlx::query("SELECT pg_sleep(0.002)")).await?;
            tx.execute(sqlx::query("SELECT pg_sleep(10)")).await
        });
        let dropped = tokio::time::timeout(Duration::from_micros(round * 500), write).await;
        assert!(dropped.is_err(), "it waits for long");
    }
    let written = ledger
        .database()
        .write(async |tx: &mut Transaction<'_>| tx.execute(note("one")).await);
    assert_eq!(written.await.unwrap(), 1);
    assert_eq!(notes(&ledger).await, 1);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_indeterminate() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = with_notes(single(&proxy.url(&servers::database()))).await;
    let lost = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("one")).await?;
        proxy.cut_before_answer();
        Ok(())
    });
    assert_eq!(
        lost.await.unwrap_err().kind(),
        StoreErrorKind::Indeterminate
    );
    // It came through.
    assert_eq!(notes(&ledger).await, 1);
}

#[tokio::test]
async fn a_commit_that_is_lost_is_indeterminate() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = with_notes(single(&proxy.url(&servers::database()))).await;
    let lost = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("one")).await?;
        proxy.cut_before_request();
        Ok(())
    });
    assert_eq!(
        lost.await.unwrap_err().kind(),
        StoreErrorKind::Indeterminate
    );
    // It did not come through, which nobody could know.
    assert_eq!(notes(&ledger).await, 0);
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_is_unavailable() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = with_notes(single(&proxy.url(&servers::database()))).await;
    let lost = ledger.database().write(async |tx: &mut Transaction<'_>| {
        proxy.cut_before_answer();
        tx.execute(note("one")).await
    });
    assert_eq!(lost.await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(notes(&ledger).await, 0);
    let ended = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("one")).await?;
        let end = sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())");
        tx.execute(end).await
    });
    assert_eq!(ended.await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(notes(&ledger).await, 0);
}

#[tokio::test]
async fn a_record_whose_answer_is_lost_is_run_again() {
    let proxy = Proxy::start(Postgres::shared().port());
    let ledger = servers::connect(&proxy.url(&servers::database())).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    for (part, before_answer) in (0..6).zip([true, false].into_iter().cycle()) {
        let cuts = proxy.cuts();
        if before_answer {
            proxy.cut_before_answer();
        } else {
            proxy.cut_before_request();
        }
        let batch = stretch(epoch, part * 10, part * 10 + 10);
        let checkpoint = ledger.record(campaign.id, &batch).await.unwrap();
        assert_eq!(checkpoint, batch.through);
        proxy.await_cut_after(cuts);
    }
    let recorded = ledger
        .bids(campaign.id, flashbid_core::rank::Sequence::ZERO, 100)
        .await;
    assert_eq!(recorded.unwrap(), stretch(epoch, 0, 60).bids);
}

#[tokio::test]
async fn connections_that_died_unused_are_passed_over() {
    let url = servers::database();
    let ledger = servers::connect(&url).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    for round in 0..3 {
        let reads = (0..8).map(|_| ledger.products(ALL));
        for read in reads.map(|read| async move { read.await.unwrap() }) {
            read.await;
        }
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            servers::name(&url)
        );
        Postgres::shared().sql("postgres", &end);
        if round == 1 {
            let batch = stretch(epoch, 0, 5);
            ledger.record(campaign.id, &batch).await.unwrap();
        } else {
            ledger.add_product(&product(1)).await.unwrap();
        }
    }
}

/// Two that lock in opposite order: the server breaks it, and nothing of the one it chose was applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_unavailable() {
    let ledger = with_notes(Config::new(servers::database())).await;
    let fill = ledger.database().write(async |tx: &mut Transaction<'_>| {
        tx.execute(note("a")).await?;
        tx.execute(note("b")).await
    });
    fill.await.unwrap();
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let lock = |first: &'static str, second: &'static str| {
        let (ledger, barrier) = (ledger.clone(), barrier.clone());
        tokio::spawn(async move {
            let write = ledger.database().write(async |tx: &mut Transaction<'_>| {
                let sql = "SELECT text FROM notes WHERE text = $1 FOR UPDATE";
                tx.fetch_one(sqlx::query(sql).bind(first)).await?;
                barrier.wait().await;
                tx.fetch_one(sqlx::query(sql).bind(second)).await
            });
            write.await.map(drop).map_err(|error| error.kind())
        })
    };
    let (one, two) = (lock("a", "b"), lock("b", "a"));
    let mut answers = [one.await.unwrap(), two.await.unwrap()];
    answers.sort_by_key(Result::is_err);
    assert_eq!(answers, [Ok(()), Err(StoreErrorKind::Unavailable)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_for_a_lock_gives_up() {
    let url = servers::database();
    let ledger = servers::connect(&url).await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    let mut hasty = Config::new(url);
    hasty.lock_timeout = Duration::from_millis(50);
    let hasty = PostgresLedger::connect_with(hasty).await.unwrap();
    let locked = ledger.database().write(async |tx: &mut Transaction<'_>| {
        let lock = sqlx::query("SELECT 1 FROM checkpoints FOR UPDATE");
        tx.fetch_one(lock).await?;
        let refused = hasty.record(campaign.id, &stretch(epoch, 0, 5)).await;
        Ok(refused.unwrap_err().kind)
    });
    assert_eq!(locked.await.unwrap(), StoreErrorKind::Unavailable);
    let recorded = hasty.record(campaign.id, &stretch(epoch, 0, 5)).await;
    assert_eq!(recorded.unwrap().get(), 5);
}

/// A server that neither answers nor closes anything is given up as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_network_is_given_up() {
    let proxy = Proxy::start(Postgres::shared().port());
    let mut config = single(&proxy.url(&servers::database()));
    config.statement_timeout = Duration::from_millis(200);
    config.acquire_timeout = Duration::from_millis(500);
    let ledger = PostgresLedger::connect_with(config).await.unwrap();
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    flashbid_testbed::eventually("the connection to be back in the pool", || {
        format!("{:?}", ledger.database())
            .contains("idle: 1")
            .then_some(())
    });
    proxy.stall();
    let asked = Instant::now();
    let batch = stretch(epoch, 0, 5);
    let refused = ledger.record(campaign.id, &batch).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Indeterminate);
    let refused = ledger.product(product(0).id).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    assert!(asked.elapsed() < Duration::from_secs(10));
    proxy.pass();
    proxy.cut();
    let recorded = ledger.record(campaign.id, &batch).await;
    assert_eq!(recorded.unwrap(), batch.through);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_asked_over_one_connection_not_over_each() {
    let proxy = Proxy::start(Postgres::shared().port());
    let mut config = single(&proxy.url(&servers::database()));
    config.connections = 8;
    config.acquire_timeout = Duration::from_millis(500);
    let ledger = PostgresLedger::connect_with(config).await.unwrap();
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = ledger.database().clone();
        readers.spawn(async move {
            let read = async |tx: &mut Transaction<'_>| {
                tx.fetch_one(sqlx::query("SELECT pg_sleep(0.2)")).await
            };
            database.read(read).await.unwrap();
        });
    }
    readers.join_all().await;
    flashbid_testbed::eventually("the connections to be back in the pool", || {
        format!("{:?}", ledger.database())
            .contains("idle: 8")
            .then_some(())
    });
    proxy.stall();
    let asked = Instant::now();
    let refused = ledger.database().ping().await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    assert!(asked.elapsed() < Duration::from_secs(2));
}
