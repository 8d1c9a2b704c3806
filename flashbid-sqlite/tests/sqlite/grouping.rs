//! Writes that share a commit.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};

use flashbid_core::StoreErrorKind;
use flashbid_core::store::Ledger;
use flashbid_sqlite::rusqlite::Connection;
use flashbid_sqlite::{Database, DatabaseError, SqliteLedger};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::common::{open_campaign, stretch};

async fn open() -> (TempDir, SqliteLedger) {
    let directory = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(directory.path().join("sale.db")).unwrap();
    let tables = "CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT) STRICT";
    ledger.database().migrate("notes", &[tables]).await.unwrap();
    (directory, ledger)
}

/// Keeps the writer busy until it is told to go on, so that what is written meanwhile shares one commit.
async fn hold_up(database: &Database) -> (Sender<()>, JoinHandle<()>) {
    let (go_on, gate) = channel();
    let (arrived, at_gate) = tokio::sync::oneshot::channel();
    let database = database.clone();
    let held = tokio::spawn(async move {
        let work = move |_: &Connection| {
            arrived.send(()).unwrap();
            gate.recv().unwrap();
            Ok(())
        };
        database.write(work).await.unwrap();
    });
    at_gate.await.unwrap();
    (go_on, held)
}

/// Queues a write without waiting for its answer.
async fn queue<T: Send + 'static>(
    database: &Database,
    work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
) -> JoinHandle<Result<T, DatabaseError>> {
    let (queued, was_queued) = tokio::sync::oneshot::channel();
    let database = database.clone();
    let write = tokio::spawn(async move {
        let mut write = pin!(database.write(work));
        let mut queued = Some(queued);
        std::future::poll_fn(|context| {
            let polled = write.as_mut().poll(context);
            queued.take().map(|queued| queued.send(()));
            polled
        })
        .await
    });
    was_queued.await.unwrap();
    write
}

fn note(number: i64) -> impl FnOnce(&Connection) -> Result<(), DatabaseError> + Send + 'static {
    move |tx| {
        tx.execute("INSERT INTO notes VALUES (?1, 'well')", [number])?;
        Ok(())
    }
}

