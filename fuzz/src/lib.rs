//! What the fuzz targets check, as plain functions: libFuzzer feeds them in `fuzz_targets`, the tests here feed each
//! of them fixed pseudo-random bytes on stable Rust.

pub mod board;
pub mod book;
pub mod money;
pub mod score;

use arbitrary::{Arbitrary, Result, Unstructured};

/// As many steps as the bytes last for. A plain `Vec` would end after each step by the toss of a coin.
#[derive(Clone, Debug)]
pub struct Steps<T>(pub Vec<T>);

impl<'a, T: Arbitrary<'a>> Arbitrary<'a> for Steps<T> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let mut steps = Vec::new();
        while !bytes.is_empty() {
            steps.push(T::arbitrary(bytes)?);
        }
        Ok(Self(steps))
    }
}

#[cfg(test)]
mod tests {
    use arbitrary::{Arbitrary, Unstructured};
    use flashbid_core::id::{IdSource, SeededIds};

    /// Calls `check` with what `rounds` different byte strings of `length` stand for.
    fn feed<T: for<'a> Arbitrary<'a>>(rounds: u64, length: usize, check: impl Fn(T)) {
        for seed in 0..rounds {
            let source = SeededIds::new(seed);
            let bytes: Vec<u8> = std::iter::repeat_with(|| source.fresh().into_bytes())
                .flatten()
                .take(length)
                .collect();
            check(
                T::arbitrary(&mut Unstructured::new(&bytes)).expect("any bytes stand for an input"),
            );
        }
    }

    #[test]
    fn amounts_hold_on_arbitrary_texts() {
        feed(20_000, 9, |super::Steps(bytes): super::Steps<u8>| {
            let likely = b"0123456789..-+eE_ ";
            let text = bytes
                .iter()
                .map(|byte| char::from(likely[usize::from(*byte) % likely.len()]));
            super::money::check(&text.collect::<String>());
        });
    }

    #[test]
    fn scores_hold_on_arbitrary_terms() {
        feed(20_000, 64, |case| super::score::check(&case));
    }

    #[test]
    fn boards_hold_on_arbitrary_histories() {
        feed(30, 4_000, super::board::check);
    }

    #[test]
    fn books_hold_on_arbitrary_histories() {
        feed(300, 1_000, super::book::check);
    }
}
