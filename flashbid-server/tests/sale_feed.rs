//! The live feed of a first-come campaign, through a real socket.

mod house;

use std::time::Duration;

use flashbid_core::bid::IdempotencyKey;
use flashbid_core::campaign::{Format, Window};
use flashbid_core::engine::{Buy, NewCampaign, NewProduct};
use flashbid_core::id::{CampaignId, OrderId};
use flashbid_core::order::PaymentId;
use flashbid_core::stock::Units;
use serde_json::{Value, json};

use house::{House, LASTS, Person, Watcher, sequence};

const SOON: Duration = Duration::from_millis(20);

/// A first-come campaign of `units` at 5 each, for as long as [`LASTS`].
async fn sale(house: &House, units: u32) -> CampaignId {
    let engine = house.engine();
    let product = engine
        .add_product(NewProduct {
            name: "Lamp".to_owned(),
            description: None,
            image_url: None,
            stock: Units::new(units).unwrap(),
            min_price: "1".parse().unwrap(),
        })
        .await
        .unwrap();
    let format = Format::FirstCome {
        price: "5".parse().unwrap(),
        per_buyer: None,
    };
    let window = Window::new(engine.now(), engine.now().after(LASTS)).unwrap();
    let sale = NewCampaign {
        payment_deadline: Duration::from_mins(1),
        ..NewCampaign::new(product.id, format, window)
    };
    engine.add_campaign(sale).await.unwrap().id
}

async fn buy(house: &House, campaign: CampaignId, by: &Person, units: u32) -> OrderId {
    let buy = Buy {
        bidder: by.id,
        units: Units::new(units).unwrap(),
        key: None::<IdempotencyKey>,
        ticket: None,
        at: None,
    };
    let bought = house.engine().purchase(campaign, buy).await.unwrap();
    bought.order.expect("an order").id
}

async fn pay(house: &House, order: OrderId) {
    let payment = PaymentId::new("paid").unwrap();
    house.engine().pay(order, payment).await.unwrap();
}

fn units(event: &Value) -> [u64; 3] {
    assert_eq!(event["event"], "stock_update", "{event}");
    ["available", "held", "sold"].map(|name| event["data"][name].as_u64().unwrap())
}

/// The next change of an order: which, its status, and where.
async fn told(watcher: &mut Watcher) -> (String, String, u64) {
    let event = watcher.event_named("order_update").await;
    let text = |name: &str| event["data"][name].as_str().unwrap().to_owned();
    (text("order_id"), text("status"), sequence(&event))
}

/// Listens until so much is left.
async fn until_left(watcher: &mut Watcher, expected: [u64; 3]) {
    while units(&watcher.event_named("stock_update").await) != expected {}
}

#[tokio::test]
async fn what_is_left_is_told_on_connection_and_when_it_changes() {
    let house = House::open(SOON).await;
    let people = house.people(2).await;
    let campaign = sale(&house, 3).await;
    let mut watcher = house.watch(campaign, &people[0], None).await;
    let first = watcher.event().await;
    assert_eq!(units(&first), [3, 0, 0]);
    assert_eq!(first["data"]["campaign_id"], campaign.to_string());
    assert!(first["data"]["timestamp"].as_str().unwrap().ends_with('Z'));
    let order = buy(&house, campaign, &people[1], 2).await;
    until_left(&mut watcher, [1, 2, 0]).await;
    pay(&house, order).await;
    until_left(&mut watcher, [1, 0, 2]).await;
    tokio::time::sleep(SOON * 20).await;
    assert!(watcher.hears_nothing().await, "nothing changes any more");
    let mut late = house.watch(campaign, &people[1], None).await;
    assert_eq!(units(&late.event().await), [1, 0, 2]);
}

