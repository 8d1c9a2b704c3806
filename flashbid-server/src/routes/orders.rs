use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::bid::IdempotencyKey;
use flashbid_core::id::{CampaignId, OrderId};
use flashbid_core::order::{Order as CoreOrder, OrderStatus};
use flashbid_core::{Error, Rejection};
use tokio::time::timeout;

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::accounts::Account;
use crate::auth::{Admin, CurrentUser};
use crate::config::Secret;
use crate::extract::{Id, LongPagingQuery, OptionalInput, Paging, PagingQuery};
use crate::payments::{Charge, ChargeError};
use crate::problem::{Problem, ProblemBody, sentence};
use crate::state::AppState;
use crate::wire::{CampaignOrders, Order, OrderList, Pay};

/// The most characters of what an order is paid with.
const LONGEST_METHOD: usize = 255;

/// How long a payment provider may take.
const CHARGE_PATIENCE: Duration = Duration::from_secs(10);

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

/// One order of the user. An administrator may see any.
#[utoipa::path(
    get,
    path = "/orders/{order_id}",
    tag = "orders",
    operation_id = "get_order",
    security(("token" = [])),
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The order", body = Order),
        Unauthorized, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn one(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<OrderId>,
) -> Result<Json<Order>, Problem> {
    let order = order_for(&state, &account, id).await?;
    Ok(Json(Order::from(&order)))
}

/// Pays an order. One that is paid is answered as it is.
///
/// A payment that comes too late gets a unit if there is one; else the order becomes `refund_due`.
#[utoipa::path(
    post,
    path = "/orders/{order_id}/pay",
    tag = "orders",
    operation_id = "pay_order",
    security(("token" = [])),
    params(("order_id" = Uuid, Path)),
    request_body(content = Option<Pay>, description = "May be left out"),
    responses(
        (status = 200, description = "The order as it is now", body = Order),
        (status = 402, description = "PAYMENT_DECLINED", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "PAID_OTHERWISE", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn pay(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<OrderId>,
    OptionalInput(asked): OptionalInput<Pay>,
) -> Result<Json<Order>, Problem> {
    let method = asked.unwrap_or_default().method;
    let is_long = |method: &Secret| method.expose().chars().count() > LONGEST_METHOD;
    if method.as_ref().is_some_and(is_long) {
        return Err(Problem::malformed(format!(
            "The method must have at most {LONGEST_METHOD} characters."
        )));
    }
    let order = order_for(&state, &account, id).await?;
    if order.bidder != account.id {
        return Err(Rejection::UnknownOrder.into());
    }
    if matches!(order.status, OrderStatus::Paid | OrderStatus::RefundDue) {
        return Ok(Json(Order::from(&order)));
    }
    let charge = Charge {
        order: id,
        amount: order.total(),
        method,
        key: IdempotencyKey::new(id.to_string()).expect("an id is visible ASCII"),
    };
    let charged = timeout(CHARGE_PATIENCE, state.payments().charge(&charge)).await;
    // The key makes asking again safe.
    let payment = charged
        .unwrap_or(Err(ChargeError::Unavailable))
        .map_err(declined)?;
    let paid = state.engine().pay(id, payment.clone()).await;
    if let Err(Error::Rejected(Rejection::PaidOtherwise)) = &paid {
        tracing::error!(order = %id, %payment, "an order was charged twice: this payment is to be refunded");
    }
    Ok(Json(Order::from(&paid?)))
}

/// Calls an order off, or declines what was offered to a runner-up. One that has ended is answered as it is.
#[utoipa::path(
    post,
    path = "/orders/{order_id}/cancel",
    tag = "orders",
    operation_id = "cancel_order",
    security(("token" = [])),
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The order as it is now", body = Order),
        (status = 409, description = "ORDER_PAID", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    CurrentUser(account): CurrentUser,
    Id(id): Id<OrderId>,
) -> Result<Json<Order>, Problem> {
    order_for(&state, &account, id).await?;
    let cancelled = state.engine().cancel(id).await?;
    Ok(Json(Order::from(&cancelled)))
}

/// An order that `account` may see.
async fn order_for(state: &AppState, account: &Account, id: OrderId) -> Result<CoreOrder, Problem> {
    let order = state.engine().order(id).await?;
    order
        .filter(|order| order.bidder == account.id || account.is_admin)
        .ok_or_else(|| Rejection::UnknownOrder.into())
}

fn declined(error: ChargeError) -> Problem {
    match error {
        ChargeError::Declined { reason } => Problem::new(
            StatusCode::PAYMENT_REQUIRED,
            "PAYMENT_DECLINED",
            sentence(&format!("the payment was declined: {reason}")),
        ),
        _ => Problem::payments_away(),
    }
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
    let is_consistent = engine.orders_are_sound(id).await?;
    Ok(Json(CampaignOrders {
        campaign_id: id.uuid(),
        orders: found.items.iter().map(Order::from).collect(),
        total: found.total,
        stock,
        is_consistent,
    }))
}
