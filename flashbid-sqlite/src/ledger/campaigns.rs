use std::time::Duration;

use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Terms, Window};
use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{CampaignOutcome, Epoch, Listing, Page};
use flashbid_core::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Type, ValueRef};
use rusqlite::{Connection, Row, params};

use super::products;
use super::row::{self, Column, read};
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price, payment_deadline_ms, \
         phase, version, fence, created_at"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM campaigns ", $rest)
    };
}

/// What a book is opened from, but for its bids.
pub(super) struct Begun {
    pub(super) number: Number,
    pub(super) campaign: Campaign,
    pub(super) epoch: Epoch,
    pub(super) checkpoint: Sequence,
}

/// The short name of a campaign within the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Number(pub(super) i64);

/// What decides whether a campaign takes bids.
pub(super) struct Intake {
    pub(super) number: Number,
    pub(super) epoch: Epoch,
    pub(super) phase: Phase,
    pub(super) checkpoint: Sequence,
}

/// Adds a campaign and promises it its quota, unless its id is known.
pub(super) fn add(tx: &Connection, campaign: &Campaign) -> Result<CampaignOutcome, DatabaseError> {
    if find(tx, campaign.id)?.is_some() {
        return Ok(CampaignOutcome::Added);
    }
    let Some(product) = products::find(tx, campaign.product)? else {
        return Ok(CampaignOutcome::UnknownProduct);
    };
    let Some(promised) = product.stock.hold(campaign.terms.quota) else {
        return Ok(CampaignOutcome::QuotaBeyondStock {
            available: product.stock.available,
        });
    };
    products::move_units(tx, product.id, product.stock, promised)?;
    insert(tx, campaign)?;
    Ok(CampaignOutcome::Added)
}

fn insert(tx: &Connection, campaign: &Campaign) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "INSERT INTO campaigns (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
    );
    let terms = &campaign.terms;
    let Format::Ranked { weights, rebid } = terms.format else {
        return Err(DatabaseError::conflict("this format cannot be stored yet"));
    };
    let deadline = u64::try_from(terms.payment_deadline.as_millis()).unwrap_or(u64::MAX);
    row::change_one(
        tx,
        SQL,
        params![
            campaign.id.as_bytes(),
            campaign.product.as_bytes(),
            "ranked",
            weights.alpha().ten_thousandths(),
            weights.beta().ten_thousandths(),
            weights.gamma().ten_thousandths(),
            rebid_name(rebid),
            terms.window.start().millis(),
            terms.window.end().millis(),
            terms.quota.get(),
            terms.min_price.ten_thousandths(),
            row::bound(deadline),
            phase_name(campaign.phase)?,
            row::number(campaign.version)?,
            row::number(campaign.fence.get())?,
            campaign.created_at.millis(),
        ],
    )
}

pub(super) fn find(tx: &Connection, id: CampaignId) -> Result<Option<Campaign>, DatabaseError> {
    row::optional(tx, select!("WHERE id = ?1"), [id.as_bytes()], campaign)
}

pub(super) fn list(tx: &Connection, page: Page) -> Result<Listing<Campaign>, DatabaseError> {
    Ok(Listing {
        items: row::all(
            tx,
            select!("ORDER BY created_at DESC, id LIMIT ?1 OFFSET ?2"),
            row::window(page),
            campaign,
        )?,
        total: row::count(tx, "SELECT count(*) FROM campaigns", [])?,
    })
}

pub(super) fn unsettled(
    tx: &Connection,
    now: Timestamp,
    page: Page,
) -> Result<Vec<Campaign>, DatabaseError> {
    let (limit, offset) = row::window(page);
    row::all(
        tx,
        select!(
            "WHERE phase IN ('scheduled', 'open', 'sealing') AND starts_at <= ?1
             ORDER BY ends_at, id LIMIT ?2 OFFSET ?3"
        ),
        params![now.millis(), limit, offset],
        campaign,
    )
}

/// Moves a campaign on, and gives its quota back when it is called off. Only a settlement settles.
pub(super) fn transition(
    tx: &Connection,
    id: CampaignId,
    from: Phase,
    to: Phase,
    token: FencingToken,
) -> Result<bool, DatabaseError> {
    if !from.may_become(to) || to == Phase::Settled {
        return Ok(false);
    }
    let Some(campaign) = find(tx, id)? else {
        return Ok(false);
    };
    require_token(&campaign, token)?;
    if campaign.phase != from {
        return Ok(false);
    }
    if to == Phase::Cancelled {
        return_units(tx, &campaign, campaign.terms.quota)?;
    }
    move_on(tx, &campaign, to, token, Units::ZERO, Units::ZERO)?;
    Ok(true)
}

