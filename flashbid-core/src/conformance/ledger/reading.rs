use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{TOKEN, begin, bidders, sale, sealed};
use crate::bid::AcceptedBid;
use crate::conformance::fixture::{WHOLE, batch, cut, event, fresh, page};
use crate::money::{Money, Weight};
use crate::rank::{Rank, Sequence};
use crate::score::Score;
use crate::store::{Ledger, OutboxEntry, OutboxEvent, Settlement};
use crate::time::Timestamp;

/// Every field with its extremes, and pages from any sequence on.
pub async fn recorded_bids_read_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = sale(&*store, 5, 5).await;
    let epoch = begin(&*store, &campaign).await;
    let mut bids: Vec<_> = (1..=10)
        .map(|sequence| event(&campaign, fresh(), sequence))
        .collect();
    bids[1] = AcceptedBid {
        name: None,
        price: Money::ZERO,
        weight: Weight::ZERO,
        score: Score::default(),
        ..bids[1].clone()
    };
    bids[2] = AcceptedBid {
        name: Some(Arc::from("")),
        price: Money::MAX,
        weight: Weight::MAX,
        score: Score::MAX,
        rank: Rank::behind(u32::MAX as usize - 1),
        bid_number: u32::MAX,
        elapsed_ms: 1 << 40,
        at: Timestamp::from_millis(1 << 42),
        ..bids[2].clone()
    };
    let whole = batch(epoch, 0, 10, &bids);
    store
        .record(campaign.id, &whole)
        .await
        .expect("it is recorded");
    let read = async |after, limit| {
        let bids = store.bids(campaign.id, Sequence::new(after), limit).await;
        bids.expect("they can be read")
    };
    assert_eq!(read(0, 100).await, bids);
    assert_eq!(read(0, 3).await, bids[..3]);
    assert_eq!(read(3, 4).await, bids[3..7]);
    assert_eq!(read(9, 4).await, bids[9..]);
    assert_eq!(read(10, 4).await, []);
    assert_eq!(read(2, 0).await, []);
}

/// One bidder's bids, the newest first, of this campaign alone.
pub async fn a_bidders_history_is_newest_first<S: Ledger + ?Sized>(store: Arc<S>) {
    let (who, other) = (fresh(), fresh());
    let mut expected = Vec::new();
    for _ in 0..2 {
        let campaign = sale(&*store, 5, 5).await;
        let epoch = begin(&*store, &campaign).await;
        let bids: Vec<_> = (1..=9)
            .map(|sequence| {
                event(
                    &campaign,
                    if sequence % 3 == 0 { other } else { who },
                    sequence,
                )
            })
            .collect();
        // The later stretch comes first.
        for (after, through) in [(5, 9), (0, 5)] {
            let stretch = cut(epoch, after, through, &bids);
            store
                .record(campaign.id, &stretch)
                .await
                .expect("it is recorded");
        }
        let own: Vec<_> = bids
            .into_iter()
            .rev()
            .filter(|bid| bid.bidder == who)
            .collect();
        expected.push((campaign.id, own));
    }
    for (campaign, own) in expected {
        for (page, part) in [
            (WHOLE, &own[..]),
            (page(0, 2), &own[..2]),
            (page(2, 2), &own[2..4]),
            (page(4, 9), &own[4..]),
            (page(6, 9), &[]),
        ] {
            let read = store.bids_of(campaign, who, page).await;
            let read = read.expect("they can be read");
            assert_eq!((read.items.as_slice(), read.total), (part, 6));
        }
    }
}

/// As they were planned: by rank in a campaign, newest first of a bidder, and each by its id.
pub async fn orders_read_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let who = bidders(5);
    let mut of_first = Vec::new();
    for age in [30, 10, 20, 20] {
        let (campaign, mut plan) = sealed(&*store, 9, 6, &who).await;
        for order in &mut plan.orders {
            order.created_at = order.created_at.after(Duration::from_mins(60 - age));
            order.pay_by = order.created_at.after(Duration::from_millis(1));
        }
        let settled = store.commit_settlement(&plan, TOKEN).await;
        assert_eq!(settled.expect("it is settled"), Settlement::Committed);
        for (page, part) in [
            (WHOLE, &plan.orders[..]),
            (page(0, 2), &plan.orders[..2]),
            (page(2, 2), &plan.orders[2..4]),
            (page(4, 2), &plan.orders[4..]),
            (page(5, 2), &[]),
        ] {
            let read = store.orders_in(campaign.id, page).await;
            let read = read.expect("they can be read");
            assert_eq!((read.items.as_slice(), read.total), (part, 5));
        }
        for order in &plan.orders {
            let read = store.order(order.id).await.expect("it can be read");
            assert_eq!(read.as_ref(), Some(order));
        }
        of_first.push(plan.orders[0].clone());
    }
    of_first.sort_by_key(|order| (Reverse(order.created_at), order.id));
    for (page, part) in [
        (WHOLE, &of_first[..]),
        (page(1, 2), &of_first[1..3]),
        (page(4, 1), &[]),
    ] {
        let read = store
            .orders_of(who[0], page)
            .await
            .expect("they can be read");
        assert_eq!((read.items.as_slice(), read.total), (part, 4));
    }
}

/// Entries stay, in order, until somebody says that they arrived; those that come later stay anyway.
pub async fn the_outbox_keeps_what_is_not_acknowledged<S: Ledger + ?Sized>(store: Arc<S>) {
    let read = async |limit| store.outbox(limit).await.expect("it can be read");
    assert_eq!(read(10).await, []);
    let (_, first) = sealed(&*store, 9, 6, &bidders(2)).await;
    store
        .commit_settlement(&first, TOKEN)
        .await
        .expect("it is settled");
    let entries = read(10).await;
    assert_eq!(entries.len(), 3);
    assert!(entries.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(read(2).await, entries[..2]);
    assert_eq!(read(10).await, entries, "reading takes nothing");
    for _ in 0..2 {
        let acknowledged = store.acknowledge_outbox(entries[1].position).await;
        acknowledged.expect("it is acknowledged");
        assert_eq!(read(10).await, entries[2..]);
    }
    let (campaign, second) = sealed(&*store, 9, 6, &bidders(1)).await;
    store
        .commit_settlement(&second, TOKEN)
        .await
        .expect("it is settled");
    let later = read(10).await;
    assert_eq!(later[0], entries[2]);
    let told: Vec<_> = later[1..].iter().map(|entry| entry.event).collect();
    let expected = [
        OutboxEvent::OrderCreated(second.orders[0].id),
        OutboxEvent::CampaignSettled(campaign.id),
    ];
    assert_eq!(told, expected);
    let last = later.last().map_or(0, |entry: &OutboxEntry| entry.position);
    store
        .acknowledge_outbox(last)
        .await
        .expect("it is acknowledged");
    assert_eq!(read(10).await, []);
    let (_, third) = sealed(&*store, 9, 6, &[]).await;
    store
        .commit_settlement(&third, TOKEN)
        .await
        .expect("it is settled");
    let newest = read(10).await;
    assert!(newest[0].position > last, "positions are not used again");
}
