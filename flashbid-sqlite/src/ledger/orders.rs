use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, PurchaseId};
use flashbid_core::order::{Order, OrderStatus, Origin, PaymentId};
use flashbid_core::store::{Listing, OrderChanges, Page, Revision};
use flashbid_core::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, params};

use super::campaigns::{self, Number};
use super::row::{self, Column, read, read_optional};
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT orders.id, campaigns.id, orders.product, bidder, units, price, bid, score, rank, purchase, hold, \
             status, payment, orders.created_at, pay_by, orders.revision
             FROM orders JOIN campaigns ON campaigns.number = orders.campaign ",
            $rest
        )
    };
}

/// The column behind those of an order.
const REVISION: usize = 15;

pub(super) fn insert(
    tx: &Connection,
    campaign: Number,
    order: &Order,
    revision: Revision,
) -> Result<(), DatabaseError> {
    let (won, purchase) = match &order.origin {
        Origin::Won { bid, score, rank } => (Some((bid, score, rank)), None),
        Origin::Bought { purchase } => (None, Some(purchase)),
        _ => return Err(DatabaseError::conflict("this origin cannot be stored yet")),
    };
    row::change_one(
        tx,
        "INSERT INTO orders (id, campaign, product, bidder, units, price, bid, score, rank, purchase, hold, status, \
         payment, created_at, pay_by, revision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            order.id.as_bytes(),
            campaign.0,
            order.product.as_bytes(),
            order.bidder.as_bytes(),
            order.units.get(),
            order.price.ten_thousandths(),
            won.map(|(bid, ..)| bid.as_bytes()),
            won.map(|(_, score, _)| score.ten_thousandths()),
            won.map(|(.., rank)| rank.get()),
            purchase.map(PurchaseId::as_bytes),
            order.hold.as_bytes(),
            order.status.as_str(),
            order.payment.as_ref().map(PaymentId::as_str),
            order.created_at.millis(),
            order.pay_by.millis(),
            row::number(revision.get())?,
        ],
    )
}

/// Writes what a move has changed of an order.
pub(super) fn update(
    tx: &Connection,
    order: &Order,
    before: OrderStatus,
    revision: Revision,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE orders SET status = ?3, hold = ?4, payment = ?5, revision = ?6 WHERE id = ?1 AND status = ?2",
        params![
            order.id.as_bytes(),
            before.as_str(),
            order.status.as_str(),
            order.hold.as_bytes(),
            order.payment.as_ref().map(PaymentId::as_str),
            row::number(revision.get())?,
        ],
    )
}

pub(super) fn find(tx: &Connection, id: OrderId) -> Result<Option<Order>, DatabaseError> {
    let sql = select!("WHERE orders.id = ?1");
    row::optional(tx, sql, [id.as_bytes()], order)
}

/// The order that a hold has become, or whose units were taken again under it.
pub(super) fn of_hold(tx: &Connection, hold: HoldId) -> Result<Option<Order>, DatabaseError> {
    let first = find(tx, OrderId::from(hold))?;
    if first.is_some() {
        return Ok(first);
    }
    let sql = select!("WHERE hold = ?1 AND hold <> orders.id");
    row::optional(tx, sql, [hold.as_bytes()], order)
}

/// The units of a campaign that a bidder's orders hold.
pub(super) fn units_of(
    tx: &Connection,
    campaign: Number,
    bidder: BidderId,
) -> Result<u64, DatabaseError> {
    row::count(
        tx,
        "SELECT coalesce(sum(units), 0) FROM orders INDEXED BY orders_of
         WHERE bidder = ?1 AND campaign = ?2 AND status IN ('pending_payment', 'paid')",
        params![bidder.as_bytes(), campaign.0],
    )
}

/// Whether a bidder has any order of a campaign.
pub(super) fn any_of(
    tx: &Connection,
    campaign: Number,
    bidder: BidderId,
) -> Result<bool, DatabaseError> {
    let any = row::count(
        tx,
        "SELECT EXISTS (SELECT 1 FROM orders INDEXED BY orders_of WHERE bidder = ?1 AND campaign = ?2)",
        params![bidder.as_bytes(), campaign.0],
    )?;
    Ok(any == 1)
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
    // Either all of them have a rank or none has.
    let sql = select!(
        "WHERE orders.campaign = ?1 ORDER BY rank, orders.created_at, orders.id LIMIT ?2 OFFSET ?3"
    );
    let total = "SELECT count(*) FROM orders WHERE campaign = ?1";
    Ok(Listing {
        items: row::all(tx, sql, (number.0, limit, offset), order)?,
        total: row::count(tx, total, [number.0])?,
    })
}

/// Every order of a campaign.
pub(super) fn all(tx: &Connection, campaign: Number) -> Result<Vec<Order>, DatabaseError> {
    let sql = select!("WHERE orders.campaign = ?1 ORDER BY orders.revision");
    row::all(tx, sql, [campaign.0], order)
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

pub(super) fn overdue(
    tx: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Order>, DatabaseError> {
    let sql = select!(
        "WHERE status = 'pending_payment' AND pay_by <= ?1 ORDER BY pay_by, orders.id LIMIT ?2"
    );
    row::all(tx, sql, params![now.millis(), limit], order)
}

/// The orders that changed behind a revision, in the order of their last changes.
pub(super) fn changes(
    tx: &Connection,
    campaign: CampaignId,
    after: Revision,
    limit: u32,
) -> Result<OrderChanges, DatabaseError> {
    let Some(kept) = campaigns::find_kept(tx, campaign)? else {
        return Ok(OrderChanges {
            through: Revision::ZERO,
            orders: Vec::new(),
        });
    };
    let sql = select!(
        "WHERE orders.campaign = ?1 AND orders.revision > ?2 ORDER BY orders.revision LIMIT ?3"
    );
    let behind = params![kept.number.0, row::bound(after.get()), limit];
    let changed = row::all(tx, sql, behind, |row| {
        Ok((order(row)?, Revision::new(read(row, REVISION)?)))
    })?;
    Ok(OrderChanges {
        through: changed
            .last()
            .map_or(kept.revision, |(_, revision)| *revision),
        orders: changed.into_iter().map(|(order, _)| order).collect(),
    })
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: read(row, 0)?,
        campaign: read(row, 1)?,
        product: read(row, 2)?,
        bidder: read(row, 3)?,
        units: read(row, 4)?,
        price: read(row, 5)?,
        origin: match read_optional(row, 9)? {
            Some(purchase) => Origin::Bought { purchase },
            None => Origin::Won {
                bid: read(row, 6)?,
                score: read(row, 7)?,
                rank: read(row, 8)?,
            },
        },
        hold: read(row, 10)?,
        status: read(row, 11)?,
        payment: read_optional(row, 12)?,
        created_at: read(row, 13)?,
        pay_by: read(row, 14)?,
    })
}

impl FromSql for Column<OrderStatus> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        OrderStatus::from_name(value.as_str()?)
            .map(Self)
            .ok_or_else(|| FromSqlError::Other("no status of an order".into()))
    }
}

impl FromSql for Column<PaymentId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        PaymentId::new(value.as_str()?)
            .map(Self)
            .map_err(|error| FromSqlError::Other(error.into()))
    }
}
