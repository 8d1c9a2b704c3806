use std::sync::Arc;

use flashbid_core::id::ProductId;
use flashbid_core::time::SystemClock;
use flashbid_core::{Error, Rejection};

use super::say;
use crate::config::{Config, HotUrl};
use crate::failure::Failure;
use crate::stores::Stores;

/// What `sync` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The product's id; without it, every product
    product: Option<ProductId>,
}

/// Brings the counters of first-come campaigns in line with the ledger, beside the servers that use them.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    if config.hot == HotUrl::Memory {
        return Err(Failure::usage(
            "a hot store in memory belongs to its server: POST /api/v1/products/sync brings it in line",
        ));
    }
    let clock = Arc::new(SystemClock);
    let engine = Stores::open(config, clock.clone())
        .await?
        .engine(config, clock);
    let synced = match arguments.product {
        Some(product) => engine.sync_stock(product).await,
        None => engine.sync_all_stock().await,
    };
    let synced = synced.map_err(|error| match error {
        Error::Rejected(Rejection::UnknownProduct) => Failure::usage("there is no such product"),
        other => Failure::negative(format!(
            "the counters could not be brought in line: {other}"
        )),
    })?;
    for campaign in &synced {
        say(format_args!("campaign {}: in line", campaign.id));
    }
    say(format_args!(
        "{} counters agree with the ledger",
        synced.len()
    ));
    Ok(())
}
