//! The routes with all that is around them.

use std::any::Any;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::SwaggerUi;

use crate::config::Origin;
use crate::extract::{LARGEST_BODY, unknown_method};
use crate::gate::{GateLayer, Tickets};
use crate::metrics::{Measure, Metrics};
use crate::page;
use crate::problem::Problem;
use crate::requests::{Identify, REQUEST_ID};
use crate::routes;
use crate::state::AppState;

/// Where the document of the API is.
const DOCUMENT: &str = "/api/v1/openapi.json";

/// The whole application. Pages of `origins` may call it from other sites.
pub fn router(state: AppState, origins: &[Origin]) -> Router {
    let (routes, document) = routes::all().split_for_parts();
    // Only pages can be framed or send a referrer; answers to programs need not carry the headers.
    let pages = Router::from(SwaggerUi::new("/docs").url(DOCUMENT, document)).layer(
        ServiceBuilder::new()
            .layer(always(
                header::X_FRAME_OPTIONS,
                HeaderValue::from_static("DENY"),
            ))
            .layer(always(
                header::REFERRER_POLICY,
                HeaderValue::from_static("no-referrer"),
            )),
    );
    let (metrics, gate) = (state.metrics().clone(), GateLayer(state.clone()));
    let bare = routes
        .merge(pages)
        .merge(page::router(&state.site().picture_hosts))
        .fallback(page::unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .with_state(state);
    around(bare, metrics, Some(gate), origins)
}

/// Puts around `router` what every answer goes through.
fn around(router: Router, metrics: Metrics, gate: Option<GateLayer>, origins: &[Origin]) -> Router {
    // One stack for all: each further `layer` on a router costs every request an allocation.
    let guarded = router.layer(
        ServiceBuilder::new()
            .layer(Measure::new(metrics))
            .layer(Identify::default())
            .layer(always(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(option_layer(gate))
            .layer(DefaultBodyLimit::max(LARGEST_BODY)),
    );
    across_origins(guarded, origins)
}

/// Sets a header of every answer that has none of that name.
pub(crate) fn always(name: HeaderName, value: HeaderValue) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, value)
}

fn across_origins(router: Router, origins: &[Origin]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let allowed = if origins.iter().any(Origin::is_any) {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().map(|origin| origin.0.clone()))
    };
    router.layer(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("idempotency-key"),
                HeaderName::from_static(Tickets::HEADER),
            ])
            .expose_headers([header::RETRY_AFTER, REQUEST_ID]),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer gives panics away by value"
)]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of an unknown kind");
    tracing::error!(reason, "a request panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn broken() {
        panic!("the secret is sesame");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing_and_is_counted() {
        let (metrics, broken) = (Metrics::default(), Router::new().route("/", get(broken)));
        let router = around(broken, metrics.clone(), None, &[]);
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.headers().contains_key("x-request-id"));
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("INTERNAL"), "{body}");
        assert!(!body.contains("sesame"), "{body}");
        let counted = r#"http_requests_total{method="GET",route="/",status="500"} 1"#;
        assert!(metrics.to_text().contains(counted));
    }
}
