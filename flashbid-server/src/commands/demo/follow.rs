use std::time::Duration;

use futures_util::StreamExt;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::client::exact;

/// The server asks for a sign of life more often than this.
const SILENCE: Duration = Duration::from_mins(1);

/// What is known of the sale from its feed.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    /// The best standings.
    pub(super) top: Vec<Line>,
    /// How many have bid.
    pub(super) participants: u64,
    /// How many bids there are: positions in the log of one server have no gaps.
    pub(super) bids: u64,
    /// The score of the last who would win now.
    pub(super) line: Option<Decimal>,
    /// What is left of a sale at a fixed price.
    pub(super) stock: Option<Stock>,
    /// Whether the winners have their orders, and nothing is sold any more.
    pub(super) is_over: bool,
}

/// One line of the ranking.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    pub(super) rank: u32,
    pub(super) username: Option<String>,
    #[serde(deserialize_with = "exact")]
    pub(super) score: Decimal,
    #[serde(deserialize_with = "exact")]
    pub(super) price: Decimal,
}

/// Where the units of a sale at a fixed price are.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Stock {
    pub(super) available: u32,
    pub(super) held: u32,
    pub(super) sold: u32,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "event")]
    name: String,
    data: Box<RawValue>,
    sequence: u64,
}

#[derive(Deserialize)]
struct RankingUpdate {
    top_k: Vec<Line>,
    total_participants: u64,
    #[serde(deserialize_with = "exact_or_null")]
    min_winning_score: Option<Decimal>,
}

/// Follows the feed at `url` until the campaign is over, and tells `live` what it says. Resumes when the connection
/// breaks.
pub(super) async fn follow(url: String, live: watch::Sender<Live>) {
    let mut last = None;
    loop {
        let resume = last.map_or_else(String::new, |last| format!("&since={last}"));
        if let Ok((mut feed, _)) = tokio_tungstenite::connect_async(format!("{url}{resume}")).await
        {
            while let Ok(Some(Ok(message))) = timeout(SILENCE, feed.next()).await {
                let Message::Text(text) = message else {
                    continue;
                };
                let Ok(event) = serde_json::from_str::<Event>(&text) else {
                    continue;
                };
                last = Some(event.sequence);
                live.send_modify(|live| live.hear(&event));
                if live.borrow().is_over {
                    return;
                }
            }
        }
        sleep(Duration::from_millis(200)).await;
    }
}

impl Live {
    fn hear(&mut self, event: &Event) {
        match event.name.as_str() {
            "ranking_update" => {
                self.bids = event.sequence;
                if let Ok(update) = serde_json::from_str::<RankingUpdate>(event.data.get()) {
                    self.top = update.top_k;
                    self.participants = update.total_participants;
                    self.line = update.min_winning_score;
                }
            }
            "stock_update" => {
                if let Ok(stock) = serde_json::from_str(event.data.get()) {
                    self.stock = Some(stock);
                }
            }
            "campaign_ended" => self.is_over = true,
            _ => {}
        }
    }
}

fn exact_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    match Box::<RawValue>::deserialize(deserializer)?.get() {
        "null" => Ok(None),
        digits => digits.parse().map(Some).map_err(serde::de::Error::custom),
    }
}
