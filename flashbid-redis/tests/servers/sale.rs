//! A campaign, and bids for it.

use std::sync::Arc;
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
use flashbid_core::store::{BidBook, BookSeed, Epoch, Placement, StoreResult};
use flashbid_core::time::{Clock, SystemClock};
use flashbid_redis::RedisHot;

/// A campaign that takes bids now, ranked by price alone.
pub(crate) fn campaign() -> Campaign {
    let factor = |text: &str| text.parse().unwrap();
    let now = SystemClock.now();
    let window = Window::new(now, now.after(Duration::from_hours(1))).unwrap();
    campaign_with(
        Weights::new(factor("1"), factor("0"), factor("0")).unwrap(),
        window,
    )
}

pub(crate) fn campaign_with(weights: Weights, window: Window) -> Campaign {
    let terms = Terms {
        format: Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        window,
        quota: Units::ONE,
        min_price: Money::ZERO,
        payment_deadline: DEFAULT_PAYMENT_DEADLINE,
        runners_up: None,
    };
    let (id, product) = (RandomIds.fresh().into(), RandomIds.fresh().into());
    Campaign {
        phase: Phase::Open,
        version: 1,
        ..Campaign::scheduled(id, product, terms, window.start())
    }
}

pub(crate) fn seed(campaign: &Campaign, epoch: u64, bids: &[AcceptedBid]) -> BookSeed {
    BookSeed {
        campaign: campaign.clone(),
        epoch: Epoch::new(epoch),
        bids: bids.to_vec(),
    }
}

/// A campaign with an empty book.
pub(crate) async fn opened(hot: &RedisHot) -> Campaign {
    let campaign = campaign();
    hot.open(&seed(&campaign, 1, &[])).await.unwrap();
    campaign
}

/// A bid of somebody new.
pub(crate) fn bid(whole: i64) -> NewBid {
    NewBid {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        name: Some(Arc::from("somebody")),
        price: Money::from_ten_thousandths(whole * 10_000).unwrap(),
        weight: Weight::ZERO,
        ticket: None,
        at: None,
    }
}

pub(crate) async fn place(
    hot: &RedisHot,
    campaign: &Campaign,
    batch: &[NewBid],
) -> StoreResult<Vec<Placement>> {
    let placed = hot.place(campaign.id, batch).await?;
    let outcomes = placed.outcomes.into_iter();
    Ok(outcomes
        .map(|outcome| outcome.expect("it is a good bid"))
        .collect())
}

/// Every event of a book.
pub(crate) async fn log(hot: &RedisHot, campaign: &Campaign) -> Vec<AcceptedBid> {
    let events = hot.events_after(campaign.id, Sequence::ZERO, 1_000_000);
    events.await.unwrap().bids
}
