//! Counts and times requests: one small future a request, and nothing on the heap.

use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use axum::http::{Request, Response};
use pin_project_lite::pin_project;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::{Metrics, UnderWay, label};

/// Counts and times every request that gets to a route or to the fallback of a router.
///
/// A request whose client goes away before the answer is not counted.
#[derive(Clone, Debug)]
pub(crate) struct Measure(Metrics);

impl Measure {
    pub(crate) const fn new(metrics: Metrics) -> Self {
        Self(metrics)
    }
}

impl<S> Layer<S> for Measure {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured {
            inner,
            metrics: self.0.clone(),
        }
    }
}

/// A service that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured<S> {
    inner: S,
    metrics: Metrics,
}

impl<S, B, C> Service<Request<B>> for Measured<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Measuring<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Measuring {
            since: Instant::now(),
            method: label(request.method()),
            route: Route(request.extensions().get::<MatchedPath>().cloned()),
            under_way: self.metrics.begun(),
            answer: self.inner.call(request),
        }
    }
}

pin_project! {
    /// An answer that is waited for.
    pub(crate) struct Measuring<F> {
        since: Instant,
        method: &'static str,
        route: Route,
        under_way: UnderWay,
        #[pin]
        answer: F,
    }
}

impl<F, C, E> Future for Measuring<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(context));
        if let Ok(response) = &answer {
            let route = std::mem::take(this.route);
            this.under_way
                .0
                .answered(this.method, route, response.status(), *this.since);
        }
        Poll::Ready(answer)
    }
}

/// The template of a route, never the path that a client asked for; `None` when nothing is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Route(Option<MatchedPath>);

impl Route {
    pub(super) fn name(&self) -> &str {
        self.0.as_ref().map_or("unmatched", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.name().encode(encoder)
    }
}
