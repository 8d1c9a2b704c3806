//! Changes of a product and its stock.

use flashbid_core::id::{ProductId, StockChangeId};
use flashbid_core::product::Product;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{ProductChange, ProductOutcome, StockChange};
use flashbid_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::products;
use super::row::{self, read};
use crate::error::DatabaseError;

/// Changes a product, all that is named or nothing.
pub(super) fn change(
    tx: &Connection,
    id: ProductId,
    change: &ProductChange,
    at: Timestamp,
) -> Result<ProductOutcome, DatabaseError> {
    let Some(mut product) = products::find(tx, id)? else {
        return Ok(ProductOutcome::UnknownProduct);
    };
    if let Some(asked) = change.stock {
        match restocked(tx, &product, asked, at)? {
            Restock::Level(level) => product.stock = level,
            Restock::OutOfRange => {
                let Level { held, sold, .. } = product.stock;
                return Ok(ProductOutcome::StockOutOfRange {
                    promised: u64::from(held.get()) + u64::from(sold.get()),
                });
            }
            Restock::IdReused => return Ok(ProductOutcome::IdReused),
        }
    }
    if let Some(name) = &change.name {
        product.name.clone_from(name);
    }
    if let Some(description) = &change.description {
        product.description.clone_from(description);
    }
    if let Some(image_url) = &change.image_url {
        product.image_url.clone_from(image_url);
    }
    if let Some(min_price) = change.min_price {
        product.min_price = min_price;
    }
    products::update(tx, &product)?;
    Ok(ProductOutcome::Changed(product))
}

enum Restock {
    Level(Level),
    OutOfRange,
    IdReused,
}

/// The level that a change leads to. When it does, its id is used.
fn restocked(
    tx: &Connection,
    product: &Product,
    change: StockChange,
    at: Timestamp,
) -> Result<Restock, DatabaseError> {
    let level = product.stock;
    let kept = level.held.plus(level.sold);
    let (id, direction, units, available) = match change {
        StockChange::Set(units) => {
            return Ok(kept
                .and_then(|kept| units.minus(kept))
                .map_or(Restock::OutOfRange, |available| {
                    Restock::Level(Level { available, ..level })
                }));
        }
        StockChange::Add { id, units } => (id, "add", units, level.available.plus(units)),
        StockChange::Remove { id, units } => (id, "remove", units, level.available.minus(units)),
    };
    if let Some(used) = used(tx, id)? {
        return Ok(if used == (product.id, direction.to_owned(), units) {
            Restock::Level(level)
        } else {
            Restock::IdReused
        });
    }
    // All units together must be countable: any of them may become available again.
    let available =
        available.filter(|available| kept.and_then(|kept| kept.plus(*available)).is_some());
    let Some(available) = available else {
        return Ok(Restock::OutOfRange);
    };
    row::change_one(
        tx,
        "INSERT INTO stock_changes (id, product, direction, units, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            id.as_bytes(),
            product.id.as_bytes(),
            direction,
            units.get(),
            at.millis()
        ],
    )?;
    Ok(Restock::Level(Level { available, ..level }))
}

fn used(
    tx: &Connection,
    id: StockChangeId,
) -> Result<Option<(ProductId, String, Units)>, DatabaseError> {
    row::optional(
        tx,
        "SELECT product, direction, units FROM stock_changes WHERE id = ?1",
        [id.as_bytes()],
        |row| Ok((read(row, 0)?, row.get(1)?, read(row, 2)?)),
    )
}
