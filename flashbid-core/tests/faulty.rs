//! What [`Faulty`] loses is lost the way it says: a request before it is applied, a response after.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::StoreErrorKind::{self, Indeterminate, NotFound, Unavailable};
use flashbid_core::campaign::{FencingToken, Window};
use flashbid_core::conformance::{Faulty, Loss};
use flashbid_core::id::{CampaignId, IdSource, RandomIds};
use flashbid_core::memory::{MemoryGate, MemoryHot, MemoryLeases};
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{BidBook, GateSeed, HotStore, Leases, StockGate, StoreResult};
use flashbid_core::time::Timestamp;

const TTL: Duration = Duration::from_mins(1);

fn seed() -> GateSeed {
    let start = Timestamp::from_millis(0);
    GateSeed {
        window: Window::new(start, start.after(TTL)).unwrap(),
        sealed: false,
        campaign: CampaignId::new(RandomIds.fresh()),
        quota: Units::ONE,
        per_buyer: None,
        holds: Vec::new(),
    }
}

async fn acquire(leases: &impl Leases) -> Option<StoreErrorKind> {
    let lease = leases
        .acquire("name", "alice", TTL, FencingToken::NONE)
        .await;
    lease.err().map(|error| error.kind)
}

fn kind<T>(result: StoreResult<T>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind)
}

#[tokio::test]
async fn a_lost_request_was_not_applied() {
    let gate = Faulty::new(MemoryGate::default());
    let seed = seed();
    gate.faults().lose_request("load", 1);
    assert_eq!(kind(gate.load(&seed).await), Some(Unavailable));
    assert_eq!(gate.store().level(seed.campaign).await.unwrap(), None);
    assert_eq!(kind(gate.load(&seed).await), None);
}

#[tokio::test]
async fn a_lost_response_was_applied() {
    let gate = Faulty::new(MemoryGate::default());
    let seed = seed();
    gate.faults().lose_response("load", 1);
    assert_eq!(kind(gate.load(&seed).await), Some(Indeterminate));
    let level = gate.store().level(seed.campaign).await.unwrap();
    let level = level.map(|stats| stats.level);
    assert_eq!(level, Some(Level::loaded_with(Units::ONE)));
}

#[tokio::test]
async fn the_response_of_a_refused_request_is_lost_as_well() {
    let gate = Faulty::new(MemoryGate::default());
    let unknown = seed().campaign;
    gate.faults().lose_response("hold", 2);
    assert_eq!(kind(gate.hold(unknown, &[]).await), Some(NotFound));
    assert_eq!(kind(gate.hold(unknown, &[]).await), Some(Indeterminate));
}

#[tokio::test]
async fn a_lost_read_is_unavailable_whichever_way_it_is_lost() {
    let gate = Faulty::new(MemoryGate::default());
    gate.faults().lose_at(1, Loss::Request);
    gate.faults().lose_at(2, Loss::Response);
    for expected in [Some(Unavailable), Some(Unavailable), None] {
        assert_eq!(kind(gate.level(seed().campaign).await), expected);
    }
}

#[tokio::test]
async fn calls_are_counted_by_method_and_in_all() {
    let hot = Faulty::new(MemoryHot::default());
    let faults = hot.faults();
    faults.lose_request("acquire", 2);
    faults.lose_at(4, Loss::Response);
    let seed = seed();
    assert_eq!(acquire(&hot).await, None);
    assert_eq!(kind(hot.load(&seed).await), None);
    assert_eq!(acquire(&hot).await, Some(Unavailable));
    assert_eq!(kind(hot.discard(seed.campaign).await), Some(Indeterminate));
    assert_eq!(acquire(&hot).await, None);
    assert_eq!(
        faults.log(),
        ["acquire", "load", "acquire", "discard", "acquire"]
    );
    let counts = (
        faults.calls(),
        faults.calls_of("acquire"),
        faults.calls_of("seal"),
    );
    assert_eq!(counts, (5, 3, 0));
    assert_eq!(faults.lost(), 2);
}

#[tokio::test]
async fn a_store_that_is_away_comes_back_when_it_is_healed() {
    let leases = Faulty::new(MemoryLeases::default());
    let faults = leases.faults();
    faults.away_from(2);
    assert_eq!(acquire(&leases).await, None);
    assert_eq!(acquire(&leases).await, Some(Unavailable));
    assert_eq!(acquire(&leases).await, Some(Unavailable));
    faults.heal();
    assert_eq!(acquire(&leases).await, None);
    faults.away();
    assert_eq!(acquire(&leases).await, Some(Unavailable));
}

#[tokio::test]
async fn random_losses_repeat_with_their_seed_and_go_both_ways() {
    async fn losses(seed: u64) -> Vec<Option<StoreErrorKind>> {
        let leases = Faulty::new(MemoryLeases::default());
        leases.faults().at_random(seed, 300);
        let mut losses = Vec::new();
        for _ in 0..1_000 {
            losses.push(acquire(&leases).await);
        }
        losses
    }
    let first = losses(1).await;
    assert_eq!(first, losses(1).await);
    assert_ne!(first, losses(2).await);
    for way in [Unavailable, Indeterminate] {
        let lost = first.iter().filter(|loss| **loss == Some(way)).count();
        assert!((100..200).contains(&lost), "{lost} of 1,000 are {way:?}");
    }
}

#[tokio::test]
async fn a_faulty_hot_store_is_a_hot_store_over_a_shared_one() {
    let shared: Arc<dyn HotStore> = Arc::new(MemoryHot::default());
    let seed = seed();
    shared.load(&seed).await.unwrap();
    let faulty: Arc<dyn HotStore> = Arc::new(Faulty::over(Arc::clone(&shared)));
    let level = faulty.level(seed.campaign).await.unwrap();
    let level = level.map(|stats| stats.level);
    assert_eq!(level, Some(Level::loaded_with(Units::ONE)));
}
