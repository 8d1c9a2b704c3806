//! People who bid over HTTP and ask again, under the same key, until they know what became of each bid.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashbid_core::id::CampaignId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::people::client;

/// Where each server is, while it is there.
#[derive(Clone, Debug)]
pub(crate) struct Doors(Arc<watch::Sender<Vec<Option<SocketAddr>>>>);

impl Doors {
    /// Closed doors.
    pub(crate) fn closed(count: usize) -> Self {
        Self(Arc::new(watch::Sender::new(vec![None; count])))
    }

    pub(crate) fn open(&self, number: usize, at: SocketAddr) {
        self.0.send_modify(|doors| doors[number] = Some(at));
    }

    pub(crate) fn close(&self, number: usize) {
        self.0.send_modify(|doors| doors[number] = None);
    }

    /// Waits until a server is there.
    pub(crate) async fn of(&self, number: usize) -> SocketAddr {
        let mut doors = self.0.subscribe();
        let open = doors.wait_for(|doors| doors[number].is_some()).await;
        open.unwrap()[number].unwrap()
    }

    /// Waits until any server is there, and answers one of those.
    async fn any(&self, random: &mut StdRng) -> SocketAddr {
        let mut doors = self.0.subscribe();
        let open = doors
            .wait_for(|doors| doors.iter().any(Option::is_some))
            .await;
        let open: Vec<_> = open.unwrap().iter().copied().flatten().collect();
        open[random.random_range(0..open.len())]
    }
}

/// What the bidders know.
#[derive(Clone, Debug, Default)]
struct Known(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    /// Each bid that got its 201, as it was answered.
    acknowledged: Vec<Acknowledged>,
    /// Bidders and keys that were refused for good.
    refused: Vec<(usize, String)>,
    /// Bidders and keys that were ever sent.
    sent: HashSet<(usize, String)>,
    /// What became of the last request of each bidder.
    last: BTreeMap<usize, String>,
}

/// A bid that got its 201.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) bidder: usize,
    pub(crate) key: String,
    pub(crate) answer: Value,
}

/// Everybody who bids.
pub(crate) struct Bidders {
    known: Known,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Bidders {
    /// One task for each of `tokens`, until the campaign has ended.
    pub(crate) fn start(campaign: CampaignId, tokens: &[String], doors: &Doors, seed: u64) -> Self {
        let known = Known::default();
        let tasks = tokens.iter().enumerate().map(|(number, token)| {
            let bidder = Bidder {
                number,
                campaign,
                token: token.clone(),
                doors: doors.clone(),
                known: known.clone(),
                http: client(),
                random: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            };
            tokio::spawn(bidder.bid_until_the_end())
        });
        let tasks = Mutex::new(tasks.collect());
        Self { known, tasks }
    }

    /// Waits until each has been told that the campaign has ended, for `patience` at most.
    pub(crate) async fn finished(&self, patience: Duration) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        let told = timeout(patience, async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let last = || self.known.0.lock().unwrap().last.clone();
        assert!(
            told.await.is_ok(),
            "bidders without an answer: {:#?}",
            last()
        );
    }

    pub(crate) fn acknowledged(&self) -> Vec<Acknowledged> {
        self.known.0.lock().unwrap().acknowledged.clone()
    }

    pub(crate) fn refused(&self) -> Vec<(usize, String)> {
        self.known.0.lock().unwrap().refused.clone()
    }

    pub(crate) fn sent(&self) -> HashSet<(usize, String)> {
        self.known.0.lock().unwrap().sent.clone()
    }
}

struct Bidder {
    number: usize,
    campaign: CampaignId,
    token: String,
    doors: Doors,
    known: Known,
    http: reqwest::Client,
    random: StdRng,
}

impl Bidder {
    async fn bid_until_the_end(mut self) {
        let mut own: Vec<(String, u32, Value)> = Vec::new();
        for number in 0.. {
            let key = format!("key-{number}");
            let price = self.random.random_range(100..1_000);
            let (status, answer) = self.ask_until_answered(&key, price).await;
            match status {
                StatusCode::CREATED => {
                    own.push((key.clone(), price, answer.clone()));
                    self.known
                        .0
                        .lock()
                        .unwrap()
                        .acknowledged
                        .push(Acknowledged {
                            bidder: self.number,
                            key,
                            answer,
                        });
                }
                StatusCode::FORBIDDEN => {
                    assert_eq!(answer["code"], "CAMPAIGN_ENDED", "{answer}");
                    self.known
                        .0
                        .lock()
                        .unwrap()
                        .refused
                        .push((self.number, key));
                    break;
                }
                status => panic!("{status}: {answer}"),
            }
            if self.random.random_ratio(1, 8) {
                self.ask_again(&own).await;
            }
            sleep(Duration::from_millis(self.random.random_range(0..12))).await;
        }
        // Long after, and after the end, the answers are still the same.
        for _ in 0..5 {
            self.ask_again(&own).await;
        }
    }

    /// An answered bid, sent again, gets the same answer; its key on another bid is refused.
    async fn ask_again(&mut self, own: &[(String, u32, Value)]) {
        if own.is_empty() {
            return;
        }
        let (key, price, answer) = &own[self.random.random_range(0..own.len())];
        let (status, again) = self.ask_until_answered(key, *price).await;
        assert_eq!((status, &again), (StatusCode::CREATED, answer));
        let (status, other) = self.ask_until_answered(key, price + 1).await;
        assert_eq!(status, StatusCode::CONFLICT, "{other}");
    }

    /// Sends a bid until there is an answer that tells what became of it.
    async fn ask_until_answered(&mut self, key: &str, price: u32) -> (StatusCode, Value) {
        loop {
            let address = self.doors.any(&mut self.random).await;
            self.note(key);
            self.tell(format!("{key} for {price} is on its way to {address}"));
            let sent = self.request(address, key, price).send().await;
            self.tell(format!("{key} for {price} at {address}: {sent:?}"));
            if let Ok(answer) = sent {
                let status = answer.status();
                if status != StatusCode::SERVICE_UNAVAILABLE
                    && let Ok(answer) = answer.json().await
                {
                    return (status, answer);
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn note(&self, key: &str) {
        let mut facts = self.known.0.lock().unwrap();
        facts.sent.insert((self.number, key.to_owned()));
    }

    fn tell(&self, fate: String) {
        let mut facts = self.known.0.lock().unwrap();
        facts.last.insert(self.number, fate);
    }

    fn request(&self, address: SocketAddr, key: &str, price: u32) -> RequestBuilder {
        self.http
            .post(format!("http://{address}/api/v1/bids"))
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .json(&json!({"campaign_id": self.campaign.to_string(), "price": price}))
    }
}
