use std::time::Duration;

use flashbid_core::store::Page;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::site::{Site, reopen};

#[tokio::test]
async fn a_stop_finishes_the_request_under_way_and_loses_nothing() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.campaign(&admin, 1, 1).await;
    let address = site.server.address();
    let body = format!(r#"{{"campaign_id":"{campaign}","price":200}}"#);
    let (begin, rest) = body.split_at(10);

    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/bids HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{begin}",
        ada.token,
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    // The route asks for the account only when it has the head: by then the request is under way.
    site.get("/health", None).await.ok(200);
    let stop = site.server.state().stop().clone();
    let stopping = tokio::spawn(site.stop());
    stop.cancelled().await;
    busy.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(Duration::from_secs(20), busy.read_to_string(&mut answer));
    read.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let closed = timeout(Duration::from_secs(20), idle.read(&mut [0; 1])).await;
    assert_eq!(closed.unwrap().unwrap(), 0, "an idle connection is closed");

    let directory = timeout(Duration::from_secs(30), stopping)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    // The file is free again, and has the bid.
    let ledger = reopen(&directory).await.ledger;
    let page = Page { skip: 0, limit: 10 };
    let bids = ledger.bids_of(campaign, ada.id, page).await.unwrap();
    assert_eq!(bids.total, 1);
}

#[tokio::test]
async fn a_file_that_another_server_has_is_refused() {
    let site = Site::start().await;
    let config = crate::site::config(&site.directory);
    let failure = flashbid_server::Server::start(&config).await.unwrap_err();
    assert_eq!(failure.code(), 2);
    assert!(failure.to_string().contains("in use"), "{failure}");
}

#[tokio::test]
async fn an_address_that_is_taken_or_none_is_refused() {
    let site = Site::start().await;
    for listen in [site.server.address().to_string(), "nonsense".to_owned()] {
        let directory = tempfile::tempdir().unwrap();
        let mut config = crate::site::config(&directory);
        config.listen = listen;
        let failure = flashbid_server::Server::start(&config).await.unwrap_err();
        assert_eq!(failure.code(), 2);
        assert!(failure.to_string().contains("listen"), "{failure}");
    }
}
