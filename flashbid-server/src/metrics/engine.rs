//! What the engine tells of itself, as figures.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashbid_core::engine::{Flow, Guard, Lanes, Lookup, Observation, Stage};
use flashbid_core::error::{StoreError, StoreErrorKind};
use flashbid_core::id::CampaignId;
use flashbid_core::order::OrderStatus;
use flashbid_core::stock::Level;
use flashbid_core::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

use super::SECONDS;

/// Upper bounds of the buckets of sizes: a batch has at most 128 by default.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Upper bounds of the buckets of what takes or may wait for long, in seconds.
const LONG: [f64; 12] = [
    0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0,
];

/// A gauge of seconds.
type Seconds = Gauge<f64, AtomicU64>;

/// The figures of one engine.
#[derive(Debug)]
pub(super) struct EngineFigures {
    batch_sizes: Family<OfFlow, Histogram, fn() -> Histogram>,
    stages: Family<OfStage, Histogram, fn() -> Histogram>,
    store_failures: Family<OfFailure, Counter>,
    lookups: Family<OfLookup, Counter>,
    lanes_waiting: Gauge,
    lanes_deepest: Gauge,
    campaigns_due: Gauge,
    relayed: Family<OfFlow, Counter>,
    relay_waits: Family<OfFlow, Histogram, fn() -> Histogram>,
    relay_lag_events: Family<OfFlow, Gauge>,
    relay_lag_seconds: Family<OfFlow, Seconds>,
    settlements: Histogram,
    settlement_lags: Histogram,
    settlement_overdue: Seconds,
    orders: Family<OfStatus, Counter>,
    held: Gauge,
    available: Gauge,
    oversold: Gauge,
    prevented: Family<OfGuard, Counter>,
    discrepancies: Family<OfKind, Gauge>,
    dead_letters: Gauge,
    sales: Mutex<Sales>,
}

