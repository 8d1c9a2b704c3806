//! A server in the test's own process, on a ledger of its own and a clock that the test moves.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, Bid};
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::money::Weight;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::time::{Clock, ManualClock, SystemClock};
use flashbid_core::{Engine, Error};
use flashbid_server::accounts::{Account, PasswordHash};
use flashbid_server::config::{Config, LedgerUrl, RateLimits};
use flashbid_server::server::Server;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything takes that is not broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a campaign lasts, by the test's clock.
pub(crate) const LASTS: Duration = Duration::from_hours(1);

pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) http: reqwest::Client,
    _directory: TempDir,
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: BidderId,
    pub(crate) name: String,
    pub(crate) token: String,
}

impl House {
    /// Opens with a ranking pushed every `ranking_interval`.
    pub(crate) async fn open(ranking_interval: Duration) -> Self {
        Self::open_with(|config| config.ranking_interval = ranking_interval).await
    }

    pub(crate) async fn open_with(adapt: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        "127.0.0.1:0".clone_into(&mut config.listen);
        config.ledger = LedgerUrl::Sqlite(directory.path().join("flashbid.db"));
        config.settlement_interval = Duration::from_millis(20);
        // The clock stands still, so that no window ever passes.
        config.limits = RateLimits::OFF;
        adapt(&mut config);
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let server = Server::start_with(&config, clock.clone()).await.unwrap();
        Self {
            server,
            clock,
            http: reqwest::Client::new(),
            _directory: directory,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.server.state().engine()
    }

    /// People with accounts and tokens, without the cost of a password each.
    pub(crate) async fn people(&self, count: usize) -> Vec<Person> {
        let state = self.server.state();
        let account = |number: usize| Account {
            id: state.engine().fresh_id(),
            email: format!("person{number}-{}@example.com", rand::random::<u64>())
                .parse()
                .unwrap(),
            username: format!("person {number}").parse().unwrap(),
            password: PasswordHash::from_stored("none"),
            weight: Weight::from_ten_thousandths(10_000).unwrap(),
            is_admin: false,
            created_at: state.engine().now(),
        };
        let accounts: Vec<_> = (0..count).map(account).collect();
        state.accounts().add(&accounts).await.unwrap();
        accounts
            .iter()
            .map(|account| Person {
                id: account.id,
                name: account.username.to_string(),
                token: state.sessions().open(account.id, state.engine().now()).0,
            })
            .collect()
    }

    /// A campaign of `units` that has started and is over when the clock has moved on by [`LASTS`]. The score is the
    /// price.
    pub(crate) async fn campaign(&self, units: u32) -> CampaignId {
        self.campaign_scored(units, ["1", "0", "0"]).await
    }

    /// As [`House::campaign`], with the factors α, β and γ.
    pub(crate) async fn campaign_scored(&self, units: u32, factors: [&str; 3]) -> CampaignId {
        let engine = self.engine();
        let units = Units::new(units).unwrap();
        let product = engine
            .add_product(NewProduct {
                name: "Lamp".to_owned(),
                description: None,
                image_url: None,
                stock: units,
                min_price: "1".parse().unwrap(),
            })
            .await
            .unwrap();
        let [alpha, beta, gamma] = factors.map(|factor| factor.parse().unwrap());
        let weights = Weights::new(alpha, beta, gamma).unwrap();
        let campaign = engine
            .add_campaign(NewCampaign::new(
                product.id,
                Format::Ranked {
                    weights,
                    rebid: Rebid::default(),
                },
                Window::new(engine.now(), engine.now().after(LASTS)).unwrap(),
            ))
            .await
            .unwrap();
        campaign.id
    }

    /// A bid of whole units, straight to the engine.
    pub(crate) async fn bid(
        &self,
        campaign: CampaignId,
        person: &Person,
        price: u64,
    ) -> Result<AcceptedBid, Error> {
        let weight = Weight::from_ten_thousandths(10_000).unwrap();
        let price = price.to_string().parse().unwrap();
        let bid = Bid {
            name: Some(person.name.as_str().into()),
            ..Bid::new(person.id, price, weight)
        };
        self.engine().place_bid(campaign, bid).await
    }

    /// Whether the figures of the server have `line`.
    pub(crate) fn counts(&self, line: &str) -> bool {
        let figures = self.server.state().metrics().to_text();
        figures.lines().any(|counted| counted == line)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    pub(crate) fn feed(&self, campaign: &str, token: &str, since: Option<u64>) -> String {
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        let address = self.server.address();
        format!("ws://{address}/ws/{campaign}?token={token}{since}")
    }

    pub(crate) async fn watch(
        &self,
        campaign: CampaignId,
        person: &Person,
        since: Option<u64>,
    ) -> Watcher {
        Watcher::connect(&self.feed(&campaign.to_string(), &person.token, since)).await
    }
}

/// A client of the feed.
pub(crate) struct Watcher(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a watcher was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Event(Value),
    Text(String),
    Closed(u16),
}

impl Watcher {
    pub(crate) async fn connect(url: &str) -> Self {
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    /// What comes next, but for protocol pings.
    pub(crate) async fn hear(&mut self) -> Heard {
        let heard = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return match serde_json::from_str(&text) {
                            Ok(event @ Value::Object(_)) => Heard::Event(event),
                            _ => Heard::Text(text.to_string()),
                        };
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Heard::Closed(frame.map_or(0, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return Heard::Closed(0),
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("a message")
    }

    /// The next message, which must be an event.
    pub(crate) async fn event(&mut self) -> Value {
        match self.hear().await {
            Heard::Event(event) => event,
            other => panic!("instead of an event: {other:?}"),
        }
    }

    /// The next event of the kind `name`; others before it are passed over.
    pub(crate) async fn event_named(&mut self, name: &str) -> Value {
        loop {
            let event = self.event().await;
            if event["event"] == name {
                return event;
            }
        }
    }

    pub(crate) async fn say(&mut self, text: &str) -> Result<(), tungstenite::Error> {
        self.0.send(Message::text(text)).await
    }

    /// Whether nothing was sent yet: the answer to a ping comes first.
    pub(crate) async fn hears_nothing(&mut self) -> bool {
        self.say("ping").await.unwrap();
        self.hear().await == Heard::Text("pong".to_owned())
    }
}

/// The position in the log that an event reflects.
pub(crate) fn sequence(event: &Value) -> u64 {
    event["sequence"].as_u64().expect("a sequence")
}

/// Asks until `is_so`, with a deadline.
pub(crate) async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let poll = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, poll).await.expect("it becomes so");
}
