//! The sale, the processes that hold it, and everything that must be true of it afterwards.

use std::io::BufRead;
use std::time::Duration;

use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::time::{Clock, SystemClock};
use flashbid_server::wire::Time;
use flashbid_testbed::Redis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use super::buyers::{Buyers, patient_client};
use super::people::{Seeded, client, log_in, post, seed};
use super::program::{Running, program, stdout};
use super::progress::{Shared, Step};
use super::restocking::Restocking;
use super::truth::Truth;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_mins(1);

const BUYERS: u32 = 12;
/// So few that they are sold out again and again.
const UNITS: u32 = 90;
const LIMIT: u32 = 16;
/// How long a buyer has to pay, in seconds.
const TO_PAY: u32 = 2;
/// Units of the product that no campaign was promised, at the beginning.
const ASIDE: u32 = 5;

/// A campaign that is under way, with its servers, its buyers and an administrator who restocks.
pub(crate) struct Sale {
    directory: TempDir,
    stores: Vec<String>,
    servers: Vec<Option<Running>>,
    pub(crate) shared: Shared,
    admin: String,
    tokens: Vec<String>,
    campaign: CampaignId,
    product: ProductId,
    buyers: Buyers,
    restocking: Restocking,
    pub(crate) random: StdRng,
}

impl Sale {
    /// Begins with so many servers, on the stores that `stores` name as options; a ledger in a file is in the directory
    /// that the programs run in.
    pub(crate) async fn begin(servers: usize, stores: &[&str]) -> Self {
        let mut random = StdRng::seed_from_u64(seed());
        let directory = tempfile::tempdir().unwrap();
        let stores: Vec<String> = stores.iter().map(|&option| option.to_owned()).collect();
        let options: Vec<&str> = stores.iter().map(String::as_str).collect();
        let seeded = Seeded::new(&directory, &options, BUYERS, 1, "1h");
        let servers: Vec<_> = (0..servers)
            .map(|_| Some(start(&directory, &stores)))
            .collect();
        let http = client();
        let base = format!("http://{}/api/v1", servers[0].as_ref().unwrap().address);
        let admin = log_in(&http, &base, &seeded.admin).await;
        let mut tokens = Vec::new();
        for user in &seeded.users {
            tokens.push(log_in(&http, &base, user).await);
        }
        let product = json!({"name": "Lamp", "stock": UNITS + ASIDE, "min_price": 1});
        let product = post(&http, &format!("{base}/products"), &admin, &product).await;
        let product = product["product_id"].as_str().unwrap();
        let now = SystemClock.now();
        let campaign = json!({
            "product_id": product,
            "start_time": Time(now),
            "end_time": Time(now.after(Duration::from_hours(1))),
            "format": "first_come",
            "price": "19.90",
            "quota": UNITS,
            "per_buyer_limit": LIMIT,
            "payment_deadline": TO_PAY,
        });
        let campaign = post(&http, &format!("{base}/campaigns"), &admin, &campaign).await;
        let campaign = campaign["campaign_id"].as_str().unwrap().parse().unwrap();
        let shared = Shared::default();
        for (number, server) in servers.iter().enumerate() {
            shared.set_server(number, server.as_ref().map(|server| server.address));
        }
        Self {
            buyers: Buyers::start(campaign, &tokens, &shared, random.random()),
            restocking: Restocking::start(product, &admin, &shared, random.random()),
            product: product.parse().unwrap(),
            directory,
            stores,
            servers,
            shared,
            admin,
            tokens,
            campaign,
            random,
        }
    }

    /// Waits until somebody comes to a step, not always the next one.
    pub(crate) async fn reached(&mut self, step: Step) {
        if [Step::Paying, Step::Paid].contains(&step) {
            self.buyers.payments.add_permits(3);
        }
        let times = self.random.random_range(1..=3);
        let reached = timeout(PATIENCE, self.shared.reached(step, times)).await;
        reached.unwrap_or_else(|_| panic!("nobody comes to {step:?}"));
    }

    /// Waits until purchases are acknowledged again, which proves that what was broken has been mended.
    pub(crate) async fn recovered(&self) {
        let recovered = timeout(PATIENCE, self.shared.reached(Step::Bought, 2)).await;
        recovered.expect("purchases are acknowledged again");
    }

    /// Ends every server with SIGKILL.
    pub(crate) fn kill_all(&mut self) {
        (0..self.servers.len()).for_each(|number| self.kill(number));
    }

    /// Starts every server that was killed.
    pub(crate) fn start_all_again(&mut self) {
        (0..self.servers.len()).for_each(|number| self.start_again(number));
    }

    /// How many purchases wait in a Redis to become orders.
    pub(crate) fn waiting(&self, redis: &Redis) -> u32 {
        let key = format!("pending:{{{}}}", self.campaign);
        let waiting = redis.call(&["ZCARD", &key]).unwrap().text();
        waiting.parse().unwrap()
    }

