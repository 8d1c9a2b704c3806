use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use flashbid_core::Rejection;
use flashbid_core::id::CampaignId;
use flashbid_core::store::Page;

use super::responses::{Malformed, NotAnAdmin, NotFound, Unauthorized, Unavailable};
use crate::auth::{Admin, CurrentUser};
use crate::extract::{Id, LongPagingQuery, Paging, PagingQuery};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{CampaignOrders, Order, OrderList};

/// Orders that are read at once when all of a campaign are looked at.
const PAGE: u32 = 10_000;

/// The user's own orders, newest first.
#[utoipa::path(
    get,
    path = "/orders",
    tag = "orders",
    operation_id = "own_orders",
    security(("token" = [])),
    params(PagingQuery),
    responses(
        (status = 200, description = "A part of the orders", body = OrderList),
        Unauthorized, Malformed, Unavailable,
    )
)]
pub(super) async fn mine(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Paging(page): Paging,
) -> Result<Json<OrderList>, Problem> {
    let found = state.engine().orders_of(account.id, page).await?;
    Ok(Json(OrderList {
        orders: found.items.iter().map(Order::from).collect(),
        total: found.total,
    }))
}

/// A campaign's orders by rank, and whether all of them together are sound. The limit goes up to 1000.
#[utoipa::path(
    get,
    path = "/orders/campaign/{campaign_id}",
    tag = "orders",
    operation_id = "campaign_orders",
    security(("token" = [])),
    params(("campaign_id" = Uuid, Path), LongPagingQuery),
    responses(
        (status = 200, description = "A part of the orders", body = CampaignOrders),
        Unauthorized, NotAnAdmin, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn of_campaign(
    State(state): State<AppState>,
    _: Admin,
    Id(id): Id<CampaignId>,
    Paging(page): Paging<1_000>,
) -> Result<Json<CampaignOrders>, Problem> {
    let engine = state.engine();
    let campaign = engine.known_campaign(id).await?;
    let product = engine.product(campaign.product).await?;
    let stock = product.ok_or(Rejection::UnknownProduct)?.stock.loaded();
    let found = engine.orders_in(id, page).await?;
    let holding = holding(&state, id).await?;
    let quota = u64::from(campaign.terms.quota.get());
    Ok(Json(CampaignOrders {
        campaign_id: id.uuid(),
        orders: found.items.iter().map(Order::from).collect(),
        total: found.total,
        stock,
        is_consistent: holding.is_some_and(|holding| holding <= quota) && quota <= stock,
    }))
}

/// How many orders of a campaign hold a unit; `None` when a bidder has more than one order.
async fn holding(state: &AppState, campaign: CampaignId) -> Result<Option<u64>, Problem> {
    let (mut skip, mut holding, mut bidders) = (0, 0, HashSet::new());
    loop {
        let page = Page { skip, limit: PAGE };
        let orders = state.engine().orders_in(campaign, page).await?.items;
        if orders.is_empty() {
            return Ok(Some(holding));
        }
        skip += orders.len() as u64;
        for order in &orders {
            holding += u64::from(order.status.holds_stock());
            if !bidders.insert(order.bidder) {
                return Ok(None);
            }
        }
    }
}
