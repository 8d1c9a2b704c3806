//! The routes, one file a resource, and the document that describes them.

mod auth;
mod bids;
mod campaigns;
mod captcha;
mod document;
mod health;
mod metrics;
mod operations;
mod orders;
mod payments;
mod products;
mod purchases;
mod rankings;
mod responses;
mod site;
mod tokens;
mod ws;

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "FlashBid",
        description = "Timed sales where the best bids win. Money, scores and weights are exact decimals; times are RFC 3339 in UTC; problems are RFC 9457 problem details with a code."
    ),
    modifiers(&BearerToken)
)]
struct Document;

struct BearerToken;

impl utoipa::Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// Every route of the API, documented.
pub(crate) fn all() -> OpenApiRouter<AppState> {
    let api = OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::me))
        .routes(routes!(products::list, products::add))
        .routes(routes!(products::low_stock))
        .routes(routes!(operations::sync_products))
        .routes(routes!(products::one, products::change))
        .routes(routes!(operations::sync_product))
        .routes(routes!(campaigns::list, campaigns::add))
        .routes(routes!(campaigns::one, campaigns::change))
        .routes(routes!(operations::reconcile))
        .routes(routes!(bids::place))
        .routes(routes!(bids::history))
        .routes(routes!(rankings::top))
        .routes(routes!(rankings::own))
        .routes(routes!(purchases::buy))
        .routes(routes!(purchases::one))
        .routes(routes!(purchases::buy_cart))
        .routes(routes!(orders::mine))
        .routes(routes!(orders::one))
        .routes(routes!(orders::pay))
        .routes(routes!(orders::cancel))
        .routes(routes!(orders::of_campaign))
        .routes(routes!(payments::webhook))
        .routes(routes!(operations::dead_letters))
        .routes(routes!(operations::replay))
        .routes(routes!(operations::drop_letter))
        .routes(routes!(operations::discrepancies))
        .routes(routes!(site::site))
        .routes(routes!(captcha::open))
        .routes(routes!(tokens::open));
    let mut all = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::health))
        .routes(routes!(metrics::metrics))
        .routes(routes!(ws::feed))
        .nest("/api/v1", api);
    document::complete(all.get_openapi_mut());
    all
}
