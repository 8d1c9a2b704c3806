use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use flashbid_core::id::{AttemptId, OrderId};
use flashbid_core::order::PaymentId;

use serde::Deserialize;

use super::responses::{BodyTooLarge, Malformed, NotFound, Unavailable};
use crate::extract::Raw;
use crate::payments::{TOLERANCE, Webhooks};
use crate::problem::{Problem, ProblemBody, sentence};
use crate::state::AppState;
use crate::wire::{Order, PaymentEvent};

/// The event that says that an order was paid.
const SUCCEEDED: &str = "payment.succeeded";

/// What happened; all that is read of other events.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// Takes what a payment provider tells.
///
/// The header `X-FlashBid-Signature` is `t=UNIX_SECONDS,v1=HEX`, where `HEX` is the HMAC-SHA-256 of `t.body` with the
/// secret that the server was started with. A signature is good for five minutes, and for one request.
#[utoipa::path(
    post,
    path = "/payments/webhook",
    tag = "orders",
    operation_id = "payment_webhook",
    params(("X-FlashBid-Signature" = String, Header, description = "t=UNIX_SECONDS,v1=HEX")),
    request_body = PaymentEvent,
    responses(
        (status = 200, description = "The order as it is now: paid, or to be refunded when it came too late", body = Order),
        (status = 204, description = "An event that changes nothing"),
        (status = 401, description = "BAD_SIGNATURE", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "WEBHOOK_REPLAYED or PAID_OTHERWISE", body = ProblemBody, content_type = "application/problem+json"),
        NotFound, BodyTooLarge, Malformed, Unavailable,
    )
)]
pub(super) async fn webhook(
    State(state): State<AppState>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Result<Json<Order>, StatusCode>, Problem> {
    let webhooks = state.webhooks().ok_or_else(|| {
        Problem::not_found(
            "NO_WEBHOOKS",
            "This server was started without a webhook secret.",
        )
    })?;
    let header = headers.get(Webhooks::HEADER);
    let header = header.and_then(|value| value.to_str().ok());
    let signed = header.ok_or_else(|| Problem::bad_signature("The signature is missing."))?;
    let verified = webhooks
        .verify(signed, &body, state.engine().now())
        .map_err(|error| Problem::bad_signature(sentence(&error.to_string())))?;
    let malformed = |error: serde_json::Error| Problem::malformed(sentence(&error.to_string()));
    let Kind { kind } = serde_json::from_slice(&body).map_err(malformed)?;
    if kind != SUCCEEDED {
        return Ok(Err(StatusCode::NO_CONTENT));
    }
    let event: PaymentEvent = serde_json::from_slice(&body).map_err(malformed)?;
    let payment = PaymentId::new(event.payment_id)
        .map_err(|error| Problem::malformed(sentence(&error.to_string())))?;
    let order = OrderId::new(event.order_id);
    // The same payment again changes nothing. So the signature is used up behind it: what a store that was away could not
    // note may be sent again.
    let order = state.engine().pay(order, payment).await?;
    if !is_first(&state, &verified.signature).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "WEBHOOK_REPLAYED",
            "This very request was taken before.",
        ));
    }
    Ok(Ok(Json(Order::from(&order))))
}

/// Whether nobody has come with this signature before, for as long as it is good.
async fn is_first(state: &AppState, signature: &[u8; 32]) -> Result<bool, Problem> {
    const SUBJECT: &str = "webhook";
    let token = format!(
        "webhook/{}",
        data_encoding::HEXLOWER.encode(signature.as_slice())
    );
    let hot = state.engine().hot();
    hot.issue(&token, SUBJECT, TOLERANCE * 3).await?;
    let attempt: AttemptId = state.engine().fresh_id();
    Ok(hot.redeem(&token, SUBJECT, attempt).await?)
}
