//! The cases of [`Admission`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fixture::{at_once, fresh};
use crate::id::AttemptId;
use crate::store::{Admission, Admitted, Limit};

/// Makes every case of [`Admission`](crate::store::Admission) a test of a store; see
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! admission_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] admission:
            a_limit_admits_its_number
            the_window_slides
            of_many_requests_the_limit_is_admitted
            a_refused_request_counts_nowhere
            the_strictest_limit_answers
            the_wait_is_long_enough
            a_limit_may_change
            a_limit_named_twice_counts_once
            limits_are_separate
            no_limit_admits_everything
            issuing_again_changes_nothing
            tokens_are_separate
            a_token_is_redeemed_once
            of_many_attempts_one_redeems
            the_same_attempt_gets_the_same_answer
            an_unknown_token_is_refused
            a_token_expires
            a_token_is_bound_to_its_subject
        }
    };
}

/// Longer than any case takes.
const LONG: Duration = Duration::from_mins(30);
/// Over soon.
const SHORT: Duration = Duration::from_millis(200);
/// Two clocks that each count in whole milliseconds.
const COARSE: Duration = Duration::from_millis(5);

fn limit(key: &str, requests: u32, window: Duration) -> Limit {
    Limit::new(key, requests, window).expect("a case sets limits that are limits")
}

async fn ask<S: Admission + ?Sized>(store: &S, scope: &str, limits: &[Limit]) -> Admitted {
    let admitted = store.admit(scope, limits).await.expect("the store answers");
    if let Admitted::No { retry_after } = admitted {
        let longest = limits.iter().map(Limit::window).max();
        assert!(retry_after >= Duration::from_millis(1) && Some(retry_after) <= longest);
    }
    admitted
}

async fn admitted<S: Admission + ?Sized>(store: &S, scope: &str, limits: &[Limit]) -> u32 {
    match ask(store, scope, limits).await {
        Admitted::Yes { remaining } => remaining,
        Admitted::No { retry_after } => panic!("{limits:?} refuse for {retry_after:?}"),
    }
}

async fn refused<S: Admission + ?Sized>(store: &S, scope: &str, limits: &[Limit]) -> Duration {
    match ask(store, scope, limits).await {
        Admitted::No { retry_after } => retry_after,
        Admitted::Yes { remaining } => panic!("{limits:?} admit, and {remaining} more"),
    }
}

/// As many as the limit says, counted down; then nobody.
pub async fn a_limit_admits_its_number<S: Admission + ?Sized>(store: Arc<S>) {
    for requests in [1, 3, 40] {
        let limits = [limit(&format!("user/{requests}"), requests, LONG)];
        for remaining in (0..requests).rev() {
            assert_eq!(admitted(&*store, "bids", &limits).await, remaining);
        }
        for _ in 0..3 {
            refused(&*store, "bids", &limits).await;
        }
    }
}

/// Many at the end of one window and many at the beginning of the next are still too many at once.
pub async fn the_window_slides<S: Admission + ?Sized>(store: Arc<S>) {
    const REQUESTS: usize = 3;
    let window = SHORT * 2;
    let limits = [limit("user/1", 3, window)];
    let mut moments = Vec::new();
    let begin = Instant::now();
    // One at first, the others late in its window, and from then on as many as possible.
    let pauses = [Duration::ZERO, window * 3 / 4, window * 3 / 4];
    while moments.len() < 3 * REQUESTS {
        assert!(begin.elapsed() < window * 20, "who leaves makes no room");
        let not_before = pauses.get(moments.len()).copied().unwrap_or_default();
        if begin.elapsed() >= not_before {
            let asked = Instant::now();
            if let Admitted::Yes { .. } = ask(&*store, "bids", &limits).await {
                moments.push((asked, Instant::now()));
            }
        }
        sleep(Duration::from_millis(3)).await;
    }
    for (first, next) in moments.iter().zip(&moments[REQUESTS..]) {
        let apart = next.1 - first.0;
        assert!(
            apart + COARSE >= window,
            "{} requests in {apart:?}",
            REQUESTS + 1
        );
    }
}

