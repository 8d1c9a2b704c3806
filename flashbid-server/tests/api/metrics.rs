#![expect(
    clippy::float_cmp,
    reason = "counts are whole numbers, which the format spells without loss"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flashbid_core::id::CampaignId;
use reqwest::{Method, header};
use serde_json::json;
use uuid::Uuid;

use crate::site::{Person, Site};

/// The samples of a server, by name and labels.
type Samples = BTreeMap<String, f64>;

async fn samples(site: &Site) -> Samples {
    let answer = site.get("/metrics", None).await;
    assert_eq!(answer.status, 200);
    parse(&answer.text)
}

/// Reads an exposition and checks every line of it: comments say what a family is before its samples come, each sample
/// comes once, and the text has an end.
fn parse(text: &str) -> Samples {
    let (mut samples, mut families) = (Samples::new(), BTreeSet::new());
    let body = text.strip_suffix("# EOF\n").expect("an end");
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, family) = (words.next().unwrap(), words.next().unwrap());
            let says = words.next().expect("more than a name");
            assert!(is_name(family) && family.starts_with("flashbid_"), "{line}");
            match kind {
                "HELP" => assert!(says.ends_with('.'), "{line}"),
                "UNIT" => assert!(family.ends_with(says), "{line}"),
                "TYPE" => {
                    assert!(["counter", "gauge", "histogram", "info"].contains(&says));
                    assert!(families.insert(family), "{line} again");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(is_name(name), "{line}");
        let family = ["", "_total", "_info", "_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix))
            .any(|family| families.contains(family));
        assert!(family, "{line} belongs to no family");
        let labels = labels.strip_suffix('}').expect("an end of the labels");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').expect("a value of the label");
            assert!(is_name(name), "{line}");
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            let value = value.expect("a text");
            assert!(!value.contains(['"', '\\', '\n']), "{line}");
        }
        let value = value.parse().expect("a number");
        assert!(
            samples.insert(series.to_owned(), value).is_none(),
            "{line} again"
        );
    }
    samples
}

fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !text.is_empty() && text.chars().all(is_letter) && !text.starts_with(|c: char| c.is_numeric())
}

fn requests(samples: &Samples, method: &str, route: &str, status: u16) -> f64 {
    let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
    let series = format!("flashbid_http_requests_total{{{labels}}}");
    samples.get(&series).copied().unwrap_or_default()
}

fn bids(samples: &Samples, outcome: &str) -> f64 {
    samples[&format!("flashbid_bids_total{{outcome=\"{outcome}\"}}")]
}

#[tokio::test]
async fn a_server_that_was_asked_nothing_shows_its_version_and_zeros() {
    let site = Site::start().await;
    let answer = site.get("/metrics", None).await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let samples = parse(&answer.text);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        samples[&format!("flashbid_build_info{{version=\"{version}\"}}")],
        1.0
    );
    for outcome in [
        "accepted",
        "price_too_low",
        "not_started",
        "ended",
        "key_reused",
        "unknown_campaign",
        "overloaded",
        "store_error",
        "other",
    ] {
        assert_eq!(bids(&samples, outcome), 0.0, "{outcome}");
    }
    assert_eq!(samples["flashbid_websockets_open"], 0.0);
    assert_eq!(samples["flashbid_websockets_dropped_total"], 0.0);
    assert!(!answer.text.contains("flashbid_http_requests_total"));
}

