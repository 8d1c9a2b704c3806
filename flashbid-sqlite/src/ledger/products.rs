use flashbid_core::id::ProductId;
use flashbid_core::product::Product;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Listing, Page};
use rusqlite::{Connection, Row, params};

use super::row::{self, read};
use crate::error::DatabaseError;

macro_rules! columns {
    () => {
        "id, name, description, image_url, min_price, available, held, sold, created_at"
    };
}

/// Adds a product, unless its id is known.
pub(super) fn add(tx: &Connection, product: &Product) -> Result<(), DatabaseError> {
    const SQL: &str = concat!(
        "INSERT INTO products (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING"
    );
    tx.prepare_cached(SQL)?.execute(params![
        product.id.as_bytes(),
        product.name,
        product.description,
        product.image_url,
        product.min_price.ten_thousandths(),
        product.stock.available.get(),
        product.stock.held.get(),
        product.stock.sold.get(),
        product.created_at.millis(),
    ])?;
    Ok(())
}

pub(super) fn find(tx: &Connection, id: ProductId) -> Result<Option<Product>, DatabaseError> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM products WHERE id = ?1");
    row::optional(tx, SQL, [id.as_bytes()], product)
}

pub(super) fn list(tx: &Connection, page: Page) -> Result<Listing<Product>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products ORDER BY created_at DESC, id LIMIT ?1 OFFSET ?2"
    );
    Ok(Listing {
        items: row::all(tx, SQL, row::window(page), product)?,
        total: row::count(tx, "SELECT count(*) FROM products", [])?,
    })
}

/// Products with few available units.
pub(super) fn low_stock(
    tx: &Connection,
    most: Units,
    page: Page,
) -> Result<Listing<Product>, DatabaseError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM products WHERE available <= ?1 ORDER BY available, id LIMIT ?2 OFFSET ?3"
    );
    let (limit, offset) = row::window(page);
    let total = "SELECT count(*) FROM products WHERE available <= ?1";
    Ok(Listing {
        items: row::all(tx, SQL, (most.get(), limit, offset), product)?,
        total: row::count(tx, total, [most.get()])?,
    })
}

/// Writes all of a product but its id and age.
pub(super) fn update(tx: &Connection, product: &Product) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE products SET name = ?2, description = ?3, image_url = ?4, min_price = ?5, available = ?6, held = ?7, \
         sold = ?8
         WHERE id = ?1",
        params![
            product.id.as_bytes(),
            product.name,
            product.description,
            product.image_url,
            product.min_price.ten_thousandths(),
            product.stock.available.get(),
            product.stock.held.get(),
            product.stock.sold.get(),
        ],
    )
}

/// Replaces a product's level by another, provided that it is still the one that was read.
pub(super) fn move_units(
    tx: &Connection,
    id: ProductId,
    from: Level,
    to: Level,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "UPDATE products SET available = ?5, held = ?6, sold = ?7
         WHERE id = ?1 AND available = ?2 AND held = ?3 AND sold = ?4",
        params![
            id.as_bytes(),
            from.available.get(),
            from.held.get(),
            from.sold.get(),
            to.available.get(),
            to.held.get(),
            to.sold.get(),
        ],
    )
}

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: read(row, 0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        image_url: row.get(3)?,
        min_price: read(row, 4)?,
        stock: Level {
            available: read(row, 5)?,
            held: read(row, 6)?,
            sold: read(row, 7)?,
        },
        created_at: read(row, 8)?,
    })
}
