//! What routes take from a request, already in types that cannot be wrong; anything else is a [`Problem`].

use std::time::Duration;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use flashbid_core::bid::IdempotencyKey;
use flashbid_core::store::Page;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::gate::Tickets;
use crate::problem::{Problem, sentence};

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 64 * 1_024;

/// How long a body may take to arrive: whoever sends it drop by drop keeps a place that others want.
pub const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A JSON body. Fields that nobody knows are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "The body must be JSON, with Content-Type: application/json.",
            ));
        }
        let Raw(body) = request.extract().await?;
        // A list of what the fields are would do for serde, in the order in which they happen to be written here.
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::malformed("The body must be a JSON object."));
        }
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Problem::malformed(sentence(&error.to_string())))
    }
}

/// A body to the byte, whatever it is.
#[derive(Clone, Debug)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let body = timeout(BODY_PATIENCE, request.extract()).await;
        let body = body.map_err(|_| {
            Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "BODY_TOO_SLOW",
                "The body did not arrive within 10 seconds.",
            )
        })?;
        body.map(Self).map_err(|error| unreadable(&error))
    }
}

/// A JSON body that may be left out.
#[derive(Clone, Copy, Debug)]
pub struct OptionalInput<T>(pub Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalInput<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if axum::body::HttpBody::is_end_stream(request.body()) {
            return Ok(Self(None));
        }
        let Input(given) = Input::from_request(request, state).await?;
        Ok(Self(given))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let Ok(given) = given.to_str() else {
        return false;
    };
    let media = given.split(';').next().unwrap_or(given).trim();
    media.eq_ignore_ascii_case("application/json")
}

fn unreadable(error: &BytesRejection) -> Problem {
    // The rejection's own answer knows whether the limit was passed or the client went away.
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BODY_TOO_LARGE",
            "The body must not be larger than 64 KiB.",
        );
    }
    Problem::bad_request("BODY_INCOMPLETE", "The body could not be read to its end.")
}

/// The id in a path.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<Uuid>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id.into())),
            Err(_) => Err(Problem::malformed("The id in the path is not a UUID.")),
        }
    }
}

/// Which part of a list is asked for: at most `MAX` entries.
#[derive(Clone, Copy, Debug)]
pub struct Paging<const MAX: u32 = 100>(pub Page);

/// What [`Paging`] is read from.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PagingQuery {
    /// Entries to leave out at the beginning.
    #[serde(default)]
    #[param(
        minimum = 0,
        maximum = 9_223_372_036_854_775_807_isize,
        default = 0,
        required = false
    )]
    skip: u64,
    /// The most entries to answer.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 100, default = 100, required = false)]
    limit: u32,
}

/// What `Paging<1_000>` is read from, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct LongPagingQuery {
    /// Entries to leave out at the beginning.
    #[param(
        minimum = 0,
        maximum = 9_223_372_036_854_775_807_isize,
        default = 0,
        required = false
    )]
    skip: u64,
    /// The most entries to answer.
    #[param(minimum = 1, maximum = 1_000, default = 100, required = false)]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

impl<const MAX: u32, S: Send + Sync> FromRequestParts<S> for Paging<MAX> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(PagingQuery { skip, limit }) = Query::try_from_uri(&parts.uri).map_err(|_| {
            Problem::malformed("The skip and limit of a list are whole numbers, not negative.")
        })?;
        // Some stores count in signed integers.
        if i64::try_from(skip).is_err() {
            return Err(Problem::malformed("The skip is too large."));
        }
        if !(1..=MAX).contains(&limit) {
            return Err(Problem::malformed(format!(
                "The limit must be from 1 to {MAX}."
            )));
        }
        Ok(Self(Page { skip, limit }))
    }
}

/// The most lines of a ranking that one answer has.
pub const LONGEST_RANKING: u32 = 10_000;

/// How much of a ranking is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Top(pub u32);

/// What [`Top`] is read from.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TopQuery {
    /// The most lines to answer; without it as many as there are units, up to 10,000.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
}

impl<S: Send + Sync> FromRequestParts<S> for Top {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query: Result<Query<TopQuery>, _> = Query::try_from_uri(&parts.uri);
        query
            .ok()
            .map(|Query(query)| query.limit.unwrap_or(LONGEST_RANKING))
            .filter(|limit| (1..=LONGEST_RANKING).contains(limit))
            .map(Self)
            .ok_or_else(|| {
                Problem::malformed(format!("The limit must be from 1 to {LONGEST_RANKING}."))
            })
    }
}

/// The `Idempotency-Key` header, if there is one.
#[derive(Clone, Debug)]
pub struct OptionalKey(pub Option<IdempotencyKey>);

/// What [`OptionalKey`] is read from, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub struct KeyHeader {
    /// The same key again is the same request again.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: String,
}

/// What the document says of [`OptionalToken`].
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub struct TokenHeader {
    /// Where the campaign asks for one: as `/campaigns/{campaign_id}/tokens` gives it.
    #[param(rename = "X-Request-Token", required = false, pattern = "^[!-~]+$")]
    token: String,
}

impl<S: Send + Sync> FromRequestParts<S> for OptionalKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all("idempotency-key").iter();
        let Some(first) = given.next() else {
            return Ok(Self(None));
        };
        let malformed = || {
            Problem::malformed(
                "The Idempotency-Key must be 1 to 255 visible ASCII characters, once.",
            )
        };
        if given.next().is_some() {
            return Err(malformed());
        }
        let text = first.to_str().map_err(|_| malformed())?;
        IdempotencyKey::new(text)
            .map(|key| Self(Some(key)))
            .map_err(|_| malformed())
    }
}

/// The `X-Request-Token` header, if there is one.
#[derive(Clone)]
pub struct OptionalToken(pub Option<String>);

impl std::fmt::Debug for OptionalToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.0.as_ref().map(|_| "[hidden]");
        f.debug_tuple("OptionalToken").field(&shown).finish()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OptionalToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(Tickets::HEADER).iter();
        let visible =
            |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        match (given.next(), given.next()) {
            (None, _) => Ok(Self(None)),
            (Some(token), None) if token.to_str().is_ok_and(visible) => {
                Ok(Self(token.to_str().ok().map(str::to_owned)))
            }
            _ => Err(Problem::malformed(
                "The X-Request-Token must be visible ASCII characters, once.",
            )),
        }
    }
}

/// Checks a text of a request: 1 to `longest` characters, not only blanks, and no control characters but line breaks
/// and tabs.
///
/// # Errors
/// A malformed request, naming the field.
pub fn text(field: &str, text: String, longest: usize) -> Result<String, Problem> {
    let is_control = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    let length = text.chars().take(longest + 1).count();
    if length > longest || text.trim().is_empty() || text.chars().any(is_control) {
        return Err(Problem::malformed(format!(
            "The {field} must have 1 to {longest} characters and no control characters."
        )));
    }
    Ok(text)
}

/// The answer to a path that nobody knows.
pub fn nothing_there() -> Problem {
    Problem::not_found("NOT_FOUND", "There is nothing at this path.")
}

/// The answer to a method that a path does not take.
pub async fn unknown_method() -> impl IntoResponse {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "This path does not take this method.",
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for_forever() {
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from_stream(never))
            .unwrap();
        let begin = Instant::now();
        let read = Input::<serde_json::Value>::from_request(request, &()).await;
        let problem = read.err().unwrap();
        assert_eq!(
            (problem.status().as_u16(), problem.code()),
            (408, "BODY_TOO_SLOW")
        );
        assert_eq!(begin.elapsed(), BODY_PATIENCE);
    }
}
