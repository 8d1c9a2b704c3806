//! Real auctions on the memory stores: see [`auctions`].

mod auctions;
#[path = "../disk/mod.rs"]
mod disk;

use disk::Kept;

#[tokio::test]
async fn the_earliest_of_the_highest_bids_wins_each_auction() {
    auctions::replay_all(Kept::default).await;
}
