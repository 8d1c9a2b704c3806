use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::id::{CampaignId, OrderId, ProductId};
use flashbid_core::order::Accounts;
use flashbid_core::store::{CampaignOutcome, Listing, Page};
use flashbid_core::time::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, query};
use uuid::Uuid;

use super::products;
use super::row::{self, Stored, read};
use super::terms::{campaign, phase_name, write_terms};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, product, format, alpha, beta, gamma, rebid, unit_price, per_buyer, starts_at, ends_at, quota, min_price, \
         payment_deadline_ms, runner_up_places, runner_up_deadline_ms, phase, version, fence, held, sold, returned, \
         needs_ticket, needs_captcha, created_at"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", number, revision FROM campaigns ",
            $rest
        )
    };
}

/// The short name of a campaign within the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) i64);

impl Stored for Number {
    type Raw = i64;

    fn restore(number: i64) -> Option<Self> {
        Some(Self(number))
    }
}

/// A campaign whose row nobody else changes until the transaction ends; nor its orders, void holds and dead letters.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) number: Number,
    pub(super) campaign: Campaign,
    /// The last change of its orders.
    pub(super) revision: i64,
}

impl Locked {
    fn read(row: &PgRow) -> Result<Self, DatabaseError> {
        Ok(Self {
            campaign: campaign(row)?,
            number: read(row, 25)?,
            revision: sqlx::Row::try_get(row, 26)?,
        })
    }

    /// # Errors
    /// `Fenced` when somebody has changed the campaign with a newer token.
    pub(super) fn require_token(&self, token: FencingToken) -> Result<(), DatabaseError> {
        if token < self.campaign.fence {
            return Err(DatabaseError::fenced(
                "a newer token has changed the campaign",
            ));
        }
        Ok(())
    }

    /// The campaign as it is after a change of phase.
    pub(super) fn moved_on(&self, to: Phase, token: FencingToken) -> Campaign {
        Campaign {
            phase: to,
            version: self.campaign.version + 1,
            fence: token,
            ..self.campaign.clone()
        }
    }
}

/// Adds a campaign and promises it its quota, unless its id is known. The lock on the product lets one at a time check
/// and promise.
pub(super) async fn add(
    tx: &mut Transaction<'_>,
    campaign: &Campaign,
) -> Result<CampaignOutcome, DatabaseError> {
    if find(tx, campaign.id).await?.is_some() {
        return Ok(CampaignOutcome::Added);
    }
    let product = products::lock(tx, campaign.product).await?;
    // While this waited for the product, another call may have added the campaign.
    if find(tx, campaign.id).await?.is_some() {
        return Ok(CampaignOutcome::Added);
    }
    let Some(product) = product else {
        return Ok(CampaignOutcome::UnknownProduct);
    };
    let Some(promised) = product.stock.hold(campaign.terms.quota) else {
        let available = product.stock.available;
        return Ok(CampaignOutcome::QuotaBeyondStock { available });
    };
    products::keep(tx, product.id, promised).await?;
    insert(tx, campaign).await?;
    Ok(CampaignOutcome::Added)
}

async fn insert(tx: &mut Transaction<'_>, campaign: &Campaign) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "WITH added AS (INSERT INTO campaigns (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
         $22, $23, $24, $25) RETURNING number) \
         INSERT INTO checkpoints (campaign) SELECT number FROM added"
    );
    let insert = query(SQL)
        .bind(campaign.id.uuid())
        .bind(campaign.product.uuid());
    let insert = write_terms(insert, &campaign.terms)?
        .bind(phase_name(campaign.phase)?)
        .bind(row::number(campaign.version)?)
        .bind(row::number(campaign.fence.get())?)
        .bind(row::units(campaign.stock.held))
        .bind(row::units(campaign.stock.sold))
        .bind(row::units(campaign.returned))
        .bind(campaign.guards.ticket)
        .bind(campaign.guards.captcha)
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