/// Of many at the same moment, as many are admitted as may be.
pub async fn of_many_requests_the_limit_is_admitted<S: Admission + ?Sized>(store: Arc<S>) {
    let calls = (0..48).map(|_| {
        let store = Arc::clone(&store);
        async move { ask(&*store, "bids", &[limit("user/1", 11, LONG)]).await }
    });
    let answers = at_once(calls).await;
    let mut remaining: Vec<u32> = answers
        .iter()
        .filter_map(|answer| match answer {
            Admitted::Yes { remaining } => Some(*remaining),
            Admitted::No { .. } => None,
        })
        .collect();
    remaining.sort_unstable();
    assert_eq!(remaining, (0..11).collect::<Vec<_>>());
}

/// Who is refused by one limit does not use up another, nor wait longer for having asked.
pub async fn a_refused_request_counts_nowhere<S: Admission + ?Sized>(store: Arc<S>) {
    let (user, address) = (limit("user/1", 5, LONG), limit("address/1", 1, LONG));
    let both = [user.clone(), address.clone()];
    let other_way_round = [address, user.clone()];
    assert_eq!(admitted(&*store, "bids", &both).await, 0);
    for _ in 0..4 {
        refused(&*store, "bids", &both).await;
        refused(&*store, "bids", &other_way_round).await;
    }
    assert_eq!(admitted(&*store, "bids", &[user]).await, 3);

    let limits = [limit("user/2", 1, SHORT)];
    admitted(&*store, "bids", &limits).await;
    let begin = Instant::now();
    let mut last_wait = SHORT;
    while let Admitted::No { retry_after } = ask(&*store, "bids", &limits).await {
        assert!(retry_after <= last_wait, "the wait grows");
        assert!(begin.elapsed() < SHORT * 20, "asking prolongs the wait");
        last_wait = retry_after;
        sleep(COARSE).await;
    }
}

/// The fewest that remain, and the longest wait.
pub async fn the_strictest_limit_answers<S: Admission + ?Sized>(store: Arc<S>) {
    let few = limit("user/1", 2, Duration::from_mins(1));
    let many = limit("user/1", 9, LONG);
    let both = [many.clone(), few.clone()];
    assert_eq!(admitted(&*store, "bids", &both).await, 1);
    assert_eq!(admitted(&*store, "bids", &both).await, 0);
    let wait = refused(&*store, "bids", &both).await;
    assert!(wait <= few.window());
    for remaining in (0..7).rev() {
        let alone = std::slice::from_ref(&many);
        assert_eq!(admitted(&*store, "bids", alone).await, remaining);
    }
    let wait = refused(&*store, "bids", &both).await;
    assert!(wait > few.window());
}

/// Who waits as long as it was told gets in.
pub async fn the_wait_is_long_enough<S: Admission + ?Sized>(store: Arc<S>) {
    let limits = [limit("user/1", 3, SHORT)];
    let mut refusals = 0;
    for _ in 0..12 {
        if let Admitted::No { retry_after } = ask(&*store, "bids", &limits).await {
            refusals += 1;
            sleep(retry_after + COARSE).await;
            admitted(&*store, "bids", &limits).await;
        }
    }
    // A machine that stalls for longer than the window rightly sees fewer.
    assert!(refusals > 0, "four at once are too many");
}

/// A limit that is raised lets more in at once, one that is lowered nobody until enough have left.
pub async fn a_limit_may_change<S: Admission + ?Sized>(store: Arc<S>) {
    let of = |requests| [limit("user/1", requests, LONG)];
    assert_eq!(admitted(&*store, "bids", &of(2)).await, 1);
    assert_eq!(admitted(&*store, "bids", &of(2)).await, 0);
    refused(&*store, "bids", &of(2)).await;
    assert_eq!(admitted(&*store, "bids", &of(4)).await, 1);
    refused(&*store, "bids", &of(3)).await;
    refused(&*store, "bids", &of(1)).await;
    assert_eq!(admitted(&*store, "bids", &of(4)).await, 0);
    refused(&*store, "bids", &of(4)).await;
}

