use crate::rank::Sequence;

/// Which stretches of a campaign's log a ledger has: complete up to a checkpoint, and beyond it the stretches that
/// came early. A ledger keeps one beside each campaign.
///
/// Every stretch is `after < sequence <= through`, as in an [`EventBatch`](super::EventBatch).
///
/// ```
/// use flashbid_core::rank::Sequence;
/// use flashbid_core::store::Coverage;
///
/// let at = Sequence::new;
/// let mut coverage = Coverage::default();
/// assert_eq!(coverage.add(at(0), at(10)), at(10));
/// assert_eq!(coverage.add(at(20), at(30)), at(10)); // 11 to 20 are missing
/// assert_eq!(coverage.add(at(10), at(20)), at(30)); // now they are not
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    checkpoint: Sequence,
    /// Ascending; none touches another or the checkpoint.
    early: Vec<(Sequence, Sequence)>,
}

impl Coverage {
    /// Reads back what [`Coverage::checkpoint`] and [`Coverage::early`] gave, in any order.
    pub fn restore(
        checkpoint: Sequence,
        early: impl IntoIterator<Item = (Sequence, Sequence)>,
    ) -> Self {
        let mut coverage = Self {
            checkpoint,
            early: Vec::new(),
        };
        for (after, through) in early {
            coverage.add(after, through);
        }
        coverage
    }

    /// The sequence up to which nothing is missing.
    pub const fn checkpoint(&self) -> Sequence {
        self.checkpoint
    }

    /// The stretches beyond the checkpoint, `(after, through)`, ascending and disjoint.
    pub fn early(&self) -> &[(Sequence, Sequence)] {
        &self.early
    }

    /// Adds a stretch and answers the checkpoint. Nothing is ever taken away, and the order of the calls does not
    /// matter.
    pub fn add(&mut self, after: Sequence, through: Sequence) -> Sequence {
        if after <= self.checkpoint {
            self.checkpoint = self.checkpoint.max(through);
        } else if after < through {
            self.remember(after, through);
        }
        let joined = self
            .early
            .iter()
            .take_while(|(after, _)| *after <= self.checkpoint)
            .count();
        for (_, through) in self.early.drain(..joined) {
            self.checkpoint = self.checkpoint.max(through);
        }
        self.checkpoint
    }

    /// Puts a stretch among the early ones and melts it with those that it touches.
    fn remember(&mut self, after: Sequence, through: Sequence) {
        let first = self.early.partition_point(|(_, end)| *end < after);
        let touched = self.early[first..]
            .iter()
            .take_while(|(start, _)| *start <= through)
            .count();
        let mut melted = (after, through);
        for (start, end) in &self.early[first..first + touched] {
            melted = (melted.0.min(*start), melted.1.max(*end));
        }
        self.early.splice(first..first + touched, [melted]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn covered(sequences: &BTreeSet<u64>) -> u64 {
        (1..u64::MAX)
            .take_while(|sequence| sequences.contains(sequence))
            .last()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn coverage_agrees_with_a_set_of_sequences(
            stretches in prop::collection::vec((0..60_u64, 0..12_u64), 0..40),
        ) {
            let mut coverage = Coverage::default();
            let mut naive = BTreeSet::new();
            for (after, length) in stretches {
                let checkpoint = coverage.add(Sequence::new(after), Sequence::new(after + length));
                naive.extend(after + 1..=after + length);
                prop_assert_eq!(checkpoint.get(), covered(&naive));
                let early: BTreeSet<u64> = coverage
                    .early()
                    .iter()
                    .flat_map(|(after, through)| after.get() + 1..=through.get())
                    .collect();
                let beyond: BTreeSet<u64> = naive.range(checkpoint.get() + 1..).copied().collect();
                prop_assert_eq!(early, beyond);
                let restored =
                    Coverage::restore(coverage.checkpoint(), coverage.early().iter().rev().copied());
                prop_assert_eq!(&restored, &coverage);
            }
        }
    }

    #[test]
    fn a_stretch_that_ends_before_it_begins_changes_nothing() {
        let mut coverage = Coverage::default();
        coverage.add(Sequence::new(9), Sequence::new(3));
        assert_eq!(coverage, Coverage::default());
    }
}
