//! A hot store that was lost, or that fell back to an older copy of itself, costs nothing that was acknowledged under
//! `Durability::Ledger`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::{AcceptedBid, Bid, IdempotencyKey};
use flashbid_core::campaign::{Campaign, DEFAULT_PAYMENT_DEADLINE, Format, Rebid, Window};
use flashbid_core::conformance::{Faulty, Moment};
use flashbid_core::engine::{NewCampaign, NewProduct, Options, SettleOutcome};
use flashbid_core::id::{BidderId, SeededIds};
use flashbid_core::memory::{MemoryHot, MemoryLedger};
use flashbid_core::rank::Sequence;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, BookSeed, Ledger, Page};
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine, Error, StoreErrorKind};
use uuid::Uuid;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_mins(1);

/// The stores that all nodes share, and a sale of two units to the highest prices.
struct Stores {
    clock: Arc<ManualClock>,
    hot: Arc<MemoryHot>,
    ledger: Arc<MemoryLedger>,
    campaign: Campaign,
}

/// A process; its way to each store may be disturbed.
struct Node {
    engine: Engine,
    hot: Arc<Faulty<MemoryHot>>,
    ledger: Arc<Faulty<MemoryLedger>>,
    campaign: Campaign,
}

impl Stores {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::builder()
            .shared_ledger(ledger.clone())
            .clock(clock.clone())
            .build();
        let product = engine.add_product(NewProduct {
            name: "Lamp".into(),
            description: None,
            image_url: None,
            stock: Units::new(2).unwrap(),
            min_price: "1".parse().unwrap(),
        });
        let nothing = "0".parse().unwrap();
        let campaign = engine.add_campaign(NewCampaign {
            product: product.await.unwrap().id,
            format: Format::Ranked {
                weights: Weights::new("1".parse().unwrap(), nothing, nothing).unwrap(),
                rebid: Rebid::Latest,
            },
            window: Window::new(START, START.after(LENGTH)).unwrap(),
            quota: None,
            payment_deadline: DEFAULT_PAYMENT_DEADLINE,
        });
        Self {
            campaign: campaign.await.unwrap(),
            hot: Arc::new(MemoryHot::new(clock.clone())),
            clock,
            ledger,
        }
    }

    fn node(&self, seed: u64, durability: Durability) -> Node {
        let hot = Arc::new(Faulty::over(self.hot.clone()));
        let ledger = Arc::new(Faulty::over(self.ledger.clone()));
        let mut options = Options::default();
        options.retries = 0;
        let engine = Engine::builder()
            .shared_hot(hot.clone())
            .shared_ledger(ledger.clone())
            .durability(durability)
            .clock(self.clock.clone())
            .ids(Arc::new(SeededIds::new(seed)))
            .options(options)
            .build();
        Node {
            engine,
            hot,
            ledger,
            campaign: self.campaign.clone(),
        }
    }

    /// The hot store is lost, and an empty one takes its place for all nodes.
    fn lose_hot(&mut self, nodes: &[&Node]) {
        self.hot = Arc::new(MemoryHot::new(self.clock.clone()));
        for node in nodes {
            node.hot.replace(self.hot.clone());
        }
    }

    /// The hot store is replaced by the copy of itself that it was when its log had `bids` bids, as by a replica that
    /// had not kept up.
    async fn fall_back(&mut self, nodes: &[&Node], bids: usize) {
        let id = self.campaign.id;
        let events = self.hot.events_after(id, Sequence::ZERO, bids).await;
        let events = events.unwrap();
        self.lose_hot(nodes);
        let copy = BookSeed {
            campaign: self.campaign.clone(),
            epoch: events.epoch,
            bids: events.bids,
        };
        self.hot.open(&copy).await.unwrap();
    }

    async fn recorded(&self) -> Vec<AcceptedBid> {
        let bids = self.ledger.bids(self.campaign.id, Sequence::ZERO, 1_000);
        bids.await.unwrap()
    }
}

impl Node {
    async fn bid(&self, bidder: u128, price: u32) -> AcceptedBid {
        self.try_bid(bidder, price).await.unwrap()
    }

    /// Bids with a key, so that the same bid again is a retry.
    async fn try_bid(&self, number: u128, price: u32) -> Result<AcceptedBid, Error> {
        let price = price.to_string();
        let bid = Bid {
            key: Some(IdempotencyKey::new(format!("{number}-{price}")).unwrap()),
            ..Bid::new(bidder(number), price.parse().unwrap(), "1".parse().unwrap())
        };
        self.engine.place_bid(self.campaign.id, bid).await
    }

