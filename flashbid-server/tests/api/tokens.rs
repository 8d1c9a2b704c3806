use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Person, SECRET, START, Site};

const ME: &str = "/api/v1/auth/me";

fn claims(of: &Person) -> Value {
    let now = START.millis() / 1_000;
    json!({"sub": of.id, "iat": now, "exp": now + 3_600})
}

fn signed(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), claims, &key).unwrap()
}

async fn me(site: &Site, authorization: &str) -> crate::site::Answer {
    let headers = [("authorization", authorization)];
    site.send(Method::GET, ME, None, &headers, None).await
}

#[tokio::test]
async fn only_a_token_that_this_server_signed_is_good() {
    let site = Site::start().await;
    let ada = site.user("ada").await;
    let good = claims(&ada);
    let own = signed(Algorithm::HS256, &good, SECRET);
    me(&site, &format!("Bearer {own}")).await.ok(200);
    me(&site, &format!("bearer  {own} ")).await.ok(200);

    let (head, rest) = own.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let mut stranger = good.clone();
    stranger["sub"] = json!("01900000-0000-7000-8000-000000000000");
    let mut no_id = good.clone();
    no_id["sub"] = json!("' OR 1=1 --");
    let mut no_end = good.clone();
    no_end.as_object_mut().unwrap().remove("exp");
    let mut wrong_end = good.clone();
    wrong_end["exp"] = json!("never");
    let of = |claims: &Value| signed(Algorithm::HS256, claims, SECRET);
    let stranger_body = of(&stranger);
    let stranger_body = stranger_body.split('.').nth(1).unwrap();
    for forged in [
        signed(Algorithm::HS256, &good, "another secret, also long enough"),
        signed(Algorithm::HS512, &good, SECRET),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{head}.{stranger_body}.{signature}"),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        of(&stranger),
        of(&no_id),
        of(&no_end),
        of(&wrong_end),
        "x".repeat(4_000),
        "..".to_owned(),
        "\"".to_owned(),
    ] {
        let answer = me(&site, &format!("Bearer {forged}")).await;
        answer.problem(401, "UNAUTHORIZED");
        assert!(answer.headers.contains_key("www-authenticate"), "{forged}");
    }
    for header in ["", "Bearer", "Bearer ", &own, &format!("Basic {own}")] {
        me(&site, header).await.problem(401, "UNAUTHORIZED");
    }
    site.get(ME, None).await.problem(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_token_ends_also_when_it_was_seen_before() {
    let site = Site::start().await;
    let ada = site.user("ada").await;
    let last = Duration::from_hours(24) - Duration::from_millis(1);
    site.get(ME, Some(&ada)).await.ok(200);
    site.pass(last);
    site.get(ME, Some(&ada)).await.ok(200);
    site.pass(Duration::from_millis(1));
    site.get(ME, Some(&ada)).await.problem(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn every_route_that_needs_a_user_refuses_a_stranger_and_changes_nothing() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    site.get(&format!("/api/v1/rankings/{campaign}"), None)
        .await
        .ok(200);
    let before = site.dump();
    let forged = Person {
        token: "forged".to_owned(),
        ..ada.clone()
    };
    for path in [
        "/api/v1/products".to_owned(),
        "/api/v1/campaigns".to_owned(),
        "/api/v1/bids".to_owned(),
    ] {
        for by in [None, Some(&forged)] {
            let answer = site.post(&path, by, "{}").await;
            answer.problem(401, "UNAUTHORIZED");
        }
    }
    for path in [
        ME.to_owned(),
        format!("/api/v1/bids/{campaign}/history"),
        format!("/api/v1/rankings/{campaign}/me"),
        "/api/v1/orders".to_owned(),
        format!("/api/v1/orders/campaign/{campaign}"),
    ] {
        for by in [None, Some(&forged)] {
            site.get(&path, by).await.problem(401, "UNAUTHORIZED");
        }
    }
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn what_an_administrator_may_do_a_user_may_not() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    let before = site.dump();
    let product = json!({"name": "Console", "stock": 1, "min_price": 1}).to_string();
    for (path, body) in [("/api/v1/products", &*product), ("/api/v1/campaigns", "{}")] {
        let answer = site.post(path, Some(&ada), body).await;
        answer.problem(403, "NOT_AN_ADMIN");
    }
    site.get(&format!("/api/v1/orders/campaign/{campaign}"), Some(&ada))
        .await
        .problem(403, "NOT_AN_ADMIN");
    assert_eq!(site.dump(), before);
}
