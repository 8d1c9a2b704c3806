//! A server of the test's own on stores of its own, a first-come campaign, and people who buy of it over HTTP.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::campaign::{Campaign, Format, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId, ProductId};
use flashbid_core::money::Weight;
use flashbid_core::order::Order;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::Page;
use flashbid_core::time::Clock;
use flashbid_server::accounts::{Account, PasswordHash};
use flashbid_server::config::{Config, RateLimits};
use flashbid_server::server::Server;
use flashbid_testbed::{Postgres, Redis};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a buyer has to pay, by the server's clock.
pub(crate) const TO_PAY: Duration = Duration::from_mins(15);

/// Where a server keeps everything.
pub(crate) struct Stores {
    pub(crate) redis: Option<Redis>,
    hot: String,
    pub(crate) ledger: String,
    /// The folder of a ledger in a file; the program runs in it.
    pub(crate) folder: TempDir,
}

impl Stores {
    /// In memory, and SQLite.
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("flashbid.db");
        Self {
            redis: None,
            hot: "memory".to_owned(),
            ledger: format!("sqlite:{}", file.display()),
            folder,
        }
    }

    /// Redis and PostgreSQL.
    pub(crate) fn shared() -> Self {
        let redis = Redis::start();
        Self {
            hot: redis.url(),
            redis: Some(redis),
            ledger: Postgres::shared().database(),
            folder: tempfile::tempdir().unwrap(),
        }
    }
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: BidderId,
    pub(crate) token: String,
}

/// One server, and a client of it.
pub(crate) struct Shop {
    pub(crate) server: Server,
    pub(crate) admin: String,
}

impl Shop {
    pub(crate) async fn open(
        stores: &Stores,
        clock: Arc<dyn Clock>,
        adapt: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        "127.0.0.1:0".clone_into(&mut config.listen);
        config.hot = stores.hot.parse().unwrap();
        config.ledger = stores.ledger.parse().unwrap();
        config.settlement_interval = Duration::from_millis(50);
        config.limits = RateLimits::OFF;
        adapt(&mut config);
        let server = Server::start_with(&config, clock).await.unwrap();
        let mut shop = Self {
            server,
            admin: String::new(),
        };
        let admins = shop.accounts(1, true).await;
        shop.admin.clone_from(&admins[0].token);
        shop
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.server.state().engine()
    }

    /// People with accounts and tokens, without the cost of a password each.
    pub(crate) async fn people(&self, count: usize) -> Vec<Person> {
        self.accounts(count, false).await
    }

    async fn accounts(&self, count: usize, is_admin: bool) -> Vec<Person> {
        let state = self.server.state();
        let account = |number: usize| Account {
            id: state.engine().fresh_id(),
            email: format!("person{number}-{}@example.com", rand::random::<u64>())
                .parse()
                .unwrap(),
            username: format!("person {number}").parse().unwrap(),
            password: PasswordHash::from_stored("none"),
            weight: Weight::from_ten_thousandths(10_000).unwrap(),
            is_admin,
            created_at: state.engine().now(),
        };
        let accounts: Vec<_> = (0..count).map(account).collect();
        for some in accounts.chunks(1_000) {
            state.accounts().add(some).await.unwrap();
        }
        let person = |account: &Account| Person {
            id: account.id,
            token: state.sessions().open(account.id, state.engine().now()).0,
        };
        accounts.iter().map(person).collect()
    }

    /// A product of `stock` units, and a running campaign of `quota` of them, at most `per_buyer` a buyer.
    pub(crate) async fn sale(&self, stock: u32, quota: u32, per_buyer: Option<u32>) -> CampaignId {
        let (engine, units) = (self.engine(), |count| Units::new(count).unwrap());
        let product = NewProduct {
            name: "Lamp".to_owned(),
            description: None,
            image_url: None,
            stock: units(stock),
            min_price: "1".parse().unwrap(),
        };
        let product = engine.add_product(product).await.unwrap();
        let format = Format::FirstCome {
            price: "19.90".parse().unwrap(),
            per_buyer: per_buyer.map(units),
        };
        let now = engine.now();
        let window = Window::new(now, now.after(Duration::from_hours(2))).unwrap();
        let campaign = NewCampaign {
            quota: Some(units(quota)),
            payment_deadline: TO_PAY,
            ..NewCampaign::new(product.id, format, window)
        };
        engine.add_campaign(campaign).await.unwrap().id
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1{path}", self.server.address())
    }

    /// Asks for units, and answers what the server says.
    pub(crate) async fn buy(
        &self,
        http: &Client,
        person: &Person,
        campaign: CampaignId,
        units: u32,
        key: &str,
    ) -> (StatusCode, Value) {
        let wanted = json!({"campaign_id": campaign.to_string(), "quantity": units});
        let request = http.post(self.url("/purchases")).json(&wanted);
        answer(
            request
                .bearer_auth(&person.token)
                .header("idempotency-key", key),
        )
        .await
    }

    pub(crate) async fn get(&self, http: &Client, token: &str, path: &str) -> Value {
        let (status, body) = answer(http.get(self.url(path)).bearer_auth(token)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Posts without a body, and answers what comes back with a 200.
    pub(crate) async fn post(&self, http: &Client, token: &str, path: &str) -> Value {
        let (status, body) = answer(http.post(self.url(path)).bearer_auth(token)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// What does not agree, as an administrator is told.
    pub(crate) async fn reconcile(&self, http: &Client, campaign: CampaignId, fix: bool) -> Value {
        let path = self.url(&format!("/campaigns/{campaign}/reconcile"));
        let request = http.post(path).bearer_auth(&self.admin);
        let (status, body) = answer(request.json(&json!({"fix": fix}))).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    pub(crate) async fn campaign(&self, id: CampaignId) -> Campaign {
        self.engine().campaign(id).await.unwrap().unwrap()
    }

    pub(crate) async fn product(&self, id: ProductId) -> Level {
        self.engine().product(id).await.unwrap().unwrap().stock
    }

    /// Every order of a campaign.
    pub(crate) async fn orders(&self, campaign: CampaignId) -> Vec<Order> {
        let mut orders = Vec::new();
        loop {
            let page = Page {
                skip: orders.len() as u64,
                limit: 1_000,
            };
            let found = self.engine().orders_in(campaign, page).await.unwrap().items;
            if found.is_empty() {
                return orders;
            }
            orders.extend(found);
        }
    }

    /// Where the hot counter has the units: available, held, sold.
    pub(crate) async fn level(&self, campaign: CampaignId) -> [u32; 3] {
        figures(self.engine().gate_stats(campaign).await.unwrap().level)
    }
}

pub(crate) fn figures(level: Level) -> [u32; 3] {
    [level.available, level.held, level.sold].map(Units::get)
}

/// A client that keeps one connection alive.
pub(crate) fn client() -> Client {
    let client = Client::builder().no_proxy().pool_max_idle_per_host(1);
    client.build().unwrap()
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap())
}

/// Asks until `is_so`, with a deadline.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let poll = async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, poll).await.is_ok(), "not so: {what}");
}
