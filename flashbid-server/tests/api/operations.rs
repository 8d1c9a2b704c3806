//! What operators look after: dead letters, discrepancies, counters.

use flashbid_core::id::{BidderId, CampaignId, HoldId, PurchaseId};
use flashbid_core::purchase::DeadLetter;
use flashbid_core::stock::{Hold, Units};
use flashbid_core::store::{HoldRequest, Purpose};
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Person, Site};

const LETTERS: &str = "/api/v1/dead-letters";
const DISCREPANCIES: &str = "/api/v1/discrepancies";

/// Takes one unit of the hot counter, of which no order is made.
async fn hold(site: &Site, bidder: BidderId, campaign: CampaignId) -> (PurchaseId, Hold) {
    let engine = site.server.state().engine();
    let purchase: PurchaseId = engine.fresh_id();
    let request = HoldRequest {
        id: HoldId::derive(purchase, campaign),
        bidder,
        units: Units::ONE,
        expires_at: engine.now().after(std::time::Duration::from_hours(1)),
        purpose: Purpose::Purchase(purchase),
        ticket: None,
        at: None,
    };
    engine.gate_stats(campaign).await.unwrap();
    let held = engine.hot().hold(campaign, &[request]).await.unwrap();
    (purchase, held[0].clone().unwrap())
}

/// Sets a purchase aside, as is done with one of which the ledger could not make an order.
async fn set_aside(site: &Site, bidder: BidderId, campaign: CampaignId) -> HoldId {
    let engine = site.server.state().engine();
    let (purchase, hold) = hold(site, bidder, campaign).await;
    let letter = DeadLetter {
        campaign,
        purchase,
        hold,
        reason: "the ledger failed".to_owned(),
        attempts: 5,
        at: engine.now(),
    };
    engine.ledger().set_aside(&[letter]).await.unwrap();
    let acknowledged = engine.hot().acknowledge(campaign, &[hold.id]).await;
    acknowledged.unwrap();
    hold.id
}

async fn purchase(site: &Site, by: &Person, hold: HoldId) -> Value {
    let path = format!("/api/v1/purchases/{hold}");
    site.get(&path, Some(by)).await.ok(200)
}

async fn replay(site: &Site, by: &Person, hold: HoldId) -> Answer {
    let path = format!("{LETTERS}/{hold}/replay");
    site.send(Method::POST, &path, Some(by), &[], None).await
}

async fn drop_letter(site: &Site, by: &Person, hold: HoldId) -> Answer {
    let path = format!("{LETTERS}/{hold}");
    site.send(Method::DELETE, &path, Some(by), &[], None).await
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_replayed_or_dropped() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let empty = site.get(LETTERS, Some(&admin)).await.ok(200);
    assert_eq!(empty, json!({"dead_letters": [], "total": 0}));
    let first = set_aside(&site, ada.id, campaign).await;
    site.pass(std::time::Duration::from_secs(1));
    let second = set_aside(&site, ada.id, campaign).await;
    let list = site.get(LETTERS, Some(&admin)).await.ok(200);
    assert_eq!(list["total"], 2);
    let letter = &list["dead_letters"][0];
    assert_eq!(letter["hold_id"], json!(first));
    assert_eq!(letter["campaign_id"], json!(campaign));
    assert_eq!(letter["user_id"], json!(ada.id));
    assert_eq!(letter["quantity"], 1);
    assert_eq!(letter["attempts"], 5);
    assert_eq!(letter["reason"], "the ledger failed");
    assert_eq!(list["dead_letters"][1]["hold_id"], json!(second));
    let part = format!("{LETTERS}?skip=1&limit=1");
    let part = site.get(&part, Some(&admin)).await.ok(200);
    assert_eq!(part["dead_letters"], json!([list["dead_letters"][1]]));
    // Its units are kept for it until somebody has decided.
    assert_eq!(purchase(&site, &ada, first).await["status"], "held");
    let units = json!({"available": 1, "held": 2, "sold": 0});
    let path = format!("/api/v1/campaigns/{campaign}");
    assert_eq!(site.get(&path, None).await.ok(200)["stats"]["units"], units);

    let order = replay(&site, &admin, first).await.ok(200);
    assert_eq!(order["order_id"], json!(first));
    assert_eq!(order["user_id"], json!(ada.id));
    assert_eq!(order["status"], "pending_payment");
    assert_eq!(order["pay_by"], site.time(900), "from now on");
    let known = purchase(&site, &ada, first).await;
    assert_eq!(
        (&known["status"], &known["order_id"]),
        (&json!("ordered"), &json!(first))
    );
    replay(&site, &admin, first)
        .await
        .problem(404, "UNKNOWN_DEAD_LETTER");

    let dropped = drop_letter(&site, &admin, second).await;
    assert_eq!((dropped.status.as_u16(), dropped.text.as_str()), (204, ""));
    drop_letter(&site, &admin, second)
        .await
        .problem(404, "UNKNOWN_DEAD_LETTER");
    assert_eq!(purchase(&site, &ada, second).await["status"], "released");
    assert_eq!(
        site.get(LETTERS, Some(&admin)).await.ok(200)["total"],
        json!(0)
    );
    let units = json!({"available": 2, "held": 1, "sold": 0});
    assert_eq!(site.get(&path, None).await.ok(200)["stats"]["units"], units);
}

