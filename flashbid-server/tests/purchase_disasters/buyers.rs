//! People who buy, pay, call off and let things be, and ask again under the same key until they know what became of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashbid_core::id::CampaignId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::progress::{Shared, Step};

/// What the buyers know.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Each purchase that was sent: buyer, key, units.
    pub(crate) sent: Vec<(usize, String, u32)>,
    /// By hold: the buyer, the units, and the status that the order was last told to be in, if it was.
    pub(crate) acknowledged: HashMap<String, Acknowledged>,
    /// Buyers and keys that were refused for good, and why.
    pub(crate) refused: Vec<(usize, String, String)>,
}

/// A purchase that got its 202.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) buyer: usize,
    pub(crate) units: u32,
    /// What nothing may change any more.
    pub(crate) last: Option<String>,
}

/// Everybody who buys.
pub(crate) struct Buyers {
    pub(crate) facts: Arc<Mutex<Facts>>,
    /// One payment each. Without them nobody pays, lest everything is sold too soon.
    pub(crate) payments: Arc<Semaphore>,
    tasks: Vec<JoinHandle<()>>,
}

impl Buyers {
    /// One task for each of `tokens`, until it is over.
    pub(crate) fn start(
        campaign: CampaignId,
        tokens: &[String],
        shared: &Shared,
        seed: u64,
    ) -> Self {
        let facts = Arc::default();
        let payments = Arc::new(Semaphore::new(0));
        let tasks = tokens.iter().enumerate().map(|(number, token)| {
            let buyer = Buyer {
                number,
                campaign,
                token: token.clone(),
                shared: shared.clone(),
                facts: Arc::clone(&facts),
                payments: Arc::clone(&payments),
                http: patient_client(),
                random: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            };
            tokio::spawn(buyer.buy_until_it_is_over())
        });
        Self {
            tasks: tasks.collect(),
            facts,
            payments,
        }
    }

    /// Waits until each knows what became of everything.
    pub(crate) async fn finished(&mut self) {
        for task in self.tasks.drain(..) {
            task.await.unwrap();
        }
    }
}

/// A client that gives up when a store hangs for seconds.
pub(crate) fn patient_client() -> Client {
    let client = Client::builder().no_proxy();
    client.timeout(Duration::from_secs(5)).build().unwrap()
}

struct Buyer {
    number: usize,
    campaign: CampaignId,
    token: String,
    shared: Shared,
    facts: Arc<Mutex<Facts>>,
    payments: Arc<Semaphore>,
    http: Client,
    random: StdRng,
}

impl Buyer {
    async fn buy_until_it_is_over(mut self) {
        let mut left_alone = JoinSet::new();
        for number in 0.. {
            if self.shared.is_over() {
                break;
            }
            let key = number.to_string();
            let units = self.random.random_range(1..=2);
            if let Some(hold) = self.buy(&key, units).await {
                if self.is_to_pay() {
                    self.act(&hold, "pay").await;
                } else if self.random.random_ratio(1, 2) {
                    self.act(&hold, "cancel").await;
                } else {
                    let watcher = self.again();
                    left_alone.spawn(watcher.let_expire(hold));
                }
            }
            sleep(Duration::from_millis(self.random.random_range(10..60))).await;
        }
        while let Some(watched) = left_alone.join_next().await {
            watched.unwrap();
        }
    }

    fn is_to_pay(&self) -> bool {
        let permit = self.payments.try_acquire();
        permit.map(SemaphorePermit::forget).is_ok()
    }

    /// The same buyer, busy with something else.
    fn again(&mut self) -> Self {
        Self {
            token: self.token.clone(),
            shared: self.shared.clone(),
            facts: Arc::clone(&self.facts),
            payments: Arc::clone(&self.payments),
            http: self.http.clone(),
            random: StdRng::seed_from_u64(self.random.random()),
            ..*self
        }
    }

