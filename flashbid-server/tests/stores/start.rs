//! Starting before the stores are there.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use flashbid_testbed::{PgBouncer, PoolMode, Postgres, Redis};

use crate::place::Place;
use crate::program::{Running, program, refused};

#[test]
fn a_server_waits_for_its_stores_and_says_so() {
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let database = postgres.database();
    let folder = tempfile::tempdir().unwrap();
    redis.kill();
    postgres.kill();
    let mut command = program(&folder, &["--hot", &redis.url(), "--ledger", &database]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut missing = vec![
        format!("waiting for the hot store {}", redis.url()),
        format!("waiting for the ledger postgres://{}", postgres.address()),
    ];
    while !missing.is_empty() {
        let line = log.next().expect("the server waits").unwrap();
        assert!(line.contains(" s more: "), "{line}");
        missing.retain(|what| !line.contains(what));
    }
    postgres.restart();
    redis.restart();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = said.next().expect("the server starts").unwrap();
    assert!(first.contains("listens on"), "{first}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_server_gives_up_after_the_limit_with_the_reason() {
    let place = Place::new();
    place.redis.kill();
    let folder = tempfile::tempdir().unwrap();
    let url = place.redis.url().replace("redis://", "redis://me:sesame@");
    let arguments = [
        "--wait",
        "1s",
        "--hot",
        &url,
        "--ledger",
        &place.ledger(),
        "--log",
        "off",
    ];
    let mut command = program(&folder, &arguments);
    command.env("FLASHBID_MIGRATE_URL", &place.database);
    let said = refused(
        &command.output().unwrap(),
        "gave up waiting for the hot store",
    );
    assert!(said.contains("after 1 s"), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn a_wrong_password_is_said_to_be_one() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let url = place.redis.url().replace("redis://", "redis://me:sesame@");
    let arguments = ["--wait", "1ms", "--hot", &url, "--log", "off"];
    let output = program(&folder, &arguments).output().unwrap();
    let said = refused(&output, "gave up waiting for the hot store");
    assert!(said.contains("Password authentication failed"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn a_ledger_that_is_not_there_is_not_waited_for() {
    let postgres = Postgres::shared();
    let url = postgres
        .url("no_such_database")
        .replace("flashbid@", "flashbid:sesame@");
    let folder = tempfile::tempdir().unwrap();
    let output = program(&folder, &["--ledger", &url]).output().unwrap();
    let said = refused(&output, "no_such_database");
    assert!(said.contains("cannot open the ledger"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn passwords_and_statements_are_not_logged_even_when_everything_is() {
    let postgres = Postgres::shared();
    let bouncer = PgBouncer::start(postgres, PoolMode::Transaction);
    let place = Place::new();
    place
        .redis
        .call(&[
            "ACL",
            "SETUSER",
            "node",
            "on",
            ">sesame-redis",
            "~*",
            "&*",
            "+@all",
        ])
        .unwrap();
    let database = postgres.database();
    let ledger = bouncer
        .url(&database)
        .replace("flashbid@", "flashbid:sesame-ledger@");
    let hot = place
        .redis
        .url()
        .replace("redis://", "redis://node:sesame-redis@");
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&folder, &["--log", "trace"]);
    command
        .env("FLASHBID_HOT", hot)
        .env("FLASHBID_LEDGER", ledger)
        .env(
            "FLASHBID_MIGRATE_URL",
            database.replace("flashbid@", "flashbid:sesame-direct@"),
        );
    let running = Running::start(command);
    assert!(!running.said.contains("sesame"), "{}", running.said);
    assert!(
        running
            .said
            .contains(&format!("redis://{}", place.redis.address())),
        "{}",
        running.said
    );
    let (code, log) = running.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(!log.contains("sesame"), "{log}");
    let statement = log.lines().find(|line| line.contains("sqlx::query"));
    assert_eq!(statement, None, "statements have bids in them");
}
