//! Placing a bid is interrupted at each store call it makes, on a book that has to be opened first.

use std::pin::pin;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::conformance::{Faults, Loss, Moment};
use flashbid_core::store::BidBook;
use flashbid_core::{Durability, Error};

use crate::stores::{Node, Stores};

/// Calls of the hot store that nothing depends on.
const COPY: [&str; 2] = ["cached", "keep"];

const BOTH: [Durability; 2] = [Durability::Ledger, Durability::Hot];

#[derive(Clone, Copy, Debug)]
enum Store {
    Hot,
    Ledger,
}

/// One call of placing a bid: of which store, and which of its calls.
type Step = (Store, usize);

/// Every call of a node's first bid, while the book is lost that an earlier bid is in.
async fn steps(durability: Durability) -> Vec<Step> {
    let (_, node) = fresh(durability).await;
    node.bid(2, 20).await;
    let hot = (1..=faults(&node, Store::Hot).calls()).map(|nth| (Store::Hot, nth));
    let ledger = (1..=faults(&node, Store::Ledger).calls()).map(|nth| (Store::Ledger, nth));
    let steps: Vec<_> = hot.chain(ledger).collect();
    assert!(steps.len() >= 6, "{steps:?} cannot open a book");
    steps
}

/// A recorded bid, a hot store that has lost it, and a new node.
async fn fresh(durability: Durability) -> (Stores, Node) {
    let mut stores = Stores::new().await;
    let earlier = stores.node(1, Durability::Ledger);
    earlier.bid(1, 10).await;
    stores.lose_hot(&[]);
    let node = stores.node(2, durability);
    (stores, node)
}

fn faults(node: &Node, store: Store) -> std::sync::Arc<Faults> {
    match store {
        Store::Hot => node.hot.faults(),
        Store::Ledger => node.ledger.faults(),
    }
}

/// The bid stands once in the book, and once in the ledger when all is relayed; so does the earlier one.
async fn assert_counts_once(stores: &Stores, node: &Node, bids: &[AcceptedBid]) {
    node.engine.relay(stores.campaign.id).await.unwrap();
    let recorded = stores.recorded().await;
    let events =
        stores
            .hot
            .events_after(stores.campaign.id, flashbid_core::rank::Sequence::ZERO, 100);
    assert_eq!(events.await.unwrap().bids, recorded);
    assert_eq!(recorded.len(), bids.len() + 1);
    for bid in bids {
        assert!(recorded.contains(bid), "{bid:?} of {recorded:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bid_counts_once_whichever_call_is_lost() {
    for durability in BOTH {
        for (store, nth) in steps(durability).await {
            for loss in [Loss::Request, Loss::Response] {
                let (stores, node) = fresh(durability).await;
                faults(&node, store).lose_at(nth, loss);
                match node.try_bid(2, 20).await {
                    Err(failed) => {
                        assert!(matches!(failed, Error::Store(error) if error.may_retry()));
                    }
                    // Without the shared copy of its campaign a bid is placed all the same.
                    Ok(_) => assert!(COPY.contains(&faults(&node, store).log()[nth - 1])),
                }
                let bid = node.bid(2, 20).await;
                assert_counts_once(&stores, &node, &[bid]).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bid_counts_once_wherever_the_hot_store_is_lost() {
    for (store, nth) in steps(Durability::Ledger).await {
        for moment in [Moment::Before, Moment::After] {
            let (mut stores, node) = fresh(Durability::Ledger).await;
            let faults = faults(&node, store);
            faults.pause_at(nth, moment);
            let mut placing = pin!(node.try_bid(2, 20));
            tokio::select! {
                placed = &mut placing => panic!("{placed:?} was not paused"),
                () = faults.paused() => {}
            }
            stores.lose_hot(&[&node]);
            faults.resume();
            let placed = placing.await;
            let again = node.bid(2, 20).await;
            if let Ok(bid) = placed {
                assert_eq!(again, bid, "{moment:?} {store:?} {nth}");
            }
            assert_counts_once(&stores, &node, &[again]).await;
        }
    }
}

/// One node stops before each of its calls, another before each of its own; then the first goes on to its end, and
/// then the second.
#[tokio::test(start_paused = true)]
async fn two_nodes_in_any_order_both_keep_their_word() {
    for durability in BOTH {
        let steps = steps(durability).await;
        for first in &steps {
            for second in &steps {
                let (stores, one) = fresh(durability).await;
                let two = stores.node(3, durability);
                let [ones, twos] = [faults(&one, first.0), faults(&two, second.0)];
                ones.pause_at(first.1, Moment::Before);
                twos.pause_at(second.1, Moment::Before);
                let mut placing = pin!(one.bid(2, 20));
                tokio::select! {
                    bid = &mut placing => panic!("{bid:?} was not paused"),
                    () = ones.paused() => {}
                }
                let mut other = pin!(two.bid(3, 30));
                let early = tokio::select! {
                    bid = &mut other => Some(bid),
                    () = twos.paused() => None,
                };
                ones.resume();
                let bid = placing.await;
                // It may have had fewer calls to make than it makes alone.
                twos.heal();
                twos.resume();
                let other = match early {
                    Some(bid) => bid,
                    None => other.await,
                };
                let context = format!("{durability:?}, {first:?}, {second:?}");
                assert_eq!(one.bid(2, 20).await, bid, "{context}");
                assert_eq!(one.bid(3, 30).await, other, "{context}");
                assert_counts_once(&stores, &two, &[bid, other]).await;
            }
        }
    }
}
