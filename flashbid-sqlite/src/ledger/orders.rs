use flashbid_core::id::{BidderId, CampaignId, OrderId};
use flashbid_core::order::{Order, OrderStatus};
use flashbid_core::store::{Listing, Page};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, params};

use super::campaigns::{self, Number};
use super::row::{self, Column, read};
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

pub(super) fn insert(
    tx: &Connection,
    campaign: Number,
    order: &Order,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "INSERT INTO orders (id, campaign, product, bidder, bid, price, score, rank, status, created_at, pay_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            order.id.as_bytes(),
            campaign.0,
            order.product.as_bytes(),
            order.bidder.as_bytes(),
            order.bid.as_bytes(),
            order.price.ten_thousandths(),
            order.score.ten_thousandths(),
            order.rank.get(),
            order.status.as_str(),
            order.created_at.millis(),
            order.pay_by.millis(),
        ],
    )
}

pub(super) fn find(tx: &Connection, id: OrderId) -> Result<Option<Order>, DatabaseError> {
    let sql = select!("WHERE orders.id = ?1");
    row::optional(tx, sql, [id.as_bytes()], order)
}

pub(super) fn of_campaign(
    tx: &Connection,
    campaign: CampaignId,
    page: Page,
) -> Result<Listing<Order>, DatabaseError> {
    let Some(number) = campaigns::number(tx, campaign)? else {
        return Ok(row::nothing());
    };
    let (limit, offset) = row::window(page);
    let sql = select!("WHERE orders.campaign = ?1 ORDER BY rank, orders.id LIMIT ?2 OFFSET ?3");
    let total = "SELECT count(*) FROM orders WHERE campaign = ?1";
    Ok(Listing {
        items: row::all(tx, sql, (number.0, limit, offset), order)?,
        total: row::count(tx, total, [number.0])?,
    })
}

pub(super) fn of_bidder(
    tx: &Connection,
    bidder: BidderId,
    page: Page,
) -> Result<Listing<Order>, DatabaseError> {
    let (limit, offset) = row::window(page);
    let sql =
        select!("WHERE bidder = ?1 ORDER BY orders.created_at DESC, orders.id LIMIT ?2 OFFSET ?3");
    let total = "SELECT count(*) FROM orders WHERE bidder = ?1";
    Ok(Listing {
        items: row::all(tx, sql, params![bidder.as_bytes(), limit, offset], order)?,
        total: row::count(tx, total, [bidder.as_bytes()])?,
    })
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
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

impl FromSql for Column<OrderStatus> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        OrderStatus::from_name(value.as_str()?)
            .map(Self)
            .ok_or_else(|| FromSqlError::Other("no status of an order".into()))
    }
}
