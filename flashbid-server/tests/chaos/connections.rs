//! A connection breaks, at the worst moment: after the request, before its answer.

use flashbid_testbed::{Postgres, Proxy, Redis};
use rand::RngExt;

use crate::sale::{Sale, Way};
use crate::stores::{LASTS, impatient};

/// So many connections have to break in a test.
const CUTS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_lost_between_server_and_redis_cost_no_acknowledged_bid() {
    let redis = Redis::start();
    let database = Postgres::shared().database();
    let proxies = [(); 2].map(|()| Proxy::start(redis.port()));
    let ways = proxies.each_ref().map(|proxy| Way {
        hot: impatient(&proxy.url(&redis.url())),
        ledger: database.clone(),
    });
    break_connections(Sale::begin(&database, ways, LASTS).await, &proxies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_lost_between_server_and_postgres_cost_no_acknowledged_bid() {
    let redis = Redis::start();
    let database = Postgres::shared().database();
    let proxies = [(); 2].map(|()| Proxy::start(Postgres::shared().port()));
    let ways = proxies.each_ref().map(|proxy| Way {
        hot: impatient(&redis.url()),
        ledger: proxy.url(&database),
    });
    break_connections(Sale::begin(&database, ways, LASTS).await, &proxies).await;
}

/// Breaks connections until the sale is over and being settled.
async fn break_connections(mut sale: Sale, proxies: &[Proxy; 2]) {
    let mut after_the_end = 0;
    while after_the_end < 5 {
        sale.pause(10..120).await;
        let proxy = &proxies[sale.random.random_range(0..2)];
        match sale.random.random_range(0..8) {
            0 => proxy.cut(),
            1 => proxy.cut_before_request(),
            _ => proxy.cut_before_answer(),
        }
        after_the_end += u32::from(sale.left().is_zero());
    }
    proxies.iter().for_each(Proxy::pass);
    let cuts: u64 = proxies.iter().map(Proxy::cuts).sum();
    assert!(cuts > CUTS, "hardly a connection broke: {cuts}");
    sale.check().await;
}
