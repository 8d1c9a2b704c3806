//! `POST /api/v1/bids` on the embedded default, durable, beside an axum handler that only parses and answers the same
//! JSON: both from 200 connections, both in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flashbid_benches::load::{Flood, Writer, flood};
use flashbid_benches::{bidder, running_sale};
use flashbid_core::id::CampaignId;
use flashbid_server::Server;
use flashbid_server::accounts::{Account, Hasher, Password, draw_weight};
use flashbid_server::config::{Config, LedgerUrl, RateLimit, RateLimits, Secret};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use uuid::Uuid;

const CONNECTIONS: usize = 200;
const REQUESTS: u64 = 20_000;

#[derive(Deserialize)]
struct PlaceBid {
    campaign_id: Uuid,
    price: Box<RawValue>,
}

/// The answer to a bid, field by field as on the wire.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the wire's")]
struct Bid {
    bid_id: Uuid,
    campaign_id: Uuid,
    user_id: Uuid,
    product_id: Uuid,
    price: Box<RawValue>,
    score: Box<RawValue>,
    rank: u32,
    time_elapsed_ms: u64,
    bid_number: u32,
    created_at: &'static str,
}

async fn echo(Json(wanted): Json<PlaceBid>) -> (StatusCode, Json<Bid>) {
    let bid = Bid {
        bid_id: wanted.campaign_id,
        campaign_id: wanted.campaign_id,
        user_id: wanted.campaign_id,
        product_id: wanted.campaign_id,
        score: wanted.price.clone(),
        price: wanted.price,
        rank: 17,
        time_elapsed_ms: 123_456,
        bid_number: 3,
        created_at: "2026-01-01T00:00:00.000Z",
    };
    (StatusCode::CREATED, Json(bid))
}

async fn serve_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let router = Router::new().route("/api/v1/bids", post(echo));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn serve_bids(folder: &Path) -> Server {
    let mut config = Config::default();
    config.listen = "127.0.0.1:0".into();
    config.ledger = LedgerUrl::Sqlite(folder.join("flashbid.db"));
    // Limits that everybody is within, but that are looked at: what they cost is a part of a bid's cost.
    let wide = RateLimit::new(10_000, Duration::from_millis(50)).expect("a limit");
    config.limits = RateLimits {
        user: wide,
        address: wide,
        ..RateLimits::OFF
    };
    config.admin_password = Password::new(Secret::new("only for this benchmark")).ok();
    Server::start(&config)
        .await
        .expect("a server on a new file")
}

/// One user a connection; they share a password, so one hash serves them all. Answers their tokens.
async fn users(server: &Server) -> Vec<String> {
    let state = server.state();
    let password = Password::new(Secret::new("password123")).expect("long enough");
    let hash = Hasher::new().hash(password).await.expect("a hash");
    let account = |number: usize| Account {
        id: bidder(number as u64),
        email: format!("user{number}@test.com")
            .parse()
            .expect("an email address"),
        username: format!("user{number}").parse().expect("a username"),
        password: hash.clone(),
        weight: draw_weight(),
        is_admin: false,
        created_at: state.engine().now(),
    };
    let accounts: Vec<_> = (0..CONNECTIONS).map(account).collect();
    state
        .accounts()
        .add(&accounts)
        .await
        .expect("the file is writable");
    let now = state.engine().now();
    accounts
        .iter()
        .map(|account| state.sessions().open(account.id, now).0)
        .collect()
}

fn requests(campaign: CampaignId, tokens: Vec<String>) -> Arc<Writer> {
    use std::io::Write;
    Arc::new(move |connection, turn, request| {
        let price = 100 + turn % 10_000;
        let body = format!(r#"{{"campaign_id":"{campaign}","price":{price}.50}}"#);
        let (token, length) = (&tokens[connection], body.len());
        write!(
            request,
            "POST /api/v1/bids HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             authorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .expect("a buffer takes all");
    })
}

fn http(criterion: &mut Criterion) {
    let (serving, asking) = (
        Runtime::new().expect("a runtime"),
        Runtime::new().expect("a runtime"),
    );
    let folder = TempDir::new().expect("a folder");
    let echo = serving.block_on(serve_echo());
    let server = serving.block_on(serve_bids(folder.path()));
    let tokens = serving.block_on(users(&server));
    let campaign = serving.block_on(running_sale(server.state().engine(), 100));
    let write = requests(campaign, tokens);

    let mut group = criterion.benchmark_group("POST /api/v1/bids, 200 connections");
    group
        .throughput(Throughput::Elements(REQUESTS))
        .sample_size(10)
        .measurement_time(Duration::from_secs(20));
    let mut rates = Vec::new();
    for (name, address) in [
        ("parse and answer only", echo),
        ("durable bid", server.address()),
    ] {
        let mut floods: Vec<Flood> = Vec::new();
        group.bench_with_input(
            BenchmarkId::from_parameter(name),
            &address,
            |bencher, address| {
                bencher.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let one = flood(*address, CONNECTIONS, REQUESTS, 201, write.clone());
                            floods.push(asking.block_on(one));
                            floods.last().expect("just pushed").elapsed
                        })
                        .sum()
                });
            },
        );
        let elapsed: Duration = floods.iter().map(|flood| flood.elapsed).sum();
        let processor: Duration = floods.iter().map(|flood| flood.processor).sum();
        let slowest = floods
            .iter()
            .map(|flood| flood.percentile(99))
            .max()
            .unwrap_or_default();
        let answers = floods.len() as u64 * REQUESTS;
        let rate = u128::from(answers) * 1_000_000 / elapsed.as_micros().max(1);
        let each = processor.as_nanos() / u128::from(answers.max(1));
        println!(
            "{name}: {rate} answers a second, {each} ns of processor time each, p99 at most {slowest:?}"
        );
        rates.push(rate);
    }
    println!(
        "durable bids reach {} % of parsing and answering only",
        rates[1] * 100 / rates[0].max(1)
    );
    group.finish();
    serving.block_on(server.stop());
}

criterion_group!(benches, http);
criterion_main!(benches);
