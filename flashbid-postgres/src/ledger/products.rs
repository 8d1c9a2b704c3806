use flashbid_core::id::ProductId;
use flashbid_core::product::Product;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Listing, Page, ProductChange, ProductOutcome, StockChange};
use flashbid_core::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::query;
use uuid::Uuid;

use super::row::{self, read};
use super::stock_changes;
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

pub(super) async fn low_stock(
    tx: &mut Transaction<'_>,
    most: Units,
    page: Page,
) -> Result<Listing<Product>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products WHERE available <= $1 ORDER BY available, id LIMIT $2 OFFSET $3"
    );
    let items = query(SQL)
        .bind(row::units(most))
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    let total = query("SELECT count(*) FROM products WHERE available <= $1").bind(row::units(most));
    row::listing(tx, items, total, product).await
}

/// The product, whose row nobody else changes until the transaction ends.
pub(super) async fn lock(
    tx: &mut Transaction<'_>,
    id: ProductId,
) -> Result<Option<Product>, DatabaseError> {
    Ok(lock_all(tx, vec![id.uuid()]).await?.pop())
}

/// The products with these ids, as far as there are any.
pub(super) async fn lock_all(
    tx: &mut Transaction<'_>,
    ids: Vec<Uuid>,
) -> Result<Vec<Product>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
    );
    row::all(tx, query(SQL).bind(ids), product).await
}

/// Writes where the units of a locked product are.
pub(super) async fn keep(
    tx: &mut Transaction<'_>,
    id: ProductId,
    stock: Level,
) -> Result<(), DatabaseError> {
    let update = query("UPDATE products SET available = $2, held = $3, sold = $4 WHERE id = $1");
    let update = update
        .bind(id.uuid())
        .bind(row::units(stock.available))
        .bind(row::units(stock.held))
        .bind(row::units(stock.sold));
    row::change(tx, 1, update, "there is no such product").await
}

/// Changes a product, all of the change or nothing.
pub(super) async fn change(
    tx: &mut Transaction<'_>,
    id: ProductId,
    change: &ProductChange,
    at: Timestamp,
) -> Result<ProductOutcome, DatabaseError> {
    let Some(mut product) = lock(tx, id).await? else {
        return Ok(ProductOutcome::UnknownProduct);
    };
    if let Some(wanted) = change.stock {
        match stock_changes::of(tx, wanted).await? {
            Some(counted) if counted == (id, wanted) => {}
            Some(_) => return Ok(ProductOutcome::IdReused),
            None => {
                let Some(stock) = corrected(product.stock, wanted) else {
                    let Level { held, sold, .. } = product.stock;
                    let promised = u64::from(held.get()) + u64::from(sold.get());
                    return Ok(ProductOutcome::StockOutOfRange { promised });
                };
                if !stock_changes::add(tx, id, wanted, at).await? {
                    // Somebody has just used the id for another product.
                    return Ok(ProductOutcome::IdReused);
                }
                product.stock = stock;
            }
        }
    }
    let named = |new: &Option<_>, old: &mut _| {
        if let Some(new) = new {
            Clone::clone_from(old, new);
        }
    };
    named(&change.description, &mut product.description);
    named(&change.image_url, &mut product.image_url);
    if let Some(name) = &change.name {
        product.name.clone_from(name);
    }
    product.min_price = change.min_price.unwrap_or(product.min_price);
    write(tx, &product).await?;
    Ok(ProductOutcome::Changed(product))
}

async fn write(tx: &mut Transaction<'_>, product: &Product) -> Result<(), DatabaseError> {
    let update = query(
        "UPDATE products SET name = $2, description = $3, image_url = $4, min_price = $5, available = $6 WHERE id = $1",
    );
    let update = update
        .bind(product.id.uuid())
        .bind(row::escaped(&product.name))
        .bind(product.description.as_deref().map(row::escaped))
        .bind(product.image_url.as_deref().map(row::escaped))
        .bind(product.min_price.ten_thousandths())
        .bind(row::units(product.stock.available));
    row::change(tx, 1, update, "there is no such product").await
}

/// The stock after a correction; `None` when too few units are available, or there would be more than can be counted.
fn corrected(stock: Level, change: StockChange) -> Option<Level> {
    let promised = stock.held.plus(stock.sold)?;
    let available = match change {
        StockChange::Set(all) => all.minus(promised)?,
        StockChange::Add { units, .. } => stock.available.plus(units)?,
        StockChange::Remove { units, .. } => stock.available.minus(units)?,
    };
    available.plus(promised)?;
    Some(Level { available, ..stock })
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