/// A request is one request, however often a limit is named.
pub async fn a_limit_named_twice_counts_once<S: Admission + ?Sized>(store: Arc<S>) {
    let (four, two) = (limit("user/1", 4, LONG), limit("user/1", 2, LONG));
    let twice = [four.clone(), two, four.clone()];
    assert_eq!(admitted(&*store, "bids", &twice).await, 1);
    assert_eq!(admitted(&*store, "bids", &twice).await, 0);
    refused(&*store, "bids", &twice).await;
    assert_eq!(admitted(&*store, "bids", &[four]).await, 1);
}

/// Names that are much alike are still different ones.
pub async fn limits_are_separate<S: Admission + ?Sized>(store: Arc<S>) {
    let minute = Duration::from_mins(1);
    let all = [
        ("bids", "user/1", LONG),
        ("bids", "user/1", minute),
        ("bids", "user/10", LONG),
        ("bids", "USER/1", LONG),
        ("bids", "user/1 ", LONG),
        ("bids", "{user}/1", LONG),
        ("bids", "", LONG),
        ("bids", "bids", LONG),
        ("bids", "ünïcode/\u{1F389}", LONG),
        ("logins", "user/1", LONG),
        ("bids/1", "user/1", LONG),
        ("", "user/1", LONG),
        ("}", "user/1", LONG),
        ("{}", "user/1", LONG),
        ("bids}:60000:x", "y", minute),
        ("bids", "x}:60000:y", minute),
    ];
    for (scope, key, window) in all {
        assert_eq!(
            admitted(&*store, scope, &[limit(key, 1, window)]).await,
            0,
            "{scope:?} {key:?} {window:?}"
        );
    }
    for (scope, key, window) in all {
        refused(&*store, scope, &[limit(key, 1, window)]).await;
    }
    for scope in ["a}b{c", "{}x"] {
        let together = ["user/1", "address/{1}", "}"].map(|key| limit(key, 1, LONG));
        assert_eq!(admitted(&*store, scope, &together).await, 0);
        refused(&*store, scope, &together).await;
    }
}

/// What nobody limits is not limited.
pub async fn no_limit_admits_everything<S: Admission + ?Sized>(store: Arc<S>) {
    for _ in 0..3 {
        assert_eq!(admitted(&*store, "bids", &[]).await, u32::MAX);
    }
}

async fn issue<S: Admission + ?Sized>(
    store: &S,
    token: &str,
    subject: &str,
    ttl: Duration,
) -> bool {
    let issued = store.issue(token, subject, ttl).await;
    issued.expect("the store answers")
}

async fn redeem<S: Admission + ?Sized>(
    store: &S,
    token: &str,
    subject: &str,
    attempt: AttemptId,
) -> bool {
    let redeemed = store.redeem(token, subject, attempt).await;
    redeemed.expect("the store answers")
}

/// A token is neither bound anew, nor made to last longer, nor made whole.
pub async fn issuing_again_changes_nothing<S: Admission + ?Sized>(store: Arc<S>) {
    assert!(issue(&*store, "key", "user/1", LONG).await);
    assert!(issue(&*store, "key", "user/1", LONG).await, "a lost answer");
    assert!(!issue(&*store, "key", "user/2", LONG).await, "another's");
    assert!(!redeem(&*store, "key", "user/2", fresh()).await);
    assert!(redeem(&*store, "key", "user/1", fresh()).await);
    assert!(
        issue(&*store, "key", "user/1", LONG).await,
        "it still is its subject's"
    );
    assert!(
        !redeem(&*store, "key", "user/1", fresh()).await,
        "but redeemed"
    );

    let begin = Instant::now();
    assert!(issue(&*store, "short", "user/1", SHORT).await);
    assert!(issue(&*store, "short", "user/1", LONG).await);
    // A machine that stalls for longer than the token lasts rightly issues it anew.
    if begin.elapsed() + COARSE < SHORT {
        sleep(SHORT + COARSE).await;
        assert!(!redeem(&*store, "short", "user/1", fresh()).await);
    }
}

