use std::collections::BTreeMap;

use flashbid_core::discrepancy::{Discrepancy, DiscrepancyKind};
use flashbid_core::id::CampaignId;
use flashbid_core::store::{Listing, Page};
use flashbid_core::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::query;
use uuid::Uuid;

use super::campaigns;
use super::row::{self, Stored, read, read_if};
use crate::database::Transaction;
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT campaign, kind, subject, expected, found, noticed_at, resolved_at FROM discrepancies ",
            $rest
        )
    };
}

/// Opens what is new and resolves what is gone; answers how many were opened.
pub(super) async fn note(
    tx: &mut Transaction<'_>,
    campaign: CampaignId,
    found: &[Discrepancy],
    at: Timestamp,
) -> Result<usize, DatabaseError> {
    // One at a time: whoever opens what another resolves waits for the other, who may be waiting for what it opens.
    campaigns::lock_all(tx, vec![campaign.uuid()]).await?;
    // The first words of a subject count.
    let mut lasting = BTreeMap::new();
    for one in found {
        let subject = (one.kind.as_str(), one.subject);
        lasting.entry(subject).or_insert(one);
    }
    let kinds: Vec<_> = lasting.keys().map(|(kind, _)| *kind).collect();
    let subjects: Vec<_> = lasting.keys().map(|(_, subject)| *subject).collect();
    let resolve = query(
        "UPDATE discrepancies SET resolved_at = greatest($2, noticed_at)
         WHERE campaign = $1 AND resolved_at IS NULL
             AND (kind, subject) NOT IN (SELECT * FROM unnest($3::text[], $4::uuid[]))",
    );
    let resolve = resolve
        .bind(campaign.uuid())
        .bind(at.millis())
        .bind(kinds.clone())
        .bind(subjects.clone());
    tx.execute(resolve).await?;
    let open = query(
        "INSERT INTO discrepancies (campaign, kind, subject, expected, found, noticed_at)
         SELECT $1, kind, subject, expected, found, $2
         FROM unnest($3::text[], $4::uuid[], $5::text[], $6::text[]) AS new (kind, subject, expected, found)
         ON CONFLICT (campaign, kind, subject) WHERE resolved_at IS NULL DO NOTHING",
    );
    let text = |text: fn(&Discrepancy) -> &String| -> Vec<String> {
        let texts = lasting.values().map(|one| row::escaped(text(one)));
        texts.map(std::borrow::Cow::into_owned).collect()
    };
    let open = open
        .bind(campaign.uuid())
        .bind(at.millis())
        .bind(kinds)
        .bind(subjects)
        .bind(text(|one| &one.expected))
        .bind(text(|one| &one.found));
    let opened = tx.execute(open).await?;
    usize::try_from(opened).map_err(|_| DatabaseError::corrupt("too many were opened"))
}

pub(super) async fn list(
    tx: &mut Transaction<'_>,
    open: bool,
    page: Page,
) -> Result<Listing<Discrepancy>, DatabaseError> {
    let (items, total) = if open {
        (
            select!(
                "WHERE resolved_at IS NULL ORDER BY noticed_at DESC, number DESC LIMIT $1 OFFSET $2"
            ),
            "SELECT count(*) FROM discrepancies WHERE resolved_at IS NULL",
        )
    } else {
        (
            select!("ORDER BY noticed_at DESC, number DESC LIMIT $1 OFFSET $2"),
            "SELECT count(*) FROM discrepancies",
        )
    };
    let items = query(items)
        .bind(row::limit(page.limit))
        .bind(row::offset(page));
    row::listing(tx, items, query(total), discrepancy).await
}

fn discrepancy(row: &PgRow) -> Result<Discrepancy, DatabaseError> {
    Ok(Discrepancy {
        campaign: read(row, 0)?,
        kind: read(row, 1)?,
        subject: read::<Uuid>(row, 2)?,
        expected: read(row, 3)?,
        found: read(row, 4)?,
        noticed_at: read(row, 5)?,
        resolved_at: read_if(row, 6)?,
    })
}

impl Stored for DiscrepancyKind {
    type Raw = String;

    fn restore(name: String) -> Option<Self> {
        Self::from_name(&name)
    }
}
