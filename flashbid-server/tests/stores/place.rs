//! A place with stores of its own, and the nodes that share them.

use std::time::Duration;

use flashbid_server::config::{Config, RateLimits, Secret};
use flashbid_server::{Server, accounts::Password};
use flashbid_testbed::{PgBouncer, PoolMode, Postgres, Redis};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// A hot store, and a ledger behind a PgBouncer in transaction mode.
pub(crate) struct Place {
    pub(crate) redis: Redis,
    pub(crate) bouncer: PgBouncer,
    /// The ledger's database, without PgBouncer.
    pub(crate) database: String,
}

pub(crate) const ADMIN: &str = "admin@flashbid.local";
pub(crate) const PASSWORD: &str = "open sesame";

impl Place {
    pub(crate) fn new() -> Self {
        Self::on(Postgres::shared())
    }

    pub(crate) fn on(postgres: &Postgres) -> Self {
        Self {
            redis: Redis::start(),
            bouncer: PgBouncer::start(postgres, PoolMode::Transaction),
            database: postgres.database(),
        }
    }

    /// The ledger's database through PgBouncer.
    pub(crate) fn ledger(&self) -> String {
        self.bouncer.url(&self.database)
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        "127.0.0.1:0".clone_into(&mut config.listen);
        config.hot = self.redis.url().parse().unwrap();
        config.ledger = self.ledger().parse().unwrap();
        config.migrate_url = Some(self.database.parse().unwrap());
        config.ledger_connections = 4;
        config.settlement_interval = Duration::from_millis(100);
        config.ranking_interval = Duration::from_millis(200);
        // Tests ask as often as they can.
        config.limits = RateLimits::OFF;
        config.admin_password = Some(Password::new(Secret::new(PASSWORD)).unwrap());
        config
    }

    pub(crate) async fn node(&self) -> Node {
        Node::start(&self.config()).await
    }

    /// What a server program is told to use these stores.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("FLASHBID_HOT", self.redis.url()),
            ("FLASHBID_LEDGER", self.ledger()),
            ("FLASHBID_MIGRATE_URL", self.database.clone()),
            ("FLASHBID_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ]
    }
}

/// One server, and a client of it.
pub(crate) struct Node {
    pub(crate) server: Server,
    http: Client,
}

impl Node {
    pub(crate) async fn start(config: &Config) -> Self {
        Self {
            server: Server::start(config).await.unwrap(),
            http: Client::new(),
        }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.server.address());
        let mut request = self.http.request(method, url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap())
    }

    pub(crate) async fn ask_with(
        &self,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.server.address());
        let mut request = self.http.post(url).bearer_auth(token).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, Some(token), None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(token), Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> (StatusCode, Value) {
        let login = json!({"email": email, "password": password});
        let path = "/api/v1/auth/login";
        self.ask(Method::POST, path, None, Some(login)).await
    }

    pub(crate) async fn login(&self, email: &str) -> String {
        let (status, session) = self.try_login(email, PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        session["access_token"].as_str().unwrap().to_owned()
    }

    /// Registers somebody and answers the token.
    pub(crate) async fn user(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        let wanted = json!({"email": email, "username": name, "password": PASSWORD});
        let path = "/api/v1/auth/register";
        let (status, body) = self.ask(Method::POST, path, None, Some(wanted)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        self.login(&email).await
    }

    /// A campaign of `units` that has started and lasts so long, by the machine's clock. The score is the price.
    pub(crate) async fn campaign(&self, admin: &str, units: u32, lasts: Duration) -> String {
        let product = json!({"name": "Lamp", "stock": units, "min_price": 1});
        let product = self.post("/api/v1/products", admin, product).await;
        let now = self.server.state().engine().now();
        let time = |at| serde_json::to_value(flashbid_server::wire::Time(at)).unwrap();
        let campaign = json!({
            "product_id": product["product_id"],
            "start_time": time(now),
            "end_time": time(now.after(lasts)),
            "alpha": 1, "beta": 0, "gamma": 0,
        });
        let campaign = self.post("/api/v1/campaigns", admin, campaign).await;
        campaign["campaign_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn bid(&self, token: &str, campaign: &str, price: u32) -> Value {
        let bid = json!({"campaign_id": campaign, "price": price});
        self.post("/api/v1/bids", token, bid).await
    }
}
