use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use flashbid_core::id::BidderId;

use super::responses::{BodyTooLarge, Malformed, NotJson, TooMany, Unauthorized, Unavailable};
use crate::accounts::{Account, Email, Password, Refused, Username, draw_weight};
use crate::auth::CurrentUser;
use crate::extract::Input;
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::wire::{Login, OpenedSession, Registration, User};

/// Makes an account.
#[utoipa::path(
    post,
    path = "/auth/register",
    tag = "auth",
    request_body = Registration,
    responses(
        (status = 201, description = "The account", body = User),
        (status = 400, description = "EMAIL_TAKEN", body = ProblemBody, content_type = "application/problem+json"),
        BodyTooLarge, NotJson, Malformed, Unavailable,
    )
)]
pub(super) async fn register(
    State(state): State<AppState>,
    Input(wanted): Input<Registration>,
) -> Result<impl IntoResponse, Problem> {
    let email: Email = wanted
        .email
        .parse()
        .map_err(|_| Problem::malformed("The email is not an email address."))?;
    let username: Username = wanted.username.parse().map_err(|_| {
        Problem::malformed("The username must have 1 to 100 characters and no control characters.")
    })?;
    let password = Password::new(wanted.password)
        .map_err(|_| Problem::malformed("The password must have 8 to 128 characters."))?;
    let (id, created_at): (BidderId, _) = (state.engine().fresh_id(), state.engine().now());
    let account = state
        .logins()
        .register(password, |password| Account {
            id,
            email,
            username,
            password,
            weight: draw_weight(),
            is_admin: false,
            created_at,
        })
        .await?;
    Ok((StatusCode::CREATED, Json(User::from(&account))))
}

/// Gives a token for an email and a password.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "auth",
    request_body = Login,
    responses(
        (status = 200, description = "The token", body = OpenedSession),
        Unauthorized, BodyTooLarge, NotJson, Malformed, TooMany, Unavailable,
    )
)]
pub(super) async fn login(
    State(state): State<AppState>,
    Input(login): Input<Login>,
) -> Result<impl IntoResponse, Problem> {
    // What no account can have is answered like what no account has.
    let wrong = || Problem::from(Refused::Wrong);
    let email: Email = login.email.parse().map_err(|_| wrong())?;
    let password = Password::new(login.password).map_err(|_| wrong())?;
    let user = state.logins().check(&email, password).await?;
    let (access_token, expires_in) = state.sessions().open(user, state.engine().now());
    let session = OpenedSession {
        access_token,
        token_type: "bearer",
        expires_in,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(session)))
}

/// The account that the token is of.
#[utoipa::path(
    get,
    path = "/auth/me",
    tag = "auth",
    security(("token" = [])),
    responses(
        (status = 200, description = "The account", body = User),
        Unauthorized, Unavailable,
    )
)]
pub(super) async fn me(CurrentUser(account): CurrentUser) -> Json<User> {
    Json(User::from(&*account))
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::EmailTaken => {
                Self::bad_request("EMAIL_TAKEN", "Another account has this email.")
            }
            Refused::Wrong => Self::unauthorized("The email or the password is wrong."),
            Refused::TooMany { retry_after } => {
                Self::too_many("Too many logins were tried with this email.", retry_after)
            }
            Refused::Busy(_) => Self::overloaded(),
            Refused::Store(error) => error.into(),
        }
    }
}
