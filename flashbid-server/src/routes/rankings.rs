use axum::Json;
use axum::extract::State;
use flashbid_core::id::CampaignId;

use super::responses::{Malformed, NotFound, Unauthorized, Unavailable};
use crate::auth::CurrentUser;
use crate::extract::{Id, Top, TopQuery};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{OwnRanking, Ranking};

/// The best of a campaign, as many as there are units.
#[utoipa::path(
    get,
    path = "/rankings/{campaign_id}",
    tag = "rankings",
    operation_id = "ranking",
    params(("campaign_id" = Uuid, Path), TopQuery),
    responses(
        (status = 200, description = "The top of the ranking", body = Ranking),
        (status = 409, description = "WRONG_FORMAT: it ranks nobody", body = ProblemBody, content_type = "application/problem+json"),
        NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn top(
    State(state): State<AppState>,
    Id(id): Id<CampaignId>,
    Top(limit): Top,
) -> Result<Json<Ranking>, Problem> {
    let quota = state.engine().known_campaign(id).await?.terms.quota.get();
    let shown = limit.min(quota);
    let ranking = state.engine().ranking(id, shown as usize).await?;
    Ok(Json(Ranking::new(id, &ranking, state.engine().now())))
}

/// The user's own place.
#[utoipa::path(
    get,
    path = "/rankings/{campaign_id}/me",
    tag = "rankings",
    operation_id = "own_ranking",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The user's place", body = OwnRanking),
        (status = 409, description = "WRONG_FORMAT: it ranks nobody", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn own(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<CampaignId>,
) -> Result<Json<OwnRanking>, Problem> {
    let campaign = state.engine().known_campaign(id).await?;
    let standing = state.engine().standing(id, account.id).await?;
    let participants = state.engine().ranking(id, 0).await?.stats.participants;
    Ok(Json(OwnRanking::new(
        &campaign,
        account.id,
        standing.as_ref(),
        participants,
    )))
}
