//! Between the types of the domain and the columns of SQLite. What cannot be read back is `Corrupt`.

use flashbid_core::id::{BidId, BidderId, CampaignId, HoldId, OrderId, ProductId, PurchaseId};
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::stock::Units;
use flashbid_core::store::{Listing, Page};
use flashbid_core::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Params, Row};
use uuid::Uuid;

use crate::error::DatabaseError;

/// A domain type, read from its column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<T>(pub(super) T);

macro_rules! column {
    ($($type:ty: $raw:ty => $read:expr;)*) => {$(
        impl FromSql for Column<$type> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let read: fn($raw) -> Option<$type> = $read;
                read(<$raw>::column_result(value)?)
                    .map(Self)
                    .ok_or_else(|| FromSqlError::Other(concat!("no ", stringify!($type)).into()))
            }
        }
    )*};
}

column! {
    BidId: [u8; 16] => |bytes| Some(BidId::new(Uuid::from_bytes(bytes)));
    BidderId: [u8; 16] => |bytes| Some(BidderId::new(Uuid::from_bytes(bytes)));
    CampaignId: [u8; 16] => |bytes| Some(CampaignId::new(Uuid::from_bytes(bytes)));
    HoldId: [u8; 16] => |bytes| Some(HoldId::new(Uuid::from_bytes(bytes)));
    OrderId: [u8; 16] => |bytes| Some(OrderId::new(Uuid::from_bytes(bytes)));
    ProductId: [u8; 16] => |bytes| Some(ProductId::new(Uuid::from_bytes(bytes)));
    PurchaseId: [u8; 16] => |bytes| Some(PurchaseId::new(Uuid::from_bytes(bytes)));
    Uuid: [u8; 16] => |bytes| Some(Uuid::from_bytes(bytes));
    Money: i64 => |units| Money::from_ten_thousandths(units).ok();
    Weight: i64 => |units| Weight::from_ten_thousandths(units).ok();
    Coefficient: i64 => |units| Coefficient::from_ten_thousandths(units).ok();
    Score: i64 => Score::from_ten_thousandths;
    Rank: u32 => Rank::new;
    Units: u32 => Units::new;
    Sequence: i64 => |position| u64::try_from(position).ok().map(Sequence::new);
    Timestamp: i64 => |millis| Some(Timestamp::from_millis(millis));
    u64: i64 => |number| u64::try_from(number).ok();
}

/// Reads a column as the domain type that is asked for.
pub(super) fn read<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    Column<T>: FromSql,
{
    row.get(column).map(|Column(value)| value)
}

/// Reads a column that may be empty.
pub(super) fn read_optional<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    Column<T>: FromSql,
{
    let value: Option<Column<T>> = row.get(column)?;
    Ok(value.map(|Column(value)| value))
}

/// A number as SQLite holds it, which ends at 2⁶³.
///
/// # Errors
/// `Conflict` beyond that: no such number can have been stored.
pub(super) fn number(number: u64) -> Result<i64, DatabaseError> {
    i64::try_from(number).map_err(|_| DatabaseError::conflict("a number is beyond 2^63"))
}

/// A bound to compare with, where everything beyond 2⁶³ is the same.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Every row of a query.
pub(super) fn all<T>(
    tx: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, DatabaseError> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The row of a query, if there is one.
pub(super) fn optional<T>(
    tx: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, DatabaseError> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    Ok(rows.next()?.map(read).transpose()?)
}

/// The number that a query counts.
pub(super) fn count(tx: &Connection, sql: &str, params: impl Params) -> Result<u64, DatabaseError> {
    let counted = optional(tx, sql, params, |row| read(row, 0))?;
    counted.ok_or_else(|| DatabaseError::corrupt("a count has no row"))
}

/// Runs a statement that must change exactly one row.
pub(super) fn change_one(
    tx: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<(), DatabaseError> {
    match tx.prepare_cached(sql)?.execute(params)? {
        1 => Ok(()),
        _ => Err(DatabaseError::corrupt(
            "a statement did not change the one row it was for",
        )),
    }
}

/// `LIMIT` and `OFFSET` of a page.
pub(super) fn window(page: Page) -> (u32, i64) {
    (page.limit, bound(page.skip))
}

pub(super) const fn nothing<T>() -> Listing<T> {
    Listing {
        items: Vec::new(),
        total: 0,
    }
}
