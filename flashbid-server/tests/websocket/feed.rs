//! What a watcher is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flashbid_core::rank::Sequence;
use flashbid_core::store::Page;
use flashbid_server::config::Durability;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::house::{Heard, House, LASTS, PATIENCE, Watcher, sequence, until};
use crate::{NEVER, SOON};

#[tokio::test]
async fn a_watcher_starts_with_a_snapshot() {
    let house = House::open(NEVER).await;
    let people = house.people(3).await;
    let campaign = house.campaign(2).await;
    for (person, price) in people.iter().zip([500, 700, 600]) {
        house.bid(campaign, person, price).await.unwrap();
    }
    let mut watcher = house.watch(campaign, &people[0], None).await;
    let event = watcher.event().await;
    assert_eq!(event["event"], "ranking_update");
    assert_eq!(sequence(&event), 3);
    let data = &event["data"];
    assert_eq!(data["campaign_id"], campaign.to_string());
    assert_eq!(data["total_participants"], 3);
    assert_eq!(data["min_winning_score"], 600.0);
    assert_eq!(data["max_score"], 700.0);
    assert!(data["timestamp"].as_str().unwrap().ends_with('Z'));
    let top: Vec<&Value> = data["top_k"].as_array().unwrap().iter().collect();
    let line = |rank: u32, person: usize, amount: f64| {
        json!({
            "rank": rank,
            "user_id": people[person].id.to_string(),
            "username": people[person].name,
            "score": amount,
            "price": amount,
        })
    };
    assert_eq!(top, [&line(1, 1, 700.0), &line(2, 2, 600.0)]);
}

#[tokio::test]
async fn a_ranking_is_pushed_when_it_has_changed_and_only_then() {
    let house = House::open(SOON).await;
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    let mut watcher = house.watch(campaign, &people[0], None).await;
    assert_eq!(sequence(&watcher.event().await), 0);
    house.bid(campaign, &people[1], 10).await.unwrap();
    let event = watcher.event().await;
    assert_eq!(event["event"], "ranking_update");
    assert_eq!(sequence(&event), 1);
    assert_eq!(event["data"]["total_participants"], 1);
    tokio::time::sleep(SOON * 10).await;
    assert!(watcher.hears_nothing().await);
}

