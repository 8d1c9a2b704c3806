use flashbid_core::campaign::Format;
use flashbid_core::id::CampaignId;
use flashbid_core::stock::Units;
use flashbid_core::store::GateSeed;

use super::{campaigns, letters, orders};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// What a campaign's counter is loaded from.
pub(super) async fn of_gate(
    tx: &mut Transaction<'_>,
    id: CampaignId,
) -> Result<Option<GateSeed>, DatabaseError> {
    let Some(campaign) = campaigns::find(tx, id).await? else {
        return Ok(None);
    };
    let mut holds = orders::holds(tx, id).await?;
    holds.append(&mut letters::holds(tx, id).await?);
    holds.sort_unstable_by_key(|hold| hold.id);
    let terms = &campaign.terms;
    let quota = terms.quota.minus(campaign.returned);
    Ok(Some(GateSeed {
        campaign: id,
        window: terms.window,
        quota: quota.ok_or_else(|| DatabaseError::corrupt("more is returned than there was"))?,
        per_buyer: match terms.format {
            Format::Ranked { .. } => Some(Units::ONE),
            Format::FirstCome { per_buyer, .. } => per_buyer,
            _ => return Err(DatabaseError::corrupt("a campaign has an unknown format")),
        },
        sealed: campaign.phase.is_closed(),
        holds,
    }))
}
