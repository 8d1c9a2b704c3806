//! Passwords and TLS.

use flashbid_core::StoreErrorKind;
use flashbid_redis::{Config, RedisHot};
use flashbid_testbed::Redis;

use crate::sale::{bid, opened, place};

#[tokio::test]
async fn a_password_opens_the_server() {
    let server = Redis::start();
    server
        .call(&["ACL", "SETUSER", "sale", "on", ">p@ss:/word", "~*", "+@all"])
        .unwrap();
    let url = |login: &str| server.url().replace("://", &format!("://{login}@"));
    for wrong in ["sale:no", "nobody:p%40ss%3A%2Fword"] {
        let error = RedisHot::connect(&url(wrong)).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error:?}");
    }
    let hot = RedisHot::connect(&url("sale:p%40ss%3A%2Fword"))
        .await
        .unwrap();
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
}

#[tokio::test]
async fn a_database_is_chosen_by_its_number() {
    let server = Redis::start();
    let hot = RedisHot::connect(&format!("{}/3", server.url()))
        .await
        .unwrap();
    opened(&hot).await;
    let keyspace = server.call(&["INFO", "keyspace"]).unwrap().text();
    assert!(keyspace.contains("db3:keys=1"), "{keyspace}");
}

/// Only with the right authority: a server that anybody could be is not talked to.
#[tokio::test]
async fn tls_needs_an_authority_that_is_trusted() {
    let server = Redis::tls();
    let mut config: Config = server.tls_url().parse().unwrap();
    let error = RedisHot::connect_with(config.clone()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error:?}");
    let authority = std::fs::read(server.certificates().authority()).unwrap();
    config.certificates = Some(authority);
    let hot = RedisHot::connect_with(config).await.unwrap();
    let campaign = opened(&hot).await;
    place(&hot, &campaign, &[bid(1)]).await.unwrap();
}
