//! Buying first-come: what is held, ordered, refused, and at what limits.

use std::time::Duration;

use flashbid_server::config::Durability;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::site::{Person, Site};

const PURCHASES: &str = "/api/v1/purchases";
const CAMPAIGNS: &str = "/api/v1/campaigns";
const PATIENCE: Duration = Duration::from_secs(30);
const CARTS: &str = "/api/v1/carts";

async fn units(site: &Site, campaign: impl std::fmt::Display) -> Value {
    let path = format!("{CAMPAIGNS}/{campaign}");
    site.get(&path, None).await.ok(200)["stats"]["units"].clone()
}

fn left(available: u32, held: u32, sold: u32) -> Value {
    json!({"available": available, "held": held, "sold": sold})
}

#[tokio::test]
async fn a_purchase_is_held_and_then_ordered() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let details = site
        .get(&format!("{CAMPAIGNS}/{campaign}"), None)
        .await
        .ok(200);
    assert_eq!(details["format"], "first_come");
    assert_eq!(details["price"], 500.0);
    assert_eq!(details["per_buyer_limit"], Value::Null);
    assert_eq!(details["stats"]["units"], left(3, 0, 0));

    let held = site.buy(&ada, campaign, 2).await.ok(202);
    assert_eq!(held["status"], "held");
    assert_eq!(held["order_id"], Value::Null);
    assert_eq!(held["expires_at"], site.time(900), "fifteen minutes to pay");
    let path = format!("{PURCHASES}/{}", held["hold_id"].as_str().unwrap());
    let ordered = site.get(&path, Some(&ada)).await.ok(200);
    assert_eq!(ordered["status"], "ordered");
    assert_eq!(ordered["hold_id"], held["hold_id"]);
    assert_eq!(ordered["expires_at"], held["expires_at"]);
    let order = format!("/api/v1/orders/{}", ordered["order_id"].as_str().unwrap());
    let order = site.get(&order, Some(&ada)).await.ok(200);
    assert_eq!(order["campaign_id"], json!(campaign));
    assert_eq!(order["user_id"], json!(ada.id));
    assert_eq!(order["quantity"], 2);
    assert_eq!(order["final_price"], 1_000.0);
    assert_eq!(
        (&order["final_rank"], &order["final_score"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(order["status"], "pending_payment");
    assert_eq!(order["pay_by"], held["expires_at"]);
    assert_eq!(units(&site, campaign).await, left(1, 2, 0));
    let mine = site.get("/api/v1/orders", Some(&ada)).await.ok(200);
    assert_eq!(mine["orders"], json!([order]));

    // Whose it is nobody else is told, and nobody knows what was never bought.
    let eve = site.user("eve").await;
    let others = site.get(&path, Some(&eve)).await;
    others.problem(404, "UNKNOWN_PURCHASE");
    let never = format!("{PURCHASES}/01900000-0000-7000-8000-000000000000");
    let never = site.get(&never, Some(&ada)).await;
    never.problem(404, "UNKNOWN_PURCHASE");
    site.get(&path, None).await.problem(401, "UNAUTHORIZED");
    site.post(PURCHASES, None, "{}")
        .await
        .problem(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn what_the_hot_store_acknowledges_becomes_an_order_by_itself() {
    let site = Site::start_with(|config| config.durability = Durability::Hot).await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let held = site.buy(&ada, campaign, 2).await.ok(202);
    assert_eq!(held["status"], "held");
    let path = format!("{PURCHASES}/{}", held["hold_id"].as_str().unwrap());
    let ordered = async {
        loop {
            let known = site.get(&path, Some(&ada)).await.ok(200);
            assert_eq!(known["expires_at"], held["expires_at"]);
            if known["status"] == "ordered" {
                return known;
            }
            assert_eq!(known["status"], "held");
        }
    };
    let ordered = timeout(PATIENCE, ordered).await.expect("an order");
    assert_eq!(ordered["order_id"], held["hold_id"]);
    assert_eq!(units(&site, campaign).await, left(1, 2, 0));
}

#[tokio::test]
async fn an_idempotency_key_makes_many_requests_one_purchase() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let send = async |by: &Person, key: &str, quantity: u32| {
        let body = json!({"campaign_id": campaign, "quantity": quantity});
        let key = [("idempotency-key", key)];
        site.post_with(PURCHASES, Some(by), &key, &body).await
    };
    let first = send(&ada, "one", 2).await.ok(202);
    site.pass(Duration::from_secs(5));
    assert_eq!(send(&ada, "one", 2).await.ok(202), first);
    send(&ada, "one", 1)
        .await
        .problem(409, "IDEMPOTENCY_KEY_REUSED");
    send(&ada, "two", 2).await.problem(409, "SOLD_OUT");
    for malformed in ["", "a b", &"k".repeat(256)] {
        send(&ada, malformed, 1).await.problem(422, "MALFORMED");
    }
    // Another user's key is another key.
    let eve = site.user("eve").await;
    let other = send(&eve, "one", 1).await.ok(202);
    assert_ne!(other["hold_id"], first["hold_id"]);
    assert_eq!(units(&site, campaign).await, left(0, 3, 0));
    // Whoever lost the answer learns it also when all is over.
    site.pass(Duration::from_mins(10));
    assert_eq!(send(&ada, "one", 2).await.ok(202), first);
}

#[tokio::test]
async fn units_are_sold_all_or_none_until_none_is_left() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 3).await;
    let before = site.dump();
    site.buy(&ada, campaign, 4).await.problem(409, "SOLD_OUT");
    for wrong in [json!(0), json!(-1), json!(1.5), json!("two"), json!(1e10)] {
        let body = json!({"campaign_id": campaign, "quantity": wrong});
        let answer = site.post(PURCHASES, Some(&ada), body.to_string()).await;
        answer.problem(422, "MALFORMED");
    }
    let nowhere = json!({"campaign_id": "01900000-0000-7000-8000-000000000000"});
    site.post(PURCHASES, Some(&ada), nowhere.to_string())
        .await
        .problem(404, "UNKNOWN_CAMPAIGN");
    assert_eq!(site.dump(), before);
    site.buy(&ada, campaign, 3).await.ok(202);
    site.buy(&ada, campaign, 1).await.problem(409, "SOLD_OUT");
}

#[tokio::test]
async fn a_buyer_has_at_most_its_limit() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    let product = site.product(&admin, 10).await;
    let terms = json!({"format": "first_come", "price": 500, "per_buyer_limit": 2});
    let campaign = site.campaign_of(&admin, &product, terms).await;
    site.buy(&ada, campaign, 3)
        .await
        .problem(409, "LIMIT_REACHED");
    let order = site.order(&ada, campaign).await;
    site.buy(&ada, campaign, 2)
        .await
        .problem(409, "LIMIT_REACHED");
    site.buy(&ada, campaign, 1).await.ok(202);
    site.buy(&ada, campaign, 1)
        .await
        .problem(409, "LIMIT_REACHED");
    site.buy(&eve, campaign, 2).await.ok(202);
    // What is paid counts on, what was called off does not.
    let cancelled = site
        .post(&format!("/api/v1/orders/{order}/cancel"), Some(&ada), "")
        .await;
    assert_eq!(cancelled.ok(200)["status"], "cancelled");
    site.buy(&ada, campaign, 1).await.ok(202);
    assert_eq!(units(&site, campaign).await, left(6, 4, 0));
}

