//! The gate, kept by a Redis that nodes share and that may go away.

use std::time::Duration;

use flashbid_server::Server;
use flashbid_server::config::RateLimits;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::house::PATIENCE;
use crate::place::{ADMIN, Node, Place};

const PRODUCTS: &str = "/api/v1/products";

fn blindly(server: &Server) -> u64 {
    let figures = server.state().metrics().to_text();
    let name = "flashbid_admitted_blindly_total ";
    let line = figures.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().parse().unwrap()
}

async fn status(node: &Node, token: Option<&str>) -> StatusCode {
    node.ask(Method::GET, PRODUCTS, token, None).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_all_nodes() {
    let place = Place::new();
    let mut config = place.config();
    config.limits.user = "4/600".parse().unwrap();
    let (a, b) = (Node::start(&config).await, Node::start(&config).await);
    let ada = a.user("ada").await;
    for node in [&a, &b, &a, &b] {
        assert_eq!(status(node, Some(&ada)).await, StatusCode::OK);
    }
    for node in [&a, &b] {
        let (status, problem) = node.ask(Method::GET, PRODUCTS, Some(&ada), None).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(problem["code"], "RATE_LIMITED");
    }
    assert_eq!(status(&a, None).await, StatusCode::OK);
    a.server.stop().await;
    b.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_store_requests_pass_and_are_counted_and_no_captcha_does() {
    let place = Place::new();
    let mut config = place.config();
    config.limits = RateLimits {
        address: "2/600".parse().unwrap(),
        ..RateLimits::OFF
    };
    let node = Node::start(&config).await;
    for expected in [
        StatusCode::OK,
        StatusCode::OK,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        assert_eq!(status(&node, None).await, expected);
    }
    assert_eq!(blindly(&node.server), 0);

    place.redis.kill();
    let begin = Instant::now();
    for passed in 1..=50 {
        assert_eq!(status(&node, None).await, StatusCode::OK);
        assert_eq!(blindly(&node.server), passed);
    }
    // Not each of them waited for the store.
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    let (refused, problem) = node.ask(Method::POST, "/api/v1/captcha", None, None).await;
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem["code"], "STORE_UNAVAILABLE");

    // It comes back by itself, and so do the limits.
    place.redis.restart();
    let back = async { while status(&node, None).await != StatusCode::TOO_MANY_REQUESTS {} };
    timeout(PATIENCE, back).await.expect("limits hold again");
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captcha_of_one_node_is_answered_once_at_another() {
    let place = Place::new();
    let (a, b) = (place.node().await, place.node().await);
    let admin = a.login(ADMIN).await;
    let campaign = a.campaign(&admin, 1, Duration::from_hours(1)).await;
    let (made, captcha) = a.ask(Method::POST, "/api/v1/captcha", None, None).await;
    assert_eq!(made, StatusCode::CREATED);
    let body = json!({"captcha_id": captcha["captcha_id"], "captcha_answer": "a wrong guess"});
    let path = format!("/api/v1/campaigns/{campaign}/tokens");
    let mut answers = Vec::new();
    for node in [&b, &a] {
        let (status, problem) = node
            .ask(Method::POST, &path, Some(&admin), Some(body.clone()))
            .await;
        answers.push((status, problem["code"].clone()));
    }
    let failed = (StatusCode::FORBIDDEN, json!("CAPTCHA_FAILED"));
    assert_eq!(answers, [failed.clone(), failed]);
    // A token of one node is the other's as well.
    let given = a.post(&path, &admin, json!({})).await;
    let (state, user) = (b.server.state(), b.get("/api/v1/auth/me", &admin).await);
    let ticket = state.gate().tickets().verify(
        given["token"].as_str().unwrap(),
        user["user_id"].as_str().unwrap().parse().unwrap(),
        campaign.parse().unwrap(),
        state.engine().now(),
    );
    assert!(ticket.is_ok());
    a.server.stop().await;
    b.server.stop().await;
}
