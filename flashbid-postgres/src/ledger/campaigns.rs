use std::time::Duration;

use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Terms, Window};
use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{CampaignOutcome, Epoch, Listing, Page};
use flashbid_core::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::query;

use super::products;
use super::row::{self, Stored, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price, payment_deadline_ms, \
         phase, version, fence, created_at"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), ", number FROM campaigns ", $rest)
    };
}

/// The short name of a campaign within the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) i64);

/// Adds a campaign and promises it its quota, unless its id is known. The lock on the product lets one at a time check
/// and promise.
pub(super) async fn add(
    tx: &mut Transaction<'_>,
    campaign: &Campaign,
) -> Result<CampaignOutcome, DatabaseError> {
    let units = campaign.terms.quota;
    if find(tx, campaign.id).await?.is_some() {
        return Ok(CampaignOutcome::Added);
    }
    let promised = products::promise(tx, campaign.product, units).await?;
    // While this waited for the product, another call may have added the campaign.
    if find(tx, campaign.id).await?.is_some() {
        if promised == Some(Ok(())) {
            products::give_back(tx, campaign.product, units).await?;
        }
        return Ok(CampaignOutcome::Added);
    }
    match promised {
        None => Ok(CampaignOutcome::UnknownProduct),
        Some(Err(available)) => Ok(CampaignOutcome::QuotaBeyondStock { available }),
        Some(Ok(())) => {
            insert(tx, campaign).await?;
            Ok(CampaignOutcome::Added)
        }
    }
}

async fn insert(tx: &mut Transaction<'_>, campaign: &Campaign) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "WITH added AS (INSERT INTO campaigns (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING number) \
         INSERT INTO checkpoints (campaign) SELECT number FROM added"
    );
    let terms = &campaign.terms;
    let Format::Ranked { weights, rebid } = terms.format else {
        return Err(DatabaseError::conflict("this format cannot be stored yet"));
    };
    let deadline = u64::try_from(terms.payment_deadline.as_millis()).unwrap_or(u64::MAX);
    let insert = query(SQL)
        .bind(campaign.id.uuid())
        .bind(campaign.product.uuid())
        .bind("ranked")
        .bind(weights.alpha().ten_thousandths())
        .bind(weights.beta().ten_thousandths())
        .bind(weights.gamma().ten_thousandths())
        .bind(rebid_name(rebid))
        .bind(terms.window.start().millis())
        .bind(terms.window.end().millis())
        .bind(row::units(terms.quota))
        .bind(terms.min_price.ten_thousandths())
        .bind(row::bound(deadline))
        .bind(phase_name(campaign.phase)?)
        .bind(row::number(campaign.version)?)
        .bind(row::number(campaign.fence.get())?)
        .bind(campaign.created_at.millis());
    row::change(tx, 1, insert, "the campaign was not added").await
}

