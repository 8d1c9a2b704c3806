//! The cases of [`Leases`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::{at_once, eventually};
use crate::campaign::FencingToken;
use crate::store::{Lease, Leases};

/// Makes every case of [`Leases`](crate::store::Leases) a test of a store; see [`conformance`](crate::conformance).
#[macro_export]
macro_rules! leases_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] leases:
            a_lease_has_one_holder
            of_many_callers_one_gets_the_lease
            tokens_grow
            a_token_is_above_the_floor
            a_lease_expires
            a_holder_may_ask_again
            names_are_separate
            renewing_keeps_the_token
            renewing_makes_it_last
            a_lost_lease_is_not_renewed
            a_relinquished_lease_is_free
            a_lost_lease_cannot_be_relinquished
        }
    };
}

/// Longer than any case takes.
const LONG: Duration = Duration::from_mins(30);
/// Over before anybody looks again.
const SHORT: Duration = Duration::from_millis(1);

async fn acquire<S: Leases + ?Sized>(
    store: &S,
    name: &str,
    holder: &str,
    ttl: Duration,
) -> Option<Lease> {
    let lease = store.acquire(name, holder, ttl, FencingToken::NONE).await;
    lease.expect("the store answers")
}

async fn acquired<S: Leases + ?Sized>(store: &S, name: &str, holder: &str, ttl: Duration) -> Lease {
    let lease = acquire(store, name, holder, ttl).await.expect("it is free");
    assert_eq!((lease.name.as_str(), lease.holder.as_str()), (name, holder));
    lease
}

/// Takes the lease as soon as nobody has it.
async fn wait_for<S: Leases + ?Sized>(store: &S, name: &str, holder: &str) -> Lease {
    eventually("the end of a lease", || acquire(store, name, holder, LONG)).await
}

/// While one has it, nobody else gets it.
pub async fn a_lease_has_one_holder<S: Leases + ?Sized>(store: Arc<S>) {
    acquired(&*store, "settle/1", "alice", LONG).await;
    for _ in 0..3 {
        assert_eq!(acquire(&*store, "settle/1", "bob", LONG).await, None);
    }
}

/// Of many who ask at the same moment, one gets it.
pub async fn of_many_callers_one_gets_the_lease<S: Leases + ?Sized>(store: Arc<S>) {
    let calls = (0..32).map(|caller| {
        let store = Arc::clone(&store);
        async move { acquire(&*store, "settle/1", &format!("worker {caller}"), LONG).await }
    });
    let holders = at_once(calls).await.into_iter().flatten().count();
    assert_eq!(holders, 1);
}

/// Every lease on a name has a newer token than all before it, however the last one ended.
pub async fn tokens_grow<S: Leases + ?Sized>(store: Arc<S>) {
    let first = acquired(&*store, "settle/1", "alice", LONG).await;
    assert!(first.token > FencingToken::NONE);
    store.relinquish(&first).await.expect("it is given back");
    let second = acquired(&*store, "settle/1", "bob", SHORT).await;
    assert!(second.token > first.token, "after giving back");
    let third = wait_for(&*store, "settle/1", "alice").await;
    assert!(third.token > second.token, "after its end");
    let fourth = acquired(&*store, "settle/1", "alice", LONG).await;
    assert!(fourth.token > third.token, "by the same holder");
    store.relinquish(&fourth).await.expect("it is given back");
    let fifth = acquired(&*store, "settle/1", "alice", LONG).await;
    assert!(fifth.token > fourth.token);
}

/// A store that lost its tokens goes on above those that the ledger saw.
pub async fn a_token_is_above_the_floor<S: Leases + ?Sized>(store: Arc<S>) {
    for (floor, name) in [(41, "settle/1"), (1 << 40, "settle/2")] {
        let floor = FencingToken::new(floor);
        let lease = store.acquire(name, "alice", LONG, floor).await;
        let lease = lease.expect("the store answers").expect("it is free");
        assert!(lease.token > floor);
        let again = acquired(&*store, name, "alice", LONG).await;
        assert!(
            again.token > lease.token,
            "a lower floor takes nothing back"
        );
    }
}

/// A holder that died blocks the others no longer than its time.
pub async fn a_lease_expires<S: Leases + ?Sized>(store: Arc<S>) {
    let ttl = Duration::from_millis(200);
    let begin = Instant::now();
    acquired(&*store, "settle/1", "alice", ttl).await;
    let next = wait_for(&*store, "settle/1", "bob").await;
    // Two clocks that each count in whole milliseconds.
    assert!(
        begin.elapsed() + Duration::from_millis(5) >= ttl,
        "it lasts its time"
    );
    assert_eq!(next.holder, "bob");
}

