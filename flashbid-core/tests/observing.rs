//! What an engine tells its observer of a sale.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{
    Durability, EngineBuilder, Flow, Lanes, Lookup, NewCampaign, NewProduct, Observation, Observer,
    SettleOutcome, Stage,
};
use flashbid_core::id::CampaignId;
use flashbid_core::order::OrderStatus;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Engine, Error, StoreErrorKind};

const LASTS: Duration = Duration::from_mins(1);

/// What was told, in words.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    /// What was told since this was last asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn observe(&self, observation: Observation<'_>) {
        let words = match observation {
            Observation::Batch { flow, size } => format!("{flow:?} batch of {size}"),
            Observation::Stage {
                flow,
                stage,
                succeeded,
                ..
            } => format!("{flow:?} through {stage:?} {succeeded}"),
            Observation::StoreFailed { error } => format!("{} {:?}", error.operation, error.kind),
            Observation::Looked { lookup, found } => format!("{lookup:?} {found}"),
            Observation::Due { campaigns } => format!("{} due", campaigns.len()),
            Observation::Relayed {
                flow,
                events,
                waited,
                result,
                ..
            } => format!("{flow:?} relayed {events} {waited:?} {}", result.is_ok()),
            Observation::Settled { orders, late, .. } => format!("settled {orders} after {late:?}"),
            Observation::OrdersMoved { to, orders } => format!("{orders} {}", to.as_str()),
            Observation::Allocated { units, quota, .. } => format!("{units} of {quota}"),
            other => panic!("{other:?}"),
        };
        self.0.lock().unwrap().push(words);
    }
}

struct Scene {
    engine: Engine,
    clock: Arc<ManualClock>,
    notes: Arc<Notes>,
    campaign: CampaignId,
}

impl Scene {
    async fn open(with: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
        let notes = Arc::new(Notes::default());
        let builder = Engine::builder()
            .clock(clock.clone())
            .observer(notes.clone());
        let engine = with(builder).build();
        let lamp = NewProduct {
            name: "Lamp".to_owned(),
            description: None,
            image_url: None,
            stock: Units::new(2).unwrap(),
            min_price: "1".parse().unwrap(),
        };
        let product = engine.add_product(lamp).await.unwrap().id;
        let (one, none) = ("1".parse().unwrap(), "0".parse().unwrap());
        let format = Format::Ranked {
            weights: Weights::new(one, none, none).unwrap(),
            rebid: Rebid::Latest,
        };
        let window = Window::new(engine.now(), engine.now().after(LASTS)).unwrap();
        let sale = NewCampaign::new(product, format, window);
        let campaign = engine.add_campaign(sale).await.unwrap().id;
        notes.take();
        Self {
            engine,
            clock,
            notes,
            campaign,
        }
    }

    async fn bid(&self, price: &str) -> Result<(), Error> {
        let price = price.parse().unwrap();
        let bid = Bid::new(self.engine.fresh_id(), price, "1".parse().unwrap());
        let placed = self.engine.place_bid(self.campaign, bid).await;
        placed.map(drop)
    }
}

fn told(flow: Flow, stage: Stage, succeeded: bool) -> String {
    format!("{flow:?} through {stage:?} {succeeded}")
}

#[tokio::test]
async fn a_sale_is_told_from_its_first_bid_to_its_orders() {
    let scene = Scene::open(|builder| builder).await;
    scene.bid("5").await.unwrap();
    let first = scene.notes.take();
    // Kept since it was made.
    assert_eq!(first[0], format!("{:?} true", Lookup::Process));
    assert!(first.contains(&"place NotFound".to_owned()), "{first:?}");

    scene.bid("6").await.unwrap();
    scene.bid("7").await.unwrap();
    let batch = [
        format!("{:?} true", Lookup::Process),
        "Bids batch of 1".to_owned(),
        told(Flow::Bids, Stage::Hot, true),
        told(Flow::Bids, Stage::Ledger, true),
    ];
    assert_eq!(scene.notes.take(), [batch.clone(), batch].concat());

    scene.engine.tend().await.unwrap();
    let tended = scene.notes.take();
    assert_eq!(tended[0], "1 due");
    assert_eq!(tended.last().unwrap(), "Bids relayed 0 None true");

    scene.clock.advance(LASTS + Duration::from_secs(3));
    let settled = scene.engine.settle(scene.campaign).await.unwrap();
    assert_eq!(settled, SettleOutcome::Settled { orders: 2 });
    let told = scene.notes.take();
    assert_eq!(
        told[told.len() - 3..],
        [
            "settled 2 after 3s".to_owned(),
            format!("2 {}", OrderStatus::PendingPayment.as_str()),
            "2 of 2".to_owned(),
        ]
    );
    scene.engine.tend().await.unwrap();
    assert_eq!(scene.notes.take(), ["0 due"]);
    assert_eq!(scene.engine.lanes(), Lanes::default());
}

#[tokio::test]
async fn the_relay_tells_what_the_ledger_lacked_and_for_how_long() {
    let scene = Scene::open(|builder| builder.durability(Durability::Hot)).await;
    for _ in 0..3 {
        scene.bid("5").await.unwrap();
        scene.clock.advance(Duration::from_secs(1));
    }
    scene.notes.take();
    scene.engine.relay(scene.campaign).await.unwrap();
    scene.engine.relay(scene.campaign).await.unwrap();
    assert_eq!(
        scene.notes.take(),
        ["Bids relayed 3 Some(3s) true", "Bids relayed 0 None true"]
    );
}

#[tokio::test]
async fn every_failed_call_of_a_store_is_told() {
    let scene = Scene::open(|builder| builder).await;
    scene.bid("5").await.unwrap();
    scene.engine.hot().discard(scene.campaign).await.unwrap();
    scene.notes.take();
    scene.bid("6").await.unwrap();
    let notes = scene.notes.take();
    let failed = format!("place {:?}", StoreErrorKind::NotFound);
    assert_eq!(notes.iter().filter(|note| **note == failed).count(), 2);
    let stages = [Stage::Hot, Stage::Ledger].map(|stage| told(Flow::Bids, stage, true));
    assert_eq!(notes[notes.len() - 2..], stages);
}
