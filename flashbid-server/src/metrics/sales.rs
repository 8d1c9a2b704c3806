//! How sales go and end, as figures.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashbid_core::engine::{Guard, Observation};
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

use super::{LONG, gauge};

/// The figures of units, orders and settlements, and of what must never be.
#[derive(Debug)]
pub(super) struct SaleFigures {
    due: Gauge,
    settlements: Histogram,
    settlement_lags: Histogram,
    settlement_overdue: Gauge<f64, AtomicU64>,
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
    levels: HashMap<CampaignId, Level>,
    /// By how many units a campaign is oversold. Kept until it is found to be right.
    oversold: HashMap<CampaignId, u64>,
    /// When the first of the windows of all that are due ended or ends.
    first_end: Option<Timestamp>,
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

impl SaleFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            due: Gauge::default(),
            settlements: Histogram::new(LONG),
            settlement_lags: Histogram::new(LONG),
            settlement_overdue: Gauge::default(),
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
        for guard in [Guard::Counter, Guard::Ledger].map(name) {
            drop(figures.prevented.get_or_create(&OfGuard { guard }));
        }
        registry.register(
            "order_transitions",
            "Orders that were made or moved on, by what they became",
            figures.orders.clone(),
        );
        registry.register(
            "campaigns_due",
            "Campaigns that have started and are neither settled nor cancelled",
            figures.due.clone(),
        );
        registry.register_with_unit(
            "settlement_duration",
            "Time that a settlement took this node",
            Unit::Seconds,
            figures.settlements.clone(),
        );
        registry.register_with_unit(
            "settlement_lag",
            "Time from the end of a campaign's window to its orders",
            Unit::Seconds,
            figures.settlement_lags.clone(),
        );
        registry.register_with_unit(
            "settlement_overdue",
            "How long the campaign that waits longest for its settlement has been over",
            Unit::Seconds,
            figures.settlement_overdue.clone(),
        );
        registry.register(
            "held_units",
            "Units of running first-come campaigns that buyers hold, by the hot counter",
            figures.held.clone(),
        );
        registry.register(
            "available_units",
            "Units of running first-come campaigns that are free, by the hot counter",
            figures.available.clone(),
        );
        registry.register(
            "oversold_units",
            "Units that orders hold beyond the quota of their campaign: anything but 0 is a fault",
            figures.oversold.clone(),
        );
        registry.register(
            "oversells_prevented",
            "Times that one layer refused what the layer before it had allowed",
            figures.prevented.clone(),
        );
        registry.register(
            "discrepancies_open",
            "Discrepancies between hot store and ledger that were found and not repaired",
            figures.discrepancies.clone(),
        );
        registry.register(
            "dead_letters_open",
            "Events that were set aside after many tries and wait for somebody to look at them",
            figures.dead_letters.clone(),
        );
        figures
    }

    pub(super) fn take(&self, observation: Observation<'_>) {
        match observation {
            Observation::Due { campaigns } => {
                self.due.set(gauge(campaigns.len() as u64));
                let due: HashSet<_> = campaigns.iter().map(|campaign| campaign.id).collect();
                let ends = campaigns.iter().map(|campaign| campaign.terms.window.end());
                let mut sales = self.sales();
                sales.first_end = ends.min();
                sales.levels.retain(|id, _| due.contains(id));
                self.show_levels(&sales);
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
            Observation::Prevented { guard, .. } => {
                let of = OfGuard { guard: name(guard) };
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
    pub(super) fn look(&self, now: Timestamp) {
        let first_end = self.sales().first_end;
        let overdue = first_end.map_or(Duration::ZERO, |end| now.since(end));
        self.settlement_overdue.set(overdue.as_secs_f64());
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

const fn name(guard: Guard) -> &'static str {
    match guard {
        Guard::Counter => "counter",
        Guard::Ledger => "ledger",
        _ => "other",
    }
}
