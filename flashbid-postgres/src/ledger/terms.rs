//! A campaign in columns.

use std::time::Duration;

use flashbid_core::campaign::{
    Campaign, FencingToken, Format, Guards, Phase, Rebid, RunnersUp, Terms, Window,
};
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;

use super::row::{self, Stored, read, read_if};
use crate::error::DatabaseError;

/// Binds the terms, from the format to the deadline of runners-up.
pub(super) fn write_terms<'q>(
    query: Query<'q, Postgres, PgArguments>,
    terms: &Terms,
) -> Result<Query<'q, Postgres, PgArguments>, DatabaseError> {
    let query = match terms.format {
        Format::Ranked { weights, rebid } => query
            .bind("ranked")
            .bind(weights.alpha().ten_thousandths())
            .bind(weights.beta().ten_thousandths())
            .bind(weights.gamma().ten_thousandths())
            .bind(rebid_name(rebid))
            .bind(None::<i64>)
            .bind(None::<i32>),
        Format::FirstCome { price, per_buyer } => query
            .bind("first_come")
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<&str>)
            .bind(price.ten_thousandths())
            .bind(per_buyer.map(row::units)),
        _ => return Err(DatabaseError::conflict("this format cannot be stored yet")),
    };
    let runners_up = terms.runners_up;
    Ok(query
        .bind(terms.window.start().millis())
        .bind(terms.window.end().millis())
        .bind(row::units(terms.quota))
        .bind(terms.min_price.ten_thousandths())
        .bind(millis(terms.payment_deadline))
        .bind(runners_up.map(|runners_up| i64::from(runners_up.places)))
        .bind(runners_up.map(|runners_up| millis(runners_up.payment_deadline))))
}

fn millis(duration: Duration) -> i64 {
    row::bound(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

pub(super) fn campaign(row: &PgRow) -> Result<Campaign, DatabaseError> {
    let terms = terms(row)?;
    let Named(phase) = read(row, 16)?;
    let (held, sold, returned) = (read(row, 19)?, read(row, 20)?, read(row, 21)?);
    let left = |taken: Units, more| taken.minus(more);
    let available = left(terms.quota, held).and_then(|rest| left(rest, sold));
    let available = available.and_then(|rest| left(rest, returned));
    Ok(Campaign {
        id: read(row, 0)?,
        product: read(row, 1)?,
        stock: Level {
            available: available
                .ok_or_else(|| DatabaseError::corrupt("a campaign has given out too much"))?,
            held,
            sold,
        },
        returned,
        terms,
        phase,
        version: read(row, 17)?,
        fence: FencingToken::new(read(row, 18)?),
        guards: Guards {
            ticket: read(row, 22)?,
            captcha: read(row, 23)?,
        },
        created_at: read(row, 24)?,
    })
}

fn terms(row: &PgRow) -> Result<Terms, DatabaseError> {
    let window = Window::new(read(row, 9)?, read(row, 10)?)
        .map_err(|_| DatabaseError::corrupt("a campaign ends before it starts"))?;
    let format = match &*read::<String>(row, 2)? {
        "ranked" => {
            let weights = Weights::new(read(row, 3)?, read(row, 4)?, read(row, 5)?)
                .map_err(|_| DatabaseError::corrupt("the weights of a campaign are too large"))?;
            let Named(rebid) = read(row, 6)?;
            Format::Ranked { weights, rebid }
        }
        "first_come" => Format::FirstCome {
            price: read(row, 7)?,
            per_buyer: read_if(row, 8)?,
        },
        _ => return Err(DatabaseError::corrupt("a campaign has an unknown format")),
    };
    let runners_up = read_if(row, 14)?.zip(read_if(row, 15)?);
    Ok(Terms {
        format,
        window,
        quota: read(row, 11)?,
        min_price: read(row, 12)?,
        payment_deadline: Duration::from_millis(read(row, 13)?),
        runners_up: runners_up.map(|(places, deadline)| RunnersUp {
            places,
            payment_deadline: Duration::from_millis(deadline),
        }),
    })
}

/// A value that is stored by its name.
struct Named<T>(T);

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

impl Stored for Named<Phase> {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Some(Self(match &*name {
            "scheduled" => Phase::Scheduled,
            "open" => Phase::Open,
            "sealing" => Phase::Sealing,
            "settled" => Phase::Settled,
            "cancelled" => Phase::Cancelled,
            _ => return None,
        }))
    }
}

const fn rebid_name(rebid: Rebid) -> &'static str {
    match rebid {
        Rebid::Latest => "latest",
        Rebid::Best => "best",
    }
}

impl Stored for Named<Rebid> {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Some(Self(match &*name {
            "latest" => Rebid::Latest,
            "best" => Rebid::Best,
            _ => return None,
        }))
    }
}