    /// The prices of the ranking, best first.
    async fn prices(&self) -> Vec<String> {
        let ranking = self.engine.ranking(self.campaign.id, 1_000).await.unwrap();
        let prices = ranking.top.iter();
        prices
            .map(|standing| standing.bid.price.to_string())
            .collect()
    }

    async fn settle(&self) -> SettleOutcome {
        self.engine.settle(self.campaign.id).await.unwrap()
    }

    /// Settles, and answers the prices of the orders.
    async fn sold_at(&self) -> Vec<String> {
        assert_eq!(self.settle().await, SettleOutcome::Settled { orders: 2 });
        let verdict = self.engine.verify(self.campaign.id).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new());
        let page = Page { skip: 0, limit: 10 };
        let orders = self.engine.orders_in(self.campaign.id, page).await.unwrap();
        let orders = orders.items.iter();
        orders.map(|order| order.price.to_string()).collect()
    }
}

fn bidder(number: u128) -> BidderId {
    BidderId::new(Uuid::from_u128(number))
}

#[tokio::test(start_paused = true)]
async fn a_restored_book_continues_its_sequence_and_keeps_its_gaps() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    let first = node.bid(1, 10).await;
    let second = node.bid(2, 20).await;
    // The third bid is in the book alone: nobody was told of it.
    node.ledger.faults().lose_request("record", 3);
    let third = node.try_bid(3, 30).await.unwrap_err();
    assert!(matches!(third, Error::Store(error) if error.kind == StoreErrorKind::Indeterminate));
    let fourth = node.bid(4, 40).await;
    assert_eq!(fourth.sequence, Sequence::new(4));

    stores.lose_hot(&[&node]);
    assert_eq!(node.bid(1, 10).await, first);
    assert_eq!(node.bid(2, 20).await, second);
    assert_eq!(node.bid(4, 40).await, fourth);
    let third = node.bid(3, 30).await;
    assert_eq!(third.sequence, Sequence::new(5));
    let sequences = stores.recorded().await;
    let sequences: Vec<u64> = sequences.iter().map(|bid| bid.sequence.get()).collect();
    assert_eq!(sequences, [1, 2, 4, 5]);
    assert_eq!(node.prices().await, ["40.00", "30.00", "20.00", "10.00"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_write_for_a_lost_book_is_fenced_and_placed_again_once() {
    let mut stores = Stores::new().await;
    let [sleeper, other] = [1, 2].map(|seed| stores.node(seed, Durability::Ledger));
    sleeper.bid(1, 10).await;
    let record = sleeper.ledger.faults().calls() + 1;
    sleeper.ledger.faults().pause_at(record, Moment::Before);
    let faults = sleeper.ledger.faults();
    let mut late = pin!(sleeper.bid(2, 20));
    tokio::select! {
        bid = &mut late => panic!("{bid:?} was not paused"),
        () = faults.paused() => {}
    }
    assert_eq!(sleeper.ledger.faults().log().last(), Some(&"record"));

    stores.lose_hot(&[&sleeper, &other]);
    let between = other.bid(3, 30).await;
    assert_eq!(between.sequence, Sequence::new(2));
    faults.resume();
    let late = late.await;
    assert_eq!(late.sequence, Sequence::new(3));
    assert_eq!(sleeper.bid(2, 20).await, late);
    assert_eq!(other.bid(2, 20).await, late);
    assert_eq!(stores.recorded().await[1..], [between, late]);
}

#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_is_noticed_by_the_next_bid_and_repaired() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 1).await;
    let next = node.bid(4, 25).await;
    assert_eq!(next.sequence, Sequence::new(4));
    assert_eq!(node.prices().await, ["30.00", "25.00", "20.00", "10.00"]);
    assert_eq!(stores.recorded().await.len(), 4);
}

/// A settlement sealed the older copy, found the ledger ahead of it, and gave the units to its best bidders.
#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_is_repaired_before_it_is_settled() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 2).await;
    stores.clock.advance(LENGTH);
    assert_eq!(node.sold_at().await, ["40.00", "30.00"]);
}

