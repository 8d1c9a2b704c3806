use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use flashbid_core::engine::NewProduct as CoreNewProduct;
use flashbid_core::id::{ProductId, StockChangeId};
use flashbid_core::money::Money;
use flashbid_core::stock::Units;
use flashbid_core::store::{ProductChange, StockChange};
use serde::Deserialize;

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::auth::Admin;
use crate::extract::{Id, Input, KeyHeader, OptionalKey, Paging, PagingQuery, text};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{ChangeProduct, NewProduct, Number, Product, ProductList, Whole};

/// Products, newest first.
#[utoipa::path(
    get,
    path = "/products",
    tag = "products",
    operation_id = "list_products",
    params(PagingQuery),
    responses(
        (status = 200, description = "A part of the products", body = ProductList),
        Malformed, Unavailable,
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Paging(page): Paging,
) -> Result<Json<ProductList>, Problem> {
    let found = state.engine().products(page).await?;
    Ok(Json(ProductList {
        products: found.items.iter().map(Product::from).collect(),
        total: found.total,
    }))
}

/// One product.
#[utoipa::path(
    get,
    path = "/products/{product_id}",
    tag = "products",
    operation_id = "get_product",
    params(("product_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The product", body = Product),
        NotFound, Malformed, Unavailable,
    )
)]
pub(super) async fn one(
    State(state): State<AppState>,
    Id(id): Id<ProductId>,
) -> Result<Json<Product>, Problem> {
    let found = state.engine().product(id).await?;
    let product =
        found.ok_or_else(|| Problem::not_found("UNKNOWN_PRODUCT", "There is no such product."))?;
    Ok(Json(Product::from(&product)))
}

/// Makes a product.
#[utoipa::path(
    post,
    path = "/products",
    tag = "products",
    operation_id = "add_product",
    security(("token" = [])),
    request_body = NewProduct,
    responses(
        (status = 201, description = "The product", body = Product),
        Unauthorized, NotAnAdmin, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn add(
    State(state): State<AppState>,
    _: Admin,
    Input(wanted): Input<NewProduct>,
) -> Result<(StatusCode, Json<Product>), Problem> {
    let product = state.engine().add_product(parse(wanted)?).await?;
    Ok((StatusCode::CREATED, Json(Product::from(&product))))
}

/// Changes a product: its words, its reserve price for campaigns to come, its stock.
///
/// Only units that no campaign and no order has can be taken out of the stock. With an `Idempotency-Key`, an `add_stock`
/// or `remove_stock` that is sent again counts once.
#[utoipa::path(
    patch,
    path = "/products/{product_id}",
    tag = "products",
    operation_id = "change_product",
    security(("token" = [])),
    params(
        ("product_id" = Uuid, Path),
        KeyHeader,
    ),
    request_body = ChangeProduct,
    responses(
        (status = 200, description = "The product as it is now", body = Product),
        (status = 400, description = "AMBIGUOUS_CHANGE: more than one change of the stock", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "STOCK_PROMISED or IDEMPOTENCY_KEY_REUSED", body = ProblemBody, content_type = "application/problem+json"),
        Unauthorized, NotAnAdmin, NotFound, BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn change(
    State(state): State<AppState>,
    _: Admin,
    Id(id): Id<ProductId>,
    OptionalKey(key): OptionalKey,
    Input(wanted): Input<ChangeProduct>,
) -> Result<Json<Product>, Problem> {
    let change_id = || match &key {
        Some(key) => StockChangeId::derive(id, key.as_str()),
        None => state.engine().fresh_id(),
    };
    let stock = match (wanted.stock, wanted.add_stock, wanted.remove_stock) {
        (None, None, None) => None,
        (Some(all), None, None) => Some(StockChange::Set(units("stock", all)?)),
        (None, Some(added), None) => Some(StockChange::Add {
            id: change_id(),
            units: some_units("add_stock", added)?,
        }),
        (None, None, Some(removed)) => Some(StockChange::Remove {
            id: change_id(),
            units: some_units("remove_stock", removed)?,
        }),
        _ => {
            return Err(Problem::bad_request(
                "AMBIGUOUS_CHANGE",
                "Of stock, add_stock and remove_stock one may be given.",
            ));
        }
    };
    let change = ProductChange {
        name: wanted
            .name
            .map(|name| text("name", name, 255))
            .transpose()?,
        description: wanted
            .description
            .map(|given| optional("description", Some(given), 10_000))
            .transpose()?,
        image_url: wanted.image_url.map(|url| picture(Some(url))).transpose()?,
        min_price: wanted.min_price.as_ref().map(reserve_price).transpose()?,
        stock,
    };
    let product = state.engine().change_product(id, &change).await?;
    Ok(Json(Product::from(&product)))
}

/// Which products have little left.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LowStockQuery {
    /// Products with at most so many available units.
    #[serde(default = "ten")]
    #[param(minimum = 0, maximum = 1_000_000_000, default = 10, required = false)]
    most: u32,
}

const fn ten() -> u32 {
    10
}

/// Products that have little left, the least first.
#[utoipa::path(
    get,
    path = "/products/low-stock",
    tag = "products",
    operation_id = "low_stock",
    security(("token" = [])),
    params(PagingQuery, LowStockQuery),
    responses(
        (status = 200, description = "A part of the products", body = ProductList),
        Unauthorized, NotAnAdmin, Malformed, Unavailable,
    )
)]
pub(super) async fn low_stock(
    State(state): State<AppState>,
    _: Admin,
    Paging(page): Paging,
    query: Result<Query<LowStockQuery>, QueryRejection>,
) -> Result<Json<ProductList>, Problem> {
    let most = query.ok().and_then(|Query(query)| Units::new(query.most));
    let most = most
        .ok_or_else(|| Problem::malformed(format!("The most must be from 0 to {}.", Units::MAX)))?;
    let found = state.engine().low_stock(most, page).await?;
    Ok(Json(ProductList {
        products: found.items.iter().map(Product::from).collect(),
        total: found.total,
    }))
}

