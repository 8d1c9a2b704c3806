//! The board against a sorted list.

use std::collections::{BTreeMap, HashMap};

use arbitrary::Arbitrary;
use flashbid_core::board::Board;
use flashbid_core::id::BidderId;
use flashbid_core::rank::{Rank, RankKey, Sequence};
use flashbid_core::score::Score;
use uuid::Uuid;

use crate::Steps;

/// One change of a board.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Step {
    /// A bidder is ranked by a score; small scores make many ties.
    Place(u16, u8),
    /// A bidder leaves.
    Remove(u16),
    /// A run of neighbouring bidders is ranked, by rising or by equal scores: fills and splits chunks.
    PlaceRun(u16, u8, bool),
    /// A run of neighbouring bidders leaves: empties and joins chunks.
    RemoveRun(u16, u8),
}

/// Takes the steps on a board and on a sorted list, and compares all that the board can be asked.
pub fn check(Steps(steps): Steps<Step>) {
    let mut both = Both::default();
    for step in steps {
        match step {
            Step::Place(who, score) => both.place(who, i64::from(score)),
            Step::Remove(who) => both.remove(who),
            Step::PlaceRun(first, count, rising) => {
                for number in 0..u16::from(count) {
                    let score = if rising { i64::from(number) } else { 7 };
                    both.place(first.wrapping_add(number), score);
                }
            }
            Step::RemoveRun(first, count) => {
                for number in 0..u16::from(count) {
                    both.remove(first.wrapping_add(number));
                }
            }
        }
    }
    both.compare();
}

#[derive(Default)]
struct Both {
    board: Board<u64>,
    keys: HashMap<BidderId, RankKey>,
    sorted: BTreeMap<RankKey, BidderId>,
    sequence: u64,
}

impl Both {
    fn place(&mut self, who: u16, score: i64) {
        self.sequence += 1;
        let bidder = bidder(who);
        let key = RankKey {
            score: Score::from_ten_thousandths(score).expect("a small score"),
            sequence: Sequence::new(self.sequence),
        };
        let rank = self.board.place(bidder, key, self.sequence);
        if let Some(old) = self.keys.insert(bidder, key) {
            self.sorted.remove(&old);
        }
        self.sorted.insert(key, bidder);
        assert_eq!(self.board.get(bidder), Some((key, &self.sequence)));
        assert_eq!(self.board.rank(bidder), Some(rank));
        assert_eq!(self.board.kth(rank), Some((bidder, key)));
        assert_eq!(self.board.len(), self.sorted.len());
    }

    fn remove(&mut self, who: u16) {
        let bidder = bidder(who);
        let removed = self.board.remove(bidder).map(|(key, _)| key);
        let known = self.keys.remove(&bidder);
        assert_eq!(removed, known);
        if let Some(key) = known {
            self.sorted.remove(&key);
        }
        assert_eq!(self.board.rank(bidder), None);
    }

    fn compare(&self) {
        let ranked = self.sorted.iter().map(|(key, bidder)| (*bidder, *key));
        assert!(self.board.iter().eq(ranked.clone()));
        for (better, (bidder, key)) in ranked.enumerate() {
            let rank = Rank::behind(better);
            assert_eq!(self.board.rank(bidder), Some(rank));
            assert_eq!(self.board.kth(rank), Some((bidder, key)));
        }
        assert_eq!(self.board.kth(Rank::behind(self.sorted.len())), None);
        assert_eq!(self.board.is_empty(), self.sorted.is_empty());
    }
}

fn bidder(number: u16) -> BidderId {
    BidderId::new(Uuid::from_u128(u128::from(number)))
}
