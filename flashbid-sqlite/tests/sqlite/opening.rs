//! Who may open which file.

use std::path::Path;

use flashbid_core::StoreErrorKind;
use flashbid_core::store::Ledger;
use flashbid_sqlite::rusqlite::Connection;
use flashbid_sqlite::{OpenError, SqliteLedger};

use crate::child::{self, Spawned};
use crate::common::{ALL, campaign, open_campaign, product, stretch};

fn refusal(path: &Path) -> OpenError {
    SqliteLedger::open(path).map(drop).unwrap_err()
}

#[tokio::test]
async fn a_second_ledger_is_refused_until_the_first_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let first = SqliteLedger::open(&path).unwrap();
    let detour = directory
        .path()
        .join("..")
        .join(directory.path().file_name().unwrap());
    for spelling in [path.clone(), detour.join("sale.db")] {
        let error = refusal(&spelling);
        let OpenError::InUse { pid, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*pid, Some(std::process::id()));
        let sentence = format!("sale.db is in use by process {}", std::process::id());
        assert!(error.to_string().ends_with(&sentence), "{error}");
    }
    first.add_product(&product(1)).await.unwrap();
    drop(first);
    let second = SqliteLedger::open(&path).unwrap();
    assert_eq!(second.products(ALL).await.unwrap().total, 1);
}

#[test]
fn a_second_process_is_refused_until_the_first_is_dead() {
    if let Some(path) = child::file() {
        let _ledger = SqliteLedger::open(path).unwrap();
        child::tell("open");
        return child::wait_for_parent();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let test = "opening::a_second_process_is_refused_until_the_first_is_dead";
    let mut child = Spawned::start(test, &path);
    assert_eq!(child.next().as_deref(), Some("open"));
    let error = refusal(&path);
    assert!(
        matches!(error, OpenError::InUse { pid, .. } if pid == Some(child.id())),
        "{error}"
    );
    child.kill();
    SqliteLedger::open(&path).unwrap();
}

#[test]
fn a_file_with_newer_tables_is_refused_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    drop(SqliteLedger::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    file.execute("UPDATE schema_versions SET version = 999", [])
        .unwrap();
    file.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let errors = [
        refusal(&path),
        SqliteLedger::open_read_only(&path).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(error, OpenError::Newer { found: 999, .. }),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_database_is_refused_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.txt");
    for text in ["Dear Sir or Madam", "x", &"long ".repeat(10_000)] {
        std::fs::write(&path, text).unwrap();
        let errors = [
            refusal(&path),
            SqliteLedger::open_read_only(&path).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_database_of_another_program_is_refused_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE songs (title)").unwrap();
    other.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, OpenError::OtherDatabase { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    drop(SqliteLedger::open(&path).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[16..4_096].fill(0xFF);
    std::fs::write(&path, bytes).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
}

#[test]
fn an_impossible_place_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(&directory.path().join("no/such/sale.db"));
    assert!(matches!(error, OpenError::NoDirectory { .. }), "{error}");
    let error = refusal(directory.path());
    assert!(matches!(error, OpenError::Failed { .. }), "{error}");
    let missing = directory.path().join("sale.db");
    let error = SqliteLedger::open_read_only(&missing)
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, OpenError::NoFile { .. }), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn an_empty_file_becomes_a_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    std::fs::write(&path, "").unwrap();
    let error = SqliteLedger::open_read_only(&path).map(drop).unwrap_err();
    assert!(
        matches!(error, OpenError::Older { found: 0, .. }),
        "{error}"
    );
    SqliteLedger::open(&path).unwrap();
}

#[tokio::test]
async fn a_reader_follows_a_living_writer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let writer = SqliteLedger::open(&path).unwrap();
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    let (campaign, epoch) = open_campaign(&writer, 1, 1).await;
    assert_eq!(
        reader.campaign(campaign.id).await.unwrap(),
        Some(campaign.clone())
    );
    let batch = stretch(epoch, 0, 10);
    writer.record(campaign.id, &batch).await.unwrap();
    assert_eq!(reader.checkpoint(campaign.id).await.unwrap(), batch.through);
    let refused = reader.record(campaign.id, &batch).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    let refused = reader.add_product(&product(1)).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    drop(writer);
    assert_eq!(reader.checkpoint(campaign.id).await.unwrap(), batch.through);
}

#[tokio::test]
async fn a_reader_needs_no_writer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let writer = SqliteLedger::open(&path).unwrap();
    let (campaign, _) = open_campaign(&writer, 1, 1).await;
    drop(writer);
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    assert_eq!(reader.campaign(campaign.id).await.unwrap(), Some(campaign));
    // It does not keep a writer out either.
    SqliteLedger::open(&path).unwrap();
}

#[tokio::test]
async fn two_ledgers_in_memory_are_strangers() {
    let one = SqliteLedger::open(":memory:").unwrap();
    let two = SqliteLedger::open(":memory:").unwrap();
    open_campaign(&one, 1, 1).await;
    let id = campaign(1, 1).id;
    assert!(one.campaign(id).await.unwrap().is_some());
    assert!(two.campaign(id).await.unwrap().is_none());
}

#[tokio::test]
async fn tables_of_the_embedder_migrate_all_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sale.db");
    let first = "CREATE TABLE users (name TEXT) STRICT";
    let second = "ALTER TABLE users ADD COLUMN email TEXT";
    let ledger = SqliteLedger::open(&path).unwrap();
    let database = ledger.database();
    database.migrate("users", &[first]).await.unwrap();
    let error = database
        .migrate("users", &[first, second, "no SQL"])
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Migration { .. }), "{error}");
    database.migrate("users", &[first, second]).await.unwrap();
    database.migrate("users", &[first, second]).await.unwrap();
    let error = database.migrate("users", &[first]).await.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    reader
        .database()
        .migrate("users", &[first, second])
        .await
        .unwrap();
    let error = reader
        .database()
        .migrate("users", &[first, second, second])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Older {
                found: 2,
                known: 3,
                ..
            }
        ),
        "{error}"
    );
}
