//! What a server counts of itself, for Prometheus.
//!
//! Each server has figures of its own: several in one process do not mix. Every label takes its values from a list that
//! clients cannot make longer, so the number of series has a bound.

mod alarm;
mod layer;
mod outcome;
mod sales;
mod stores;

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode};
use flashbid_core::engine::{Observation, Observer};
use flashbid_core::{Engine, Error};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

use alarm::Alarms;
pub(crate) use layer::Measure;
use layer::Route;
use outcome::{OfOutcome, Outcome, Outcomes};
use sales::SaleFigures;
use stores::StoreFigures;

/// The type of [`Metrics::to_text`], as the OpenMetrics specification spells it.
pub const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Upper bounds of the buckets of the time of a request or of a stage of it, in seconds. Alerts ask for half a second
/// and for two, so these are exact.
const SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// Upper bounds of the buckets of what takes or may wait for long, in seconds.
const LONG: [f64; 12] = [
    0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0,
];

/// What one server counts of itself. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<OfRoute, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    alarms: Alarms,
    bids: Outcomes,
    purchases: Outcomes,
    sales: SaleFigures,
    stores: StoreFigures,
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

impl Default for Inner {
    fn default() -> Self {
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> _);
        let in_flight = Gauge::default();
        let bids: Family<OfOutcome, Counter> = Family::default();
        let purchases: Family<OfOutcome, Counter> = Family::default();
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
            "http_requests_in_flight",
            "HTTP requests whose answer has not begun",
            in_flight.clone(),
        );
        registry.register(
            "bids",
            "Well-formed bids that were answered over HTTP, retries included",
            bids.clone(),
        );
        registry.register(
            "purchases",
            "Well-formed purchases that were answered over HTTP, retries included",
            purchases.clone(),
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
        let sales = SaleFigures::register(&mut registry);
        let stores = StoreFigures::register(&mut registry);
        Self {
            registry,
            requests,
            durations,
            in_flight,
            alarms: Alarms::default(),
            bids: Outcomes::new(&bids, outcome::BIDS),
            purchases: Outcomes::new(&purchases, outcome::PURCHASES),
            sales,
            stores,
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

    /// Brings up to date what changes by itself: what waits in the lanes of `engine`, and how long ago things were.
    pub(crate) fn look(&self, engine: &Engine) {
        self.0.stores.look(engine.lanes());
        self.0.sales.look(engine.now());
    }

    /// Counts a bid that was placed or refused.
    pub(crate) fn bid_answered<T>(&self, placed: &Result<T, Error>) {
        self.0.bids.count(Outcome::of_bid(placed));
    }

    /// Counts a purchase that was taken or refused.
    pub fn purchase_answered<T>(&self, held: &Result<T, Error>) {
        self.0.purchases.count(Outcome::of_purchase(held));
    }

    /// Counts a bid that came without a good request token.
    pub(crate) fn bid_without_ticket(&self) {
        self.0.bids.count(Outcome::NoTicket);
    }

    /// Counts a purchase that came without a good request token.
    pub(crate) fn purchase_without_ticket(&self) {
        self.0.purchases.count(Outcome::NoTicket);
    }

    /// Counts a request as under way until the answer is dropped.
    fn begun(&self) -> UnderWay {
        self.0.in_flight.inc();
        UnderWay(self.clone())
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

    fn answered(&self, method: &'static str, route: Route, status: StatusCode, since: Instant) {
        let now = Instant::now();
        let took = now.duration_since(since);
        self.0.alarms.count(&route, now, status.is_server_error());
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

/// One request under way.
#[derive(Debug)]
struct UnderWay(Metrics);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.in_flight.dec();
    }
}

impl Observer for Metrics {
    fn observe(&self, observation: Observation<'_>) {
        self.0.sales.take(observation);
        self.0.stores.take(observation);
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

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The label of a method. Clients may make up methods, but no route takes any other than these.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
