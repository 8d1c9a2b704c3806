//! Units that nobody paid for, offered to those below.

use std::collections::BTreeSet;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, Phase, RunnersUp};
use flashbid_core::id::{BidId, BidderId, OrderId};
use flashbid_core::money::{Money, Weight};
use flashbid_core::order::OrderStatus;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::settle::offer;
use flashbid_core::stock::{Level, Units};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{START, campaign, ranked, runners_up, units};

fn bidder(number: usize) -> BidderId {
    BidderId::new(Uuid::from_u128(100 + number as u128))
}

/// A sealed ranking in which bidder 0 is the first.
fn standings(count: usize) -> Vec<AcceptedBid> {
    let standing = |number| AcceptedBid {
        id: BidId::new(Uuid::from_u128(number as u128)),
        bidder: bidder(number),
        name: None,
        price: Money::ZERO,
        weight: Weight::ZERO,
        score: Score::default(),
        rank: Rank::FIRST,
        sequence: Sequence::new(1 + number as u64),
        at: START,
        elapsed_ms: 0,
        bid_number: 1,
    };
    (0..count).map(standing).collect()
}

/// A settled campaign of which so many units are left.
fn settled(quota: u32, left: u32, terms: Option<RunnersUp>) -> Campaign {
    Campaign {
        stock: Level {
            available: units(left),
            held: units(quota - left),
            sold: Units::ZERO,
        },
        ..campaign(ranked(), terms, quota, Phase::Settled)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn each_unit_is_offered_once_to_the_best_below(
        (quota, left) in (1..8_u32).prop_flat_map(|quota| (Just(quota), 0..=quota)),
        places in prop::option::of(0..6_u32),
        bidders in 0..20_usize,
        served in prop::collection::btree_set(0..20_usize, 0..8),
    ) {
        let campaign = settled(quota, left, places.map(runners_up));
        let standings = standings(bidders);
        let served: BTreeSet<BidderId> = served.into_iter().map(bidder).collect();
        let again = || offer(&campaign, &standings, |who| served.contains(&who), START);
        let plan = again();
        prop_assert_eq!(&plan, &again(), "the same state gives the same plan");
        let Some(plan) = plan else {
            prop_assert_eq!(left, 0);
            return Ok(());
        };
        let quota = quota as usize;
        let end = bidders.min(quota + places.unwrap_or(0) as usize);
        let expected: Vec<usize> = (quota..end.max(quota))
            .filter(|number| !served.contains(&bidder(*number)))
            .take(left as usize)
            .collect();
        let offered: Vec<_> = plan.orders.iter().map(|order| order.bidder).collect();
        let best: Vec<_> = expected.iter().map(|number| bidder(*number)).collect();
        prop_assert_eq!(offered, best);
        prop_assert_eq!(plan.orders.len() + plan.returned.get() as usize, left as usize);
        for (order, number) in plan.orders.iter().zip(expected) {
            prop_assert_eq!(order.id, OrderId::derive(campaign.id, order.bidder));
            prop_assert_eq!(order.rank(), Some(Rank::behind(number)));
            prop_assert_eq!(order.units, Units::ONE);
            prop_assert_eq!(order.status, OrderStatus::PendingPayment);
            prop_assert_eq!(order.pay_by, START.after(runners_up(0).payment_deadline));
        }
    }

    /// Nobody ever pays: offer follows offer, until all is back.
    #[test]
    fn offers_end_and_nobody_gets_two(
        quota in 1..6_u32,
        places in 0..10_u32,
        bidders in 0..20_usize,
    ) {
        let mut campaign = settled(quota, quota, Some(runners_up(places)));
        let standings = standings(bidders);
        let mut served: BTreeSet<BidderId> = (0..quota as usize).map(bidder).collect();
        let mut back = 0;
        for _ in 0..=places + 1 {
            let plan = offer(&campaign, &standings, |who| served.contains(&who), START);
            let Some(plan) = plan else { break };
            for order in &plan.orders {
                prop_assert!(served.insert(order.bidder), "a second offer");
            }
            back += plan.returned.get();
            campaign.stock.available = Units::try_from(plan.orders.len()).unwrap();
        }
        prop_assert_eq!(campaign.stock.available, Units::ZERO);
        prop_assert_eq!(back, quota);
        prop_assert!(served.len() <= (quota + places) as usize);
    }
}

#[test]
fn only_a_settled_campaign_offers() {
    for phase in [
        Phase::Scheduled,
        Phase::Open,
        Phase::Sealing,
        Phase::Cancelled,
    ] {
        let campaign = Campaign {
            phase,
            ..settled(2, 1, Some(runners_up(3)))
        };
        let plan = offer(&campaign, &standings(9), |_| false, START);
        assert_eq!(plan, None, "{phase:?}");
    }
}
