use std::sync::Arc;

use flashbid_core::discrepancy::Discrepancy;
use flashbid_core::id::CampaignId;
use flashbid_core::store::Page;
use flashbid_core::time::SystemClock;
use flashbid_core::{Engine, Error, Rejection};

use super::say;
use crate::config::{Config, HotUrl};
use crate::failure::Failure;
use crate::stores::{self, Stores};

/// Campaigns that are read at once.
const PAGE: u32 = 500;

/// What `reconcile` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The campaign's id; without it, every campaign
    campaign: Option<CampaignId>,
    /// Repair the counters; without it nothing is changed but the record of what was found
    #[arg(long)]
    fix: bool,
}

/// Compares counters, holds, orders and stock, beside the servers that use them.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let in_memory = config.hot == HotUrl::Memory;
    if in_memory && arguments.fix {
        return Err(Failure::usage(
            "the counters of a hot store in memory belong to its server: \
             POST /api/v1/campaigns/{campaign_id}/reconcile with {\"fix\": true} repairs them",
        ));
    }
    let engine = if in_memory {
        // Beside a server that has the file: what is in its memory only the server can compare.
        let ledger = stores::open_read_only(config).await?;
        Engine::builder().shared_ledger(ledger).build()
    } else {
        let clock = Arc::new(SystemClock);
        let stores = Stores::open(config, clock.clone()).await?;
        stores.engine(config, clock)
    };
    let campaigns = match arguments.campaign {
        Some(campaign) => vec![campaign],
        None => every_campaign(&engine).await?,
    };
    let (mut found, mut left) = (0, 0);
    for campaign in &campaigns {
        let differences = if in_memory {
            let found = engine.compare(*campaign).await;
            found.map(|found| (found.clone(), found))
        } else {
            let reconciled = engine.reconcile(*campaign, arguments.fix).await;
            reconciled.map(|reconciled| (reconciled.found, reconciled.left))
        };
        let (differs, still) = differences.map_err(|error| failed(*campaign, &error))?;
        differs.iter().for_each(tell);
        found += differs.len();
        left += still.len();
    }
    if in_memory {
        say("only the ledger was compared: a hot store in memory belongs to its server");
    }
    say(format_args!(
        "{} campaigns, {found} discrepancies found, {left} left",
        campaigns.len()
    ));
    if left == 0 {
        Ok(())
    } else {
        Err(Failure::negative(format!("{left} discrepancies are left")))
    }
}

async fn every_campaign(engine: &Engine) -> Result<Vec<CampaignId>, Failure> {
    let mut campaigns = Vec::new();
    loop {
        let page = Page {
            skip: campaigns.len() as u64,
            limit: PAGE,
        };
        let found = engine.campaigns(page).await;
        let found =
            found.map_err(|error| Failure::usage(format!("cannot list the campaigns: {error}")))?;
        if found.items.is_empty() {
            return Ok(campaigns);
        }
        campaigns.extend(found.items.iter().map(|campaign| campaign.id));
    }
}

fn failed(campaign: CampaignId, error: &Error) -> Failure {
    match error {
        Error::Rejected(Rejection::UnknownCampaign) => {
            Failure::usage(format!("there is no campaign {campaign}"))
        }
        other => Failure::usage(format!("campaign {campaign} cannot be compared: {other}")),
    }
}

fn tell(discrepancy: &Discrepancy) {
    say(format_args!(
        "campaign {}: {} {}: expected {}, found {}",
        discrepancy.campaign,
        discrepancy.kind.as_str(),
        discrepancy.subject,
        discrepancy.expected,
        discrepancy.found
    ));
}
