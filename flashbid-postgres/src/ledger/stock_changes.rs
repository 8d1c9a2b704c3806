use flashbid_core::id::{ProductId, StockChangeId};
use flashbid_core::stock::Units;
use flashbid_core::store::StockChange;
use flashbid_core::time::Timestamp;
use sqlx::query;

use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// The change that was counted under the id of this one, and of which product.
pub(super) async fn of(
    tx: &mut Transaction<'_>,
    change: StockChange,
) -> Result<Option<(ProductId, StockChange)>, DatabaseError> {
    let Some((id, ..)) = stored(change) else {
        return Ok(None);
    };
    let find = query("SELECT product, direction, units FROM stock_changes WHERE id = $1");
    row::optional(tx, find.bind(id.uuid()), |row| {
        let units = read(row, 2)?;
        let change = match &*read::<String>(row, 1)? {
            "add" => StockChange::Add { id, units },
            "remove" => StockChange::Remove { id, units },
            _ => return Err(DatabaseError::corrupt("a stock change is neither way")),
        };
        Ok((read(row, 0)?, change))
    })
    .await
}

/// Counts a change; `false` when its id is known by now.
pub(super) async fn add(
    tx: &mut Transaction<'_>,
    product: ProductId,
    change: StockChange,
    at: Timestamp,
) -> Result<bool, DatabaseError> {
    let Some((id, direction, units)) = stored(change) else {
        return Ok(true);
    };
    let insert = query(
        "INSERT INTO stock_changes (id, product, direction, units, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO NOTHING",
    );
    let insert = insert
        .bind(id.uuid())
        .bind(product.uuid())
        .bind(direction)
        .bind(row::units(units))
        .bind(at.millis());
    Ok(tx.execute(insert).await? == 1)
}

const fn stored(change: StockChange) -> Option<(StockChangeId, &'static str, Units)> {
    match change {
        StockChange::Set(_) => None,
        StockChange::Add { id, units } => Some((id, "add", units)),
        StockChange::Remove { id, units } => Some((id, "remove", units)),
    }
}
