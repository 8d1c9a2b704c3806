//! Fixed-point amounts: prices, weights and coefficients as whole ten-thousandths, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// Decimal places every amount here can carry.
pub const DECIMALS: u32 = 4;

/// Ten-thousandths in one whole.
const ONE: i64 = 10_i64.pow(DECIMALS);

/// Why a number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is no decimal number.
    #[error("not a decimal number")]
    Malformed,
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// More than four decimals: it is refused rather than rounded.
    #[error("has more than {DECIMALS} decimals")]
    TooPrecise,
    /// Above the largest value of its kind, given here in whole units.
    #[error("must not be above {0}")]
    TooLarge(i64),
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, max = $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest value.
            pub const MAX: Self = Self($max * ONE);

            /// Takes a whole number of ten-thousandths.
            ///
            /// # Errors
            /// [`AmountError::Negative`] below zero, [`AmountError::TooLarge`] above [`Self::MAX`].
            pub const fn from_ten_thousandths(units: i64) -> Result<Self, AmountError> {
                if units < 0 {
                    Err(AmountError::Negative)
                } else if units > Self::MAX.0 {
                    Err(AmountError::TooLarge($max))
                } else {
                    Ok(Self(units))
                }
            }

            /// The value in ten-thousandths.
            pub const fn ten_thousandths(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<Decimal> for $name {
            type Error = AmountError;

            fn try_from(value: Decimal) -> Result<Self, AmountError> {
                ten_thousandths(value, Self::MAX.0, $max).map(Self)
            }
        }

        impl From<$name> for Decimal {
            fn from(amount: $name) -> Self {
                Decimal::new(amount.0, DECIMALS)
            }
        }

        impl FromStr for $name {
            type Err = AmountError;

            /// Reads a plain or scientific decimal number: `500`, `0.0001`, `1e3`.
            fn from_str(text: &str) -> Result<Self, AmountError> {
                parse(text)?.try_into()
            }
        }

        impl fmt::Display for $name {
            /// Exact, with at least two decimals: `500.00`, `0.0001`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_decimal(f, self.0)
            }
        }
    };
}

amount!(
    /// An amount in the sale's one currency: 0 to ten thousand million, four decimals.
    Money,
    max = 10_000_000_000
);
amount!(
    /// A bidder's member weight `W`: 0 to 1,000, four decimals.
    Weight,
    max = 1_000
);
amount!(
    /// A factor of the score formula (α, β or γ): 0 to a thousand million, four decimals. What a sale may really use
    /// is less: see [`Weights::new`](crate::score::Weights::new).
    Coefficient,
    max = 1_000_000_000
);

impl Money {
    /// This much for each of `count`; `None` above [`Money::MAX`].
    pub fn times(self, count: u32) -> Option<Self> {
        let total = self.0.checked_mul(i64::from(count))?;
        Self::from_ten_thousandths(total).ok()
    }
}

fn parse(text: &str) -> Result<Decimal, AmountError> {
    // The longest sensible amount has 17 digits; a longer text is an attempt at something else.
    // The decimal library skips underscores, which are no part of a number here.
    if text.len() > 64 || text.contains('_') {
        return Err(AmountError::Malformed);
    }
    let parsed = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        Decimal::from_str_exact(text)
    };
    parsed.map_err(|error| match error {
        rust_decimal::Error::Underflow | rust_decimal::Error::ScaleExceedsMaximumPrecision(_) => {
            AmountError::TooPrecise
        }
        rust_decimal::Error::ExceedsMaximumPossibleValue => AmountError::TooLarge(i64::MAX / ONE),
        _ => AmountError::Malformed,
    })
}

fn ten_thousandths(value: Decimal, max: i64, max_whole: i64) -> Result<i64, AmountError> {
    if value.is_sign_negative() && !value.is_zero() {
        return Err(AmountError::Negative);
    }
    if value > Decimal::from(max_whole) {
        return Err(AmountError::TooLarge(max_whole));
    }
    let value = value.normalize();
    if value.scale() > DECIMALS {
        return Err(AmountError::TooPrecise);
    }
    let units = value.mantissa() * 10_i128.pow(DECIMALS - value.scale());
    i64::try_from(units)
        .ok()
        .filter(|units| *units <= max)
        .ok_or(AmountError::TooLarge(max_whole))
}

/// Writes `units` ten-thousandths exactly, with at least two decimals.
pub(crate) fn write_decimal(f: &mut fmt::Formatter<'_>, units: i64) -> fmt::Result {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs();
    let (whole, fraction) = (units / ONE.unsigned_abs(), units % ONE.unsigned_abs());
    if fraction % 100 == 0 {
        write!(f, "{sign}{whole}.{:02}", fraction / 100)
    } else if fraction % 10 == 0 {
        write!(f, "{sign}{whole}.{:03}", fraction / 10)
    } else {
        write!(f, "{sign}{whole}.{fraction:04}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_print_exactly() {
        for (text, units, printed) in [
            ("500", 5_000_000, "500.00"),
            ("500.00", 5_000_000, "500.00"),
            ("0.0001", 1, "0.0001"),
            ("0.125", 1_250, "0.125"),
            ("1e3", 10_000_000, "1000.00"),
            ("1.50000000", 15_000, "1.50"),
            ("10000000000", 100_000_000_000_000, "10000000000.00"),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!(money.ten_thousandths(), units, "{text}");
            assert_eq!(money.to_string(), printed);
            assert_eq!(Money::try_from(Decimal::from(money)), Ok(money));
        }
    }

    #[test]
    fn hostile_amounts_are_refused() {
        for (text, error) in [
            ("-1", AmountError::Negative),
            ("-0.0001", AmountError::Negative),
            ("0.00001", AmountError::TooPrecise),
            ("10000000000.0001", AmountError::TooLarge(10_000_000_000)),
            ("NaN", AmountError::Malformed),
            ("inf", AmountError::Malformed),
            ("", AmountError::Malformed),
            ("1,5", AmountError::Malformed),
            ("1_000", AmountError::Malformed),
            ("0x10", AmountError::Malformed),
        ] {
            assert_eq!(text.parse::<Money>(), Err(error), "{text}");
        }
        for text in [
            "1e400",
            "1e28",
            "1e-400",
            "99999999999999999999999999999999999999",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
        assert!("1".repeat(10_000).parse::<Money>().is_err());
    }
}
