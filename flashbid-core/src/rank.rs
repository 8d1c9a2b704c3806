//! The one total order of a sale.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use crate::score::Score;

/// Position of an event in its campaign's log, counted from 1. Strictly increasing, not always without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u64);

impl Sequence {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// Takes a position; zero stands before the first event.
    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    /// The position as a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position before; zero has none, and is answered itself.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a standing is ranked by: score descending, then sequence ascending, so that of two equal scores the bid that
/// was accepted earlier wins. The better key compares as *less*: sorting puts the winner first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RankKey {
    /// The standing's score.
    pub score: Score,
    /// The sequence of the bid that gave it.
    pub sequence: Sequence,
}

impl Ord for RankKey {
    fn cmp(&self, other: &Self) -> Ordering {
        (Reverse(self.score), self.sequence).cmp(&(Reverse(other.score), other.sequence))
    }
}

impl PartialOrd for RankKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A place in the ranking, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u32);

impl Rank {
    /// The place of the best standing.
    pub const FIRST: Self = Self(1);

    /// Takes a place; `None` for zero.
    pub const fn new(place: u32) -> Option<Self> {
        if place == 0 { None } else { Some(Self(place)) }
    }

    /// The place of the standing that has `better` standings before it.
    ///
    /// # Panics
    /// When there are 2³² standings or more before it, which no store can hold.
    pub fn behind(better: usize) -> Self {
        Self(u32::try_from(better + 1).expect("a book holds fewer than 2^32 bidders"))
    }

    /// The place as a number, 1 for the best.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(score: i64, sequence: u64) -> RankKey {
        RankKey {
            score: Score::from_ten_thousandths(score).unwrap(),
            sequence: Sequence::new(sequence),
        }
    }

    #[test]
    fn the_higher_score_wins_and_the_earlier_bid_wins_a_tie() {
        let mut keys = [key(5, 3), key(7, 9), key(5, 1), key(7, 2)];
        keys.sort_unstable();
        assert_eq!(keys, [key(7, 2), key(7, 9), key(5, 1), key(5, 3)]);
    }
}
