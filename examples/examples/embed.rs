//! The engine in thirty lines: one product, one sale, three bidders, one winner.

use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::Page;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().build(); // `.ledger(SqliteLedger::open("sale.db")?)` makes it last
    let lamp = NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::ONE,
        min_price: "10".parse()?,
    };
    let product = engine.add_product(lamp).await?.id;
    let weights = Weights::new("1".parse()?, "1000".parse()?, "100".parse()?)?;
    let sale = NewCampaign::new(
        product,
        Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        Window::new(engine.now(), engine.now().after(Duration::from_secs(1)))?,
    );
    let sale = engine.add_campaign(sale).await?.id;

    for (name, price, weight) in [
        ("Ada", "12.50", "1"),
        ("Bob", "14", "0.5"),
        ("Cyd", "11", "3.25"),
    ] {
        let bid = Bid {
            name: Some(name.into()),
            ..Bid::new(engine.fresh_id(), price.parse()?, weight.parse()?)
        };
        let accepted = engine.place_bid(sale, bid).await?;
        println!(
            "{name} bids {price}, scores {} and is at rank {}",
            accepted.score, accepted.rank
        );
    }

    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.settle(sale).await?;
    for order in engine
        .orders_in(sale, Page { skip: 0, limit: 10 })
        .await?
        .items
    {
        println!("order {} for {} at {}", order.id, order.bidder, order.price);
    }
    assert!(engine.verify(sale).await?.is_consistent());
    Ok(())
}