#[tokio::test]
async fn a_dead_letter_of_a_campaign_that_is_over_is_refused_for_good() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    let campaign = site.first_come(&admin, 1).await;
    let letter = set_aside(&site, ada.id, campaign).await;
    site.buy(&eve, campaign, 1).await.problem(409, "SOLD_OUT");
    site.pass(std::time::Duration::from_mins(10));
    // It does not keep the campaign from its end, nor the operator from a decision.
    site.server.state().engine().tend().await.unwrap();
    let answer = replay(&site, &admin, letter).await;
    let is_decided = answer.status == 200 || answer.status == 409;
    assert!(is_decided, "{answer:?}");
    replay(&site, &admin, letter)
        .await
        .problem(404, "UNKNOWN_DEAD_LETTER");
}

async fn reconcile(site: &Site, by: &Person, campaign: CampaignId, fix: bool) -> Answer {
    let path = format!("/api/v1/campaigns/{campaign}/reconcile");
    let body = json!({ "fix": fix }).to_string();
    site.post(&path, Some(by), body).await
}

#[tokio::test]
async fn a_counter_that_is_off_is_found_recorded_and_repaired() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let order: HoldId = site.order(&ada, campaign).await.parse().unwrap();
    let well = reconcile(&site, &admin, campaign, true).await.ok(200);
    assert_eq!(well, json!({"found": [], "left": []}));
    // Somebody gives back in the hot store what the ledger has sold.
    let hot = site.server.state().engine().hot();
    hot.release(campaign, &[order]).await.unwrap();

    let dry = reconcile(&site, &admin, campaign, false).await.ok(200);
    assert_eq!(dry["found"], dry["left"]);
    let found = &dry["found"][0];
    assert_eq!(found["kind"], "hold_state");
    assert_eq!(found["subject_id"], json!(order));
    assert_eq!(found["campaign_id"], json!(campaign));
    assert_eq!(found["resolved_at"], Value::Null);
    let path = format!("/api/v1/campaigns/{campaign}");
    let units = async || site.get(&path, None).await.ok(200)["stats"]["units"].clone();
    assert_eq!(units().await["available"], 3, "nothing was repaired");
    let open = format!("{DISCREPANCIES}?open=true");
    let listed = site.get(&open, Some(&admin)).await.ok(200);
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["discrepancies"][0]["subject_id"], json!(order));

    let fixed = reconcile(&site, &admin, campaign, true).await.ok(200);
    assert_eq!(fixed["left"], json!([]));
    assert_eq!(fixed["found"][0]["kind"], "hold_state");
    assert_eq!(units().await, json!({"available": 2, "held": 1, "sold": 0}));
    let listed = site.get(&open, Some(&admin)).await.ok(200);
    assert_eq!(listed, json!({"discrepancies": [], "total": 0}));
    let listed = site.get(DISCREPANCIES, Some(&admin)).await.ok(200);
    assert_eq!(listed["total"], 1, "it is remembered");
    assert_ne!(listed["discrepancies"][0]["resolved_at"], Value::Null);
    let wrong = format!("{DISCREPANCIES}?open=perhaps");
    site.get(&wrong, Some(&admin))
        .await
        .problem(422, "MALFORMED");
}

