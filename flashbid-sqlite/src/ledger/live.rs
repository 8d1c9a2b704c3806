use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::Phase;
use flashbid_core::id::{BidId, CampaignId};
use flashbid_core::rank::Sequence;
use flashbid_core::store::{Coverage, EventBatch};
use rusqlite::Connection;

use super::bids;
use super::campaigns::{self, Intake, Number};
use crate::database::Losses;
use crate::error::DatabaseError;

/// What the ledger remembers of the campaigns that take bids, beside what is in the file: enough to refuse a bid id
/// that is used twice without an index over random ids, and the stretches of a log that came early.
///
/// All of it follows from the file, but for the early stretches, which only save the relay a repetition. It is read
/// when a campaign is first needed and forgotten when a transaction was lost.
#[derive(Debug)]
pub(super) struct Live {
    losses: Losses,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// The count of losses that this memory is good for.
    losses: u64,
    campaigns: HashMap<CampaignId, Known>,
}

/// What is remembered of one campaign: the ids of *all* its recorded bids.
#[derive(Debug)]
struct Known {
    ids: HashSet<BidId>,
    coverage: Coverage,
}

impl Live {
    pub(super) fn new(losses: Losses) -> Self {
        Self {
            losses,
            memory: Mutex::default(),
        }
    }

    /// The count of losses so far, to be asked for *before* the bids for [`Live::remember`] are read.
    pub(super) fn losses(&self) -> u64 {
        self.losses.count()
    }

    /// Takes over what a reader has just read of a campaign, so that the writer need not read it again. Does nothing
    /// when the writer remembers the campaign already: it knows more.
    pub(super) fn remember(
        &self,
        campaign: CampaignId,
        losses: u64,
        checkpoint: Sequence,
        bids: &[AcceptedBid],
    ) {
        let ids = bids.iter().map(|bid| bid.id).collect();
        let mut memory = self.memory();
        // After a loss the writer may have remembered, recorded and forgotten since the bids were read.
        if memory.losses == losses {
            memory
                .campaigns
                .entry(campaign)
                .or_insert_with(|| Known::new(ids, checkpoint));
        }
    }

    /// Records a batch. See [`Ledger::record`](flashbid_core::store::Ledger::record).
    pub(super) fn record(
        &self,
        tx: &Connection,
        campaign: CampaignId,
        batch: &EventBatch,
    ) -> Result<Sequence, DatabaseError> {
        let Some(intake) = campaigns::intake(tx, campaign)? else {
            return Err(DatabaseError::not_found("there is no such campaign"));
        };
        if batch.epoch != intake.epoch {
            return Err(DatabaseError::fenced(
                "the book of the batch is not the newest",
            ));
        }
        let mut memory = self.memory();
        if intake.phase == Phase::Settled {
            return record_again(tx, &intake, batch);
        }
        let known = memory.campaign(tx, campaign, &intake)?;
        let mut added = Vec::with_capacity(batch.bids.len());
        let checkpoint = known.record(tx, &intake, batch, &mut added);
        if checkpoint.is_err() {
            for id in &added {
                known.ids.remove(id);
            }
        }
        checkpoint
    }

    /// Forgets a campaign that takes no new bids any more.
    pub(super) fn forget(&self, campaign: CampaignId) {
        self.memory().campaigns.remove(&campaign);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = self.losses();
        if memory.losses != losses {
            *memory = Memory {
                losses,
                campaigns: HashMap::new(),
            };
        }
        memory
    }
}

impl Memory {
    fn campaign(
        &mut self,
        tx: &Connection,
        id: CampaignId,
        intake: &Intake,
    ) -> Result<&mut Known, DatabaseError> {
        Ok(match self.campaigns.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let ids = bids::ids(tx, intake.number)?.into_iter().collect();
                unknown.insert(Known::new(ids, intake.checkpoint))
            }
        })
    }
}

impl Known {
    fn new(ids: HashSet<BidId>, checkpoint: Sequence) -> Self {
        Self {
            ids,
            coverage: Coverage::restore(checkpoint, []),
        }
    }

    /// Writes what is new. The ids that are new are in `added` also when this fails; everything else is then as before.
    fn record(
        &mut self,
        tx: &Connection,
        intake: &Intake,
        batch: &EventBatch,
        added: &mut Vec<BidId>,
    ) -> Result<Sequence, DatabaseError> {
        for bid in in_stretch(batch) {
            let bid = bid?;
            if !bids::insert(tx, intake.number, bid)? {
                require_same(tx, intake.number, bid)?;
            } else if self.ids.insert(bid.id) {
                added.push(bid.id);
            } else {
                return Err(DatabaseError::conflict(
                    "the bid id is recorded with another bid",
                ));
            }
        }
        let mut coverage = self.coverage.clone();
        let checkpoint = coverage.add(batch.after, batch.through);
        if checkpoint > intake.checkpoint {
            campaigns::move_checkpoint(tx, intake.number, checkpoint)?;
        }
        self.coverage = coverage;
        Ok(checkpoint)
    }
}

/// Records a batch of a campaign that takes no new bids.
fn record_again(
    tx: &Connection,
    intake: &Intake,
    batch: &EventBatch,
) -> Result<Sequence, DatabaseError> {
    for bid in in_stretch(batch) {
        require_same(tx, intake.number, bid?)?;
    }
    let checkpoint = Coverage::restore(intake.checkpoint, []).add(batch.after, batch.through);
    if checkpoint > intake.checkpoint {
        campaigns::move_checkpoint(tx, intake.number, checkpoint)?;
    }
    Ok(checkpoint)
}

/// The bids of a batch, each behind the one before and within the stretch.
fn in_stretch(batch: &EventBatch) -> impl Iterator<Item = Result<&AcceptedBid, DatabaseError>> {
    let mut previous = batch.after;
    batch.bids.iter().map(move |bid| {
        let follows = previous < bid.sequence && bid.sequence <= batch.through;
        previous = bid.sequence;
        if follows {
            Ok(bid)
        } else {
            Err(DatabaseError::conflict(
                "a bid is outside the stretch of its batch or out of order",
            ))
        }
    })
}

fn require_same(tx: &Connection, campaign: Number, bid: &AcceptedBid) -> Result<(), DatabaseError> {
    match bids::at(tx, campaign, bid.sequence)? {
        Some(recorded) if recorded == *bid => Ok(()),
        Some(_) => Err(DatabaseError::conflict(
            "the sequence is recorded with another bid",
        )),
        None => Err(DatabaseError::conflict("the campaign is settled")),
    }
}
