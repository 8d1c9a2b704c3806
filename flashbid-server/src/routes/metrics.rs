use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::metrics::CONTENT_TYPE;
use crate::state::AppState;

/// What the server has counted since it started, for Prometheus.
///
/// Requests, bids, purchases and orders by what became of them; the time that requests took by route, and bids in each
/// store; what waits in lanes, for the relay and for a settlement; and what must never be: oversold units, discrepancies,
/// dead letters.
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
    state.metrics().look(state.engine());
    (
        [(header::CONTENT_TYPE, CONTENT_TYPE)],
        state.metrics().to_text(),
    )
}
