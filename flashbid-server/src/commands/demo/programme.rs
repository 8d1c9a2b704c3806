//! What is sold: something for every section of the page.

use std::time::Duration;

use flashbid_core::time::Timestamp;

/// The factor of the members' weight: enough to tell, not enough to decide.
pub(super) const GAMMA: u32 = 20;

/// The reserve price of what is sold to the best bids.
pub(super) const RESERVE: u32 = 100;

/// The units that are sold to whoever comes first.
pub(super) const BATCH: u32 = 120;

/// How long it is until the sale begins that is only announced.
const ANNOUNCED: Duration = Duration::from_hours(1);

/// A sale to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewSale {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) units: u32,
    pub(super) terms: Terms,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// How units find their buyers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Terms {
    Ranked {
        reserve: u32,
        gamma: u32,
    },
    FirstCome {
        price: u32,
        per_buyer: u32,
        pay_within: Duration,
    },
}

/// The sale that most of the crowd is here for.
pub(super) fn ranked(units: u32, start: Timestamp, length: Duration) -> NewSale {
    NewSale {
        name: "Aurora lamp, numbered edition",
        description: "Hand-blown glass that glows like a northern sky. Each lamp has its number engraved, and none is made \
                      again: the best bids win.",
        units,
        terms: Terms::Ranked {
            reserve: RESERVE,
            gamma: GAMMA,
        },
        start,
        end: start.after(length),
    }
}

/// The sale beside it, at a fixed price.
pub(super) fn first_come(start: Timestamp, length: Duration) -> NewSale {
    NewSale {
        name: "Meridian headphones, first batch",
        description: "Closed headphones of walnut and wool, at the price of the makers. Two for each buyer; what is not paid \
                      in time goes to the next.",
        units: BATCH,
        terms: Terms::FirstCome {
            price: 79,
            per_buyer: 2,
            pay_within: time_to_pay(length),
        },
        start,
        end: start.after(length),
    }
}

/// A sale to look forward to.
pub(super) fn announced(now: Timestamp) -> NewSale {
    let start = now.after(ANNOUNCED);
    NewSale {
        name: "Kestrel bicycle, signed by its builder",
        description: "A light steel frame for long days, brazed by hand. Five of them, for the five best bids.",
        units: 5,
        terms: Terms::Ranked {
            reserve: 900,
            gamma: GAMMA,
        },
        start,
        end: start.after(Duration::from_mins(10)),
    }
}

/// Short enough to see what is not paid come back before the sale is over: whole seconds, as campaigns have it.
fn time_to_pay(length: Duration) -> Duration {
    Duration::from_secs((length.as_secs() / 3).clamp(1, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_paid_comes_back_before_the_sale_is_over() {
        for (length, time) in [(2, 1), (30, 10), (180, 60), (86_400, 60)] {
            let length = Duration::from_secs(length);
            assert_eq!(time_to_pay(length), Duration::from_secs(time));
            assert!(time_to_pay(length) < length);
        }
    }
}
