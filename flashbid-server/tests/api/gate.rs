//! Who is let in: limits, the address behind a proxy, and how many at once.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::connect_async;

use crate::site::{Answer, Person, Site};

const PRODUCTS: &str = "/api/v1/products";
const PATIENCE: Duration = Duration::from_secs(30);

async fn forwarded(site: &Site, by: Option<&Person>, lists: &[&str]) -> Answer {
    let headers: Vec<_> = lists
        .iter()
        .map(|list| ("x-forwarded-for", *list))
        .collect();
    site.send(Method::GET, PRODUCTS, by, &headers, None).await
}

#[track_caller]
fn limited(answer: &Answer, retry_after: &str) {
    answer.problem(429, "RATE_LIMITED");
    assert_eq!(answer.headers["retry-after"], retry_after);
    assert!(answer.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_user_beyond_its_limit_is_told_when_to_come_back() {
    let site = Site::start_with(|config| config.limits.user = "3/2".parse().unwrap()).await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    // On whichever route, of its own or for everybody.
    site.get(PRODUCTS, Some(&ada)).await.ok(200);
    site.get("/api/v1/auth/me", Some(&ada)).await.ok(200);
    site.pass(Duration::from_millis(500));
    site.get("/api/v1/nothing", Some(&ada))
        .await
        .problem(404, "NOT_FOUND");
    // A second and a half, rounded up.
    limited(&site.get(PRODUCTS, Some(&ada)).await, "2");
    limited(&site.post("/api/v1/bids", Some(&ada), "{}").await, "2");
    // Others are not, and strangers neither.
    site.get(PRODUCTS, Some(&bob)).await.ok(200);
    site.get(PRODUCTS, None).await.ok(200);
    site.pass(Duration::from_millis(1_499));
    limited(&site.get(PRODUCTS, Some(&ada)).await, "1");
    site.pass(Duration::from_millis(1));
    site.get(PRODUCTS, Some(&ada)).await.ok(200);
    site.get(PRODUCTS, Some(&ada)).await.ok(200);
    limited(&site.get(PRODUCTS, Some(&ada)).await, "1");
    let figures = site.server.state().metrics().to_text();
    let counted =
        r#"flashbid_http_requests_total{method="GET",route="/api/v1/products",status="429"} 3"#;
    assert!(figures.contains(counted), "{figures}");
}

#[tokio::test]
async fn a_token_that_is_not_good_counts_for_nobody() {
    let site = Site::start_with(|config| config.limits.user = "1/1".parse().unwrap()).await;
    let ada = site.user("ada").await;
    let forged = Person {
        token: format!("{}x", ada.token),
        ..ada.clone()
    };
    for _ in 0..5 {
        site.get("/api/v1/auth/me", Some(&forged))
            .await
            .problem(401, "UNAUTHORIZED");
    }
    site.get("/api/v1/auth/me", Some(&ada)).await.ok(200);
    limited(&site.get("/api/v1/auth/me", Some(&ada)).await, "1");
}

#[tokio::test]
async fn an_address_beyond_its_limit_is_refused_whoever_asks() {
    let site = Site::start_with(|config| config.limits.address = "3/60".parse().unwrap()).await;
    let ada = site.user("ada").await;
    site.get(PRODUCTS, Some(&ada)).await.ok(200);
    site.get(PRODUCTS, None).await.ok(200);
    site.post("/api/v1/auth/login", None, "nonsense")
        .await
        .problem(422, "MALFORMED");
    limited(&site.get(PRODUCTS, None).await, "60");
    limited(&site.get(PRODUCTS, Some(&ada)).await, "60");
    limited(&site.get("/api/v1/nothing", None).await, "60");
    // What operators and readers look at is always there.
    for path in ["/health", "/metrics", "/docs/"] {
        assert_eq!(site.get(path, None).await.status, 200, "{path}");
    }
    site.pass(Duration::from_mins(1));
    site.get(PRODUCTS, None).await.ok(200);
}

#[tokio::test]
async fn the_way_to_the_feed_is_limited_as_well() {
    let site = Site::start_with(|config| config.limits.user = "1/1".parse().unwrap()).await;
    let ada = site.user("ada").await;
    let url = format!(
        "ws://{}/ws/nonsense?since=1&token={}",
        site.server.address(),
        ada.token
    );
    connect_async(&url).await.unwrap();
    let refused = connect_async(&url).await.unwrap_err().to_string();
    assert!(refused.contains("429"), "{refused}");
    limited(&site.get(PRODUCTS, Some(&ada)).await, "1");
}

#[tokio::test]
async fn what_a_peer_says_of_others_is_not_believed() {
    let site = Site::start_with(|config| {
        config.limits.address = "2/60".parse().unwrap();
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    forwarded(&site, None, &["1.2.3.4"]).await.ok(200);
    forwarded(&site, None, &["10.0.0.1", "5.6.7.8"])
        .await
        .ok(200);
    limited(&forwarded(&site, None, &["9.9.9.9"]).await, "60");
    limited(&forwarded(&site, None, &[]).await, "60");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_limit() {
    let site = Site::start_with(|config| {
        config.limits.address = "1/60".parse().unwrap();
        config.trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
            .map(|network| network.parse().unwrap())
            .to_vec();
    })
    .await;
    forwarded(&site, None, &["1.2.3.4"]).await.ok(200);
    // What the client put before it, in one header or in several, changes nothing.
    for forged in [
        &["9.9.9.9, 1.2.3.4"][..],
        &["9.9.9.9", "1.2.3.4"],
        &["x, 1.2.3.4:80, 10.0.0.7"],
    ] {
        limited(&forwarded(&site, None, forged).await, "60");
    }
    forwarded(&site, None, &["1.2.3.5"]).await.ok(200);
    forwarded(&site, None, &["2001:db8::1"]).await.ok(200);
    limited(&forwarded(&site, None, &["2001:db8::2"]).await, "60");
    // What cannot be understood is the proxy's.
    forwarded(&site, None, &["nonsense"]).await.ok(200);
    limited(&forwarded(&site, None, &["more nonsense"]).await, "60");
    limited(&forwarded(&site, None, &[]).await, "60");
}

#[tokio::test]
async fn a_purchase_has_a_limit_beside_that_of_requests() {
    let site = Site::start_with(|config| {
        config.limits.purchase_user = "1/1".parse().unwrap();
        config.limits.purchase_address = "2/60".parse().unwrap();
    })
    .await;
    let (ada, bob, eve) = (
        site.user("ada").await,
        site.user("bob").await,
        site.user("eve").await,
    );
    let buy = async |by| site.post("/api/v1/purchases", Some(by), "{}").await;
    assert_ne!(buy(&ada).await.status, 429);
    limited(&buy(&ada).await, "1");
    assert_ne!(buy(&bob).await.status, 429);
    limited(&buy(&eve).await, "60");
    // To look at one is no purchase.
    for _ in 0..5 {
        let looked = site.get(
            "/api/v1/purchases/01900000-0000-7000-8000-000000000000",
            Some(&ada),
        );
        assert_ne!(looked.await.status, 429);
    }
}

/// A request whose body never comes: it is under way until its connection is closed.
async fn hang(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                content-length: 10\r\nexpect: 100-continue\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body when the route does.
    let mut asked = [0; 25];
    let read = timeout(PATIENCE, connection.read_exact(&mut asked)).await;
    read.unwrap().unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

#[tokio::test]
async fn beyond_the_most_requests_one_more_is_refused_at_once() {
    let most = NonZeroU32::new(3).unwrap();
    let site = Site::start_with(|config| config.max_requests = most).await;
    let mut hanging = Vec::new();
    for _ in 0..most.get() {
        hanging.push(hang(site.server.address()).await);
    }
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let begin = Instant::now();
        let answer = site.get(PRODUCTS, None).await;
        fastest = fastest.min(begin.elapsed());
        answer.problem(503, "OVERLOADED");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
    let health: Value = site.get("/health", None).await.ok(200);
    assert_eq!(health["status"], "ok");
    let figures = site.get("/metrics", None).await;
    assert!(
        figures
            .text
            .contains(r#"route="/api/v1/products",status="503"} 10"#)
    );
    // A client that goes away gives its place back.
    hanging.pop();
    let freed = async {
        while site.get(PRODUCTS, None).await.status != 200 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn an_open_socket_takes_no_place_of_a_request() {
    let most = NonZeroU32::new(1).unwrap();
    let site = Site::start_with(|config| config.max_requests = most).await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    let url = format!(
        "ws://{}/ws/{campaign}?token={}",
        site.server.address(),
        ada.token
    );
    let _sockets = (
        connect_async(&url).await.unwrap(),
        connect_async(&url).await.unwrap(),
    );
    site.get(PRODUCTS, None).await.ok(200);
}
