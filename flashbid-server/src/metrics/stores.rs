//! How bids and purchases go through the stores, as figures.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashbid_core::engine::{Flow, Lanes, Lookup, Observation, Stage};
use flashbid_core::error::{StoreError, StoreErrorKind};
use flashbid_core::id::CampaignId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

use super::{LONG, SECONDS, gauge};

/// Upper bounds of the buckets of sizes: a batch has at most 128 by default.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The figures of the lanes, the stores and the relay.
#[derive(Debug)]
pub(super) struct StoreFigures {
    batch_sizes: Family<OfFlow, Histogram, fn() -> Histogram>,
    stages: Family<OfStage, Histogram, fn() -> Histogram>,
    failures: Family<OfFailure, Counter>,
    lookups: Family<OfLookup, Counter>,
    lanes_waiting: Gauge,
    lanes_deepest: Gauge,
    relayed: Family<OfFlow, Counter>,
    relay_waits: Family<OfFlow, Histogram, fn() -> Histogram>,
    relay_lag_events: Family<OfFlow, Gauge>,
    relay_lag: Family<OfFlow, Gauge<f64, AtomicU64>>,
    /// Campaigns are no labels: there may be any number of them in time.
    relays: Mutex<HashMap<(CampaignId, Flow), Relay>>,
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

impl StoreFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            batch_sizes: Family::new_with_constructor(|| Histogram::new(SIZES)),
            stages: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            failures: Family::default(),
            lookups: Family::default(),
            lanes_waiting: Gauge::default(),
            lanes_deepest: Gauge::default(),
            relayed: Family::default(),
            relay_waits: Family::new_with_constructor(|| Histogram::new(LONG)),
            relay_lag_events: Family::default(),
            relay_lag: Family::default(),
            relays: Mutex::default(),
        };
        registry.register(
            "batch_size",
            "How many bids or purchases went to the stores together",
            figures.batch_sizes.clone(),
        );
        registry.register_with_unit(
            "stage_duration",
            "Time of a batch in one store, tries included",
            Unit::Seconds,
            figures.stages.clone(),
        );
        registry.register(
            "store_failures",
            "Calls of a store that failed; most are made again",
            figures.failures.clone(),
        );
        registry.register(
            "campaign_lookups",
            "Times that the terms of a campaign were looked for, by where",
            figures.lookups.clone(),
        );
        registry.register(
            "lanes_waiting",
            "Bids and purchases that wait in this node's lanes",
            figures.lanes_waiting.clone(),
        );
        registry.register(
            "lanes_deepest",
            "Bids or purchases that wait in the fullest lane of this node",
            figures.lanes_deepest.clone(),
        );
        registry.register(
            "relayed_events",
            "Events that the relay brought to the ledger",
            figures.relayed.clone(),
        );
        registry.register_with_unit(
            "relay_wait",
            "Age of the oldest event that a pass of the relay brought to the ledger",
            Unit::Seconds,
            figures.relay_waits.clone(),
        );
        registry.register(
            "relay_lag_events",
            "Events that the ledger lacked when the relay last came by, over all campaigns",
            figures.relay_lag_events.clone(),
        );
        registry.register_with_unit(
            "relay_lag",
            "Time since the ledger was last known to have every event of a campaign, of the one where it is longest",
            Unit::Seconds,
            figures.relay_lag.clone(),
        );
        figures
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
                let due: HashSet<_> = campaigns.iter().map(|campaign| campaign.id).collect();
                self.relays().retain(|(id, _), _| due.contains(id));
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
                let mut relays = self.relays();
                let relay = relays.entry((campaign, flow)).or_insert(Relay {
                    events: 0,
                    since: now.checked_sub(took).unwrap_or(now),
                });
                relay.events = events;
                if result.is_ok() {
                    relay.since = now;
                }
            }
            _ => {}
        }
    }

    /// Brings up to date what changes by itself.
    pub(super) fn look(&self, lanes: Lanes) {
        self.lanes_waiting.set(gauge(lanes.waiting));
        self.lanes_deepest.set(gauge(lanes.deepest));
        let relays = self.relays();
        for flow in [Flow::Bids, Flow::Purchases] {
            let of = OfFlow { flow: name(flow) };
            let of_flow = relays.iter().filter(|((_, of), _)| *of == flow);
            let (events, lag) = of_flow.fold((0, Duration::ZERO), |(events, lag), (_, relay)| {
                (events + relay.events, lag.max(relay.since.elapsed()))
            });
            self.relay_lag_events.get_or_create(&of).set(gauge(events));
            self.relay_lag.get_or_create(&of).set(lag.as_secs_f64());
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
        self.failures.get_or_create(&of).inc();
    }

    fn relays(&self) -> MutexGuard<'_, HashMap<(CampaignId, Flow), Relay>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn name(flow: Flow) -> &'static str {
    match flow {
        Flow::Bids => "bids",
        Flow::Purchases => "purchases",
        _ => "other",
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch is far smaller than 2⁵³"
)]
const fn count(size: usize) -> f64 {
    size as f64
}
