//! The commands on real stores.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{ADMIN, Place};
use crate::program::{program, refused, stdout};
use crate::sales;

fn run(place: &Place, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&folder, arguments);
    command.envs(place.variables()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_migrated_seeded_served_and_verified() {
    let place = Place::new();
    let migrated = run(&place, &["migrate"]);
    assert!(stdout(&migrated).contains("is up to date"), "{migrated:?}");
    let seeded = run(
        &place,
        &["seed", "--users", "3", "--stock", "1", "--duration", "4s"],
    );
    assert!(seeded.status.success(), "{seeded:?}");
    let seeded: Value = serde_json::from_str(&stdout(&seeded)).unwrap();
    assert_eq!(seeded["users"].as_array().unwrap().len(), 3);

    let node = place.node().await;
    let campaign = seeded["campaign_id"].as_str().unwrap();
    let (_, session) = node.try_login("user0001@test.com", "password123").await;
    let token = session["access_token"].as_str().unwrap();
    node.bid(token, campaign, 500).await;
    let orders = format!("/api/v1/orders/campaign/{campaign}");
    let admin = node.login(ADMIN).await;
    let mut settled = false;
    for _ in 0..400 {
        let list = node.get(&orders, &admin).await;
        settled = list["total"] == 1;
        if settled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(settled, "the winner has an order");
    let verified = run(&place, &["verify", campaign]);
    assert!(verified.status.success(), "{verified:?}");
    assert!(stdout(&verified).contains("consistent"));
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_book_is_rebuilt_by_hand_while_servers_run() {
    let place = Place::new();
    let node = place.node().await;
    let admin = node.login(ADMIN).await;
    let campaign = node.campaign(&admin, 1, Duration::from_hours(1)).await;
    let [ada, eve] = [node.user("ada").await, node.user("eve").await];
    node.bid(&ada, &campaign, 10).await;
    node.bid(&eve, &campaign, 20).await;
    // Nobody would notice by itself: the book's log is whole, its ranking is not.
    let ranking = format!("/api/v1/rankings/{campaign}");
    let whole = node.get(&ranking, &admin).await;
    place
        .redis
        .call(&["DEL", &format!("bid:{{{campaign}}}")])
        .unwrap();

    let rebuilt = run(&place, &["rebuild", &campaign]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    let said = stdout(&rebuilt);
    assert!(
        said.contains("2 bids from the ledger, last sequence 2"),
        "{said}"
    );
    let after = node.get(&ranking, &admin).await;
    assert_eq!(after["rankings"], whole["rankings"]);
    assert_eq!(node.bid(&ada, &campaign, 30).await["rank"], 1);

    let all = run(&place, &["rebuild", "--all"]);
    assert!(
        stdout(&all).contains("3 bids from the ledger, last sequence 3"),
        "{all:?}"
    );
    let unknown = "01900000-0000-7000-8000-000000000000";
    refused(&run(&place, &["rebuild", unknown]), "no campaign");
    refused(
        &run(&place, &["rebuild", unknown, "--hot", "memory"]),
        "nothing to rebuild",
    );
    refused(&run(&place, &["rebuild"]), "CAMPAIGN");
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_reconciled_and_loaded_by_hand_while_servers_run() {
    let place = Place::new();
    let node = place.node().await;
    let admin = node.login(ADMIN).await;
    let ada = node.user("ada").await;
    let lasts = Duration::from_hours(1);
    let campaign = sales::first_come(&node, &admin, 3, lasts, json!({})).await;
    let order = sales::order(&node, &ada, &campaign).await;
    let said = |output: &Output, code: i32, expected: &str| {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = stdout(output);
        assert!(said.contains(expected), "{said}");
    };
    let verified = run(&place, &["verify", &campaign]);
    said(&verified, 0, "1 purchases of 1 buyers; 1 orders, quota 3");
    let well = "1 campaigns, 0 discrepancies found, 0 left";
    said(&run(&place, &["reconcile"]), 0, well);
    said(&run(&place, &["reconcile", &campaign, "--fix"]), 0, well);

    sales::spoil(&node, &campaign, &order).await;
    let off = run(&place, &["reconcile", &campaign]);
    said(&off, 1, &format!("campaign {campaign}: hold_state {order}"));
    said(&off, 1, "1 campaigns, 1 discrepancies found, 1 left");
    let reason = String::from_utf8(off.stderr).unwrap();
    assert!(reason.contains("1 discrepancies are left"), "{reason}");
    let fixed = run(&place, &["reconcile", "--fix"]);
    said(&fixed, 0, "1 campaigns, 1 discrepancies found, 0 left");
    said(&run(&place, &["reconcile"]), 0, well);

    place.redis.call(&["FLUSHALL"]).unwrap();
    let synced = run(&place, &["sync"]);
    said(&synced, 0, &format!("campaign {campaign}: in line"));
    let details = node
        .get(&format!("/api/v1/campaigns/{campaign}"), &ada)
        .await;
    assert_eq!(
        details["stats"]["units"],
        json!({"available": 2, "held": 1, "sold": 0})
    );
    let product = details["product_id"].as_str().unwrap();
    let synced = run(&place, &["sync", product]);
    said(&synced, 0, "1 counters agree with the ledger");
    let unknown = "01900000-0000-7000-8000-000000000000";
    refused(&run(&place, &["sync", unknown]), "no such product");
    refused(&run(&place, &["reconcile", unknown]), "no campaign");
    node.server.stop().await;
}

#[test]
fn a_demo_sale_is_held_and_proven() {
    let place = Place::new();
    let demo = run(
        &place,
        &["demo", "--sale", "4s", "--bidders", "12", "--units", "3"],
    );
    assert!(demo.status.success(), "{demo:?}");
    let said = stdout(&demo);
    assert!(said.contains("consistent"), "{said}");
    assert!(said.contains(&place.redis.url()), "{said}");
}
