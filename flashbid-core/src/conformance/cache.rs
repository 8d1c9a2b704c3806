//! The cases of [`CampaignCache`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::{at_once, eventually, fresh};
use crate::id::CampaignId;
use crate::store::{Cached, CampaignCache, ChangeCursor, Changes};

/// Makes every case of [`CampaignCache`](crate::store::CampaignCache) a test of a store; see
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! campaign_cache_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] cache:
            a_copy_reads_back
            a_copy_goes_away
            no_copy_is_kept_while_a_campaign_changes
            a_change_drops_the_copy
            copies_are_separate
            a_change_is_told
            changes_are_told_in_order
            an_unknown_cursor_is_incomplete
        }
    };
}

/// Longer than any case takes.
const LONG: Duration = Duration::from_mins(30);

async fn cached<S: CampaignCache + ?Sized>(store: &S, campaign: CampaignId) -> Cached {
    store.cached(campaign).await.expect("it can be read")
}

async fn keep<S: CampaignCache + ?Sized>(
    store: &S,
    campaign: CampaignId,
    copy: &[u8],
    ttl: Duration,
) {
    let kept = store.keep(campaign, copy, ttl).await;
    kept.expect("the store answers");
}

async fn change<S: CampaignCache + ?Sized>(store: &S, campaign: CampaignId, quiet: Duration) {
    let changed = store.change(campaign, quiet).await;
    changed.expect("the store answers");
}

async fn after<S: CampaignCache + ?Sized>(
    store: &S,
    cursor: ChangeCursor,
    limit: usize,
) -> Changes {
    let changes = store.changes_after(cursor, limit).await;
    changes.expect("it can be read")
}

/// The end of a log that this store has.
async fn end<S: CampaignCache + ?Sized>(store: &S) -> ChangeCursor {
    let first = after(store, ChangeCursor::default(), 1).await;
    assert!(!first.complete);
    first.cursor
}

/// Byte for byte, however long, and the newest of several.
pub async fn a_copy_reads_back<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let campaign = fresh();
    assert_eq!(cached(&*store, campaign).await, Cached::Absent);
    let all_bytes: Vec<u8> = (0..=u8::MAX).collect();
    let large = all_bytes.repeat(400);
    for copy in [&all_bytes[..], b"", b"\r\n\0 nil", &large] {
        keep(&*store, campaign, copy, LONG).await;
        for _ in 0..2 {
            let read = cached(&*store, campaign).await;
            assert_eq!(read, Cached::Copy(copy.to_vec()));
        }
    }
}

/// A copy lasts its time and no longer, and one that is kept anew lasts anew.
pub async fn a_copy_goes_away<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let (short, renewed) = (fresh(), fresh());
    let ttl = Duration::from_millis(200);
    let begin = Instant::now();
    for campaign in [short, renewed] {
        keep(&*store, campaign, b"old", ttl).await;
    }
    keep(&*store, renewed, b"new", LONG).await;
    eventually("the end of a copy", || async {
        (cached(&*store, short).await == Cached::Absent).then_some(())
    })
    .await;
    // Two clocks that each count in whole milliseconds.
    assert!(
        begin.elapsed() + Duration::from_millis(5) >= ttl,
        "it lasts its time"
    );
    let read = cached(&*store, renewed).await;
    assert_eq!(read, Cached::Copy(b"new".to_vec()));
    keep(&*store, short, b"again", LONG).await;
    let read = cached(&*store, short).await;
    assert_eq!(read, Cached::Copy(b"again".to_vec()));
}

/// Whoever read before the change must not leave what it read; once things are quiet, copies are kept again.
pub async fn no_copy_is_kept_while_a_campaign_changes<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let campaign = fresh();
    for _ in 0..2 {
        change(&*store, campaign, LONG).await;
        keep(&*store, campaign, b"old", LONG).await;
        assert_eq!(cached(&*store, campaign).await, Cached::Changing);
    }
    // Who changes last says how long it is quiet.
    let quiet = Duration::from_millis(200);
    let begin = Instant::now();
    change(&*store, campaign, quiet).await;
    eventually("the end of the quiet", || async {
        keep(&*store, campaign, b"new", LONG).await;
        (cached(&*store, campaign).await != Cached::Changing).then_some(())
    })
    .await;
    assert!(
        begin.elapsed() + Duration::from_millis(5) >= quiet,
        "it is quiet so long"
    );
    keep(&*store, campaign, b"new", LONG).await;
    let read = cached(&*store, campaign).await;
    assert_eq!(read, Cached::Copy(b"new".to_vec()));
}

