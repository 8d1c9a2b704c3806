//! Lines of the log, and traces.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::program::{Running, program, refused, run};

/// Answers the id of the answer to `GET path` with `headers`.
async fn ask(server: &Running, path: &str, headers: &[(&str, &str)]) -> String {
    let url = format!("http://{}{path}", server.address);
    let mut request = reqwest::Client::new().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id_method_and_route() {
    let directory = tempfile::tempdir().unwrap();
    let options = ["--log", "flashbid=debug", "--log-format", "json"];
    let server = Running::start(program(&directory, &options));
    let mine = ask(&server, "/health", &[("x-request-id", "mine/1")]).await;
    assert_eq!(mine, "mine/1");
    let path = "/api/v1/products/01900000-0000-7000-8000-000000000000?token=sesame";
    let made = ask(&server, path, &[("x-request-id", "not sane")]).await;
    assert_ne!(made, "not sane");
    let (code, log) = server.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(
        !log.contains("sesame") && !log.contains("not sane"),
        "{log}"
    );

    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    for (id, route, status) in [
        ("mine/1", "/health", 200),
        (&*made, "/api/v1/products/{product_id}", 404),
    ] {
        let of_request: Vec<&Value> = lines
            .iter()
            .filter(|line| line["span"]["request_id"] == id)
            .collect();
        assert!(of_request.len() >= 2, "{log}");
        for line in &of_request {
            assert_eq!(line["span"]["name"], "request");
            assert_eq!(line["span"]["method"], "GET");
            assert_eq!(line["span"]["route"], route);
        }
        let answered = of_request.last().unwrap();
        assert_eq!(answered["message"], "answered");
        assert_eq!(answered["status"], status);
    }
}

#[tokio::test]
async fn a_quiet_log_says_nothing_of_requests() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(program(&directory, &[]));
    ask(&server, "/health", &[]).await;
    let (_, log) = server.stop("-TERM");
    assert!(!log.contains("request"), "{log}");
}

/// What a collector was sent.
type Exported = (HeaderMap, Bytes);

/// A collector that takes traces by OTLP over HTTP.
async fn collector() -> (String, mpsc::UnboundedReceiver<Exported>) {
    let (exported, received) = mpsc::unbounded_channel();
    let exported = Arc::new(exported);
    let take = move |headers: HeaderMap, body: Bytes| {
        let exported = Arc::clone(&exported);
        async move {
            let _ = exported.send((headers, body));
            StatusCode::OK
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

fn has(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// Spans were lost that had not been exported when the server stopped.
#[tokio::test]
async fn a_request_is_a_span_of_the_trace_that_its_client_names() {
    let (url, mut received) = collector().await;
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(program(&directory, &["--otlp-endpoint", &url]));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ask(&server, "/health", &[("traceparent", parent)]).await;
    ask(&server, "/health", &[("traceparent", "00-broken")]).await;
    let unsampled = "00-11112f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    ask(&server, "/health", &[("traceparent", unsampled)]).await;
    let (code, log) = tokio::task::spawn_blocking(|| server.stop("-TERM"))
        .await
        .unwrap();
    assert_eq!(code, Some(0), "{log}");
    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    assert!(has(&body, &trace), "the trace of the client");
    assert!(!has(&body, &[0x11, 0x11, 0x2f, 0x35]), "one not to sample");
    let parent = 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes();
    assert!(has(&body, &parent), "the span of the client");
    for text in [
        "flashbid-server",
        "GET /health",
        "http.response.status_code",
    ] {
        assert!(has(&body, text.as_bytes()), "{text}");
    }
}

/// A collector that is away must not keep a server from serving or from stopping.
#[tokio::test]
async fn a_collector_that_is_away_delays_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let server = Running::start(program(&directory, &["--otlp-endpoint", &nobody]));
    ask(&server, "/health", &[]).await;
    let (code, log) = tokio::task::spawn_blocking(|| server.stop("-TERM"))
        .await
        .unwrap();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_collector_that_is_none_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for url in ["", "localhost:4318", "https://h", "http://", "http://a b"] {
        refused(&run(&directory, &["--otlp-endpoint", url]), "collector");
    }
    refused(&run(&directory, &["--log-format", "xml"]), "text or json");
}