/// A bid that an older copy of the book had accepted anew, at a sequence below the checkpoint, was taken for recorded
/// and acknowledged when it was placed again.
#[tokio::test(start_paused = true)]
async fn a_retry_in_a_book_that_fell_behind_is_recorded_before_it_is_acknowledged() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Ledger);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    stores.fall_back(&[&node], 1).await;
    let record = node.ledger.faults().calls_of("record") + 1;
    node.ledger.faults().lose_request("record", record);
    node.try_bid(4, 40).await.unwrap_err();
    let retried = node.bid(4, 40).await;
    assert!(stores.recorded().await.contains(&retried), "{retried:?}");
    assert_eq!(node.prices().await, ["40.00", "30.00", "20.00", "10.00"]);
}

/// The relay of a book that had fallen behind and grown past the checkpoint again saw nothing amiss: what the older
/// copy had accepted below the checkpoint never reached the ledger, and the settlement gave units for it.
#[tokio::test(start_paused = true)]
async fn a_book_that_fell_behind_and_caught_up_is_noticed_by_the_relay() {
    let mut stores = Stores::new().await;
    let node = stores.node(1, Durability::Hot);
    for (bidder, price) in [(1, 10), (2, 20), (3, 30)] {
        node.bid(bidder, price).await;
    }
    let id = stores.campaign.id;
    assert_eq!(node.engine.relay(id).await.unwrap(), Sequence::new(3));
    stores.fall_back(&[&node], 1).await;
    for (bidder, price) in [(4, 40), (5, 50), (6, 60)] {
        node.bid(bidder, price).await;
    }
    node.engine.relay(id).await.unwrap();
    let ranking = node.engine.ranking(id, 100).await.unwrap();
    let recorded = stores.recorded().await;
    assert_eq!(ranking.stats.bids, recorded.len() as u64);
    assert!(
        ranking
            .top
            .iter()
            .all(|standing| recorded.contains(&standing.bid))
    );
    stores.clock.advance(LENGTH);
    node.settle().await;
    let verdict = node.engine.verify(id).await.unwrap();
    assert_eq!(verdict.violations, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bidders_open_a_lost_book_once_a_node() {
    let mut stores = Stores::new().await;
    let nodes = [1, 2].map(|seed| Arc::new(stores.node(seed, Durability::Ledger)));
    nodes[0].bid(0, 5).await;
    stores.lose_hot(&[&nodes[0], &nodes[1]]);
    let opened = |node: &Node| node.ledger.faults().calls_of("begin_epoch");
    let earlier = opened(&nodes[0]);
    let bidding: Vec<_> = (1..=200)
        .map(|number| {
            let node = nodes[usize::from(number % 2 == 0)].clone();
            tokio::spawn(async move { node.bid(number, 10).await })
        })
        .collect();
    for bid in bidding {
        bid.await.unwrap();
    }
    assert!(opened(&nodes[0]) - earlier <= 1);
    assert!(opened(&nodes[1]) <= 1);
    assert_eq!(stores.recorded().await.len(), 201);
    assert_eq!(nodes[0].prices().await.len(), 201);
}

/// Two nodes met a campaign that nobody had opened, and both asked the ledger. One opened the book and took a bid, and
/// the other, which had asked later, replaced the book with an empty one.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_open_a_book_at_once_lose_no_acknowledged_bid() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let stores = Stores::new().await;
        let [fast, slow] = [1, 2].map(|seed| stores.node(seed, durability));
        let [fasts, slows] = [&fast, &slow].map(|node| node.hot.faults());
        fasts.pause_at(3, Moment::Before);
        slows.pause_at(3, Moment::Before);
        let (mut fast_bid, mut slow_bid) = (pin!(fast.bid(1, 20)), pin!(slow.bid(2, 10)));
        tokio::select! {
            bid = &mut fast_bid => panic!("{bid:?} was not paused"),
            () = fasts.paused() => {}
        }
        tokio::select! {
            bid = &mut slow_bid => panic!("{bid:?} was not paused"),
            () = slows.paused() => {}
        }
        for faults in [&fasts, &slows] {
            assert_eq!(faults.log(), ["place", "place", "open"]);
        }
        fasts.resume();
        let accepted = fast_bid.await;
        slows.resume();
        slow_bid.await;
        assert_eq!(fast.bid(1, 20).await, accepted, "{durability:?}");
        assert_eq!(slow.prices().await, ["20.00", "10.00"], "{durability:?}");
    }
}
