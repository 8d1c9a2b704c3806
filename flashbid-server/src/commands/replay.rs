//! Running bids from a file through the real engine, in memory and at the times of the file.

mod rows;

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use flashbid_core::bid::Bid;
use flashbid_core::campaign::{Format, Rebid, Window};
use flashbid_core::engine::{NewCampaign, NewProduct};
use flashbid_core::id::BidderId;
use flashbid_core::memory::{MemoryHot, MemoryLedger};
use flashbid_core::money::{Coefficient, Money};
use flashbid_core::score::{Score, Weights};
use flashbid_core::stock::Units;
use flashbid_core::store::Page;
use flashbid_core::time::{ManualClock, Timestamp};
use flashbid_core::{Durability, Engine, Error};
use uuid::Uuid;

use crate::failure::Failure;
use rows::{Auction, read};

/// What `replay` is told.
#[derive(Clone, Debug, clap::Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "\
Columns are found by their names in the header, in any order:
  bidder    `bidder` or `user_id`: any text
  price     `price` or `bid`
  time      `time_ms`, `time_s` or `bid_time_days`: since the start of the sale, as its name says;
            without one, each row comes a millisecond after the one before
  weight    `weight`: 0 to 1000; without it 1
  campaign  `campaign_id`, `campaign` or `auction_id`: rows of each are a sale of their own;
            without it all rows are one sale
Other columns are ignored. The winners are printed as CSV: campaign,rank,bidder,price,score,bids"
)]
pub struct Arguments {
    /// The bids, as CSV with a header
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Units of each sale
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub units: u32,
    /// The lowest price of a bid; rows below it are refused
    #[arg(long, default_value = "0")]
    pub min_price: Money,
    /// The factor of the price
    #[arg(long, default_value = "1")]
    pub alpha: Coefficient,
    /// The factor of being early
    #[arg(long, default_value = "0")]
    pub beta: Coefficient,
    /// The factor of the weight
    #[arg(long, default_value = "0")]
    pub gamma: Coefficient,
    /// The column of the bidder
    #[arg(long, value_name = "NAME")]
    pub bidder_column: Option<String>,
    /// The column of the price
    #[arg(long, value_name = "NAME")]
    pub price_column: Option<String>,
    /// The column of the time, in milliseconds unless its name ends in _s or _days
    #[arg(long, value_name = "NAME")]
    pub time_column: Option<String>,
    /// The column of the weight
    #[arg(long, value_name = "NAME")]
    pub weight_column: Option<String>,
    /// The column of the campaign
    #[arg(long, value_name = "NAME")]
    pub campaign_column: Option<String>,
}

/// One winner of a replayed sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Which sale, as the file names it.
    pub campaign: String,
    /// The place, 1 for the best.
    pub rank: u32,
    /// Who won, as the file names it.
    pub bidder: String,
    /// What is to be paid.
    pub price: Money,
    /// The winning score.
    pub score: Score,
    /// Bids that the sale accepted.
    pub bids: u64,
}

/// Replays the file and prints the winners.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.display();
    let file = std::fs::File::open(&arguments.file)
        .map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))?;
    let winners = replay(file, arguments)
        .await
        .map_err(|failure| Failure::usage(format!("{path}: {failure}")))?;
    match print(&winners) {
        Err(error) if !is_closed_pipe(&error) => {
            Err(Failure::usage(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

/// Replays bids from CSV text, and answers the winners of every sale in the order in which the file first names them.
///
/// # Errors
/// A text that is no such table, the line said; factors that could overflow a score.
pub async fn replay(csv: impl Read, arguments: &Arguments) -> Result<Vec<Winner>, Failure> {
    let weights = Weights::new(arguments.alpha, arguments.beta, arguments.gamma)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let auctions = read(csv, arguments)?;
    let mut winners = Vec::new();
    for auction in auctions {
        let sale = hold(&auction, weights, arguments).await;
        winners.extend(
            sale.map_err(|error| Failure::usage(format!("campaign {}: {error}", auction.name)))?,
        );
    }
    Ok(winners)
}

/// Holds one sale: every bid in the order of its time, then the settlement.
async fn hold(
    auction: &Auction,
    weights: Weights,
    arguments: &Arguments,
) -> Result<Vec<Winner>, Error> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
    let engine = Engine::builder()
        .hot(MemoryHot::new(clock.clone()))
        .ledger(MemoryLedger::new())
        .durability(Durability::Hot)
        .clock(clock.clone())
        .build();
    let end = Timestamp::from_millis(auction.last_ms() + 1);
    let units = Units::new(arguments.units).expect("the option is bounded by the most units");
    let product = engine
        .add_product(NewProduct {
            name: auction.name.clone(),
            description: None,
            image_url: None,
            stock: units,
            min_price: arguments.min_price,
        })
        .await?;
    let format = Format::Ranked {
        weights,
        rebid: Rebid::default(),
    };
    let window = Window::new(Timestamp::from_millis(0), end).expect("no bid is before zero");
    let campaign = engine
        .add_campaign(NewCampaign {
            quota: Some(units),
            ..NewCampaign::new(product.id, format, window)
        })
        .await?
        .id;
    let mut names: HashMap<BidderId, &str> = HashMap::new();
    let mut bids = 0;
    for row in &auction.rows {
        let bidder = BidderId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, row.bidder.as_bytes()));
        names.insert(bidder, &row.bidder);
        let bid = Bid {
            at: Some(Timestamp::from_millis(row.at_ms)),
            ..Bid::new(bidder, row.price, row.weight)
        };
        match engine.place_bid(campaign, bid).await {
            Ok(_) => bids += 1,
            // A refused row is part of the history that is replayed.
            Err(Error::Rejected(rejection)) => {
                tracing::info!(campaign = auction.name, bidder = row.bidder, %rejection, "refused");
            }
            Err(error) => return Err(error),
        }
    }
    clock.set(end);
    engine.settle(campaign).await?;
    let everything = Page {
        skip: 0,
        limit: u32::MAX,
    };
    let orders = engine.orders_in(campaign, everything).await?.items;
    let winner = |order: &flashbid_core::order::Order| {
        Some(Winner {
            campaign: auction.name.clone(),
            rank: order.rank()?.get(),
            bidder: names[&order.bidder].to_owned(),
            price: order.price,
            score: order.score()?,
            bids,
        })
    };
    Ok(orders.iter().filter_map(winner).collect())
}

fn print(winners: &[Winner]) -> csv::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(["campaign", "rank", "bidder", "price", "score", "bids"])?;
    for winner in winners {
        out.write_record([
            &winner.campaign,
            &winner.rank.to_string(),
            &winner.bidder,
            &winner.price.to_string(),
            &winner.score.to_string(),
            &winner.bids.to_string(),
        ])?;
    }
    Ok(out.flush()?)
}

/// Whoever reads has read enough, as `head` does.
fn is_closed_pipe(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
