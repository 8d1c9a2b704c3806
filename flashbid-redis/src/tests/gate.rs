//! What counters do when their server has been tampered with.

use std::time::Duration;

use flashbid_core::campaign::Window;
use flashbid_core::id::{CampaignId, HoldId, IdSource, RandomIds};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{
    GateContents, GateSeed, HoldRepair, HoldRequest, Purpose, StockGate, StoreResult,
};
use flashbid_core::ticket::Ticket;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use flashbid_core::{Rejection, StoreErrorKind};
use redis::{Value, cmd};

use super::fresh;
use crate::RedisHot;

const KINDS: [&str; 6] = ["stock", "holds", "taken", "due", "pending", "tickets"];

/// Sends a command past the scripts.
pub(super) async fn meddle(hot: &RedisHot, words: &[&str]) -> Value {
    let mut command = cmd(words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    let answer = hot.link.send(&command).await.unwrap();
    answer.extract_error().unwrap()
}

/// Sends a command about one hold past the scripts.
async fn meddle_with_hold(hot: &RedisHot, word: &str, key: &str, hold: HoldId, rest: &[&str]) {
    let mut command = cmd(word);
    command.arg(key).arg(hold.as_bytes()).arg(rest);
    let answer = hot.link.send(&command).await.unwrap();
    assert_ne!(answer.extract_error().unwrap(), Value::Int(-1));
}

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

/// A time so many minutes before now.
fn ago(minutes: u64) -> Timestamp {
    Timestamp::from_millis(SystemClock.now().millis() - i64::try_from(minutes).unwrap() * 60_000)
}

fn seed() -> GateSeed {
    let end = SystemClock.now().after(Duration::from_hours(1));
    GateSeed {
        campaign: RandomIds.fresh().into(),
        window: Window::new(ago(60), end).unwrap(),
        quota: units(9),
        per_buyer: Some(units(3)),
        sealed: false,
        holds: Vec::new(),
    }
}

fn request(purpose: Purpose) -> HoldRequest {
    HoldRequest {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        units: Units::ONE,
        expires_at: SystemClock.now().after(Duration::from_mins(1)),
        purpose,
        ticket: None,
        at: None,
    }
}

fn purchase() -> HoldRequest {
    request(Purpose::Purchase(RandomIds.fresh().into()))
}

async fn loaded(hot: &RedisHot) -> GateSeed {
    let seed = seed();
    hot.load(&seed).await.unwrap();
    seed
}

/// Takes units that must be there.
async fn hold(hot: &RedisHot, campaign: CampaignId, batch: &[HoldRequest]) -> Vec<Hold> {
    let held = hot.hold(campaign, batch).await.unwrap();
    held.into_iter().map(Result::unwrap).collect()
}

async fn contents(hot: &RedisHot, campaign: CampaignId) -> GateContents {
    hot.contents(campaign).await.unwrap().unwrap()
}

/// Everything that the server holds of a counter, as bytes.
async fn dump(hot: &RedisHot, campaign: CampaignId) -> Vec<Value> {
    let mut dump = Vec::new();
    for kind in KINDS {
        dump.push(meddle(hot, &["DUMP", &hot.key(kind, campaign)]).await);
    }
    dump
}

/// Everything that needs the counter does not find it.
async fn is_missing(hot: &RedisHot, campaign: CampaignId, known: HoldId) {
    let (holds, now) = ([known], SystemClock.now());
    let failures = [
        hot.hold(campaign, &[purchase()]).await.err(),
        hot.holds(campaign, &holds).await.err(),
        hot.consume(campaign, &holds).await.err(),
        hot.release(campaign, &holds).await.err(),
        hot.expire(campaign, &holds).await.err(),
        hot.due(campaign, now, 9).await.err(),
        hot.pending(campaign, 9).await.err(),
        hot.acknowledge(campaign, &holds).await.err(),
        hot.close(campaign).await.err(),
        hot.repair(campaign, units(9), &[]).await.err(),
    ];
    for failure in failures {
        assert_eq!(failure.unwrap().kind, StoreErrorKind::NotFound);
    }
    assert_eq!(hot.level(campaign).await.unwrap(), None);
    assert_eq!(hot.contents(campaign).await.unwrap(), None);
}

fn kind<T: std::fmt::Debug>(result: StoreResult<T>) -> StoreErrorKind {
    result.unwrap_err().kind
}

/// What a server that took over has is older than what buyers were told; what waits in it is kept all the same.
#[tokio::test]
async fn a_counter_of_another_server_is_loaded_again_and_keeps_what_waits() {
    let hot = fresh().await;
    let mut seed = loaded(&hot).await;
    let (campaign, stock) = (seed.campaign, hot.key("stock", seed.campaign));
    let requests = [
        purchase(),
        purchase(),
        purchase(),
        request(Purpose::Cart),
        request(Purpose::Allocation),
    ];
    let held = hold(&hot, campaign, &requests).await;
    let waiting = hot.pending(campaign, 9).await.unwrap();
    let changes = hot.level(campaign).await.unwrap().unwrap().changes;
    meddle_with_hold(&hot, "HDEL", &hot.key("holds", campaign), held[2].id, &[]).await;

    meddle(&hot, &["HSET", &stock, "server", "another"]).await;
    is_missing(&hot, campaign, held[0].id).await;
    let paid = Hold {
        state: HoldState::Consumed,
        ..held[0]
    };
    seed.holds = vec![paid];
    let level = hot.load(&seed).await.unwrap();
    assert_eq!(
        [level.available, level.held, level.sold],
        [units(7), units(1), units(1)]
    );
    let now = contents(&hot, campaign).await;
    let mut kept = vec![paid, held[1]];
    kept.sort_unstable_by_key(|hold| hold.id);
    assert_eq!(now.holds, kept, "a cart is nothing, and one was lost");
    let purchases: Vec<_> = now
        .pending
        .iter()
        .map(|it| (it.purchase, it.hold))
        .collect();
    assert_eq!(
        purchases,
        [(waiting[0].purchase, paid), (waiting[1].purchase, held[1])]
    );
    let stats = hot.level(campaign).await.unwrap().unwrap();
    assert!(stats.changes > changes);
    assert_eq!(stats.pending, 2);
    hold(&hot, campaign, &[purchase()]).await;
    let order: Vec<_> = hot.pending(campaign, 2).await.unwrap();
    assert_eq!(order, now.pending, "who came later waits behind them");
}

/// A counter of which somebody has deleted a part is taken for one that is not there.
#[tokio::test]
async fn a_counter_that_lacks_a_figure_is_loaded_again() {
    let hot = fresh().await;
    for figure in [
        "server",
        "available",
        "held",
        "sold",
        "quota",
        "queued",
        "changes",
        "start",
        "end",
    ] {
        let seed = loaded(&hot).await;
        let held = hold(&hot, seed.campaign, &[purchase()]).await;
        meddle(&hot, &["HDEL", &hot.key("stock", seed.campaign), figure]).await;
        let level = hot.load(&seed).await.unwrap();
        assert_eq!(level, Level::loaded_with(units(9)).hold(units(1)).unwrap());
        assert_eq!(contents(&hot, seed.campaign).await.holds, held, "{figure}");
    }
}

/// A counter that is forgotten leaves what waits, and loads it again.
#[tokio::test]
async fn an_unloaded_counter_leaves_what_waits() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let campaign = seed.campaign;
    let held = hold(
        &hot,
        campaign,
        &[purchase(), purchase(), request(Purpose::Cart)],
    )
    .await;
    let holds = hot.key("holds", campaign);
    meddle_with_hold(&hot, "HDEL", &holds, held[0].id, &[]).await;
    for _ in 0..2 {
        hot.unload(campaign).await.unwrap();
        assert_eq!(meddle(&hot, &["HLEN", &holds]).await, Value::Int(1));
    }
    hot.load(&seed).await.unwrap();
    assert_eq!(contents(&hot, campaign).await.holds, [held[1]]);
    hot.acknowledge(campaign, &[held[1].id]).await.unwrap();
    hot.unload(campaign).await.unwrap();
    for kind in KINDS {
        let key = hot.key(kind, campaign);
        assert_eq!(
            meddle(&hot, &["EXISTS", &key]).await,
            Value::Int(0),
            "{kind}"
        );
    }
}