async fn notes(database: &Database) -> Vec<i64> {
    let read = database.read(|tx| {
        let mut select = tx.prepare("SELECT number FROM notes ORDER BY number")?;
        let numbers = select.query_map([], |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_failing_write_does_not_disturb_its_neighbours() {
    let (_directory, ledger) = open().await;
    let database = ledger.database();
    let (go_on, held) = hold_up(database).await;
    let first = queue(database, note(1)).await;
    let failing = queue(database, |tx| {
        note(2)(tx)?;
        Err::<(), _>(DatabaseError::new(
            StoreErrorKind::Fenced,
            "on second thought",
        ))
    })
    .await;
    let duplicate = queue(database, |tx| {
        note(3)(tx)?;
        note(1)(tx)
    })
    .await;
    let panicking = queue(database, |tx| {
        note(4)(tx)?;
        assert_eq!(notes_in(tx), 0, "a bug in the closure");
        Ok(())
    })
    .await;
    let last = queue(database, note(5)).await;
    go_on.send(()).unwrap();
    held.await.unwrap();
    first.await.unwrap().unwrap();
    let kind = |answer: Result<(), DatabaseError>| answer.unwrap_err().kind();
    assert_eq!(kind(failing.await.unwrap()), StoreErrorKind::Fenced);
    assert_eq!(kind(duplicate.await.unwrap()), StoreErrorKind::Conflict);
    assert!(panicking.await.unwrap_err().is_panic());
    last.await.unwrap().unwrap();
    assert_eq!(notes(database).await, [1, 5]);
}

fn notes_in(tx: &Connection) -> i64 {
    tx.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn nobody_is_answered_before_the_common_commit() {
    let (_directory, ledger) = open().await;
    let database = ledger.database();
    let (go_on, held) = hold_up(database).await;
    let first = queue(database, note(1)).await;
    let (finish, gate) = channel();
    let (arrived, at_gate) = tokio::sync::oneshot::channel();
    let second = queue(database, move |tx| {
        arrived.send(()).unwrap();
        gate.recv().unwrap();
        note(2)(tx)
    })
    .await;
    go_on.send(()).unwrap();
    held.await.unwrap();
    at_gate.await.unwrap();
    // The first write has run, but not been committed.
    assert!(!first.is_finished());
    assert_eq!(notes(database).await, [0_i64; 0]);
    finish.send(()).unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(notes(database).await, [1, 2]);
}

#[tokio::test]
async fn a_dropped_future_is_applied_wholly_or_not_at_all() {
    let (_directory, ledger) = open().await;
    let database = ledger.database();
    let (go_on, held) = hold_up(database).await;
    drop(database.write(note(1)));
    {
        let mut queued = pin!(database.write(|tx| {
            note(2)(tx)?;
            note(3)(tx)
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(queued.as_mut().poll(&mut context), Poll::Pending));
    }
    go_on.send(()).unwrap();
    held.await.unwrap();
    // Whatever was queued before this has been committed.
    database.write(note(4)).await.unwrap();
    assert_eq!(notes(database).await, [2, 3, 4]);
}

#[tokio::test]
async fn a_full_disk_leaves_only_what_was_answered_well() {
    let (_directory, ledger) = open().await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    let database = ledger.database();
    let (go_on, held) = hold_up(database).await;
    let before = queue(database, note(1)).await;
    let filling = queue(database, |tx| {
        let pages: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
        tx.pragma_update(None, "max_page_count", pages + 50)?;
        tx.execute("INSERT INTO notes VALUES (2, hex(zeroblob(1000000)))", [])?;
        Ok(())
    })
    .await;
    let after = queue(database, note(3)).await;
    go_on.send(()).unwrap();
    held.await.unwrap();
    assert_eq!(
        filling.await.unwrap().unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    let mut expected = Vec::new();
    for (number, answer) in [(1, before.await.unwrap()), (3, after.await.unwrap())] {
        match answer {
            Ok(()) => expected.push(number),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
        }
    }
    assert_eq!(notes(database).await, expected);

    // Bids that do not fit are refused as well, and taken once there is room again.
    let batch = stretch(epoch, 0, 5_000);
    let refused = ledger.record(campaign.id, &batch).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    let raise = |tx: &Connection| Ok(tx.pragma_update(None, "max_page_count", 1 << 30)?);
    database.write(raise).await.unwrap();
    let checkpoint = ledger.record(campaign.id, &batch).await.unwrap();
    assert_eq!(checkpoint, batch.through);
}

/// A transaction whose `COMMIT` fails takes every write in it along; what the ledger remembers beside the file must
/// go with it, or the retry of the batch would be refused as a second use of its bid ids.
#[tokio::test]
async fn a_failed_commit_is_told_to_all_and_forgotten() {
    let (_directory, ledger) = open().await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 1).await;
    let ledger = std::sync::Arc::new(ledger);
    let database = ledger.database();
    let tables = "CREATE TABLE parts (note INTEGER REFERENCES notes (number) DEFERRABLE INITIALLY DEFERRED) STRICT";
    database.migrate("parts", &[tables]).await.unwrap();
    let batch = stretch(epoch, 0, 10);
    let (go_on, held) = hold_up(database).await;
    let orphan = queue(database, |tx| {
        tx.execute("INSERT INTO parts VALUES (99)", [])?;
        Ok(())
    })
    .await;
    let recording = tokio::spawn({
        let (ledger, batch) = (ledger.clone(), batch.clone());
        async move { ledger.record(campaign.id, &batch).await }
    });
    tokio::task::yield_now().await;
    go_on.send(()).unwrap();
    assert!(held.await.is_ok());
    assert!(orphan.await.unwrap().is_err());
    // In the same commit or in the next.
    if let Err(lost) = recording.await.unwrap() {
        assert_eq!(lost.kind, StoreErrorKind::Unavailable);
    }
    let checkpoint = ledger.record(campaign.id, &batch).await.unwrap();
    assert_eq!(checkpoint, batch.through);
    assert_eq!(
        ledger
            .bids(campaign.id, flashbid_core::rank::Sequence::ZERO, 100)
            .await
            .unwrap(),
        batch.bids
    );
}
