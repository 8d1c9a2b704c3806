//! The score: `α·P + β/(T+1) + γ·W` in exact fixed point.
//!
//! Scores are whole ten-thousandths, computed in integers:
//! `round_half_even(10⁴·(α·P + γ·W)) + floor(10⁴·β/(T+1))`, with price `P`, whole milliseconds since the start `T`
//! and member weight `W`. Every backend agrees to the unit.

use std::fmt;

use crate::money::{Coefficient, Money, Weight, write_decimal};

/// A score in ten-thousandths, from 0 to [`Score::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i64);

impl Score {
    /// The largest score, 2⁵³: up to here an IEEE 754 double, which some stores rank by, holds every integer.
    pub const MAX: Self = Self(1 << 53);

    /// Takes ten-thousandths; `None` outside 0 to [`Score::MAX`].
    pub const fn from_ten_thousandths(units: i64) -> Option<Self> {
        if units < 0 || units > Self::MAX.0 {
            None
        } else {
            Some(Self(units))
        }
    }

    /// The score in ten-thousandths.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Score {
    /// Exact, with at least two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0)
    }
}

/// The weights of a sale whose scores could pass [`Score::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("alpha, beta and gamma are so large that a score could pass 2^53 ten-thousandths")]
pub struct WeightsTooLarge;

/// The factors α, β and γ of one sale: no bid that may be placed under them can overflow a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    alpha: Coefficient,
    beta: Coefficient,
    gamma: Coefficient,
}

impl Weights {
    /// Takes the three factors.
    ///
    /// # Errors
    /// [`WeightsTooLarge`] when a bid of [`Money::MAX`] with [`Weight::MAX`] at the first millisecond would score
    /// above [`Score::MAX`].
    pub fn new(
        alpha: Coefficient,
        beta: Coefficient,
        gamma: Coefficient,
    ) -> Result<Self, WeightsTooLarge> {
        let weights = Self { alpha, beta, gamma };
        if weights.units(Money::MAX, 0, Weight::MAX) > i128::from(Score::MAX.0) {
            return Err(WeightsTooLarge);
        }
        Ok(weights)
    }

    /// The factor of the price.
    pub const fn alpha(&self) -> Coefficient {
        self.alpha
    }

    /// The factor of being early.
    pub const fn beta(&self) -> Coefficient {
        self.beta
    }

    /// The factor of the member weight.
    pub const fn gamma(&self) -> Coefficient {
        self.gamma
    }

    /// The score of `price` bid `elapsed_ms` after the start by a member of `weight`.
    pub fn score(&self, price: Money, elapsed_ms: u64, weight: Weight) -> Score {
        let units = self.units(price, elapsed_ms, weight);
        Score(i64::try_from(units).expect("`Weights::new` bounds every score by 2^53"))
    }

    fn units(&self, price: Money, elapsed_ms: u64, weight: Weight) -> i128 {
        let product = |factor: Coefficient, value: i64| {
            i128::from(factor.ten_thousandths()) * i128::from(value)
        };
        let linear = product(self.alpha, price.ten_thousandths())
            + product(self.gamma, weight.ten_thousandths());
        let early = i128::from(self.beta.ten_thousandths()) / (i128::from(elapsed_ms) + 1);
        round_half_even(linear) + early
    }
}

/// `value / 10⁴` to the nearest integer, a half to the even one; `value` is not negative.
const fn round_half_even(value: i128) -> i128 {
    const SCALE: i128 = 10_000;
    let (quotient, remainder) = (value / SCALE, value % SCALE);
    let up = remainder > SCALE / 2 || (remainder == SCALE / 2 && quotient % 2 == 1);
    if up { quotient + 1 } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(alpha: &str, beta: &str, gamma: &str) -> Result<Weights, WeightsTooLarge> {
        Weights::new(
            alpha.parse().unwrap(),
            beta.parse().unwrap(),
            gamma.parse().unwrap(),
        )
    }

    #[test]
    fn halves_round_to_even() {
        for (value, rounded) in [
            (4_999, 0),
            (5_000, 0),
            (5_001, 1),
            (15_000, 2),
            (25_000, 2),
            (25_001, 3),
        ] {
            assert_eq!(round_half_even(value), rounded, "{value}");
        }
    }

    #[test]
    fn weights_that_could_overflow_are_refused() {
        assert!(weights("90", "1000", "100").is_ok());
        assert_eq!(weights("90.0720", "0", "0"), Err(WeightsTooLarge));
        assert_eq!(
            weights("1000000000", "1000000000", "1000000000"),
            Err(WeightsTooLarge)
        );
        let extreme = weights("89", "1000000000", "100000").unwrap();
        assert!(extreme.score(Money::MAX, 0, Weight::MAX) <= Score::MAX);
    }

    #[test]
    fn the_largest_elapsed_time_does_not_overflow() {
        let weights = weights("1", "1000", "100").unwrap();
        assert_eq!(weights.score(Money::ZERO, u64::MAX, Weight::ZERO), Score(0));
    }
}
