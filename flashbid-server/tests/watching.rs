//! What `deploy/` says to Prometheus and Grafana fits the server, as the real Prometheus sees it.

mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flashbid_core::engine::{Flow, Observation, Observer};
use flashbid_testbed::{Prometheus, promtool};
use house::{House, LASTS, Person, until};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(path)
}

fn text(path: &str) -> String {
    let path = deploy(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_alert_rules_come_when_they_should_and_only_then() {
    let folder = deploy("prometheus");
    for arguments in [
        &["check", "config", "prometheus.yml"][..],
        &["check", "rules", "alerts.yml"],
        &["test", "rules", "alerts_test.yml"],
    ] {
        promtool(&folder, arguments).unwrap_or_else(|said| panic!("{arguments:?}: {said}"));
    }
    let (rules, tests) = (
        text("prometheus/alerts.yml"),
        text("prometheus/alerts_test.yml"),
    );
    let alerts: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() >= 13, "{alerts:?}");
    for alert in alerts {
        let quiet = format!("{{ alertname: {alert}, eval_time: ");
        assert!(tests.contains(&quiet), "{alert} is never seen quiet");
        let comes = format!("- alertname: {alert}\n");
        assert!(tests.contains(&comes), "{alert} is never seen to come");
    }
}

/// A server that has been through all that it measures, for as much as a test can bring about; the rest is told by hand,
/// as the engine tells it.
async fn a_server_with_a_past() -> House {
    let house = House::open(Duration::from_millis(20)).await;
    let people = house.people(3).await;
    let campaign = house.campaign(2).await;
    let bid = async |person: &Person, price: u32| {
        let body = serde_json::json!({"campaign_id": campaign, "price": price});
        let request = house.http.post(house.url("/api/v1/bids"));
        let request = request
            .bearer_auth(&person.token)
            .header("idempotency-key", "once");
        request.json(&body).send().await.unwrap().status()
    };
    for person in &people {
        assert_eq!(bid(person, 5).await, 201);
    }
    assert_eq!(bid(&people[0], 6).await, 409);
    house.clock.advance(LASTS);
    until(async || house.counts("flashbid_settlement_lag_seconds_count 1")).await;
    let metrics = house.server.state().metrics();
    metrics.observe(Observation::Discrepancies {
        kind: "counter_too_high",
        open: 0,
    });
    metrics.observe(Observation::Relayed {
        campaign,
        flow: Flow::Purchases,
        events: 1,
        waited: Some(Duration::from_millis(5)),
        result: Ok(()),
        took: Duration::from_millis(5),
    });
    house
}

/// Sends a query to a Prometheus.
async fn ask(prometheus: &Prometheus, query: &str) -> Value {
    let encoded = utf8_percent_encode(query, NON_ALPHANUMERIC);
    let url = format!("{}/api/v1/query?query={encoded}", prometheus.url());
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    answer["data"]["result"].clone()
}

/// The rules of a Prometheus, as it has understood them.
async fn rules(prometheus: &Prometheus) -> Vec<Value> {
    let url = format!("{}/api/v1/rules", prometheus.url());
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let groups = answer["data"]["groups"].as_array().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap());
    rules.cloned().collect()
}

