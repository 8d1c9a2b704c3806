//! Recording agrees with the ledger in memory, whatever comes in whatever order, and each bidder's current row is what
//! follows from the history.

use std::collections::BTreeMap;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Format, Phase, Rebid};
use flashbid_core::memory::MemoryLedger;
use flashbid_core::rank::Sequence;
use flashbid_core::score::Score;
use flashbid_core::store::{Epoch, EventBatch, Ledger};
use flashbid_postgres::{PostgresLedger, Transaction, sqlx};
use proptest::prelude::*;
use sqlx::Row;
use tokio::runtime::Runtime;

use crate::common::{ALL, TOKEN, bid, bidder, campaign, product, scramble};
use crate::servers;

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

/// The bid with a sequence; scores are few, so that some are equal.
fn scored(sequence: u64) -> AcceptedBid {
    let score = i64::try_from(scramble(sequence) % 7).unwrap();
    AcceptedBid {
        score: Score::from_ten_thousandths(score).unwrap(),
        name: match sequence % 4 {
            0 => None,
            1 => Some("".into()),
            2 => Some("Zoë \0 \u{1A} '\"\\{},NULL".into()),
            _ => Some("NULL".into()),
        },
        ..bid(sequence, BIDDERS)
    }
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
            .map(|(sequence, _)| scored(sequence))
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
            // Mostly the newest; the test subtracts it from what the ledger's epoch is by then.
            epoch: Epoch::new(age / 2),
            after: Sequence::new(after),
            through: Sequence::new(after + length),
            bids,
        }
    })
}

async fn open(ledger: &dyn Ledger, rebid: Rebid) -> Epoch {
    let mut campaign = campaign(1, 1);
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        unreachable!("the campaign is ranked");
    };
    campaign.terms.format = Format::Ranked { weights, rebid };
    ledger.add_product(&product(10)).await.unwrap();
    ledger.add_campaign(&campaign).await.unwrap();
    let opened = ledger.transition(campaign.id, Phase::Scheduled, Phase::Open, TOKEN);
    assert!(opened.await.unwrap());
    let seed = ledger.begin_epoch(campaign.id).await.unwrap().unwrap();
    seed.epoch
}

/// The sequence that counts for each bidder, from the table of current rows.
async fn current(ledger: &PostgresLedger) -> BTreeMap<u128, i64> {
    let rows = ledger.database().read(async |tx: &mut Transaction<'_>| {
        tx.fetch_all(sqlx::query("SELECT bidder, sequence FROM bids"))
            .await
    });
    let rows = rows.await.unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        let bidder: sqlx::types::Uuid = row.get(0);
        (bidder.as_u128(), row.get(1))
    };
    rows.iter().map(read).collect()
}

/// The same from the history.
fn counting(bids: &[AcceptedBid], rebid: Rebid) -> BTreeMap<u128, i64> {
    let mut best: BTreeMap<u128, &AcceptedBid> = BTreeMap::new();
    for bid in bids {
        let place = best.entry(bid.bidder.uuid().as_u128()).or_insert(bid);
        if flashbid_core::bid::replaces(rebid, place.rank_key(), bid.rank_key()) {
            *place = bid;
        }
    }
    let sequence = |bid: &AcceptedBid| i64::try_from(bid.sequence.get()).unwrap();
    best.into_iter()
        .map(|(bidder, bid)| (bidder, sequence(bid)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn recording_agrees_with_the_ledger_in_memory(
        steps in prop::collection::vec(step(), 1..30),
        best in any::<bool>(),
    ) {
        let rebid = if best { Rebid::Best } else { Rebid::Latest };
        Runtime::new().unwrap().block_on(async {
            let (ours, theirs) = (servers::ledger().await, MemoryLedger::new());
            let id = campaign(1, 1).id;
            let mut epoch = open(&ours, rebid).await;
            open(&theirs, rebid).await;
            for step in steps {
                match step {
                    Step::Record(mut batch) => {
                        batch.epoch = Epoch::new(epoch.get().saturating_sub(batch.epoch.get()));
                        let ours = ours.record(id, &batch).await;
                        let theirs = theirs.record(id, &batch).await;
                        prop_assert_eq!(
                            ours.map_err(|error| error.kind),
                            theirs.map_err(|error| error.kind)
                        );
                    }
                    Step::BeginEpoch => {
                        let ours = ours.begin_epoch(id).await.unwrap().unwrap();
                        let theirs = theirs.begin_epoch(id).await.unwrap().unwrap();
                        prop_assert_eq!(ours.epoch, theirs.epoch);
                        prop_assert_eq!(ours.bids, theirs.bids);
                        epoch = ours.epoch;
                    }
                }
            }
            for number in 0..BIDDERS {
                let history = ours.bids_of(id, bidder(number), ALL).await.unwrap();
                let expected = theirs.bids_of(id, bidder(number), ALL).await.unwrap();
                prop_assert_eq!(history, expected);
            }
            let recorded = ours.bids(id, Sequence::ZERO, 1_000).await.unwrap();
            prop_assert_eq!(&recorded, &theirs.bids(id, Sequence::ZERO, 1_000).await.unwrap());
            prop_assert_eq!(current(&ours).await, counting(&recorded, rebid));
            Ok(())
        })?;
    }
}
