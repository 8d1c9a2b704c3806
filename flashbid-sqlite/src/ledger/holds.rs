//! What becomes of a hold: an order, a dead letter, or nothing for good.

use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::purchase::{DeadLetter, HoldFate, VoidReason};
use flashbid_core::stock::{Hold, HoldState};
use flashbid_core::store::{Listing, Page};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, params};

use super::campaigns::{self, Number};
use super::orders;
use super::row::{self, Column, read};
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT hold, campaigns.id, purchase, bidder, units, taken_at, expires_at, state, reason, attempts, at
             FROM dead_letters JOIN campaigns ON campaigns.number = dead_letters.campaign ",
            $rest
        )
    };
}

/// Says that holds never become orders, unless they are orders or set aside.
pub(super) fn make_void(
    tx: &Connection,
    campaign: CampaignId,
    holds: &[HoldId],
) -> Result<Vec<HoldFate>, DatabaseError> {
    require_campaign(tx, campaign)?;
    let fates = holds.iter().map(|hold| {
        if let Some(fate) = fate(tx, *hold)? {
            return Ok(fate);
        }
        void(tx, *hold, VoidReason::Ended)?;
        Ok(HoldFate::Void(VoidReason::Ended))
    });
    fates.collect()
}

pub(super) fn fates(
    tx: &Connection,
    holds: &[HoldId],
) -> Result<Vec<Option<HoldFate>>, DatabaseError> {
    holds.iter().map(|hold| fate(tx, *hold)).collect()
}

fn fate(tx: &Connection, hold: HoldId) -> Result<Option<HoldFate>, DatabaseError> {
    if let Some(order) = orders::of_hold(tx, hold)? {
        return Ok(Some(HoldFate::Ordered(order)));
    }
    if let Some(reason) = void_reason(tx, hold)? {
        return Ok(Some(HoldFate::Void(reason)));
    }
    Ok(letter_of(tx, hold)?.map(|_| HoldFate::SetAside))
}

/// Why a hold never becomes an order; `None` if it may.
pub(super) fn void_reason(
    tx: &Connection,
    hold: HoldId,
) -> Result<Option<VoidReason>, DatabaseError> {
    row::optional(
        tx,
        "SELECT reason FROM void_holds WHERE hold = ?1",
        [hold.as_bytes()],
        |row| read(row, 0),
    )
}

/// Says that a hold never becomes an order. The first reason stays.
pub(super) fn void(tx: &Connection, hold: HoldId, reason: VoidReason) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO void_holds (hold, reason) VALUES (?1, ?2) ON CONFLICT (hold) DO NOTHING";
    tx.prepare_cached(sql)?
        .execute(params![hold.as_bytes(), reason.as_str()])?;
    Ok(())
}

/// Sets purchases aside, but for holds that have found their fate.
pub(super) fn set_aside(tx: &Connection, letters: &[DeadLetter]) -> Result<(), DatabaseError> {
    for letter in letters {
        let campaign = require_campaign(tx, letter.campaign)?;
        if fate(tx, letter.hold.id)?.is_none() {
            insert(tx, campaign, letter)?;
        }
    }
    Ok(())
}

fn insert(tx: &Connection, campaign: Number, letter: &DeadLetter) -> Result<(), DatabaseError> {
    let hold = &letter.hold;
    row::change_one(
        tx,
        "INSERT INTO dead_letters (hold, campaign, purchase, bidder, units, taken_at, expires_at, state, reason, \
         attempts, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            hold.id.as_bytes(),
            campaign.0,
            letter.purchase.as_bytes(),
            hold.bidder.as_bytes(),
            hold.units.get(),
            hold.taken_at.millis(),
            hold.expires_at.millis(),
            state_name(hold.state)?,
            letter.reason,
            letter.attempts,
            letter.at.millis(),
        ],
    )
}

pub(super) fn letters(tx: &Connection, page: Page) -> Result<Listing<DeadLetter>, DatabaseError> {
    Ok(Listing {
        items: row::all(
            tx,
            select!("ORDER BY at, hold LIMIT ?1 OFFSET ?2"),
            row::window(page),
            letter,
        )?,
        total: row::count(tx, "SELECT count(*) FROM dead_letters", [])?,
    })
}

/// Every dead letter of a campaign.
pub(super) fn letters_in(
    tx: &Connection,
    campaign: Number,
) -> Result<Vec<DeadLetter>, DatabaseError> {
    let sql = select!("WHERE dead_letters.campaign = ?1 ORDER BY hold");
    row::all(tx, sql, [campaign.0], letter)
}

/// The units that the dead letters of a campaign have.
pub(super) fn units_in_letters(tx: &Connection, campaign: Number) -> Result<u64, DatabaseError> {
    let sql = "SELECT coalesce(sum(units), 0) FROM dead_letters WHERE campaign = ?1";
    row::count(tx, sql, [campaign.0])
}

/// Drops a dead letter for good.
pub(super) fn drop_letter(
    tx: &Connection,
    hold: HoldId,
) -> Result<Option<DeadLetter>, DatabaseError> {
    let letter = letter_of(tx, hold)?;
    if letter.is_some() {
        forget_letter(tx, hold)?;
        void(tx, hold, VoidReason::Ended)?;
    }
    Ok(letter)
}

/// Removes the dead letter of a hold, if there is one.
pub(super) fn forget_letter(tx: &Connection, hold: HoldId) -> Result<(), DatabaseError> {
    tx.prepare_cached("DELETE FROM dead_letters WHERE hold = ?1")?
        .execute([hold.as_bytes()])?;
    Ok(())
}

pub(super) fn letter_of(
    tx: &Connection,
    hold: HoldId,
) -> Result<Option<DeadLetter>, DatabaseError> {
    row::optional(tx, select!("WHERE hold = ?1"), [hold.as_bytes()], letter)
}

fn require_campaign(tx: &Connection, id: CampaignId) -> Result<Number, DatabaseError> {
    campaigns::number(tx, id)?.ok_or_else(|| DatabaseError::not_found("there is no such campaign"))
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        campaign: read(row, 1)?,
        purchase: read(row, 2)?,
        hold: Hold {
            id: read(row, 0)?,
            bidder: read(row, 3)?,
            units: read(row, 4)?,
            taken_at: read(row, 5)?,
            expires_at: read(row, 6)?,
            state: read(row, 7)?,
        },
        reason: row.get(8)?,
        attempts: row.get(9)?,
        at: read(row, 10)?,
    })
}

fn state_name(state: HoldState) -> Result<&'static str, DatabaseError> {
    Ok(match state {
        HoldState::Held => "held",
        HoldState::Consumed => "consumed",
        HoldState::Released => "released",
        HoldState::Expired => "expired",
        _ => return Err(DatabaseError::conflict("this state cannot be stored yet")),
    })
}

impl FromSql for Column<HoldState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value.as_str()? {
            "held" => HoldState::Held,
            "consumed" => HoldState::Consumed,
            "released" => HoldState::Released,
            "expired" => HoldState::Expired,
            _ => return Err(FromSqlError::Other("no state of a hold".into())),
        }))
    }
}

impl FromSql for Column<VoidReason> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        VoidReason::from_name(value.as_str()?)
            .map(Self)
            .ok_or_else(|| FromSqlError::Other("no reason of a void hold".into()))
    }
}
