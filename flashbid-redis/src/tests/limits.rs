//! What limits do when their server has been tampered with.

use std::time::Duration;

use flashbid_core::store::{Admission, Admitted, Limit};
use flashbid_core::time::{Clock, SystemClock};

use super::fresh;
use super::gate::meddle;

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
