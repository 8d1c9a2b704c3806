//! A settlement is interrupted at each store call it makes, in every way a call can be: whatever happens, the same
//! orders come of it, once. Shared by the tests of every store.

mod scene;

use std::pin::pin;

use flashbid_core::campaign::{FencingToken, Phase};
use flashbid_core::conformance::{Loss, Moment};
use flashbid_core::engine::SettleOutcome;
use flashbid_core::settle::plan;
use flashbid_core::{Error, Result, StoreErrorKind};

pub(crate) use scene::Scene;
use scene::{LEASE, Node, Store, runtime};

/// Makes a fresh sale whose window has ended.
type Fresh<'a> = &'a dyn Fn() -> Scene;

/// One call of a settlement: of which store, and which of its calls.
type Step = (Store, usize);

/// Every call that an undisturbed settlement makes.
fn steps(fresh: Fresh<'_>) -> Vec<Step> {
    let scene = fresh();
    let node = scene.node(0);
    let settled = runtime().block_on(node.engine.settle(scene.id));
    assert_eq!(settled.unwrap(), SettleOutcome::Settled { orders: 3 });
    scene.assert_settled_once();
    let calls = |store| (1..=node.faults(store).calls()).map(move |nth| (store, nth));
    let steps: Vec<_> = calls(Store::Hot).chain(calls(Store::Ledger)).collect();
    assert!(steps.len() > 15, "{steps:?} cannot be a whole settlement");
    steps
}

/// Each call is lost either way, by an engine that tries again and by one that does not.
pub(crate) fn lose_each_call(fresh: Fresh<'_>) {
    for (store, nth) in steps(fresh) {
        for loss in [Loss::Request, Loss::Response] {
            for retries in [0, 3] {
                let scene = fresh();
                let node = scene.node(retries);
                node.faults(store).lose_at(nth, loss);
                let runtime = runtime();
                let outcome = runtime.block_on(node.engine.settle(scene.id));
                let context = format!("{loss:?} of {store:?} call {nth}: {outcome:?}");
                assert_eq!(node.faults(store).lost(), 1, "{context}");
                match &outcome {
                    Ok(outcome) => assert!(is_settled(*outcome), "{context}"),
                    Err(error) => assert!(retries == 0 && may_retry(error), "{context}"),
                }
                // Whoever tries again, the outcome is the same.
                scene.clock.advance(LEASE);
                let again = runtime.block_on(node.engine.settle(scene.id));
                assert!(is_settled(again.unwrap()), "{context}");
                scene.assert_settled_once();
            }
        }
    }
}

/// The process dies before and after each call; another takes over, with the hot store or without it.
pub(crate) fn die_at_each_call(fresh: Fresh<'_>) {
    for (store, nth) in steps(fresh) {
        for moment in [Moment::Before, Moment::After] {
            for hot_dies_too in [false, true] {
                let mut scene = fresh();
                if hot_dies_too {
                    scene.relay_all();
                }
                let node = scene.node(0);
                node.faults(store).pause_at(nth, moment);
                let runtime = runtime();
                let died = runtime.block_on(async {
                    tokio::select! {
                        _ = node.engine.settle(scene.id) => false,
                        () = node.paused(store) => true,
                    }
                });
                // With everything relayed there are fewer calls to die at.
                assert!(died || hot_dies_too);
                drop((node, runtime));
                scene.restart(hot_dies_too);
                scene.clock.advance(LEASE);
                scene.settle_in_the_end();
            }
        }
    }
}

/// The hot store is lost under a living settlement, which goes on with an empty one.
pub(crate) fn lose_the_hot_store_at_each_call(fresh: Fresh<'_>) {
    for (store, nth) in steps(fresh) {
        for moment in [Moment::Before, Moment::After] {
            let mut scene = fresh();
            scene.relay_all();
            let node = scene.node(0);
            node.faults(store).pause_at(nth, moment);
            let outcome = runtime().block_on(async {
                let mut settling = pin!(node.engine.settle(scene.id));
                tokio::select! {
                    outcome = &mut settling => return outcome,
                    () = node.paused(store) => {}
                }
                scene.lose_hot(&node);
                node.faults(store).resume();
                settling.await
            });
            let context = format!("hot store lost {moment:?} {store:?} call {nth}: {outcome:?}");
            match outcome {
                Ok(outcome) => assert!(is_settled(outcome), "{context}"),
                // The lease went with the store, and so did the counter.
                Err(error) => assert!(is_overtaken(&error) || is_missing(&error), "{context}"),
            }
            scene.settle_in_the_end();
        }
    }
}

