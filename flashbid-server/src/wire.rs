//! What goes over the wire, as `API.md` fixes it: names, exact decimals, RFC 3339 times.
//!
//! Decimals are never a float on their way: answers carry their exact digits as a JSON number, and requests give
//! their text, number or string, straight to the type that takes it.

mod answers;
mod decimals;
mod events;
mod gate;
mod orders;
mod requests;
mod sales;

pub use answers::{
    Bid, BidHistory, Campaign, CampaignDetails, CampaignFormat, CampaignList, CampaignStats,
    CampaignStatus, OpenedSession, OwnRanking, Product, ProductList, ProductStatus, Ranking,
    RankingEntry, RunnersUp, UnitsLeft, User,
};
pub use events::{BidAccepted, CampaignEnded, Event, OrderUpdate, RankingUpdate, StockUpdate};
pub use gate::{AskForToken, OpenCaptcha, RequestToken};
pub use orders::{CampaignOrders, Order, OrderList, OrderStatus};
pub use requests::{
    ChangeCampaign, ChangeProduct, Login, NewCampaign, NewProduct, PlaceBid, Registration,
};
pub use sales::{
    Cart, DeadLetter, DeadLetterList, Discrepancy, DiscrepancyList, NewCart, NewCartItem,
    NewPurchase, Pay, PaymentEvent, Purchase, PurchaseStatus, Reconcile, Reconciled,
};

use std::fmt::Display;
use std::str::FromStr;

use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::score::Score;
use flashbid_core::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Problem, sentence};

/// An exact decimal in an answer: its own digits, as a JSON number.
#[derive(Clone, Debug)]
pub struct Exact(Box<RawValue>);

macro_rules! exact {
    ($($amount:ty),*) => {
        $(impl From<$amount> for Exact {
            fn from(amount: $amount) -> Self {
                let digits = RawValue::from_string(amount.to_string());
                Self(digits.expect("digits with a point are a JSON number"))
            }
        })*
    };
}

exact!(Money, Weight, Coefficient, Score);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialSchema for Exact {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0_usize))
            .description(Some("An exact decimal with two to four places"))
            .examples([serde_json::json!(500.5)])
            .build()
            .into()
    }
}

impl ToSchema for Exact {}

/// A decimal in a request: the text of a JSON number or string, not yet understood. What it may be is for the document
/// to say, with one of `decimals` as the `value_type` of the field.
#[derive(Clone, Debug)]
pub struct Number(Box<str>);

impl Number {
    /// A number that stands where a request gives none.
    pub(crate) fn default_of(text: &str) -> Self {
        Self(text.into())
    }

    /// Reads it as what `field` is.
    ///
    /// # Errors
    /// A malformed request, naming the field.
    pub fn read<T: FromStr<Err: Display>>(&self, field: &str) -> Result<T, Problem> {
        self.0
            .parse()
            .map_err(|error| Problem::malformed(sentence(&format!("{field}: {error}"))))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw)
                .map(Self)
                .map_err(serde::de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(raw.into())),
            _ => Err(serde::de::Error::custom(
                "a decimal must be a number or a string",
            )),
        }
    }
}

/// A whole number in a request. `10.0` is one, as in JSON Schema; one with an exponent is more likely a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole(pub u32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let exact = raw.parse().ok().map(Money::ten_thousandths);
        exact
            .filter(|exact| exact % 10_000 == 0 && !raw.contains(['e', 'E']))
            .and_then(|exact| u32::try_from(exact / 10_000).ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a whole number, or too large"))
    }
}

/// A moment: RFC 3339, answered in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time =
            jiff::Timestamp::from_millisecond(self.0.millis()).unwrap_or(jiff::Timestamp::MAX);
        serializer.collect_str(&format_args!("{time:.3}"))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = jiff::Timestamp::deserialize(deserializer)?;
        Ok(Self(Timestamp::from_millis(time.as_millisecond())))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2026-01-31T12:00:00.000Z")])
            .build()
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_answered_with_their_exact_digits() {
        for (given, answered) in [
            ("500", "500.00"),
            ("0.1", "0.10"),
            ("0.0001", "0.0001"),
            ("9999999999.9999", "9999999999.9999"),
        ] {
            let money: Money = given.parse().unwrap();
            assert_eq!(
                serde_json::to_string(&Exact::from(money)).unwrap(),
                answered
            );
        }
    }

    #[test]
    fn decimals_are_taken_as_numbers_and_as_strings_alike() {
        for text in ["9999999999.9999", "\"9999999999.9999\""] {
            let number: Number = serde_json::from_str(text).unwrap();
            let money: Money = number.read("price").unwrap();
            assert_eq!(money.ten_thousandths(), 99_999_999_999_999);
        }
    }

    #[test]
    fn other_values_are_no_decimals() {
        for text in [
            "null", "true", "[1]", "{}", "NaN", "Infinity", "+1", "01", ".5",
        ] {
            assert!(serde_json::from_str::<Number>(text).is_err(), "{text}");
        }
        for text in [
            "-1",
            "1e400",
            "1e-400",
            "1e999999999999",
            "1e-999999999999",
            "1E4294967296",
            "1e-2147483648",
            "\"\"",
            "\"abc\"",
            "\"\\u0000\"",
            "\"1;drop table users\"",
            "\"0x10\"",
            "0.00001",
            "99999999999999999999999999999999999999999999999",
        ] {
            let number: Number = serde_json::from_str(text).unwrap();
            let problem = number.read::<Money>("price").unwrap_err();
            assert_eq!(problem.code(), "MALFORMED", "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_taken_with_a_point_and_zeros_after_it() {
        for (text, number) in [("10", 10), ("10.0", 10), ("0", 0), ("-0.0", 0)] {
            let whole: Whole = serde_json::from_str(text).unwrap();
            assert_eq!(whole, Whole(number), "{text}");
        }
        for text in [
            "10.5", "-1", "1e1", "1e10", "1e400", "null", "true", "\"10\"", "[1]", "{}",
        ] {
            assert!(serde_json::from_str::<Whole>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        let time: Time = serde_json::from_str("\"2026-01-31T14:30:00.1239+02:30\"").unwrap();
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            "\"2026-01-31T12:00:00.123Z\""
        );
        for text in [
            "\"2026-01-31\"",
            "\"2026-02-30T00:00:00Z\"",
            "\"99999-01-01T00:00:00Z\"",
            "1769860800",
            "\"\"",
            "\"now\"",
        ] {
            assert!(serde_json::from_str::<Time>(text).is_err(), "{text}");
        }
    }
}