    /// Ends a server with SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        self.shared.set_server(number, None);
        let mut server = self.servers[number].take().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }

    /// Starts a server that was killed.
    pub(crate) fn start_again(&mut self, number: usize) {
        let server = start(&self.directory, &self.stores);
        self.shared.set_server(number, Some(server.address));
        self.servers[number] = Some(server);
    }

    /// Waits until everybody knows what became of everything, and checks all of it. `level` asks where the hot store has
    /// the units, when everything has been repaired, if that can be asked.
    pub(crate) async fn check(mut self, level: impl FnOnce(CampaignId) -> Option<[u32; 3]>) {
        self.shared.end();
        let finished = timeout(PATIENCE, self.buyers.finished()).await;
        finished.expect("every buyer has its answers");
        let restocked = timeout(PATIENCE, self.restocking.finished()).await;
        let restocked = restocked.expect("the deliveries are noted");
        let http = patient_client();
        let base = format!(
            "http://{}/api/v1",
            self.servers[0].as_ref().unwrap().address
        );
        self.await_orders(&http, &base).await;

        let truth = Truth::gather(&self.stores, &self.directory, self.campaign, self.product).await;
        let mut users = Vec::new();
        for token in &self.tokens {
            let user = get(&http, &format!("{base}/auth/me"), token).await;
            users.push(user["user_id"].as_str().unwrap().parse().unwrap());
        }
        truth.check(&self.buyers.facts.lock().unwrap(), &users, LIMIT);
        assert_eq!(truth.product.loaded(), u64::from(UNITS + ASIDE + restocked));
        assert_eq!(truth.product.available.get(), ASIDE + restocked);

        // An operator audits, and repairs what the disasters left in the hot store.
        let campaign = self.campaign.to_string();
        self.run(&["verify", &campaign], "consistent");
        let reconcile = format!("{base}/campaigns/{campaign}/reconcile");
        if self.stores.is_empty() {
            let fixed = self.post(&http, &reconcile, &json!({"fix": true})).await;
            assert_eq!(fixed["left"], json!([]), "{fixed}");
        } else {
            self.run(&["reconcile", &campaign, "--fix"], " 0 left");
            self.run(&["reconcile", &campaign], " 0 discrepancies found");
        }
        let found = self.post(&http, &reconcile, &json!({"fix": false})).await;
        assert_eq!(found["found"], json!([]), "{found}");
        if let Some(level) = level(self.campaign) {
            assert_eq!(level, truth.level());
        }
        self.sell_out(&http, &base, truth.level()[0]).await;
    }

    /// Waits until no order can be paid any more.
    async fn await_orders(&self, http: &Client, base: &str) {
        let url = format!("{base}/orders/campaign/{}?limit=1000", self.campaign);
        let no_more = async {
            loop {
                let (mut skip, mut pending) = (0, 0);
                loop {
                    let page = get(http, &format!("{url}&skip={skip}"), &self.admin).await;
                    let orders = page["orders"].as_array().unwrap();
                    let is_pending = |order: &&Value| order["status"] == "pending_payment";
                    pending += orders.iter().filter(is_pending).count();
                    skip += orders.len();
                    assert_eq!(page["is_consistent"], true, "not consistent");
                    if orders.is_empty() {
                        break;
                    }
                }
                if pending == 0 {
                    break;
                }
            }
        };
        let no_more = timeout(PATIENCE, no_more).await;
        no_more.expect("every order is paid or over");
    }

    /// Buys and pays what is left, unit by unit: there is exactly so much.
    async fn sell_out(&self, http: &Client, base: &str, left: u32) {
        let (mut bought, wanted) = (0, json!({"campaign_id": self.campaign.to_string()}));
        for token in &self.tokens {
            for number in 0..LIMIT {
                let request = http.post(format!("{base}/purchases")).bearer_auth(token);
                let request = request.header("idempotency-key", format!("rest-{number}"));
                let answer = request.json(&wanted).send().await.unwrap();
                if answer.status() == 202 {
                    let held: Value = answer.json().await.unwrap();
                    let order = held["hold_id"].as_str().unwrap();
                    let pay = http.post(format!("{base}/orders/{order}/pay"));
                    let paid = pay.bearer_auth(token).send().await.unwrap();
                    assert_eq!(paid.status(), 200);
                    bought += 1;
                }
            }
        }
        assert_eq!(bought, left, "not what the ledger has available");
        let audit = format!("{base}/orders/campaign/{}", self.campaign);
        let audit = get(http, &audit, &self.admin).await;
        assert_eq!(audit["is_consistent"], true);
    }

    async fn post(&self, http: &Client, url: &str, body: &Value) -> Value {
        let request = http.post(url).bearer_auth(&self.admin).json(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Runs a command beside the servers; it succeeds and says so.
    fn run(&self, command: &[&str], says: &str) {
        let mut arguments = command.to_vec();
        arguments.extend(self.stores.iter().map(String::as_str));
        let output = program(&self.directory, &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}: {output:?}");
        assert!(stdout(&output).contains(says), "{command:?}: {output:?}");
    }
}

/// Starts a server; what it logs is shown when its test fails.
fn start(directory: &TempDir, stores: &[String]) -> Running {
    let mut arguments = vec![
        "--settlement-interval",
        "50ms",
        "--reconcile-interval",
        "1h",
    ];
    arguments.extend(stores.iter().map(String::as_str));
    let mut command = program(directory, &arguments);
    command.env("FLASHBID_LOG", "warn");
    let mut server = Running::start(command);
    let log = server.child.stderr.take().unwrap();
    let address = server.address;
    std::thread::spawn(move || {
        for line in std::io::BufReader::new(log).lines().map_while(Result::ok) {
            println!("{address}: {line}");
        }
    });
    server
}

async fn get(http: &Client, url: &str, token: &str) -> Value {
    let answer = http.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.unwrap()
}