/// Two nodes settle at once. The first stops before each call, loses its lease meanwhile or not, and the second stops
/// before every `stride`th of its own; then the first goes on to its end, and then the second.
pub(crate) fn interleave_two(fresh: Fresh<'_>, stride: usize) {
    let steps = steps(fresh);
    for (number, first) in steps.iter().enumerate() {
        for expired in [false, true] {
            // Without a lease there is one order of things: the second finds it taken.
            let seconds = if expired { &steps[..] } else { &steps[..1] };
            for second in seconds.iter().skip(number % stride).step_by(stride) {
                let scene = fresh();
                let [one, two] = [scene.node(0), scene.node(0)];
                let context = format!("first at {first:?}, second at {second:?}, {expired}");
                let outcomes = runtime().block_on(async {
                    let advance = || {
                        if expired {
                            scene.clock.advance(LEASE);
                        }
                    };
                    interleave(&scene, (&one, *first), (&two, *second), advance).await
                });
                let mut settled = 0;
                for outcome in &outcomes {
                    match outcome {
                        Ok(outcome) => settled += usize::from(commits(*outcome)),
                        Err(error) => assert!(is_overtaken(error), "{context}: {outcomes:?}"),
                    }
                }
                assert!(settled <= 1, "{context}: {outcomes:?}");
                scene.clock.advance(LEASE);
                let last = scene.settle_in_the_end();
                assert_eq!(settled + usize::from(commits(last)), 1, "{context}");
            }
        }
    }
}

async fn interleave(
    scene: &Scene,
    (one, first): (&Node, Step),
    (two, second): (&Node, Step),
    between: impl FnOnce(),
) -> [Result<SettleOutcome>; 2] {
    one.faults(first.0).pause_at(first.1, Moment::Before);
    two.faults(second.0).pause_at(second.1, Moment::Before);
    let mut ones = pin!(one.engine.settle(scene.id));
    let mut twos = pin!(two.engine.settle(scene.id));
    tokio::select! {
        _ = &mut ones => panic!("the first does not get to {first:?}"),
        () = one.paused(first.0) => {}
    }
    between();
    let early = tokio::select! {
        outcome = &mut twos => Some(outcome),
        () = two.paused(second.0) => None,
    };
    one.faults(first.0).resume();
    let ones = ones.await;
    two.faults(second.0).resume();
    let twos = match early {
        Some(outcome) => outcome,
        None => twos.await,
    };
    [ones, twos]
}

/// A holder that slept through the settlement of another is refused by the hot store and by the ledger, whatever it
/// does next.
pub(crate) fn wake_up_late(scene: &Scene) {
    runtime().block_on(async {
        let name = format!("campaign:{}", scene.id);
        let lease = scene
            .hot
            .acquire(&name, "sleeper", LEASE, FencingToken::NONE);
        let sleeper = lease.await.unwrap().unwrap();
        let campaign = scene.ledger.campaign(scene.id).await.unwrap().unwrap();
        let open = (Phase::Scheduled, Phase::Open);
        let opened = scene
            .ledger
            .transition(scene.id, open.0, open.1, sleeper.token);
        assert!(opened.await.unwrap());

        scene.clock.advance(LEASE);
        let node = scene.node(0);
        let settled = node.engine.settle(scene.id).await.unwrap();
        assert_eq!(settled, SettleOutcome::Settled { orders: 3 });

        let renewed = scene.hot.renew(&sleeper, LEASE).await.unwrap();
        assert_eq!(renewed, None);
        let sealed = scene.hot.seal(scene.id, sleeper.token).await;
        assert_eq!(sealed.unwrap_err().kind, StoreErrorKind::Fenced);
        let moved = scene
            .ledger
            .transition(scene.id, Phase::Open, Phase::Sealing, sleeper.token);
        assert_eq!(moved.await.unwrap_err().kind, StoreErrorKind::Fenced);
        let late = plan(
            &campaign,
            [],
            flashbid_core::rank::Sequence::ZERO,
            campaign.created_at,
        );
        let committed = scene.ledger.commit_settlement(&late, sleeper.token).await;
        assert_eq!(committed.unwrap_err().kind, StoreErrorKind::Fenced);
    });
    scene.assert_settled_once();
}

fn is_settled(outcome: SettleOutcome) -> bool {
    commits(outcome) || outcome == SettleOutcome::AlreadySettled
}

/// Whether the outcome says that this very settlement wrote the orders.
fn commits(outcome: SettleOutcome) -> bool {
    matches!(outcome, SettleOutcome::Settled { .. })
}

fn may_retry(error: &Error) -> bool {
    let kind = kind(error);
    matches!(
        kind,
        Some(StoreErrorKind::Unavailable | StoreErrorKind::Indeterminate)
    )
}

/// Whether the error says that another has taken over.
fn is_overtaken(error: &Error) -> bool {
    matches!(
        kind(error),
        Some(StoreErrorKind::Fenced | StoreErrorKind::Conflict)
    )
}

fn is_missing(error: &Error) -> bool {
    kind(error) == Some(StoreErrorKind::NotFound)
}

fn kind(error: &Error) -> Option<StoreErrorKind> {
    match error {
        Error::Store(error) => Some(error.kind),
        _ => None,
    }
}
