//! What copies of campaigns and the log of changes do when their server is another, or has lost something.

use std::time::Duration;

use flashbid_core::id::{CampaignId, IdSource, RandomIds};
use flashbid_core::store::{Cached, CampaignCache, ChangeCursor, Changes};
use redis::Value;

use super::fresh;
use super::gate::meddle;
use crate::RedisHot;

const LONG: Duration = Duration::from_mins(10);

async fn after(hot: &RedisHot, cursor: ChangeCursor, limit: usize) -> Changes {
    hot.changes_after(cursor, limit).await.unwrap()
}

/// A restarted server had the copy of before a change, of which it had forgotten that it dropped it.
#[tokio::test]
async fn a_copy_of_another_server_is_none_and_a_change_is_one() {
    let hot = fresh().await;
    let campaign: CampaignId = RandomIds.fresh().into();
    let key = hot.key("cached", campaign);
    hot.keep(campaign, b"old", LONG).await.unwrap();
    meddle(&hot, &["HSET", &key, "server", "another"]).await;
    assert_eq!(hot.cached(campaign).await.unwrap(), Cached::Absent);
    hot.keep(campaign, b"new", LONG).await.unwrap();
    let copy = Cached::Copy(b"new".to_vec());
    assert_eq!(hot.cached(campaign).await.unwrap(), copy);

    hot.change(campaign, LONG).await.unwrap();
    meddle(&hot, &["HSET", &key, "server", "another"]).await;
    assert_eq!(hot.cached(campaign).await.unwrap(), Cached::Changing);
}

/// Who had read up to a change that the log has lost was told that nothing had changed since.
#[tokio::test]
async fn a_lost_log_begins_another_life() {
    let hot = fresh().await;
    let campaign: CampaignId = RandomIds.fresh().into();
    let [log, changed] = ["changes", "changed"].map(|kind| hot.key(kind, "all"));
    for lost in [
        vec!["DEL", &*log],
        vec!["DEL", &*changed],
        vec!["DEL", &*log, &*changed],
        vec!["HSET", &*log, "server", "another"],
        vec!["HDEL", &*log, "last"],
    ] {
        hot.change(campaign, LONG).await.unwrap();
        let seen = after(&hot, ChangeCursor::default(), 9).await.cursor;
        assert!(after(&hot, seen, 9).await.complete);
        meddle(&hot, &lost).await;
        hot.change(campaign, LONG).await.unwrap();
        hot.change(campaign, LONG).await.unwrap();
        let now = after(&hot, seen, 9).await;
        assert!(!now.complete, "{lost:?}");
        assert_ne!(now.cursor.life, seen.life);
        assert_eq!(now.cursor.position, 2);
    }
}

/// A log of every change there ever was would fill the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_back_so_far_and_no_further() {
    let hot = fresh().await;
    let begin = after(&hot, ChangeCursor::default(), 9).await.cursor;
    let campaign: CampaignId = RandomIds.fresh().into();
    let many = u64::from(crate::cache::LOG) + 10;
    for _ in 0..many {
        hot.tell("change", campaign.as_bytes()).await.unwrap();
    }
    let length = meddle(&hot, &["LLEN", &hot.key("changed", "all")]).await;
    assert_eq!(length, Value::Int(i64::from(crate::cache::LOG)));
    let late = after(&hot, begin, 9).await;
    assert_eq!((late.complete, late.cursor.position), (false, many));
    let back = |position| ChangeCursor { position, ..begin };
    assert!(!after(&hot, back(9), 9).await.complete);
    let all = after(&hot, back(10), usize::MAX).await;
    assert!(all.complete);
    assert_eq!(all.campaigns.len() as u64, many - 10);
    assert_eq!(after(&hot, back(10), 0).await.campaigns, []);
}
