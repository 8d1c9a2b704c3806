//! The id of each request, and the span around it, which tells it to every line that is logged on its behalf.

#[cfg(feature = "otel")]
mod parent;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Span, field};

use crate::telemetry;

/// Where a request's id is, in the request if the client has one and in every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const LONGEST: usize = 128;

/// Gives each request its id and its span. The span costs something only where somebody reads lines of its level; it
/// never holds a query, a header or a body, any of which may hold a secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identify(Arc<Numbers>);

/// Numbers requests within a run of the server; cheaper than a random id, and enough to find one in a log.
#[derive(Debug)]
struct Numbers {
    run: u32,
    next: AtomicU64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            run: rand::random(),
            next: AtomicU64::new(0),
        }
    }
}

impl Numbers {
    /// The client's own id if it is sane, otherwise a fresh one.
    fn id(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(REQUEST_ID) {
            Some(id) if is_sane(id) => id.clone(),
            _ => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                HeaderValue::try_from(format!("{:08x}-{number}", self.run))
                    .expect("digits are a header")
            }
        }
    }
}

/// Visible ASCII, so that it can stand in a log as it is.
fn is_sane(id: &HeaderValue) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

impl<S> Layer<S> for Identify {
    type Service = Identified<S>;

    fn layer(&self, inner: S) -> Identified<S> {
        Identified {
            inner,
            numbers: Arc::clone(&self.0),
        }
    }
}

/// A service whose requests have ids.
#[derive(Clone, Debug)]
pub(crate) struct Identified<S> {
    inner: S,
    numbers: Arc<Numbers>,
}

impl<S, B, C> Service<Request<B>> for Identified<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Identifying<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let id = self.numbers.id(request.headers());
        let span = span(&request, &id);
        let since = (!span.is_disabled()).then(Instant::now);
        let answer = {
            let _entered = span.enter();
            if since.is_some() {
                tracing::debug!(path = request.uri().path(), "asked");
            }
            self.inner.call(request)
        };
        Identifying {
            id: Some(id),
            span,
            since,
            answer,
        }
    }
}

fn span<B>(request: &Request<B>, id: &HeaderValue) -> Span {
    if !tracing::enabled!(tracing::Level::INFO) {
        return Span::none();
    }
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str);
    let request_id = id.to_str().unwrap_or_default();
    let method = request.method().as_str();
    if !telemetry::is_exporting() {
        return tracing::info_span!("request", request_id, method, route);
    }
    // The names that OpenTelemetry's conventions give what its backends show.
    let span = tracing::info_span!(
        "request",
        request_id,
        method,
        route,
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
    );
    #[cfg(feature = "otel")]
    parent::adopt(&span, request.headers());
    span
}

pin_project! {
    /// An answer that is waited for.
    pub(crate) struct Identifying<F> {
        id: Option<HeaderValue>,
        span: Span,
        since: Option<Instant>,
        #[pin]
        answer: F,
    }
}

impl<F, C, E> Future for Identifying<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let mut answer = ready!(this.answer.poll(context));
        if let Ok(response) = &mut answer {
            if let Some(since) = this.since {
                let status = response.status();
                if telemetry::is_exporting() {
                    this.span
                        .record("http.response.status_code", status.as_u16());
                    if status.is_server_error() {
                        this.span.record("otel.status_code", "ERROR");
                    }
                }
                tracing::debug!(status = status.as_u16(), took = ?since.elapsed(), "answered");
            }
            if let Some(id) = this.id.take() {
                response.headers_mut().insert(REQUEST_ID, id);
            }
        }
        Poll::Ready(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_of_the_client_is_kept_and_any_other_replaced() {
        let numbers = Numbers::default();
        let id = |bytes: &[u8]| {
            let given = HeaderValue::from_bytes(bytes).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, given.clone());
            (given, numbers.id(&headers))
        };
        let longest = [b'~'; LONGEST];
        for kept in [&b"a"[..], b"4bf92f35-77b3/4da6:a3ce", &longest] {
            let (given, id) = id(kept);
            assert_eq!(id, given);
        }
        let too_long = [b'a'; LONGEST + 1];
        for replaced in [
            &b""[..],
            b"a b",
            b"\xff",
            "é".as_bytes(),
            b"a\tb",
            &too_long,
        ] {
            let (given, id) = id(replaced);
            assert_ne!(id, given);
            assert!(is_sane(&id));
        }
        let (one, other) = (numbers.id(&HeaderMap::new()), numbers.id(&HeaderMap::new()));
        assert_ne!(one, other);
    }
}
