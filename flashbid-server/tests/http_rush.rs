//! Everybody bids at once, over HTTP.

mod house;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::campaign::Phase;
use flashbid_core::engine::audit::standings;
use flashbid_core::rank::Sequence;
use flashbid_core::store::Page;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use house::{House, LASTS, Person, until};

const BIDDERS: usize = 1_000;
const CONNECTIONS: usize = 200;
const UNITS: u32 = 50;

/// Without exact allocation under load, a unit is sold twice, or to somebody who was outbid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_bidders_over_200_connections_get_exactly_the_right_orders() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let house = Arc::new(House::open(Duration::from_secs(2)).await);
    let people = house.people(BIDDERS).await;
    let campaign = house.campaign_scored(UNITS, ["1", "1000", "100"]).await;

    let start = Arc::new(Barrier::new(CONNECTIONS));
    let rush: Vec<_> = people
        .chunks(BIDDERS / CONNECTIONS)
        .zip(seed..)
        .map(|(people, seed)| {
            let (house, people, start) = (house.clone(), people.to_vec(), start.clone());
            tokio::spawn(async move {
                let connection = reqwest::Client::builder()
                    .no_proxy()
                    .pool_max_idle_per_host(1)
                    .build()
                    .unwrap();
                let mut random = StdRng::seed_from_u64(seed);
                start.wait().await;
                let mut sequences = Vec::new();
                for round in 0..2 {
                    for person in &people {
                        // Few prices and one moment: many scores are equal, and the earlier bid must win.
                        let price = random.random_range(100..130) + 5 * round;
                        sequences.push(bid(&house, &connection, campaign, person, price).await);
                        if random.random_ratio(1, 50) {
                            house.clock.advance(Duration::from_millis(1));
                        }
                    }
                }
                sequences
            })
        })
        .collect();
    let mut answered = HashSet::new();
    for connection in rush {
        for sequence in connection.await.unwrap() {
            assert!(answered.insert(sequence), "{sequence} was given twice");
        }
    }
    assert_eq!(answered.len(), 2 * BIDDERS);

    house.clock.advance(LASTS);
    let engine = house.engine();
    until(async || {
        let current = engine.campaign(campaign).await.unwrap().unwrap();
        current.phase == Phase::Settled
    })
    .await;

    let everything = Page {
        skip: 0,
        limit: 10_000,
    };
    let orders = engine.orders_in(campaign, everything).await.unwrap().items;
    let history = engine.ledger().bids(campaign, Sequence::ZERO, 10_000);
    let history = history.await.unwrap();
    assert_eq!(history.len(), 2 * BIDDERS);
    let format = engine.known_campaign(campaign).await.unwrap().terms.format;
    let recomputed = standings(format, &history);
    assert_eq!(recomputed.len(), BIDDERS);

    let ranks: Vec<u32> = orders
        .iter()
        .map(|order| order.rank().unwrap().get())
        .collect();
    assert_eq!(ranks, (1..=UNITS).collect::<Vec<_>>());
    let winners: HashSet<_> = orders.iter().map(|order| order.bidder).collect();
    assert_eq!(winners.len(), orders.len(), "a bidder has two orders");
    for (order, standing) in orders.iter().zip(&recomputed) {
        assert_eq!(order.bid(), Some(standing.id));
        assert_eq!(order.bidder, standing.bidder);
        assert_eq!(order.price, standing.price);
        assert_eq!(order.score(), Some(standing.score));
    }
    let verdict = engine.verify(campaign).await.unwrap();
    assert!(verdict.is_consistent(), "{verdict:?}");

    for person in people.iter().step_by(10) {
        let own = house.http.get(house.url("/api/v1/orders"));
        let own = own.bearer_auth(&person.token).send().await.unwrap();
        let own: Value = own.json().await.unwrap();
        assert_eq!(own["total"], u32::from(winners.contains(&person.id)));
    }
}

/// Bids, and answers the sequence of the bid.
async fn bid(
    house: &House,
    connection: &reqwest::Client,
    campaign: flashbid_core::id::CampaignId,
    person: &Person,
    price: u32,
) -> u64 {
    let answer = connection
        .post(house.url("/api/v1/bids"))
        .bearer_auth(&person.token)
        .json(&json!({"campaign_id": campaign.to_string(), "price": price}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.unwrap();
    answer["sequence"].as_u64().unwrap()
}
