//! Somebody changes the counter of a running sale by hand, in Redis.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::order::OrderStatus;
use flashbid_core::time::SystemClock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::shop::{Person, Shop, Stores, client, figures, until};

const BUYERS: usize = 12;

/// So few units that they are sold out again and again, while buyers call off what they bought and buy anew.
const FEW: u32 = 60;

/// More units than are sold while a test runs.
const MANY: u32 = 20_000;

/// What a buyer was told of a hold: how many units, and how its order ended, if it did.
type Told = HashMap<HoldId, (u32, OrderStatus)>;

/// A sale at which people buy without a pause.
struct Sale {
    stores: Stores,
    shop: Arc<Shop>,
    campaign: CampaignId,
    units: u32,
    crowd: Arc<Crowd>,
    buyers: Vec<JoinHandle<Told>>,
}

/// What the buyers are up to.
#[derive(Debug, Default)]
struct Crowd {
    is_over: AtomicBool,
    /// Whether they also pay, and call off what they bought. A unit that comes back corrects a counter that is too high.
    calls_off: AtomicBool,
    bought: AtomicUsize,
}

impl Sale {
    /// With `units`, of which a buyer may have an eighth, and a worker that repairs or only tells.
    async fn begin(units: u32, is_repairing: bool) -> Self {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let stores = Stores::shared();
        let shop = Shop::open(&stores, Arc::new(SystemClock), |config| {
            config.reconcile_interval = Duration::from_millis(100);
            config.reconcile_fix = is_repairing;
        });
        let shop = Arc::new(shop.await);
        let campaign = shop.sale(units, units, Some(units / 8)).await;
        let people = shop.people(BUYERS).await;
        let crowd: Arc<Crowd> = Arc::default();
        let buyers = people.into_iter().zip(seed..).map(|(person, seed)| {
            let buyer = Buyer {
                shop: Arc::clone(&shop),
                campaign,
                person,
                crowd: Arc::clone(&crowd),
                random: StdRng::seed_from_u64(seed),
            };
            tokio::spawn(buyer.buy_until_it_is_over())
        });
        let sale = Self {
            buyers: buyers.collect(),
            stores,
            shop: Arc::clone(&shop),
            campaign,
            units,
            crowd,
        };
        sale.calls_off(units == FEW);
        sale.goes_on().await;
        sale
    }

    /// Sends a command to Redis with the sale's key of a kind.
    fn meddle(&self, command: &str, kind: &str, rest: &[&str]) {
        let key = format!("{kind}:{{{}}}", self.campaign);
        let command = [&[command, &*key], rest].concat();
        let redis = self.stores.redis.as_ref().unwrap();
        println!("{command:?}: {:?}", redis.call(&command).unwrap());
    }

    fn calls_off(&self, calls_off: bool) {
        self.crowd.calls_off.store(calls_off, Ordering::Relaxed);
    }

    /// Waits until more is bought.
    async fn goes_on(&self) {
        let before = self.crowd.bought.load(Ordering::Relaxed);
        until("more is bought", async || {
            self.crowd.bought.load(Ordering::Relaxed) > before + 2 * BUYERS
        })
        .await;
    }

    /// Everything that was ever recorded, or what is still open.
    async fn discrepancies(&self, open: bool) -> Vec<Value> {
        let path = format!("/discrepancies?open={open}");
        let listed = self.shop.get(&client(), &self.shop.admin, &path).await;
        listed["discrepancies"].as_array().unwrap().clone()
    }

    /// Waits until a discrepancy was recorded in whose words `found` is.
    async fn recorded(&self, kind: &str, found: &str) {
        let is_it =
            |one: &Value| one["kind"] == kind && one["found"].as_str().unwrap().contains(found);
        until(&format!("{kind} {found} is recorded"), async || {
            self.discrepancies(false).await.iter().any(is_it)
        })
        .await;
    }

    /// Waits until no discrepancy is open.
    async fn resolved(&self) {
        until("all is resolved", async || {
            self.discrepancies(true).await.is_empty()
        })
        .await;
        for one in self.discrepancies(false).await {
            assert_ne!(one["resolved_at"], Value::Null, "{one}");
        }
    }

    fn shows(&self, line: &str) -> bool {
        let figures = self.shop.server.state().metrics().to_text();
        figures.lines().any(|figure| figure == line)
    }

    /// Ends it, and checks that nobody has what was not there, and that everybody has what was acknowledged.
    async fn check(self) {
        self.calls_off(true);
        self.goes_on().await;
        self.crowd.is_over.store(true, Ordering::Relaxed);
        let mut told = Told::new();
        for buyer in self.buyers {
            told.extend(buyer.await.unwrap());
        }
        let (shop, campaign) = (&self.shop, self.campaign);
        let orders = shop.orders(campaign).await;
        assert_eq!(orders.len(), told.len(), "an order for each purchase");
        let (mut held, mut sold) = (0, 0);
        for order in &orders {
            let (units, status) = told[&HoldId::new(order.id.uuid())];
            assert_eq!((order.units.get(), order.status), (units, status));
            match status {
                OrderStatus::PendingPayment => held += units,
                OrderStatus::Paid => sold += units,
                _ => {}
            }
        }
        let level = [self.units - held - sold, held, sold];
        println!("{} purchases, {level:?}", orders.len());
        assert_eq!(figures(shop.campaign(campaign).await.stock), level);
        let verdict = shop.engine().verify(campaign).await.unwrap();
        assert!(verdict.is_consistent(), "{verdict:?}");
        let reconciled = shop.reconcile(&client(), campaign, true).await;
        assert_eq!(reconciled["left"], json!([]), "{reconciled}");
        assert_eq!(shop.level(campaign).await, level);
        let text = shop.server.state().metrics().to_text();
        let oversold = "flashbid_oversold_units 0";
        assert!(text.lines().any(|figure| figure == oversold), "{text}");
    }
}

