use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::metrics::CONTENT_TYPE;
use crate::state::AppState;

/// What the server has counted since it started, for Prometheus.
///
/// Counters of requests by method, route and status, of bids by outcome and of watchers that were dropped; a histogram
/// of the time that requests took, by route; how many WebSocket connections are open; the version.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((
        status = 200,
        description = "The figures, in the text format of OpenMetrics 1.0",
        body = String,
        content_type = "application/openmetrics-text",
    ))
)]
pub(super) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, CONTENT_TYPE)],
        state.metrics().to_text(),
    )
}
