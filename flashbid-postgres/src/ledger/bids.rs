use flashbid_core::bid::AcceptedBid;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::rank::Sequence;
use flashbid_core::store::{Listing, Page};
use sqlx::postgres::PgRow;
use sqlx::query;

use super::campaigns::Number;
use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number \
             FROM bid_history WHERE campaign = ",
            $rest
        )
    };
}

/// Every bid, by ascending sequence.
pub(super) async fn all(
    tx: &mut Transaction<'_>,
    campaign: Number,
) -> Result<Vec<AcceptedBid>, DatabaseError> {
    let all = query(select!("$1 ORDER BY sequence")).bind(campaign.0);
    row::all(tx, all, bid).await
}

/// Whether there is any bid behind a sequence.
pub(super) async fn any_behind(
    tx: &mut Transaction<'_>,
    campaign: Number,
    sequence: Sequence,
) -> Result<bool, DatabaseError> {
    let behind = query("SELECT 1 FROM bid_history WHERE campaign = $1 AND sequence > $2 LIMIT 1");
    let behind = behind.bind(campaign.0).bind(row::bound(sequence.get()));
    Ok(row::optional(tx, behind, |_| Ok(())).await?.is_some())
}

pub(super) async fn after(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    after: Sequence,
    limit: u32,
) -> Result<Vec<AcceptedBid>, DatabaseError> {
    let behind = query(select!(
        "(SELECT number FROM campaigns WHERE campaigns.id = $1) AND sequence > $2 ORDER BY sequence LIMIT $3"
    ));
    let behind = behind
        .bind(campaign.uuid())
        .bind(row::bound(after.get()))
        .bind(row::limit(limit));
    row::all(tx, behind, bid).await
}

/// The bids of one bidder, newest first.
pub(super) async fn of(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    bidder: BidderId,
    page: Page,
) -> Result<Listing<AcceptedBid>, DatabaseError> {
    let items = query(select!(
        "(SELECT number FROM campaigns WHERE campaigns.id = $1) AND bidder = $2
         ORDER BY sequence DESC LIMIT $3 OFFSET $4"
    ));
    let items = items
        .bind(campaign.uuid())
        .bind(bidder.uuid())
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    let total = query(
        "SELECT count(*) FROM bid_history
         WHERE campaign = (SELECT number FROM campaigns WHERE campaigns.id = $1) AND bidder = $2",
    );
    let total = total.bind(campaign.uuid()).bind(bidder.uuid());
    row::listing(tx, items, total, bid).await
}

fn bid(row: &PgRow) -> Result<AcceptedBid, DatabaseError> {
    Ok(AcceptedBid {
        sequence: read(row, 0)?,
        id: read(row, 1)?,
        bidder: read(row, 2)?,
        name: read(row, 3)?,
        price: read(row, 4)?,
        weight: read(row, 5)?,
        score: read(row, 6)?,
        rank: read(row, 7)?,
        at: read(row, 8)?,
        elapsed_ms: read(row, 9)?,
        bid_number: read(row, 10)?,
    })
}
