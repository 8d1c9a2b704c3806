//! Connecting and migrating: alone, at once, on the wrong database and on none.

use std::time::Duration;

use flashbid_core::store::Ledger;
use flashbid_postgres::{Config, OpenError, PostgresLedger, Transaction, sqlx};
use flashbid_testbed::{Postgres, Proxy, Redis, eventually};
use sqlx::Row;

use crate::common::{ALL, open_campaign};
use crate::servers;

async fn refusal(url: &str) -> OpenError {
    let mut config = Config::new(url);
    config.acquire_timeout = Duration::from_millis(300);
    PostgresLedger::connect_with(config).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_migrate_once() {
    let url = Postgres::shared().database();
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { servers::connect(&url).await })
        })
        .collect();
    for node in nodes {
        let ledger = node.await.unwrap();
        assert_eq!(ledger.products(ALL).await.unwrap().total, 0);
    }
    let scripts = Postgres::shared().sql(
        servers::name(&url),
        "SELECT count(*), bool_and(success) FROM ledger_migrations",
    );
    assert_eq!(scripts, "3|t");
}

#[tokio::test]
async fn a_ledger_reads_back_after_connecting_again() {
    let url = servers::database();
    let (campaign, _) = open_campaign(&servers::connect(&url).await, 1, 1).await;
    let again = servers::connect(&url).await;
    assert_eq!(again.campaign(campaign.id).await.unwrap(), Some(campaign));
}

#[tokio::test]
async fn newer_tables_are_refused_unchanged() {
    let url = servers::database();
    let newer = "INSERT INTO ledger_migrations VALUES (4, '', now(), true, 'x', 0)";
    Postgres::shared().sql(servers::name(&url), newer);
    let error = refusal(&url).await;
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 4,
                known: 3,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("use a newer one"), "{error}");
}

#[tokio::test]
async fn tables_of_another_script_are_refused() {
    let url = servers::database();
    let changed = "UPDATE ledger_migrations SET checksum = 'x' WHERE version = 2";
    Postgres::shared().sql(servers::name(&url), changed);
    let error = refusal(&url).await;
    assert!(
        matches!(error, OpenError::Changed { version: 2, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn tables_of_the_embedder_migrate_all_or_nothing() {
    let ledger = servers::ledger().await;
    let database = ledger.database();
    let first = "CREATE TABLE users (name text)";
    let second = "ALTER TABLE users ADD COLUMN email text";
    database.migrate("users", &[first]).await.unwrap();
    let failing = database.migrate("users", &[first, second, "no SQL"]).await;
    let error = failing.unwrap_err();
    assert!(matches!(error, OpenError::Migration { .. }), "{error}");
    for _ in 0..2 {
        database.migrate("users", &[first, second]).await.unwrap();
    }
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
    let error = database.migrate("users; DROP", &[first]).await;
    assert!(matches!(error, Err(OpenError::Migration { .. })));
}

#[tokio::test]
async fn an_impossible_place_is_refused() {
    for url in ["", "nonsense", "mysql://localhost/x", "postgres://h:port/x"] {
        let error = refusal(url).await;
        assert!(matches!(error, OpenError::BadUrl { .. }), "{url}: {error}");
    }
    let error = refusal(&Postgres::shared().url("no_such_database")).await;
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
    assert!(!error.may_retry());
    let proxy = Proxy::start(Postgres::shared().port());
    let url = proxy.url(&servers::database());
    proxy.go_down();
    let error = refusal(&url).await;
    assert!(matches!(error, OpenError::Unavailable { .. }), "{error}");
    assert!(error.may_retry());
    proxy.pass();
    servers::connect(&url).await.ping().await.unwrap();
}

#[tokio::test]
async fn tls_proves_who_the_server_is() {
    let postgres = Postgres::start();
    // Its certificate is good for any server of this machine.
    let redis = Redis::tls();
    let certificates = redis.certificates();
    for (file, name) in [
        (certificates.certificate(), "server.crt"),
        (certificates.key(), "server.key"),
    ] {
        let pem = std::fs::read_to_string(file).unwrap();
        let lines = format!("SELECT unnest(string_to_array('{pem}', E'\\n'))");
        let copy = format!("COPY ({lines}) TO PROGRAM 'umask 077; cat > {name}'");
        postgres.sql("postgres", &copy);
    }
    postgres.sql("postgres", "ALTER SYSTEM SET ssl = on");
    postgres.sql("postgres", "SELECT pg_reload_conf()");
    eventually("TLS to be on", || {
        (postgres.sql("postgres", "SHOW ssl") == "on").then_some(())
    });
    let url = format!("{}?sslmode=verify-full", postgres.database());
    let trusted = format!("{url}&sslrootcert={}", certificates.authority());
    let ledger = servers::connect(&trusted).await;
    let encrypted = ledger.database().read(async |tx: &mut Transaction<'_>| {
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        tx.fetch_one(sqlx::query(sql)).await
    });
    assert!(encrypted.await.unwrap().get::<bool, _>(0));
    // Without the authority it could be anybody.
    let error = refusal(&url).await;
    assert!(matches!(error, OpenError::Untrusted { .. }), "{error}");
}

#[test]
fn a_password_is_not_printed() {
    let config = Config::new("postgres://somebody:secret@localhost/x");
    assert!(!format!("{config:?}").contains("secret"));
}
