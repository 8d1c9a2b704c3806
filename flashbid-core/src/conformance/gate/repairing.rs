use std::sync::Arc;

use super::{contents, ended, figures, held, level, loaded, request, stats, take, take_all};
use crate::conformance::fixture::{at_once, fresh, units};
use crate::error::Rejection;
use crate::id::CampaignId;
use crate::stock::{Hold, HoldState};
use crate::store::{HoldRepair, HoldRequest, StockGate};

/// The hold of a request, which was seen so, should be so.
fn should(request: &HoldRequest, seen: Option<HoldState>, be: HoldState) -> HoldRepair {
    HoldRepair {
        hold: ended(request, be),
        seen,
    }
}

async fn repaired<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    quota: u32,
    holds: &[HoldRepair],
) -> [u32; 3] {
    let answer = store.repair(campaign, units(quota), holds).await;
    let answer = figures(answer.expect("it is loaded"));
    assert_eq!(answer, level(store, campaign).await);
    answer
}

async fn read<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    request: &HoldRequest,
) -> Option<Hold> {
    let holds = store.holds(campaign, &[request.id]).await;
    holds.expect("it is loaded")[0]
}

/// Level, buyers and what is due come to what quota and holds say, whichever way they were wrong.
pub async fn a_repair_counts_anew<S: StockGate + ?Sized>(store: Arc<S>) {
    use HoldState::{Consumed, Expired, Held, Released};
    let campaign = loaded(&*store, 20, Some(4)).await;
    let requests = [1, 2, 3, 4].map(|count| request(fresh(), count));
    take_all(&*store, campaign, &requests).await;
    let [kept, unpaid, sold, back] = requests;
    store.consume(campaign, &[sold.id]).await.expect("loaded");
    store.release(campaign, &[back.id]).await.expect("loaded");
    assert_eq!(level(&*store, campaign).await, [14, 3, 3]);
    let waiting = stats(&*store, campaign).await.pending;

    assert_eq!(repaired(&*store, campaign, 20, &[]).await, [14, 3, 3]);
    let quotas = [(9, [3, 3, 3]), (30, [24, 3, 3]), (25, [19, 3, 3])];
    for (quota, expected) in quotas {
        assert_eq!(repaired(&*store, campaign, quota, &[]).await, expected);
        assert_eq!(contents(&*store, campaign).await.quota, units(quota));
    }

    let (missing, paid, gone) = (
        request(fresh(), 2),
        request(fresh(), 3),
        request(fresh(), 1),
    );
    let repairs = [
        should(&missing, None, Held),
        should(&paid, None, Consumed),
        should(&gone, None, Expired),
        should(&unpaid, Some(Held), Expired),
        should(&sold, Some(Consumed), Held),
        should(&back, Some(Released), Consumed),
    ];
    // Held are 1, 2 and 3; sold are 3 and 4.
    let expected = [12, 6, 7];
    assert_eq!(repaired(&*store, campaign, 25, &repairs).await, expected);
    for repair in repairs {
        let holds = store.holds(campaign, &[repair.hold.id]).await;
        assert_eq!(holds.expect("it is loaded"), [Some(repair.hold)]);
    }
    assert_eq!(read(&*store, campaign, &kept).await, Some(held(&kept)));
    let waits = stats(&*store, campaign).await.pending;
    assert_eq!(waits, waiting, "who waits goes on waiting");

    let mut due = [kept, missing, sold].map(|request| held(&request));
    due.sort_by_key(|hold| (hold.expires_at, hold.id));
    let late = due[2].expires_at;
    let told = store.due(campaign, late, 9).await.expect("it is loaded");
    assert_eq!(told, due);
    for (who, left) in [(missing, 2), (paid, 1), (unpaid, 4), (sold, 1), (gone, 4)] {
        let beyond = request(who.bidder, left + 1);
        let outcome = take(&*store, campaign, beyond).await;
        assert_eq!(outcome, Err(Rejection::LimitReached));
        let fits = request(who.bidder, left);
        assert_eq!(take(&*store, campaign, fits).await, Ok(held(&fits)));
    }
    let full = take(&*store, campaign, request(back.bidder, 1)).await;
    assert_eq!(full, Err(Rejection::LimitReached));
    assert_eq!(level(&*store, campaign).await, [0, 18, 7]);
    let ended = store.release(campaign, &[missing.id, sold.id]).await;
    let states = ended.expect("it is loaded");
    assert!(states.iter().flatten().all(|hold| hold.state == Released));
    assert_eq!(level(&*store, campaign).await, [5, 13, 7]);
}

