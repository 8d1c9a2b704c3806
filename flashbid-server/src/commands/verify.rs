use flashbid_core::campaign::Phase;
use flashbid_core::engine::audit::{self, Verdict};
use flashbid_core::id::CampaignId;
use flashbid_core::{Error, Rejection};

use super::say;
use crate::config::Config;
use crate::failure::Failure;
use crate::stores;

/// What `verify` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The campaign's id
    campaign: CampaignId,
}

/// Audits a campaign from its ledger, beside a server that may be running on it.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let campaign = arguments.campaign;
    let ledger = stores::open_read_only(config).await?;
    let verdict = audit::verify(&*ledger, campaign)
        .await
        .map_err(|error| match error {
            Error::Rejected(Rejection::UnknownCampaign) => {
                Failure::usage(format!("there is no campaign {campaign}"))
            }
            other => Failure::usage(format!("cannot read the ledger: {other}")),
        })?;
    report(&verdict)
}

/// Prints what an audit found.
///
/// # Errors
/// The violations, if there are any.
pub(super) fn report(verdict: &Verdict) -> Result<(), Failure> {
    let (entries, people) = if verdict.is_first_come {
        ("purchases", "buyers")
    } else {
        ("bids", "bidders")
    };
    say(format_args!(
        "campaign {}, {}: {} {entries} of {} {people}; {} orders, quota {}, stock {}",
        verdict.campaign,
        match verdict.phase {
            Phase::Settled => "settled",
            Phase::Cancelled => "cancelled",
            _ => "not settled yet",
        },
        verdict.entries,
        verdict.participants,
        verdict.orders,
        verdict.quota,
        verdict.stock
    ));
    if verdict.is_consistent() {
        say(format_args!("consistent"));
        Ok(())
    } else {
        let reasons = verdict.violations.join("; ");
        Err(Failure::negative(format!("not consistent: {reasons}")))
    }
}