/// Tickets that have expired take no room, and are not good again when the clock is set back.
#[tokio::test]
async fn expired_tickets_are_forgotten_and_stay_spent() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let at = |minutes, ticket| HoldRequest {
        at: Some(ago(minutes)),
        ticket: Some(ticket),
        ..purchase()
    };
    let ticket = |minutes| Ticket {
        id: RandomIds.fresh().into(),
        expires_at: ago(minutes),
    };
    let (first, second) = (ticket(40), ticket(10));
    hold(&hot, seed.campaign, &[at(50, first)]).await;
    hold(&hot, seed.campaign, &[at(30, second)]).await;
    let tickets = hot.key("tickets", seed.campaign);
    assert_eq!(meddle(&hot, &["ZCARD", &tickets]).await, Value::Int(1));
    let again = [at(50, first), at(30, second), at(50, ticket(45))];
    let again = hot.hold(seed.campaign, &again).await.unwrap();
    assert_eq!(again[0], Err(Rejection::TicketSpent));
    assert_eq!(again[1], Err(Rejection::TicketSpent));
    assert_eq!(
        again[2],
        Err(Rejection::TicketSpent),
        "it may have been used"
    );
}

/// A script that fails in the middle must not have written the first half of what it does.
#[tokio::test]
async fn a_damaged_counter_is_corrupt_and_stays_as_it_is() {
    let hot = fresh().await;
    for damaged in KINDS {
        let seed = loaded(&hot).await;
        let campaign = seed.campaign;
        let held = hold(&hot, campaign, &[purchase(), purchase()]).await;
        meddle(&hot, &["SET", &hot.key(damaged, campaign), "nonsense"]).await;
        let before = dump(&hot, campaign).await;
        let with_ticket = HoldRequest {
            ticket: Some(Ticket {
                id: RandomIds.fresh().into(),
                expires_at: SystemClock.now().after(Duration::from_mins(1)),
            }),
            ..purchase()
        };
        let refused = hot.hold(campaign, &[purchase(), with_ticket]).await;
        assert_eq!(kind(refused), StoreErrorKind::Corrupt, "{damaged}");
        if !matches!(damaged, "pending" | "tickets") {
            let refused = hot.release(campaign, &[held[0].id]).await;
            assert_eq!(kind(refused), StoreErrorKind::Corrupt, "{damaged}");
        }
        if matches!(damaged, "stock" | "holds" | "pending") {
            let repair = HoldRepair {
                hold: Hold {
                    state: HoldState::Released,
                    ..held[0]
                },
                seen: Some(HoldState::Held),
            };
            let refused = hot.repair(campaign, units(9), &[repair]).await;
            assert_eq!(kind(refused), StoreErrorKind::Corrupt, "{damaged}");
        }
        assert_eq!(dump(&hot, campaign).await, before, "{damaged}");
    }
}

