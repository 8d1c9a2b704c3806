use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::Site;

const PRODUCTS: &str = "/api/v1/products";
const CAMPAIGNS: &str = "/api/v1/campaigns";
const BIDS: &str = "/api/v1/bids";

/// What stands behind `"field":` in a JSON text, to the digit.
fn digits<'a>(text: &'a str, field: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\"{field}\":")).unwrap();
    rest.split([',', '}']).next().unwrap()
}

#[tokio::test]
async fn a_product_reads_back_as_it_was_made() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let wanted = json!({
        "name": "Console'); DROP TABLE products; --",
        "description": "Two\nlines",
        "image_url": "https://example.com/console.png",
        "stock": 7,
        "min_price": "499.90",
        "colour": "nobody knows this field",
    });
    let answer = site.post(PRODUCTS, Some(&admin), wanted.to_string()).await;
    assert_eq!(digits(&answer.text, "min_price"), "499.90");
    let product = answer.ok(201);
    assert_eq!(product["name"], wanted["name"]);
    assert_eq!(product["description"], wanted["description"]);
    assert_eq!(product["image_url"], wanted["image_url"]);
    assert_eq!(product["stock"], 7);
    assert_eq!(product["available"], 7);
    assert_eq!(product["status"], "available");
    assert_eq!(product["created_at"], "2026-01-01T00:00:00.000Z");
    let id = product["product_id"].as_str().unwrap();
    assert_eq!(
        site.get(&format!("{PRODUCTS}/{id}"), None).await.ok(200),
        product
    );
    let bare = json!({"name": "Bare", "stock": 0, "min_price": 0.0001});
    let bare = site.post(PRODUCTS, Some(&admin), bare.to_string()).await;
    assert_eq!(digits(&bare.text, "min_price"), "0.0001");
    let bare = bare.ok(201);
    assert_eq!(bare["description"], Value::Null);
    assert_eq!(bare["status"], "sold_out");
}

