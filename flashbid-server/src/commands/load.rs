use std::sync::Arc;

use flashbid_core::id::ProductId;
use flashbid_core::time::SystemClock;
use flashbid_core::{Error, Rejection};

use super::say;
use crate::config::{Config, HotUrl};
use crate::failure::Failure;
use crate::stores::Stores;

/// What `load` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The product's id; without it, every product
    product: Option<ProductId>,
}

/// Loads the counters of running first-come campaigns into the hot store, beside the servers that use them.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    if config.hot == HotUrl::Memory {
        return Err(Failure::usage(
            "a hot store in memory belongs to its server, which loads it when it is needed: there is nothing to load",
        ));
    }
    let clock = Arc::new(SystemClock);
    let engine = Stores::open(config, clock.clone())
        .await?
        .engine(config, clock);
    let loaded = match arguments.product {
        Some(product) => engine.load_stock(product).await,
        None => engine.load_all_stock().await,
    };
    let loaded = loaded.map_err(|error| match error {
        Error::Rejected(Rejection::UnknownProduct) => Failure::usage("there is no such product"),
        other => Failure::negative(format!("the counters could not be loaded: {other}")),
    })?;
    for campaign in &loaded {
        say(format_args!("campaign {}: loaded", campaign.id));
    }
    say(format_args!("{} counters are loaded", loaded.len()));
    Ok(())
}