/// # Errors
/// `Fenced` when somebody has changed the campaign with a newer token.
pub(super) fn require_token(campaign: &Campaign, token: FencingToken) -> Result<(), DatabaseError> {
    if token < campaign.fence {
        return Err(DatabaseError::fenced(
            "a newer token has changed the campaign",
        ));
    }
    Ok(())
}

/// Moves units of a campaign's quota back to its product's available ones.
pub(super) fn return_units(
    tx: &Connection,
    campaign: &Campaign,
    units: Units,
) -> Result<(), DatabaseError> {
    let level = held(tx, campaign)?;
    let returned = level
        .release(units)
        .ok_or_else(|| DatabaseError::conflict("the product holds fewer units"))?;
    products::move_units(tx, campaign.product, level, returned)
}

fn held(tx: &Connection, campaign: &Campaign) -> Result<Level, DatabaseError> {
    let product = products::find(tx, campaign.product)?;
    product
        .map(|product| product.stock)
        .ok_or_else(|| DatabaseError::corrupt("the product of a campaign is not there"))
}

/// Changes the phase by compare-and-set on phase and version.
pub(super) fn move_on(
    tx: &Connection,
    campaign: &Campaign,
    to: Phase,
    token: FencingToken,
    allocated: Units,
    unsold: Units,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE campaigns SET phase = ?4, version = version + 1, fence = ?5, allocated = ?6, unsold = ?7
         WHERE id = ?1 AND phase = ?2 AND version = ?3 AND fence <= ?5",
        params![
            campaign.id.as_bytes(),
            phase_name(campaign.phase)?,
            row::number(campaign.version)?,
            phase_name(to)?,
            row::number(token.get())?,
            allocated.get(),
            unsold.get(),
        ],
    )
}

/// Counts the epoch up.
pub(super) fn begin_epoch(tx: &Connection, id: CampaignId) -> Result<Option<Begun>, DatabaseError> {
    let (Some(intake), Some(campaign)) = (intake(tx, id)?, find(tx, id)?) else {
        return Ok(None);
    };
    let epoch = intake.epoch.next();
    row::change_one(
        tx,
        "UPDATE campaigns SET epoch = ?2 WHERE number = ?1",
        (intake.number.0, row::number(epoch.get())?),
    )?;
    Ok(Some(Begun {
        number: intake.number,
        campaign,
        epoch,
        checkpoint: intake.checkpoint,
    }))
}

pub(super) fn intake(tx: &Connection, id: CampaignId) -> Result<Option<Intake>, DatabaseError> {
    row::optional(
        tx,
        "SELECT number, epoch, phase, checkpoint FROM campaigns WHERE id = ?1",
        [id.as_bytes()],
        |row| {
            Ok(Intake {
                number: Number(row.get(0)?),
                epoch: Epoch::new(read(row, 1)?),
                phase: read(row, 2)?,
                checkpoint: read(row, 3)?,
            })
        },
    )
}

pub(super) fn number(tx: &Connection, id: CampaignId) -> Result<Option<Number>, DatabaseError> {
    row::optional(
        tx,
        "SELECT number FROM campaigns WHERE id = ?1",
        [id.as_bytes()],
        |row| row.get(0).map(Number),
    )
}

pub(super) fn checkpoint(tx: &Connection, id: CampaignId) -> Result<Sequence, DatabaseError> {
    Ok(intake(tx, id)?.map_or(Sequence::ZERO, |intake| intake.checkpoint))
}

pub(super) fn move_checkpoint(
    tx: &Connection,
    number: Number,
    to: Sequence,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE campaigns SET checkpoint = ?2 WHERE number = ?1 AND checkpoint < ?2",
        (number.0, row::number(to.get())?),
    )
}

fn campaign(row: &Row<'_>) -> rusqlite::Result<Campaign> {
    let weights = Weights::new(read(row, 3)?, read(row, 4)?, read(row, 5)?)
        .map_err(|error| unreadable(3, error))?;
    let window = Window::new(read(row, 7)?, read(row, 8)?).map_err(|error| unreadable(7, error))?;
    let rebid = read(row, 6)?;
    let format = match row.get_ref(2)?.as_str()? {
        "ranked" => Format::Ranked { weights, rebid },
        _ => return Err(unreadable(2, "no format")),
    };
    Ok(Campaign {
        id: read(row, 0)?,
        product: read(row, 1)?,
        terms: Terms {
            format,
            window,
            quota: read(row, 9)?,
            min_price: read(row, 10)?,
            payment_deadline: Duration::from_millis(read(row, 11)?),
        },
        phase: read(row, 12)?,
        version: read(row, 13)?,
        fence: FencingToken::new(read(row, 14)?),
        created_at: read(row, 15)?,
    })
}

fn unreadable(
    column: usize,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

fn phase_name(phase: Phase) -> Result<&'static str, DatabaseError> {
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