fn parse(wanted: NewProduct) -> Result<CoreNewProduct, Problem> {
    Ok(CoreNewProduct {
        name: text("name", wanted.name, 255)?,
        description: optional("description", wanted.description, 10_000)?,
        image_url: picture(wanted.image_url)?,
        stock: units("stock", wanted.stock)?,
        min_price: reserve_price(&wanted.min_price)?,
    })
}

fn reserve_price(given: &Number) -> Result<Money, Problem> {
    let min_price: Money = given.read("min_price")?;
    if min_price == Money::ZERO {
        return Err(Problem::malformed("The min_price must be more than zero."));
    }
    Ok(min_price)
}

fn units(field: &str, Whole(count): Whole) -> Result<Units, Problem> {
    Units::new(count)
        .ok_or_else(|| Problem::malformed(format!("The {field} must not be above {}.", Units::MAX)))
}

fn some_units(field: &str, count: Whole) -> Result<Units, Problem> {
    let units = units(field, count)?;
    if units == Units::ZERO {
        return Err(Problem::malformed(format!(
            "The {field} must be at least 1."
        )));
    }
    Ok(units)
}

/// A text that may be left out, or empty.
fn optional(field: &str, given: Option<String>, longest: usize) -> Result<Option<String>, Problem> {
    given
        .filter(|given| !given.is_empty())
        .map(|given| text(field, given, longest))
        .transpose()
}

fn picture(given: Option<String>) -> Result<Option<String>, Problem> {
    let image_url = optional("image_url", given, 2_048)?;
    if image_url
        .as_deref()
        .is_some_and(|url| !is_picture_address(url))
    {
        return Err(Problem::malformed(
            "The image_url must begin with https://, http:// or a single /.",
        ));
    }
    Ok(image_url)
}

/// Pages put the address into an `img`: no scheme but the two of the web may get there.
fn is_picture_address(url: &str) -> bool {
    let on_this_site = url.starts_with('/') && !url.starts_with("//");
    let is_plain =
        !url.contains(|letter: char| letter.is_whitespace() || "<>\"'\\".contains(letter));
    is_plain && (on_this_site || url.starts_with("https://") || url.starts_with("http://"))
}
