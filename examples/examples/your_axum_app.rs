//! Serving sales from an application that you have: the engine is one more part of its state, your own users bid, and
//! the engine's worker stops with your server.
//!
//! ```text
//! cargo run -p flashbid-examples --example your_axum_app
//! curl -X POST -H 'x-user: 7d444840-9dc0-11d1-b245-5ffdce74fad2' 'http://127.0.0.1:3000/lamp/bids?price=12.50'
//! curl http://127.0.0.1:3000/lamp
//! ```

use std::fmt::Write;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::money::Weight;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::{Engine, Error};
use flashbid_sqlite::SqliteLedger;

/// The state of an application, with the engine in it.
#[derive(Clone)]
struct Shop {
    engine: Engine,
    lamp: CampaignId,
}

#[derive(serde::Deserialize)]
struct Offer {
    price: String,
}

type Failure = (StatusCode, String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ledger = SqliteLedger::open("shop.db")?;
    let engine = Engine::builder().ledger(ledger).build();
    let lamp = lamp(&engine).await?;
    let worker = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(Duration::from_secs(2), stopped()).await }
    });

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "http://{}/lamp sells a lamp for ten minutes",
        listener.local_addr()?
    );
    let shop = Shop { engine, lamp };
    axum::serve(listener, routes(shop))
        .with_graceful_shutdown(stopped())
        .await?;
    worker.await?;
    Ok(())
}

fn routes(shop: Shop) -> Router {
    Router::new()
        .route("/", get(async || "your own pages"))
        .route("/lamp", get(ranking))
        .route("/lamp/bids", post(bid))
        .with_state(shop)
}

/// Your own way of telling who asks; here a header that anybody may set.
fn user(headers: &HeaderMap) -> Option<BidderId> {
    headers.get("x-user")?.to_str().ok()?.parse().ok()
}

async fn bid(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Query(offer): Query<Offer>,
) -> Result<String, Failure> {
    let bidder = user(&headers).ok_or((StatusCode::UNAUTHORIZED, "who are you?".to_owned()))?;
    let price = offer
        .price
        .parse()
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("price: {error}")))?;
    let weight: Weight = "1".parse().map_err(|_| internal())?;
    let accepted = shop
        .engine
        .place_bid(shop.lamp, Bid::new(bidder, price, weight))
        .await
        .map_err(explain)?;
    Ok(format!(
        "you are at rank {} with a score of {}\n",
        accepted.rank, accepted.score
    ))
}

async fn ranking(State(shop): State<Shop>) -> Result<String, Failure> {
    let ranking = shop.engine.ranking(shop.lamp, 10).await.map_err(explain)?;
    let mut page = format!("{} bid\n", ranking.stats.participants);
    for standing in ranking.top {
        writeln!(
            page,
            "{}. {} at {}",
            standing.rank, standing.bid.bidder, standing.bid.price
        )
        .map_err(|_| internal())?;
    }
    Ok(page)
}

/// A no is the bidder's to hear, a failure is yours to look at.
fn explain(error: Error) -> Failure {
    match error {
        Error::Rejected(no) => (StatusCode::CONFLICT, format!("{no}\n")),
        Error::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "try again in a moment\n".to_owned(),
        ),
        failure => {
            eprintln!("{failure}");
            internal()
        }
    }
}

fn internal() -> Failure {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong\n".to_owned(),
    )
}

async fn lamp(engine: &Engine) -> Result<CampaignId, Box<dyn std::error::Error>> {
    let product = NewProduct {
        name: "Lamp".into(),
        description: None,
        image_url: None,
        stock: Units::ONE,
        min_price: "10".parse()?,
    };
    let weights = Weights::new("1".parse()?, "1000".parse()?, "100".parse()?)?;
    let sale = NewCampaign::new(
        engine.add_product(product).await?.id,
        Format::Ranked {
            weights,
            rebid: Rebid::Latest,
        },
        Window::new(engine.now(), engine.now().after(Duration::from_mins(10)))?,
    );
    Ok(engine.add_campaign(sale).await?.id)
}

async fn stopped() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
    }
}
