#![expect(
    clippy::struct_field_names,
    reason = "the names are those of the wire, which is fixed"
)]

use flashbid_core::order::{Order as CoreOrder, OrderStatus as CoreOrderStatus};
use flashbid_core::rank::Rank;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Exact, Time};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Order {
    order_id: Uuid,
    campaign_id: Uuid,
    user_id: Uuid,
    product_id: Uuid,
    /// How many units; of a ranked campaign always one.
    quantity: u32,
    /// What is to be paid in all.
    final_price: Exact,
    /// Null for what was bought first-come, as is the rank.
    final_score: Option<Exact>,
    final_rank: Option<u32>,
    #[schema(inline)]
    status: OrderStatus,
    #[schema(inline)]
    created_at: Time,
    /// Until when it may be paid.
    pay_by: Time,
}

impl From<&CoreOrder> for Order {
    fn from(order: &CoreOrder) -> Self {
        Self {
            order_id: order.id.uuid(),
            campaign_id: order.campaign.uuid(),
            user_id: order.bidder.uuid(),
            product_id: order.product.uuid(),
            quantity: order.units.get(),
            final_price: Exact::from(order.total()),
            final_score: order.score().map(Exact::from),
            final_rank: order.rank().map(Rank::get),
            status: order.status.into(),
            created_at: Time(order.created_at),
            pay_by: Time(order.pay_by),
        }
    }
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Its units are held until `pay_by`.
    PendingPayment,
    /// Its units are the buyer's.
    Paid,
    /// Called off, or declined.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid too late, and no unit was left: the money goes back.
    RefundDue,
}

impl From<CoreOrderStatus> for OrderStatus {
    fn from(status: CoreOrderStatus) -> Self {
        match status {
            CoreOrderStatus::PendingPayment => Self::PendingPayment,
            CoreOrderStatus::Paid => Self::Paid,
            CoreOrderStatus::Cancelled => Self::Cancelled,
            CoreOrderStatus::RefundDue => Self::RefundDue,
            _ => Self::Expired,
        }
    }
}

/// A part of a user's orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderList {
    pub(crate) orders: Vec<Order>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// A part of a campaign's orders by rank, and whether all of them together are sound.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignOrders {
    pub(crate) campaign_id: Uuid,
    pub(crate) orders: Vec<Order>,
    /// How many there are in all.
    pub(crate) total: u64,
    /// The product's units.
    pub(crate) stock: u64,
    /// Whether the units of orders that hold some are at most the quota, the quota at most the stock, and no bidder of a
    /// ranked campaign has two orders or buyer more than the limit.
    pub(crate) is_consistent: bool,
}
