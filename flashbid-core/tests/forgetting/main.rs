//! A book that forgets events which the ledger has costs no reader an event, no retry its answer, no winner its order.

mod book;

use std::sync::Arc;
use std::time::Duration;

use book::ForgetfulBook;
use flashbid_core::bid::{AcceptedBid, Bid, IdempotencyKey};
use flashbid_core::campaign::{Campaign, Format, Rebid, Window};
use flashbid_core::conformance::Faulty;
use flashbid_core::engine::{NewCampaign, NewProduct, Options, SettleOutcome};
use flashbid_core::id::BidderId;
use flashbid_core::memory::{MemoryBook, MemoryGate, MemoryHot, MemoryLedger};
use flashbid_core::money::{Money, Weight};
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::BidBook;
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine, StoreErrorKind};

flashbid_core::bid_book_conformance!(ForgetfulBook::default());

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_mins(1);
const PAGE: usize = 10;

type Hot = MemoryHot<Faulty<ForgetfulBook>, MemoryGate>;

struct Sale {
    clock: Arc<ManualClock>,
    book: Arc<ForgetfulBook>,
    hot: Arc<Hot>,
    ledger: Arc<MemoryLedger>,
    campaign: Campaign,
}

impl Sale {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let book = Arc::new(ForgetfulBook::new(MemoryBook::new(clock.clone())));
        let gate = MemoryGate::new(clock.clone());
        let hot = MemoryHot::of(Faulty::over(book.clone()), gate, clock.clone());
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::builder()
            .shared_ledger(ledger.clone())
            .clock(clock.clone())
            .build();
        let product = engine.add_product(NewProduct {
            name: "Lamp".into(),
            description: None,
            image_url: None,
            stock: Units::new(3).unwrap(),
            min_price: Money::ZERO,
        });
        let nothing = "0".parse().unwrap();
        let campaign = engine.add_campaign(NewCampaign::new(
            product.await.unwrap().id,
            Format::Ranked {
                weights: Weights::new("1".parse().unwrap(), nothing, nothing).unwrap(),
                rebid: Rebid::Latest,
            },
            Window::new(START, START.after(LENGTH)).unwrap(),
        ));
        Self {
            campaign: campaign.await.unwrap(),
            hot: Arc::new(hot),
            book,
            clock,
            ledger,
        }
    }

    fn node(&self, durability: Durability) -> Engine {
        let mut options = Options::default();
        options.relay_page = PAGE;
        Engine::builder()
            .shared_hot(self.hot.clone())
            .shared_ledger(self.ledger.clone())
            .durability(durability)
            .clock(self.clock.clone())
            .options(options)
            .build()
    }

    async fn bid(&self, node: &Engine, price: i64, key: &str) -> AcceptedBid {
        let price = Money::from_ten_thousandths(price).unwrap();
        let mut bid = Bid::new(bidder(key), price, Weight::ZERO);
        bid.key = Some(IdempotencyKey::new(key).unwrap());
        node.place_bid(self.campaign.id, bid).await.unwrap()
    }

    async fn bids(&self, node: &Engine, numbers: std::ops::Range<i64>) -> Vec<AcceptedBid> {
        let mut answers = Vec::new();
        for number in numbers {
            answers.push(self.bid(node, number, &number.to_string()).await);
        }
        answers
    }

    async fn all_events(&self, node: &Engine, limit: usize) -> Vec<AcceptedBid> {
        let (mut events, mut after) = (Vec::new(), Sequence::ZERO);
        loop {
            let page = node.events_after(self.campaign.id, after, limit).await;
            let page = page.unwrap();
            assert_eq!(page.after, after, "a reader is never sent further on");
            assert!(page.bids.len() <= limit);
            if page.through == after {
                return events;
            }
            events.extend(page.bids);
            after = page.through;
        }
    }
}

fn bidder(name: &str) -> BidderId {
    BidderId::new(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_OID,
        name.as_bytes(),
    ))
}

#[tokio::test]
async fn who_reads_from_the_start_gets_every_event() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let sale = Sale::new().await;
        let node = sale.node(durability);
        let mut answers = sale.bids(&node, 0..55).await;
        node.relay(sale.campaign.id).await.unwrap();
        assert_eq!(
            sale.book.forgotten_of(sale.campaign.id),
            Sequence::new(44),
            "all but the event at the end of the last page but one, and what follows"
        );
        answers.extend(sale.bids(&node, 55..60).await);
        for limit in [1, 7, 44, 45, 1_000] {
            assert_eq!(sale.all_events(&node, limit).await, answers, "by {limit}");
        }
    }
}

#[tokio::test]
async fn a_retry_of_a_forgotten_bid_gets_the_first_answer() {
    let sale = Sale::new().await;
    let node = sale.node(Durability::Ledger);
    let answers = sale.bids(&node, 0..40).await;
    node.relay(sale.campaign.id).await.unwrap();
    assert_eq!(sale.bids(&node, 0..40).await, answers);
}

/// The other node looked at the checkpoint before, and at the book after.
#[tokio::test]
async fn a_relay_that_was_overtaken_goes_on_behind_what_is_forgotten() {
    let sale = Sale::new().await;
    let (one, other) = (sale.node(Durability::Hot), sale.node(Durability::Hot));
    sale.bids(&one, 0..35).await;
    one.relay(sale.campaign.id).await.unwrap();
    sale.bids(&one, 35..70).await;
    let relayed = tokio::join!(one.relay(sale.campaign.id), other.relay(sale.campaign.id));
    assert_eq!(relayed.0.unwrap(), Sequence::new(70));
    assert_eq!(relayed.1.unwrap(), Sequence::new(70));
}

#[tokio::test]
async fn a_ledger_that_lost_what_the_book_forgot_is_not_settled_on() {
    let sale = Sale::new().await;
    let node = sale.node(Durability::Hot);
    sale.bids(&node, 0..5).await;
    let forgotten = sale.book.forget_events(sale.campaign.id, Sequence::new(4));
    forgotten.await.unwrap();
    let error = node.relay(sale.campaign.id).await.unwrap_err();
    let flashbid_core::Error::Store(error) = error else {
        panic!("{error} is not the store's");
    };
    assert_eq!(error.kind, StoreErrorKind::Conflict);
}

#[tokio::test]
async fn a_sale_whose_events_are_forgotten_settles_and_is_proved() {
    let sale = Sale::new().await;
    let node = sale.node(Durability::Hot);
    sale.bids(&node, 0..50).await;
    node.relay(sale.campaign.id).await.unwrap();
    sale.bids(&node, 50..63).await;
    sale.clock.set(START.after(LENGTH));
    let settled = node.settle(sale.campaign.id).await.unwrap();
    assert_eq!(settled, SettleOutcome::Settled { orders: 3 });
    assert!(node.verify(sale.campaign.id).await.unwrap().is_consistent());
}
