use flashbid_core::bid::AcceptedBid;
use flashbid_core::id::{BidId, BidderId, CampaignId};
use flashbid_core::rank::Sequence;
use flashbid_core::store::{Listing, Page};
use rusqlite::{Connection, Row, params};

use super::campaigns::{self, Number};
use super::row::{self, read};
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number"
    };
}

/// The sequences of a bidder's bids, newest first, one stretch of the log after the other. The log may have gaps, so
/// each step looks for the next stretch that has any bid.
const OF_BIDDER: &str = "
    WITH RECURSIVE stretches (stretch) AS (
        SELECT max(sequence) >> 12 FROM bids WHERE campaign = ?1
        UNION ALL
        SELECT (SELECT max(sequence) >> 12 FROM bids WHERE campaign = ?1 AND sequence < stretch << 12)
        FROM stretches WHERE stretch > 0
    )
    SELECT sequence FROM stretches CROSS JOIN bids INDEXED BY bids_of
    WHERE campaign = ?1 AND sequence >> 12 = stretch AND bidder = ?2
    ORDER BY sequence DESC";

/// Writes a bid, and answers whether its sequence was free.
pub(super) fn insert(
    tx: &Connection,
    campaign: Number,
    bid: &AcceptedBid,
) -> Result<bool, DatabaseError> {
    const SQL: &str = concat!(
        "INSERT INTO bids (campaign, ",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (campaign, sequence) DO NOTHING"
    );
    let written = tx.prepare_cached(SQL)?.execute(params![
        campaign.0,
        row::number(bid.sequence.get())?,
        bid.id.as_bytes(),
        bid.bidder.as_bytes(),
        bid.name.as_deref(),
        bid.price.ten_thousandths(),
        bid.weight.ten_thousandths(),
        bid.score.ten_thousandths(),
        bid.rank.get(),
        bid.at.millis(),
        row::number(bid.elapsed_ms)?,
        bid.bid_number,
    ])?;
    Ok(written == 1)
}

/// The bid with a sequence.
pub(super) fn at(
    tx: &Connection,
    campaign: Number,
    sequence: Sequence,
) -> Result<Option<AcceptedBid>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM bids WHERE campaign = ?1 AND sequence = ?2"
    );
    let key = (campaign.0, row::bound(sequence.get()));
    row::optional(tx, SQL, key, bid)
}

/// Whether there is any bid behind a sequence.
pub(super) fn any_behind(
    tx: &Connection,
    campaign: Number,
    sequence: Sequence,
) -> Result<bool, DatabaseError> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM bids WHERE campaign = ?1 AND sequence > ?2)";
    let key = (campaign.0, row::bound(sequence.get()));
    let mut select = tx.prepare_cached(SQL)?;
    Ok(select.query_row(key, |row| row.get(0))?)
}

/// Every bid, by ascending sequence.
pub(super) fn all(tx: &Connection, campaign: Number) -> Result<Vec<AcceptedBid>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM bids WHERE campaign = ?1 ORDER BY sequence"
    );
    row::all(tx, SQL, [campaign.0], bid)
}

/// The id of every bid.
pub(super) fn ids(tx: &Connection, campaign: Number) -> Result<Vec<BidId>, DatabaseError> {
    let sql = "SELECT id FROM bids WHERE campaign = ?1";
    row::all(tx, sql, [campaign.0], |row| read(row, 0))
}

pub(super) fn after(
    tx: &Connection,
    campaign: CampaignId,
    after: Sequence,
    limit: u32,
) -> Result<Vec<AcceptedBid>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM bids WHERE campaign = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"
    );
    let Some(number) = campaigns::number(tx, campaign)? else {
        return Ok(Vec::new());
    };
    let window = (number.0, row::bound(after.get()), limit);
    row::all(tx, SQL, window, bid)
}

pub(super) fn of(
    tx: &Connection,
    campaign: CampaignId,
    bidder: BidderId,
    page: Page,
) -> Result<Listing<AcceptedBid>, DatabaseError> {
    let Some(number) = campaigns::number(tx, campaign)? else {
        return Ok(row::nothing());
    };
    let key = params![number.0, bidder.as_bytes()];
    let sequences: Vec<Sequence> = row::all(tx, OF_BIDDER, key, |row| read(row, 0))?;
    let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let shown = sequences.iter().skip(skip).take(limit);
    let items = shown.map(|sequence| {
        at(tx, number, *sequence)?
            .ok_or_else(|| DatabaseError::corrupt("the index names a bid that is not there"))
    });
    Ok(Listing {
        items: items.collect::<Result<_, _>>()?,
        total: sequences.len() as u64,
    })
}

fn bid(row: &Row<'_>) -> rusqlite::Result<AcceptedBid> {
    Ok(AcceptedBid {
        sequence: read(row, 0)?,
        id: read(row, 1)?,
        bidder: read(row, 2)?,
        name: row.get(3)?,
        price: read(row, 4)?,
        weight: read(row, 5)?,
        score: read(row, 6)?,
        rank: read(row, 7)?,
        at: read(row, 8)?,
        elapsed_ms: read(row, 9)?,
        bid_number: row.get(10)?,
    })
}
