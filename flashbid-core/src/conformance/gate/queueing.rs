use std::sync::Arc;
use std::time::Duration;

use super::{contents, ended, figures, held, ids, loaded, request, seed, stats, take, take_all};
use crate::conformance::fixture::{at_once, fresh, running};
use crate::error::Rejection;
use crate::id::CampaignId;
use crate::stock::HoldState;
use crate::store::{GateSeed, HoldRequest, PendingPurchase, Purpose, StockGate};

async fn waiting<S: StockGate + ?Sized>(
    store: &S,
    campaign: CampaignId,
    limit: usize,
) -> Vec<PendingPurchase> {
    let pending = store.pending(campaign, limit).await;
    pending.expect("it is loaded")
}

fn entry(request: &HoldRequest, state: HoldState) -> PendingPurchase {
    let Purpose::Purchase(purchase) = request.purpose else {
        panic!("only purchases wait");
    };
    PendingPurchase {
        purchase,
        hold: ended(request, state),
    }
}

/// Purchases as they were taken, each until it is acknowledged and as it is now; neither carts nor allocations.
pub async fn purchases_wait_in_order<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 2_000, None).await;
    let empty = stats(&*store, campaign).await;
    assert_eq!((empty.pending, empty.oldest_pending), (0, None));
    let start = running().start();
    let mut requests: Vec<_> = (0..1_300)
        .map(|number| HoldRequest {
            // Many at the same moment, so that neither time nor ids tell who was first.
            at: Some(start.after(Duration::from_mins(1 + number / 500))),
            ..request(fresh(), 1)
        })
        .collect();
    let mut ids = ids(&requests);
    ids.reverse();
    for (request, id) in requests.iter_mut().zip(ids) {
        request.id = id;
    }
    let cart = HoldRequest {
        purpose: Purpose::Cart,
        ..request(fresh(), 1)
    };
    let decided = HoldRequest {
        purpose: Purpose::Allocation,
        ..request(fresh(), 1)
    };
    let too_many = request(fresh(), 2_000);
    take_all(&*store, campaign, &requests[..1]).await;
    take_all(&*store, campaign, &[cart, decided, too_many]).await;
    take_all(&*store, campaign, &requests[1..700]).await;
    take_all(&*store, campaign, &requests[600..]).await;
    let mut expected: Vec<_> = requests
        .iter()
        .map(|request| entry(request, HoldState::Held))
        .collect();
    assert_eq!(waiting(&*store, campaign, 9_999).await, expected);
    assert_eq!(waiting(&*store, campaign, 1_001).await, expected[..1_001]);
    assert_eq!(waiting(&*store, campaign, 1).await, expected[..1]);
    assert_eq!(waiting(&*store, campaign, 0).await, []);
    let full = stats(&*store, campaign).await;
    assert_eq!((full.pending, full.oldest_pending), (1_300, requests[0].at));

    store
        .consume(campaign, &[requests[0].id])
        .await
        .expect("it is loaded");
    store
        .release(campaign, &[requests[1].id])
        .await
        .expect("it is loaded");
    store
        .expire(campaign, &[requests[2].id])
        .await
        .expect("it is loaded");
    expected[0].hold.state = HoldState::Consumed;
    expected[1].hold.state = HoldState::Released;
    expected[2].hold.state = HoldState::Expired;
    assert_eq!(waiting(&*store, campaign, 9_999).await, expected);
    let still = stats(&*store, campaign).await;
    assert_eq!(
        (still.pending, still.oldest_pending),
        (1_300, requests[0].at)
    );

    let campaign = loaded(&*store, 60, None).await;
    let calls = (0..20).map(|_| {
        let store = Arc::clone(&store);
        async move {
            let batch = [0, 1, 2].map(|_| request(fresh(), 1));
            take_all(&*store, campaign, &batch).await;
            batch
        }
    });
    let batches = at_once(calls).await;
    let queue: Vec<_> = waiting(&*store, campaign, 99).await;
    assert_eq!(queue.len(), 60, "whoever comes at once waits once");
    for batch in batches {
        let places = batch.map(|request| {
            let entry = entry(&request, HoldState::Held);
            queue.iter().position(|waiting| *waiting == entry)
        });
        assert!(places[0].is_some() && places.is_sorted());
    }
}

