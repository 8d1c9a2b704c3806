//! What an operator does with products: their words, their stock, and what is promised of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Person, Site};

const PRODUCTS: &str = "/api/v1/products";
const CAMPAIGNS: &str = "/api/v1/campaigns";

async fn change(site: &Site, by: &Person, product: &str, body: &Value) -> Answer {
    site.patch(&format!("{PRODUCTS}/{product}"), by, body).await
}

async fn change_once(site: &Site, by: &Person, product: &str, key: &str, body: &Value) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let path = format!("{PRODUCTS}/{product}");
    let body = Some(body.to_string().into_bytes());
    site.send(Method::PATCH, &path, Some(by), &headers, body)
        .await
}

#[tokio::test]
async fn what_is_left_out_of_a_change_stays_as_it_is() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = site.product(&admin, 5).await;
    let path = format!("{PRODUCTS}/{product}");
    let mut expected = site.get(&path, None).await.ok(200);
    assert_eq!(
        change(&site, &admin, &product, &json!({})).await.ok(200),
        expected
    );
    let words = json!({"name": "Lamp", "description": "Bright", "image_url": "/lamp.png"});
    for (field, value) in words.as_object().unwrap() {
        expected[field] = value.clone();
        let changed = change(&site, &admin, &product, &json!({field: value})).await;
        assert_eq!(changed.ok(200), expected);
    }
    expected["min_price"] = json!(250.5);
    let changed = change(&site, &admin, &product, &json!({"min_price": "250.50"})).await;
    assert_eq!(changed.ok(200), expected);
    for field in ["description", "image_url"] {
        expected[field] = Value::Null;
        let changed = change(&site, &admin, &product, &json!({field: ""})).await;
        assert_eq!(changed.ok(200), expected);
    }
    assert_eq!(site.get(&path, None).await.ok(200), expected);
}

#[tokio::test]
async fn a_change_that_makes_no_sense_changes_nothing() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = site.product(&admin, 5).await;
    let before = site.dump();
    for body in [
        json!({"name": ""}),
        json!({"name": "x".repeat(256)}),
        json!({"image_url": "javascript:alert(1)"}),
        json!({"min_price": 0}),
        json!({"stock": -1}),
        json!({"stock": 1_000_000_001}),
        json!({"add_stock": 0}),
        json!({"remove_stock": 0}),
        json!([]),
    ] {
        let answer = change(&site, &admin, &product, &body).await;
        answer.problem(422, "MALFORMED");
    }
    for body in [
        json!({"stock": 1, "add_stock": 1}),
        json!({"add_stock": 1, "remove_stock": 1}),
    ] {
        let answer = change(&site, &admin, &product, &body).await;
        answer.problem(400, "AMBIGUOUS_CHANGE");
    }
    let body = json!({"name": "Lamp"});
    change(&site, &ada, &product, &body)
        .await
        .problem(403, "NOT_AN_ADMIN");
    let unknown = "01900000-0000-7000-8000-000000000000";
    change(&site, &admin, unknown, &body)
        .await
        .problem(404, "UNKNOWN_PRODUCT");
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn stock_is_set_added_and_removed() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = site.product(&admin, 5).await;
    let stock = async |answer: Answer| {
        let product = answer.ok(200);
        assert_eq!(product["stock"], product["available"]);
        product["stock"].clone()
    };
    let set = change(&site, &admin, &product, &json!({"stock": 8})).await;
    assert_eq!(stock(set).await, 8);
    let add = json!({"add_stock": 4});
    for _ in 0..3 {
        let added = change_once(&site, &admin, &product, "delivery 1", &add).await;
        added.problem(422, "MALFORMED");
        let added = change_once(&site, &admin, &product, "delivery-1", &add).await;
        assert_eq!(stock(added).await, 12, "once");
    }
    let other = json!({"add_stock": 5});
    change_once(&site, &admin, &product, "delivery-1", &other)
        .await
        .problem(409, "IDEMPOTENCY_KEY_REUSED");
    let removed = json!({"remove_stock": 2});
    let removed = change_once(&site, &admin, &product, "broken-1", &removed).await;
    assert_eq!(stock(removed).await, 10);
    // Without a key each counts.
    for expected in [14, 18] {
        let added = change(&site, &admin, &product, &add).await;
        assert_eq!(stock(added).await, expected);
    }
    // The key belongs to the product.
    let second = site.product(&admin, 1).await;
    let added = change_once(&site, &admin, &second, "delivery-1", &add).await;
    assert_eq!(stock(added).await, 5);
}

