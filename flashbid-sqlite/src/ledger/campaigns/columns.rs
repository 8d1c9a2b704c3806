//! Between a campaign and its columns.

use std::time::Duration;

use flashbid_core::campaign::{
    Campaign, FencingToken, Format, Guards, Phase, Rebid, RunnersUp, Terms, Window,
};
use flashbid_core::score::Weights;
use flashbid_core::stock::Level;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Type, ValueRef};
use rusqlite::{Connection, Row, params};

use super::super::row::{self, Column, read, read_optional};
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, product, format, alpha, beta, gamma, rebid, unit_price, per_buyer, starts_at, ends_at, quota, min_price, \
         payment_deadline_ms, runner_up_places, runner_up_deadline_ms, needs_ticket, needs_captcha, phase, version, \
         fence, available, held, sold, returned, created_at"
    };
}
pub(super) use columns;

pub(super) fn insert(tx: &Connection, campaign: &Campaign) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "INSERT INTO campaigns (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
         ?23, ?24, ?25, ?26)"
    );
    let terms = &campaign.terms;
    let format = FormatColumns::of(&terms.format)?;
    let runners_up = terms.runners_up;
    row::change_one(
        tx,
        SQL,
        params![
            campaign.id.as_bytes(),
            campaign.product.as_bytes(),
            format.name,
            format
                .weights
                .map(|weights| weights.alpha().ten_thousandths()),
            format
                .weights
                .map(|weights| weights.beta().ten_thousandths()),
            format
                .weights
                .map(|weights| weights.gamma().ten_thousandths()),
            format.rebid.map(rebid_name),
            format.price,
            format.per_buyer,
            terms.window.start().millis(),
            terms.window.end().millis(),
            terms.quota.get(),
            terms.min_price.ten_thousandths(),
            millis(terms.payment_deadline),
            runners_up.map(|runners_up| runners_up.places),
            runners_up.map(|runners_up| millis(runners_up.payment_deadline)),
            campaign.guards.ticket,
            campaign.guards.captcha,
            phase_name(campaign.phase)?,
            row::number(campaign.version)?,
            row::number(campaign.fence.get())?,
            campaign.stock.available.get(),
            campaign.stock.held.get(),
            campaign.stock.sold.get(),
            campaign.returned.get(),
            campaign.created_at.millis(),
        ],
    )
}

/// Reads what begins with the columns of a campaign.
pub(super) fn campaign(row: &Row<'_>) -> rusqlite::Result<Campaign> {
    let window =
        Window::new(read(row, 9)?, read(row, 10)?).map_err(|error| unreadable(9, error))?;
    Ok(Campaign {
        id: read(row, 0)?,
        product: read(row, 1)?,
        terms: Terms {
            format: format(row)?,
            window,
            quota: read(row, 11)?,
            min_price: read(row, 12)?,
            payment_deadline: Duration::from_millis(read(row, 13)?),
            runners_up: runners_up(row)?,
        },
        guards: Guards {
            ticket: row.get(16)?,
            captcha: row.get(17)?,
        },
        phase: read(row, 18)?,
        version: read(row, 19)?,
        fence: FencingToken::new(read(row, 20)?),
        stock: Level {
            available: read(row, 21)?,
            held: read(row, 22)?,
            sold: read(row, 23)?,
        },
        returned: read(row, 24)?,
        created_at: read(row, 25)?,
    })
}

/// The number of columns before those that follow a campaign's.
pub(super) const WIDTH: usize = 26;

struct FormatColumns {
    name: &'static str,
    weights: Option<Weights>,
    rebid: Option<Rebid>,
    price: Option<i64>,
    per_buyer: Option<u32>,
}

impl FormatColumns {
    fn of(format: &Format) -> Result<Self, DatabaseError> {
        match *format {
            Format::Ranked { weights, rebid } => Ok(Self {
                name: "ranked",
                weights: Some(weights),
                rebid: Some(rebid),
                price: None,
                per_buyer: None,
            }),
            Format::FirstCome { price, per_buyer } => Ok(Self {
                name: "first_come",
                weights: None,
                rebid: None,
                price: Some(price.ten_thousandths()),
                per_buyer: per_buyer.map(flashbid_core::stock::Units::get),
            }),
            _ => Err(DatabaseError::conflict("this format cannot be stored yet")),
        }
    }
}

fn format(row: &Row<'_>) -> rusqlite::Result<Format> {
    match row.get_ref(2)?.as_str()? {
        "ranked" => Ok(Format::Ranked {
            weights: Weights::new(read(row, 3)?, read(row, 4)?, read(row, 5)?)
                .map_err(|error| unreadable(3, error))?,
            rebid: read(row, 6)?,
        }),
        "first_come" => Ok(Format::FirstCome {
            price: read(row, 7)?,
            per_buyer: read_optional(row, 8)?,
        }),
        _ => Err(unreadable(2, "no format")),
    }
}

fn runners_up(row: &Row<'_>) -> rusqlite::Result<Option<RunnersUp>> {
    let Some(places) = row.get(14)? else {
        return Ok(None);
    };
    Ok(Some(RunnersUp {
        places,
        payment_deadline: Duration::from_millis(read(row, 15)?),
    }))
}

fn millis(duration: Duration) -> i64 {
    row::bound(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn unreadable(
    column: usize,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

pub(super) fn phase_name(phase: Phase) -> Result<&'static str, DatabaseError> {
    Ok(match phase {
        Phase::Scheduled => "scheduled",
        Phase::Open => "open",
        Phase::Sealing => "sealing",
        Phase::Settled => "settled",
        Phase::Cancelled => "cancelled",
        _ => return Err(DatabaseError::conflict("this phase cannot be stored yet")),
    })
}

impl FromSql for Column<Phase> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value.as_str()? {
            "scheduled" => Phase::Scheduled,
            "open" => Phase::Open,
            "sealing" => Phase::Sealing,
            "settled" => Phase::Settled,
            "cancelled" => Phase::Cancelled,
            _ => return Err(FromSqlError::Other("no phase".into())),
        }))
    }
}

const fn rebid_name(rebid: Rebid) -> &'static str {
    match rebid {
        Rebid::Latest => "latest",
        Rebid::Best => "best",
    }
}

impl FromSql for Column<Rebid> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value.as_str()? {
            "latest" => Rebid::Latest,
            "best" => Rebid::Best,
            _ => return Err(FromSqlError::Other("no re-bid rule".into())),
        }))
    }
}
