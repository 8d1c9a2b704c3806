use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::responses::Unavailable;
use crate::gate::CAPTCHA_TTL;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::OpenCaptcha;

/// A captcha, to be answered once within five minutes; a wrong answer uses it up.
#[utoipa::path(
    post,
    path = "/captcha",
    tag = "gate",
    operation_id = "open_captcha",
    responses(
        (status = 201, description = "The captcha", body = OpenCaptcha),
        Unavailable,
    )
)]
pub(super) async fn open(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    // From before it is made: it is over when it says so, or a moment later.
    let expires_at = state.engine().now().after(CAPTCHA_TTL);
    let captcha = state.gate().captchas().open().await?;
    let captcha = OpenCaptcha::new(&captcha, expires_at);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(captcha)))
}
