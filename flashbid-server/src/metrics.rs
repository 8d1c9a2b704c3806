//! What a server counts of itself, for Prometheus.
//!
//! Each server has figures of its own: several in one process do not mix. Every label takes its values from a list that
//! clients cannot make longer, so the number of series has a bound.

mod layer;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode};
use flashbid_core::Error;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use layer::Measure;
use layer::Route;
use outcome::Outcome;

/// The type of [`Metrics::to_text`], as the OpenMetrics specification spells it.
pub const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Upper bounds of the buckets of a request's time, in seconds.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What one server counts of itself. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<OfRoute, Histogram, fn() -> Histogram>,
    /// By [`Outcome`], looked up once: a bid costs no search for its counter.
    bids: [Counter; Outcome::ALL.len()],
    websockets_open: Gauge,
    websockets_dropped: Counter,
    admitted_blindly: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Route,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: Route,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

impl Default for Inner {
    fn default() -> Self {
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> _);
        let outcomes: Family<OfOutcome, Counter> = Family::default();
        let (websockets_open, websockets_dropped) = (Gauge::default(), Counter::default());
        let admitted_blindly = Counter::default();
        let mut registry = Registry::with_prefix("flashbid");
        registry.register(
            "build",
            "The version of the server",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register(
            "http_requests",
            "HTTP requests that were answered",
            requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the head of an HTTP request to the head of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "bids",
            "Well-formed bids that were answered over HTTP, retries included",
            outcomes.clone(),
        );
        registry.register(
            "websockets_open",
            "WebSockets that are open",
            websockets_open.clone(),
        );
        registry.register(
            "websockets_dropped",
            "WebSockets that were closed because the client did not keep up",
            websockets_dropped.clone(),
        );
        registry.register(
            "admitted_blindly",
            "Requests that were let in because the hot store, which counts them, did not answer",
            admitted_blindly.clone(),
        );
        Self {
            registry,
            requests,
            durations,
            bids: Outcome::ALL.map(|outcome| {
                outcomes.get_or_create_owned(&OfOutcome {
                    outcome: outcome.name(),
                })
            }),
            websockets_open,
            websockets_dropped,
            admitted_blindly,
        }
    }
}

impl Metrics {
    /// The figures as they are now, in the text format of OpenMetrics 1.0, which is what Prometheus asks for first.
    pub fn to_text(&self) -> String {
        let mut figures = String::new();
        text::encode(&mut figures, &self.0.registry).expect("a String takes every text");
        figures
    }

    /// Counts a bid that was placed or refused.
    pub(crate) fn bid_answered<T>(&self, placed: &Result<T, Error>) {
        self.0.bids[Outcome::of(placed) as usize].inc();
    }

    /// Counts a WebSocket as open until the answer is dropped.
    pub(crate) fn open_websocket(&self) -> OpenWebSocket {
        self.0.websockets_open.inc();
        OpenWebSocket(self.0.websockets_open.clone())
    }

    /// Counts a WebSocket whose client did not keep up.
    pub(crate) fn websocket_dropped(&self) {
        self.0.websockets_dropped.inc();
    }

    /// Counts a request that was let in without knowing whether it is one too many.
    pub(crate) fn admitted_blindly(&self) {
        self.0.admitted_blindly.inc();
    }

    fn answered(&self, method: &'static str, route: Route, status: StatusCode, took: Duration) {
        let of_route = OfRoute {
            route: route.clone(),
        };
        self.0
            .durations
            .get_or_create(&of_route)
            .observe(took.as_secs_f64());
        let answered = Answered {
            method,
            route,
            status: status.as_u16(),
        };
        self.0.requests.get_or_create(&answered).inc();
    }
}

/// One open WebSocket.
#[derive(Debug)]
pub(crate) struct OpenWebSocket(Gauge);

impl Drop for OpenWebSocket {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The label of a method. Clients may make up methods, but no route takes any other than these.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
