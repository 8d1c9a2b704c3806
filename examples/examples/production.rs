//! From memory to Redis and PostgreSQL: the same engine, with its live books in Redis and everything that counts in
//! PostgreSQL. Any number of processes may do this on the same two.
//!
//! ```sh
//! cargo run -p flashbid-examples --example production -- redis://localhost postgres://flashbid@localhost/flashbid
//! ```

use std::env;
use std::error::Error;
use std::time::Duration;

use flashbid_core::Engine;
use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct, SettleOutcome};
use flashbid_core::id::CampaignId;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_postgres::PostgresLedger;
use flashbid_redis::RedisHot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut urls = env::args().skip(1);
    let (Some(redis), Some(postgres)) = (urls.next(), urls.next()) else {
        return Err("usage: production REDIS_URL POSTGRES_URL".into());
    };
    let one = connect(&redis, &postgres).await?;
    let another = connect(&redis, &postgres).await?; // as another process would
    let settled = sell(&one, &another).await?;
    println!("{settled:?}");
    Ok(())
}

/// An engine that shares its stores with others.
async fn connect(redis: &str, postgres: &str) -> Result<Engine, Box<dyn Error>> {
    let hot = RedisHot::connect(redis).await?;
    let ledger = PostgresLedger::connect(postgres).await?;
    Ok(Engine::builder().hot(hot).ledger(ledger).build())
}

/// One sale over two nodes: each takes a bid, one of them settles.
async fn sell(one: &Engine, another: &Engine) -> Result<SettleOutcome, Box<dyn Error>> {
    let sale = add_sale(one).await?;
    let member = "1".parse()?;
    one.place_bid(sale, Bid::new(one.fresh_id(), "12.50".parse()?, member))
        .await?;
    let best = Bid::new(another.fresh_id(), "14".parse()?, member);
    let best = another.place_bid(sale, best).await?;
    println!("rank {}", best.rank);

    tokio::time::sleep(Duration::from_secs(1)).await;
    let settled = one.settle(sale).await?; // or let `Engine::run` settle what is due, on each node
    assert_eq!(another.settle(sale).await?, SettleOutcome::AlreadySettled);
    assert!(another.verify(sale).await?.is_consistent());
    Ok(settled)
}

async fn add_sale(engine: &Engine) -> Result<CampaignId, Box<dyn Error>> {
    let lamp = NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::ONE,
        min_price: "10".parse()?,
    };
    let product = engine.add_product(lamp).await?.id;
    let weights = Weights::new("1".parse()?, "0".parse()?, "0".parse()?)?;
    let sale = NewCampaign::new(
        product,
        Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        Window::new(engine.now(), engine.now().after(Duration::from_secs(1)))?,
    );
    Ok(engine.add_campaign(sale).await?.id)
}

#[cfg(test)]
mod tests {
    use flashbid_testbed::{Postgres, Redis};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn two_nodes_sell_one_lamp() -> Result<(), Box<dyn Error>> {
        let (redis, postgres) = (Redis::start(), Postgres::start());
        let database = postgres.database();
        let one = connect(&redis.url(), &database).await?;
        let another = connect(&redis.url(), &database).await?;
        let settled = sell(&one, &another).await?;
        assert_eq!(settled, SettleOutcome::Settled { orders: 1 });
        Ok(())
    }
}