#[tokio::test]
async fn pages_of_a_list_join() {
    let site = Site::start().await;
    let admin = site.admin().await;
    for number in 0..5 {
        site.pass(Duration::from_secs(1));
        let product = json!({"name": format!("{number}"), "stock": 1, "min_price": 1});
        site.post(PRODUCTS, Some(&admin), product.to_string())
            .await
            .ok(201);
    }
    let names = |list: &Value| -> Vec<String> {
        let list = list["products"].as_array().unwrap();
        list.iter()
            .map(|product| product["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let whole = site.get(PRODUCTS, None).await.ok(200);
    assert_eq!(whole["total"], 5);
    assert_eq!(names(&whole), ["4", "3", "2", "1", "0"]);
    let mut joined = Vec::new();
    for skip in [0, 2, 4, 6] {
        let page = site
            .get(&format!("{PRODUCTS}?skip={skip}&limit=2"), None)
            .await
            .ok(200);
        assert_eq!(page["total"], 5);
        joined.extend(names(&page));
    }
    assert_eq!(joined, names(&whole));
}

#[tokio::test]
async fn the_campaigns_that_run_are_listed_the_first_to_end_first() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = json!({"name": "Console", "stock": 9, "min_price": 100}).to_string();
    let product = site.post(PRODUCTS, Some(&admin), product).await.ok(201);
    let mut made = Vec::new();
    for [start, end] in [[0, 10], [0, 300], [0, 200], [100, 200], [0, 250]] {
        let campaign = json!({
            "product_id": product["product_id"],
            "start_time": site.time(start),
            "end_time": site.time(end),
            "quota": 1,
        });
        let made_now = site
            .post(CAMPAIGNS, Some(&admin), campaign.to_string())
            .await
            .ok(201);
        made.push(made_now["campaign_id"].clone());
    }
    site.pass(Duration::from_secs(20));
    let ids = |list: &Value| -> Vec<Value> {
        let list = list["campaigns"].as_array().unwrap();
        assert!(list.iter().all(|campaign| campaign["status"] == "active"));
        list.iter()
            .map(|campaign| campaign["campaign_id"].clone())
            .collect()
    };
    let running = format!("{CAMPAIGNS}?running=true");
    let whole = site.get(&running, None).await.ok(200);
    assert_eq!(whole["total"], 3);
    let wanted = [2, 4, 1].map(|place: usize| made[place].clone());
    assert_eq!(ids(&whole), wanted);
    for (skip, seen) in [(0, &wanted[..2]), (2, &wanted[2..]), (4, &[])] {
        let page = format!("{running}&skip={skip}&limit=2");
        let page = site.get(&page, None).await.ok(200);
        assert_eq!(page["total"], 3);
        assert_eq!(ids(&page), seen);
    }
    let all = format!("{CAMPAIGNS}?running=false");
    assert_eq!(site.get(&all, None).await.ok(200)["total"], 5);
    let neither = format!("{CAMPAIGNS}?running=perhaps");
    let answer = site.get(&neither, None).await;
    answer.problem(422, "MALFORMED");
}

#[tokio::test]
async fn a_campaign_takes_its_quota_out_of_the_available_units() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = json!({"name": "Console", "stock": 5, "min_price": 100});
    let product = site
        .post(PRODUCTS, Some(&admin), product.to_string())
        .await
        .ok(201);
    let campaign = |quota: Value| {
        json!({
            "product_id": product["product_id"],
            "start_time": site.time(60),
            "end_time": site.time(120),
            "quota": quota,
        })
        .to_string()
    };
    let first = site
        .post(CAMPAIGNS, Some(&admin), campaign(json!(2)))
        .await
        .ok(201);
    assert_eq!(first["quota"], 2);
    assert_eq!(first["product"]["stock"], 5);
    assert_eq!(first["product"]["available"], 3);
    let before = site.dump();
    site.post(CAMPAIGNS, Some(&admin), campaign(json!(4)))
        .await
        .problem(409, "QUOTA_BEYOND_STOCK");
    assert_eq!(site.dump(), before);
    let rest = site
        .post(CAMPAIGNS, Some(&admin), campaign(json!(null)))
        .await
        .ok(201);
    assert_eq!(rest["quota"], 3, "by default all that is available");
    site.post(CAMPAIGNS, Some(&admin), campaign(json!(null)))
        .await
        .problem(409, "SOLD_OUT");
    site.post(CAMPAIGNS, Some(&admin), campaign(json!(1)))
        .await
        .problem(409, "QUOTA_BEYOND_STOCK");

    let list = site.get(CAMPAIGNS, None).await.ok(200);
    assert_eq!(list["total"], 2);
    assert_eq!(list["campaigns"][0]["product"]["name"], "Console");
}

#[tokio::test]
async fn a_campaign_is_pending_then_active_then_ended() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = json!({"name": "Console", "stock": 5, "min_price": 100});
    let product = site
        .post(PRODUCTS, Some(&admin), product.to_string())
        .await
        .ok(201);
    let campaign = json!({
        "product_id": product["product_id"],
        "start_time": site.time(60),
        "end_time": site.time(120),
    });
    let answer = site
        .post(CAMPAIGNS, Some(&admin), campaign.to_string())
        .await;
    assert_eq!(digits(&answer.text, "alpha"), "1.00");
    assert_eq!(digits(&answer.text, "beta"), "1000.00");
    assert_eq!(digits(&answer.text, "gamma"), "100.00");
    let made = answer.ok(201);
    assert_eq!(made["start_time"], "2026-01-01T00:01:00.000Z");
    let id = made["campaign_id"].as_str().unwrap().parse().unwrap();
    let path = format!("{CAMPAIGNS}/{id}");

    let status = async || site.get(&path, None).await.ok(200)["status"].clone();
    assert_eq!(status().await, "pending");
    site.bid(&ada, id, "100")
        .await
        .problem(403, "CAMPAIGN_NOT_STARTED");
    site.pass(Duration::from_mins(1));
    assert_eq!(status().await, "active");
    site.bid(&ada, id, "99.9999")
        .await
        .problem(400, "PRICE_TOO_LOW");
    site.bid(&ada, id, "100").await.ok(201);
    site.pass(Duration::from_mins(1));
    assert_eq!(status().await, "ended");
    site.bid(&ada, id, "200")
        .await
        .problem(403, "CAMPAIGN_ENDED");
    let figures = site.get(&path, None).await.ok(200)["stats"].clone();
    assert_eq!(figures["total_participants"], 1);
    assert_eq!(figures["max_price"], 100.0);
    assert_eq!(
        figures["min_winning_score"],
        Value::Null,
        "a unit is still free"
    );
}