#[tokio::test]
async fn what_is_promised_cannot_be_taken_out() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = site.product(&admin, 10).await;
    let terms = json!({"format": "first_come", "price": 500, "quota": 6});
    let campaign = site.campaign_of(&admin, &product, terms).await;
    let order = site.order(&ada, campaign).await;
    site.post(&format!("/api/v1/orders/{order}/pay"), Some(&ada), "{}")
        .await
        .ok(200);
    let before = site.dump();
    for body in [json!({"stock": 5}), json!({"remove_stock": 5})] {
        let answer = change(&site, &admin, &product, &body).await;
        answer.problem(409, "STOCK_PROMISED");
    }
    assert_eq!(site.dump(), before);
    let least = change(&site, &admin, &product, &json!({"stock": 6})).await;
    let least = least.ok(200);
    assert_eq!(
        (&least["stock"], &least["available"]),
        (&json!(6), &json!(0))
    );
    assert_eq!(least["status"], "sold_out");
}

#[tokio::test]
async fn campaigns_together_never_promise_more_than_there_is() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = site.product(&admin, 10).await;
    let make = async |quota: Value| {
        let campaign = json!({
            "product_id": product, "start_time": site.time(0), "end_time": site.time(600),
            "format": "first_come", "price": 500, "quota": quota,
        });
        site.post(CAMPAIGNS, Some(&admin), campaign.to_string())
            .await
    };
    let first = make(json!(4)).await.ok(201);
    make(json!(7)).await.problem(409, "QUOTA_BEYOND_STOCK");
    let rest = make(Value::Null).await.ok(201);
    assert_eq!(rest["quota"], 6);
    make(Value::Null).await.problem(409, "SOLD_OUT");
    make(json!(0)).await.problem(422, "MALFORMED");
    // Each sells what it has, and not what another has.
    let first = first["campaign_id"].as_str().unwrap().parse().unwrap();
    site.buy(&ada, first, 5).await.problem(409, "SOLD_OUT");
    site.buy(&ada, first, 4).await.ok(202);
    // Of many at once as many get theirs as there is for.
    change(&site, &admin, &product, &json!({"add_stock": 3}))
        .await
        .ok(200);
    let answers = futures_util::future::join_all((0..8).map(|_| make(json!(1)))).await;
    let promised = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(promised.count(), 3);
    let path = format!("{PRODUCTS}/{product}");
    let known = site.get(&path, None).await.ok(200);
    assert_eq!(
        (&known["stock"], &known["available"]),
        (&json!(13), &json!(0))
    );
}

#[tokio::test]
async fn the_products_that_have_little_left_are_listed_least_first() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let mut products = Vec::new();
    for stock in [30, 11, 3, 10, 0] {
        products.push(site.product(&admin, stock).await);
    }
    let list = async |query: &str| {
        let path = format!("{PRODUCTS}/low-stock{query}");
        let list = site.get(&path, Some(&admin)).await.ok(200);
        let available = list["products"].as_array().unwrap().iter();
        let available = available.map(|product| product["available"].as_u64().unwrap());
        (
            list["total"].as_u64().unwrap(),
            available.collect::<Vec<_>>(),
        )
    };
    assert_eq!(list("").await, (3, vec![0, 3, 10]));
    assert_eq!(list("?most=0").await, (1, vec![0]));
    assert_eq!(list("?most=20&skip=1&limit=2").await, (4, vec![3, 10]));
    // What a campaign has is not left.
    let terms = json!({"format": "first_come", "price": 500, "quota": 29});
    site.campaign_of(&admin, &products[0], terms).await;
    assert_eq!(list("?most=2").await, (2, vec![0, 1]));
    for wrong in ["?most=-1", "?most=many", "?most=1000000001", "?limit=101"] {
        let path = format!("{PRODUCTS}/low-stock{wrong}");
        let answer = site.get(&path, Some(&admin)).await;
        answer.problem(422, "MALFORMED");
    }
    let path = format!("{PRODUCTS}/low-stock");
    site.get(&path, Some(&ada))
        .await
        .problem(403, "NOT_AN_ADMIN");
    site.get(&path, None).await.problem(401, "UNAUTHORIZED");
}
