//! What operators look after: dead letters, discrepancies, counters.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use flashbid_core::id::{CampaignId, HoldId, ProductId};
use serde::Deserialize;

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::auth::Admin;
use crate::extract::{Id, Input, Paging, PagingQuery};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{
    Campaign, CampaignList, DeadLetter, DeadLetterList, Discrepancy, DiscrepancyList, Order,
    Reconcile, Reconciled,
};

/// Purchases that could not be made orders, oldest first.
#[utoipa::path(
    get,
    path = "/dead-letters",
    tag = "operations",
    operation_id = "list_dead_letters",
    security(("token" = [])),
    params(PagingQuery),
    responses(
        (status = 200, description = "A part of the dead letters", body = DeadLetterList),
        Unauthorized, NotAnAdmin, Malformed, Unavailable,
    )
)]
pub(super) async fn dead_letters(
    State(state): State<AppState>,
    _: Admin,
    Paging(page): Paging,
) -> Result<Json<DeadLetterList>, Problem> {
    let found = state.engine().dead_letters(page).await?;
    Ok(Json(DeadLetterList {
        dead_letters: found.items.iter().map(DeadLetter::from).collect(),
        total: found.total,
    }))
}

/// Tries again to make an order of a dead letter; its buyer has the usual time to pay from now on.
#[utoipa::path(
    post,
    path = "/dead-letters/{hold_id}/replay",
    tag = "operations",
    operation_id = "replay_dead_letter",
    security(("token" = [])),
    params(("hold_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The order", body = Order),
        (status = 409, description = "SOLD_OUT, LIMIT_REACHED or HOLD_ENDED, for good", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotAnAdmin, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn replay(
    State(state): State<AppState>,
    _: Admin,
    Id(hold): Id<HoldId>,
) -> Result<Json<Order>, Problem> {
    let order = state.engine().replay_dead_letter(hold).await?;
    let order = order.ok_or_else(unknown_letter)?;
    Ok(Json(Order::from(&order)))
}

/// Drops a dead letter: its units go back, and it never becomes an order.
#[utoipa::path(
    delete,
    path = "/dead-letters/{hold_id}",
    tag = "operations",
    operation_id = "drop_dead_letter",
    security(("token" = [])),
    params(("hold_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is dropped"),
        Unauthorized, NotAnAdmin, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn drop_letter(
    State(state): State<AppState>,
    _: Admin,
    Id(hold): Id<HoldId>,
) -> Result<StatusCode, Problem> {
    let dropped = state.engine().drop_dead_letter(hold).await?;
    dropped
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or_else(unknown_letter)
}

fn unknown_letter() -> Problem {
    Problem::not_found("UNKNOWN_DEAD_LETTER", "There is no such dead letter.")
}

/// Which discrepancies are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DiscrepancyQuery {
    /// Whether only those are told that last.
    #[serde(default)]
    #[param(default = false, required = false)]
    open: bool,
}

/// Places that did not agree, newest first.
#[utoipa::path(
    get,
    path = "/discrepancies",
    tag = "operations",
    operation_id = "list_discrepancies",
    security(("token" = [])),
    params(PagingQuery, DiscrepancyQuery),
    responses(
        (status = 200, description = "A part of the discrepancies", body = DiscrepancyList),
        Unauthorized, NotAnAdmin, Malformed, Unavailable,
    )
)]
pub(super) async fn discrepancies(
    State(state): State<AppState>,
    _: Admin,
    Paging(page): Paging,
    query: Result<Query<DiscrepancyQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<DiscrepancyList>, Problem> {
    let Query(DiscrepancyQuery { open }) =
        query.map_err(|_| Problem::malformed("The open of a list is true or false."))?;
    let found = state.engine().discrepancies(open, page).await?;
    Ok(Json(DiscrepancyList {
        discrepancies: found.items.iter().map(Discrepancy::from).collect(),
        total: found.total,
    }))
}

/// Compares a campaign's counter, holds, orders and stock, records what does not agree, and repairs the counter if asked.
#[utoipa::path(
    post,
    path = "/campaigns/{campaign_id}/reconcile",
    tag = "operations",
    operation_id = "reconcile",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path)),
    request_body = Reconcile,
    responses(
        (status = 200, description = "What did not agree, and what does not agree still", body = Reconciled),
        Unauthorized, NotAnAdmin, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn reconcile(
    State(state): State<AppState>,
    _: Admin,
    Id(id): Id<CampaignId>,
    Input(wanted): Input<Reconcile>,
) -> Result<Json<Reconciled>, Problem> {
    let reconciled = state.engine().reconcile(id, wanted.fix).await?;
    let told = |found: &[_]| found.iter().map(Discrepancy::from).collect();
    Ok(Json(Reconciled {
        found: told(&reconciled.found),
        left: told(&reconciled.left),
    }))
}

/// Brings the counters of a product's first-come campaigns in line with the ledger: loads those that are missing into the
/// hot store, and repairs the others.
#[utoipa::path(
    post,
    path = "/products/{product_id}/sync",
    tag = "operations",
    operation_id = "sync_product",
    security(("token" = [])),
    params(("product_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The campaigns whose counters agree with the ledger now", body = CampaignList),
        Unauthorized, NotAnAdmin, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn sync_product(
    State(state): State<AppState>,
    _: Admin,
    Id(id): Id<ProductId>,
) -> Result<Json<CampaignList>, Problem> {
    let loaded = state.engine().sync_stock(id).await?;
    Ok(Json(told(&state, &loaded)))
}

/// Brings the counters of every running first-come campaign in line with the ledger.
#[utoipa::path(
    post,
    path = "/products/sync",
    tag = "operations",
    operation_id = "sync_products",
    security(("token" = [])),
    responses(
        (status = 200, description = "The campaigns whose counters agree with the ledger now", body = CampaignList),
        Unauthorized, NotAnAdmin, Malformed, Unavailable,
    )
)]
pub(super) async fn sync_products(
    State(state): State<AppState>,
    _: Admin,
) -> Result<Json<CampaignList>, Problem> {
    let loaded = state.engine().sync_all_stock().await?;
    Ok(Json(told(&state, &loaded)))
}

fn told(state: &AppState, campaigns: &[flashbid_core::campaign::Campaign]) -> CampaignList {
    let now = state.engine().now();
    let campaigns: Vec<Campaign> = campaigns
        .iter()
        .map(|campaign| Campaign::new(campaign, None, now))
        .collect();
    CampaignList {
        total: campaigns.len() as u64,
        campaigns,
    }
}
