use flashbid_core::id::{CampaignId, OrderId};
use flashbid_core::store::{OutboxEntry, OutboxEvent};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::row::{self, read};
use crate::error::DatabaseError;

pub(super) fn append(tx: &Connection, event: OutboxEvent) -> Result<(), DatabaseError> {
    let (name, subject) = match &event {
        OutboxEvent::OrderCreated(order) => ("order_created", order.as_bytes()),
        OutboxEvent::OrderMoved(order) => ("order_moved", order.as_bytes()),
        OutboxEvent::CampaignSettled(campaign) => ("campaign_settled", campaign.as_bytes()),
        _ => return Err(DatabaseError::conflict("this event cannot be stored yet")),
    };
    row::change_one(
        tx,
        "INSERT INTO outbox (event, subject) VALUES (?1, ?2)",
        params![name, subject],
    )
}

pub(super) fn oldest(tx: &Connection, limit: u32) -> Result<Vec<OutboxEntry>, DatabaseError> {
    row::all(
        tx,
        "SELECT position, event, subject FROM outbox ORDER BY position LIMIT ?1",
        [limit],
        entry,
    )
}

pub(super) fn acknowledge(tx: &Connection, position: u64) -> Result<(), DatabaseError> {
    tx.prepare_cached("DELETE FROM outbox WHERE position <= ?1")?
        .execute([row::bound(position)])?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    let event = match row.get_ref(1)?.as_str()? {
        "order_created" => OutboxEvent::OrderCreated(read::<OrderId>(row, 2)?),
        "order_moved" => OutboxEvent::OrderMoved(read::<OrderId>(row, 2)?),
        "campaign_settled" => OutboxEvent::CampaignSettled(read::<CampaignId>(row, 2)?),
        _ => {
            let why = "no event of the outbox".into();
            return Err(rusqlite::Error::FromSqlConversionFailure(
                1,
                Type::Text,
                why,
            ));
        }
    };
    Ok(OutboxEntry {
        position: read(row, 0)?,
        event,
    })
}
