use std::sync::Arc;

use super::fixture::{
    begin, bought, campaign_of, cancel, checkpoint, move_one, pay, places, product, reread, sale,
    sealed, shop, stock,
};
use crate::campaign::{Campaign, FencingToken, Guards, Phase};
use crate::conformance::fixture::{WHOLE, at_once, batch, event, failure, fresh, now, units};
use crate::error::StoreErrorKind;
use crate::rank::Sequence;
use crate::settle::{OfferPlan, plan};
use crate::store::{Epoch, Ledger};

const ALL: [Phase; 5] = [
    Phase::Scheduled,
    Phase::Open,
    Phase::Sealing,
    Phase::Settled,
    Phase::Cancelled,
];

/// Of many who move the campaign on at once, one does; its version counts one step.
pub async fn of_concurrent_transitions_one_succeeds<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let id = campaign.id;
    let token = FencingToken::new(4);
    let calls = (0..12).map(|_| {
        let store = Arc::clone(&store);
        async move {
            let moved = store
                .transition(id, Phase::Open, Phase::Sealing, token)
                .await;
            moved.expect("it answers")
        }
    });
    let moved = at_once(calls).await.into_iter().filter(|moved| *moved);
    assert_eq!(moved.count(), 1);
    let expected = Campaign {
        phase: Phase::Sealing,
        version: campaign.version + 1,
        fence: token,
        ..campaign
    };
    assert_eq!(reread(&*store, &expected).await, expected);
}

/// Not from a phase it is not in, not backwards, and not to settled without its orders.
pub async fn an_illegal_transition_changes_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(100);
    store.add_product(&product).await.expect("it is added");
    let token = FencingToken::new(9);
    for phase in ALL {
        let campaign = Campaign {
            phase,
            ..campaign_of(&product, 2)
        };
        store.add_campaign(&campaign).await.expect("it is added");
        let before = stock(&*store, &campaign).await;
        for (from, to) in ALL.into_iter().flat_map(|from| ALL.map(|to| (from, to))) {
            let legal = from == phase && from.may_become(to) && to != Phase::Settled;
            if !legal {
                let moved = store.transition(campaign.id, from, to, token).await;
                assert!(!moved.expect("it answers"), "{phase:?}: {from:?} to {to:?}");
            }
        }
        assert_eq!(reread(&*store, &campaign).await, campaign);
        assert_eq!(stock(&*store, &campaign).await, before);
    }
}

/// Whoever lost its lease cannot move a campaign that its successor has moved.
pub async fn an_older_token_cannot_change_a_campaign<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(9);
    store.add_product(&product).await.expect("it is added");
    let campaign = Campaign {
        phase: Phase::Scheduled,
        ..campaign_of(&product, 2)
    };
    store.add_campaign(&campaign).await.expect("it is added");
    let step = async |from, to, token| {
        store
            .transition(campaign.id, from, to, FencingToken::new(token))
            .await
    };
    let opened = step(Phase::Scheduled, Phase::Open, 5).await;
    assert!(opened.expect("it may be opened"));
    let before = reread(&*store, &campaign).await;
    for to in [Phase::Sealing, Phase::Cancelled] {
        let late = step(Phase::Open, to, 4).await;
        assert_eq!(failure(late), StoreErrorKind::Fenced);
    }
    assert_eq!(reread(&*store, &campaign).await, before);
    let sealed = step(Phase::Open, Phase::Sealing, 5).await;
    assert!(sealed.expect("the same token may go on"));
    assert_eq!(reread(&*store, &campaign).await.fence, FencingToken::new(5));
}

/// The units of a sale that is called off can be sold elsewhere, once; those of its orders stay theirs.
pub async fn cancelling_gives_the_quota_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(10);
    store.add_product(&product).await.expect("it is added");
    for phase in [Phase::Scheduled, Phase::Open] {
        let campaign = Campaign {
            phase,
            ..campaign_of(&product, 7)
        };
        store
            .add_campaign(&campaign)
            .await
            .expect("there is enough again");
        assert_eq!(stock(&*store, &campaign).await, [3, 7, 0]);
        for first in [true, false] {
            let moved = store
                .transition(campaign.id, phase, Phase::Cancelled, FencingToken::new(1))
                .await;
            assert_eq!(moved.expect("it answers"), first);
            assert_eq!(stock(&*store, &campaign).await, [10, 0, 0]);
            assert_eq!(places(&*store, &campaign).await, [0, 0, 0, 7]);
        }
    }
    let campaign = shop(&*store, 10, 7, None).await;
    let paid = bought(&*store, &campaign, 1).await;
    let unpaid = bought(&*store, &campaign, 2).await;
    move_one(&*store, pay(&paid)).await;
    let moved = store
        .transition(
            campaign.id,
            Phase::Open,
            Phase::Cancelled,
            FencingToken::new(1),
        )
        .await;
    assert!(moved.expect("it may be called off"));
    assert_eq!(places(&*store, &campaign).await, [0, 2, 1, 4]);
    assert_eq!(stock(&*store, &campaign).await, [7, 2, 1]);
    move_one(&*store, cancel(&unpaid)).await;
    assert_eq!(places(&*store, &campaign).await, [0, 0, 1, 6]);
    assert_eq!(stock(&*store, &campaign).await, [9, 0, 1]);
}

