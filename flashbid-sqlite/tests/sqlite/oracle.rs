//! Recording agrees with the ledger in memory, whatever comes in whatever order.

use flashbid_core::memory::MemoryLedger;
use flashbid_core::rank::Sequence;
use flashbid_core::store::{Epoch, EventBatch, Ledger};
use flashbid_sqlite::SqliteLedger;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::common::{ALL, bid, bidder, open_campaign};

const BIDDERS: u64 = 5;

#[derive(Clone, Debug)]
enum Step {
    Record(EventBatch),
    BeginEpoch,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => batch().prop_map(Step::Record),
        1 => Just(Step::BeginEpoch),
    ]
}

/// A stretch with some of its bids; now and then one that is out of place, changed, or has the id of another.
fn batch() -> impl Strategy<Value = EventBatch> {
    let kept = prop::collection::vec(prop::bool::weighted(0.9), 12);
    let flaw = prop::option::weighted(0.15, (0..12_usize, 0..3_u8, 1..50_u64));
    (0..3_u64, 0..40_u64, kept, flaw).prop_map(|(age, after, kept, flaw)| {
        let length = kept.len() as u64;
        let mut bids: Vec<_> = (after + 1..=after + length)
            .zip(kept)
            .filter(|(_, kept)| *kept)
            .map(|(sequence, _)| bid(sequence, BIDDERS))
            .collect();
        if let Some((place, kind, other)) = flaw
            && let Some(flawed) = bids.get_mut(place)
        {
            match kind {
                0 => flawed.sequence = Sequence::new(other),
                1 => flawed.bid_number += 1,
                _ => flawed.id = bid(other, BIDDERS).id,
            }
        }
        EventBatch {
            // Mostly the newest; the test adds what the ledger's epoch is by then.
            epoch: Epoch::new(age / 2),
            after: Sequence::new(after),
            through: Sequence::new(after + length),
            bids,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn recording_agrees_with_the_ledger_in_memory(steps in prop::collection::vec(step(), 1..30)) {
        Runtime::new().unwrap().block_on(async {
            let (ours, theirs) = (SqliteLedger::open(":memory:").unwrap(), MemoryLedger::new());
            let (campaign, mut epoch) = open_campaign(&ours, 1, 1).await;
            open_campaign(&theirs, 1, 1).await;
            for step in steps {
                match step {
                    Step::Record(mut batch) => {
                        batch.epoch = Epoch::new(epoch.get().saturating_sub(batch.epoch.get()));
                        let ours = ours.record(campaign.id, &batch).await;
                        let theirs = theirs.record(campaign.id, &batch).await;
                        prop_assert_eq!(
                            ours.map_err(|error| error.kind),
                            theirs.map_err(|error| error.kind)
                        );
                    }
                    Step::BeginEpoch => {
                        let ours = ours.begin_epoch(campaign.id).await.unwrap().unwrap();
                        let theirs = theirs.begin_epoch(campaign.id).await.unwrap().unwrap();
                        prop_assert_eq!(ours.epoch, theirs.epoch);
                        prop_assert_eq!(ours.bids, theirs.bids);
                        epoch = ours.epoch;
                    }
                }
            }
            for number in 0..BIDDERS {
                let history = ours.bids_of(campaign.id, bidder(number), ALL).await.unwrap();
                let expected = theirs.bids_of(campaign.id, bidder(number), ALL).await.unwrap();
                prop_assert_eq!(history, expected);
            }
            prop_assert_eq!(
                ours.bids(campaign.id, Sequence::ZERO, 1_000).await.unwrap(),
                theirs.bids(campaign.id, Sequence::ZERO, 1_000).await.unwrap()
            );
            Ok(())
        })?;
    }
}
