use std::collections::HashSet;

use flashbid_core::discrepancy::{Discrepancy, DiscrepancyKind};
use flashbid_core::id::CampaignId;
use flashbid_core::store::{Listing, Page};
use flashbid_core::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::row::{self, Column, read, read_optional};
use crate::error::DatabaseError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT campaign, kind, subject, expected, found, noticed_at, resolved_at FROM discrepancies ",
            $rest
        )
    };
}

/// Opens what is found and not open, resolves what is open and not found, and answers how many were opened.
pub(super) fn note(
    tx: &Connection,
    campaign: CampaignId,
    found: &[Discrepancy],
    at: Timestamp,
) -> Result<usize, DatabaseError> {
    let open = open(tx, campaign)?;
    let mut lasting = HashSet::with_capacity(found.len());
    let mut opened = 0;
    for discrepancy in found {
        let key = (discrepancy.kind, discrepancy.subject);
        if lasting.insert(key) && !open.contains(&key) {
            insert(tx, campaign, discrepancy, at)?;
            opened += 1;
        }
    }
    for (kind, subject) in open.difference(&lasting) {
        row::change_one(
            tx,
            "UPDATE discrepancies SET resolved_at = ?4
             WHERE campaign = ?1 AND kind = ?2 AND subject = ?3 AND resolved_at IS NULL",
            params![
                campaign.as_bytes(),
                kind.as_str(),
                subject.as_bytes(),
                at.millis()
            ],
        )?;
    }
    Ok(opened)
}

/// Discrepancies, the newest notice first.
pub(super) fn list(
    tx: &Connection,
    open: bool,
    page: Page,
) -> Result<Listing<Discrepancy>, DatabaseError> {
    let (items, total) = if open {
        (
            select!(
                "WHERE resolved_at IS NULL ORDER BY noticed_at DESC, number DESC LIMIT ?1 OFFSET ?2"
            ),
            "SELECT count(*) FROM discrepancies WHERE resolved_at IS NULL",
        )
    } else {
        (
            select!("ORDER BY noticed_at DESC, number DESC LIMIT ?1 OFFSET ?2"),
            "SELECT count(*) FROM discrepancies",
        )
    };
    Ok(Listing {
        items: row::all(tx, items, row::window(page), discrepancy)?,
        total: row::count(tx, total, [])?,
    })
}

fn open(
    tx: &Connection,
    campaign: CampaignId,
) -> Result<HashSet<(DiscrepancyKind, Uuid)>, DatabaseError> {
    let sql = "SELECT kind, subject FROM discrepancies WHERE campaign = ?1 AND resolved_at IS NULL";
    let open = row::all(tx, sql, [campaign.as_bytes()], |row| {
        Ok((read(row, 0)?, read(row, 1)?))
    })?;
    Ok(open.into_iter().collect())
}

fn insert(
    tx: &Connection,
    campaign: CampaignId,
    discrepancy: &Discrepancy,
    at: Timestamp,
) -> Result<(), DatabaseError> {
    row::change_one(
        tx,
        "INSERT INTO discrepancies (campaign, kind, subject, expected, found, noticed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            campaign.as_bytes(),
            discrepancy.kind.as_str(),
            discrepancy.subject.as_bytes(),
            discrepancy.expected,
            discrepancy.found,
            at.millis(),
        ],
    )
}

fn discrepancy(row: &Row<'_>) -> rusqlite::Result<Discrepancy> {
    Ok(Discrepancy {
        campaign: read(row, 0)?,
        kind: read(row, 1)?,
        subject: read(row, 2)?,
        expected: row.get(3)?,
        found: row.get(4)?,
        noticed_at: read(row, 5)?,
        resolved_at: read_optional(row, 6)?,
    })
}

impl FromSql for Column<DiscrepancyKind> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        DiscrepancyKind::from_name(value.as_str()?)
            .map(Self)
            .ok_or_else(|| FromSqlError::Other("no kind of discrepancy".into()))
    }
}