#[tokio::test]
async fn a_purchase_is_taken_within_the_window_only() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = site.product(&admin, 5).await;
    let terms = json!({
        "format": "first_come", "price": 500,
        "start_time": site.time(60), "end_time": site.time(120),
    });
    let campaign = site.campaign_of(&admin, &product, terms).await;
    site.buy(&ada, campaign, 1)
        .await
        .problem(403, "CAMPAIGN_NOT_STARTED");
    site.pass(Duration::from_mins(1));
    let order = site.order(&ada, campaign).await;
    site.pass(Duration::from_mins(1));
    site.buy(&ada, campaign, 1)
        .await
        .problem(403, "CAMPAIGN_ENDED");
    site.tend().await;
    site.buy(&ada, campaign, 1)
        .await
        .problem(403, "CAMPAIGN_ENDED");
    // What was not sold went back; what was bought may still be paid.
    let path = format!("/api/v1/products/{product}");
    assert_eq!(site.get(&path, None).await.ok(200)["available"], 4);
    let path = format!("{CAMPAIGNS}/{campaign}");
    let over = site.get(&path, None).await.ok(200);
    assert_eq!(
        (&over["status"], &over["settled"]),
        (&json!("ended"), &json!(true))
    );
    let paid = site
        .post(&format!("/api/v1/orders/{order}/pay"), Some(&ada), "{}")
        .await;
    assert_eq!(paid.ok(200)["status"], "paid");
}

#[tokio::test]
async fn what_a_campaign_takes_follows_from_its_format() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let ranked = site.campaign(&admin, 1, 1).await;
    let first_come = site.first_come(&admin, 1).await;
    site.buy(&ada, ranked, 1).await.problem(409, "WRONG_FORMAT");
    site.bid(&ada, first_come, "900")
        .await
        .problem(409, "WRONG_FORMAT");
    let cart = json!({"items": [{"campaign_id": ranked}, {"campaign_id": first_come}]});
    site.post(CARTS, Some(&ada), cart.to_string())
        .await
        .problem(409, "WRONG_FORMAT");
    site.get(&format!("/api/v1/rankings/{first_come}"), None)
        .await
        .problem(409, "WRONG_FORMAT");
    assert_eq!(units(&site, first_come).await, left(1, 0, 0));
    assert_eq!(units(&site, ranked).await, Value::Null);
}

