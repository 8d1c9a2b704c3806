//! What survives `kill -9` of the server, on the embedded default.

#[path = "crash/bidders.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod bidders;
#[path = "crash/evidence.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod evidence;
#[path = "crash/people.rs"]
mod people;
#[path = "commands/program.rs"]
#[allow(dead_code, reason = "it is shared; some of it is of no use here")]
mod program;

use std::collections::HashMap;
use std::time::Duration;

use flashbid_core::campaign::Phase;
use flashbid_core::id::CampaignId;
use flashbid_core::order::Order;
use flashbid_core::store::{Ledger, Page};
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_server::wire::Time;
use flashbid_sqlite::SqliteLedger;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use bidders::{Bidders, Doors};
use evidence::Evidence;
use people::{Seeded, client, log_in, post, seed, settled, until};
use program::{Running, program, run, stdout};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running sale, whichever process serves it.
struct Sale {
    directory: TempDir,
    seeded: Seeded,
}

impl Sale {
    fn begin(users: u32, units: u32, lasts: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            seeded: Seeded::new(&directory, &[], users, units, lasts),
            directory,
        }
    }

    async fn evidence(&self, campaign: CampaignId) -> Evidence {
        let file = self.directory.path().join("flashbid.db");
        let ledger = SqliteLedger::open_read_only(file).unwrap();
        Evidence::gather(&ledger, campaign).await
    }

    /// Waits until a settlement is half-way, for `patience` at most.
    async fn half_way(&self, patience: Duration) {
        let file = self.directory.path().join("flashbid.db");
        let ledger = SqliteLedger::open_read_only(file).unwrap();
        let page = Page {
            skip: 0,
            limit: 100,
        };
        let look = async {
            loop {
                let unsettled = ledger.unsettled(SystemClock.now(), page).await.unwrap();
                if unsettled
                    .iter()
                    .any(|campaign| campaign.phase == Phase::Sealing)
                {
                    break;
                }
            }
        };
        // A life in which none is caught is as good as any other.
        let _ = timeout(patience, look).await;
    }

    /// How long it still takes bids.
    fn left(&self) -> Duration {
        until(self.seeded.ends)
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
        let admin = log_in(&http, &base, &self.seeded.admin).await;
        let mut tokens = Vec::new();
        for user in &self.seeded.users {
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
        let base = format!("http://{}/api/v1", server.address);
        let settled = settled(&base, &self.seeded.admin, campaign);
        timeout(PATIENCE, settled).await.expect("it is settled")
    }

    /// Proves a campaign from its file.
    fn verify(&self, campaign: CampaignId) {
        let verdict = run(&self.directory, &["verify", &campaign.to_string()]);
        assert_eq!(verdict.status.code(), Some(0), "{verdict:?}");
        assert!(stdout(&verdict).contains(", settled: "), "{verdict:?}");
    }
}

fn kill(mut server: Running) {
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

fn random() -> StdRng {
    StdRng::seed_from_u64(seed())
}

/// Without the ledger behind each acknowledgement, and the book rebuilt from it, a bid that was told as accepted is
/// gone after a crash, or counted twice when its bidder asks again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_20_times_loses_no_acknowledged_bid_and_settles_once() {
    const KILLS: usize = 20;
    const AROUND_THE_END: usize = 4;
    let mut random = random();
    let sale = Sale::begin(16, 5, "30s");
    let doors = Doors::closed(1);
    let mut server = sale.serve();
    let base = format!("http://{}/api/v1", server.address);
    let http = client();
    let mut tokens = Vec::new();
    for user in &sale.seeded.users {
        tokens.push(log_in(&http, &base, user).await);
    }
    let bidders = Bidders::start(sale.seeded.campaign, &tokens, &doors, random.random());

    for _ in 0..KILLS {
        doors.open(0, server.address);
        sleep(Duration::from_millis(random.random_range(20..700))).await;
        assert!(
            !sale.left().is_zero(),
            "the machine is too slow for this test"
        );
        kill(server);
        doors.close(0);
        server = sale.serve();
        sale.evidence(sale.seeded.campaign)
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
        doors.open(0, server.address);
        let left = sale.left();
        sleep(left + Duration::from_millis(random.random_range(0..60))).await;
        kill(server);
        doors.close(0);
        server = sale.serve();
    }
    doors.open(0, server.address);
    let answered = sale.settled(&server, sale.seeded.campaign).await;
    bidders.finished(PATIENCE).await;
    let evidence = sale.evidence(sale.seeded.campaign).await;
    evidence.check(&bidders, &tokens, server.address).await;
    evidence.check_orders(5);
    assert!(
        bidders.acknowledged().len() > 500,
        "hardly a bid: {}",
        bidders.acknowledged().len()
    );

    kill(server);
    sale.verify(sale.seeded.campaign);
    let server = sale.serve();
    let again = sale.settled(&server, sale.seeded.campaign).await;
    assert_eq!(again, answered, "settled a second time");
    let again = sale.evidence(sale.seeded.campaign).await;
    again.check(&bidders, &tokens, server.address).await;
    kill(server);
    sale.verify(sale.seeded.campaign);
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
    let left = || until(end);
    assert!(!left().is_zero(), "the machine is too slow for this test");

    sleep(left().saturating_sub(Duration::from_millis(5))).await;
    let mut settled: HashMap<CampaignId, Vec<Order>> = HashMap::new();
    let (mut interrupted, mut over) = (0, 0);
    for life in 0..LIVES {
        // One life ends at any time, a little later each; the next as soon as it is in the middle.
        let moment = Duration::from_millis(3 * life + random.random_range(0..3));
        if life % 2 == 0 {
            sleep(moment).await;
        } else {
            sale.half_way(moment.max(Duration::from_millis(50))).await;
        }
        kill(server);
        let mut half_way = false;
        for campaign in &campaigns {
            let evidence = sale.evidence(*campaign).await;
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
