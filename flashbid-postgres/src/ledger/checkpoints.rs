use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::store::Epoch;
use sqlx::query;

use super::campaigns::Number;
use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

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
        Ok((read(row, 0)?, Epoch::new(read(row, 1)?)))
    })
    .await
}

pub(super) async fn find(
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
pub(super) async fn lock(
    tx: &mut Transaction<'_>,
    number: Number,
) -> Result<Sequence, DatabaseError> {
    let lock = query("SELECT checkpoint FROM checkpoints WHERE campaign = $1 FOR NO KEY UPDATE")
        .bind(number.0);
    row::optional(tx, lock, |row| read(row, 0))
        .await?
        .ok_or_else(|| DatabaseError::corrupt("a campaign has no checkpoint"))
}
