use flashbid_core::id::{CampaignId, OrderId};
use flashbid_core::store::{OutboxEntry, OutboxEvent};
use sqlx::postgres::PgRow;
use sqlx::query;
use uuid::Uuid;

use super::row::{self, read};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// Writes entries behind all others. Until the transaction ends nobody else does: do it last.
pub(super) async fn append(
    tx: &mut Transaction<'_>,
    events: &[OutboxEvent],
) -> Result<(), DatabaseError> {
    let mut names = Vec::with_capacity(events.len());
    let mut subjects = Vec::with_capacity(events.len());
    for event in events {
        let (name, subject) = stored(event)?;
        names.push(name);
        subjects.push(subject);
    }
    let insert = query(
        "WITH moved AS (
             UPDATE outbox_end SET position = position + cardinality($1::text[])
             RETURNING position - cardinality($1::text[]) AS before
         )
         INSERT INTO outbox (position, event, subject)
         SELECT before + place, event, subject
         FROM moved, unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS new (event, subject, place)",
    );
    let insert = insert.bind(names).bind(subjects);
    let rows = events.len() as u64;
    row::change(tx, rows, insert, "an outbox entry was not written").await
}

fn stored(event: &OutboxEvent) -> Result<(&'static str, Uuid), DatabaseError> {
    Ok(match event {
        OutboxEvent::OrderCreated(order) => ("order_created", order.uuid()),
        OutboxEvent::OrderMoved(order) => ("order_moved", order.uuid()),
        OutboxEvent::CampaignSettled(campaign) => ("campaign_settled", campaign.uuid()),
        _ => return Err(DatabaseError::conflict("this event cannot be stored yet")),
    })
}

pub(super) async fn oldest(
    tx: &mut Transaction<'_>,
    limit: u32,
) -> Result<Vec<OutboxEntry>, DatabaseError> {
    let oldest = query("SELECT position, event, subject FROM outbox ORDER BY position LIMIT $1");
    row::all(tx, oldest.bind(row::limit(limit)), entry).await
}

pub(super) async fn acknowledge(
    tx: &mut Transaction<'_>,
    position: u64,
) -> Result<(), DatabaseError> {
    let delete = query("DELETE FROM outbox WHERE position <= $1").bind(row::bound(position));
    tx.execute(delete).await.map(drop)
}

fn entry(row: &PgRow) -> Result<OutboxEntry, DatabaseError> {
    let event = match &*read::<String>(row, 1)? {
        "order_created" => OutboxEvent::OrderCreated(read::<OrderId>(row, 2)?),
        "order_moved" => OutboxEvent::OrderMoved(read::<OrderId>(row, 2)?),
        "campaign_settled" => OutboxEvent::CampaignSettled(read::<CampaignId>(row, 2)?),
        _ => return Err(DatabaseError::corrupt("the outbox has an unknown event")),
    };
    Ok(OutboxEntry {
        position: read(row, 0)?,
        event,
    })
}
