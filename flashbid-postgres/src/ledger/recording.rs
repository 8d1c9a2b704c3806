use std::borrow::Cow;
use std::collections::HashSet;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::store::EventBatch;
use sqlx::query;
use uuid::Uuid;

use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// Records a batch in one statement: see `record_bids` in the migrations.
pub(super) async fn record(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    batch: &EventBatch,
) -> Result<Sequence, DatabaseError> {
    let columns = Columns::of(&batch.bids)?;
    let call = query(
        "SELECT outcome, reached FROM record_bids($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    );
    let call = call
        .bind(campaign.uuid())
        .bind(row::number(batch.epoch.get())?)
        .bind(row::number(batch.after.get())?)
        .bind(row::number(batch.through.get())?)
        .bind(!is_well_formed(batch))
        .bind(columns.sequences)
        .bind(columns.ids)
        .bind(columns.bidders)
        .bind(columns.names)
        .bind(columns.prices)
        .bind(columns.weights)
        .bind(columns.scores)
        .bind(columns.ranks)
        .bind(columns.times)
        .bind(columns.elapsed)
        .bind(columns.bid_numbers);
    let answer = tx.fetch_one(call).await?;
    match &*read::<String>(&answer, 0)? {
        "recorded" => read(&answer, 1),
        "unknown" => Err(DatabaseError::not_found("there is no such campaign")),
        "fenced" => Err(DatabaseError::fenced(
            "the book of the batch is not the newest",
        )),
        "malformed" => Err(DatabaseError::conflict(
            "a bid is outside the stretch of its batch, out of order or there twice",
        )),
        "settled" => Err(DatabaseError::conflict("the campaign is settled")),
        "contradiction" => Err(DatabaseError::conflict(
            "a sequence or a bid id is recorded with another bid",
        )),
        _ => Err(DatabaseError::corrupt(
            "`record_bids` is of another version",
        )),
    }
}

/// Whether each bid is behind the one before and within the stretch, and no id is there twice.
fn is_well_formed(batch: &EventBatch) -> bool {
    let mut previous = batch.after;
    let mut ids = HashSet::with_capacity(batch.bids.len());
    batch.bids.iter().all(|bid| {
        let follows = previous < bid.sequence && bid.sequence <= batch.through;
        previous = bid.sequence;
        follows && ids.insert(bid.id)
    })
}

/// The bids of a batch, column by column.
#[derive(Default)]
struct Columns<'b> {
    sequences: Vec<i64>,
    ids: Vec<Uuid>,
    bidders: Vec<Uuid>,
    names: Vec<Option<Cow<'b, str>>>,
    prices: Vec<i64>,
    weights: Vec<i64>,
    scores: Vec<i64>,
    ranks: Vec<i64>,
    times: Vec<i64>,
    elapsed: Vec<i64>,
    bid_numbers: Vec<i64>,
}

impl<'b> Columns<'b> {
    fn of(bids: &'b [AcceptedBid]) -> Result<Self, DatabaseError> {
        let mut columns = Self::default();
        for bid in bids {
            columns.sequences.push(row::number(bid.sequence.get())?);
            columns.ids.push(bid.id.uuid());
            columns.bidders.push(bid.bidder.uuid());
            columns.names.push(bid.name.as_deref().map(row::escaped));
            columns.prices.push(bid.price.ten_thousandths());
            columns.weights.push(bid.weight.ten_thousandths());
            columns.scores.push(bid.score.ten_thousandths());
            columns.ranks.push(i64::from(bid.rank.get()));
            columns.times.push(bid.at.millis());
            columns.elapsed.push(row::number(bid.elapsed_ms)?);
            columns.bid_numbers.push(i64::from(bid.bid_number));
        }
        Ok(columns)
    }
}