struct Buyer {
    shop: Arc<Shop>,
    campaign: CampaignId,
    person: Person,
    crowd: Arc<Crowd>,
    random: StdRng,
}

impl Buyer {
    async fn buy_until_it_is_over(mut self) -> Told {
        let (http, mut told, mut mine) = (client(), Told::new(), Vec::new());
        let mut has_paid = false;
        for number in 0.. {
            if self.crowd.is_over.load(Ordering::Relaxed) {
                break;
            }
            let (key, units) = (number.to_string(), self.random.random_range(1..=2));
            let (shop, person) = (&self.shop, &self.person);
            let (status, said) = shop.buy(&http, person, self.campaign, units, &key).await;
            if status == StatusCode::ACCEPTED {
                let hold = said["hold_id"].as_str().unwrap().parse().unwrap();
                let new = told.insert(hold, (units, OrderStatus::PendingPayment));
                assert_eq!(new, None, "{hold} was given twice");
                mine.push(hold);
                self.crowd.bought.fetch_add(1, Ordering::Relaxed);
            } else {
                assert_eq!(status, StatusCode::CONFLICT, "{said}");
            }
            let calls_off = status != StatusCode::ACCEPTED || self.random.random_ratio(1, 3);
            if calls_off && self.crowd.calls_off.load(Ordering::Relaxed) && !mine.is_empty() {
                let hold: HoldId = mine.swap_remove(self.random.random_range(0..mine.len()));
                let (act, status) = if has_paid || self.random.random_ratio(9, 10) {
                    ("cancel", OrderStatus::Cancelled)
                } else {
                    ("pay", OrderStatus::Paid)
                };
                has_paid |= act == "pay";
                let path = format!("/orders/{hold}/{act}");
                shop.post(&http, &person.token, &path).await;
                told.get_mut(&hold).unwrap().1 = status;
            }
            sleep(Duration::from_millis(self.random.random_range(20..60))).await;
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_counter_is_told_by_the_worker_and_repaired_by_an_administrator() {
    let sale = Sale::begin(MANY, false).await;
    let open = |count| format!("flashbid_discrepancies_open{{kind=\"counter\"}} {count}");
    until("nothing is open", async || sale.shows(&open(0))).await;
    sale.meddle("HINCRBY", "stock", &["available", "40"]);
    sale.recorded("counter", "available +40, held +0, sold +0")
        .await;
    until("the figures tell", async || sale.shows(&open(1))).await;
    // It is only told.
    sale.goes_on().await;
    assert_eq!(sale.discrepancies(true).await.len(), 1);
    let reconciled = sale.shop.reconcile(&client(), sale.campaign, true).await;
    assert_eq!(reconciled["found"][0]["kind"], "counter", "{reconciled}");
    assert_eq!(reconciled["left"], json!([]), "{reconciled}");
    sale.resolved().await;
    until("the figures tell", async || sale.shows(&open(0))).await;
    sale.check().await;
}

/// Until it is repaired, the ledger refuses whoever comes for units that are not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_that_is_raised_when_all_is_sold_sells_nothing_twice() {
    let sale = Sale::begin(FEW, false).await;
    let none = "flashbid_oversells_prevented_total{guard=\"ledger\"} 0";
    assert!(sale.shows(none));
    until("the ledger refuses", async || {
        sale.meddle("HINCRBY", "stock", &["available", "40"]);
        sale.goes_on().await;
        !sale.shows(none)
    })
    .await;
    sale.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_changed_by_hand_is_repaired_by_the_worker() {
    let sale = Sale::begin(MANY, true).await;
    for (figure, by, found) in [
        ("available", "25", "available +25, held +0, sold +0"),
        ("available", "-25", "available -25, held +0, sold +0"),
        ("held", "9", "available +0, held +9, sold +0"),
        ("held", "-9", "available +0, held -9, sold +0"),
        ("sold", "3", "available +0, held +0, sold +3"),
    ] {
        sale.meddle("HINCRBY", "stock", &[figure, by]);
        sale.recorded("counter", found).await;
        sale.resolved().await;
        sale.goes_on().await;
    }
    let more = (MANY + 30).to_string();
    sale.meddle("HINCRBY", "stock", &["quota", "30"]);
    sale.recorded("quota", &more).await;
    sale.resolved().await;
    sale.goes_on().await;
    sale.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_deleted_by_hand_comes_back_from_the_ledger() {
    let sale = Sale::begin(FEW, true).await;
    for (command, kind, rest) in [
        ("DEL", "stock", &[][..]),
        ("HDEL", "stock", &["available"]),
        ("HDEL", "stock", &["held"]),
        ("HDEL", "stock", &["sold"]),
        ("HDEL", "stock", &["quota"]),
        ("HDEL", "stock", &["changes"]),
        ("DEL", "holds", &[]),
        ("DEL", "taken", &[]),
        ("DEL", "due", &[]),
        ("DEL", "pending", &[]),
    ] {
        sale.meddle(command, kind, rest);
        if kind == "holds" {
            sale.recorded("hold_missing", "none").await;
        }
        sale.goes_on().await;
        sale.resolved().await;
    }
    sale.check().await;
}