    /// Buys, and answers the hold if there is one; some ask twice, and get the same answer.
    async fn buy(&mut self, key: &str, units: u32) -> Option<String> {
        self.note(|facts, buyer| facts.sent.push((buyer, key.to_owned(), units)));
        self.shared.note(Step::Buying);
        let (status, said) = self.ask_for(key, units).await;
        if status != StatusCode::ACCEPTED {
            assert_eq!(status, StatusCode::CONFLICT, "{said}");
            let code = said["code"].as_str().unwrap().to_owned();
            let known = ["SOLD_OUT", "LIMIT_REACHED", "HOLD_ENDED"];
            assert!(known.contains(&code.as_str()), "{said}");
            self.note(|facts, buyer| facts.refused.push((buyer, key.to_owned(), code)));
            return None;
        }
        let hold = said["hold_id"].as_str().unwrap().to_owned();
        let acknowledged = Acknowledged {
            buyer: self.number,
            units,
            last: None,
        };
        let known = self.note(|facts, _| facts.acknowledged.insert(hold.clone(), acknowledged));
        assert!(known.is_none(), "{hold} was given to two");
        self.shared.note(Step::Bought);
        if self.random.random_ratio(1, 8) {
            let (status, again) = self.ask_for(key, units).await;
            // It may have expired meanwhile; it is no other one.
            let same = again["hold_id"] == hold || again["code"] == "HOLD_ENDED";
            assert!(same, "{status}: {again}, not {hold}");
        }
        Some(hold)
    }

    async fn ask_for(&mut self, key: &str, units: u32) -> (StatusCode, Value) {
        let wanted = json!({"campaign_id": self.campaign.to_string(), "quantity": units});
        let (http, token) = (&self.http, &self.token);
        let request = |base: &str| {
            http.post(format!("{base}/purchases"))
                .bearer_auth(token)
                .header("idempotency-key", key)
                .json(&wanted)
        };
        self.shared.ask(&mut self.random, request).await
    }

    /// Pays an order or calls it off, and notes what it is told.
    async fn act(&mut self, hold: &str, act: &str) {
        let (before, after) = match act {
            "pay" => (Step::Paying, Some(Step::Paid)),
            _ => (Step::Cancelling, None),
        };
        self.shared.note(before);
        let path = format!("/orders/{hold}/{act}");
        let (status, order) = self.ask_about(&path, true).await;
        assert_eq!(status, StatusCode::OK, "{path}: {order}");
        let told = order["status"].as_str().unwrap();
        let possible = match act {
            "pay" => ["paid", "refund_due"],
            _ => ["cancelled", "expired"],
        };
        assert!(possible.contains(&told), "{path}: {order}");
        self.note_last(hold, told);
        if let Some(step) = after {
            self.shared.note(step);
        }
    }

    /// Waits until the order has expired; sometimes pays it then.
    async fn let_expire(mut self, hold: String) {
        let path = format!("/orders/{hold}");
        let mut is_overdue = false;
        loop {
            let (status, order) = self.ask_about(&path, false).await;
            assert_eq!(status, StatusCode::OK, "{order}");
            if order["status"] == "expired" {
                break;
            }
            assert_eq!(order["status"], "pending_payment", "{order}");
            let pay_by: jiff::Timestamp = order["pay_by"].as_str().unwrap().parse().unwrap();
            let left = super::people::until(flashbid_core::time::Timestamp::from_millis(
                pay_by.as_millisecond(),
            ));
            if left.is_zero() && !is_overdue {
                is_overdue = true;
                self.shared.note(Step::Overdue);
            }
            sleep(left.max(Duration::from_millis(10))).await;
        }
        self.shared.note(Step::Expired);
        if self.is_to_pay() {
            self.act(&hold, "pay").await;
        } else {
            self.note_last(&hold, "expired");
        }
    }

    async fn ask_about(&mut self, path: &str, is_act: bool) -> (StatusCode, Value) {
        let (http, token) = (&self.http, &self.token);
        let request = |base: &str| {
            let url = format!("{base}{path}");
            let request = if is_act {
                http.post(url)
            } else {
                http.get(url)
            };
            request.bearer_auth(token)
        };
        self.shared.ask(&mut self.random, request).await
    }

    fn note_last(&self, hold: &str, told: &str) {
        self.note(|facts, _| {
            facts.acknowledged.get_mut(hold).unwrap().last = Some(told.to_owned());
        });
    }

    /// Notes something in the facts, for this buyer.
    fn note<T>(&self, note: impl FnOnce(&mut Facts, usize) -> T) -> T {
        note(&mut self.facts.lock().unwrap(), self.number)
    }
}
