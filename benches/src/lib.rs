//! What the benchmarks share: sales to bid on and bidders to bid.

pub mod load;
pub mod rush;
pub mod shop;

use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId, ProductId};
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A ranked campaign of `units` that runs now and for an hour.
///
/// # Panics
/// When a store fails.
pub async fn running_sale(engine: &Engine, units: u32) -> CampaignId {
    sale(engine, units, Duration::from_hours(1)).await
}

/// A ranked campaign of `units` that runs now and for as long as `lasts`.
///
/// # Panics
/// When a store fails.
pub async fn sale(engine: &Engine, units: u32, lasts: Duration) -> CampaignId {
    let product = lamps(engine, units).await;
    let whole =
        |units: i64| Coefficient::from_ten_thousandths(units * 10_000).expect("a small number");
    let weights = Weights::new(whole(1), whole(1_000), whole(100)).expect("the default weights");
    let campaign = NewCampaign::new(
        product,
        Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        Window::new(engine.now(), engine.now().after(lasts)).expect("it ends later"),
    );
    engine
        .add_campaign(campaign)
        .await
        .expect("the ledger takes a campaign")
        .id
}

/// A first-come campaign of `units` that runs now and for an hour, of which a buyer may have ten.
///
/// # Panics
/// When a store fails.
pub async fn first_come_sale(engine: &Engine, units: u32) -> CampaignId {
    let product = lamps(engine, units).await;
    let format = Format::FirstCome {
        price: price(1_000),
        per_buyer: Units::new(10),
    };
    let (start, lasts) = (engine.now(), Duration::from_hours(1));
    let window = Window::new(start, start.after(lasts)).expect("it ends later");
    let campaign = NewCampaign::new(product, format, window);
    let campaign = engine.add_campaign(campaign).await;
    campaign.expect("the ledger takes a campaign").id
}

async fn lamps(engine: &Engine, units: u32) -> ProductId {
    let product = NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::new(units).expect("a small number"),
        min_price: price(1),
    };
    let product = engine.add_product(product).await;
    product.expect("the ledger takes a product").id
}

/// A stream of numbers that looks random and is the same in every run: `SplitMix64`.
pub fn scramble(number: u64) -> u64 {
    let mut word = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// The bidder of a number.
pub fn bidder(number: u64) -> BidderId {
    BidderId::new(Uuid::from_u64_pair(scramble(number), number))
}

/// A price of whole hundredths.
///
/// # Panics
/// Above the largest amount.
pub fn price(hundredths: u64) -> Money {
    let units = i64::try_from(hundredths * 100).expect("a small number");
    Money::from_ten_thousandths(units).expect("a small number")
}

/// Places `bids` bids of `bidders` bidders from `callers` tasks, each waiting for its answer before the next.
///
/// # Panics
/// When a bid is refused.
pub async fn bid_from_many(
    engine: &Engine,
    campaign: CampaignId,
    callers: u64,
    bidders: u64,
    bids: u64,
    seed: u64,
) {
    let weight = Weight::from_ten_thousandths(10_000).expect("one");
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let engine = engine.clone();
        tasks.spawn(async move {
            for number in (caller..bids).step_by(usize::try_from(callers).expect("a small number"))
            {
                let draw = scramble(seed ^ number);
                let bid = Bid::new(
                    bidder(draw % bidders),
                    price(100 + (draw >> 40) % 100_000),
                    weight,
                );
                engine
                    .place_bid(campaign, bid)
                    .await
                    .expect("a good bid is accepted");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a caller ends well");
    }
}
