//! Who may connect, what may be said, and how a connection ends.

use std::time::Duration;

use futures_util::future::join_all;

use crate::NEVER;
use crate::house::{Heard, House, Watcher, until};

#[tokio::test]
async fn sockets_are_counted_while_they_are_open() {
    let house = House::open(NEVER).await;
    let people = house.people(2).await;
    let campaign = house.campaign(1).await;
    let mut watchers = Vec::new();
    for person in &people {
        let mut watcher = house.watch(campaign, person, None).await;
        watcher.event().await;
        watchers.push(watcher);
    }
    assert!(house.counts("flashbid_websockets_open 2"));
    drop(watchers);
    until(async || house.counts("flashbid_websockets_open 0")).await;
    assert!(house.counts("flashbid_websockets_dropped_total 0"));
}

#[tokio::test]
async fn a_connection_that_cannot_be_is_closed_with_its_code() {
    let house = House::open(NEVER).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let (address, token) = (house.server.address(), &person.token);
    for (url, code) in [
        (house.feed(&campaign.to_string(), "nonsense", None), 4001),
        (house.feed(&campaign.to_string(), "", None), 4001),
        (
            house.feed(&campaign.to_string(), &format!("{token}x"), None),
            4001,
        ),
        (
            house.feed(&campaign.to_string(), &"x".repeat(5_000), None),
            4001,
        ),
        (format!("ws://{address}/ws/{campaign}"), 4001),
        (format!("ws://{address}/ws/{campaign}?token=%ff"), 4001),
        (house.feed("nonsense", token, None), 4002),
        (house.feed("1", token, None), 4002),
        (house.feed("%ff", token, None), 4002),
        (house.feed(nowhere, token, None), 4004),
    ] {
        let mut watcher = Watcher::connect(&url).await;
        assert_eq!(watcher.hear().await, Heard::Closed(code), "{url}");
    }
}

#[tokio::test]
async fn a_token_of_the_past_is_a_bad_token() {
    let house = House::open(NEVER).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    house.clock.advance(Duration::from_hours(25));
    let mut watcher = house.watch(campaign, &person, None).await;
    assert_eq!(watcher.hear().await, Heard::Closed(4001));
}

#[tokio::test]
async fn ping_is_answered_and_other_words_are_not() {
    let house = House::open(NEVER).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let mut watcher = house.watch(campaign, &person, None).await;
    watcher.event_named("ranking_update").await;
    for word in ["", "PING", "{\"event\":\"bid_accepted\"}", "null"] {
        watcher.say(word).await.unwrap();
    }
    assert!(watcher.hears_nothing().await);
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection_and_no_other() {
    let house = House::open(NEVER).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let mut other = house.watch(campaign, &person, None).await;
    other.event_named("ranking_update").await;
    let mut watcher = house.watch(campaign, &person, None).await;
    watcher.event_named("ranking_update").await;
    // The server may hang up before it has heard all.
    let _ = watcher.say(&"x".repeat(1 << 20)).await;
    assert!(matches!(watcher.hear().await, Heard::Closed(_)));
    assert!(other.hears_nothing().await);
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_to_each() {
    let house = House::open(NEVER).await;
    let people = house.people(3).await;
    let campaign = house.campaign(1).await;
    let mut watchers = Vec::new();
    for person in &people {
        let mut watcher = house.watch(campaign, person, None).await;
        watcher.event_named("ranking_update").await;
        watchers.push(watcher);
    }
    let hearing = join_all(watchers.iter_mut().map(Watcher::hear));
    let (heard, ()) = tokio::join!(hearing, house.server.stop());
    assert_eq!(heard, vec![Heard::Closed(1001); 3]);
}

#[tokio::test]
async fn sockets_beyond_the_limit_are_refused_until_one_is_free() {
    let house = House::open_with(|config| config.max_sockets = 2).await;
    let person = house.people(1).await.remove(0);
    let campaign = house.campaign(1).await;
    let url = house.feed(&campaign.to_string(), &person.token, None);
    let first = Watcher::connect(&url).await;
    let _second = Watcher::connect(&url).await;
    let refused = tokio_tungstenite::connect_async(&url).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(answer) = refused else {
        panic!("{refused}");
    };
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    drop(first);
    until(async || tokio_tungstenite::connect_async(&url).await.is_ok()).await;
}

#[tokio::test]
async fn a_plain_request_is_told_what_to_speak() {
    let house = House::open(NEVER).await;
    let answer = house.http.get(house.url("/ws/x")).send().await.unwrap();
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
