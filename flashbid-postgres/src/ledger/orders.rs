use flashbid_core::id::{BidderId, CampaignId, OrderId};
use flashbid_core::order::{Order, OrderStatus, Origin, PaymentId};
use flashbid_core::stock::Hold;
use flashbid_core::store::{Listing, OrderChanges, Page, Revision};
use flashbid_core::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::query;

use super::campaigns::Locked;
use super::row::{self, Stored, read, read_if};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT orders.id, campaigns.id, orders.product, orders.bidder, orders.units, orders.price, orders.bid, \
             orders.score, orders.rank, orders.purchase, orders.hold, orders.status, orders.created_at, \
             orders.pay_by, orders.payment, orders.revision \
             FROM orders JOIN campaigns ON campaigns.number = orders.campaign ",
            $rest
        )
    };
}

/// Writes the won orders of a campaign, in their order.
pub(super) async fn insert(
    tx: &mut Transaction<'_>,
    campaign: &Locked,
    orders: &[Order],
) -> Result<(), DatabaseError> {
    struct New<'o> {
        order: &'o Order,
        revision: i64,
        won: (uuid::Uuid, i64, i64),
    }
    let mut new = Vec::with_capacity(orders.len());
    for (order, revision) in orders.iter().zip(campaign.revision + 1..) {
        let Origin::Won { bid, score, rank } = order.origin else {
            return Err(DatabaseError::conflict("an order was not won"));
        };
        new.push(New {
            order,
            revision,
            won: (bid.uuid(), score.ten_thousandths(), i64::from(rank.get())),
        });
    }
    // Sorted, so that two of these that meet wait for each other in one direction only.
    new.sort_unstable_by_key(|new| new.order.id);
    let insert = query(
        "INSERT INTO orders (id, campaign, product, bidder, units, price, bid, score, rank, hold, status, created_at,
                             pay_by, payment, revision)
         SELECT id, $1, product, bidder, units, price, bid, score, rank, hold, status, created_at, pay_by, payment,
                revision
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::integer[], $6::bigint[], $7::uuid[], $8::bigint[],
                     $9::bigint[], $10::uuid[], $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::bigint[])
             AS new (id, product, bidder, units, price, bid, score, rank, hold, status, created_at, pay_by, payment,
                     revision)",
    );
    let insert = insert
        .bind(campaign.number.0)
        .bind(row::column(&new, |new| new.order.id.uuid()))
        .bind(row::column(&new, |new| new.order.product.uuid()))
        .bind(row::column(&new, |new| new.order.bidder.uuid()))
        .bind(row::column(&new, |new| row::units(new.order.units)))
        .bind(row::column(&new, |new| new.order.price.ten_thousandths()))
        .bind(row::column(&new, |new| new.won.0))
        .bind(row::column(&new, |new| new.won.1))
        .bind(row::column(&new, |new| new.won.2))
        .bind(row::column(&new, |new| new.order.hold.uuid()))
        .bind(row::column(&new, |new| new.order.status.as_str()))
        .bind(row::column(&new, |new| new.order.created_at.millis()))
        .bind(row::column(&new, |new| new.order.pay_by.millis()))
        .bind(row::column(&new, |new| {
            new.order.payment.as_ref().map(PaymentId::as_str)
        }))
        .bind(row::column(&new, |new| new.revision));
    let rows = orders.len() as u64;
    row::change(tx, rows, insert, "an order was not written").await
}

/// Writes what a move may change of orders of locked campaigns, each with the revision of that.
pub(super) async fn update(
    tx: &mut Transaction<'_>,
    orders: &[(&Order, i64)],
) -> Result<(), DatabaseError> {
    let update = query(
        "UPDATE orders SET status = new.status, hold = new.hold, payment = new.payment, revision = new.revision
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[])
             AS new (id, status, hold, payment, revision)
         WHERE orders.id = new.id",
    );
    let update = update
        .bind(row::column(orders, |(order, _)| order.id.uuid()))
        .bind(row::column(orders, |(order, _)| order.status.as_str()))
        .bind(row::column(orders, |(order, _)| order.hold.uuid()))
        .bind(row::column(orders, |(order, _)| {
            order.payment.as_ref().map(PaymentId::as_str)
        }))
        .bind(row::column(orders, |(_, revision)| *revision));
    let rows = orders.len() as u64;
    row::change(tx, rows, update, "an order was not changed").await
}

pub(super) async fn find(
    tx: &mut Transaction<'_>,
    id: OrderId,
) -> Result<Option<Order>, DatabaseError> {
    let find = query(select!("WHERE orders.id = $1")).bind(id.uuid());
    row::optional(tx, find, order).await
}

