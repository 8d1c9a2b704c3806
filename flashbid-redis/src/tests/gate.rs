//! What counters and limits do when their server has been tampered with.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Window;
use flashbid_core::id::{CampaignId, IdSource, RandomIds};
use flashbid_core::stock::Units;
use flashbid_core::store::{Admission, Admitted, GateSeed, HoldRequest, Limit, Purpose, StockGate};
use flashbid_core::time::{Clock, SystemClock};
use redis::cmd;

use super::fresh;
use crate::RedisHot;

/// Sends a command past the scripts.
async fn meddle(hot: &RedisHot, words: &[&str]) {
    let mut command = cmd(words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    let answer = hot.link.send(&command).await.unwrap();
    answer.extract_error().unwrap();
}

fn running() -> Window {
    let now = SystemClock.now();
    Window::new(now, now.after(Duration::from_hours(1))).unwrap()
}

/// The clock was set back by more than the window: nobody is refused until it has caught up.
#[tokio::test]
async fn a_limit_begins_anew_when_the_clock_was_set_far_back() {
    let hot = fresh().await;
    let window = Duration::from_mins(1);
    let limit = Limit::new("user", 1, window).unwrap();
    let log = format!("{}:60000:user", hot.key("limit", "bids"));
    let future = SystemClock.now().after(Duration::from_hours(1)).millis();
    meddle(&hot, &["RPUSH", &log, &future.to_string()]).await;
    let admitted = hot.admit("bids", std::slice::from_ref(&limit)).await;
    assert_eq!(admitted.unwrap(), Admitted::Yes { remaining: 0 });
    let refused = hot.admit("bids", &[limit]).await.unwrap();
    assert!(matches!(refused, Admitted::No { .. }), "it counts again");
}

/// A counter that has lost units is not made to count below nothing.
#[tokio::test]
async fn a_counter_that_lost_units_is_corrupt_and_stays_as_it_is() {
    let hot = fresh().await;
    let campaign: CampaignId = RandomIds.fresh().into();
    let seed = GateSeed {
        campaign,
        window: running(),
        quota: Units::new(3).unwrap(),
        per_buyer: None,
        sealed: false,
        holds: Vec::new(),
    };
    hot.load(&seed).await.unwrap();
    let request = HoldRequest {
        id: RandomIds.fresh().into(),
        bidder: RandomIds.fresh().into(),
        units: Units::ONE,
        expires_at: SystemClock.now().after(Duration::from_mins(1)),
        purpose: Purpose::Cart,
        ticket: None,
        at: None,
    };
    let held = hot.hold(campaign, &[request]).await.unwrap();
    assert!(held[0].is_ok());
    meddle(&hot, &["HSET", &hot.key("stock", campaign), "held", "0"]).await;
    for _ in 0..2 {
        let released = hot.release(campaign, &[request.id]).await;
        assert_eq!(released.unwrap_err().kind, StoreErrorKind::Corrupt);
    }
}
