use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::bid::IdempotencyKey;
use flashbid_core::engine::{Buy, Cart as CoreCart, CartLine};
use flashbid_core::id::{BidderId, CampaignId, HoldId};
use flashbid_core::order::MAX_LINES;
use flashbid_core::stock::Units;
use flashbid_core::ticket::Ticket;

use super::responses::{BodyTooLarge, Malformed, NotFound, NotJson, Unauthorized, Unavailable};
use crate::auth::CurrentUser;
use crate::extract::{Id, Input, KeyHeader, OptionalKey, OptionalToken, TokenHeader};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{Cart, NewCart, NewPurchase, Order, Purchase, Whole};

/// Buys units of a first-come campaign: all of them or none.
///
/// The units are held at once, and an order is made of them; see `GET /purchases/{hold_id}`. With an
/// `Idempotency-Key`, the same request may be sent any number of times and is one purchase.
#[utoipa::path(
    post,
    path = "/purchases",
    tag = "purchases",
    operation_id = "purchase",
    security(("token" = [])),
    params(KeyHeader, TokenHeader),
    request_body = NewPurchase,
    responses(
        (status = 202, description = "The units are held", body = Purchase),
        (status = 403, description = "CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "SOLD_OUT, LIMIT_REACHED, HOLD_ENDED, WRONG_FORMAT or IDEMPOTENCY_KEY_REUSED", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn buy(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    OptionalKey(key): OptionalKey,
    OptionalToken(token): OptionalToken,
    Input(wanted): Input<NewPurchase>,
) -> Result<(StatusCode, Json<Purchase>), Problem> {
    let id = CampaignId::new(wanted.campaign_id);
    let units = units(wanted.quantity)?;
    let ticket = ticket(&state, id, token.as_deref(), account.id, key.as_ref()).await?;
    let buy = Buy {
        bidder: account.id,
        units,
        key,
        ticket,
        at: None,
    };
    let bought = state.engine().purchase(id, buy).await;
    state.metrics().purchase_answered(&bought);
    let bought = bought.map_err(|error| state.refused(error, ticket))?;
    Ok((StatusCode::ACCEPTED, Json(Purchase::held(&bought))))
}

/// How far a purchase of the user has come.
#[utoipa::path(
    get,
    path = "/purchases/{hold_id}",
    tag = "purchases",
    operation_id = "get_purchase",
    security(("token" = [])),
    params(("hold_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The purchase", body = Purchase),
        Unauthorized, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn one(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<HoldId>,
) -> Result<Json<Purchase>, Problem> {
    let known = state.engine().hold_status(id).await?;
    let known = known
        .filter(|known| known.bidder().is_none_or(|bidder| bidder == account.id))
        .ok_or_else(|| {
            Problem::not_found("UNKNOWN_PURCHASE", "There is no such purchase of yours.")
        })?;
    Ok(Json(Purchase::known(id, &known)))
}

/// Buys units of several first-come campaigns together: all lines or none.
///
/// The orders are there when this answers. With an `Idempotency-Key`, the same request may be sent any number of times
/// and is one cart.
#[utoipa::path(
    post,
    path = "/carts",
    tag = "purchases",
    operation_id = "purchase_cart",
    security(("token" = [])),
    params(KeyHeader),
    request_body = NewCart,
    responses(
        (status = 201, description = "One order a line, by campaign", body = Cart),
        (status = 403, description = "CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "SOLD_OUT, LIMIT_REACHED, HOLD_ENDED, WRONG_FORMAT or IDEMPOTENCY_KEY_REUSED", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn buy_cart(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    OptionalKey(key): OptionalKey,
    Input(wanted): Input<NewCart>,
) -> Result<(StatusCode, Json<Cart>), Problem> {
    if !(1..=MAX_LINES).contains(&wanted.items.len()) {
        return Err(Problem::malformed(format!(
            "A cart has 1 to {MAX_LINES} items."
        )));
    }
    let mut lines = Vec::with_capacity(wanted.items.len());
    for item in &wanted.items {
        let units = units(item.quantity)?;
        let id = CampaignId::new(item.campaign_id);
        let token = item.request_token.as_deref();
        lines.push(CartLine {
            campaign: id,
            units,
            ticket: ticket(&state, id, token, account.id, key.as_ref()).await?,
        });
    }
    let first_over = lines.iter().filter_map(|line| line.ticket);
    let first_over = first_over.min_by_key(|ticket| ticket.expires_at);
    let cart = CoreCart {
        bidder: account.id,
        lines,
        key,
        at: None,
    };
    let bought = state.engine().purchase_cart(cart).await;
    state.metrics().purchase_answered(&bought);
    let bought = bought.map_err(|error| state.refused(error, first_over))?;
    let orders = bought.iter().map(Order::from).collect();
    Ok((StatusCode::CREATED, Json(Cart { orders })))
}

/// The ticket of a purchase of `user` in a campaign.
async fn ticket(
    state: &AppState,
    campaign: CampaignId,
    token: Option<&str>,
    user: BidderId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<Ticket>, Problem> {
    let campaign = state.engine().known_campaign(campaign).await;
    if campaign.is_err() {
        state.metrics().purchase_answered(&campaign);
    }
    state
        .ticket(&*campaign?, token, user, key)
        .inspect_err(|_| state.metrics().purchase_without_ticket())
}

fn units(Whole(quantity): Whole) -> Result<Units, Problem> {
    Units::new(quantity)
        .filter(|units| *units > Units::ZERO)
        .ok_or_else(|| {
            Problem::malformed(format!("The quantity must be from 1 to {}.", Units::MAX))
        })
}
