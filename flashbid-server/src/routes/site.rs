use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;
use crate::wire::Time;

/// What a page has to know of its server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Site {
    /// The server's clock: what countdowns go by, whatever the device's says.
    now: Time,
    /// The server's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Origins that pictures of products are shown from, beside the server's own; a host may begin with `*.`.
    #[schema(example = json!(["https://img.example.com"]))]
    picture_hosts: Vec<String>,
    /// How often a changed ranking is told, in milliseconds.
    ranking_interval_ms: u64,
}

/// The server's clock, and what its page may show.
#[utoipa::path(
    get,
    path = "/site",
    tag = "operation",
    responses((status = 200, description = "What a page has to know", body = Site))
)]
pub(super) async fn site(State(state): State<AppState>) -> impl IntoResponse {
    let terms = state.site();
    let hosts = terms.picture_hosts.iter();
    let interval = terms.ranking_interval.as_millis();
    let site = Site {
        now: Time(state.engine().now()),
        version: env!("CARGO_PKG_VERSION"),
        picture_hosts: hosts.map(|host| host.as_str().to_owned()).collect(),
        ranking_interval_ms: u64::try_from(interval).unwrap_or(u64::MAX),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(site))
}