/// The orders with these ids, as far as there are any.
pub(super) async fn find_all(
    tx: &mut Transaction<'_>,
    ids: Vec<uuid::Uuid>,
) -> Result<Vec<Order>, DatabaseError> {
    let find = query(select!("WHERE orders.id = ANY ($1)")).bind(ids);
    row::all(tx, find, order).await
}

/// The orders whose units were taken again under these holds.
pub(super) async fn taken_again(
    tx: &mut Transaction<'_>,
    holds: Vec<uuid::Uuid>,
) -> Result<Vec<Order>, DatabaseError> {
    let find = query(select!(
        "WHERE orders.hold = ANY ($1) AND orders.hold <> orders.id"
    ));
    row::all(tx, find.bind(holds), order).await
}

pub(super) async fn of_campaign(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    page: Page,
) -> Result<Listing<Order>, DatabaseError> {
    let items = query(select!(
        "WHERE orders.campaign = (SELECT number FROM campaigns WHERE id = $1)
         ORDER BY orders.rank, orders.created_at, orders.id LIMIT $2 OFFSET $3"
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
        "WHERE orders.bidder = $1 ORDER BY orders.created_at DESC, orders.id LIMIT $2 OFFSET $3"
    ));
    let items = items
        .bind(bidder.uuid())
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    let total = query("SELECT count(*) FROM orders WHERE bidder = $1").bind(bidder.uuid());
    row::listing(tx, items, total, order).await
}

pub(super) async fn overdue(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Order>, DatabaseError> {
    let overdue = query(select!(
        "WHERE orders.status = 'pending_payment' AND orders.pay_by <= $1
         ORDER BY orders.pay_by, orders.id LIMIT $2"
    ));
    let overdue = overdue.bind(now.millis()).bind(row::limit(limit));
    row::all(tx, overdue, order).await
}

/// Revisions are given away under the lock of the campaign's row, so the snapshot has all up to the last that it has.
pub(super) async fn changes(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    after: Revision,
    limit: u32,
) -> Result<OrderChanges, DatabaseError> {
    let find = query("SELECT revision FROM campaigns WHERE id = $1").bind(campaign.uuid());
    let last = row::optional(tx, find, |row| read(row, 0)).await?;
    let behind = query(select!(
        "WHERE orders.campaign = (SELECT number FROM campaigns WHERE id = $1) AND orders.revision > $2
         ORDER BY orders.revision LIMIT $3"
    ));
    let behind = behind
        .bind(campaign.uuid())
        .bind(row::bound(after.get()))
        .bind(row::limit(limit));
    let changed = |row: &PgRow| Ok((order(row)?, read::<Revision>(row, 15)?));
    let (orders, revisions): (Vec<_>, Vec<_>) =
        row::all(tx, behind, changed).await?.into_iter().unzip();
    Ok(OrderChanges {
        through: revisions.last().copied().or(last).unwrap_or_default(),
        orders,
    })
}

/// The holds of each order of a campaign.
pub(super) async fn holds(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
) -> Result<Vec<Hold>, DatabaseError> {
    let all = query(select!(
        "WHERE orders.campaign = (SELECT number FROM campaigns WHERE id = $1)"
    ));
    let orders = row::all(tx, all.bind(campaign.uuid()), order).await?;
    Ok(orders.iter().flat_map(Order::holds).collect())
}

fn order(row: &PgRow) -> Result<Order, DatabaseError> {
    read_at(row, 0)
}

/// The order in the columns from `first` on.
pub(super) fn read_at(row: &PgRow, first: usize) -> Result<Order, DatabaseError> {
    let origin = match read_if(row, first + 9)? {
        Some(purchase) => Origin::Bought { purchase },
        None => Origin::Won {
            bid: read(row, first + 6)?,
            score: read(row, first + 7)?,
            rank: read(row, first + 8)?,
        },
    };
    Ok(Order {
        id: read(row, first)?,
        campaign: read(row, first + 1)?,
        product: read(row, first + 2)?,
        bidder: read(row, first + 3)?,
        units: read(row, first + 4)?,
        price: read(row, first + 5)?,
        origin,
        hold: read(row, first + 10)?,
        status: read(row, first + 11)?,
        created_at: read(row, first + 12)?,
        pay_by: read(row, first + 13)?,
        payment: read_if(row, first + 14)?,
    })
}

impl Stored for OrderStatus {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Self::from_name(&name)
    }
}

impl Stored for PaymentId {
    type Raw = String;

    fn restore(text: String) -> Option<Self> {
        Self::new(text).ok()
    }
}
