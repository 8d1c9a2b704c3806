//! Changing products.

use super::listing;
use super::tables::Tables;
use crate::id::{ProductId, StockChangeId};
use crate::product::Product;
use crate::stock::{Level, Units};
use crate::store::{Listing, Page, ProductChange, ProductOutcome, StockChange};

impl Tables {
    pub(super) fn change_product(
        &mut self,
        id: ProductId,
        change: &ProductChange,
    ) -> ProductOutcome {
        let Some(product) = self.products.get_mut(&id) else {
            return ProductOutcome::UnknownProduct;
        };
        if let Some(stock) = change.stock {
            let counted = stock_change_id(stock).map(|id| (id, self.stock_changes.get(&id)));
            match counted {
                Some((_, Some(before))) if *before != (id, stock) => {
                    return ProductOutcome::IdReused;
                }
                Some((_, Some(_))) => {}
                _ => {
                    let Some(level) = corrected(product.stock, stock) else {
                        let Level { held, sold, .. } = product.stock;
                        return ProductOutcome::StockOutOfRange {
                            promised: u64::from(held.get()) + u64::from(sold.get()),
                        };
                    };
                    product.stock = level;
                    if let Some((change, _)) = counted {
                        self.stock_changes.insert(change, (id, stock));
                    }
                }
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
        ProductOutcome::Changed(product.clone())
    }

    pub(super) fn low_stock(&self, most: Units, page: Page) -> Listing<Product> {
        let low = |product: &&Product| product.stock.available <= most;
        let mut products: Vec<&Product> = self.products.values().filter(low).collect();
        products.sort_unstable_by_key(|product| (product.stock.available, product.id));
        listing(products.into_iter(), page, Product::clone)
    }
}

const fn stock_change_id(change: StockChange) -> Option<StockChangeId> {
    match change {
        StockChange::Set(_) => None,
        StockChange::Add { id, .. } | StockChange::Remove { id, .. } => Some(id),
    }
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
