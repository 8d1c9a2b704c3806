use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use flashbid_core::id::CampaignId;

use super::responses::{BodyTooLarge, Malformed, NotFound, NotJson, Unauthorized, Unavailable};
use crate::auth::CurrentUser;
use crate::extract::{Id, Input};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{AskForToken, RequestToken};

/// The most characters of what the picture of a captcha says.
const LONGEST_ANSWER: usize = 64;

/// Gives a token that is good for one bid or purchase of the user in the campaign.
///
/// It is sent in the header `X-Request-Token`. Where the campaign asks for a captcha, the answer of one is to be given.
#[utoipa::path(
    post,
    path = "/campaigns/{campaign_id}/tokens",
    tag = "gate",
    operation_id = "open_request_token",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path)),
    request_body = AskForToken,
    responses(
        (status = 201, description = "The token", body = RequestToken),
        (status = 403, description = "CAPTCHA_REQUIRED or CAPTCHA_FAILED", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn open(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<CampaignId>,
    Input(asked): Input<AskForToken>,
) -> Result<impl IntoResponse, Problem> {
    let answer = asked.captcha_answer.as_ref();
    if answer.is_some_and(|answer| answer.expose().chars().count() > LONGEST_ANSWER) {
        return Err(Problem::malformed(format!(
            "The captcha_answer must have at most {LONGEST_ANSWER} characters."
        )));
    }
    let campaign = state.engine().known_campaign(id).await?;
    let answered = asked.captcha_id.zip(answer);
    let now = state.engine().now();
    let (token, ticket) = state
        .gate()
        .give_ticket(campaign.guards, answered, account.id, id, now)
        .await?;
    let given = RequestToken::new(token, ticket.expires_at);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(given)))
}
