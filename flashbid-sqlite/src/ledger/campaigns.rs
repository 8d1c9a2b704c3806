mod columns;

use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::rank::Sequence;
use flashbid_core::store::{CampaignOutcome, Epoch, Listing, Page, Revision};
use flashbid_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::products;
use super::row::{self, read};
use super::sales::Sales;
use crate::error::DatabaseError;
use columns::{WIDTH, campaign, columns, insert, phase_name};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM campaigns ", $rest)
    };
}

/// A campaign with what only the ledger knows of it.
pub(super) struct Kept {
    pub(super) number: Number,
    pub(super) campaign: Campaign,
    pub(super) revision: Revision,
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

pub(super) fn find(tx: &Connection, id: CampaignId) -> Result<Option<Campaign>, DatabaseError> {
    row::optional(tx, select!("WHERE id = ?1"), [id.as_bytes()], campaign)
}

/// A campaign with what only the ledger knows of it.
pub(super) fn find_kept(tx: &Connection, id: CampaignId) -> Result<Option<Kept>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        ", number, revision FROM campaigns WHERE id = ?1"
    );
    row::optional(tx, SQL, [id.as_bytes()], kept)
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

pub(super) fn of_product(
    tx: &Connection,
    product: ProductId,
    page: Page,
) -> Result<Listing<Campaign>, DatabaseError> {
    let (limit, offset) = row::window(page);
    let sql = select!("WHERE product = ?1 ORDER BY created_at DESC, id LIMIT ?2 OFFSET ?3");
    let total = "SELECT count(*) FROM campaigns WHERE product = ?1";
    Ok(Listing {
        items: row::all(
            tx,
            sql,
            params![product.as_bytes(), limit, offset],
            campaign,
        )?,
        total: row::count(tx, total, [product.as_bytes()])?,
    })
}

/// Settled campaigns with available units.
pub(super) fn with_units_left(tx: &Connection, page: Page) -> Result<Vec<Campaign>, DatabaseError> {
    row::all(
        tx,
        select!("WHERE phase = 'settled' AND available > 0 ORDER BY id LIMIT ?1 OFFSET ?2"),
        row::window(page),
        campaign,
    )
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

/// Moves a campaign on, and gives its available units back when it is called off. Only a settlement settles.
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
    let mut sales = Sales::of(tx);
    let Some(sale) = sales.find(id)? else {
        return Ok(false);
    };
    require_token(&sale.campaign, token)?;
    if sale.campaign.phase != from {
        return Ok(false);
    }
    let available = sale.campaign.stock.available;
    move_on(tx, &sale.campaign, to, token)?;
    if to == Phase::Cancelled {
        sales.move_units(id, |accounts| accounts.give_back(available))?;
    }
    sales.save()?;
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

/// Changes the phase by compare-and-set on phase and version.
pub(super) fn move_on(
    tx: &Connection,
    campaign: &Campaign,
    to: Phase,
    token: FencingToken,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE campaigns SET phase = ?4, version = version + 1, fence = ?5
         WHERE id = ?1 AND phase = ?2 AND version = ?3 AND fence <= ?5",
        params![
            campaign.id.as_bytes(),
            phase_name(campaign.phase)?,
            row::number(campaign.version)?,
            phase_name(to)?,
            row::number(token.get())?,
        ],
    )
}

/// Keeps the token of whoever changed the campaign without changing its phase.
pub(super) fn keep_token(
    tx: &Connection,
    campaign: &Campaign,
    token: FencingToken,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE campaigns SET fence = ?2 WHERE id = ?1 AND fence <= ?2",
        params![campaign.id.as_bytes(), row::number(token.get())?],
    )
}

/// Writes where a campaign's units are and how often its orders have changed, provided that they are still as read.
pub(super) fn move_units(
    tx: &Connection,
    read: &Kept,
    campaign: &Campaign,
    revision: Revision,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE campaigns SET available = ?3, held = ?4, sold = ?5, returned = ?6, revision = ?7
         WHERE number = ?1 AND revision = ?2 AND available = ?8 AND held = ?9 AND sold = ?10 AND returned = ?11",
        params![
            read.number.0,
            row::number(read.revision.get())?,
            campaign.stock.available.get(),
            campaign.stock.held.get(),
            campaign.stock.sold.get(),
            campaign.returned.get(),
            row::number(revision.get())?,
            read.campaign.stock.available.get(),
            read.campaign.stock.held.get(),
            read.campaign.stock.sold.get(),
            read.campaign.returned.get(),
        ],
    )
}

/// Changes what requests need.
pub(super) fn set_guards(
    tx: &Connection,
    id: CampaignId,
    guards: Guards,
) -> Result<Option<Campaign>, DatabaseError> {
    tx.prepare_cached("UPDATE campaigns SET needs_ticket = ?2, needs_captcha = ?3 WHERE id = ?1")?
        .execute(params![id.as_bytes(), guards.ticket, guards.captcha])?;
    find(tx, id)
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

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        campaign: campaign(row)?,
        number: Number(row.get(WIDTH)?),
        revision: Revision::new(read(row, WIDTH + 1)?),
    })
}
