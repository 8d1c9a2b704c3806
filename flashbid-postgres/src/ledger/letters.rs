//! Purchases that are set aside.

use std::collections::{BTreeSet, HashMap};

use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::purchase::{DeadLetter, VoidReason};
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::store::{Listing, Page};
use sqlx::postgres::PgRow;
use sqlx::query;

use super::campaigns::{self, Number};
use super::fates;
use super::row::{self, Stored, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT campaigns.id, dead_letters.purchase, dead_letters.hold, dead_letters.bidder, dead_letters.units, \
             dead_letters.taken_at, dead_letters.expires_at, dead_letters.state, dead_letters.reason, \
             dead_letters.attempts, dead_letters.at \
             FROM dead_letters JOIN campaigns ON campaigns.number = dead_letters.campaign ",
            $rest
        )
    };
}

/// Sets purchases aside of which nothing is decided.
pub(super) async fn set_aside(
    tx: &mut Transaction<'_>,
    letters: &[DeadLetter],
) -> Result<(), DatabaseError> {
    let named: BTreeSet<_> = letters.iter().map(|letter| letter.campaign).collect();
    let ids = named.iter().map(|id| id.uuid()).collect();
    let locked = campaigns::lock_all(tx, ids).await?;
    if locked.len() < named.len() {
        return Err(DatabaseError::not_found("there is no such campaign"));
    }
    let numbers: HashMap<_, _> = locked
        .iter()
        .map(|locked| (locked.campaign.id, locked.number))
        .collect();
    let mut letters: Vec<_> = letters.iter().collect();
    // The first of a hold counts.
    letters.sort_by_key(|letter| letter.hold.id);
    letters.dedup_by_key(|letter| letter.hold.id);
    let insert = query(
        "INSERT INTO dead_letters (hold, campaign, purchase, bidder, units, taken_at, expires_at, state, reason,
                                   attempts, at)
         SELECT new.* FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::integer[], $6::bigint[],
                                  $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[])
             AS new (hold, campaign, purchase, bidder, units, taken_at, expires_at, state, reason, attempts, at)
         WHERE NOT EXISTS (SELECT FROM orders WHERE orders.id = new.hold)
             AND NOT EXISTS (SELECT FROM orders WHERE orders.hold = new.hold AND orders.hold <> orders.id)
             AND NOT EXISTS (SELECT FROM void_holds WHERE void_holds.hold = new.hold)
         ON CONFLICT (hold) DO NOTHING",
    );
    let mut states = Vec::with_capacity(letters.len());
    for letter in &letters {
        states.push(state_name(letter.hold.state)?);
    }
    let reasons = row::column(&letters, |letter| row::escaped(&letter.reason).into_owned());
    let insert = insert
        .bind(row::column(&letters, |letter| letter.hold.id.uuid()))
        .bind(row::column(&letters, |letter| numbers[&letter.campaign].0))
        .bind(row::column(&letters, |letter| letter.purchase.uuid()))
        .bind(row::column(&letters, |letter| letter.hold.bidder.uuid()))
        .bind(row::column(&letters, |letter| {
            row::units(letter.hold.units)
        }))
        .bind(row::column(&letters, |letter| {
            letter.hold.taken_at.millis()
        }))
        .bind(row::column(&letters, |letter| {
            letter.hold.expires_at.millis()
        }))
        .bind(states)
        .bind(reasons)
        .bind(row::column(&letters, |letter| i64::from(letter.attempts)))
        .bind(row::column(&letters, |letter| letter.at.millis()));
    tx.execute(insert).await.map(drop)
}

pub(super) async fn list(
    tx: &mut Transaction<'_>,
    page: Page,
) -> Result<Listing<DeadLetter>, DatabaseError> {
    let items = query(select!(
        "ORDER BY dead_letters.at, dead_letters.hold LIMIT $1 OFFSET $2"
    ));
    let items = items.bind(row::limit(page.limit)).bind(row::offset(page));
    let total = query("SELECT count(*) FROM dead_letters");
    row::listing(tx, items, total, letter).await
}

/// The holds of a campaign's letters.
pub(super) async fn holds(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
) -> Result<Vec<Hold>, DatabaseError> {
    let all = query(select!("WHERE campaigns.id = $1")).bind(campaign.uuid());
    let hold = |row: &PgRow| {
        Ok(Hold {
            state: HoldState::Held,
            ..letter(row)?.hold
        })
    };
    row::all(tx, all, hold).await
}

/// The units that a campaign has set aside.
pub(super) async fn units(
    tx: &mut Transaction<'_>,
    campaign: Number,
) -> Result<Units, DatabaseError> {
    let sum = query(
        "SELECT least(coalesce(sum(units), 0), 1000000000)::integer FROM dead_letters WHERE campaign = $1",
    );
    read(&tx.fetch_one(sum.bind(campaign.0)).await?, 0)
}

/// Which of these holds are set aside.
pub(super) async fn among(
    tx: &mut Transaction<'_>,
    holds: Vec<uuid::Uuid>,
) -> Result<Vec<HoldId>, DatabaseError> {
    let find = query("SELECT hold FROM dead_letters WHERE hold = ANY ($1)").bind(holds);
    row::all(tx, find, |row| read(row, 0)).await
}

/// Drops a letter; its hold is void from then on.
pub(super) async fn drop_one(
    tx: &mut Transaction<'_>,
    hold: HoldId,
) -> Result<Option<DeadLetter>, DatabaseError> {
    let find = query(select!("WHERE dead_letters.hold = $1")).bind(hold.uuid());
    let Some(letter) = row::optional(tx, find, letter).await? else {
        return Ok(None);
    };
    campaigns::lock(tx, letter.campaign).await?;
    let delete = query("DELETE FROM dead_letters WHERE hold = $1").bind(hold.uuid());
    if tx.execute(delete).await? == 0 {
        // While this waited for the campaign, somebody has decided.
        return Ok(None);
    }
    fates::make_void(tx, vec![hold.uuid()], VoidReason::Ended).await?;
    Ok(Some(letter))
}

fn letter(row: &PgRow) -> Result<DeadLetter, DatabaseError> {
    Ok(DeadLetter {
        campaign: read(row, 0)?,
        purchase: read(row, 1)?,
        hold: Hold {
            id: read(row, 2)?,
            bidder: read(row, 3)?,
            units: read(row, 4)?,
            taken_at: read(row, 5)?,
            expires_at: read(row, 6)?,
            state: read(row, 7)?,
        },
        reason: read(row, 8)?,
        attempts: read(row, 9)?,
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

impl Stored for HoldState {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Some(match &*name {
            "held" => Self::Held,
            "consumed" => Self::Consumed,
            "released" => Self::Released,
            "expired" => Self::Expired,
            _ => return None,
        })
    }
}
