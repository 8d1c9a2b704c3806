//! A server of a test's own: a fresh SQLite file, any free port, and a clock that stands still.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::id::{BidderId, CampaignId, IdSource, RandomIds};
use flashbid_core::money::Weight;
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_server::accounts::{Account, Password, PasswordHash};
use flashbid_server::config::{Config, LedgerUrl, RateLimits, Secret};
use flashbid_server::state::Parts;
use flashbid_server::{Server, stores};
use flashbid_sqlite::rusqlite::{Connection, OpenFlags, types::Value as Cell};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the test servers sign with.
pub(crate) const SECRET: &str = "a secret of the tests, long enough";

/// The time at which test servers start: 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: TempDir,
    http: reqwest::Client,
}

/// Whoever sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: BidderId,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()
    }

    /// Checks that this is the problem `code`, in the form that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = self.json();
        assert_eq!(body["code"], code, "{self:?}");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], "about:blank");
        assert_eq!(
            body["title"],
            self.status.canonical_reason().unwrap_or_default()
        );
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.ends_with('.') && !detail.contains('\n'), "{detail}");
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_from(change, |_| {}).await
    }

    pub(crate) async fn start_from(
        change: impl FnOnce(&mut Config),
        replace: impl FnOnce(&mut Parts),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(&directory);
        change(&mut config);
        let clock = Arc::new(ManualClock::new(START));
        let mut parts = Parts::default();
        replace(&mut parts);
        let server = Server::start_from(&config, clock.clone(), parts);
        let server = server.await.unwrap();
        Self {
            server,
            clock,
            directory,
            http: reqwest::Client::new(),
        }
    }

    /// Puts a user of weight 1 among the accounts, whose password nobody knows.
    pub(crate) async fn user(&self, name: &str) -> Person {
        self.person(name, false).await
    }

    pub(crate) async fn admin(&self) -> Person {
        self.person("root", true).await
    }

    async fn person(&self, name: &str, is_admin: bool) -> Person {
        let state = self.server.state();
        let account = Account {
            id: RandomIds.fresh().into(),
            email: format!("{name}@example.com").parse().unwrap(),
            username: name.parse().unwrap(),
            password: PasswordHash::from_stored("none"),
            weight: Weight::from_ten_thousandths(10_000).unwrap(),
            is_admin,
            created_at: START,
        };
        let id = state.accounts().add(&[account]).await.unwrap()[0];
        let (token, _) = state.sessions().open(id, state.engine().now());
        Person { id, token }
    }

    pub(crate) async fn get(&self, path: &str, by: Option<&Person>) -> Answer {
        self.send(Method::GET, path, by, &[], None).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        by: Option<&Person>,
        body: impl Into<String>,
    ) -> Answer {
        let json = [("content-type", "application/json")];
        let body = body.into().into_bytes();
        self.send(Method::POST, path, by, &json, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        by: Option<&Person>,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let url = format!("http://{}{path}", self.server.address());
        let mut request = self.http.request(method, url);
        if let Some(person) = by {
            request = request.bearer_auth(&person.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// A campaign of `quota` out of `stock` units that runs for ten minutes from now.
    pub(crate) async fn campaign(&self, admin: &Person, stock: u32, quota: u32) -> CampaignId {
        let product = json!({"name": "Console", "stock": stock, "min_price": 100});
        let product = self
            .post("/api/v1/products", Some(admin), product.to_string())
            .await
            .ok(201);
        let campaign = json!({
            "product_id": product["product_id"],
            "start_time": self.time(0),
            "end_time": self.time(600),
            "quota": quota,
        });
        let campaign = self
            .post("/api/v1/campaigns", Some(admin), campaign.to_string())
            .await
            .ok(201);
        campaign["campaign_id"].as_str().unwrap().parse().unwrap()
    }

    /// A product of `stock` units, at least 100.00 each.
    pub(crate) async fn product(&self, admin: &Person, stock: u32) -> String {
        let product = json!({"name": "Console", "stock": stock, "min_price": 100});
        let product = self
            .post("/api/v1/products", Some(admin), product.to_string())
            .await
            .ok(201);
        product["product_id"].as_str().unwrap().to_owned()
    }

    /// A campaign of `product` for ten minutes from now, with `terms` of its own.
    pub(crate) async fn campaign_of(
        &self,
        admin: &Person,
        product: &str,
        terms: Value,
    ) -> CampaignId {
        let mut campaign = json!({
            "product_id": product,
            "start_time": self.time(0),
            "end_time": self.time(600),
        });
        let (all, own) = (campaign.as_object_mut().unwrap(), terms);
        all.extend(own.as_object().unwrap().clone());
        let made = self
            .post("/api/v1/campaigns", Some(admin), campaign.to_string())
            .await
            .ok(201);
        made["campaign_id"].as_str().unwrap().parse().unwrap()
    }

    /// A first-come campaign of `units` at 500.00 each, of a product that has no more.
    pub(crate) async fn first_come(&self, admin: &Person, units: u32) -> CampaignId {
        let product = self.product(admin, units).await;
        let terms = json!({"format": "first_come", "price": "500.00"});
        self.campaign_of(admin, &product, terms).await
    }

    pub(crate) async fn buy(&self, by: &Person, campaign: CampaignId, quantity: u32) -> Answer {
        let body = json!({"campaign_id": campaign, "quantity": quantity});
        self.post("/api/v1/purchases", Some(by), body.to_string())
            .await
    }

    /// Buys one unit, and answers the order that was made.
    pub(crate) async fn order(&self, by: &Person, campaign: CampaignId) -> String {
        let held = self.buy(by, campaign, 1).await.ok(202);
        held["hold_id"].as_str().unwrap().to_owned()
    }

    /// As [`Site::post`], with headers of its own.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        by: Option<&Person>,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        let body = Some(body.to_string().into_bytes());
        self.send(Method::POST, path, by, &headers, body).await
    }

    pub(crate) async fn patch(&self, path: &str, by: &Person, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let body = Some(body.to_string().into_bytes());
        self.send(Method::PATCH, path, Some(by), &headers, body)
            .await
    }

    /// What the server does by itself in time, now.
    pub(crate) async fn tend(&self) {
        for (campaign, tended) in self.server.state().engine().tend().await.unwrap() {
            tended.unwrap_or_else(|error| panic!("{campaign}: {error}"));
        }
    }

    pub(crate) async fn bid(&self, by: &Person, campaign: CampaignId, price: &str) -> Answer {
        let body = format!(r#"{{"campaign_id":"{campaign}","price":{price}}}"#);
        self.post("/api/v1/bids", Some(by), body).await
    }

    /// The time `seconds` from now on the server's clock, as the wire spells it.
    pub(crate) fn time(&self, seconds: i64) -> Value {
        let millis = self.server.state().engine().now().millis() + seconds * 1_000;
        json!(flashbid_server::wire::Time(Timestamp::from_millis(millis)))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Everything that is in the ledger's file, row by row.
    pub(crate) fn dump(&self) -> String {
        dump(&self.directory)
    }

    /// Stops the server and answers the directory of its file.
    pub(crate) async fn stop(self) -> TempDir {
        self.server.stop().await;
        self.directory
    }
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(Secret::new(text)).unwrap()
}

/// The configuration of a test server whose file is in `directory`.
pub(crate) fn config(directory: &TempDir) -> Config {
    let mut config = Config::default();
    config.listen = String::from("127.0.0.1:0");
    config.ledger = LedgerUrl::Sqlite(directory.path().join("test.db"));
    config.jwt_secret = Some(Secret::new(SECRET));
    config.admin_password = Some(password("the first admin"));
    // Their clock stands still, so that no window ever passes.
    config.limits = RateLimits::OFF;
    // Tests settle when they want to.
    config.settlement_interval = Duration::from_hours(1);
    config
}

pub(crate) fn dump(directory: &TempDir) -> String {
    let path = directory.path().join("test.db");
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables: Vec<String> = file
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(tables.len() > 5, "{tables:?}");
    let mut dump = String::new();
    for table in tables {
        let mut query = file.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<Cell> = (0..columns).map(|cell| row.get(cell).unwrap()).collect();
            writeln!(dump, "{table} {cells:?}").unwrap();
        }
    }
    dump
}

/// Whether the ledger of a stopped server can be opened again, and by whom it was last used does not matter.
pub(crate) async fn reopen(directory: &TempDir) -> stores::Stores {
    let clock = Arc::new(ManualClock::new(START));
    stores::Stores::open(&config(directory), clock)
        .await
        .unwrap()
}
