use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId};
use flashbid_core::order::{Order, OrderStatus};
use flashbid_core::store::{Listing, Page};
use sqlx::postgres::PgRow;
use sqlx::query;

use super::campaigns::Number;
use super::row::{self, Stored, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT orders.id, campaigns.id, orders.product, bidder, bid, price, score, rank, status, \
             orders.created_at, pay_by FROM orders JOIN campaigns ON campaigns.number = orders.campaign ",
            $rest
        )
    };
}

/// Writes the orders of a campaign, each with the unit that it holds.
pub(super) async fn insert(
    tx: &mut Transaction<'_>,
    campaign: Number,
    orders: &[Order],
) -> Result<(), DatabaseError> {
    // Sorted, so that two of these that meet wait for each other in one direction only.
    let mut orders: Vec<_> = orders.iter().collect();
    orders.sort_unstable_by_key(|order| order.id);
    let insert = query(
        "INSERT INTO orders (id, campaign, product, bidder, bid, price, score, rank, status, created_at, pay_by)
         SELECT id, $1, product, bidder, bid, price, score, rank, status, created_at, pay_by
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[],
                     $9::text[], $10::bigint[], $11::bigint[])
             AS new (id, product, bidder, bid, price, score, rank, status, created_at, pay_by)",
    );
    let insert = insert
        .bind(campaign.0)
        .bind(column(&orders, |order| order.id.uuid()))
        .bind(column(&orders, |order| order.product.uuid()))
        .bind(column(&orders, |order| order.bidder.uuid()))
        .bind(column(&orders, |order| order.bid.uuid()))
        .bind(column(&orders, |order| order.price.ten_thousandths()))
        .bind(column(&orders, |order| order.score.ten_thousandths()))
        .bind(column(&orders, |order| i64::from(order.rank.get())))
        .bind(column(&orders, |order| order.status.as_str()))
        .bind(column(&orders, |order| order.created_at.millis()))
        .bind(column(&orders, |order| order.pay_by.millis()));
    let rows = orders.len() as u64;
    row::change(tx, rows, insert, "an order was not written").await?;

    orders.retain(|order| order.status.holds_stock());
    let insert = query(
        "INSERT INTO holds (id, product, units, state, expires_at)
         SELECT id, product, 1, state, expires_at
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS new (id, product, state, expires_at)",
    );
    let insert = insert
        .bind(column(&orders, |order| HoldId::from(order.id).uuid()))
        .bind(column(&orders, |order| order.product.uuid()))
        .bind(column(&orders, |order| {
            if order.status == OrderStatus::Paid {
                "consumed"
            } else {
                "held"
            }
        }))
        .bind(column(&orders, |order| order.pay_by.millis()));
    let rows = orders.len() as u64;
    row::change(tx, rows, insert, "a hold was not written").await
}

fn column<T>(orders: &[&Order], value: impl Fn(&Order) -> T) -> Vec<T> {
    orders.iter().map(|order| value(order)).collect()
}

pub(super) async fn find(
    tx: &mut Transaction<'_>,
    id: OrderId,
) -> Result<Option<Order>, DatabaseError> {
    let find = query(select!("WHERE orders.id = $1")).bind(id.uuid());
    row::optional(tx, find, order).await
}

pub(super) async fn of_campaign(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    page: Page,
) -> Result<Listing<Order>, DatabaseError> {
    let items = query(select!(
        "WHERE orders.campaign = (SELECT number FROM campaigns WHERE id = $1)
         ORDER BY rank, orders.id LIMIT $2 OFFSET $3"
    ));
    let items = items
        .bind(campaign.uuid())
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    let total = query(
        "SELECT count(*) FROM orders WHERE campaign = (SELECT number FROM campaigns WHERE campaigns.id = $1)",
    );
    row::listing(tx, items, total.bind(campaign.uuid()), order).await
}

pub(super) async fn of_bidder(
    tx: &mut Transaction<'_>,
    bidder: BidderId,
    page: Page,
) -> Result<Listing<Order>, DatabaseError> {
    let items = query(select!(
        "WHERE bidder = $1 ORDER BY orders.created_at DESC, orders.id LIMIT $2 OFFSET $3"
    ));
    let items = items
        .bind(bidder.uuid())
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    let total = query("SELECT count(*) FROM orders WHERE bidder = $1").bind(bidder.uuid());
    row::listing(tx, items, total, order).await
}

fn order(row: &PgRow) -> Result<Order, DatabaseError> {
    Ok(Order {
        id: read(row, 0)?,
        campaign: read(row, 1)?,
        product: read(row, 2)?,
        bidder: read(row, 3)?,
        bid: read(row, 4)?,
        price: read(row, 5)?,
        score: read(row, 6)?,
        rank: read(row, 7)?,
        status: read(row, 8)?,
        created_at: read(row, 9)?,
        pay_by: read(row, 10)?,
    })
}

impl Stored for OrderStatus {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Self::from_name(&name)
    }
}
