//! What is sold.

use crate::id::ProductId;
use crate::money::Money;
use crate::stock::Level;
use crate::time::Timestamp;

/// A product and its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Which product.
    pub id: ProductId,
    /// What people call it.
    pub name: String,
    /// More words.
    pub description: Option<String>,
    /// Where its picture is.
    pub image_url: Option<String>,
    /// The reserve price: no bid below it is taken.
    pub min_price: Money,
    /// The units: free, promised to campaigns or held for orders, and sold. Their sum is what the seller loaded.
    pub stock: Level,
    /// When it was made.
    pub created_at: Timestamp,
}