#[tokio::test]
async fn a_bid_is_told_at_once_and_to_its_bidder_alone() {
    let house = House::open(NEVER).await;
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    let mut watchers = Vec::new();
    for person in &people {
        let mut watcher = house.watch(campaign, person, None).await;
        watcher.event_named("ranking_update").await;
        watchers.push(watcher);
    }
    let answer = house
        .http
        .post(house.url("/api/v1/bids"))
        .bearer_auth(&people[0].token)
        .json(&json!({"campaign_id": campaign.to_string(), "price": "12.34"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.unwrap();
    let told = watchers[0].event().await;
    assert_eq!(told["event"], "bid_accepted");
    assert_eq!(told["sequence"], answer["sequence"]);
    for field in [
        "bid_id",
        "campaign_id",
        "price",
        "score",
        "rank",
        "time_elapsed_ms",
    ] {
        assert_eq!(told["data"][field], answer[field], "{field}");
    }
    assert_eq!(told["data"]["timestamp"], answer["created_at"]);
    assert!(watchers[1].hears_nothing().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resuming_again_and_again_loses_nothing_and_repeats_nothing() {
    const BIDS: u64 = 600;
    let house = Arc::new(House::open(Duration::from_millis(7)).await);
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    let bidding = tokio::spawn({
        let (house, people) = (house.clone(), people.clone());
        async move {
            for price in 1..=BIDS {
                for person in &people {
                    house.bid(campaign, person, price).await.unwrap();
                }
            }
        }
    });

    let (mut last, mut own, mut connections) = (0, Vec::new(), 0);
    while last < 2 * BIDS {
        let mut watcher = house.watch(campaign, &people[0], Some(last)).await;
        connections += 1;
        // The connection breaks after some messages: some of them in the replay, some behind it.
        for _ in 0..=connections % 11 * 3 {
            if last >= 2 * BIDS {
                break;
            }
            let event = watcher.event().await;
            assert!(sequence(&event) >= last, "{event} after {last}");
            if event["event"] == "bid_accepted" {
                assert!(sequence(&event) > last, "{event} again after {last}");
                own.push(sequence(&event));
            }
            last = sequence(&event);
        }
    }
    bidding.await.unwrap();

    let page = Page {
        skip: 0,
        limit: 10_000,
    };
    let history = house.engine().history(campaign, people[0].id, page).await;
    let mut history: Vec<u64> = history
        .unwrap()
        .items
        .iter()
        .map(|bid| bid.sequence.get())
        .collect();
    history.reverse();
    assert_eq!(own, history);
    assert!(connections > 10, "{connections} connections");
}

#[tokio::test]
async fn who_missed_nothing_is_told_nothing() {
    let house = House::open(NEVER).await;
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    house.bid(campaign, &people[0], 10).await.unwrap();
    let mut watcher = house.watch(campaign, &people[0], Some(1)).await;
    // Let in by now: joins are taken in order.
    house
        .watch(campaign, &people[1], None)
        .await
        .event_named("ranking_update")
        .await;
    assert!(watcher.hears_nothing().await);
    house.bid(campaign, &people[0], 11).await.unwrap();
    let event = watcher.event().await;
    assert_eq!(event["event"], "bid_accepted");
    assert_eq!(sequence(&event), 2);
}

#[tokio::test]
async fn a_position_that_is_too_old_or_unknown_starts_with_a_snapshot() {
    const LONG: u64 = 10_050;
    let house = House::open(NEVER).await;
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    house.bid(campaign, &people[0], 1).await.unwrap();
    for price in (1..LONG).collect::<Vec<_>>().chunks(500) {
        let bids = price
            .iter()
            .map(|price| house.bid(campaign, &people[1], *price));
        for bid in join_all(bids).await {
            bid.unwrap();
        }
    }
    let too_old = house.feed(&campaign.to_string(), &people[1].token, Some(0));
    let beyond = house.feed(&campaign.to_string(), &people[1].token, Some(LONG + 1));
    let nonsense = format!(
        "{}&since=-1x",
        house.feed(&campaign.to_string(), &people[1].token, None)
    );
    for url in [too_old, beyond, nonsense] {
        let mut watcher = Watcher::connect(&url).await;
        let event = watcher.event().await;
        assert_eq!(event["event"], "ranking_update", "{url}");
        assert_eq!(sequence(&event), LONG, "{url}");
        assert!(watcher.hears_nothing().await, "{url}");
    }
    // Just young enough: all own bids behind it, then the ranking.
    let mut watcher = house.watch(campaign, &people[1], Some(LONG - 10_000)).await;
    for expected in LONG - 10_000 + 1..=LONG {
        let event = watcher.event().await;
        assert_eq!(event["event"], "bid_accepted");
        assert_eq!(sequence(&event), expected);
    }
    assert_eq!(watcher.event().await["event"], "ranking_update");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_see_the_same_order() {
    const BIDS: u64 = 400;
    let house = House::open(Duration::from_millis(5)).await;
    let people = house.people(2).await;
    let campaign = house.campaign(3).await;
    let mut watchers = Vec::new();
    for _ in 0..2 {
        let mut watcher = house.watch(campaign, &people[0], None).await;
        assert_eq!(sequence(&watcher.event().await), 0);
        watchers.push(watcher);
    }
    let bidding = async {
        for price in 1..=BIDS {
            let bids = people
                .iter()
                .map(|person| house.bid(campaign, person, price));
            for bid in join_all(bids).await {
                bid.unwrap();
            }
        }
    };
    let hearing = join_all(watchers.iter_mut().map(async |watcher| {
        let mut heard = Vec::new();
        loop {
            let event = watcher.event().await;
            let is_last = event["event"] == "ranking_update" && sequence(&event) == 2 * BIDS;
            heard.push(event);
            if is_last {
                return heard;
            }
        }
    }));
    let ((), heard) = tokio::join!(bidding, hearing);
    assert_eq!(heard[0], heard[1]);
    assert!(heard[0].is_sorted_by_key(sequence));
    let own = heard[0]
        .iter()
        .filter(|event| event["event"] == "bid_accepted");
    assert_eq!(own.count() as u64, BIDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_is_dropped_without_slowing_others() {
    let house = Arc::new(House::open(Duration::from_millis(5)).await);
    // Many winners make a long ranking, so that the sockets' buffers are soon full.
    let people = house.people(1_000).await;
    let campaign = house.campaign(1_000).await;
    join_all(people.iter().map(|person| house.bid(campaign, person, 5))).await;

    // It says hello with small buffers, then never reads.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let slow = socket.connect(house.server.address()).await.unwrap();
    let url = house.feed(&campaign.to_string(), &people[0].token, None);
    let (slow, _) = tokio_tungstenite::client_async(url, slow).await.unwrap();
    let mut quick = house.watch(campaign, &people[1], None).await;
    quick.event_named("ranking_update").await;
    let connections = house.server.state().connections();
    until(async || connections.len() == 3).await;

    let done = Arc::new(AtomicBool::new(false));
    let flood = tokio::spawn({
        let (house, done, people) = (house.clone(), done.clone(), people.clone());
        async move {
            for price in 6.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let bids = people[..32]
                    .iter()
                    .map(|_| house.bid(campaign, &people[0], price));
                join_all(bids).await;
            }
        }
    });
    // One task for the campaign, one a socket: the slow one's ends while the quick one goes on hearing in time.
    let mut told = 0;
    let hearing = async {
        while connections.len() > 2 {
            let bid = house.bid(campaign, &people[1], 5).await.unwrap();
            let heard = async {
                while sequence(&quick.event_named("bid_accepted").await) < bid.sequence.get() {}
            };
            timeout(Duration::from_secs(5), heard)
                .await
                .expect("in time");
            told += 1;
        }
    };
    timeout(PATIENCE * 2, hearing).await.expect("it is dropped");
    done.store(true, Ordering::Relaxed);
    flood.await.unwrap();
    assert!(told > 10, "{told} bids were told meanwhile");
    assert!(house.counts("flashbid_websockets_dropped_total 1"));
    assert!(house.counts("flashbid_websockets_open 1"));
    drop(slow);
}

#[tokio::test]
async fn the_end_is_told_to_winner_loser_and_spectator_each_their_own() {
    let house = House::open(SOON).await;
    let people = house.people(3).await;
    let campaign = house.campaign(1).await;
    let mut watchers = Vec::new();
    for person in &people {
        watchers.push(house.watch(campaign, person, None).await);
    }
    house.bid(campaign, &people[0], 700).await.unwrap();
    house.bid(campaign, &people[1], 600).await.unwrap();
    house.clock.advance(LASTS);
    let ends: [(bool, Value); 3] = [
        (true, json!([1, 700.0, 700.0])),
        (false, json!([2, 600.0, 600.0])),
        (false, json!([null, null, null])),
    ];
    let check = |event: &Value, (is_winner, rest): &(bool, Value)| {
        let data = &event["data"];
        assert_eq!(event["event"], "campaign_ended");
        assert_eq!(sequence(event), 3);
        assert_eq!(data["campaign_id"], campaign.to_string());
        assert_eq!(data["is_winner"], *is_winner);
        let found = json!([data["final_rank"], data["final_score"], data["final_price"]]);
        assert_eq!(found, *rest);
    };
    for (watcher, end) in watchers.iter_mut().zip(&ends) {
        // The last ranking comes first.
        loop {
            let event = watcher.event().await;
            if event["event"] == "campaign_ended" {
                check(&event, end);
                break;
            }
        }
        assert!(watcher.hears_nothing().await);
    }
    // Who comes later, and who was away, hears of it too; who knows of it does not hear it again.
    for (person, end) in people.iter().zip(&ends) {
        let mut late = house.watch(campaign, person, None).await;
        assert_eq!(sequence(&late.event_named("ranking_update").await), 2);
        check(&late.event().await, end);
        let mut away = house.watch(campaign, person, Some(2)).await;
        check(&away.event().await, end);
        let mut told = house.watch(campaign, person, Some(3)).await;
        let mut other = house.watch(campaign, person, Some(2)).await;
        other.event_named("campaign_ended").await;
        assert!(told.hears_nothing().await);
    }
}

#[tokio::test]
async fn a_log_that_was_lost_makes_watchers_start_anew() {
    let house = House::open_with(|config| {
        config.durability = Durability::Hot;
        config.settlement_interval = NEVER;
        config.ranking_interval = NEVER;
    })
    .await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let mut watcher = house.watch(campaign, &person, None).await;
    watcher.event_named("ranking_update").await;
    for price in [5, 6] {
        house.bid(campaign, &person, price).await.unwrap();
    }
    for sequence_told in [1, 2] {
        let event = watcher.event_named("bid_accepted").await;
        assert_eq!(sequence(&event), sequence_told);
    }
    house.engine().hot().discard(campaign).await.unwrap();
    assert_eq!(watcher.hear().await, Heard::Closed(1012));
    let mut watcher = house.watch(campaign, &person, Some(2)).await;
    let event = watcher.event().await;
    assert_eq!(event["event"], "ranking_update");
    assert_eq!(sequence(&event), 0);
}

#[tokio::test]
async fn the_task_of_a_campaign_ends_when_nobody_watches() {
    let house = House::open(NEVER).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let connections = house.server.state().connections();
    for _ in 0..3 {
        let mut watcher = house.watch(campaign, &person, None).await;
        watcher.event_named("ranking_update").await;
        assert_eq!(connections.len(), 2);
        drop(watcher);
        until(async || connections.is_empty()).await;
    }
    let checkpoint = house.engine().ledger().checkpoint(campaign).await;
    assert_eq!(checkpoint.unwrap(), Sequence::ZERO);
}