/// What is acknowledged does not come back, also when its request does; the others stay in their order.
pub async fn an_acknowledged_purchase_waits_no_longer<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 99, None).await;
    let start = running().start();
    let requests: Vec<_> = (0..6)
        .map(|minutes| HoldRequest {
            at: Some(start.after(Duration::from_mins(minutes))),
            ..request(fresh(), 1)
        })
        .collect();
    take_all(&*store, campaign, &requests).await;
    let before = contents(&*store, campaign).await;
    let done = [requests[3].id, fresh(), requests[0].id, requests[3].id];
    let left = [1, 2, 4, 5].map(|index: usize| entry(&requests[index], HoldState::Held));
    for _ in 0..2 {
        store
            .acknowledge(campaign, &done)
            .await
            .expect("it is loaded");
        assert_eq!(waiting(&*store, campaign, 9).await, left);
        let figures = stats(&*store, campaign).await;
        assert_eq!(
            (figures.pending, figures.oldest_pending),
            (4, requests[1].at)
        );
        let now = contents(&*store, campaign).await;
        assert_eq!((now.holds, now.level), (before.holds.clone(), before.level));
        assert_eq!(now.pending, left);
        let retry = take(&*store, campaign, requests[3]).await;
        assert_eq!(retry, Ok(held(&requests[3])));
    }
    let later = HoldRequest {
        at: Some(start.after(Duration::from_mins(9))),
        ..request(fresh(), 1)
    };
    take(&*store, campaign, later).await.expect("enough");
    let queue = waiting(&*store, campaign, 9).await;
    assert_eq!(queue[..4], left);
    assert_eq!(queue[4..], [entry(&later, HoldState::Held)]);
    let mut all = ids(&requests);
    all.push(later.id);
    store
        .acknowledge(campaign, &all)
        .await
        .expect("it is loaded");
    assert_eq!(waiting(&*store, campaign, 9).await, []);
    let empty = stats(&*store, campaign).await;
    assert_eq!((empty.pending, empty.oldest_pending), (0, None));
}

/// A counter that is forgotten and loaded again goes on with the purchases that the ledger has not judged yet.
pub async fn what_waits_outlasts_its_counter<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 10, Some(3)).await;
    let [done, first, second] = [2, 1, 3].map(|count| request(fresh(), count));
    let cart = HoldRequest {
        purpose: Purpose::Cart,
        ..request(fresh(), 1)
    };
    take_all(&*store, campaign, &[done, first, cart, second]).await;
    store
        .acknowledge(campaign, &[done.id])
        .await
        .expect("it is loaded");
    let again = GateSeed {
        campaign,
        holds: vec![
            ended(&done, HoldState::Consumed),
            ended(&second, HoldState::Consumed),
        ],
        ..seed(running(), 10, Some(3))
    };
    for _ in 0..2 {
        store.unload(campaign).await.expect("it is forgotten");
        store.unload(campaign).await.expect("again does nothing");
        let level = store.load(&again).await.expect("it loads");
        assert_eq!(figures(level), [4, 1, 5]);
        let queue = [
            entry(&first, HoldState::Held),
            entry(&second, HoldState::Consumed),
        ];
        assert_eq!(waiting(&*store, campaign, 9).await, queue);
        let read = store.holds(campaign, &[first.id, cart.id]).await;
        let expected = [Some(held(&first)), None];
        assert_eq!(read.expect("it is loaded"), expected, "a cart is nothing");
        let figures = stats(&*store, campaign).await;
        assert_eq!((figures.pending, figures.oldest_pending), (2, first.at));
    }
    assert_eq!(take(&*store, campaign, first).await, Ok(held(&first)));
    let beyond = take(&*store, campaign, request(first.bidder, 3)).await;
    assert_eq!(beyond, Err(Rejection::LimitReached), "the buyer has one");
    let due = store.due(campaign, first.expires_at, 9).await;
    assert_eq!(due.expect("it is loaded"), [held(&first)]);
    let later = request(fresh(), 1);
    take(&*store, campaign, later).await.expect("enough");
    store
        .acknowledge(campaign, &[first.id])
        .await
        .expect("it is loaded");
    let queue = [
        entry(&second, HoldState::Consumed),
        entry(&later, HoldState::Held),
    ];
    assert_eq!(waiting(&*store, campaign, 9).await, queue);
}
