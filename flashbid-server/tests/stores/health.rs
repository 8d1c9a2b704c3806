use flashbid_testbed::{Postgres, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::place::{Node, Place};

async fn health(node: &Node) -> (StatusCode, Value) {
    let (status, mut body) = node.ask(Method::GET, "/health", None, None).await;
    (status, body["dependencies"].take())
}

async fn until_healthy(node: &Node) {
    for _ in 0..200 {
        if health(node).await.0 == StatusCode::OK {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", health(node).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_which_store_is_away() {
    let postgres = Postgres::start();
    let place = Place::on(&postgres);
    let node = place.node().await;
    let well = json!({"hot": "ok", "ledger": "ok", "accounts": "ok"});
    assert_eq!(health(&node).await, (StatusCode::OK, well));

    place.redis.kill();
    let no_hot = json!({"hot": "unavailable", "ledger": "ok", "accounts": "ok"});
    assert_eq!(
        health(&node).await,
        (StatusCode::SERVICE_UNAVAILABLE, no_hot)
    );
    place.redis.restart();
    until_healthy(&node).await;

    postgres.kill();
    let no_ledger = json!({"hot": "ok", "ledger": "unavailable", "accounts": "unavailable"});
    assert_eq!(
        health(&node).await,
        (StatusCode::SERVICE_UNAVAILABLE, no_ledger.clone())
    );
    postgres.restart();
    until_healthy(&node).await;

    // A server that hangs is away as well, and does not make the answer hang.
    postgres.freeze();
    assert_eq!(
        health(&node).await,
        (StatusCode::SERVICE_UNAVAILABLE, no_ledger)
    );
    postgres.thaw();
    until_healthy(&node).await;
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_keeps_nobody_from_logging_in_and_that_is_counted() {
    let place = Place::new();
    let node = place.node().await;
    place.redis.kill();
    node.login(crate::place::ADMIN).await;
    let figures = node.server.state().metrics().to_text();
    assert!(figures.contains("flashbid_admitted_blindly_total 1\n"));
    place.redis.restart();
    eventually("redis to be back", || place.redis.call(&["PING"]).ok());
    node.server.stop().await;
}
