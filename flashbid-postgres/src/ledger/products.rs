use flashbid_core::id::ProductId;
use flashbid_core::product::Product;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Listing, Page};
use sqlx::postgres::PgRow;
use sqlx::query;

use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, name, description, image_url, min_price, available, held, sold, created_at"
    };
}

/// Adds a product, unless its id is known.
pub(super) async fn add(tx: &mut Transaction<'_>, product: &Product) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "INSERT INTO products (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING"
    );
    let insert = query(SQL)
        .bind(product.id.uuid())
        .bind(row::escaped(&product.name))
        .bind(product.description.as_deref().map(row::escaped))
        .bind(product.image_url.as_deref().map(row::escaped))
        .bind(product.min_price.ten_thousandths())
        .bind(row::units(product.stock.available))
        .bind(row::units(product.stock.held))
        .bind(row::units(product.stock.sold))
        .bind(product.created_at.millis());
    tx.execute(insert).await.map(drop)
}

pub(super) async fn find(
    tx: &mut Transaction<'_>,
    id: ProductId,
) -> Result<Option<Product>, DatabaseError> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM products WHERE id = $1");
    row::optional(tx, query(SQL).bind(id.uuid()), product).await
}

pub(super) async fn list(
    tx: &mut Transaction<'_>,
    page: Page,
) -> Result<Listing<Product>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"
    );
    let items = query(SQL)
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    row::listing(tx, items, query("SELECT count(*) FROM products"), product).await
}

/// Promises units of a product to a campaign: from available to held. The row stays locked. Answers `None` for an
/// unknown product, and else how many were available when there were too few.
pub(super) async fn promise(
    tx: &mut Transaction<'_>,
    id: ProductId,
    units: Units,
) -> Result<Option<Result<(), Units>>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products WHERE id = $1 FOR NO KEY UPDATE"
    );
    let Some(product) = row::optional(tx, query(SQL).bind(id.uuid()), product).await? else {
        return Ok(None);
    };
    if product.stock.hold(units).is_none() {
        return Ok(Some(Err(product.stock.available)));
    }
    let update = query(
        "UPDATE products SET available = available - $2, held = held + $2 WHERE id = $1 AND available >= $2",
    );
    let update = update.bind(id.uuid()).bind(row::units(units));
    row::change(tx, 1, update, "the product has fewer available units").await?;
    Ok(Some(Ok(())))
}

/// Takes a promise back: from held to available.
pub(super) async fn give_back(
    tx: &mut Transaction<'_>,
    id: ProductId,
    units: Units,
) -> Result<(), DatabaseError> {
    let update = query(
        "UPDATE products SET available = available + $2, held = held - $2 WHERE id = $1 AND held >= $2",
    );
    let update = update.bind(id.uuid()).bind(row::units(units));
    row::change(tx, 1, update, "the product holds fewer units").await
}

fn product(row: &PgRow) -> Result<Product, DatabaseError> {
    Ok(Product {
        id: read(row, 0)?,
        name: read(row, 1)?,
        description: read(row, 2)?,
        image_url: read(row, 3)?,
        min_price: read(row, 4)?,
        stock: Level {
            available: read(row, 5)?,
            held: read(row, 6)?,
            sold: read(row, 7)?,
        },
        created_at: read(row, 8)?,
    })
}