/// What a hold is, is not guessed.
#[tokio::test]
async fn a_damaged_hold_is_corrupt_and_stays_as_it_is() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let campaign = seed.campaign;
    let held = hold(&hot, campaign, &[purchase(), purchase()]).await;
    let holds = hot.key("holds", campaign);
    meddle_with_hold(&hot, "HSET", &holds, held[1].id, &["short"]).await;
    let before = dump(&hot, campaign).await;
    let ids = [held[0].id, held[1].id];
    for refused in [
        hot.release(campaign, &ids).await.map(drop),
        hot.holds(campaign, &ids).await.map(drop),
        hot.contents(campaign).await.map(drop),
        hot.repair(campaign, units(9), &[]).await.map(drop),
    ] {
        assert_eq!(kind(refused), StoreErrorKind::Corrupt);
    }
    assert_eq!(dump(&hot, campaign).await, before);
}

/// Holds that somebody deleted by hand hold up nobody, and a repair forgets that they wait.
#[tokio::test]
async fn lost_holds_hold_up_nobody() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let campaign = seed.campaign;
    let held = hold(&hot, campaign, &[purchase(), purchase()]).await;
    let holds = hot.key("holds", campaign);
    meddle_with_hold(&hot, "HDEL", &holds, held[0].id, &[]).await;
    let late = SystemClock.now().after(Duration::from_hours(1));
    assert_eq!(hot.due(campaign, late, 9).await.unwrap(), [held[1]]);
    let waiting = hot.pending(campaign, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].hold, held[1]);
    assert_eq!(contents(&hot, campaign).await.pending, waiting);

    let level = hot.repair(campaign, units(9), &[]).await.unwrap();
    assert_eq!(level.held, units(1));
    let stats = hot.level(campaign).await.unwrap().unwrap();
    assert_eq!((stats.level, stats.pending), (level, 1));
    assert_eq!(stats.oldest_pending, Some(held[1].taken_at));
}

