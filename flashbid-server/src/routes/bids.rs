use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::bid::Bid as CoreBid;
use flashbid_core::id::CampaignId;

use super::responses::{BodyTooLarge, Malformed, NotFound, NotJson, Unauthorized, Unavailable};
use crate::auth::CurrentUser;
use crate::extract::{
    Id, Input, KeyHeader, OptionalKey, OptionalToken, Paging, PagingQuery, TokenHeader,
};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{Bid, BidHistory, PlaceBid};

/// Places a bid.
///
/// With an `Idempotency-Key`, the same request may be sent any number of times and is one bid.
#[utoipa::path(
    post,
    path = "/bids",
    tag = "bids",
    operation_id = "place_bid",
    security(("token" = [])),
    params(KeyHeader, TokenHeader),
    request_body = PlaceBid,
    responses(
        (status = 201, description = "The accepted bid", body = Bid),
        (status = 400, description = "PRICE_TOO_LOW", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "IDEMPOTENCY_KEY_REUSED or WRONG_FORMAT", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn place(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    OptionalKey(key): OptionalKey,
    OptionalToken(token): OptionalToken,
    Input(wanted): Input<PlaceBid>,
) -> Result<(StatusCode, Json<Bid>), Problem> {
    let id = CampaignId::new(wanted.campaign_id);
    let price = wanted.price.read("price")?;
    let campaign = state.engine().known_campaign(id).await;
    let ticket = match &campaign {
        Ok(campaign) => state
            .ticket(campaign, token.as_deref(), account.id, key.as_ref())
            .inspect_err(|_| state.metrics().bid_without_ticket())?,
        Err(_) => None,
    };
    let bid = CoreBid {
        bidder: account.id,
        name: Some(account.username.shared()),
        price,
        weight: account.weight,
        key,
        ticket,
        at: None,
    };
    let placed = async {
        let campaign = campaign?;
        let accepted = state.engine().place_bid(id, bid).await?;
        Ok((campaign, accepted))
    };
    let placed = placed.await;
    state.metrics().bid_answered(&placed);
    let (campaign, accepted) = placed.map_err(|error| state.refused(error, ticket))?;
    let answer = Bid::new(&accepted, id, campaign.product);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// The user's own bids in a campaign, newest first.
#[utoipa::path(
    get,
    path = "/bids/{campaign_id}/history",
    tag = "bids",
    operation_id = "bid_history",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path), PagingQuery),
    responses(
        (status = 200, description = "A part of the bids", body = BidHistory),
        Unauthorized, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn history(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<CampaignId>,
    Paging(page): Paging,
) -> Result<Json<BidHistory>, Problem> {
    let campaign = state.engine().known_campaign(id).await?;
    let found = state.engine().history(id, account.id, page).await?;
    let bids = found
        .items
        .iter()
        .map(|bid| Bid::new(bid, id, campaign.product))
        .collect();
    Ok(Json(BidHistory {
        bids,
        total: found.total,
    }))
}
