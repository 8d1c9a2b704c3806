use std::path::Path;

use flashbid_sqlite::rusqlite::Connection;
use serde_json::Value;

use crate::program::{Running, program, refused, run, stdout};

#[test]
fn migrate_says_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let first = run(&directory, &["migrate"]);
    assert!(first.status.success(), "{first:?}");
    assert!(stdout(&first).contains("was made"));
    let second = run(&directory, &["migrate"]);
    assert!(stdout(&second).contains("nothing was changed"));
}

#[test]
fn seed_prints_what_it_made_and_keeps_the_users_of_before() {
    let directory = tempfile::tempdir().unwrap();
    let seed = || {
        let output = run(&directory, &["seed", "--users", "3", "--stock", "2"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let (first, second) = (seed(), seed());
    assert_eq!(first["users"].as_array().unwrap().len(), 3);
    assert_eq!(first["users"][2]["email"], "user0003@test.com");
    assert!(first["admin"]["password"].is_string(), "{first}");
    assert_eq!(first["users"], second["users"]);
    assert_eq!(first["admin"]["user_id"], second["admin"]["user_id"]);
    assert_eq!(second["admin"]["password"], Value::Null);
    assert_ne!(first["campaign_id"], second["campaign_id"]);
}

#[tokio::test]
async fn a_seeded_user_can_bid() {
    let directory = tempfile::tempdir().unwrap();
    let seeded = run(&directory, &["seed", "--users", "1"]);
    let seeded: Value = serde_json::from_str(&stdout(&seeded)).unwrap();
    let server = Running::start(program(&directory, &[]));
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}/api/v1{path}", server.address);
    let login = serde_json::json!({"email": "user0001@test.com", "password": "password123"});
    let session = http.post(url("/auth/login")).json(&login).send().await;
    let session: Value = session.unwrap().json().await.unwrap();
    let bid = serde_json::json!({"campaign_id": seeded["campaign_id"], "price": 150});
    let answer = http
        .post(url("/bids"))
        .bearer_auth(session["access_token"].as_str().unwrap())
        .json(&bid)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);

    // The audit reads beside the running server.
    let campaign = seeded["campaign_id"].as_str().unwrap();
    let verdict = run(&directory, &["verify", campaign]);
    assert!(verdict.status.success(), "{verdict:?}");
    assert!(stdout(&verdict).contains("1 bids of 1 bidders"));
}

#[test]
fn verify_fails_with_the_reason_when_a_sale_was_tampered_with() {
    let directory = tempfile::tempdir().unwrap();
    let seeded = run(&directory, &["seed", "--users", "0"]);
    let seeded: Value = serde_json::from_str(&stdout(&seeded)).unwrap();
    let campaign = seeded["campaign_id"].as_str().unwrap();
    let sound = run(&directory, &["verify", campaign]);
    assert!(sound.status.success(), "{sound:?}");
    assert!(stdout(&sound).contains("consistent"));

    raise_quota(&directory.path().join("flashbid.db"));
    let tampered = run(&directory, &["verify", campaign]);
    assert_eq!(tampered.status.code(), Some(1), "{tampered:?}");
    let said = String::from_utf8(tampered.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains("1000 units are promised"), "{said}");

    let unknown = "01900000-0000-7000-8000-000000000000";
    refused(&run(&directory, &["verify", unknown]), "no campaign");
    let absent = ["verify", campaign, "--ledger", "sqlite:absent.db"];
    refused(&run(&directory, &absent), "absent.db");
    assert!(!directory.path().join("absent.db").exists());
}

fn raise_quota(ledger: &Path) {
    let file = Connection::open(ledger).unwrap();
    let raise = "UPDATE campaigns SET available = available + 1000 - quota, quota = 1000";
    let changed = file.execute(raise, []);
    assert_eq!(changed.unwrap(), 1);
}

#[test]
fn replay_prints_the_winners() {
    let directory = tempfile::tempdir().unwrap();
    let csv = "auction_id,bid,bid_time_days,bidder,bidder_rating\n\
               1,95,2.9,ann,0\n1,117.5,2.8,bob,1\n1,117.5,2.95,cid,1\n2,3,0.5,ann,0\n";
    std::fs::write(directory.path().join("bids.csv"), csv).unwrap();
    let output = run(&directory, &["replay", "bids.csv"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        stdout(&output),
        "campaign,rank,bidder,price,score,bids\n\
         1,1,bob,117.50,117.50,3\n\
         2,1,ann,3.00,3.00,1\n"
    );
    assert!(!directory.path().join("flashbid.db").exists());
    for (csv, reason) in [
        ("", "no column"),
        ("bidder,price\nann,1e400\n", "line 2"),
        ("bidder,price\nann,-5\n", "line 2"),
    ] {
        std::fs::write(directory.path().join("bids.csv"), csv).unwrap();
        refused(&run(&directory, &["replay", "bids.csv"]), reason);
    }
    std::fs::write(directory.path().join("bids.csv"), b"bidder,price\n\xff,1\n").unwrap();
    refused(&run(&directory, &["replay", "bids.csv"]), "line 2");
}

/// Clients make their types of it, and need no server for that.
#[test]
fn the_document_of_the_api_is_printed_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&directory, &["openapi"]);
    assert!(output.status.success(), "{output:?}");
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(document["paths"]["/api/v1/bids"]["post"].is_object());
    assert!(!directory.path().join("flashbid.db").exists());
}
