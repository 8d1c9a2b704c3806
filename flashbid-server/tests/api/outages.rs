use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct, Options};
use flashbid_core::id::BidderId;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::{Engine, StoreError, StoreErrorKind};
use flashbid_server::accounts::{Account, Accounts, Email, PasswordHash};
use flashbid_server::app;
use flashbid_server::config::{Config, Secret};
use flashbid_server::metrics::Metrics;
use flashbid_server::state::{AppState, Parts};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::site::SECRET;

/// Accounts of which one user is known, or that are away.
#[derive(Debug)]
struct Stub {
    away: bool,
    user: Account,
}

impl Stub {
    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        if self.away {
            let error = StoreError::new("stub", "ask", StoreErrorKind::Unavailable);
            return Err(error.because("the password of the database is sesame"));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Accounts for Stub {
    async fn add(&self, _: &[Account]) -> Result<Vec<BidderId>, StoreError> {
        self.answer(vec![])
    }

    async fn by_email(&self, _: &Email) -> Result<Option<Account>, StoreError> {
        self.answer(None)
    }

    async fn by_id(&self, _: BidderId) -> Result<Option<Account>, StoreError> {
        self.answer(Some(self.user.clone()))
    }

    async fn setting(&self, _: &str) -> Result<Option<String>, StoreError> {
        self.answer(None)
    }

    async fn keep_setting(&self, _: &str, value: String) -> Result<String, StoreError> {
        self.answer(value)
    }
}

fn state(engine: Engine, away: bool) -> AppState {
    let user = Account {
        id: engine.fresh_id(),
        email: "ada@example.com".parse().unwrap(),
        username: "Ada".parse().unwrap(),
        password: PasswordHash::from_stored("none"),
        weight: "1".parse().unwrap(),
        is_admin: false,
        created_at: engine.now(),
    };
    let secret = Secret::new(SECRET);
    let accounts = Arc::new(Stub { away, user });
    let mut config = Config::default();
    config.max_sockets = 1;
    AppState::new(
        engine,
        accounts,
        &secret,
        Parts::default(),
        &config,
        Metrics::default(),
    )
}

async fn ask(state: &AppState, request: Request<Body>) -> (Response<()>, Value) {
    let response = app::router(state.clone(), &[]).oneshot(request).await;
    let (parts, body) = response.unwrap().into_parts();
    let body = to_bytes(body, 1_000_000).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    (Response::from_parts(parts, ()), body)
}

fn request(state: &AppState, path: &str, body: Option<Value>) -> Request<Body> {
    let (token, _) = state
        .sessions()
        .open(state.engine().fresh_id(), state.engine().now());
    let method = if body.is_some() { "POST" } else { "GET" };
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap()
}

#[tokio::test]
async fn a_store_that_is_away_is_said_with_when_to_retry_and_without_why() {
    let state = state(Engine::builder().build(), true);
    let login = json!({"email": "ada@example.com", "password": "open sesame"});
    let register = json!({"email": "a@b.c", "password": "open sesame", "username": "a"});
    for (path, body) in [
        ("/api/v1/auth/me", None),
        ("/api/v1/auth/login", Some(login)),
        ("/api/v1/auth/register", Some(register)),
    ] {
        let (response, body) = ask(&state, request(&state, path, body)).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(body["code"], "STORE_UNAVAILABLE");
        assert!(!body.to_string().contains("sesame"), "{body}");
    }
}

#[tokio::test]
async fn health_names_the_store_that_is_away() {
    let state = state(Engine::builder().build(), true);
    let (response, body) = ask(&state, request(&state, "/health", None)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["status"], "unavailable");
    assert_eq!(body["dependencies"]["accounts"], "unavailable");
    assert_eq!(body["dependencies"]["hot"], "ok");
    assert_eq!(body["dependencies"]["ledger"], "ok");
}

#[tokio::test]
async fn too_many_waiting_bids_are_answered_at_once() {
    let mut options = Options::default();
    options.waiting = 0;
    let engine = Engine::builder().options(options).build();
    let product = engine
        .add_product(NewProduct {
            name: "Console".to_owned(),
            description: None,
            image_url: None,
            stock: Units::ONE,
            min_price: "1".parse().unwrap(),
        })
        .await
        .unwrap();
    let factor = "1".parse().unwrap();
    let start = engine.now();
    let campaign = engine
        .add_campaign(NewCampaign::new(
            product.id,
            Format::Ranked {
                weights: Weights::new(factor, factor, factor).unwrap(),
                rebid: Rebid::default(),
            },
            Window::new(start, start.after(Duration::from_hours(1))).unwrap(),
        ))
        .await
        .unwrap();
    let state = state(engine, false);
    let bid = json!({"campaign_id": campaign.id, "price": 5});
    let (response, body) = ask(&state, request(&state, "/api/v1/bids", Some(bid))).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(body["code"], "OVERLOADED");
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    let figures = state.metrics().to_text();
    assert!(figures.contains("flashbid_bids_total{outcome=\"overloaded\"} 1\n"));
}
