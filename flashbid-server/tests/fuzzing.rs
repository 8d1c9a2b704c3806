//! The API, asked what its own document allows and what it forbids: no answer is outside the document, and none is a
//! failure of the server. The requests are made by schemathesis, from the seed in `tools/schemathesis`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use flashbid_server::Server;
use flashbid_server::accounts::Password;
use flashbid_server::config::{Config, LedgerUrl, RateLimits, Secret};
use flashbid_testbed::{Postgres, Redis};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(30);

const ADMIN: &str = "admin@flashbid.local";
const USER: &str = "ada@fuzzing.example";
const PASSWORD: &str = "open sesame";

/// Campaigns of which the user has won a unit.
const WON: usize = 6;

/// What no well-formed request alone can succeed with.
const NEVER_SUCCEEDS: [&str; 4] = [
    "GET /ws/{campaign_id}",
    // It must be signed.
    "POST /api/v1/payments/webhook",
    // A ledger must have failed before.
    "POST /api/v1/dead-letters/{hold_id}/replay",
    "DELETE /api/v1/dead-letters/{hold_id}",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_memory_and_sqlite_is_outside_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    config.ledger = LedgerUrl::Sqlite(folder.path().join("flashbid.db"));
    fuzz(&config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_redis_and_postgresql_is_outside_the_document() {
    let redis = Redis::start();
    let mut config = config();
    config.hot = redis.url().parse().unwrap();
    config.ledger = Postgres::shared().database().parse().unwrap();
    config.ledger_connections = 4;
    fuzz(&config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_one_of_openapi() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    config.ledger = LedgerUrl::Sqlite(folder.path().join("flashbid.db"));
    let server = Server::start(&config).await.unwrap();
    let document = Api::of(&server).get("/api/v1/openapi.json", None).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let mut validator = Command::new(program("openapi-spec-validator"));
    let output = validator.arg(&file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    server.stop().await;
}

/// A server that limits nobody: what is refused for being too much is not looked into.
fn config() -> Config {
    let mut config = Config::default();
    "127.0.0.1:0".clone_into(&mut config.listen);
    config.admin_password = Some(Password::new(Secret::new(PASSWORD)).unwrap());
    config.settlement_interval = Duration::from_millis(100);
    config.login_attempts = 1_024;
    config.limits = RateLimits::OFF;
    config.webhook_secret = Some(Secret::new("a secret of webhooks"));
    config
}

async fn fuzz(config: &Config) {
    let server = Server::start(config).await.unwrap();
    let client = Api::of(&server);
    let admin = client.login(ADMIN).await;
    let registration = json!({"email": USER, "password": PASSWORD, "username": "Ada"});
    let register = "/api/v1/auth/register";
    client.post(register, None, registration).await;
    let user = client.login(USER).await;
    let seeds = client.furnish(&admin, &user).await;

    let document = client.get("/api/v1/openapi.json", None).await;
    let mut untouched = operations(&document);
    for (who, token) in [
        ("user", Some(user)),
        ("admin", Some(admin)),
        ("nobody", None),
    ] {
        let (seeds, url) = (seeds.clone(), client.url("/api/v1/openapi.json"));
        let run = move || run(&url, token.as_deref(), &seeds);
        let (report, answers) = tokio::task::spawn_blocking(run).await.unwrap();
        println!("as {who}:\n{report}");
        let answers =
            answers.unwrap_or_else(|| panic!("see the report of what {who} was answered"));
        for (operation, statuses) in answers {
            if statuses.keys().any(|status| status.starts_with('2')) {
                untouched.remove(&operation);
            }
        }
    }
    for operation in NEVER_SUCCEEDS {
        untouched.remove(operation);
    }
    assert!(
        untouched.is_empty(),
        "nobody succeeded with {untouched:?}: give what they need to `furnish`"
    );
    server.stop().await;
}

/// The operations of `document`, as schemathesis calls them.
fn operations(document: &Value) -> BTreeSet<String> {
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            operations.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    operations
}

/// How often each operation was answered with each status.
type Answers = BTreeMap<String, BTreeMap<String, u64>>;

/// Lets schemathesis ask everything in the document at `url`, in the name of the owner of `token`. Gives its report, and
/// the answers if it found nothing wrong with them.
fn run(url: &str, token: Option<&str>, seeds: &Value) -> (String, Option<Answers>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = TempDir::new().unwrap();
    let (given, tally) = (folder.path().join("seeds"), folder.path().join("tally"));
    std::fs::write(&given, seeds.to_string()).unwrap();
    let mut command = Command::new(program("schemathesis"));
    command
        .current_dir(folder.path())
        .env("FLASHBID_SEEDS", &given)
        .env("FLASHBID_TALLY", &tally)
        .env(
            "SCHEMATHESIS_HOOKS",
            root.join("tools/schemathesis/hooks.py"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("--no-color")
        .arg("--config-file")
        .arg(root.join("tools/schemathesis/schemathesis.toml"))
        .args(["run", url]);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let output = command.output().unwrap();
    let report = [output.stdout, output.stderr].concat();
    let report = String::from_utf8_lossy(&report)
        .lines()
        .map(short)
        .collect();
    let tally = || serde_json::from_slice(&std::fs::read(&tally).unwrap()).unwrap();
    (report, output.status.success().then(tally))
}

/// A line of a report without the bulk of a body.
fn short(line: &str) -> String {
    let letters: String = line.chars().take(1_000).collect();
    letters + "\n"
}

fn program(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/schemathesis/bin");
    let program = folder.join(name);
    assert!(program.exists(), "{name} is missing: run `make test-deps`");
    program
}

/// A client of the server.
struct Api {
    base: String,
    http: Client,
}

impl Api {
    fn of(server: &Server) -> Self {
        Self {
            base: format!("http://{}", server.address()),
            http: Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Value {
        self.ask(Method::GET, path, token, None).await
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Value {
        self.ask(Method::POST, path, token, Some(body)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let mut request = self.http.request(method, self.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn login(&self, email: &str) -> String {
        let login = json!({"email": email, "password": PASSWORD});
        let session = self.post("/api/v1/auth/login", None, login).await;
        session["access_token"].as_str().unwrap().to_owned()
    }

    /// Makes what requests can be about, and answers how `tools/schemathesis/hooks.py` finds it: values of the fields
    /// and parameters that name something, and fields of bodies by operation.
    async fn furnish(&self, admin: &str, user: &str) -> Value {
        let product = json!({"name": "Lamp", "stock": 1_000_000, "min_price": 1});
        let product = self.post("/api/v1/products", Some(admin), product).await;
        let product = &product["product_id"];

        // Each is won by its only bidder, as soon as it is over.
        for _ in 0..WON {
            let won = self.campaign(admin, product, Duration::from_secs(3)).await;
            let bid = json!({"campaign_id": won, "price": 5});
            self.post("/api/v1/bids", Some(user), bid).await;
        }
        let orders = async {
            loop {
                let mine = self.get("/api/v1/orders", Some(user)).await;
                if mine["total"] == WON {
                    return ids(&mine["orders"], "order_id");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut orders = timeout(PATIENCE, orders).await.expect("orders");

        let running = self.campaign(admin, product, Duration::from_hours(1)).await;
        let first_come = self.first_come(admin, product, 100_000).await;
        let (bought, cancelled) = (
            self.buy(user, &first_come).await,
            self.order_for_refund(admin, user, product).await,
        );
        orders.push(cancelled);
        let [starts, ends] = window(Duration::from_hours(1));
        json!({
            "fields": {
                "campaign_id": [running, first_come],
                "product_id": [product],
                "order_id": orders,
                "hold_id": [bought],
            },
            "bodies": {
                "login": [{"email": USER, "password": PASSWORD}],
                "add_campaign": [
                    {"alpha": 1, "beta": 1000, "gamma": 100},
                    {
                        "alpha": "0.5", "start_time": starts, "end_time": ends, "quota": 1,
                        "format": "ranked", "price": null, "per_buyer_limit": null,
                    },
                    {
                        "start_time": starts, "end_time": ends, "quota": 1,
                        "format": "first_come", "price": 5, "runners_up": null,
                    },
                ],
                "purchase": [{"campaign_id": first_come, "quantity": 1}],
                "purchase_cart": [
                    {"items": [{"campaign_id": first_come, "quantity": 1}]},
                    {"items": [{"campaign_id": first_come}]},
                ],
                "change_product": [
                    {"stock": null, "add_stock": 1, "remove_stock": null},
                    {"stock": null, "add_stock": null, "remove_stock": 1},
                ],
            },
        })
    }

    /// A first-come campaign of `units`.
    async fn first_come(&self, admin: &str, product: &Value, units: u32) -> Value {
        let [starts, ends] = window(Duration::from_hours(1));
        let campaign = json!({
            "product_id": product, "start_time": starts, "end_time": ends, "quota": units,
            "format": "first_come", "price": 5,
        });
        let campaign = self.post("/api/v1/campaigns", Some(admin), campaign).await;
        campaign["campaign_id"].clone()
    }

    /// Buys a unit, and answers the purchase, which is called as its order is.
    async fn buy(&self, user: &str, campaign: &Value) -> Value {
        let purchase = json!({ "campaign_id": campaign });
        let held = self.post("/api/v1/purchases", Some(user), purchase).await;
        held["hold_id"].clone()
    }

    /// An order of `user` whose unit somebody else has by now: it may be paid and called off as often as one likes.
    async fn order_for_refund(&self, admin: &str, user: &str, product: &Value) -> Value {
        let campaign = self.first_come(admin, product, 1).await;
        let order = self.buy(user, &campaign).await;
        let act = async |by: &str, order: &Value, action: &str| {
            let order = order.as_str().unwrap();
            let path = format!("/api/v1/orders/{order}/{action}");
            self.post(&path, Some(by), json!({})).await
        };
        act(user, &order, "cancel").await;
        let others = self.buy(admin, &campaign).await;
        act(admin, &others, "pay").await;
        let order = act(user, &order, "pay").await;
        assert_eq!(order["status"], "refund_due");
        order["order_id"].clone()
    }

    async fn campaign(&self, admin: &str, product: &Value, lasts: Duration) -> Value {
        let [starts, ends] = window(lasts);
        let campaign = json!({
            "product_id": product, "start_time": starts, "end_time": ends, "quota": 10,
        });
        let campaign = self.post("/api/v1/campaigns", Some(admin), campaign).await;
        campaign["campaign_id"].clone()
    }
}

/// From a while ago until `lasts` from now.
fn window(lasts: Duration) -> [String; 2] {
    let now = jiff::Timestamp::now();
    [now - Duration::from_mins(1), now + lasts].map(|time| time.to_string())
}

fn ids(list: &Value, name: &str) -> Vec<Value> {
    let list = list.as_array().unwrap();
    list.iter().map(|item| item[name].clone()).collect()
}