#[tokio::test]
async fn every_bid_is_counted_with_what_became_of_it() {
    async fn keyed(site: &Site, by: &Person, campaign: CampaignId, price: u32) -> u16 {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", "once"),
        ];
        let body = json!({"campaign_id": campaign, "price": price}).to_string();
        let body = Some(body.into_bytes());
        let sent = site.send(Method::POST, "/api/v1/bids", Some(by), &headers, body);
        sent.await.status.as_u16()
    }
    let site = Site::start().await;
    let admin = site.admin().await;
    let campaign = site.campaign(&admin, 5, 5).await;
    let bid = async |price| site.bid(&admin, campaign, price).await.status.as_u16();
    assert_eq!([bid("150").await, bid("151").await], [201, 201]);
    assert_eq!(bid("1").await, 400);
    assert_eq!(keyed(&site, &admin, campaign, 152).await, 201);
    assert_eq!(keyed(&site, &admin, campaign, 152).await, 201);
    assert_eq!(keyed(&site, &admin, campaign, 153).await, 409);
    let nowhere = CampaignId::new(Uuid::nil());
    assert_eq!(site.bid(&admin, nowhere, "150").await.status, 404);
    assert_eq!(bid("\"no number\"").await, 422);
    site.pass(Duration::from_mins(10));
    assert_eq!(bid("154").await, 403);

    let samples = samples(&site).await;
    for (outcome, count) in [
        ("accepted", 4.0),
        ("price_too_low", 1.0),
        ("key_reused", 1.0),
        ("unknown_campaign", 1.0),
        ("ended", 1.0),
        ("not_started", 0.0),
        ("other", 0.0),
    ] {
        assert_eq!(bids(&samples, outcome), count, "{outcome}");
    }
    for (status, count) in [
        (201, 4.0),
        (400, 1.0),
        (403, 1.0),
        (404, 1.0),
        (409, 1.0),
        (422, 1.0),
    ] {
        let counted = requests(&samples, "POST", "/api/v1/bids", status);
        assert_eq!(counted, count, "{status}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_the_template_of_their_route() {
    let site = Site::start().await;
    for _ in 0..3 {
        let path = format!("/api/v1/rankings/{}", Uuid::nil());
        assert_eq!(site.get(&path, None).await.status, 404);
    }
    assert_eq!(site.get("/health", None).await.status, 200);
    let head = site.send(Method::HEAD, "/health", None, &[], None).await;
    assert_eq!(head.status, 200);
    samples(&site).await;

    let samples = samples(&site).await;
    let route = "/api/v1/rankings/{campaign_id}";
    assert_eq!(requests(&samples, "GET", route, 404), 3.0);
    assert_eq!(requests(&samples, "GET", "/health", 200), 1.0);
    assert_eq!(requests(&samples, "HEAD", "/health", 200), 1.0);
    assert_eq!(requests(&samples, "GET", "/metrics", 200), 1.0);
}

#[tokio::test]
async fn times_of_requests_add_up() {
    let site = Site::start().await;
    for _ in 0..5 {
        site.get("/health", None).await;
    }
    let samples = samples(&site).await;
    let name = "flashbid_http_request_duration_seconds";
    let bound =
        |bound: &str| samples[&format!("{name}_bucket{{le=\"{bound}\",route=\"/health\"}}")];
    let counts = ["0.001", "0.01", "0.1", "1.0", "10.0", "+Inf"].map(bound);
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts[5], 5.0);
    assert_eq!(samples[&format!("{name}_count{{route=\"/health\"}}")], 5.0);
    assert!(samples[&format!("{name}_sum{{route=\"/health\"}}")] > 0.0);
}

#[tokio::test]
async fn hostile_paths_and_methods_make_no_more_series() {
    let site = Site::start().await;
    for number in 0..1_000 {
        let path = format!("/{:016x}/%22%0A{number}", rand::random::<u64>());
        assert_eq!(site.get(&path, None).await.status, 404);
    }
    for number in 0..100 {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        let answer = site.send(method, "/health", None, &[], None).await;
        assert_eq!(answer.status, 405);
        let path = format!("/api/v1/products/{number}");
        assert_eq!(site.get(&path, None).await.status, 422);
    }
    let samples = samples(&site).await;
    assert_eq!(requests(&samples, "GET", "unmatched", 404), 1_000.0);
    assert_eq!(requests(&samples, "other", "/health", 405), 100.0);
    let series = samples
        .keys()
        .filter(|series| series.starts_with("flashbid_http_requests_total"));
    assert_eq!(series.count(), 3, "{samples:?}");
}

#[tokio::test]
async fn servers_in_one_process_count_for_themselves() {
    let (one, other) = (Site::start().await, Site::start().await);
    let admin = one.admin().await;
    let campaign = one.campaign(&admin, 1, 1).await;
    one.bid(&admin, campaign, "150").await.ok(201);
    assert_eq!(bids(&samples(&one).await, "accepted"), 1.0);
    let others = samples(&other).await;
    assert_eq!(bids(&others, "accepted"), 0.0);
    assert!(!others.keys().any(|series| series.contains("/api/v1")));
}

#[tokio::test]
async fn the_figures_are_documented_with_their_type() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json", None).await.ok(200);
    let content = &document["paths"]["/metrics"]["get"]["responses"]["200"]["content"];
    assert!(content["application/openmetrics-text"]["schema"].is_object());
}
