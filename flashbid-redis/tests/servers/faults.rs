//! Connections that break, servers that stand still.

use std::time::Duration;

use flashbid_core::StoreErrorKind;
use flashbid_core::store::{BidBook, Placement};
use flashbid_redis::RedisHot;
use flashbid_testbed::{Proxy, Redis};
use tokio::time::Instant;

use crate::sale::{bid, log, opened, place, seed};

/// Longer than any failure may take to be told, and far shorter than a test that hangs.
const SOON: Duration = Duration::from_secs(20);

pub(crate) struct House {
    pub(crate) server: Redis,
    pub(crate) proxy: Proxy,
    pub(crate) hot: RedisHot,
}

/// A store that reaches its server through a proxy, over one connection, with little patience.
pub(crate) async fn house() -> House {
    let server = Redis::start();
    let proxy = Proxy::start(server.port());
    let url = proxy.url(&server.url());
    let url = format!("{url}?connections=1&response_timeout=1000&connect_timeout=1000");
    let hot = RedisHot::connect(&url).await.unwrap();
    House { server, proxy, hot }
}

/// The bid was taken and nobody was told: the retry gets the answer, and the bid counts once.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_retry_finds_out() {
    let House {
        server: _server,
        proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    // The server has the script: it is the bids whose answer is lost, not that it lacks it.
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
    let batch = [bid(1), bid(2)];
    proxy.cut_before_answer();
    let lost = place(&hot, &campaign, &batch).await.unwrap_err();
    assert_eq!(lost.kind, StoreErrorKind::Indeterminate, "{lost:?}");
    let again = place(&hot, &campaign, &batch).await.unwrap();
    for placement in &again {
        assert!(matches!(placement, Placement::Replayed(_)), "it was taken");
    }
    assert_eq!(log(&hot, &campaign).await.len(), 3);
}

/// The bid never came, but nobody can know.
#[tokio::test]
async fn a_lost_request_is_unknown_and_a_retry_places_it() {
    let House {
        server: _server,
        proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    let batch = [bid(1)];
    proxy.cut_before_request();
    let lost = place(&hot, &campaign, &batch).await.unwrap_err();
    assert_eq!(lost.kind, StoreErrorKind::Indeterminate, "{lost:?}");
    let again = place(&hot, &campaign, &batch).await.unwrap();
    assert!(matches!(again[0], Placement::Accepted(_)));
}

/// Whoever only reads may simply read again.
#[tokio::test]
async fn a_lost_read_is_unavailable() {
    let House {
        server: _server,
        proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    proxy.cut_before_answer();
    let lost = hot.top(campaign.id, 1).await.unwrap_err();
    assert_eq!(lost.kind, StoreErrorKind::Unavailable, "{lost:?}");
    assert!(hot.top(campaign.id, 1).await.is_ok());
}

/// Any step of an opening may lose its answer: the same opening again comes to the same book.
#[tokio::test]
async fn an_opening_may_be_lost_at_any_step() {
    let House {
        server: _server,
        proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    let batch: Vec<_> = (0..700).map(bid).collect();
    place(&hot, &campaign, &batch).await.unwrap();
    let bids = log(&hot, &campaign).await;
    hot.discard(campaign.id).await.unwrap();
    let seed = seed(&campaign, 2, &bids);
    for _ in 0..3 {
        proxy.cut_before_answer();
        let lost = hot.open(&seed).await.unwrap_err();
        assert!(lost.may_retry(), "{lost:?}");
    }
    proxy.delay(Duration::from_millis(3));
    // Cut at another moment each time.
    for step in 0..12 {
        let (opening, cut) = tokio::join!(hot.open(&seed), async {
            tokio::time::sleep(Duration::from_millis(4 * step)).await;
            proxy.cut();
        });
        let () = cut;
        assert!(opening.is_ok() || opening.is_err_and(|error| error.may_retry()));
    }
    proxy.pass();
    hot.open(&seed).await.unwrap();
    assert_eq!(log(&hot, &campaign).await, bids);
}

/// A crowd that waits for the same dead server is refused together, not one timeout after another.
#[tokio::test]
async fn an_unreachable_server_is_unavailable_soon_for_everybody() {
    let House {
        server: _server,
        proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    for silent in [false, true] {
        if silent {
            proxy.stall();
            proxy.cut();
        } else {
            proxy.go_down();
        }
        let began = Instant::now();
        let crowd: Vec<_> = (0..100)
            .map(|price| {
                let (hot, campaign) = (hot.clone(), campaign.clone());
                tokio::spawn(async move { place(&hot, &campaign, &[bid(price)]).await })
            })
            .collect();
        for caller in crowd {
            let error = caller.await.unwrap().unwrap_err();
            assert!(error.may_retry(), "{error:?}");
        }
        let later = place(&hot, &campaign, &[bid(1)]).await.unwrap_err();
        assert_eq!(later.kind, StoreErrorKind::Unavailable, "{later:?}");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        proxy.pass();
        place(&hot, &campaign, &[bid(1)]).await.unwrap();
    }
}

/// Nobody listens there at all.
#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_connected_to() {
    let House { proxy, .. } = house().await;
    proxy.go_down();
    let began = Instant::now();
    for kind in ["redis", "redis+cluster", "redis+sentinel"] {
        let path = if kind == "redis+sentinel" {
            "/main"
        } else {
            ""
        };
        let url = format!("{kind}://{}{path}?connect_timeout=1000", proxy.address());
        let error = RedisHot::connect(&url).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{url}: {error:?}");
    }
    assert!(began.elapsed() < SOON);
}

/// A server that stands still answers what it had taken once it goes on.
#[tokio::test]
async fn a_frozen_server_leaves_calls_unknown() {
    let House {
        server,
        proxy: _proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    let batch = [bid(1)];
    server.freeze();
    let frozen = place(&hot, &campaign, &batch).await.unwrap_err();
    assert_eq!(frozen.kind, StoreErrorKind::Indeterminate, "{frozen:?}");
    server.thaw();
    place(&hot, &campaign, &batch).await.unwrap();
    assert_eq!(log(&hot, &campaign).await.len(), 1);
}

/// A server that is full of other things to do says so.
#[tokio::test]
async fn a_busy_server_applies_nothing() {
    let House {
        server,
        proxy: _proxy,
        hot,
    } = house().await;
    let campaign = opened(&hot).await;
    server
        .call(&["CONFIG", "SET", "busy-reply-threshold", "1"])
        .unwrap();
    let port = server.port();
    let endless = std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let forever = "*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n";
        std::io::Write::write_all(&mut stream, forever.as_bytes()).unwrap();
        stream
    });
    let _stream = endless.join().unwrap();
    flashbid_testbed::eventually("the server to be busy", || {
        server.call(&["PING"]).is_err().then_some(())
    });
    let busy = place(&hot, &campaign, &[bid(1)]).await.unwrap_err();
    assert_eq!(busy.kind, StoreErrorKind::Unavailable, "{busy:?}");
    server.call(&["SCRIPT", "KILL"]).unwrap();
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
}
