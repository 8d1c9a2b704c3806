//! Units, where they are, and the states of a hold.
//!
//! The law of conservation: available + held + sold = loaded, always. A [`Level`] can only be changed by moving units
//! between the three places, so the law holds by construction.

use std::fmt;

use crate::id::{BidderId, HoldId};
use crate::time::Timestamp;

/// A whole number of units of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(u32);

impl Units {
    /// No units.
    pub const ZERO: Self = Self(0);
    /// One unit.
    pub const ONE: Self = Self(1);
    /// The most units anything here can count.
    pub const MAX: Self = Self(1_000_000_000);

    /// Takes a number of units; `None` above [`Units::MAX`].
    pub const fn new(units: u32) -> Option<Self> {
        if units > Self::MAX.0 {
            None
        } else {
            Some(Self(units))
        }
    }

    /// The number of units.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Both together; `None` above [`Units::MAX`].
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// What is left after taking `other` away; `None` when there are fewer.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A number of units as large as a collection.
impl TryFrom<usize> for Units {
    type Error = std::num::TryFromIntError;

    fn try_from(count: usize) -> Result<Self, Self::Error> {
        u32::try_from(count).map(Self)
    }
}

/// Where the units of one stock are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Level {
    /// Free to be taken.
    pub available: Units,
    /// Taken for a buyer who has not paid, or promised to a sale.
    pub held: Units,
    /// Paid for.
    pub sold: Units,
}

impl Level {
    /// A stock with every unit available.
    pub const fn loaded_with(units: Units) -> Self {
        Self {
            available: units,
            held: Units::ZERO,
            sold: Units::ZERO,
        }
    }

    /// Every unit of the stock, wherever it is.
    pub fn loaded(&self) -> u64 {
        u64::from(self.available.0) + u64::from(self.held.0) + u64::from(self.sold.0)
    }

    /// Moves `units` from available to held; `None` when there are too few.
    pub fn hold(self, units: Units) -> Option<Self> {
        Some(Self {
            available: self.available.minus(units)?,
            held: self.held.plus(units)?,
            ..self
        })
    }

    /// Moves `units` from held to sold; `None` when too few are held.
    pub fn consume(self, units: Units) -> Option<Self> {
        Some(Self {
            held: self.held.minus(units)?,
            sold: self.sold.plus(units)?,
            ..self
        })
    }

    /// Moves `units` from held back to available; `None` when too few are held.
    pub fn release(self, units: Units) -> Option<Self> {
        Some(Self {
            held: self.held.minus(units)?,
            available: self.available.plus(units)?,
            ..self
        })
    }
}

/// Units taken for one buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which hold, and the key that makes taking it idempotent.
    pub id: HoldId,
    /// For whom.
    pub bidder: BidderId,
    /// How many.
    pub units: Units,
    /// When they were taken.
    pub taken_at: Timestamp,
    /// When it may be expired.
    pub expires_at: Timestamp,
    /// What has become of it.
    pub state: HoldState,
}

/// The life of a hold. Every way out of `Held` is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HoldState {
    /// The units are out of the available stock.
    Held,
    /// Paid: the units are sold.
    Consumed,
    /// Given back by the buyer or the seller.
    Released,
    /// Given back because its time was over.
    Expired,
}

impl HoldState {
    /// Whether a hold in this state has units.
    pub const fn takes_units(self) -> bool {
        matches!(self, Self::Held | Self::Consumed)
    }

    /// Whether a hold may go from this state to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Held, Self::Consumed | Self::Released | Self::Expired)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(count: u32) -> Units {
        Units::new(count).unwrap()
    }

    #[test]
    fn moves_conserve_the_units() {
        let level = Level::loaded_with(units(10));
        let held = level.hold(units(4)).unwrap();
        let sold = held.consume(units(3)).unwrap();
        let released = sold.release(units(1)).unwrap();
        for level in [level, held, sold, released] {
            assert_eq!(level.loaded(), 10);
        }
        assert_eq!(
            released,
            Level {
                available: units(7),
                held: Units::ZERO,
                sold: units(3)
            }
        );
    }

    #[test]
    fn a_move_of_units_that_are_not_there_is_refused() {
        let level = Level::loaded_with(units(2));
        assert_eq!(level.hold(units(3)), None);
        assert_eq!(level.consume(units(1)), None);
        assert_eq!(level.release(units(1)), None);
    }

    #[test]
    fn a_hold_ends_once() {
        use HoldState::{Consumed, Expired, Held, Released};
        for end in [Consumed, Released, Expired] {
            assert!(Held.may_become(end));
            for next in [Held, Consumed, Released, Expired] {
                assert!(!end.may_become(next), "{end:?} -> {next:?}");
            }
        }
    }
}