/// Tokens that are much alike are still two tokens.
pub async fn tokens_are_separate<S: Admission + ?Sized>(store: Arc<S>) {
    let tokens = ["key", "KEY", "key ", "{key}", "}", "ké\u{1F389}", ""];
    for (number, token) in tokens.iter().enumerate() {
        assert!(issue(&*store, token, &format!("user/{number}"), LONG).await);
    }
    for (number, token) in tokens.iter().enumerate() {
        assert!(redeem(&*store, token, &format!("user/{number}"), fresh()).await);
    }
}

/// The first time, and never again.
pub async fn a_token_is_redeemed_once<S: Admission + ?Sized>(store: Arc<S>) {
    issue(&*store, "key", "user/1", LONG).await;
    assert!(redeem(&*store, "key", "user/1", fresh()).await);
    for _ in 0..3 {
        assert!(!redeem(&*store, "key", "user/1", fresh()).await);
    }
}

/// Of many attempts at the same moment, one succeeds.
pub async fn of_many_attempts_one_redeems<S: Admission + ?Sized>(store: Arc<S>) {
    issue(&*store, "key", "user/1", LONG).await;
    let calls = (0..32).map(|_| {
        let store = Arc::clone(&store);
        async move { redeem(&*store, "key", "user/1", fresh()).await }
    });
    let redeemed = at_once(calls).await;
    assert_eq!(redeemed.iter().filter(|redeemed| **redeemed).count(), 1);
}

/// Who did not hear that it succeeded asks again, also a moment after the token would have been over.
pub async fn the_same_attempt_gets_the_same_answer<S: Admission + ?Sized>(store: Arc<S>) {
    issue(&*store, "key", "user/1", LONG).await;
    let (first, second) = (fresh(), fresh());
    for _ in 0..2 {
        assert!(redeem(&*store, "key", "user/1", first).await);
        assert!(!redeem(&*store, "key", "user/1", second).await);
    }
    issue(&*store, "short", "user/1", SHORT).await;
    // A machine that stalls for longer than the token lasts rightly finds it over.
    if redeem(&*store, "short", "user/1", first).await {
        sleep(SHORT + COARSE).await;
        assert!(redeem(&*store, "short", "user/1", first).await);
        assert!(!redeem(&*store, "short", "user/1", second).await);
    }
}

/// What was never issued lets nobody in, and may be issued later.
pub async fn an_unknown_token_is_refused<S: Admission + ?Sized>(store: Arc<S>) {
    let attempt = fresh();
    assert!(!redeem(&*store, "key", "user/1", attempt).await);
    assert!(issue(&*store, "key", "user/1", LONG).await);
    assert!(redeem(&*store, "key", "user/1", attempt).await);
}

/// After its time a token is as good as unknown.
pub async fn a_token_expires<S: Admission + ?Sized>(store: Arc<S>) {
    issue(&*store, "key", "user/1", SHORT).await;
    issue(&*store, "other", "user/1", LONG).await;
    sleep(SHORT + COARSE).await;
    assert!(!redeem(&*store, "key", "user/1", fresh()).await);
    assert!(redeem(&*store, "other", "user/1", fresh()).await);
    assert!(issue(&*store, "key", "user/2", LONG).await, "issued anew");
    assert!(redeem(&*store, "key", "user/2", fresh()).await);
}

/// It lets in whom it was issued for; another's attempt does not use it up.
pub async fn a_token_is_bound_to_its_subject<S: Admission + ?Sized>(store: Arc<S>) {
    issue(&*store, "key", "user/1", LONG).await;
    let attempt = fresh();
    for other in ["user/2", "user/10", "USER/1", ""] {
        assert!(!redeem(&*store, "key", other, attempt).await);
    }
    assert!(redeem(&*store, "key", "user/1", attempt).await);
    assert!(!redeem(&*store, "key", "user/2", attempt).await);
}
