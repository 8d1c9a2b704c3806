//! What survives `kill -9` of the server, on the embedded default.

#[path = "crash/bidders.rs"]
mod bidders;
#[path = "crash/evidence.rs"]
mod evidence;
#[path = "commands/program.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod program;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use flashbid_core::campaign::Phase;
use flashbid_core::id::CampaignId;
use flashbid_core::order::Order;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_server::wire::Time;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use bidders::{Bidders, Door};
use evidence::Evidence;
use program::{Running, program, run, stdout};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running sale, whichever process serves it.
struct Sale {
    directory: TempDir,
    campaign: CampaignId,
    ends: Timestamp,
    admin: Login,
    users: Vec<Login>,
}

#[derive(Clone, Debug)]
struct Login {
    email: String,
    password: String,
}

impl Sale {
    fn begin(users: u32, units: u32, lasts: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (users, units) = (users.to_string(), units.to_string());
        let made = run(
            &directory,
            &[
                "seed",
                "--users",
                &users,
                "--stock",
                &units,
                "--duration",
                lasts,
            ],
        );
        assert!(made.status.success(), "{made:?}");
        let made: Value = serde_json::from_str(&stdout(&made)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let login = |user: &Value, password: &Value| Login {
            email: text(&user["email"]),
            password: text(password),
        };
        let ends: jiff::Timestamp = text(&made["end_time"]).parse().unwrap();
        Self {
            campaign: text(&made["campaign_id"]).parse().unwrap(),
            ends: Timestamp::from_millis(ends.as_millisecond()),
            admin: login(&made["admin"], &made["admin"]["password"]),
            users: made["users"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| login(user, &made["user_password"]))
                .collect(),
            directory,
        }
    }

    fn ledger(&self) -> PathBuf {
        self.directory.path().join("flashbid.db")
    }

    /// How long it still takes bids.
    fn left(&self) -> Duration {
        Duration::from_millis(self.ends.millis_since(SystemClock.now()))
    }

    /// Starts a server on the sale's file.
    fn serve(&self) -> Running {
        let mut command = program(&self.directory, &["--settlement-interval", "10ms"]);
        // Nobody reads its log, and a full pipe would stop it.
        command.env("FLASHBID_LOG", "off");
        Running::start(command)
    }

    /// Makes campaigns that all end at once, each with a bid of every user.
    async fn many_with_one_end(
        &self,
        server: &Running,
        count: usize,
        units: usize,
    ) -> (Vec<CampaignId>, Timestamp) {
        let http = client();
        let base = format!("http://{}/api/v1", server.address);
        let admin = log_in(&http, &base, &self.admin).await;
        let mut tokens = Vec::new();
        for user in &self.users {
            tokens.push(log_in(&http, &base, user).await);
        }
        let product = json!({"name": "Lamp", "stock": count * units, "min_price": 1});
        let product = post(&http, &format!("{base}/products"), &admin, &product).await;
        let start = SystemClock.now();
        let end = start.after(Duration::from_secs(8));
        let mut campaigns = Vec::new();
        for _ in 0..count {
            let campaign = json!({
                "product_id": product["product_id"],
                "start_time": Time(start),
                "end_time": Time(end),
                "quota": units,
            });
            let campaign = post(&http, &format!("{base}/campaigns"), &admin, &campaign).await;
            let id = campaign["campaign_id"].as_str().unwrap().parse().unwrap();
            for (price, token) in (10..).zip(&tokens) {
                let bid = json!({"campaign_id": campaign["campaign_id"], "price": price});
                post(&http, &format!("{base}/bids"), token, &bid).await;
            }
            campaigns.push(id);
        }
        (campaigns, end)
    }

    /// Waits until the orders of a campaign are made, and answers them.
    async fn settled(&self, server: &Running, campaign: CampaignId) -> Value {
        let http = client();
        let base = format!("http://{}/api/v1", server.address);
        let settled = async {
            loop {
                let campaign = http.get(format!("{base}/campaigns/{campaign}"));
                let campaign: Value = campaign.send().await.unwrap().json().await.unwrap();
                if campaign["settled"] == true {
                    break;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, settled).await.expect("it is settled");
        let admin = log_in(&http, &base, &self.admin).await;
        let orders = http.get(format!("{base}/orders/campaign/{campaign}"));
        let orders = orders.bearer_auth(admin).send().await.unwrap();
        let orders: Value = orders.json().await.unwrap();
        assert_eq!(orders["is_consistent"], true, "{orders}");
        orders
    }

    /// Proves a campaign from its file.
    fn verify(&self, campaign: CampaignId) {
        let verdict = run(&self.directory, &["verify", &campaign.to_string()]);
        assert_eq!(verdict.status.code(), Some(0), "{verdict:?}");
        assert!(stdout(&verdict).contains(", settled: "), "{verdict:?}");
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn log_in(http: &reqwest::Client, base: &str, login: &Login) -> String {
    let login = json!({"email": login.email, "password": login.password});
    let session = http.post(format!("{base}/auth/login")).json(&login);
    let session: Value = session.send().await.unwrap().json().await.unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

async fn post(http: &reqwest::Client, url: &str, token: &str, body: &Value) -> Value {
    let answer = http.post(url).bearer_auth(token).json(body).send().await;
    let answer = answer.unwrap();
    let status = answer.status();
    let answer = answer.json().await.unwrap();
    assert_eq!(status, 201, "{answer}");
    answer
}

fn kill(mut server: Running) {
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

fn random() -> StdRng {
    let seed = rand::random();
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// Without the ledger behind each acknowledgement, and the book rebuilt from it, a bid that was told as accepted is
/// gone after a crash, or counted twice when its bidder asks again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_20_times_loses_no_acknowledged_bid_and_settles_once() {
    const KILLS: usize = 20;
    const AROUND_THE_END: usize = 4;
    let mut random = random();
    let sale = Sale::begin(16, 5, "30s");
    let door = Door::default();
    let mut server = sale.serve();
    let base = format!("http://{}/api/v1", server.address);
    let http = client();
    let mut tokens = Vec::new();
    for user in &sale.users {
        tokens.push(log_in(&http, &base, user).await);
    }
    let bidders = Bidders::start(sale.campaign, &tokens, &door, random.random());

    for _ in 0..KILLS {
        door.open(server.address);
        sleep(Duration::from_millis(random.random_range(20..700))).await;
        assert!(
            !sale.left().is_zero(),
            "the machine is too slow for this test"
        );
        kill(server);
        door.close();
        server = sale.serve();
        Evidence::gather(&sale.ledger(), sale.campaign)
            .await
            .check(&bidders, &tokens, server.address)
            .await;
    }
    println!(
        "{} bids acknowledged over {KILLS} kills, {:?} before the end",
        bidders.acknowledged().len(),
        sale.left()
    );
    // The window closes while bids are under way, and the settlement is killed as well.
    for _ in 0..AROUND_THE_END {
        door.open(server.address);
        let left = sale.left();
        sleep(left + Duration::from_millis(random.random_range(0..60))).await;
        kill(server);
        door.close();
        server = sale.serve();
    }
    door.open(server.address);
    let answered = sale.settled(&server, sale.campaign).await;
    let acknowledged = timeout(PATIENCE, bidders.finished()).await;
    acknowledged.expect("every bidder has its answers");
    let evidence = Evidence::gather(&sale.ledger(), sale.campaign).await;
    evidence.check(&bidders, &tokens, server.address).await;
    evidence.check_orders(5);
    assert!(
        bidders.acknowledged().len() > 500,
        "hardly a bid: {}",
        bidders.acknowledged().len()
    );

    kill(server);
    sale.verify(sale.campaign);
    let server = sale.serve();
    let again = sale.settled(&server, sale.campaign).await;
    assert_eq!(again, answered, "settled a second time");
    let again = Evidence::gather(&sale.ledger(), sale.campaign).await;
    again.check(&bidders, &tokens, server.address).await;
    kill(server);
    sale.verify(sale.campaign);
}

/// Without one transaction under a fence, a settlement that dies half-way leaves winners without an order, or makes
/// the orders of a second attempt beside those of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_again_and_again_at_the_deadline_settles_once() {
    const CAMPAIGNS: usize = 30;
    const UNITS: usize = 3;
    const LIVES: u64 = 50;
    let mut random = random();
    let sale = Sale::begin(6, 1, "1h");
    let mut server = sale.serve();
    let (campaigns, end) = sale.many_with_one_end(&server, CAMPAIGNS, UNITS).await;
    let left = || Duration::from_millis(end.millis_since(SystemClock.now()));
    assert!(!left().is_zero(), "the machine is too slow for this test");

    sleep(left().saturating_sub(Duration::from_millis(5))).await;
    let mut settled: HashMap<CampaignId, Vec<Order>> = HashMap::new();
    let (mut interrupted, mut over) = (0, 0);
    for life in 0..LIVES {
        // A little longer each time: sooner or later one ends in the middle.
        sleep(Duration::from_millis(3 * life + random.random_range(0..3))).await;
        kill(server);
        let mut half_way = false;
        for campaign in &campaigns {
            let evidence = Evidence::gather(&sale.ledger(), *campaign).await;
            half_way |= evidence.phase() == Phase::Sealing;
            if evidence.phase() != Phase::Settled {
                assert_eq!(evidence.orders(), [], "orders before the settlement");
                continue;
            }
            evidence.check_orders(UNITS);
            let before = settled.entry(*campaign);
            let before = before.or_insert_with(|| evidence.orders().to_vec());
            assert_eq!(before, evidence.orders(), "settled a second time");
        }
        interrupted += usize::from(half_way);
        over += usize::from(settled.len() == CAMPAIGNS);
        server = sale.serve();
        if over == 3 {
            break;
        }
    }
    for campaign in campaigns {
        sale.settled(&server, campaign).await;
        sale.verify(campaign);
    }
    assert!(
        interrupted > 0,
        "no life ended in the middle of a settlement"
    );
    kill(server);
}