/// Who compares takes a while; what has happened meanwhile is not undone.
pub async fn a_repair_leaves_what_has_changed<S: StockGate + ?Sized>(store: Arc<S>) {
    use HoldState::{Consumed, Expired, Held, Released};
    let campaign = loaded(&*store, 20, Some(9)).await;
    let requests = [1, 2, 3].map(|count| request(fresh(), count));
    take_all(&*store, campaign, &requests).await;
    let [sold, back, arrived] = requests;
    store.consume(campaign, &[sold.id]).await.expect("loaded");
    store.release(campaign, &[back.id]).await.expect("loaded");
    let before = contents(&*store, campaign).await;
    let repairs = [
        should(&sold, Some(Held), Expired),
        should(&back, Some(Held), Consumed),
        should(&arrived, None, Consumed),
    ];
    assert_eq!(repaired(&*store, campaign, 20, &repairs).await, [16, 3, 1]);
    assert_eq!(contents(&*store, campaign).await, before);
    let twice = [
        should(&arrived, Some(Held), Released),
        should(&arrived, Some(Held), Consumed),
    ];
    assert_eq!(repaired(&*store, campaign, 20, &twice).await, [19, 0, 1]);
    let left = read(&*store, campaign, &arrived).await;
    assert_eq!(left, Some(ended(&arrived, Released)));
}

/// Holds beyond the quota leave nothing to take, until so many have ended that they are within it again; and while
/// counters are repaired, purchases go on.
pub async fn a_repair_never_oversells<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, None).await;
    let requests = [4, 3, 1].map(|count| request(fresh(), count));
    take_all(&*store, campaign, &requests).await;
    let [most, some, one] = requests;
    store.consume(campaign, &[one.id]).await.expect("loaded");
    let sold_out = async || {
        let outcome = take(&*store, campaign, request(fresh(), 1)).await;
        assert_eq!(outcome, Err(Rejection::SoldOut));
    };
    assert_eq!(repaired(&*store, campaign, 5, &[]).await, [0, 7, 1]);
    sold_out().await;
    store.release(campaign, &[some.id]).await.expect("loaded");
    assert_eq!(level(&*store, campaign).await, [0, 4, 1]);
    sold_out().await;
    assert_eq!(repaired(&*store, campaign, 3, &[]).await, [0, 4, 1]);
    store.consume(campaign, &[most.id]).await.expect("loaded");
    assert_eq!(level(&*store, campaign).await, [0, 0, 5]);
    sold_out().await;
    assert_eq!(repaired(&*store, campaign, 6, &[]).await, [1, 0, 5]);
    let last = request(fresh(), 1);
    assert_eq!(take(&*store, campaign, last).await, Ok(held(&last)));
    sold_out().await;

    // Three more than there are, of which one comes back: what is over still covers it.
    let campaign = loaded(&*store, 8, None).await;
    let requests = [1, 1, 1, 5].map(|count| request(fresh(), count));
    take_all(&*store, campaign, &requests).await;
    assert_eq!(repaired(&*store, campaign, 5, &[]).await, [0, 8, 0]);
    for (index, expected) in [(0, [0, 7, 0]), (1, [0, 6, 0]), (2, [0, 5, 0])] {
        let id = [requests[index].id];
        store.expire(campaign, &id).await.expect("it is loaded");
        assert_eq!(level(&*store, campaign).await, expected);
    }
    store
        .expire(campaign, &[requests[3].id])
        .await
        .expect("loaded");
    assert_eq!(level(&*store, campaign).await, [5, 0, 0]);

    let calls = (0..24).map(|number| {
        let store = Arc::clone(&store);
        async move {
            if number % 3 == 0 {
                repaired_meanwhile(&*store, campaign).await;
                return 0;
            }
            let batch = [request(fresh(), 1), request(fresh(), 1)];
            let outcomes = take_all(&*store, campaign, &batch).await;
            outcomes.into_iter().flatten().count()
        }
    });
    let granted: usize = at_once(calls).await.into_iter().sum();
    assert_eq!(granted, 5);
    assert_eq!(level(&*store, campaign).await, [0, 5, 0]);
}

/// What a repair does that finds nothing wrong.
async fn repaired_meanwhile<S: StockGate + ?Sized>(store: &S, campaign: CampaignId) {
    let holds: Vec<_> = contents(store, campaign)
        .await
        .holds
        .into_iter()
        .map(|hold| HoldRepair {
            hold,
            seen: Some(hold.state),
        })
        .collect();
    let answer = store.repair(campaign, units(5), &holds).await;
    answer.expect("it is loaded");
}