#[tokio::test]
async fn a_campaign_has_the_terms_of_its_format() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = site.product(&admin, 5).await;
    let before = site.dump();
    let runners_up = json!({"places": 1, "payment_deadline": 60});
    for (terms, status) in [
        (json!({"format": "first_come"}), 400),
        (json!({"format": "first_come", "price": -1}), 422),
        (
            json!({"format": "first_come", "price": 1, "per_buyer_limit": 0}),
            422,
        ),
        (
            json!({"format": "first_come", "price": 1, "runners_up": runners_up}),
            400,
        ),
        (json!({"price": 1}), 400),
        (json!({"per_buyer_limit": 1}), 400),
        (json!({"format": "raffle"}), 422),
        (json!({"payment_deadline": 0}), 422),
        (
            json!({"runners_up": {"places": 0, "payment_deadline": 60}}),
            422,
        ),
    ] {
        let mut campaign = json!({
            "product_id": product, "start_time": site.time(0), "end_time": site.time(60),
        });
        campaign
            .as_object_mut()
            .unwrap()
            .extend(terms.as_object().unwrap().clone());
        let answer = site
            .post(CAMPAIGNS, Some(&admin), campaign.to_string())
            .await;
        let code = if status == 400 {
            "WRONG_TERMS"
        } else {
            "MALFORMED"
        };
        answer.problem(status, code);
    }
    assert_eq!(site.dump(), before);
    let terms = json!({"payment_deadline": 60, "quota": 1, "runners_up": runners_up});
    let campaign = site.campaign_of(&admin, &product, terms).await;
    let path = format!("{CAMPAIGNS}/{campaign}");
    let made = site.get(&path, None).await.ok(200);
    assert_eq!(made["payment_deadline"], 60);
    assert_eq!(made["runners_up"], runners_up);
    assert_eq!(made["format"], "ranked");
}

#[tokio::test]
async fn a_cart_is_bought_whole_or_not_at_all() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let many = site.first_come(&admin, 5).await;
    let few = site.first_come(&admin, 1).await;
    let cart = |of_many: u32, of_few: u32| {
        json!({"items": [
            {"campaign_id": many, "quantity": of_many},
            {"campaign_id": few, "quantity": of_few},
        ]})
    };
    let send = async |key: &str, cart: &Value| {
        let key = [("idempotency-key", key)];
        site.post_with(CARTS, Some(&ada), &key, cart).await
    };
    send("one", &cart(2, 2)).await.problem(409, "SOLD_OUT");
    assert_eq!(units(&site, many).await, left(5, 0, 0));
    assert_eq!(units(&site, few).await, left(1, 0, 0));

    let bought = send("two", &cart(2, 1)).await.ok(201);
    let orders = bought["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2);
    for (of, quantity) in [(many, 2), (few, 1)] {
        let mut lines = orders.iter();
        let order = lines.find(|order| order["campaign_id"] == json!(of));
        let order = order.unwrap();
        assert_eq!(order["quantity"], quantity);
        assert_eq!(order["status"], "pending_payment");
        assert_eq!(order["user_id"], json!(ada.id));
    }
    assert_eq!(send("two", &cart(2, 1)).await.ok(201), bought);
    send("two", &cart(1, 1))
        .await
        .problem(409, "IDEMPOTENCY_KEY_REUSED");
    send("three", &cart(1, 1)).await.problem(409, "SOLD_OUT");
    assert_eq!(units(&site, many).await, left(3, 2, 0));
    assert_eq!(units(&site, few).await, left(0, 1, 0));
    let mine = site.get("/api/v1/orders", Some(&ada)).await.ok(200);
    assert_eq!(mine["total"], 2);
    let hold = orders[1]["order_id"].as_str().unwrap();
    let known = site
        .get(&format!("{PURCHASES}/{hold}"), Some(&ada))
        .await
        .ok(200);
    assert_eq!(known["status"], "ordered");
}

#[tokio::test]
async fn a_cart_that_is_none_is_refused() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 50).await;
    let line = json!({"campaign_id": campaign});
    for items in [
        json!([]),
        json!([line, line]),
        Value::from(vec![line.clone(); 21]),
        json!([{"campaign_id": campaign, "quantity": 0}]),
        json!({}),
    ] {
        let cart = json!({ "items": items }).to_string();
        let answer = site.post(CARTS, Some(&ada), cart).await;
        answer.problem(422, "MALFORMED");
    }
    assert_eq!(units(&site, campaign).await, left(50, 0, 0));
}
