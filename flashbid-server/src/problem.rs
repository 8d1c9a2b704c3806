//! Every answer that is not a success: RFC 9457 problem details, with a code that programs can rely on.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flashbid_core::{Error, Rejection, StoreError, StoreErrorKind};
use serde::Serialize;
use serde::ser::SerializeStruct;
use utoipa::ToSchema;

/// One problem. Its detail is for people, and never tells of the inside of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a status, a code and one plain sentence.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            header: None,
        }
    }

    /// The request cannot be understood.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "MALFORMED", detail)
    }

    /// The request is understood and makes no sense.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// What the request is about does not exist.
    pub fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// The request needs a good token.
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"flashbid\""),
            )),
            ..Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", detail)
        }
    }

    /// What the request says is not signed by whom it should be.
    pub fn bad_signature(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("X-FlashBid-Signature"),
            )),
            ..Self::new(StatusCode::UNAUTHORIZED, "BAD_SIGNATURE", detail)
        }
    }

    /// The server has more to do than it can; nothing was changed.
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            "The server has too much to do; try again in a moment.",
        )
        .retry_soon()
    }

    /// 429: more requests than a user or an address may send; one more is taken after `retry_after`.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self {
            code: "RATE_LIMITED",
            ..Self::too_many("There were too many requests.", retry_after)
        }
    }

    /// 429: too many of these; one more may be tried after `retry_after`.
    pub fn too_many(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
        let seconds = HeaderValue::try_from(seconds.to_string());
        Self {
            header: Some((
                header::RETRY_AFTER,
                seconds.expect("digits are a header's value"),
            )),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", detail)
        }
    }

    /// The payment provider gave no answer; the same may be asked again.
    pub fn payments_away() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "PAYMENTS_UNAVAILABLE",
            "The payment provider did not answer; try again in a moment.",
        )
        .retry_soon()
    }

    /// The server failed in a way that it should not.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "The server failed; the failure was recorded.",
        )
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The code of the problem.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    fn retry_soon(self) -> Self {
        Self {
            header: Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            ..self
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let (status, code) = match &rejection {
            Rejection::UnknownCampaign => (StatusCode::NOT_FOUND, "UNKNOWN_CAMPAIGN"),
            Rejection::UnknownProduct => (StatusCode::NOT_FOUND, "UNKNOWN_PRODUCT"),
            Rejection::PriceTooLow { .. } => (StatusCode::BAD_REQUEST, "PRICE_TOO_LOW"),
            Rejection::NotStarted { .. } => (StatusCode::FORBIDDEN, "CAMPAIGN_NOT_STARTED"),
            Rejection::Ended => (StatusCode::FORBIDDEN, "CAMPAIGN_ENDED"),
            Rejection::KeyReused => (StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED"),
            Rejection::QuotaBeyondStock => (StatusCode::CONFLICT, "QUOTA_BEYOND_STOCK"),
            Rejection::SoldOut => (StatusCode::CONFLICT, "SOLD_OUT"),
            Rejection::LimitReached => (StatusCode::CONFLICT, "LIMIT_REACHED"),
            Rejection::HoldEnded => (StatusCode::CONFLICT, "HOLD_ENDED"),
            Rejection::TicketSpent => (StatusCode::FORBIDDEN, "TOKEN_USED"),
            Rejection::TicketMissing => (StatusCode::FORBIDDEN, "TOKEN_REQUIRED"),
            Rejection::WrongFormat => (StatusCode::CONFLICT, "WRONG_FORMAT"),
            Rejection::MalformedPurchase | Rejection::EmptyQuota => {
                (StatusCode::UNPROCESSABLE_ENTITY, "MALFORMED")
            }
            Rejection::PriceTooLarge => (StatusCode::UNPROCESSABLE_ENTITY, "PRICE_TOO_LARGE"),
            Rejection::UnknownOrder => (StatusCode::NOT_FOUND, "UNKNOWN_ORDER"),
            Rejection::OrderPaid => (StatusCode::CONFLICT, "ORDER_PAID"),
            Rejection::PaidOtherwise => (StatusCode::CONFLICT, "PAID_OTHERWISE"),
            Rejection::StockBelowPromised { .. } => (StatusCode::CONFLICT, "STOCK_PROMISED"),
            _ => (StatusCode::CONFLICT, "REJECTED"),
        };
        Self::new(status, code, sentence(&rejection.to_string()))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let cause = error.source.as_ref().map(tracing::field::display);
        if error.kind == StoreErrorKind::Corrupt {
            tracing::error!(%error, cause, "a store is corrupt");
            return Self::internal();
        }
        tracing::warn!(%error, cause, "a store failed");
        let detail = if error.kind == StoreErrorKind::Indeterminate {
            "It is not known whether the request was applied; send it again with the same Idempotency-Key."
        } else {
            "A store is not available; try again in a moment."
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", detail).retry_soon()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) => rejection.into(),
            Error::Store(error) => error.into(),
            Error::Overloaded => Self::overloaded(),
            other => {
                tracing::error!(error = %other, "an error without a status");
                Self::internal()
            }
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 5)?;
        // The code says what `type` would: with "about:blank" the title is the status's own (RFC 9457, section 4.2.1).
        fields.serialize_field("type", "about:blank")?;
        fields.serialize_field("title", self.status.canonical_reason().unwrap_or("Error"))?;
        fields.serialize_field("status", &self.status.as_u16())?;
        fields.serialize_field("detail", &self.detail)?;
        fields.serialize_field("code", self.code)?;
        fields.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
        let header = self.header.take();
        let body = serde_json::to_vec(&self).expect("a problem has only texts and a number");
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM)], body).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Makes a sentence of an error's text: its first letter large, a full stop at its end.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

/// What was wrong with a request, after RFC 9457.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: the code says which problem it is.
    #[schema(example = "about:blank")]
    r#type: String,
    /// The name of the status.
    #[schema(example = "Bad Request")]
    title: String,
    /// The status once more.
    #[schema(example = 400)]
    status: u16,
    /// One plain sentence for people.
    #[schema(example = "The price must be at least 500.00.")]
    detail: String,
    /// Which problem it is, for programs.
    #[schema(example = "PRICE_TOO_LOW")]
    code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_a_store_never_shows() {
        let error = StoreError::new("sqlite", "record", StoreErrorKind::Corrupt)
            .because("table bids at /var/lib/flashbid.db");
        let problem = Problem::from(Error::Store(error));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_string(&problem).unwrap();
        assert!(!text.contains("sqlite") && !text.contains("/var"), "{text}");
    }

    #[test]
    fn a_store_that_is_away_says_when_to_retry() {
        let error = StoreError::new("sqlite", "record", StoreErrorKind::Unavailable);
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }

    #[test]
    fn details_are_sentences() {
        assert_eq!(sentence("the price is low"), "The price is low.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }
}
