//! What has become of holds, and those that never become orders.

use std::collections::{BTreeSet, HashMap};

use flashbid_core::id::{CampaignId, HoldId};
use flashbid_core::purchase::{HoldFate, VoidReason};
use sqlx::query;
use uuid::Uuid;

use super::row::{self, Stored, read};
use super::{campaigns, letters, orders};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// What is known of holds. They are an order, else set aside, else void.
pub(super) async fn find(
    tx: &mut Transaction<'_>,
    holds: &[HoldId],
) -> Result<Vec<Option<HoldFate>>, DatabaseError> {
    let ids = row::column(holds, |hold| hold.uuid());
    let mut fates: HashMap<HoldId, HoldFate> = HashMap::with_capacity(holds.len());
    for (hold, reason) in voids(tx, ids.clone()).await? {
        fates.insert(hold, HoldFate::Void(reason));
    }
    for hold in letters::among(tx, ids.clone()).await? {
        fates.insert(hold, HoldFate::SetAside);
    }
    for order in orders::taken_again(tx, ids.clone()).await? {
        fates.insert(order.hold, HoldFate::Ordered(order));
    }
    for order in orders::find_all(tx, ids).await? {
        // The hold that it had first, whichever has its units now.
        let first = HoldId::new(order.id.uuid());
        fates.insert(first, HoldFate::Ordered(order));
    }
    Ok(row::column(holds, |hold| fates.get(hold).cloned()))
}

/// Makes holds void of which nothing is known, and answers what each is then.
pub(super) async fn end(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    holds: &[HoldId],
) -> Result<Vec<HoldFate>, DatabaseError> {
    const ENDED: VoidReason = VoidReason::Ended;
    campaigns::lock(tx, campaign).await?;
    let fates = find(tx, holds).await?;
    let unknown = holds.iter().zip(&fates).filter(|(_, fate)| fate.is_none());
    let unknown: BTreeSet<Uuid> = unknown.map(|(hold, _)| hold.uuid()).collect();
    if !unknown.is_empty() {
        make_void(tx, unknown.into_iter().collect(), ENDED).await?;
    }
    let fates = fates.into_iter();
    Ok(fates
        .map(|fate| fate.unwrap_or(HoldFate::Void(ENDED)))
        .collect())
}

/// Which of these holds are void, and why.
pub(super) async fn voids(
    tx: &mut Transaction<'_>,
    holds: Vec<Uuid>,
) -> Result<Vec<(HoldId, VoidReason)>, DatabaseError> {
    let find = query("SELECT hold, reason FROM void_holds WHERE hold = ANY ($1)").bind(holds);
    row::all(tx, find, |row| Ok((read(row, 0)?, read(row, 1)?))).await
}

/// Writes holds, in ascending order, as void; what is void stays so for its first reason.
pub(super) async fn make_void(
    tx: &mut Transaction<'_>,
    holds: Vec<Uuid>,
    reason: VoidReason,
) -> Result<(), DatabaseError> {
    let insert = query(
        "INSERT INTO void_holds (hold, reason) SELECT hold, $2 FROM unnest($1::uuid[]) AS hold ON CONFLICT DO NOTHING",
    );
    let insert = insert.bind(holds).bind(reason.as_str());
    tx.execute(insert).await.map(drop)
}

impl Stored for VoidReason {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Self::from_name(&name)
    }
}