#[tokio::test]
async fn each_change_of_an_order_is_told_to_its_buyer_alone() {
    let house = House::open(SOON).await;
    let people = house.people(2).await;
    let campaign = sale(&house, 3).await;
    let mut buyer = house.watch(campaign, &people[0], None).await;
    let mut other = house.watch(campaign, &people[1], None).await;
    for watcher in [&mut buyer, &mut other] {
        watcher.event_named("stock_update").await;
    }
    let order = buy(&house, campaign, &people[0], 2).await;
    let event = buyer.event_named("order_update").await;
    let data = &event["data"];
    assert_eq!(data["order_id"], order.to_string());
    assert_eq!(data["hold_id"], order.to_string());
    assert_eq!(data["campaign_id"], campaign.to_string());
    assert_eq!(data["quantity"], 2);
    assert_eq!(data["final_price"], 10.0);
    assert_eq!(data["status"], "pending_payment");
    pay(&house, order).await;
    let (id, status, at) = told(&mut buyer).await;
    assert_eq!((id, status.as_str()), (order.to_string(), "paid"));
    assert!(at > sequence(&event));
    let second = buy(&house, campaign, &people[0], 1).await;
    assert_eq!(told(&mut buyer).await.1, "pending_payment");
    house.clock.advance(Duration::from_mins(1));
    let (id, status, later) = told(&mut buyer).await;
    assert_eq!((id, status.as_str()), (second.to_string(), "expired"));
    assert!(later > at);
    // The other hears of the units alone.
    loop {
        let event = other.event().await;
        if units(&event) == [1, 0, 2] {
            break;
        }
    }
}

#[tokio::test]
async fn who_comes_back_hears_what_its_orders_have_become() {
    let house = House::open(SOON).await;
    let people = house.people(2).await;
    let campaign = sale(&house, 9).await;
    let mut watcher = house.watch(campaign, &people[0], None).await;
    watcher.event_named("stock_update").await;
    let first = buy(&house, campaign, &people[0], 1).await;
    let (_, _, mut at) = told(&mut watcher).await;
    drop(watcher);
    pay(&house, first).await;
    buy(&house, campaign, &people[1], 1).await;
    let second = buy(&house, campaign, &people[0], 1).await;
    let mut watcher = house.watch(campaign, &people[0], Some(at)).await;
    let mut heard = Vec::new();
    loop {
        let event = watcher.event().await;
        if event["event"] == "stock_update" {
            assert_eq!(units(&event), [6, 2, 1]);
            break;
        }
        assert!(sequence(&event) >= at);
        at = sequence(&event);
        let data = &event["data"];
        heard.push((data["order_id"].clone(), data["status"].clone()));
    }
    assert_eq!(
        heard,
        [
            (json!(first), json!("paid")),
            (json!(second), json!("pending_payment")),
        ]
    );
    // From nowhere, from the future, or as new: what is left, and then what comes.
    for since in [None, Some(1_000)] {
        let mut watcher = house.watch(campaign, &people[0], since).await;
        assert_eq!(units(&watcher.event().await), [6, 2, 1]);
    }
}

#[tokio::test]
async fn the_end_is_told_to_each_and_also_to_whoever_comes_later() {
    let house = House::open(SOON).await;
    let people = house.people(2).await;
    let campaign = sale(&house, 3).await;
    buy(&house, campaign, &people[0], 1).await;
    let mut watchers = Vec::new();
    for person in &people {
        let mut watcher = house.watch(campaign, person, None).await;
        watcher.event_named("stock_update").await;
        watchers.push(watcher);
    }
    // Nobody has paid the first by then; the second may still be paid.
    house.clock.advance(Duration::from_secs(59 * 60 + 30));
    buy(&house, campaign, &people[0], 1).await;
    house.clock.advance(Duration::from_secs(30));
    for later in [false, true] {
        for (person, is_winner) in people.iter().zip([true, false]) {
            let mut watcher = if later {
                house.watch(campaign, person, None).await
            } else {
                watchers.remove(0)
            };
            let ended = watcher.event_named("campaign_ended").await;
            assert_eq!(
                ended["data"],
                json!({
                    "campaign_id": campaign, "is_winner": is_winner,
                    "final_rank": null, "final_score": null,
                    "final_price": is_winner.then_some(5.0),
                })
            );
        }
    }
}
