//! The cases of [`StockGate`].

mod ending;
mod holding;
mod loading;
mod queueing;
mod repairing;
mod tickets;

pub use ending::*;
pub use holding::*;
pub use loading::*;
pub use queueing::*;
pub use repairing::*;
pub use tickets::*;

use std::time::Duration;

use super::fixture::{fresh, now, running, units};
use crate::campaign::Window;
use crate::error::Rejection;
use crate::id::{BidderId, CampaignId, HoldId};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{
    GateContents, GateSeed, GateStats, HoldOutcome, HoldRequest, Purpose, StockGate,
};

/// Makes every case of [`StockGate`](crate::store::StockGate) a test of a store; see
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! stock_gate_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] gate:
            loading_twice_changes_nothing
            a_seed_gives_the_level
            a_seed_beyond_the_quota_is_refused
            an_unloaded_counter_is_not_found
            counters_are_separate
            the_contents_are_whole
            concurrent_holds_never_oversell
            a_refused_hold_takes_nothing
            a_hold_is_taken_once
            a_hold_id_used_for_another_request_is_refused
            holds_are_taken_within_the_window
            nothing_is_held_after_the_seal
            a_running_counter_is_not_sealed
            the_limit_counts_held_and_sold
            the_limit_is_told_before_the_stock
            holds_read_back
            large_batches_are_held
            a_ticket_holds_once
            a_refused_hold_keeps_its_ticket
            a_hold_ends_once
            units_are_conserved
            units_come_back_once
            only_due_holds_are_due
            changes_are_counted
            purchases_wait_in_order
            an_acknowledged_purchase_waits_no_longer
            what_waits_outlasts_its_counter
            a_repair_counts_anew
            a_repair_leaves_what_has_changed
            a_repair_never_oversells
        }
    };
}

/// An empty counter of a campaign of its own, to be loaded.
fn seed(window: Window, quota: u32, limit: Option<u32>) -> GateSeed {
    GateSeed {
        campaign: fresh(),
        window,
        quota: units(quota),
        per_buyer: limit.map(units),
        sealed: false,
        holds: Vec::new(),
    }
}

/// Loads an empty counter that takes purchases now.
async fn loaded<S: StockGate + ?Sized>(store: &S, quota: u32, limit: Option<u32>) -> CampaignId {
    loaded_for(store, running(), quota, limit).await
}

async fn loaded_for<S: StockGate + ?Sized>(
    store: &S,
    window: Window,
    quota: u32,
    limit: Option<u32>,
) -> CampaignId {
    let seed = seed(window, quota, limit);
    let level = store.load(&seed).await.expect("a counter is loaded");
    assert_eq!(level, Level::loaded_with(units(quota)));
    seed.campaign
}

/// A purchase that is made now.
fn request(bidder: BidderId, count: u32) -> HoldRequest {
    let at = now();
    HoldRequest {
        id: fresh(),
        bidder,
        units: units(count),
        expires_at: at.after(Duration::from_mins(10)),
        purpose: Purpose::Purchase(fresh()),
        ticket: None,
        at: Some(at),
    }
}

/// What a request takes.
fn held(request: &HoldRequest) -> Hold {
    Hold {
        id: request.id,
        bidder: request.bidder,
        units: request.units,
        taken_at: request.at.expect("a case says when"),
        expires_at: request.expires_at,
        state: HoldState::Held,
    }
}

/// What a request took and has ended so.
fn ended(request: &HoldRequest, state: HoldState) -> Hold {
    Hold {
        state,
        ..held(request)
    }
}

async fn take<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    request: HoldRequest,
) -> Result<Hold, Rejection> {
    let mut outcomes = take_all(store, campaign, &[request]).await;
    outcomes.remove(0)
}

async fn take_all<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    batch: &[HoldRequest],
) -> Vec<HoldOutcome> {
    let outcomes = store.hold(campaign, batch).await.expect("it is loaded");
    assert_eq!(outcomes.len(), batch.len(), "one outcome a request");
    outcomes
}

fn ids(requests: &[HoldRequest]) -> Vec<HoldId> {
    requests.iter().map(|request| request.id).collect()
}

async fn stats<S: StockGate + ?Sized>(store: &S, campaign: CampaignId) -> GateStats {
    let stats = store.level(campaign).await.expect("it can be read");
    stats.expect("it is loaded")
}

async fn contents<S: StockGate + ?Sized>(store: &S, campaign: CampaignId) -> GateContents {
    let contents = store.contents(campaign).await.expect("it can be read");
    contents.expect("it is loaded")
}

async fn level<S: StockGate + ?Sized>(store: &S, campaign: CampaignId) -> [u32; 3] {
    figures(stats(store, campaign).await.level)
}

fn figures(level: Level) -> [u32; 3] {
    [level.available, level.held, level.sold].map(Units::get)
}
