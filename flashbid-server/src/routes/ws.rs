use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use flashbid_core::campaign::Campaign;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::rank::Sequence;
use flashbid_core::{Error, Rejection};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::responses::Unavailable;
use crate::feed::{Notice, Subscription};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;

/// The largest message that is read: all that clients have to say is `ping`.
const LARGEST_MESSAGE: usize = 4 * 1_024;

/// How often a client is asked for a sign of life; one that gave none since the last time is taken for dead.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a client may take to receive one message.
const SEND_PATIENCE: Duration = Duration::from_secs(30);

/// How long a client may take to say goodbye.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// What the address of the feed may say.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    token: Option<String>,
    since: Option<String>,
}

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    BadToken,
    BadCampaignId,
    NoSuchCampaign,
    Stopping,
    NotUnderstood,
    Restarted,
    TooSlow,
    StoreAway,
}

impl Goodbye {
    const fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::BadToken => (4001, "the token is not valid"),
            Self::BadCampaignId => (4002, "the campaign id is not a UUID"),
            Self::NoSuchCampaign => (4004, "there is no such campaign"),
            Self::Stopping => (close_code::AWAY, "the server is stopping"),
            Self::NotUnderstood => (close_code::PROTOCOL, "a message was too large or broken"),
            Self::Restarted => (
                close_code::RESTART,
                "the log was lost; start with a snapshot",
            ),
            Self::TooSlow => (close_code::AGAIN, "too slow; resume from the last sequence"),
            Self::StoreAway => (close_code::AGAIN, "a store is away; try again in a moment"),
        };
        CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        }
    }
}

/// The live feed of a campaign, over a WebSocket.
///
/// Messages are `{"event", "data", "sequence"}`. A ranked campaign has the events `ranking_update`, `bid_accepted` and
/// `campaign_ended`; a first-come one `stock_update`, with what is left, `order_update`, with an order of the user's own
/// that was made or has changed, and `campaign_ended`. The text `ping` is answered with the text `pong`. The server closes
/// with 4001 for a bad token, 4002 for a bad campaign id, 4004 without such a campaign, 1001 when it stops, 1013 when the
/// client is too slow.
#[utoipa::path(
    get,
    path = "/ws/{campaign_id}",
    tag = "rankings",
    operation_id = "feed",
    params(
        ("campaign_id" = Uuid, Path),
        ("token" = String, Query, description = "As /auth/login gives it"),
        ("since" = Option<u64>, Query, description = "The last sequence that the client knows of; without it the feed starts with the ranking, or with what is left, as it is"),
    ),
    responses(
        (status = 101, description = "The feed"),
        (status = 426, description = "NOT_A_WEBSOCKET", body = ProblemBody, content_type = "application/problem+json"),
        Unavailable,
    )
)]
pub(super) async fn feed(
    State(state): State<AppState>,
    campaign: Result<Path<String>, PathRejection>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "NOT_A_WEBSOCKET",
            "This address speaks WebSocket only.",
        )
    })?;
    let place = state.feed().place().ok_or_else(Problem::overloaded)?;
    let campaign = campaign.map_or_else(|_| String::new(), |Path(id)| id);
    let parameters = parameters.map_or_else(|_| Parameters::default(), |Query(given)| given);
    // Counted from here on, so that a server that is stopping waits for a connection that is just being made.
    let counted = state.connections().token();
    Ok(upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| async move {
            let _held = (place, counted, state.metrics().open_websocket());
            serve(&state, socket, &campaign, parameters).await;
        }))
}

async fn serve(state: &AppState, mut socket: WebSocket, campaign: &str, parameters: Parameters) {
    let goodbye = tokio::select! {
        biased;
        () = state.stop().cancelled() => Some(Goodbye::Stopping),
        goodbye = admit_and_talk(state, &mut socket, campaign, parameters) => goodbye,
    };
    if let Some(goodbye) = goodbye {
        if goodbye == Goodbye::TooSlow {
            state.metrics().websocket_dropped();
        }
        part(socket, goodbye).await;
    }
}

async fn admit_and_talk(
    state: &AppState,
    socket: &mut WebSocket,
    campaign: &str,
    parameters: Parameters,
) -> Option<Goodbye> {
    let token = parameters.token.unwrap_or_default();
    let (user, campaign) = match admit(state, &token, campaign).await {
        Ok(admitted) => admitted,
        Err(goodbye) => return Some(goodbye),
    };
    // What is no position is too old for one: the client starts with a snapshot.
    let since = parameters.since.and_then(|since| since.parse().ok());
    let since = since.map(Sequence::new);
    let mut subscription = state.feed().watch(campaign, user, since);
    let overrun = subscription.overrun();
    tokio::select! {
        biased;
        () = overrun => Some(Goodbye::TooSlow),
        goodbye = talk(socket, &mut subscription) => goodbye,
    }
}

async fn admit(
    state: &AppState,
    token: &str,
    campaign: &str,
) -> Result<(BidderId, Arc<Campaign>), Goodbye> {
    let now = state.engine().now();
    let account = state.sessions().account(token, now).await;
    let account = account.map_err(|problem| match problem.status() {
        StatusCode::UNAUTHORIZED => Goodbye::BadToken,
        _ => Goodbye::StoreAway,
    })?;
    let id: CampaignId = campaign.parse().map_err(|_| Goodbye::BadCampaignId)?;
    let campaign = state.engine().known_campaign(id).await;
    let campaign = campaign.map_err(|error| match error {
        Error::Rejected(Rejection::UnknownCampaign) => Goodbye::NoSuchCampaign,
        _ => Goodbye::StoreAway,
    })?;
    Ok((account.id, campaign))
}

/// Talks until one side has had enough: `None` when the client is gone.
async fn talk(socket: &mut WebSocket, subscription: &mut Subscription) -> Option<Goodbye> {
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_alive = true;
    loop {
        tokio::select! {
            notice = subscription.next() => match notice {
                None => return Some(Goodbye::TooSlow),
                Some(Notice::Restarted) => return Some(Goodbye::Restarted),
                Some(notice) => {
                    let Ok(messages) = subscription.messages(notice).await else {
                        return Some(Goodbye::StoreAway);
                    };
                    for text in messages {
                        send(socket, Message::Text(text)).await?;
                    }
                }
            },
            heard = socket.recv() => match heard {
                None | Some(Ok(Message::Close(_))) => return None,
                Some(Err(_)) => return Some(Goodbye::NotUnderstood),
                Some(Ok(message)) => {
                    is_alive = true;
                    if matches!(&message, Message::Text(text) if text.as_str() == "ping") {
                        let pong = Message::Text(Utf8Bytes::from_static("pong"));
                        send(socket, pong).await?;
                    }
                }
            },
            _ = pings.tick() => {
                if !is_alive {
                    return None;
                }
                is_alive = false;
                send(socket, Message::Ping(axum::body::Bytes::new())).await?;
            }
        }
    }
}

/// `None` when the client is gone, or as good as gone.
async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(SEND_PATIENCE, socket.send(message))
        .await
        .ok()?
        .ok()
}

/// Says goodbye and waits a moment for the answer: a connection that is torn down at once may lose the words.
async fn part(mut socket: WebSocket, goodbye: Goodbye) {
    let farewell = async {
        let said = socket.send(Message::Close(Some(goodbye.frame()))).await;
        if said.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(GOODBYE_PATIENCE, farewell).await;
}