/// A change takes the copy away at once.
pub async fn a_change_drops_the_copy<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let campaign = fresh();
    let quiet = Duration::from_millis(100);
    keep(&*store, campaign, b"old", LONG).await;
    change(&*store, campaign, quiet).await;
    let read = cached(&*store, campaign).await;
    assert!(!matches!(read, Cached::Copy(_)), "{read:?}");
    eventually("the end of the quiet", || async {
        let read = cached(&*store, campaign).await;
        assert!(!matches!(read, Cached::Copy(_)), "it does not come back");
        (read == Cached::Absent).then_some(())
    })
    .await;
}

/// Neither a copy nor a change of one campaign is another's.
pub async fn copies_are_separate<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let (one, two, three) = (fresh(), fresh(), fresh());
    keep(&*store, one, b"one", LONG).await;
    keep(&*store, two, b"two", LONG).await;
    change(&*store, two, LONG).await;
    keep(&*store, three, b"three", LONG).await;
    let read = [
        cached(&*store, one).await,
        cached(&*store, two).await,
        cached(&*store, three).await,
    ];
    let copy = |text: &str| Cached::Copy(text.as_bytes().to_vec());
    assert_eq!(read, [copy("one"), Cached::Changing, copy("three")]);
}

/// Whoever asks learns of it, each in its own time and as often as it asks.
pub async fn a_change_is_told<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let campaign = fresh();
    let start = end(&*store).await;
    let quiet = Duration::from_millis(1);
    let nothing = after(&*store, start, 9).await;
    let expected = Changes {
        cursor: start,
        campaigns: Vec::new(),
        complete: true,
    };
    assert_eq!(nothing, expected);
    change(&*store, campaign, quiet).await;
    let told = after(&*store, start, 9).await;
    assert_eq!(
        (told.complete, &told.campaigns[..]),
        (true, &[campaign][..])
    );
    assert_eq!(
        after(&*store, start, 9).await,
        told,
        "reading takes nothing"
    );
    let nothing = after(&*store, told.cursor, 9).await;
    assert_eq!((nothing.complete, nothing.campaigns), (true, Vec::new()));
    // Neither copies nor reading are changes.
    keep(&*store, fresh(), b"copy", LONG).await;
    let nothing = after(&*store, told.cursor, 9).await;
    assert_eq!((nothing.complete, nothing.campaigns), (true, Vec::new()));
}

/// A thousand changes, in their order and each as often as it happened, in pages of any size.
pub async fn changes_are_told_in_order<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let start = end(&*store).await;
    let campaigns: Vec<CampaignId> = (0..40).map(|_| fresh()).collect();
    let changed: Vec<_> = (0..1_000_usize)
        .map(|number| campaigns[number * 7 % 40])
        .collect();
    let quiet = Duration::from_millis(1);
    for campaign in &changed {
        change(&*store, *campaign, quiet).await;
    }
    for limit in [7, 400, 1_000, 5_000] {
        let (mut cursor, mut told) = (start, Vec::new());
        loop {
            let page = after(&*store, cursor, limit).await;
            assert!(page.complete && page.campaigns.len() <= limit);
            assert_eq!(page.cursor.life, start.life);
            if page.campaigns.is_empty() {
                break;
            }
            told.extend(page.campaigns);
            cursor = page.cursor;
        }
        assert_eq!(told, changed, "in pages of {limit}");
        assert_eq!(cursor, end(&*store).await);
    }
    let from = end(&*store).await;
    let calls = campaigns.clone().into_iter().map(|campaign| {
        let store = Arc::clone(&store);
        async move { change(&*store, campaign, quiet).await }
    });
    at_once(calls).await;
    let mut told = after(&*store, from, 100).await.campaigns;
    told.sort_unstable();
    let mut expected = campaigns;
    expected.sort_unstable();
    assert_eq!(told, expected, "also those that come at once");
}

/// Who cannot be told what it missed is told that it missed something, and where to go on.
pub async fn an_unknown_cursor_is_incomplete<S: CampaignCache + ?Sized>(store: Arc<S>) {
    let (first, second) = (fresh(), fresh());
    change(&*store, first, Duration::from_millis(1)).await;
    let here = end(&*store).await;
    assert_ne!(here.life, 0, "no log has the life of the default cursor");
    let other_life = ChangeCursor {
        life: here.life ^ 1,
        ..here
    };
    let ahead = ChangeCursor {
        position: here.position + 1_000,
        ..here
    };
    for unknown in [ChangeCursor::default(), other_life, ahead] {
        let told = after(&*store, unknown, 9).await;
        let expected = Changes {
            cursor: here,
            campaigns: Vec::new(),
            complete: false,
        };
        assert_eq!(told, expected);
    }
    change(&*store, second, Duration::from_millis(1)).await;
    let told = after(&*store, here, 9).await;
    assert_eq!((told.complete, told.campaigns), (true, vec![second]));
}
