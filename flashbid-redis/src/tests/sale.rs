//! What the tests of books sell, and to whom.

use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, NewBid};
use flashbid_core::campaign::{
    Campaign, DEFAULT_PAYMENT_DEADLINE, Format, Phase, Rebid, Terms, Window,
};
use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::money::{Money, Weight};
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, BookSeed, Epoch};
use flashbid_core::time::{Clock, SystemClock, Timestamp};

use crate::RedisHot;

/// A campaign that takes bids now, where the price alone makes the score.
pub(super) fn campaign() -> Campaign {
    let now = SystemClock.now().millis();
    let at = |hours: i64| Timestamp::from_millis(now + hours * 3_600_000);
    let factor = |text: &str| text.parse().unwrap();
    let weights = Weights::new(factor("1"), factor("0"), factor("0")).unwrap();
    let terms = Terms {
        format: Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        window: Window::new(at(-1), at(1)).unwrap(),
        quota: Units::new(3).unwrap(),
        min_price: Money::ZERO,
        payment_deadline: DEFAULT_PAYMENT_DEADLINE,
        runners_up: None,
    };
    let (id, product) = (RandomIds.fresh().into(), RandomIds.fresh().into());
    Campaign {
        phase: Phase::Open,
        version: 1,
        ..Campaign::scheduled(id, product, terms, at(-1))
    }
}

pub(super) fn seed(campaign: &Campaign, epoch: u64, bids: &[AcceptedBid]) -> BookSeed {
    BookSeed {
        campaign: campaign.clone(),
        epoch: Epoch::new(epoch),
        bids: bids.to_vec(),
    }
}

/// A campaign with an empty book in epoch 1.
pub(super) async fn opened(hot: &RedisHot) -> Campaign {
    let campaign = campaign();
    hot.open(&seed(&campaign, 1, &[])).await.unwrap();
    campaign
}

/// A bid of somebody new.
pub(super) fn bid(whole: i64) -> NewBid {
    NewBid {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        name: None,
        price: Money::from_ten_thousandths(whole * 10_000).unwrap(),
        weight: Weight::ZERO,
        ticket: None,
        at: None,
    }
}

/// Places bids that must be accepted, as one batch.
pub(super) async fn accept(
    hot: &RedisHot,
    campaign: &Campaign,
    bids: &[NewBid],
) -> Vec<AcceptedBid> {
    let placed = hot.place(campaign.id, bids).await.unwrap();
    let outcomes = placed.outcomes.into_iter();
    outcomes
        .map(|outcome| outcome.unwrap().into_bid())
        .collect()
}

/// Every event of a book.
pub(super) async fn log(hot: &RedisHot, campaign: &Campaign) -> Vec<AcceptedBid> {
    let events = hot.events_after(campaign.id, Sequence::ZERO, 1_000_000);
    events.await.unwrap().bids
}

/// A log as a ledger may have it: `n` bids of so many bidders in turn.
pub(super) fn history(campaign: &Campaign, n: u64, bidders: usize) -> Vec<AcceptedBid> {
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        panic!("it is ranked")
    };
    let who: Vec<_> = (0..bidders).map(|_| RandomIds.fresh().into()).collect();
    (1..=n)
        .zip(who.iter().cycle())
        .map(|(sequence, bidder)| {
            let asked = bid(i64::try_from(sequence * 7919 % 10_007).unwrap());
            AcceptedBid {
                id: asked.id,
                bidder: *bidder,
                name: Some("Zoë".into()),
                price: asked.price,
                weight: asked.weight,
                score: weights.score(asked.price, sequence, asked.weight),
                rank: flashbid_core::rank::Rank::FIRST,
                sequence: Sequence::new(sequence),
                at: campaign
                    .terms
                    .window
                    .start()
                    .after(Duration::from_millis(sequence)),
                elapsed_ms: sequence,
                bid_number: 1,
            }
        })
        .collect()
}