/// A Prometheus that is told what `deploy/` tells it, but for where the server is and how often to ask it.
fn prometheus_for(house: &House) -> Prometheus {
    let configuration = text("prometheus/prometheus.yml");
    let nodes = "[node1:8000, node2:8000, node3:8000]";
    assert!(configuration.contains(nodes) && configuration.contains(": 5s"));
    let configuration = configuration
        .replace(nodes, &format!("[\"{}\"]", house.server.address()))
        .replace(": 5s", ": 200ms");
    let alerts = text("prometheus/alerts.yml");
    Prometheus::start(&configuration, &[("alerts.yml", &alerts)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_reads_the_server_and_every_query_names_what_it_exports() {
    let house = a_server_with_a_past().await;
    let prometheus = {
        let house = &house;
        tokio::task::block_in_place(|| prometheus_for(house))
    };
    until(async || {
        let found = ask(&prometheus, r#"flashbid_bids_total{outcome="accepted"}"#).await;
        found[0]["value"][1] == "3"
    })
    .await;
    let up = ask(&prometheus, "up").await;
    assert_eq!(up[0]["value"][1], "1");
    assert_eq!(up[0]["metric"]["job"], "flashbid");

    let figures = reqwest::get(house.url("/metrics")).await.unwrap();
    let exported = Exported::read(&figures.text().await.unwrap());
    let mut used = BTreeSet::new();
    for query in dashboard_queries() {
        let query = query.replace("$__rate_interval", "1m");
        ask(&prometheus, &query).await;
        used.append(&mut exported.check(&query));
    }
    let unseen: Vec<_> = exported.families.difference(&used).collect();
    assert!(unseen.is_empty(), "not on the dashboard: {unseen:?}");

    let alerts = rules(&prometheus).await;
    assert!(alerts.len() >= 13, "{alerts:?}");
    for alert in alerts {
        exported.check(alert["query"].as_str().unwrap());
    }
    // Before the first answer of the server there was none, which is an alert.
    until(async || {
        let alerts = rules(&prometheus).await;
        alerts.iter().all(|alert| alert["state"] == "inactive")
    })
    .await;
    house.server.stop().await;
}

/// Every query of the dashboard.
fn dashboard_queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text("grafana/dashboards/flashbid.json")).unwrap();
    let provisioned = text("grafana/provisioning/datasources/prometheus.yaml");
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let source = target["datasource"]["uid"].as_str().unwrap();
            assert!(
                provisioned.contains(&format!("uid: {source}\n")),
                "{target}"
            );
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    assert!(queries.len() > 30, "the test reads the dashboard");
    queries
}

/// What a server exports: the names of its samples with the values of their labels.
#[derive(Debug, Default)]
struct Exported {
    families: BTreeSet<String>,
    samples: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Exported {
    fn read(figures: &str) -> Self {
        let mut exported = Self::default();
        for line in figures.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (family, _) = family.split_once(' ').unwrap();
                exported.families.insert(family.to_owned());
            }
            if line.starts_with('#') {
                continue;
            }
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let sample = exported.samples.entry(name.to_owned()).or_default();
            for (label, _, value) in matchers(labels.trim_end_matches('}')) {
                sample
                    .entry(label.to_owned())
                    .or_default()
                    .insert(value.to_owned());
            }
        }
        exported
    }

    /// Checks the names of metrics and labels in a query, and the values that labels must equal. Answers the families.
    fn check(&self, query: &str) -> BTreeSet<String> {
        let (mut families, mut labels) = (BTreeSet::new(), BTreeSet::from(["instance", "job"]));
        let mut groupings = Vec::new();
        let mut rest = query;
        while let Some(start) = rest.find(|letter: char| letter.is_ascii_alphabetic()) {
            let before = rest[..start].chars().next_back();
            let word = &rest[start..];
            let end = word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let (word, after) = word.split_at(end.unwrap_or(word.len()));
            rest = after;
            // The unit of a duration.
            if before.is_some_and(|before| before.is_ascii_digit()) {
                continue;
            }
            let selected = after.strip_prefix('{');
            if word == "by" {
                let grouping = after.trim_start().strip_prefix('(').expect(query);
                let (grouping, after) = grouping.split_once(')').expect(query);
                groupings.extend(grouping.split(',').map(str::trim));
                rest = after;
            } else if word.starts_with("flashbid_") {
                let sample = self.samples.get(word);
                let sample = sample.unwrap_or_else(|| panic!("no {word} for {query}"));
                labels.extend(sample.keys().map(String::as_str));
                let family = ["", "_total", "_info", "_bucket", "_sum", "_count"]
                    .iter()
                    .filter_map(|suffix| word.strip_suffix(suffix))
                    .find(|family| self.families.contains(*family));
                families.insert(family.expect(word).to_owned());
                let Some(selected) = selected else { continue };
                let (selection, after) = selected.split_once('}').expect(query);
                // A template in a pattern may have braces; none of ours does.
                rest = after;
                for (label, operator, value) in matchers(selection) {
                    let values = sample.get(label);
                    let values = values.unwrap_or_else(|| panic!("no {label} for {query}"));
                    assert!(
                        operator != "=" || values.contains(value),
                        "no {value} for {query}"
                    );
                }
            } else if let Some(selected) = selected {
                assert_eq!(word, "up", "{query}");
                rest = selected.split_once('}').expect(query).1;
            }
        }
        for label in groupings {
            assert!(labels.contains(label), "no {label} for {query}");
        }
        families
    }
}

/// Labels with operator and value, as selections and samples have them.
fn matchers(list: &str) -> Vec<(&str, &str, &str)> {
    let (mut found, mut rest) = (Vec::new(), list);
    while let Some(end) = rest.find(['=', '!']) {
        let label = rest[..end].trim_matches([',', ' ']);
        let (operator, after) = rest[end..].split_once('"').unwrap();
        let (value, after) = after.split_once('"').unwrap();
        found.push((label, operator, value));
        rest = after;
    }
    found
}

#[test]
fn a_query_that_names_what_is_not_there_is_noticed() {
    let exported = Exported::read(
        "# TYPE flashbid_a counter\nflashbid_a_total{kind=\"x\",route=\"/{id}\"} 1\n# EOF\n",
    );
    let good = r#"sum by (kind) (rate(flashbid_a_total{kind="x"}[5m])) > 0.5 or up{job="other"}"#;
    assert_eq!(
        exported.check(good),
        BTreeSet::from(["flashbid_a".to_owned()])
    );
    for bad in [
        "flashbid_b_total",
        "flashbid_a_sum",
        r#"flashbid_a_total{sort="x"}"#,
        r#"flashbid_a_total{kind="y"}"#,
        "sum by (sort) (flashbid_a_total)",
        r#"sum(other{kind="x"})"#,
    ] {
        let checked = std::panic::catch_unwind(|| exported.check(bad));
        assert!(checked.is_err(), "{bad}");
    }
}