/// What is known of single campaigns, which are no labels: there may be any number of them in time.
#[derive(Debug, Default)]
struct Sales {
    relays: HashMap<(CampaignId, Flow), Relay>,
    levels: HashMap<CampaignId, Level>,
    /// By how many units a campaign is oversold. Kept until it is found to be right.
    oversold: HashMap<CampaignId, u64>,
    /// When the first of the windows of all that are due ended or ends.
    first_end: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Relay {
    /// Events that the ledger lacked at the last pass.
    events: u64,
    /// When it last had all.
    since: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFlow {
    flow: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    flow: &'static str,
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFailure {
    backend: &'static str,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLookup {
    layer: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGuard {
    guard: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

impl EngineFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            batch_sizes: Family::new_with_constructor(|| Histogram::new(SIZES)),
            stages: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            store_failures: Family::default(),
            lookups: Family::default(),
            lanes_waiting: Gauge::default(),
            lanes_deepest: Gauge::default(),
            campaigns_due: Gauge::default(),
            relayed: Family::default(),
            relay_waits: Family::new_with_constructor(|| Histogram::new(LONG)),
            relay_lag_events: Family::default(),
            relay_lag_seconds: Family::default(),
            settlements: Histogram::new(LONG),
            settlement_lags: Histogram::new(LONG),
            settlement_overdue: Seconds::default(),
            orders: Family::default(),
            held: Gauge::default(),
            available: Gauge::default(),
            oversold: Gauge::default(),
            prevented: Family::default(),
            discrepancies: Family::default(),
            dead_letters: Gauge::default(),
            sales: Mutex::default(),
        };
        for status in OrderStatus::ALL.map(OrderStatus::as_str) {
            drop(figures.orders.get_or_create(&OfStatus { status }));
        }
        for guard in [Guard::Counter, Guard::Ledger].map(guard) {
            drop(figures.prevented.get_or_create(&OfGuard { guard }));
        }
        figures.register_sales(registry);
        figures.register_stores(registry);
        figures
    }

    fn register_sales(&self, registry: &mut Registry) {
        registry.register(
            "order_transitions",
            "Orders that were made or moved on, by what they became",
            self.orders.clone(),
        );
        registry.register(
            "campaigns_due",
            "Campaigns that have started and are neither settled nor cancelled",
            self.campaigns_due.clone(),
        );
        registry.register_with_unit(
            "settlement_duration",
            "Time that a settlement took this node",
            Unit::Seconds,
            self.settlements.clone(),
        );
        registry.register_with_unit(
            "settlement_lag",
            "Time from the end of a campaign's window to its orders",
            Unit::Seconds,
            self.settlement_lags.clone(),
        );
        registry.register_with_unit(
            "settlement_overdue",
            "How long the campaign that waits longest for its settlement has been over",
            Unit::Seconds,
            self.settlement_overdue.clone(),
        );
        registry.register(
            "held_units",
            "Units of running first-come campaigns that buyers hold, by the hot counter",
            self.held.clone(),
        );
        registry.register(
            "available_units",
            "Units of running first-come campaigns that are free, by the hot counter",
            self.available.clone(),
        );
        registry.register(
            "oversold_units",
            "Units that orders hold beyond the quota of their campaign: anything but 0 is a fault",
            self.oversold.clone(),
        );
        registry.register(
            "oversells_prevented",
            "Times that one layer refused what the layer before it had allowed",
            self.prevented.clone(),
        );
        registry.register(
            "discrepancies_open",
            "Discrepancies between hot store and ledger that were found and not repaired",
            self.discrepancies.clone(),
        );
        registry.register(
            "dead_letters_open",
            "Events that were set aside after many tries and wait for somebody to look at them",
            self.dead_letters.clone(),
        );
    }

    fn register_stores(&self, registry: &mut Registry) {
        registry.register(
            "batch_size",
            "How many bids or purchases went to the stores together",
            self.batch_sizes.clone(),
        );
        registry.register_with_unit(
            "stage_duration",
            "Time of a batch in one store, tries included",
            Unit::Seconds,
            self.stages.clone(),
        );
        registry.register(
            "store_failures",
            "Calls of a store that failed; most are made again",
            self.store_failures.clone(),
        );
        registry.register(
            "campaign_lookups",
            "Times that the terms of a campaign were looked for, by where",
            self.lookups.clone(),
        );
        registry.register(
            "lanes_waiting",
            "Bids and purchases that wait in this node's lanes",
            self.lanes_waiting.clone(),
        );
        registry.register(
            "lanes_deepest",
            "Bids or purchases that wait in the fullest lane of this node",
            self.lanes_deepest.clone(),
        );
        registry.register(
            "relayed_events",
            "Events that the relay brought to the ledger",
            self.relayed.clone(),
        );
        registry.register_with_unit(
            "relay_wait",
            "Age of the oldest event that a pass of the relay brought to the ledger",
            Unit::Seconds,
            self.relay_waits.clone(),
        );
        registry.register(
            "relay_lag_events",
            "Events that the ledger lacked when the relay last came by, over all campaigns",
            self.relay_lag_events.clone(),
        );
        registry.register_with_unit(
            "relay_lag",
            "Time since the ledger was last known to have every event of a campaign, of the one where it is longest",
            Unit::Seconds,
            self.relay_lag_seconds.clone(),
        );
    }

    pub(super) fn take(&self, observation: Observation<'_>) {
        match observation {
            Observation::Batch { flow, size } => {
                let of = OfFlow { flow: name(flow) };
                self.batch_sizes.get_or_create(&of).observe(count(size));
            }
            Observation::Stage {
                flow, stage, took, ..
            } => {
                let of = OfStage {
                    flow: name(flow),
                    stage: match stage {
                        Stage::Hot => "hot",
                        Stage::Ledger => "ledger",
                        _ => "other",
                    },
                };
                self.stages.get_or_create(&of).observe(took.as_secs_f64());
            }
            Observation::StoreFailed { error } => self.failed(error),
            Observation::Looked { lookup, found } => {
                let of = OfLookup {
                    layer: match lookup {
                        Lookup::Process => "process",
                        Lookup::Hot => "hot",
                        Lookup::Ledger => "ledger",
                        _ => "other",
                    },
                    outcome: if found { "hit" } else { "miss" },
                };
                self.lookups.get_or_create(&of).inc();
            }
            Observation::Due { campaigns } => {
                self.campaigns_due.set(gauge(campaigns.len() as u64));
                let due: HashSet<_> = campaigns.iter().map(|campaign| campaign.id).collect();
                let ends = campaigns.iter().map(|campaign| campaign.terms.window.end());
                let mut sales = self.sales();
                sales.first_end = ends.min();
                sales.relays.retain(|(id, _), _| due.contains(id));
                sales.levels.retain(|id, _| due.contains(id));
                self.show_levels(&sales);
            }
            Observation::Relayed {
                campaign,
                flow,
                events,
                waited,
                result,
                took,
            } => {
                let of = OfFlow { flow: name(flow) };
                self.relayed.get_or_create(&of).inc_by(events);
                if let Some(waited) = waited {
                    let waited = waited.as_secs_f64();
                    self.relay_waits.get_or_create(&of).observe(waited);
                }
                let now = Instant::now();
                let mut sales = self.sales();
                let relay = sales.relays.entry((campaign, flow)).or_insert(Relay {
                    events: 0,
                    since: now.checked_sub(took).unwrap_or(now),
                });
                relay.events = events;
                if result.is_ok() {
                    relay.since = now;
                }
            }
            Observation::Settled { late, took, .. } => {
                self.settlements.observe(took.as_secs_f64());
                self.settlement_lags.observe(late.as_secs_f64());
            }
            Observation::OrdersMoved { to, orders } => {
                let of = OfStatus {
                    status: to.as_str(),
                };
                self.orders.get_or_create(&of).inc_by(orders as u64);
            }
            Observation::Allocated {
                campaign,
                units,
                quota,
            } => {
                let mut sales = self.sales();
                match units.saturating_sub(quota.get().into()) {
                    0 => sales.oversold.remove(&campaign),
                    excess => sales.oversold.insert(campaign, excess),
                };
                self.oversold.set(gauge(sales.oversold.values().sum()));
            }
            Observation::Prevented { guard: by, .. } => {
                let of = OfGuard { guard: guard(by) };
                self.prevented.get_or_create(&of).inc();
            }
            Observation::Level { campaign, level } => {
                let mut sales = self.sales();
                sales.levels.insert(campaign, level);
                self.show_levels(&sales);
            }
            Observation::Discrepancies { kind, open } => {
                let of = OfKind { kind };
                self.discrepancies.get_or_create(&of).set(gauge(open));
            }
            Observation::DeadLetters { open } => {
                self.dead_letters.set(gauge(open));
            }
            _ => {}
        }
    }

    /// Brings up to date what changes by itself.
    pub(super) fn look(&self, lanes: Lanes, now: Timestamp) {
        self.lanes_waiting.set(gauge(lanes.waiting));
        self.lanes_deepest.set(gauge(lanes.deepest));
        let sales = self.sales();
        let overdue = sales.first_end.map_or(Duration::ZERO, |end| now.since(end));
        self.settlement_overdue.set(overdue.as_secs_f64());
        for flow in [Flow::Bids, Flow::Purchases] {
            let of = OfFlow { flow: name(flow) };
            let relays = sales.relays.iter().filter(|((_, of), _)| *of == flow);
            let (events, lag) = relays.fold((0, Duration::ZERO), |(events, lag), (_, relay)| {
                (events + relay.events, lag.max(relay.since.elapsed()))
            });
            self.relay_lag_events.get_or_create(&of).set(gauge(events));
            let lag = lag.as_secs_f64();
            self.relay_lag_seconds.get_or_create(&of).set(lag);
        }
    }

    fn failed(&self, error: &StoreError) {
        let of = OfFailure {
            backend: error.backend,
            kind: match error.kind {
                StoreErrorKind::NotFound => "not_found",
                StoreErrorKind::Conflict => "conflict",
                StoreErrorKind::Fenced => "fenced",
                StoreErrorKind::Unavailable => "unavailable",
                StoreErrorKind::Indeterminate => "indeterminate",
                StoreErrorKind::Corrupt => "corrupt",
                _ => "other",
            },
        };
        self.store_failures.get_or_create(&of).inc();
    }

    fn show_levels(&self, sales: &Sales) {
        let sum = |units: fn(&Level) -> u32| {
            let units = sales.levels.values().map(|level| u64::from(units(level)));
            gauge(units.sum())
        };
        self.held.set(sum(|level| level.held.get()));
        self.available.set(sum(|level| level.available.get()));
    }

    fn sales(&self) -> MutexGuard<'_, Sales> {
        self.sales.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn name(flow: Flow) -> &'static str {
    match flow {
        Flow::Bids => "bids",
        Flow::Purchases => "purchases",
        _ => "other",
    }
}

const fn guard(guard: Guard) -> &'static str {
    match guard {
        Guard::Counter => "counter",
        Guard::Ledger => "ledger",
        _ => "other",
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch is far smaller than 2⁵³"
)]
const fn count(size: usize) -> f64 {
    size as f64
}
