use flashbid_core::id::CampaignId;
use reqwest::Method;
use serde_json::json;

use crate::site::{Person, Site};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// A site with a running campaign, one bid in it, and everything that reading it opens already opened.
async fn site() -> (Site, Person, CampaignId) {
    let site = Site::start().await;
    let admin = site.admin().await;
    let campaign = site.campaign(&admin, 5, 5).await;
    site.bid(&admin, campaign, "150").await.ok(201);
    (site, admin, campaign)
}

/// Numbers that are no amount, and values that are no number.
const NO_AMOUNT: [&str; 20] = [
    "-1",
    "-0.0001",
    "1e400",
    "1e-400",
    "1e999999999999",
    "123456789012345678901234567890123456789012345678901234567890",
    "10000000000.0001",
    "0.00001",
    "NaN",
    "Infinity",
    "\"NaN\"",
    "\"\"",
    "\" 1\"",
    "\"1,5\"",
    "\"0x10\"",
    "\"1; DROP TABLE bids\"",
    "\"\\u0000\"",
    "null",
    "[100]",
    "{\"$gt\":0}",
];

#[tokio::test]
async fn hostile_bodies_are_malformed_at_every_route_and_change_nothing() {
    let (site, admin, _) = site().await;
    let before = site.dump();
    let deep = "[".repeat(10_000);
    let deep_field = format!("{{\"x\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let hostile: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{} {}".to_vec(),
        b"\xff\xfe{\"a\":1}".to_vec(),
        b"{\"email\":\"\xc3\x28\"}".to_vec(),
        b"\0\0\0\0".to_vec(),
        deep.into_bytes(),
        deep_field.into_bytes(),
        b"email=a@b.c&password=12345678".to_vec(),
    ];
    for path in [
        "/api/v1/auth/register",
        "/api/v1/auth/login",
        "/api/v1/products",
        "/api/v1/campaigns",
        "/api/v1/bids",
    ] {
        for body in &hostile {
            let answer = site
                .send(Method::POST, path, Some(&admin), &JSON, Some(body.clone()))
                .await;
            answer.problem(422, "MALFORMED");
        }
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(64 * 1_024));
        site.post(path, Some(&admin), large)
            .await
            .problem(413, "BODY_TOO_LARGE");
        for media in ["text/plain", "application/x-www-form-urlencoded", ""] {
            let headers = [("content-type", media)];
            let body = Some(b"{}".to_vec());
            site.send(Method::POST, path, Some(&admin), &headers, body)
                .await
                .problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn a_registration_with_a_wrong_field_is_refused() {
    let (site, ..) = site().await;
    let before = site.dump();
    let good = json!({"email": "a@b.c", "password": "12345678", "username": "a"});
    for (field, value) in [
        ("email", json!(null)),
        ("email", json!(5)),
        ("email", json!("")),
        ("email", json!("no address")),
        ("email", json!("a@b@c")),
        ("email", json!("a\u{0}@b.c")),
        ("email", json!(format!("{}@b.c", "a".repeat(300)))),
        ("email", json!("a@b.c\r\nBcc: d@e.f")),
        ("password", json!("1234567")),
        ("password", json!("x".repeat(129))),
        ("password", json!(12_345_678)),
        ("username", json!("")),
        ("username", json!("   ")),
        ("username", json!("a\u{0}b")),
        ("username", json!("x".repeat(101))),
        ("username", json!(["a"])),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = site
            .post("/api/v1/auth/register", None, body.to_string())
            .await;
        answer.problem(422, "MALFORMED");
    }
    for field in ["email", "password", "username"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let answer = site
            .post("/api/v1/auth/register", None, body.to_string())
            .await;
        answer.problem(422, "MALFORMED");
    }
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn a_product_with_a_wrong_field_is_refused() {
    let (site, admin, _) = site().await;
    let before = site.dump();
    let product = |field: &str, value: &str| {
        let mut fields = vec![("name", "\"a\""), ("stock", "1"), ("min_price", "1")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    let mut wrong = vec![
        product("name", "null"),
        product("name", "\"\""),
        product("name", "\" \\t\""),
        product("name", "\"a\\u0000b\""),
        product("name", "\"\\ud800\""),
        product("name", &long(256)),
        product("description", &long(10_001)),
        product("description", "5"),
        product("image_url", "\"javascript:alert(1)\""),
        product("image_url", "\"//evil.example/x.png\""),
        product("image_url", "\"https://a/\\\"><script>\""),
        product("image_url", &format!("\"https://a/{}\"", "x".repeat(2_048))),
        product("min_price", "0"),
        product("min_price", "0.00"),
    ];
    for stock in [
        "-1",
        "1.5",
        "1e3",
        "\"5\"",
        "null",
        "4294967296",
        "1000000001",
        "1e400",
        "true",
    ] {
        wrong.push(product("stock", stock));
    }
    for price in NO_AMOUNT {
        wrong.push(product("min_price", price));
    }
    for body in wrong {
        let answer = site.post("/api/v1/products", Some(&admin), &*body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        answer.problem(422, "MALFORMED");
    }
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn a_campaign_with_wrong_terms_is_refused() {
    let (site, admin, campaign) = site().await;
    let product = site
        .get(&format!("/api/v1/campaigns/{campaign}"), None)
        .await
        .ok(200)["product_id"]
        .to_string();
    let before = site.dump();
    let (start, end) = (site.time(0).to_string(), site.time(60).to_string());
    let terms = |field: &str, value: &str| {
        let mut fields = vec![
            ("product_id", &*product),
            ("start_time", &*start),
            ("end_time", &*end),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let mut malformed = Vec::new();
    for field in ["start_time", "end_time"] {
        for value in [
            "null",
            "\"\"",
            "\"tomorrow\"",
            "\"2026-01-01\"",
            "\"2026-01-01T00:00:00\"",
            "\"2026-13-01T00:00:00Z\"",
            "\"+999999-01-01T00:00:00Z\"",
            "1767225600",
            "1e400",
        ] {
            malformed.push(terms(field, value));
        }
    }
    for value in ["null", "\"\"", "\"../../etc/passwd\"", "5", "\"' OR 1=1\""] {
        malformed.push(terms("product_id", value));
    }
    for value in [
        "0",
        "-1",
        "1.5",
        "1000000001",
        "99999999999999999999",
        "\"2\"",
    ] {
        malformed.push(terms("quota", value));
    }
    for field in ["alpha", "beta", "gamma"] {
        for value in NO_AMOUNT {
            malformed.push(terms(field, value));
        }
    }
    for body in malformed {
        let answer = site.post("/api/v1/campaigns", Some(&admin), &*body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        answer.problem(422, "MALFORMED");
    }
    for (field, value) in [
        ("alpha", "1000000000"),
        ("alpha", "90.0720"),
        ("beta", "1000000000000"),
        ("gamma", "1000000000"),
    ] {
        let answer = site
            .post("/api/v1/campaigns", Some(&admin), terms(field, value))
            .await;
        assert_eq!(answer.status, 422, "{field} {value}: {answer:?}");
    }
    site.post("/api/v1/campaigns", Some(&admin), terms("alpha", "90.0720"))
        .await
        .problem(422, "SCORE_OVERFLOW");
    for ends in [site.time(0), site.time(-1)] {
        site.post(
            "/api/v1/campaigns",
            Some(&admin),
            terms("end_time", &ends.to_string()),
        )
        .await
        .problem(400, "EMPTY_WINDOW");
    }
    let nothing = "\"01900000-0000-7000-8000-000000000000\"";
    site.post(
        "/api/v1/campaigns",
        Some(&admin),
        terms("product_id", nothing),
    )
    .await
    .problem(400, "UNKNOWN_PRODUCT");
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn a_bid_with_a_wrong_field_is_refused() {
    let (site, admin, campaign) = site().await;
    let before = site.dump();
    for price in NO_AMOUNT {
        let answer = site.bid(&admin, campaign, price).await;
        assert_eq!(answer.status, 422, "{price}: {answer:?}");
        answer.problem(422, "MALFORMED");
    }
    for body in [
        "{\"price\":100}".to_owned(),
        format!("{{\"campaign_id\":\"{campaign}\"}}"),
        "{\"campaign_id\":5,\"price\":100}".to_owned(),
        "{\"campaign_id\":\"../..\",\"price\":100}".to_owned(),
        format!("{{\"campaign_id\":\"{campaign}\",\"price\":200,\"price\":300}}"),
    ] {
        site.post("/api/v1/bids", Some(&admin), body)
            .await
            .problem(422, "MALFORMED");
    }
    let nowhere = "01900000-0000-7000-8000-000000000000".parse().unwrap();
    site.bid(&admin, nowhere, "100")
        .await
        .problem(404, "UNKNOWN_CAMPAIGN");
    site.bid(&admin, campaign, "0.01")
        .await
        .problem(400, "PRICE_TOO_LOW");
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn ids_in_paths_are_uuids_or_malformed_or_nowhere() {
    let (site, admin, _) = site().await;
    let before = site.dump();
    let nothing = "01900000-0000-7000-8000-000000000000";
    for (before, after, code) in [
        ("/api/v1/products/", "", "UNKNOWN_PRODUCT"),
        ("/api/v1/campaigns/", "", "UNKNOWN_CAMPAIGN"),
        ("/api/v1/bids/", "/history", "UNKNOWN_CAMPAIGN"),
        ("/api/v1/rankings/", "", "UNKNOWN_CAMPAIGN"),
        ("/api/v1/rankings/", "/me", "UNKNOWN_CAMPAIGN"),
        ("/api/v1/orders/campaign/", "", "UNKNOWN_CAMPAIGN"),
    ] {
        site.get(&format!("{before}{nothing}{after}"), Some(&admin))
            .await
            .problem(404, code);
        for id in [
            "1",
            "-1",
            "null",
            "..%2f..%2fetc%2fpasswd",
            "%00",
            "%ff%fe",
            "'%20OR%201=1",
            "01900000-0000-7000-8000-00000000000g",
            &"9".repeat(2_000),
        ] {
            let answer = site
                .get(&format!("{before}{id}{after}"), Some(&admin))
                .await;
            assert_eq!(answer.status, 422, "{before}{id}{after}: {answer:?}");
            answer.problem(422, "MALFORMED");
        }
    }
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn pages_outside_their_bounds_are_malformed() {
    let (site, admin, campaign) = site().await;
    let history = format!("/api/v1/bids/{campaign}/history");
    let orders = format!("/api/v1/orders/campaign/{campaign}");
    for (path, most) in [
        ("/api/v1/products", 100),
        ("/api/v1/campaigns", 100),
        (&history, 100),
        ("/api/v1/orders", 100),
        (&orders, 1_000),
    ] {
        for query in [
            format!("limit={most}"),
            "limit=1".to_owned(),
            "skip=0".to_owned(),
            format!("skip={}", i64::MAX),
            "colour=blue".to_owned(),
        ] {
            site.get(&format!("{path}?{query}"), Some(&admin))
                .await
                .ok(200);
        }
        for query in [
            format!("limit={}", most + 1),
            "limit=0".to_owned(),
            "limit=-1".to_owned(),
            "limit=1.5".to_owned(),
            "limit=".to_owned(),
            "limit=99999999999999999999".to_owned(),
            "skip=-1".to_owned(),
            "skip=x".to_owned(),
            "skip=1%20OR%201".to_owned(),
            format!("skip={}", u64::MAX),
            "skip=99999999999999999999".to_owned(),
            "skip=1&skip=2".to_owned(),
        ] {
            let answer = site.get(&format!("{path}?{query}"), Some(&admin)).await;
            assert_eq!(answer.status, 422, "{path}?{query}: {answer:?}");
            answer.problem(422, "MALFORMED");
        }
    }
    for limit in ["0", "-1", "10001", "x", ""] {
        site.get(&format!("/api/v1/rankings/{campaign}?limit={limit}"), None)
            .await
            .problem(422, "MALFORMED");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let (site, admin, _) = site().await;
    let before = site.dump();
    for path in [
        "/apis",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/products",
        "/api/v1/products/",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/bids/x",
    ] {
        site.get(path, None).await.problem(404, "NOT_FOUND");
    }
    for (method, path) in [
        (Method::DELETE, "/api/v1/products"),
        (Method::PUT, "/api/v1/campaigns"),
        (Method::GET, "/api/v1/bids"),
        (Method::PATCH, "/api/v1/auth/me"),
        (Method::POST, "/health"),
    ] {
        let answer = site.send(method, path, Some(&admin), &[], None).await;
        answer.problem(405, "METHOD_NOT_ALLOWED");
        assert!(answer.headers.contains_key("allow"), "{path}");
    }
    assert_eq!(site.dump(), before);
}
