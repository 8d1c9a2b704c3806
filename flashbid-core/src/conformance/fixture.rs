//! What the cases are made of.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::bid::{AcceptedBid, NewBid};
use crate::campaign::{Campaign, DEFAULT_PAYMENT_DEADLINE, Format, Phase, Rebid, Terms, Window};
use crate::error::StoreErrorKind;
use crate::id::{BidderId, CampaignId, IdSource, RandomIds};
use crate::money::{Money, Weight};
use crate::rank::{Rank, Sequence};
use crate::score::Weights;
use crate::stock::Units;
use crate::store::{BidBook, BookSeed, Epoch, EventBatch, Page, Placement, StoreResult};
use crate::ticket::Ticket;
use crate::time::{Clock, SystemClock, Timestamp};

/// An id that no other case uses.
pub(super) fn fresh<I: From<Uuid>>() -> I {
    RandomIds.fresh().into()
}

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

pub(super) fn hours(at: Timestamp, hours: i64) -> Timestamp {
    Timestamp::from_millis(at.millis() + hours * 3_600_000)
}

/// A window that takes bids now.
pub(super) fn running() -> Window {
    Window::new(hours(now(), -1), hours(now(), 1)).expect("it ends after it starts")
}

/// A window that has ended, for books that are to be sealed.
pub(super) fn past() -> Window {
    Window::new(hours(now(), -3), hours(now(), -2)).expect("it ends after it starts")
}

/// A window that has not begun.
pub(super) fn coming() -> Window {
    Window::new(hours(now(), 1), hours(now(), 2)).expect("it ends after it starts")
}

pub(super) fn units(units: u32) -> Units {
    Units::new(units).expect("a case counts few units")
}

pub(super) fn money(whole: u32) -> Money {
    Money::from_ten_thousandths(i64::from(whole) * 10_000).expect("a case pays little")
}

pub(super) fn weights(alpha: &str, beta: &str, gamma: &str) -> Weights {
    let factor = |text: &str| text.parse().expect("a factor of a case is a number");
    Weights::new(factor(alpha), factor(beta), factor(gamma)).expect("its scores fit")
}

/// An open campaign with a quota of three, where the price alone makes the score.
pub(super) fn campaign(window: Window) -> Campaign {
    let terms = Terms {
        format: Format::Ranked {
            weights: weights("1", "0", "0"),
            rebid: Rebid::Latest,
        },
        window,
        quota: units(3),
        min_price: Money::ZERO,
        payment_deadline: DEFAULT_PAYMENT_DEADLINE,
        runners_up: None,
    };
    Campaign {
        phase: Phase::Open,
        version: 1,
        ..Campaign::scheduled(fresh(), fresh(), terms, window.start())
    }
}

/// An open campaign that sells three units to whoever comes first.
pub(super) fn first_come(window: Window, price: Money, per_buyer: Option<u32>) -> Campaign {
    let mut campaign = campaign(window);
    campaign.terms.format = Format::FirstCome {
        price,
        per_buyer: per_buyer.map(units),
    };
    campaign
}

/// A ticket that is good for ten minutes.
pub(super) fn ticket() -> Ticket {
    Ticket {
        id: fresh(),
        expires_at: now().after(Duration::from_mins(10)),
    }
}

pub(super) fn with_format(mut campaign: Campaign, weights: Weights, rebid: Rebid) -> Campaign {
    campaign.terms.format = Format::Ranked { weights, rebid };
    campaign
}

/// The first life of a book without bids.
pub(super) fn seed(campaign: &Campaign) -> BookSeed {
    BookSeed {
        campaign: campaign.clone(),
        epoch: Epoch::new(1),
        bids: Vec::new(),
    }
}

/// Opens an empty book of the campaign.
pub(super) async fn opened<S: BidBook + ?Sized>(store: &S, campaign: Campaign) -> Campaign {
    let epoch = store.open(&seed(&campaign)).await.expect("a book opens");
    assert_eq!(epoch, Epoch::new(1));
    campaign
}

