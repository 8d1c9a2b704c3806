use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::{StoreError, StoreErrorKind};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::state::AppState;

/// How long a store may take to answer and still count as there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    status: Status,
    /// The server's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    dependencies: Dependencies,
}

/// The state of each store.
#[derive(Debug, Serialize, ToSchema)]
struct Dependencies {
    hot: Status,
    ledger: Status,
    accounts: Status,
}

/// Whether something answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Unavailable,
}

/// Whether each store answers.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses(
        (status = 200, description = "All is well", body = Health),
        (status = 503, description = "A store is away", body = Health),
    )
)]
pub(super) async fn health(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let (nobody, nowhere) = (BidderId::new(Uuid::nil()), CampaignId::new(Uuid::nil()));
    let engine = state.engine();
    let (hot, ledger, accounts) = tokio::join!(
        status(engine.hot().standing(nowhere, nobody)),
        status(engine.ledger().checkpoint(nowhere)),
        status(state.accounts().by_id(nobody)),
    );
    let dependencies = Dependencies {
        hot,
        ledger,
        accounts,
    };
    let (code, status) = if [hot, ledger, accounts].contains(&Status::Unavailable) {
        (StatusCode::SERVICE_UNAVAILABLE, Status::Unavailable)
    } else {
        (StatusCode::OK, Status::Ok)
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        dependencies,
    };
    (code, Json(health))
}

/// A store that says that it has no such thing is there.
async fn status<T>(probe: impl Future<Output = Result<T, StoreError>>) -> Status {
    match timeout(PATIENCE, probe).await {
        Ok(Ok(_)) => Status::Ok,
        Ok(Err(error)) if error.kind == StoreErrorKind::NotFound => Status::Ok,
        Ok(Err(_)) | Err(_) => Status::Unavailable,
    }
}
