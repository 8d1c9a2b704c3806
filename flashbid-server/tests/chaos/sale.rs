//! A sale that two servers hold while disasters happen, and everything that must be true of it afterwards.

use std::io::BufRead;
use std::time::Duration;

use flashbid_core::id::CampaignId;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_postgres::PostgresLedger;
use flashbid_server::wire::Time;
use flashbid_testbed::Redis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::bidders::{Bidders, Doors};
use crate::evidence::Evidence;
use crate::follower::Follower;
use crate::people::{Login, Seeded, client, log_in, post, seed, settled, until};
use crate::program::{Running, program, stdout};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(90);

const BIDDERS: u32 = 8;
const UNITS: usize = 5;

/// Where a server finds its stores, its own proxies between.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) hot: String,
    pub(crate) ledger: String,
}

/// A campaign that is under way, with bidders at two servers and a follower at the second.
pub(crate) struct Sale {
    directory: TempDir,
    /// Where to migrate and to look for evidence, whatever lies between the servers and their ledger.
    ledger: String,
    ways: [Way; 2],
    servers: [Option<Running>; 2],
    doors: Doors,
    admin: Login,
    tokens: Vec<String>,
    campaign: CampaignId,
    ends: Timestamp,
    bidders: Bidders,
    follower: Follower,
    pub(crate) random: StdRng,
}

impl Sale {
    /// Starts the servers and the bidding, which lasts for `lasts`.
    pub(crate) async fn begin(ledger: &str, ways: [Way; 2], lasts: Duration) -> Self {
        let mut random = StdRng::seed_from_u64(seed());
        let directory = tempfile::tempdir().unwrap();
        let options = ["--ledger", ledger];
        let seeded = Seeded::new(&directory, &options, BIDDERS, 1, "1h");
        let servers = [&ways[0], &ways[1]].map(|way| start(&directory, ledger, way));
        let doors = Doors::closed(2);
        let http = client();
        let base = format!("http://{}/api/v1", servers[0].address);
        let admin = log_in(&http, &base, &seeded.admin).await;
        let mut tokens = Vec::new();
        for user in &seeded.users {
            tokens.push(log_in(&http, &base, user).await);
        }
        let product = json!({"name": "Lamp", "stock": UNITS, "min_price": 1});
        let product = post(&http, &format!("{base}/products"), &admin, &product).await;
        let start = SystemClock.now();
        let ends = start.after(lasts);
        let campaign = json!({
            "product_id": product["product_id"],
            "start_time": Time(start),
            "end_time": Time(ends),
            "quota": UNITS,
        });
        let campaign = post(&http, &format!("{base}/campaigns"), &admin, &campaign).await;
        let campaign = campaign["campaign_id"].as_str().unwrap().parse().unwrap();
        for (number, server) in servers.iter().enumerate() {
            doors.open(number, server.address);
        }
        Self {
            bidders: Bidders::start(campaign, &tokens, &doors, random.random()),
            follower: Follower::start(campaign, &tokens[0], &doors, 1),
            directory,
            ledger: ledger.to_owned(),
            ways,
            servers: servers.map(Some),
            doors,
            admin: seeded.admin,
            tokens,
            campaign,
            ends,
            random,
        }
    }

    /// How long it still takes bids.
    pub(crate) fn left(&self) -> Duration {
        until(self.ends)
    }

    /// Waits for a while of a random length, in milliseconds.
    pub(crate) async fn pause(&mut self, millis: std::ops::Range<u64>) {
        let pause = self.random.random_range(millis);
        sleep(Duration::from_millis(pause)).await;
    }

    /// Waits until bids are acknowledged again, which proves that what was broken has been mended.
    pub(crate) async fn recovered(&self) {
        let before = self.bidders.acknowledged().len();
        let more = async {
            while self.bidders.acknowledged().len() <= before && !self.left().is_zero() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let recovered = timeout(PATIENCE, more).await;
        recovered.expect("bids are acknowledged again");
    }

    /// The last sequence of the book in a Redis, be it a copy.
    pub(crate) fn last_sequence(&self, redis: &Redis) -> u64 {
        let key = format!("campaign:{{{}}}", self.campaign);
        let last = redis.call(&["HGET", &key, "last"]).unwrap().text();
        last.parse().unwrap_or(0)
    }

    /// Ends a server with SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        self.doors.close(number);
        let mut server = self.servers[number].take().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }

    /// Starts a server that was killed.
    pub(crate) fn start_again(&mut self, number: usize) {
        let server = start(&self.directory, &self.ledger, &self.ways[number]);
        self.doors.open(number, server.address);
        self.servers[number] = Some(server);
    }

    /// Stops a server where it is, whatever it is about to do.
    pub(crate) fn freeze(&self, number: usize) {
        self.doors.close(number);
        self.servers[number].as_ref().unwrap().signal("-STOP");
    }

    /// Lets a server go on after [`Sale::freeze`].
    pub(crate) fn thaw(&self, number: usize) {
        let server = self.servers[number].as_ref().unwrap();
        server.signal("-CONT");
        self.doors.open(number, server.address);
    }

    /// Waits for the end and the settlement, and checks all of it from the ledger, over HTTP at both servers, by what
    /// the follower was told, and with `flashbid-server verify`.
    pub(crate) async fn check(self) {
        let bases = self.servers.each_ref().map(|server| {
            let address = server.as_ref().unwrap().address;
            format!("http://{address}/api/v1")
        });
        let orders = timeout(PATIENCE, async {
            let first = settled(&bases[0], &self.admin, self.campaign).await;
            let second = settled(&bases[1], &self.admin, self.campaign).await;
            assert_eq!(first, second, "the servers tell of different orders");
            first
        });
        let orders = orders.await.expect("it is settled");
        self.bidders.finished(PATIENCE).await;
        let ledger = PostgresLedger::connect(&self.ledger).await.unwrap();
        let evidence = Evidence::gather(&ledger, self.campaign).await;
        for server in self.servers.iter().flatten() {
            evidence
                .check(&self.bidders, &self.tokens, server.address)
                .await;
        }
        evidence.check_orders(UNITS);
        let told = timeout(PATIENCE, self.follower.finished()).await;
        let told = told.expect("the follower is told of the end");
        evidence.check_told(&self.tokens[0], &told, &bases[0]).await;
        let acknowledged = self.bidders.acknowledged().len();
        println!("{acknowledged} bids acknowledged");
        assert!(acknowledged > 100, "hardly a bid: {acknowledged}");

        let again = settled(&bases[1], &self.admin, self.campaign).await;
        assert_eq!(again, orders, "settled a second time");
        let campaign = self.campaign.to_string();
        let arguments = ["verify", &campaign, "--ledger", &self.ledger];
        let verdict = program(&self.directory, &arguments).output().unwrap();
        assert_eq!(verdict.status.code(), Some(0), "{verdict:?}");
        assert!(stdout(&verdict).contains(", settled: "), "{verdict:?}");
    }
}

/// Starts a server; what it logs is shown when its test fails.
fn start(directory: &TempDir, ledger: &str, way: &Way) -> Running {
    let mut command = program(
        directory,
        &[
            "--hot",
            &way.hot,
            "--ledger",
            &way.ledger,
            "--migrate-url",
            ledger,
            "--ledger-connections",
            "6",
            "--settlement-interval",
            "50ms",
            "--ranking-interval",
            "100ms",
            "--lease",
            "1s",
        ],
    );
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
