//! A server that is full.

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::FencingToken;
use flashbid_core::rank::Sequence;
use flashbid_core::store::{BidBook, Placement, Seal};
use flashbid_redis::RedisHot;
use flashbid_testbed::Redis;

use crate::sale::{bid, log, opened, place, seed};

/// A batch that does not fit is refused before anything of it is written; what there is can be read, settled and
/// discarded, and with room again everything goes on.
#[tokio::test]
async fn a_full_server_refuses_whole_batches_and_goes_on_later() {
    let server = Redis::start_with(&["--maxmemory-policy", "noeviction", "--appendonly", "no"]);
    let hot = RedisHot::connect(&server.url()).await.unwrap();
    let campaign = opened(&hot).await;
    let other = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let limit = |bytes: &str| server.call(&["CONFIG", "SET", "maxmemory", bytes]).unwrap();
    limit("6mb");
    let mut answered = 1;
    let refused = loop {
        let batch: Vec<_> = (0..100).map(bid).collect();
        match place(&hot, &campaign, &batch).await {
            Ok(_) => answered += 100,
            Err(error) => break (error, batch),
        }
        assert!(answered < 1_000_000, "it is never full");
    };
    let (error, batch) = refused;
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error:?}");
    assert!(format!("{:?}", error.source).contains("OOM"), "{error:?}");

    let bids = log(&hot, &campaign).await;
    assert_eq!(bids.len(), answered, "nothing of the batch was applied");
    let ranking = hot.top(campaign.id, answered + 1).await.unwrap();
    assert_eq!(ranking.top.len(), answered);
    assert_eq!(ranking.stats.bids, answered as u64);
    let opening = hot.open(&seed(&other, 2, &bids)).await.unwrap_err();
    assert_eq!(opening.kind, StoreErrorKind::Unavailable, "{opening:?}");
    let seal = hot.seal(other.id, FencingToken::new(1)).await.unwrap();
    assert_eq!(seal, Seal::NotEnded, "a seal needs no room");
    hot.discard(other.id).await.unwrap();

    limit("0");
    let placed = place(&hot, &campaign, &batch).await.unwrap();
    assert!(matches!(placed[99], Placement::Accepted(_)));

    limit("1mb");
    let full = place(&hot, &campaign, &[bid(1)]).await.unwrap_err();
    assert_eq!(full.kind, StoreErrorKind::Unavailable);
    let through = Sequence::new(answered as u64);
    hot.forget_events(campaign.id, through).await.unwrap();
    assert!(
        log(&hot, &campaign).await.len() <= 200,
        "forgetting frees room"
    );
}