/// # Errors
/// `NotFound` for an unknown campaign.
pub(super) async fn lock(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Locked, DatabaseError> {
    let lock = query(select!("WHERE id = $1 FOR NO KEY UPDATE")).bind(id.uuid());
    let locked = row::optional(tx, lock, Locked::read).await?;
    locked.ok_or_else(|| DatabaseError::not_found("there is no such campaign"))
}

/// The campaigns with these ids, as far as there are any.
pub(super) async fn lock_all(
    tx: &mut Transaction<'_>,
    ids: Vec<Uuid>,
) -> Result<Vec<Locked>, DatabaseError> {
    let lock = query(select!("WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"));
    row::all(tx, lock.bind(ids), Locked::read).await
}

/// The campaigns of these orders.
pub(super) async fn lock_of_orders(
    tx: &mut Transaction<'_>,
    orders: &[OrderId],
) -> Result<Vec<Locked>, DatabaseError> {
    let lock = query(select!(
        "WHERE number IN (SELECT campaign FROM orders WHERE orders.id = ANY ($1)) ORDER BY id FOR NO KEY UPDATE"
    ));
    let orders = row::column(orders, |order| order.uuid());
    row::all(tx, lock.bind(orders), Locked::read).await
}

/// Writes what has changed of a locked campaign, by compare-and-set on phase, version and fence.
pub(super) async fn keep(
    tx: &mut Transaction<'_>,
    before: &Locked,
    after: &Campaign,
    order_changes: usize,
) -> Result<(), DatabaseError> {
    let update = query(
        "UPDATE campaigns SET phase = $4, version = $5, fence = $6, held = $7, sold = $8, returned = $9,
                              revision = revision + $10
         WHERE number = $1 AND phase = $2 AND version = $3 AND fence <= $6",
    );
    let update = update
        .bind(before.number.0)
        .bind(phase_name(before.campaign.phase)?)
        .bind(row::number(before.campaign.version)?)
        .bind(phase_name(after.phase)?)
        .bind(row::number(after.version)?)
        .bind(row::number(after.fence.get())?)
        .bind(row::units(after.stock.held))
        .bind(row::units(after.stock.sold))
        .bind(row::units(after.returned))
        .bind(row::number(order_changes as u64)?);
    row::change(tx, 1, update, "the campaign has changed meanwhile").await
}

/// Takes accounts over into a campaign, and writes those of its product.
pub(super) async fn keep_accounts(
    tx: &mut Transaction<'_>,
    campaign: &mut Campaign,
    accounts: Accounts,
) -> Result<(), DatabaseError> {
    campaign.stock = accounts.campaign;
    campaign.returned = accounts.returned;
    products::keep(tx, campaign.product, accounts.product).await
}

/// The accounts of a locked campaign; the product's row is locked as well.
pub(super) async fn accounts(
    tx: &mut Transaction<'_>,
    campaign: &Campaign,
) -> Result<Accounts, DatabaseError> {
    let product = products::lock(tx, campaign.product).await?;
    let product = product.ok_or_else(|| DatabaseError::corrupt("a campaign has no product"))?;
    Ok(Accounts::of(campaign, product.stock))
}

pub(super) async fn list(
    tx: &mut Transaction<'_>,
    page: Page,
) -> Result<Listing<Campaign>, DatabaseError> {
    let items = query(select!("ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"));
    let total = query("SELECT count(*) FROM campaigns");
    row::listing(tx, paged(items, page), total, campaign).await
}

pub(super) async fn of_product(
    tx: &mut Transaction<'_>,
    product: ProductId,
    page: Page,
) -> Result<Listing<Campaign>, DatabaseError> {
    let items = query(select!(
        "WHERE product = $3 ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"
    ));
    let items = paged(items, page).bind(product.uuid());
    let total = query("SELECT count(*) FROM campaigns WHERE product = $1").bind(product.uuid());
    row::listing(tx, items, total, campaign).await
}

pub(super) async fn unsettled(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    page: Page,
) -> Result<Vec<Campaign>, DatabaseError> {
    let due = query(select!(
        "WHERE phase IN ('scheduled', 'open', 'sealing') AND starts_at <= $3
         ORDER BY ends_at, id LIMIT $1 OFFSET $2"
    ));
    row::all(tx, paged(due, page).bind(now.millis()), campaign).await
}

pub(super) async fn with_units_left(
    tx: &mut Transaction<'_>,
    page: Page,
) -> Result<Vec<Campaign>, DatabaseError> {
    let left = query(select!("WHERE left_over ORDER BY id LIMIT $1 OFFSET $2"));
    row::all(tx, paged(left, page), campaign).await
}

/// The first two parameters of a list.
fn paged(query: Query<'_, Postgres, PgArguments>, page: Page) -> Query<'_, Postgres, PgArguments> {
    query.bind(row::limit(page.limit)).bind(row::offset(page))
}

pub(super) async fn set_guards(
    tx: &mut Transaction<'_>,
    id: CampaignId,
    guards: Guards,
) -> Result<Option<Campaign>, DatabaseError> {
    const SQL: &str = concat!(
        "UPDATE campaigns SET needs_ticket = $2, needs_captcha = $3 WHERE id = $1 RETURNING ",
        columns!()
    );
    let update = query(SQL)
        .bind(id.uuid())
        .bind(guards.ticket)
        .bind(guards.captcha);
    row::optional(tx, update, campaign).await
}

/// Moves a campaign on, and gives back what it has available when it is called off. Only a settlement settles.
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
    let locked = match lock(tx, id).await {
        Err(error) if error.kind() == flashbid_core::StoreErrorKind::NotFound => return Ok(false),
        locked => locked?,
    };
    locked.require_token(token)?;
    if locked.campaign.phase != from {
        return Ok(false);
    }
    let mut moved = locked.moved_on(to, token);
    if to == Phase::Cancelled {
        let left = moved.stock.available;
        let returned = accounts(tx, &moved).await?.give_back(left);
        let returned =
            returned.ok_or_else(|| DatabaseError::conflict("the product holds fewer units"))?;
        keep_accounts(tx, &mut moved, returned).await?;
    }
    keep(tx, &locked, &moved, 0).await?;
    Ok(true)
}