#[tokio::test]
async fn a_sale_goes_from_bids_over_the_ranking_to_orders() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let (ann, bob, cid) = (
        site.user("ann").await,
        site.user("bob").await,
        site.user("cid").await,
    );
    let campaign = site.campaign(&admin, 3, 2).await;
    let rankings = format!("/api/v1/rankings/{campaign}");

    site.pass(Duration::from_millis(999));
    let answer = site.bid(&ann, campaign, "500.5").await;
    assert_eq!(digits(&answer.text, "price"), "500.50");
    // 1 · 500.50 + 1000 / (999 + 1) + 100 · 1
    assert_eq!(digits(&answer.text, "score"), "601.50");
    let bid = answer.ok(201);
    assert_eq!(bid["campaign_id"], json!(campaign));
    assert_eq!(bid["user_id"], json!(ann.id));
    assert_eq!(bid["rank"], 1);
    assert_eq!(bid["time_elapsed_ms"], 999);
    assert_eq!(bid["bid_number"], 1);
    assert_eq!(bid["created_at"], "2026-01-01T00:00:00.999Z");

    assert_eq!(site.bid(&bob, campaign, "700").await.ok(201)["rank"], 1);
    assert_eq!(site.bid(&cid, campaign, "400").await.ok(201)["rank"], 3);
    let raised = site.bid(&cid, campaign, "600").await.ok(201);
    assert_eq!(
        (&raised["rank"], &raised["bid_number"]),
        (&json!(2), &json!(2))
    );

    let own = site
        .get(&format!("{rankings}/me"), Some(&ann))
        .await
        .ok(200);
    assert_eq!(own["rank"], 3);
    assert_eq!(own["score"], 601.5);
    assert_eq!(own["is_winning"], false);
    assert_eq!(own["total_participants"], 3);
    let nobody = site
        .get(&format!("{rankings}/me"), Some(&admin))
        .await
        .ok(200);
    assert_eq!(
        (&nobody["rank"], &nobody["score"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(nobody["is_winning"], false);

    let ranking = site.get(&rankings, None).await;
    assert_eq!(digits(&ranking.text, "min_winning_score"), "701.00");
    assert_eq!(digits(&ranking.text, "max_score"), "801.00");
    let ranking = ranking.ok(200);
    assert_eq!(ranking["total_participants"], 3);
    let lines: Vec<_> = ranking["rankings"].as_array().unwrap().iter().collect();
    assert_eq!(lines.len(), 2, "as many as there are units");
    assert_eq!(lines[0]["username"], "bob");
    assert_eq!(lines[1]["username"], "cid");
    assert_eq!(
        (&lines[1]["rank"], &lines[1]["price"]),
        (&json!(2), &json!(600.0))
    );
    let short = site.get(&format!("{rankings}?limit=1"), None).await.ok(200);
    assert_eq!(short["rankings"].as_array().unwrap().len(), 1);

    let history = site
        .get(&format!("{BIDS}/{campaign}/history"), Some(&cid))
        .await
        .ok(200);
    assert_eq!(history["total"], 2);
    assert_eq!(history["bids"][0]["bid_number"], 2);
    assert_eq!(history["bids"][1]["price"], 400.0);

    site.pass(Duration::from_mins(10));
    site.server.state().engine().tend().await.unwrap();
    let mine = site.get("/api/v1/orders", Some(&cid)).await;
    assert_eq!(digits(&mine.text, "final_price"), "600.00");
    assert_eq!(digits(&mine.text, "final_score"), "701.00");
    let mine = mine.ok(200);
    assert_eq!(mine["total"], 1);
    assert_eq!(mine["orders"][0]["final_rank"], 2);
    assert_eq!(mine["orders"][0]["status"], "pending_payment");
    let none = site.get("/api/v1/orders", Some(&ann)).await.ok(200);
    assert_eq!(none["total"], 0);
    let all = site
        .get(
            &format!("/api/v1/orders/campaign/{campaign}?limit=1000"),
            Some(&admin),
        )
        .await
        .ok(200);
    assert_eq!((&all["total"], &all["stock"]), (&json!(2), &json!(3)));
    assert_eq!(all["is_consistent"], true);
    assert_eq!(all["orders"][0]["user_id"], json!(bob.id));
    assert_eq!(all["orders"][1]["user_id"], json!(cid.id));
}

#[tokio::test]
async fn an_idempotency_key_makes_many_requests_one_bid() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    let send = async |key: &str, price: &str| {
        let body = json!({"campaign_id": campaign, "price": price}).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        site.send(Method::POST, BIDS, Some(&ada), &headers, Some(body.into()))
            .await
    };
    let first = send("one", "200").await.ok(201);
    site.pass(Duration::from_secs(5));
    assert_eq!(send("one", "200.00").await.ok(201), first);
    let before = site.dump();
    send("one", "201")
        .await
        .problem(409, "IDEMPOTENCY_KEY_REUSED");
    for malformed in ["", "a b", &"k".repeat(256), "\u{e9}"] {
        send(malformed, "200").await.problem(422, "MALFORMED");
    }
    assert_eq!(site.dump(), before);
    assert_eq!(send("two", "200").await.ok(201)["bid_number"], 2);
    // A retry after the end is still answered, so that whoever lost the answer learns it.
    site.pass(Duration::from_mins(10));
    assert_eq!(send("one", "200").await.ok(201), first);
}

#[tokio::test]
async fn prices_are_exact_as_numbers_and_as_strings() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    for (given, answered) in [
        ("9999999999.9999", "9999999999.9999"),
        ("\"9999999999.9999\"", "9999999999.9999"),
        ("100.1", "100.10"),
        ("0.1e4", "1000.00"),
        ("\"123.4500\"", "123.45"),
        ("10000000000", "10000000000.00"),
    ] {
        let answer = site.bid(&ada, campaign, given).await;
        assert_eq!(answer.status, 201, "{given}: {answer:?}");
        assert_eq!(digits(&answer.text, "price"), answered);
    }
}

