use reqwest::Method;
use serde_json::Value;

use crate::site::Site;

/// The routes that clients rely on.
const PROMISED: [(&str, &str); 23] = [
    ("post", "/api/v1/auth/register"),
    ("post", "/api/v1/auth/login"),
    ("get", "/api/v1/auth/me"),
    ("get", "/api/v1/products"),
    ("get", "/api/v1/products/{product_id}"),
    ("post", "/api/v1/products"),
    ("get", "/api/v1/campaigns"),
    ("get", "/api/v1/campaigns/{campaign_id}"),
    ("post", "/api/v1/campaigns"),
    ("post", "/api/v1/bids"),
    ("get", "/api/v1/bids/{campaign_id}/history"),
    ("get", "/api/v1/rankings/{campaign_id}"),
    ("get", "/api/v1/rankings/{campaign_id}/me"),
    ("post", "/api/v1/purchases"),
    ("get", "/api/v1/purchases/{hold_id}"),
    ("post", "/api/v1/orders/{order_id}/pay"),
    ("post", "/api/v1/orders/{order_id}/cancel"),
    ("get", "/api/v1/orders"),
    ("get", "/api/v1/orders/campaign/{campaign_id}"),
    ("post", "/api/v1/captcha"),
    ("post", "/api/v1/campaigns/{campaign_id}/tokens"),
    ("get", "/health"),
    ("get", "/api/v1/openapi.json"),
];

#[tokio::test]
async fn every_promised_route_is_documented_with_its_answers() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json", None).await.ok(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path) in PROMISED {
        if path.ends_with("openapi.json") {
            continue;
        }
        let operation = &document["paths"][path][method];
        assert!(operation.is_object(), "{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses.keys().any(|status| status.starts_with('2')),
            "{method} {path}"
        );
        if path.starts_with("/api") {
            assert!(responses.contains_key("429"), "{method} {path}");
            let takes_nothing = ["/api/v1/auth/me", "/api/v1/captcha"].contains(&path);
            assert!(
                takes_nothing || responses.contains_key("422"),
                "{method} {path}"
            );
        }
        for (status, response) in responses {
            let problem = &response["content"]["application/problem+json"];
            let success = &response["content"]["application/json"];
            let is_problem = !status.starts_with('2') && path != "/health";
            let body = if is_problem { problem } else { success };
            assert!(body["schema"].is_object(), "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json", None).await.ok(200);
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(reference) if name == "$ref" => {
                        references.push(reference.clone());
                    }
                    _ => collect(field, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn every_documented_route_answers() {
    let site = Site::start().await;
    let document = site.get("/api/v1/openapi.json", None).await.ok(200);
    for (path, item) in document["paths"].as_object().unwrap() {
        let id = "01900000-0000-7000-8000-000000000000";
        let concrete = path
            .replace("{product_id}", id)
            .replace("{campaign_id}", id)
            .replace("{order_id}", id)
            .replace("{hold_id}", id);
        assert!(!concrete.contains('{'), "{path}");
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = site.send(method.clone(), &concrete, None, &[], None).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.text.contains("NOT_FOUND"), "{method} {path}");
            assert!(answer.status.as_u16() < 500, "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_page_to_read_the_document_needs_no_other_site() {
    let site = Site::start().await;
    let page = site.get("/docs/", None).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert!(!page.text.contains("//cdn") && !page.text.contains("src=\"http"));
    assert_eq!(site.get("/docs", None).await.status, 200);
    let script = site.get("/docs/swagger-ui-bundle.js", None).await;
    assert_eq!(script.status, 200);
    let settings = site.get("/docs/swagger-initializer.js", None).await;
    assert!(settings.text.contains("/api/v1/openapi.json"));
}