pub(super) async fn find(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Option<Campaign>, DatabaseError> {
    let find = query(select!("WHERE id = $1")).bind(id.uuid());
    row::optional(tx, find, campaign).await
}

/// The campaign, whose row nobody else changes until the transaction ends.
pub(super) async fn lock(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Option<(Number, Campaign)>, DatabaseError> {
    let lock = query(select!("WHERE id = $1 FOR NO KEY UPDATE")).bind(id.uuid());
    row::optional(tx, lock, |row| {
        Ok((Number(sqlx::Row::try_get(row, 16)?), campaign(row)?))
    })
    .await
}

pub(super) async fn list(
    tx: &mut Transaction<'_>,
    page: Page,
) -> Result<Listing<Campaign>, DatabaseError> {
    let items = query(select!("ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"))
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    row::listing(tx, items, query("SELECT count(*) FROM campaigns"), campaign).await
}

pub(super) async fn unsettled(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    page: Page,
) -> Result<Vec<Campaign>, DatabaseError> {
    let due = query(select!(
        "WHERE phase IN ('scheduled', 'open', 'sealing') AND starts_at <= $1
         ORDER BY ends_at, id LIMIT $2 OFFSET $3"
    ));
    let due = due
        .bind(now.millis())
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    row::all(tx, due, campaign).await
}

/// Moves a campaign on, and gives its quota back when it is called off. Only a settlement settles.
pub(super) async fn transition(
    tx: &mut Transaction<'_>,
    id: CampaignId,
    from: Phase,
    to: Phase,
    token: FencingToken,
) -> Result<bool, DatabaseError> {
    if !from.may_become(to) || to == Phase::Settled {
        return Ok(false);
    }
    let Some((_, campaign)) = lock(tx, id).await? else {
        return Ok(false);
    };
    require_token(&campaign, token)?;
    if campaign.phase != from {
        return Ok(false);
    }
    if to == Phase::Cancelled {
        products::give_back(tx, campaign.product, campaign.terms.quota).await?;
    }
    move_on(tx, &campaign, to, token, Units::ZERO, Units::ZERO).await?;
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

/// Changes the phase by compare-and-set on phase, version and fence.
pub(super) async fn move_on(
    tx: &mut Transaction<'_>,
    campaign: &Campaign,
    to: Phase,
    token: FencingToken,
    allocated: Units,
    unsold: Units,
) -> Result<(), DatabaseError> {
    let update = query(
        "UPDATE campaigns SET phase = $4, version = version + 1, fence = $5, allocated = $6, unsold = $7
         WHERE id = $1 AND phase = $2 AND version = $3 AND fence <= $5",
    );
    let update = update
        .bind(campaign.id.uuid())
        .bind(phase_name(campaign.phase)?)
        .bind(row::number(campaign.version)?)
        .bind(phase_name(to)?)
        .bind(row::number(token.get())?)
        .bind(row::units(allocated))
        .bind(row::units(unsold));
    row::change(tx, 1, update, "the campaign has changed meanwhile").await
}

/// Counts the epoch up. From here to the end of the transaction nobody records.
pub(super) async fn begin_epoch(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Option<(Number, Epoch)>, DatabaseError> {
    let update = query(
        "UPDATE checkpoints SET epoch = epoch + 1
         WHERE campaign = (SELECT number FROM campaigns WHERE id = $1) RETURNING campaign, epoch",
    );
    row::optional(tx, update.bind(id.uuid()), |row| {
        Ok((
            Number(sqlx::Row::try_get(row, 0)?),
            Epoch::new(read(row, 1)?),
        ))
    })
    .await
}

pub(super) async fn checkpoint(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Sequence, DatabaseError> {
    let find = query(
        "SELECT checkpoint FROM checkpoints WHERE campaign = (SELECT number FROM campaigns WHERE id = $1)",
    );
    let found = row::optional(tx, find.bind(id.uuid()), |row| read(row, 0)).await?;
    Ok(found.unwrap_or(Sequence::ZERO))
}

/// The checkpoint, which nobody moves until the transaction ends: nobody records.
pub(super) async fn lock_checkpoint(
    tx: &mut Transaction<'_>,
    number: Number,
) -> Result<Sequence, DatabaseError> {
    let lock = query("SELECT checkpoint FROM checkpoints WHERE campaign = $1 FOR NO KEY UPDATE")
        .bind(number.0);
    row::optional(tx, lock, |row| read(row, 0))
        .await?
        .ok_or_else(|| DatabaseError::corrupt("a campaign has no checkpoint"))
}

fn campaign(row: &PgRow) -> Result<Campaign, DatabaseError> {
    let weights = Weights::new(read(row, 3)?, read(row, 4)?, read(row, 5)?)
        .map_err(|_| DatabaseError::corrupt("the weights of a campaign are too large"))?;
    let window = Window::new(read(row, 7)?, read(row, 8)?)
        .map_err(|_| DatabaseError::corrupt("a campaign ends before it starts"))?;
    let Named(rebid) = read(row, 6)?;
    let Named(phase) = read(row, 12)?;
    let format = match &*read::<String>(row, 2)? {
        "ranked" => Format::Ranked { weights, rebid },
        _ => return Err(DatabaseError::corrupt("a campaign has an unknown format")),
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
        phase,
        version: read(row, 13)?,
        fence: FencingToken::new(read(row, 14)?),
        created_at: read(row, 15)?,
    })
}

/// A value that is stored by its name.
struct Named<T>(T);

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