#[tokio::test]
async fn every_answer_is_guarded_and_numbered() {
    let site = Site::start().await;
    let health = site.get("/health", None).await;
    assert_eq!(health.headers["x-content-type-options"], "nosniff");
    assert!(health.headers.contains_key("x-request-id"));
    let health = health.ok(200);
    assert_eq!(health["status"], "ok");
    assert_eq!(health["dependencies"]["hot"], "ok");
    assert_eq!(health["dependencies"]["ledger"], "ok");
    assert!(health["version"].is_string());
    let missing = site.get("/nowhere", None).await;
    missing.problem(404, "NOT_FOUND");
    assert_eq!(missing.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn other_sites_may_call_only_when_they_are_named() {
    let preflight = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,idempotency-key",
        ),
    ];
    let allowed = "access-control-allow-origin";
    let closed = Site::start().await;
    let answer = closed
        .send(Method::OPTIONS, BIDS, None, &preflight, None)
        .await;
    assert!(!answer.headers.contains_key(allowed));

    let open = Site::start_with(|config| {
        config.cors_origins = vec!["https://shop.example".parse().unwrap()];
    })
    .await;
    let answer = open
        .send(Method::OPTIONS, BIDS, None, &preflight, None)
        .await;
    assert_eq!(answer.headers[allowed], "https://shop.example");
    let stranger = [("origin", "https://evil.example")];
    let answer = open
        .send(Method::GET, "/health", None, &stranger, None)
        .await;
    assert!(!answer.headers.contains_key(allowed), "{answer:?}");
}
