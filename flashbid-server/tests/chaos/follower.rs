//! A client of the live feed that comes back, from where it was, whenever its connection ends.

use std::time::Duration;

use flashbid_core::id::CampaignId;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::bidders::Doors;

/// How long a server may be silent before the follower tries another connection.
const SILENCE: Duration = Duration::from_secs(3);

/// A bidder's own accepted bids, as the feed told of them: the id and the sequence of each.
pub(crate) type Told = Vec<(String, u64)>;

/// A task that follows a campaign to its end.
pub(crate) struct Follower(JoinHandle<Told>);

impl Follower {
    /// Follows at one of the servers, for the bidder with `token`.
    pub(crate) fn start(campaign: CampaignId, token: &str, doors: &Doors, server: usize) -> Self {
        let following = Following {
            campaign,
            token: token.to_owned(),
            doors: doors.clone(),
            server,
            last: 0,
            told: Vec::new(),
        };
        Self(tokio::spawn(following.follow()))
    }

    /// Waits for the end, and answers what it was told.
    pub(crate) async fn finished(self) -> Told {
        self.0.await.unwrap()
    }
}

struct Following {
    campaign: CampaignId,
    token: String,
    doors: Doors,
    server: usize,
    /// Up to here it knows everything.
    last: u64,
    told: Told,
}

impl Following {
    async fn follow(mut self) -> Told {
        while !self.has_listened_to_the_end().await {
            sleep(Duration::from_millis(20)).await;
        }
        self.told
    }

    /// Follows over one connection.
    async fn has_listened_to_the_end(&mut self) -> bool {
        let address = self.doors.of(self.server).await;
        let (campaign, token, last) = (self.campaign, &self.token, self.last);
        let url = format!("ws://{address}/ws/{campaign}?token={token}&since={last}");
        let Ok(Ok((mut socket, _))) = timeout(SILENCE, tokio_tungstenite::connect_async(url)).await
        else {
            return false;
        };
        loop {
            match timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if self.hears(&serde_json::from_str(&text).unwrap()) {
                        return true;
                    }
                }
                Ok(Some(Ok(Message::Close(Some(frame))))) => {
                    assert_ne!(frame.code, CloseCode::Restart, "{}", frame.reason);
                    return false;
                }
                Ok(Some(Ok(_))) => {}
                _ => return false,
            }
        }
    }

    /// Whether the event is the end.
    fn hears(&mut self, event: &Value) -> bool {
        let sequence = event["sequence"].as_u64().unwrap();
        assert!(sequence >= self.last, "{event} after {}", self.last);
        if event["event"] == "bid_accepted" {
            assert!(sequence > self.last, "{event} again after {}", self.last);
            let id = event["data"]["bid_id"].as_str().unwrap();
            self.told.push((id.to_owned(), sequence));
        }
        self.last = sequence;
        event["event"] == "campaign_ended"
    }
}
