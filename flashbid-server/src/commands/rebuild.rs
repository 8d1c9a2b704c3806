use std::sync::Arc;

use flashbid_core::id::CampaignId;
use flashbid_core::time::SystemClock;
use flashbid_core::{Engine, Error, Rejection};

use super::say;
use crate::config::{Config, HotUrl};
use crate::failure::Failure;
use crate::stores::Stores;

/// What `rebuild` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The campaign's id
    #[arg(required_unless_present = "all")]
    campaign: Option<CampaignId>,
    /// Every campaign that has started and is not settled
    #[arg(long, conflicts_with = "campaign")]
    all: bool,
}

/// Discards books in the hot store and opens them from the ledger, beside the servers that use them.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    if config.hot == HotUrl::Memory {
        return Err(Failure::usage(
            "a hot store in memory belongs to its server, which builds it from the ledger at each start: \
             there is nothing to rebuild",
        ));
    }
    let clock = Arc::new(SystemClock);
    let engine = Stores::open(config, clock.clone())
        .await?
        .engine(config, clock);
    let campaigns = match arguments.campaign {
        Some(campaign) => vec![campaign],
        None => engine
            .due()
            .await
            .map_err(|error| Failure::usage(format!("cannot list the campaigns: {error}")))?
            .iter()
            .map(|campaign| campaign.id)
            .collect(),
    };
    for campaign in &campaigns {
        rebuild(&engine, *campaign).await?;
    }
    if campaigns.is_empty() {
        say("no campaign runs: there is nothing to rebuild");
    }
    Ok(())
}

async fn rebuild(engine: &Engine, campaign: CampaignId) -> Result<(), Failure> {
    // Bids that only the book has are saved if it can be read; a book that cannot be is why this command exists.
    match engine.relay(campaign).await {
        Ok(_) => {}
        Err(Error::Rejected(Rejection::UnknownCampaign)) => {
            return Err(Failure::usage(format!("there is no campaign {campaign}")));
        }
        Err(error) => {
            tracing::warn!(%campaign, %error, "the old book could not be read");
        }
    }
    let rebuilt = engine.rebuild(campaign).await.map_err(|error| {
        Failure::negative(format!("campaign {campaign} was not rebuilt: {error}"))
    })?;
    say(format_args!(
        "campaign {campaign}: {} bids from the ledger, last sequence {}, epoch {}",
        rebuilt.bids,
        rebuilt.last_sequence.get(),
        rebuilt.epoch.get()
    ));
    Ok(())
}
