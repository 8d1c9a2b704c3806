//! Who takes the money: the trait that a payment provider implements, and one for tests.
//!
//! The server keeps no card and moves no money. It asks a [`PaymentProvider`] to charge an order, and hears of what
//! happened elsewhere through webhooks, whose signatures [`Webhooks`] checks.

mod webhooks;

pub use webhooks::{SignatureError, TOLERANCE, Verified, Webhooks};

use std::fmt;

use async_trait::async_trait;
use flashbid_core::bid::IdempotencyKey;
use flashbid_core::id::OrderId;
use flashbid_core::money::Money;
use flashbid_core::order::PaymentId;

use crate::config::Secret;

/// Charges orders.
#[async_trait]
pub trait PaymentProvider: fmt::Debug + Send + Sync + 'static {
    /// Takes the money for an order, and answers how the payment is found again. The same key again is the same charge again:
    /// it is made once, and answered alike. A charge that was declined has not used its key up: the buyer may come with
    /// another method.
    ///
    /// # Errors
    /// [`ChargeError::Declined`] when the buyer does not pay, [`ChargeError::Unavailable`] when it is not known whether
    /// the charge was made: the same charge may then be asked for again.
    async fn charge(&self, charge: &Charge) -> Result<PaymentId, ChargeError>;
}

/// What is to be paid, by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// For which order.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// What the buyer pays with, in the words of the provider, such as a token of its own.
    pub method: Option<Secret>,
    /// What makes a charge that is asked for twice one charge.
    pub key: IdempotencyKey,
}

/// Why nothing was charged, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChargeError {
    /// The buyer's means were refused: nothing was charged.
    #[error("the payment was declined: {reason}")]
    Declined {
        /// Why, in words that the buyer may read.
        reason: String,
    },
    /// The provider gave no answer.
    #[error("the payment provider did not answer")]
    Unavailable,
}

/// A provider that moves no money: it accepts every charge but those by the method `decline`. What it answers follows
/// from the charge alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestProvider;

/// The method that [`TestProvider`] declines.
pub const DECLINED_METHOD: &str = "decline";

#[async_trait]
impl PaymentProvider for TestProvider {
    async fn charge(&self, charge: &Charge) -> Result<PaymentId, ChargeError> {
        let method = charge.method.as_ref().map(Secret::expose);
        if method == Some(DECLINED_METHOD) {
            return Err(ChargeError::Declined {
                reason: "the test provider declines this method".to_owned(),
            });
        }
        let reference = PaymentId::new(format!("test-{}", charge.order));
        Ok(reference.expect("an id is visible ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use flashbid_core::id::OrderId;

    use super::*;

    fn charge(order: u128, method: Option<&str>, key: &str) -> Charge {
        Charge {
            order: OrderId::new(uuid::Uuid::from_u128(order)),
            amount: "500.00".parse().unwrap(),
            method: method.map(Secret::new),
            key: IdempotencyKey::new(key).unwrap(),
        }
    }

    #[tokio::test]
    async fn the_test_provider_answers_the_same_charge_alike() {
        let first = TestProvider.charge(&charge(1, None, "a")).await.unwrap();
        let again = TestProvider.charge(&charge(1, None, "a")).await.unwrap();
        let other = TestProvider.charge(&charge(2, Some("card"), "a")).await;
        assert_eq!(first, again);
        assert_ne!(other.unwrap(), first);
        assert_eq!(first.as_str(), "test-00000000-0000-0000-0000-000000000001");
    }

    #[tokio::test]
    async fn the_test_provider_declines_one_method() {
        let declined = TestProvider.charge(&charge(1, Some("decline"), "a")).await;
        assert!(matches!(declined, Err(ChargeError::Declined { .. })));
        let accepted = TestProvider.charge(&charge(1, Some("Decline"), "a")).await;
        assert!(accepted.is_ok());
    }

    #[test]
    fn what_the_buyer_pays_with_is_not_printed() {
        let shown = format!("{:?}", charge(1, Some("tok_sesame"), "a"));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
