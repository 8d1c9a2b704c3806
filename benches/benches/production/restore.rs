//! A lost book comes back.

use std::time::Duration;

use flashbid_benches::{bidder, price, running_sale, scramble};
use flashbid_core::Engine;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::Format;
use flashbid_core::id::{BidId, CampaignId};
use flashbid_core::money::Weight;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::store::{BidBook, BookSeed, Epoch};
use flashbid_testbed::Redis;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{BIDDERS, TURNS, connect, say_time};

pub(crate) async fn measure(redis: &Redis) {
    let hot = connect(redis).await;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..TURNS {
        let seed = seed().await;
        let start = Instant::now();
        hot.open(&seed).await.expect("the server was started");
        times.push(start.elapsed());
        let stats = hot
            .top(seed.campaign.id, 1)
            .await
            .expect("it is open")
            .stats;
        assert_eq!(u64::from(stats.participants), BIDDERS);
        hot.discard(seed.campaign.id).await.expect("it is open");
    }
    times.sort_unstable();
    say_time(
        &format!("Redis: a book of {BIDDERS} standings opens (at most 5 s)"),
        times[TURNS / 2],
    );
}

/// A campaign in which everybody has bid once.
async fn seed() -> BookSeed {
    let engine = Engine::builder().build();
    let id: CampaignId = running_sale(&engine, 1_000).await;
    let campaign = engine.campaign(id).await.expect("it is in memory");
    let campaign = campaign.expect("it was made");
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        unreachable!("the sale is ranked")
    };
    let weight = Weight::from_ten_thousandths(10_000).expect("one");
    let bid = |number: u64| {
        let price = price(100 + scramble(number) % 100_000);
        AcceptedBid {
            id: BidId::new(Uuid::from_u64_pair(scramble(number), number)),
            bidder: bidder(number),
            name: Some("user0001".into()),
            price,
            weight,
            score: weights.score(price, number, weight),
            rank: Rank::FIRST,
            sequence: Sequence::new(number + 1),
            at: campaign
                .terms
                .window
                .start()
                .after(Duration::from_millis(number)),
            elapsed_ms: number,
            bid_number: 1,
        }
    };
    let bids = (0..BIDDERS).map(bid).collect();
    BookSeed {
        campaign,
        epoch: Epoch::new(1),
        bids,
    }
}