#[tokio::test]
async fn a_ranked_campaign_is_compared_as_well() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 3, 2).await;
    site.bid(&ada, campaign, "500").await.ok(201);
    for _ in 0..2 {
        let well = reconcile(&site, &admin, campaign, true).await.ok(200);
        assert_eq!(well, json!({"found": [], "left": []}));
        site.pass(std::time::Duration::from_mins(10));
        site.tend().await;
    }
}

#[tokio::test]
async fn counters_are_loaded_by_product_or_all_of_them() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = site.product(&admin, 9).await;
    let terms = json!({"format": "first_come", "price": 500, "quota": 3});
    let first = site.campaign_of(&admin, &product, terms.clone()).await;
    let second = site.campaign_of(&admin, &product, terms).await;
    let ranked = json!({"quota": 3});
    site.campaign_of(&admin, &product, ranked).await;
    let other = site.first_come(&admin, 1).await;
    let loaded = async |path: &str| {
        let answer = site.post(path, Some(&admin), "").await.ok(200);
        let campaigns = answer["campaigns"].as_array().unwrap();
        assert_eq!(answer["total"], campaigns.len());
        let ids = campaigns.iter().map(|one| one["campaign_id"].clone());
        let mut ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let ids = |campaigns: &[CampaignId]| {
        let mut ids: Vec<String> = campaigns.iter().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    let one = format!("/api/v1/products/{product}/sync");
    for _ in 0..2 {
        assert_eq!(loaded(&one).await, ids(&[first, second]));
        let all = loaded("/api/v1/products/sync").await;
        assert_eq!(all, ids(&[first, second, other]));
    }
    for campaign in [first, second, other] {
        let hot = site.server.state().engine().hot();
        assert!(hot.level(campaign).await.unwrap().is_some());
    }
    site.post(
        "/api/v1/products/01900000-0000-7000-8000-000000000000/sync",
        Some(&admin),
        "",
    )
    .await
    .problem(404, "UNKNOWN_PRODUCT");
}

#[tokio::test]
async fn operators_alone_look_after_all_this() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 1).await;
    let id = "01900000-0000-7000-8000-000000000000";
    let before = site.dump();
    for (method, path) in [
        (Method::GET, LETTERS.to_owned()),
        (Method::POST, format!("{LETTERS}/{id}/replay")),
        (Method::DELETE, format!("{LETTERS}/{id}")),
        (Method::GET, DISCREPANCIES.to_owned()),
        (
            Method::POST,
            format!("/api/v1/campaigns/{campaign}/reconcile"),
        ),
        (Method::POST, format!("/api/v1/products/{id}/sync")),
        (Method::POST, "/api/v1/products/sync".to_owned()),
        (Method::GET, "/api/v1/products/low-stock".to_owned()),
    ] {
        let json = [("content-type", "application/json")];
        let ask = async |by| {
            let body = Some(b"{}".to_vec());
            site.send(method.clone(), &path, by, &json, body).await
        };
        ask(None).await.problem(401, "UNAUTHORIZED");
        ask(Some(&ada)).await.problem(403, "NOT_AN_ADMIN");
    }
    assert_eq!(site.dump(), before);
    let nowhere = format!("/api/v1/campaigns/{id}/reconcile");
    site.post(&nowhere, Some(&admin), "{}")
        .await
        .problem(404, "UNKNOWN_CAMPAIGN");
}