/// Counters that were raised beyond any number, or below nothing, read as what is nearest, and are repaired.
#[tokio::test]
async fn figures_that_cannot_be_are_repaired() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let campaign = seed.campaign;
    let held = hold(&hot, campaign, &[purchase()]).await;
    let (stock, taken) = (hot.key("stock", campaign), hot.key("taken", campaign));
    meddle(&hot, &["HSET", &stock, "available", "1e15", "held", "-4"]).await;
    let mut raise = cmd("HSET");
    let raise = raise.arg(&taken).arg(held[0].bidder.as_bytes()).arg("-1");
    hot.link.send(raise).await.unwrap();
    let found = contents(&hot, campaign).await;
    assert_eq!(found.level.available, Units::MAX);
    assert_eq!(found.level.held, Units::ZERO);
    assert_eq!(found.taken, []);
    hot.repair(campaign, units(9), &[]).await.unwrap();
    let right = contents(&hot, campaign).await;
    assert_eq!(
        right.level,
        Level::loaded_with(units(9)).hold(units(1)).unwrap()
    );
    assert_eq!(right.taken, [(held[0].bidder, units(1))]);
}

#[tokio::test]
async fn no_requests_change_nothing() {
    let hot = fresh().await;
    let seed = loaded(&hot).await;
    let before = dump(&hot, seed.campaign).await;
    assert_eq!(hot.hold(seed.campaign, &[]).await.unwrap(), []);
    assert_eq!(hot.holds(seed.campaign, &[]).await.unwrap(), []);
    assert_eq!(hot.release(seed.campaign, &[]).await.unwrap(), []);
    hot.acknowledge(seed.campaign, &[]).await.unwrap();
    assert_eq!(dump(&hot, seed.campaign).await, before);
}

/// A counter that has lost units is not made to count below nothing.
#[tokio::test]
async fn a_counter_that_lost_units_is_corrupt_and_stays_as_it_is() {
    let hot = fresh().await;
    let campaign = loaded(&hot).await.campaign;
    let held = hold(&hot, campaign, &[request(Purpose::Cart)]).await;
    meddle(&hot, &["HSET", &hot.key("stock", campaign), "held", "0"]).await;
    for _ in 0..2 {
        let released = hot.release(campaign, &[held[0].id]).await;
        assert_eq!(released.unwrap_err().kind, StoreErrorKind::Corrupt);
    }
}
