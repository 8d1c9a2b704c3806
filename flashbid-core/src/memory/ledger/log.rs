use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::bid::AcceptedBid;
use crate::id::{BidId, BidderId};
use crate::rank::Sequence;
use crate::store::{Coverage, EventBatch, Listing, Page};

/// The recorded bids of one campaign.
#[derive(Debug, Default)]
pub(super) struct BidLog {
    /// By ascending sequence.
    bids: Vec<AcceptedBid>,
    sequences: HashMap<BidId, Sequence>,
    /// By ascending sequence.
    of_bidder: HashMap<BidderId, Vec<Sequence>>,
    coverage: Coverage,
}

impl BidLog {
    /// The sequence up to which nothing is missing.
    pub(super) const fn checkpoint(&self) -> Sequence {
        self.coverage.checkpoint()
    }

    /// The sequence of the last bid.
    pub(super) fn last_sequence(&self) -> Sequence {
        self.bids.last().map_or(Sequence::ZERO, |bid| bid.sequence)
    }

    /// Every bid, by ascending sequence.
    pub(super) fn all(&self) -> &[AcceptedBid] {
        &self.bids
    }

    /// The bids that follow `after`, by ascending sequence.
    pub(super) fn behind(&self, after: Sequence) -> &[AcceptedBid] {
        &self.bids[self.bids.partition_point(|bid| bid.sequence <= after)..]
    }

    /// The bids of one bidder, newest first.
    pub(super) fn of(&self, bidder: BidderId, page: Page) -> Listing<AcceptedBid> {
        let sequences = self.of_bidder.get(&bidder).map_or(&[][..], Vec::as_slice);
        super::listing(sequences.iter().rev(), page, |sequence| {
            self.at(*sequence)
                .cloned()
                .expect("the index names recorded bids")
        })
    }

    /// Adds what is new in the batch, all of it or nothing, and answers the checkpoint.
    ///
    /// # Errors
    /// Why the batch contradicts the log.
    pub(super) fn record(
        &mut self,
        batch: &EventBatch,
        closed: bool,
    ) -> Result<Sequence, &'static str> {
        let mut fresh = Vec::new();
        let mut previous = batch.after;
        for bid in &batch.bids {
            let checked = if bid.sequence <= previous || bid.sequence > batch.through {
                Err("a bid is outside the stretch of its batch or out of order")
            } else {
                self.claim(bid, closed)
            };
            match checked {
                Ok(true) => fresh.push(bid),
                Ok(false) => {}
                Err(reason) => {
                    for bid in fresh {
                        self.sequences.remove(&bid.id);
                    }
                    return Err(reason);
                }
            }
            previous = bid.sequence;
        }
        self.insert(&fresh);
        Ok(self.coverage.add(batch.after, batch.through))
    }

    /// Whether the bid is new; then its id is taken.
    fn claim(&mut self, bid: &AcceptedBid, closed: bool) -> Result<bool, &'static str> {
        let at_its_place = self.at(bid.sequence);
        let same = at_its_place == Some(bid);
        let taken = at_its_place.is_some();
        match self.sequences.entry(bid.id) {
            Entry::Occupied(_) if same => Ok(false),
            Entry::Occupied(_) => Err("the bid id is recorded with another bid"),
            Entry::Vacant(_) if taken => Err("the sequence is recorded with another bid"),
            Entry::Vacant(_) if closed => Err("the campaign is settled"),
            Entry::Vacant(entry) => {
                entry.insert(bid.sequence);
                Ok(true)
            }
        }
    }

    fn insert(&mut self, fresh: &[&AcceptedBid]) {
        let Some(first) = fresh.first() else {
            return;
        };
        let later = self
            .bids
            .partition_point(|bid| bid.sequence < first.sequence);
        let in_order = later == self.bids.len();
        self.bids.extend(fresh.iter().copied().cloned());
        if !in_order {
            self.bids[later..].sort_unstable_by_key(|bid| bid.sequence);
        }
        for bid in fresh {
            let own = self.of_bidder.entry(bid.bidder).or_default();
            let place = own.partition_point(|sequence| *sequence < bid.sequence);
            own.insert(place, bid.sequence);
        }
    }

    fn at(&self, sequence: Sequence) -> Option<&AcceptedBid> {
        if self
            .bids
            .last()
            .is_none_or(|newest| newest.sequence < sequence)
        {
            return None;
        }
        let index = self
            .bids
            .binary_search_by_key(&sequence, |bid| bid.sequence)
            .ok()?;
        Some(&self.bids[index])
    }
}