/// What is unknown is absent to who reads, and an error to who writes.
pub async fn an_unknown_campaign_is_not_found<S: Ledger + ?Sized>(store: Arc<S>) {
    let (known, _) = sealed(&*store, 3, 2, &[fresh()]).await;
    let unknown = Campaign {
        id: fresh(),
        ..known
    };
    assert_eq!(
        store.campaign(unknown.id).await.expect("it can be read"),
        None
    );
    assert_eq!(checkpoint(&*store, &unknown).await, 0);
    let seed = store.begin_epoch(unknown.id).await.expect("it answers");
    assert!(seed.is_none());
    let moved = store
        .transition(
            unknown.id,
            Phase::Open,
            Phase::Sealing,
            FencingToken::new(9),
        )
        .await;
    assert!(!moved.expect("it answers"));
    let bids = store.bids(unknown.id, Sequence::ZERO, 9).await;
    assert_eq!(bids.expect("it can be read"), []);
    let history = store.bids_of(unknown.id, fresh(), WHOLE).await;
    assert_eq!(history.expect("it can be read").total, 0);
    let orders = store.orders_in(unknown.id, WHOLE).await;
    assert_eq!(orders.expect("it can be read").total, 0);
    let orders = store.orders_of(fresh(), WHOLE).await;
    assert_eq!(orders.expect("it can be read").total, 0);
    assert_eq!(store.order(fresh()).await.expect("it can be read"), None);

    let empty = batch(Epoch::default(), 0, 0, &[]);
    let recorded = store.record(unknown.id, &empty).await;
    assert_eq!(failure(recorded), StoreErrorKind::NotFound);
    let plan = plan(&unknown, &[], Sequence::ZERO, now());
    let settled = store.commit_settlement(&plan, FencingToken::new(9)).await;
    assert_eq!(failure(settled), StoreErrorKind::NotFound);
    let ended = store.end_sale(unknown.id, 1, FencingToken::new(9)).await;
    assert_eq!(failure(ended), StoreErrorKind::NotFound);
    let offer = OfferPlan {
        campaign: unknown.id,
        orders: Vec::new(),
        returned: units(1),
    };
    let offered = store.commit_offers(&offer, FencingToken::new(9)).await;
    assert_eq!(failure(offered), StoreErrorKind::NotFound);
    let voided = store.void_holds(unknown.id, &[fresh()]).await;
    assert_eq!(failure(voided), StoreErrorKind::NotFound);
    let seed = store.gate_seed(unknown.id).await.expect("it can be read");
    assert_eq!(seed, None);
    let guards = store.set_guards(unknown.id, Guards::default()).await;
    assert_eq!(guards.expect("it answers"), None);
}

/// No two openings of a book share an epoch, not even at once.
pub async fn epochs_grow<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let first = begin(&*store, &campaign).await;
    let second = begin(&*store, &campaign).await;
    assert!(Epoch::default() < first && first < second);
    let calls = (0..8).map(|_| {
        let (store, campaign) = (Arc::clone(&store), campaign.clone());
        async move { begin(&*store, &campaign).await }
    });
    let mut epochs = at_once(calls).await;
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), 8);
    assert!(epochs.iter().all(|epoch| *epoch > second));
}

/// Whatever the ledger has, in order, over gaps and also beyond the checkpoint.
pub async fn a_seed_has_every_recorded_bid<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let bids: Vec<_> = [1, 2, 5, 6, 9]
        .into_iter()
        .map(|sequence| event(&campaign, fresh(), sequence))
        .collect();
    for (after, through, bids) in [(8, 9, &bids[4..]), (4, 7, &bids[2..4]), (0, 2, &bids[..2])] {
        let stretch = batch(epoch, after, through, bids);
        store
            .record(campaign.id, &stretch)
            .await
            .expect("it is recorded");
    }
    let seed = store.begin_epoch(campaign.id).await.expect("it begins");
    let seed = seed.expect("the campaign is known");
    assert_eq!(seed.bids, bids);
    assert_eq!(seed.campaign, campaign);
    assert!(seed.epoch > epoch);
}
