//! Between the types of the domain and the columns of PostgreSQL. What cannot be read back is `Corrupt`.

use std::borrow::Cow;
use std::sync::Arc;

use flashbid_core::id::{BidId, BidderId, CampaignId, HoldId, OrderId, ProductId, PurchaseId};
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::stock::Units;
use flashbid_core::store::{Listing, Page, Revision};
use flashbid_core::time::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, Postgres, Row, Type};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::DatabaseError;

/// A domain type that a column holds.
pub(super) trait Stored: Sized {
    /// What the driver reads.
    type Raw: for<'r> Decode<'r, Postgres> + Type<Postgres>;

    /// `None` when no value of the type is stored like this.
    fn restore(raw: Self::Raw) -> Option<Self>;
}

macro_rules! stored {
    ($($type:ty: $raw:ty => $restore:expr;)*) => {$(
        impl Stored for $type {
            type Raw = $raw;

            fn restore(raw: $raw) -> Option<Self> {
                let restore: fn($raw) -> Option<$type> = $restore;
                restore(raw)
            }
        }
    )*};
}

stored! {
    BidId: Uuid => |id| Some(BidId::new(id));
    BidderId: Uuid => |id| Some(BidderId::new(id));
    CampaignId: Uuid => |id| Some(CampaignId::new(id));
    HoldId: Uuid => |id| Some(HoldId::new(id));
    OrderId: Uuid => |id| Some(OrderId::new(id));
    PurchaseId: Uuid => |id| Some(PurchaseId::new(id));
    ProductId: Uuid => |id| Some(ProductId::new(id));
    Money: i64 => |units| Money::from_ten_thousandths(units).ok();
    Weight: i64 => |units| Weight::from_ten_thousandths(units).ok();
    Coefficient: i64 => |units| Coefficient::from_ten_thousandths(units).ok();
    Score: i64 => Score::from_ten_thousandths;
    Rank: i64 => |place| u32::try_from(place).ok().and_then(Rank::new);
    Units: i32 => |units| u32::try_from(units).ok().and_then(Units::new);
    Sequence: i64 => |position| u64::try_from(position).ok().map(Sequence::new);
    Revision: i64 => |number| u64::try_from(number).ok().map(Revision::new);
    Timestamp: i64 => |millis| Some(Timestamp::from_millis(millis));
    Uuid: Uuid => Some;
    bool: bool => Some;
    u64: i64 => |number| u64::try_from(number).ok();
    u32: i64 => |number| u32::try_from(number).ok();
    String: String => |text| Some(unescaped(text));
    Option<String>: Option<String> => |text| Some(text.map(unescaped));
    Option<Arc<str>>: Option<String> => |text| Some(text.map(|text| unescaped(text).into()));
}

/// Reads a column as the domain type that is asked for.
pub(super) fn read<T: Stored>(row: &PgRow, column: usize) -> Result<T, DatabaseError> {
    T::restore(row.try_get(column)?).ok_or_else(|| unreadable::<T>(column))
}

/// Reads a column that may be empty.
pub(super) fn read_if<T: Stored>(row: &PgRow, column: usize) -> Result<Option<T>, DatabaseError> {
    let raw: Option<T::Raw> = row.try_get(column)?;
    raw.map(|raw| T::restore(raw).ok_or_else(|| unreadable::<T>(column)))
        .transpose()
}

fn unreadable<T>(column: usize) -> DatabaseError {
    let reason = format!("column {column} holds no {}", std::any::type_name::<T>());
    DatabaseError::new(flashbid_core::StoreErrorKind::Corrupt, reason)
}

/// A number as PostgreSQL holds it, which ends at 2⁶³.
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

pub(super) const fn units(units: Units) -> i32 {
    // `Units::MAX` is a thousand million.
    units.get().cast_signed()
}

/// `LIMIT` of a page or a list.
pub(super) fn limit(limit: u32) -> i64 {
    i64::from(limit)
}

/// PostgreSQL takes every character but NUL. It is stored as this one and a `0`, and this one as itself and a `1`.
const ESCAPE: char = '\u{1A}';

/// A text as PostgreSQL can hold it.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', ESCAPE]) {
        let text = text.replace(ESCAPE, "\u{1A}1").replace('\0', "\u{1A}0");
        Cow::Owned(text)
    } else {
        Cow::Borrowed(text)
    }
}

fn unescaped(text: String) -> String {
    if text.contains(ESCAPE) {
        text.replace("\u{1A}0", "\0").replace("\u{1A}1", "\u{1A}")
    } else {
        text
    }
}

/// Every row of a query.
pub(super) async fn all<T>(
    tx: &mut Transaction<'_>,
    query: Query<'_, Postgres, PgArguments>,
    read: impl Fn(&PgRow) -> Result<T, DatabaseError>,
) -> Result<Vec<T>, DatabaseError> {
    tx.fetch_all(query).await?.iter().map(read).collect()
}

/// The row of a query, if there is one.
pub(super) async fn optional<T>(
    tx: &mut Transaction<'_>,
    query: Query<'_, Postgres, PgArguments>,
    read: impl FnOnce(&PgRow) -> Result<T, DatabaseError>,
) -> Result<Option<T>, DatabaseError> {
    tx.fetch_optional(query)
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The page of a list, and how long the whole is.
pub(super) async fn listing<T>(
    tx: &mut Transaction<'_>,
    items: Query<'_, Postgres, PgArguments>,
    total: Query<'_, Postgres, PgArguments>,
    read_item: impl Fn(&PgRow) -> Result<T, DatabaseError>,
) -> Result<Listing<T>, DatabaseError> {
    Ok(Listing {
        items: all(tx, items, read_item).await?,
        total: read(&tx.fetch_one(total).await?, 0)?,
    })
}

/// Runs a statement that must change so many rows.
///
/// # Errors
/// `Conflict` with the reason when it does not.
pub(super) async fn change(
    tx: &mut Transaction<'_>,
    rows: u64,
    query: Query<'_, Postgres, PgArguments>,
    reason: &'static str,
) -> Result<(), DatabaseError> {
    if tx.execute(query).await? == rows {
        Ok(())
    } else {
        Err(DatabaseError::conflict(reason))
    }
}

/// A column of an array for each row of `rows`.
pub(super) fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// `OFFSET` of a page.
pub(super) fn offset(page: Page) -> i64 {
    bound(page.skip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "plain",
            "a\0b",
            "\u{1A}",
            "\u{1A}0",
            "\0\u{1A}1\0",
            "\u{1A}\0",
        ] {
            let stored = escaped(text).into_owned();
            assert!(!stored.contains('\0'), "{text:?}");
            assert_eq!(unescaped(stored), text);
        }
    }
}
