use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::engine::NewProduct as CoreNewProduct;
use flashbid_core::id::ProductId;
use flashbid_core::money::Money;
use flashbid_core::stock::Units;

use super::responses::{
    BodyTooLarge, Malformed, NotAnAdmin, NotFound, NotJson, Unauthorized, Unavailable,
};
use crate::auth::Admin;
use crate::extract::{Id, Input, Paging, PagingQuery, text};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{NewProduct, Product, ProductList};

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

fn parse(wanted: NewProduct) -> Result<CoreNewProduct, Problem> {
    let min_price: Money = wanted.min_price.read("min_price")?;
    if min_price == Money::ZERO {
        return Err(Problem::malformed("The min_price must be more than zero."));
    }
    let stock = Units::new(wanted.stock.0).ok_or_else(|| {
        Problem::malformed(format!("The stock must not be above {}.", Units::MAX))
    })?;
    let optional = |field: &str, given: Option<String>, longest: usize| {
        given
            .filter(|given| !given.is_empty())
            .map(|given| text(field, given, longest))
            .transpose()
    };
    let image_url = optional("image_url", wanted.image_url, 2_048)?;
    if image_url
        .as_deref()
        .is_some_and(|url| !is_picture_address(url))
    {
        return Err(Problem::malformed(
            "The image_url must begin with https://, http:// or a single /.",
        ));
    }
    Ok(CoreNewProduct {
        name: text("name", wanted.name, 255)?,
        description: optional("description", wanted.description, 10_000)?,
        image_url,
        stock,
        min_price,
    })
}

/// Pages put the address into an `img`: no scheme but the two of the web may get there.
fn is_picture_address(url: &str) -> bool {
    let on_this_site = url.starts_with('/') && !url.starts_with("//");
    let is_plain =
        !url.contains(|letter: char| letter.is_whitespace() || "<>\"'\\".contains(letter));
    is_plain && (on_this_site || url.starts_with("https://") || url.starts_with("http://"))
}
