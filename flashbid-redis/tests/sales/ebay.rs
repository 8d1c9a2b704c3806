//! Real auctions on Redis: see [`auctions`](crate::auctions).

use crate::auctions;
use crate::redis::OnRedis;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_of_the_highest_bids_wins_each_auction() {
    auctions::replay_all(OnRedis::new).await;
}
