//! A thousand bidders at once on one campaign, through the engine.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::audit::standings;
use flashbid_core::engine::{NewCampaign, NewProduct, SettleOutcome};
use flashbid_core::id::{BidderId, CampaignId, SeededIds};
use flashbid_core::order::Order;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::Page;
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine};
use tokio::task::JoinSet;
use uuid::Uuid;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_mins(1);

async fn sale(
    clock: &Arc<ManualClock>,
    durability: Durability,
    units: u32,
) -> (Engine, CampaignId) {
    let engine = Engine::builder()
        .clock(clock.clone())
        .ids(Arc::new(SeededIds::new(1)))
        .durability(durability)
        .build();
    let product = engine
        .add_product(NewProduct {
            name: "Lamp".into(),
            description: None,
            image_url: None,
            stock: Units::new(units).unwrap(),
            min_price: "1".parse().unwrap(),
        })
        .await
        .unwrap();
    let weights = Weights::new(
        "1".parse().unwrap(),
        "1000".parse().unwrap(),
        "100".parse().unwrap(),
    );
    let campaign = engine
        .add_campaign(NewCampaign::new(
            product.id,
            Format::Ranked {
                weights: weights.unwrap(),
                rebid: Rebid::Latest,
            },
            Window::new(START, START.after(LENGTH)).unwrap(),
        ))
        .await
        .unwrap();
    (engine, campaign.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_at_once_get_exactly_the_right_orders() {
    for durability in [Durability::Ledger, Durability::Hot] {
        let clock = Arc::new(ManualClock::new(START));
        let (engine, campaign) = sale(&clock, durability, 37).await;
        let mut tasks = JoinSet::new();
        for bidder in 0..1_000_u64 {
            let engine = engine.clone();
            tasks.spawn(async move {
                for round in 0..3_i64 {
                    let cents = 100 + i64::try_from(bidder * 7_919 % 1_009).unwrap() + round * 13;
                    let price = format!("{}.{:02}", cents / 100, cents % 100)
                        .parse()
                        .unwrap();
                    let bidder = BidderId::new(Uuid::from_u64_pair(9, bidder));
                    engine
                        .place_bid(campaign, Bid::new(bidder, price, "1".parse().unwrap()))
                        .await
                        .unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        clock.advance(LENGTH);
        let outcome = engine.settle(campaign).await.unwrap();
        assert_eq!(outcome, SettleOutcome::Settled { orders: 37 });
        assert_eq!(
            engine.settle(campaign).await.unwrap(),
            SettleOutcome::AlreadySettled
        );

        let bids = engine
            .ledger()
            .bids(campaign, Sequence::ZERO, 10_000)
            .await
            .unwrap();
        assert_eq!(bids.len(), 3_000);
        let format = engine
            .campaign(campaign)
            .await
            .unwrap()
            .unwrap()
            .terms
            .format;
        let expected: Vec<_> = standings(format, &bids)
            .into_iter()
            .take(37)
            .map(|bid| (bid.bidder, bid.price, Some(bid.score)))
            .collect();
        let orders = engine
            .orders_in(
                campaign,
                Page {
                    skip: 0,
                    limit: 100,
                },
            )
            .await
            .unwrap()
            .items;
        let got: Vec<_> = orders
            .iter()
            .map(|order| (order.bidder, order.price, order.score()))
            .collect();
        assert_eq!(got, expected);
        assert!(
            orders
                .iter()
                .filter_map(Order::rank)
                .map(Rank::get)
                .eq(1..=37)
        );
        assert_eq!(
            orders
                .iter()
                .map(|order| order.bidder)
                .collect::<HashSet<_>>()
                .len(),
            37
        );
        let verdict = engine.verify(campaign).await.unwrap();
        assert_eq!(verdict.violations, Vec::<String>::new());
    }
}