/// Who asks again may have lost the answer: it gets the lease again, with a new token and a new time.
pub async fn a_holder_may_ask_again<S: Leases + ?Sized>(store: Arc<S>) {
    let first = acquired(&*store, "settle/1", "alice", Duration::from_mins(1)).await;
    let second = acquired(&*store, "settle/1", "alice", LONG).await;
    assert!(second.token > first.token);
    assert!(second.expires_at > first.expires_at);
    assert_eq!(acquire(&*store, "settle/1", "bob", LONG).await, None);
}

/// Names that are much alike are still two names.
pub async fn names_are_separate<S: Leases + ?Sized>(store: Arc<S>) {
    let names = [
        "settle/1",
        "settle/10",
        "settle/{1}",
        "relay/1",
        "settle 1",
        "SETTLE/1",
    ];
    for (holder, name) in (0..).zip(names) {
        acquired(&*store, name, &format!("worker {holder}"), LONG).await;
    }
    for name in names {
        assert_eq!(acquire(&*store, name, "late", LONG).await, None);
    }
}

/// A lease that lasts longer is still the same lease.
pub async fn renewing_keeps_the_token<S: Leases + ?Sized>(store: Arc<S>) {
    let lease = acquired(&*store, "settle/1", "alice", Duration::from_mins(1)).await;
    let renewed = store.renew(&lease, LONG).await.expect("the store answers");
    let renewed = renewed.expect("it is not lost");
    assert_eq!(
        (&renewed.name, &renewed.holder),
        (&lease.name, &lease.holder)
    );
    assert_eq!(renewed.token, lease.token);
    assert!(renewed.expires_at > lease.expires_at);
    let by_the_first_answer = store.renew(&lease, LONG).await.expect("the store answers");
    assert!(
        by_the_first_answer.is_some(),
        "the answer may have been lost"
    );
}

/// A renewed lease outlives the time that it was first taken for.
pub async fn renewing_makes_it_last<S: Leases + ?Sized>(store: Arc<S>) {
    let ttl = Duration::from_millis(300);
    let begin = Instant::now();
    let lease = acquired(&*store, "settle/1", "alice", ttl).await;
    let renewed = store.renew(&lease, LONG).await.expect("the store answers");
    // A machine that stalls for longer than the lease lost it rightly.
    if renewed.is_some() {
        eventually("the first time to pass", || async {
            (begin.elapsed() > ttl * 2).then_some(())
        })
        .await;
        assert_eq!(acquire(&*store, "settle/1", "bob", LONG).await, None);
    }
}

/// Neither after its end, nor when another has it, nor when the holder itself took a newer one.
pub async fn a_lost_lease_is_not_renewed<S: Leases + ?Sized>(store: Arc<S>) {
    let over = acquired(&*store, "settle/1", "alice", SHORT).await;
    eventually("the end of a lease", || async {
        let renewed = store.renew(&over, SHORT).await.expect("the store answers");
        renewed.is_none().then_some(())
    })
    .await;
    let taken = wait_for(&*store, "settle/1", "bob").await;
    let renew = async |lease| store.renew(lease, LONG).await.expect("the store answers");
    assert_eq!(renew(&over).await, None, "another has it");
    let newer = acquired(&*store, "settle/1", "bob", LONG).await;
    assert_eq!(renew(&taken).await, None, "it has been taken anew");
    assert!(renew(&newer).await.is_some());
    store.relinquish(&newer).await.expect("it is given back");
    assert_eq!(renew(&newer).await, None, "it has been given back");
}

/// Giving back makes way at once.
pub async fn a_relinquished_lease_is_free<S: Leases + ?Sized>(store: Arc<S>) {
    let lease = acquired(&*store, "settle/1", "alice", LONG).await;
    store.relinquish(&lease).await.expect("it is given back");
    store.relinquish(&lease).await.expect("again does nothing");
    acquired(&*store, "settle/1", "bob", LONG).await;
}

/// A holder that was paused past its end does not take the lease from its successor.
pub async fn a_lost_lease_cannot_be_relinquished<S: Leases + ?Sized>(store: Arc<S>) {
    let lost = acquired(&*store, "settle/1", "alice", SHORT).await;
    let current = wait_for(&*store, "settle/1", "bob").await;
    store.relinquish(&lost).await.expect("it does nothing");
    assert_eq!(acquire(&*store, "settle/1", "carol", LONG).await, None);
    let newer = acquired(&*store, "settle/1", "bob", LONG).await;
    store.relinquish(&current).await.expect("it does nothing");
    assert_eq!(acquire(&*store, "settle/1", "carol", LONG).await, None);
    store.relinquish(&newer).await.expect("it is given back");
    acquired(&*store, "settle/1", "carol", LONG).await;
}