/// A bid of somebody new, `elapsed_ms` after the start of the window.
pub(super) fn bid(window: Window, whole_price: u32, elapsed_ms: u64) -> NewBid {
    bid_of(fresh(), window, whole_price, elapsed_ms)
}

pub(super) fn bid_of(bidder: BidderId, window: Window, whole: u32, elapsed_ms: u64) -> NewBid {
    NewBid {
        id: fresh(),
        bidder,
        name: None,
        price: money(whole),
        weight: Weight::from_ten_thousandths(12_500).expect("a case weighs little"),
        at: Some(window.start().after(Duration::from_millis(elapsed_ms))),
        ticket: None,
    }
}

/// Places one bid that must be accepted now.
pub(super) async fn accept<S: BidBook + ?Sized>(
    store: &S,
    campaign: CampaignId,
    bid: &NewBid,
) -> AcceptedBid {
    match place_one(store, campaign, bid).await {
        Ok(Placement::Accepted(accepted)) => accepted,
        other => panic!("{bid:?} is accepted, but the store answers {other:?}"),
    }
}

/// Places one bid and answers its outcome.
pub(super) async fn place_one<S: BidBook + ?Sized>(
    store: &S,
    campaign: CampaignId,
    bid: &NewBid,
) -> Result<Placement, crate::Rejection> {
    let placed = store
        .place(campaign, std::slice::from_ref(bid))
        .await
        .expect("an open book takes a batch");
    assert_eq!(placed.outcomes.len(), 1, "one outcome a bid");
    placed.outcomes.into_iter().next().expect("there is one")
}

/// Every event of a book.
pub(super) async fn log<S: BidBook + ?Sized>(store: &S, campaign: CampaignId) -> Vec<AcceptedBid> {
    let events = store.events_after(campaign, Sequence::ZERO, 100_000).await;
    events.expect("an open book tells its events").bids
}

/// A bid as a ledger may get it, in a log where the n-th bid came n milliseconds after the start.
pub(super) fn event(campaign: &Campaign, bidder: BidderId, sequence: u64) -> AcceptedBid {
    let window = campaign.terms.window;
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        panic!("a first-come campaign has no bids");
    };
    let asked = bid_of(bidder, window, 100, sequence);
    AcceptedBid {
        id: asked.id,
        bidder,
        name: Some(Arc::from(format!("Zoë 'n° {sequence}' \u{1F389}"))),
        price: asked.price,
        weight: asked.weight,
        score: weights.score(asked.price, sequence, asked.weight),
        rank: Rank::FIRST,
        sequence: Sequence::new(sequence),
        at: window.start().after(Duration::from_millis(sequence)),
        elapsed_ms: sequence,
        bid_number: 1,
    }
}

/// The stretch of a log that `bids` make up.
pub(super) fn batch(epoch: Epoch, after: u64, through: u64, bids: &[AcceptedBid]) -> EventBatch {
    EventBatch {
        epoch,
        after: Sequence::new(after),
        through: Sequence::new(through),
        bids: bids.to_vec(),
    }
}

/// A stretch of a log, with every bid of the log that is in it.
pub(super) fn cut(epoch: Epoch, after: u64, through: u64, log: &[AcceptedBid]) -> EventBatch {
    let mut stretch = batch(epoch, after, through, log);
    let within = stretch.after.next()..=stretch.through;
    stretch.bids.retain(|bid| within.contains(&bid.sequence));
    stretch
}

pub(super) const fn page(skip: u64, limit: u32) -> Page {
    Page { skip, limit }
}

/// More than any list of a case has.
pub(super) const WHOLE: Page = page(0, 100_000);

/// How the call fails.
pub(super) fn failure<T: Debug>(result: StoreResult<T>) -> StoreErrorKind {
    result.expect_err("the store must refuse this").kind
}

/// Runs the calls at once and answers their results in no order.
pub(super) async fn at_once<T, F>(calls: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let calls: Vec<F> = calls.into_iter().collect();
    // On a busy machine the first call would be over before the last one is there.
    let start = Arc::new(Barrier::new(calls.len()));
    let mut running = JoinSet::new();
    for call in calls {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    running.join_all().await
}

/// Asks again and again until there is an answer.
pub(super) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} takes too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
