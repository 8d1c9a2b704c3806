//! The page, and what it asks its server first. `make web` has built it, as for every test.

use reqwest::Method;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::site::Site;

/// The address of the page's script.
async fn script(site: &Site) -> String {
    let page = site.get("/", None).await.text;
    let (_, script) = page.split_once("src=\"").expect("a script");
    let (script, _) = script.split_once('"').expect("its address");
    script.to_owned()
}

#[tokio::test]
async fn every_address_of_the_page_is_answered_with_it() {
    let site = Site::start().await;
    for path in [
        "/",
        "/campaigns/01a21182-2793-7078-a72b-419a2c7df822",
        "/login",
        "/register",
        "/bids",
        "/orders",
        "/cart",
        "/admin",
        "/admin/campaigns/new",
    ] {
        let answer = site.get(path, None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.headers[CONTENT_TYPE], "text/html", "{path}");
        assert_eq!(answer.headers[CACHE_CONTROL], "no-cache", "{path}");
        assert!(answer.text.contains("id=\"root\""), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn what_the_page_is_made_of_may_be_kept_for_good() {
    let site = Site::start().await;
    let script = script(&site).await;
    let answer = site.get(&script, None).await;
    assert_eq!(answer.status, 200, "{script}");
    assert_eq!(answer.headers[CONTENT_TYPE], "text/javascript");
    let caching = answer.headers[CACHE_CONTROL].to_str().unwrap();
    assert!(caching.contains("immutable"), "{caching}");
    let icon = site.get("/favicon.svg", None).await;
    assert_eq!(icon.headers[CONTENT_TYPE], "image/svg+xml");
    assert_eq!(icon.headers[CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn who_takes_gzip_gets_what_was_compressed_when_the_page_was_built() {
    let site = Site::start().await;
    let script = script(&site).await;
    let gzip = [(ACCEPT_ENCODING.as_str(), "gzip, br")];
    let packed = site.send(Method::HEAD, &script, None, &gzip, None).await;
    let plain = site.send(Method::HEAD, &script, None, &[], None).await;
    assert_eq!(packed.headers[CONTENT_ENCODING], "gzip");
    assert!(!plain.headers.contains_key(CONTENT_ENCODING));
    let length = |of: &crate::site::Answer| -> u64 {
        let length = of.headers[CONTENT_LENGTH].to_str().unwrap();
        length.parse().unwrap()
    };
    assert!(length(&packed) < length(&plain) / 2, "{packed:?} {plain:?}");
    for answer in [packed, plain] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text, "");
        assert_eq!(answer.headers[VARY], "accept-encoding");
        assert_eq!(answer.headers[CONTENT_TYPE], "text/javascript");
    }
    for path in [format!("{script}.gz"), "/favicon.svg.gz".to_owned()] {
        let answer = site.get(&path, None).await;
        answer.problem(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_page_that_a_browser_has_is_not_sent_again() {
    let site = Site::start().await;
    let first = site.get("/", None).await;
    let tag = first.headers[ETAG].to_str().unwrap();
    let known = [(IF_NONE_MATCH.as_str(), tag)];
    let again = site.send(Method::GET, "/orders", None, &known, None).await;
    assert_eq!(again.status, 304);
    assert_eq!(again.text, "");
    let unknown = [known[0], (ACCEPT.as_str(), "text/html")];
    let missing = site.send(Method::GET, "/no", None, &unknown, None).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.text, first.text);
}

/// A page that another site could frame, or load scripts into, would act for whoever is logged in.
#[tokio::test]
async fn the_page_and_its_files_are_guarded() {
    let site = Site::start().await;
    for path in ["/", "/admin/x", "/favicon.svg", &script(&site).await] {
        let answer = site.get(path, None).await;
        let policy = answer.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{path}: {policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.headers[X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(answer.headers[REFERRER_POLICY], "no-referrer", "{path}");
        assert_eq!(answer.headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
    // The documentation's own scripts are within it.
    let docs = site.get("/docs/", None).await;
    assert_eq!(docs.status, 200);
    assert!(!docs.headers.contains_key(CONTENT_SECURITY_POLICY));
}

/// Otherwise whoever loads the page and its files uses up what was meant for bids.
#[tokio::test]
async fn loading_the_page_is_not_limited_and_its_addresses_are_few_in_the_figures() {
    let site = Site::start_with(|config| {
        config.limits.address = "3/60".parse().unwrap();
    })
    .await;
    let script = script(&site).await;
    for number in 0..20 {
        let campaign = format!("/campaigns/{number}");
        assert_eq!(site.get(&campaign, None).await.status, 200);
        assert_eq!(site.get(&script, None).await.status, 200);
        let missing = format!("/assets/{number}.js");
        site.get(&missing, None).await.problem(404, "NOT_FOUND");
    }
    assert_eq!(site.get("/api/v1/site", None).await.status, 200);
    let figures = site.get("/metrics", None).await.text;
    assert!(figures.contains("route=\"/campaigns/{campaign_id}\""));
    assert!(figures.contains("route=\"/assets/{*file}\""));
    assert!(!figures.contains("/assets/7.js"));
}

#[tokio::test]
async fn pictures_come_only_from_hosts_that_the_operator_allows() {
    let hosts = ["https://img.example.com", "https://*.cdn.example"];
    let site = Site::start_with(|config| {
        config.picture_hosts = hosts.map(|host| host.parse().unwrap()).to_vec();
    })
    .await;
    let page = site.get("/", None).await;
    let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let pictures = "img-src 'self' data: blob: https://img.example.com https://*.cdn.example;";
    assert!(policy.contains(pictures), "{policy}");
    let told = site.get("/api/v1/site", None).await.ok(200);
    assert_eq!(told["picture_hosts"], serde_json::json!(hosts));
}

#[tokio::test]
async fn the_page_is_told_the_servers_own_time() {
    let site = Site::start().await;
    let answer = site.get("/api/v1/site", None).await;
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    let told = answer.ok(200);
    assert_eq!(told["now"], "2026-01-01T00:00:00.000Z");
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["ranking_interval_ms"], 2_000);
}

/// Without the difference a person sees a line of JSON, or a program a page.
#[tokio::test]
async fn an_unknown_path_is_a_page_to_browsers_and_a_problem_to_programs() {
    let site = Site::start().await;
    let browser = [(ACCEPT.as_str(), "text/html,application/xhtml+xml;q=0.9")];
    let page = site
        .send(Method::GET, "/no/such", None, &browser, None)
        .await;
    assert_eq!(page.status, 404);
    assert_eq!(page.headers[CONTENT_TYPE], "text/html");
    assert!(page.headers.contains_key(CONTENT_SECURITY_POLICY));
    for path in ["/api", "/api/v1/no", "/ws", "/assets/no.js"] {
        let answer = site.send(Method::GET, path, None, &browser, None).await;
        answer.problem(404, "NOT_FOUND");
    }
    let posted = site.send(Method::POST, "/no", None, &browser, None).await;
    posted.problem(404, "NOT_FOUND");
    let program = site.get("/no/such", None).await;
    program.problem(404, "NOT_FOUND");
}
