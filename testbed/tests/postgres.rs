//! PostgreSQL and PgBouncer: each life of a server that a test may want.

use std::process::Command;

use flashbid_testbed::{PgBouncer, PoolMode, Postgres, eventually};

fn name(url: &str) -> &str {
    url.rsplit('/')
        .next()
        .expect("split gives one part at least")
}

#[test]
fn a_killed_postgres_comes_back_with_what_was_committed() {
    let postgres = Postgres::start();
    let url = postgres.database();
    postgres.sql(
        name(&url),
        "CREATE TABLE t (x int); INSERT INTO t VALUES (7)",
    );
    postgres.kill();
    postgres.restart();
    assert_eq!(postgres.sql(name(&url), "SELECT x FROM t"), "7");
}

#[test]
fn a_frozen_postgres_answers_when_it_is_thawed() {
    let postgres = Postgres::start();
    postgres.freeze();
    let asked = std::thread::scope(|threads| {
        let asking = threads.spawn(|| postgres.sql("postgres", "SELECT 1"));
        postgres.thaw();
        asking.join().expect("asking does not panic")
    });
    assert_eq!(asked, "1");
}

#[test]
fn each_database_is_new_or_like_another() {
    let postgres = Postgres::shared();
    let first = postgres.database();
    postgres.sql(name(&first), "CREATE TABLE t (x int)");
    let other = postgres.database();
    assert_eq!(
        postgres.sql(name(&other), "SELECT to_regclass('t') IS NULL"),
        "t"
    );
    let copy = postgres.database_like(name(&first));
    assert_eq!(
        postgres.sql(name(&copy), "SELECT to_regclass('t') IS NULL"),
        "f"
    );
}

#[test]
fn commits_are_durable() {
    let postgres = Postgres::shared();
    let shown = postgres.sql(
        "postgres",
        "SHOW fsync; SHOW synchronous_commit; SHOW full_page_writes",
    );
    assert_eq!(shown, "on\non\non");
}

fn through(bouncer: &PgBouncer, statements: &str) -> Option<String> {
    let output = Command::new("psql")
        .args(["-qtA", "-d", &bouncer.url("postgres"), "-c", statements])
        .output()
        .ok()?;
    output.status.success().then(|| {
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    })
}

#[test]
fn pgbouncer_gives_every_database_in_both_modes() {
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let bouncer = PgBouncer::start(Postgres::shared(), mode);
        assert_eq!(
            through(&bouncer, "SELECT 1").as_deref(),
            Some("1"),
            "{mode:?}"
        );
    }
}

#[test]
fn pgbouncer_comes_back_after_its_death_and_after_that_of_postgres() {
    let postgres = Postgres::start();
    let bouncer = PgBouncer::start(&postgres, PoolMode::Transaction);
    bouncer.kill();
    assert_eq!(through(&bouncer, "SELECT 1"), None);
    bouncer.restart();
    assert_eq!(through(&bouncer, "SELECT 1").as_deref(), Some("1"));
    postgres.restart();
    eventually("an answer through pgbouncer", || {
        through(&bouncer, "SELECT 1")
    });
}
