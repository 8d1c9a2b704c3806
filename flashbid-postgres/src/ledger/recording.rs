use std::collections::HashSet;
use std::fmt::{self, Write};

use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::store::EventBatch;

use super::array::column;
use super::row::{self, read};
use crate::database::{Database, Script};
use crate::error::DatabaseError;

/// Records a batch: see `record_bids` in the migrations.
///
/// The checkpoint of the campaign is locked until the commit, for all nodes. So the whole transaction goes as one
/// message: no round trip is made while others wait.
pub(super) async fn record(
    database: &Database,
    campaign: CampaignId,
    batch: &EventBatch,
) -> Result<Sequence, DatabaseError> {
    let rows = database.run_until_known(call(campaign, batch)?).await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::corrupt("`record_bids` answers nothing"))?;
    read(row, 0)
}

/// Numbers, ids and hexadecimal digits only: nothing in a bid can become SQL.
fn call(campaign: CampaignId, batch: &EventBatch) -> Result<Script, DatabaseError> {
    let bids = &batch.bids;
    let mut sql = String::with_capacity(256 + 256 * bids.len());
    let head = write!(
        sql,
        "SELECT record_bids('{campaign}', {}, {}, {}, {}",
        row::number(batch.epoch.get())?,
        row::number(batch.after.get())?,
        row::number(batch.through.get())?,
        !is_well_formed(batch),
    );
    let mut sequences = Vec::with_capacity(bids.len());
    let mut elapsed = Vec::with_capacity(bids.len());
    for bid in bids {
        sequences.push(row::number(bid.sequence.get())?);
        elapsed.push(row::number(bid.elapsed_ms)?);
    }
    let columns = head.and_then(|()| {
        column(&mut sql, &sequences)?;
        column(&mut sql, bids.iter().map(|bid| bid.id))?;
        column(&mut sql, bids.iter().map(|bid| bid.bidder))?;
        column(&mut sql, bids.iter().map(|bid| Hex(bid.name.as_deref())))?;
        column(&mut sql, bids.iter().map(|bid| bid.price.ten_thousandths()))?;
        column(
            &mut sql,
            bids.iter().map(|bid| bid.weight.ten_thousandths()),
        )?;
        column(&mut sql, bids.iter().map(|bid| bid.score.ten_thousandths()))?;
        column(&mut sql, bids.iter().map(|bid| bid.rank.get()))?;
        column(&mut sql, bids.iter().map(|bid| bid.at.millis()))?;
        column(&mut sql, &elapsed)?;
        column(&mut sql, bids.iter().map(|bid| bid.bid_number))?;
        sql.write_char(')')
    });
    columns.expect("a String takes everything");
    Ok(Script(sql))
}

/// A text as hexadecimal digits, in quotes, which tell an empty one from `NULL`.
struct Hex<'t>(Option<&'t str>);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = self.0 else {
            return f.write_str("NULL");
        };
        f.write_char('"')?;
        for byte in row::escaped(text).bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_char('"')
    }
}

/// Whether each bid is behind the one before and within the stretch, and no id is there twice.
fn is_well_formed(batch: &EventBatch) -> bool {
    let mut previous = batch.after;
    let mut ids = HashSet::with_capacity(batch.bids.len());
    batch.bids.iter().all(|bid| {
        let follows = previous < bid.sequence && bid.sequence <= batch.through;
        previous = bid.sequence;
        follows && ids.insert(bid.id)
    })
}
