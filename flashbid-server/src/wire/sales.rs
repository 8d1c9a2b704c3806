//! Purchases, payments, and what operators look after.

use flashbid_core::discrepancy::Discrepancy as CoreDiscrepancy;
use flashbid_core::engine::{Bought, HoldStatus};
use flashbid_core::id::HoldId;
use flashbid_core::purchase::{DeadLetter as CoreDeadLetter, HoldFate, VoidReason};
use flashbid_core::stock::HoldState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Order, Time, Whole};
use crate::config::Secret;

/// Buys units of a first-come campaign.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPurchase {
    /// Of which campaign.
    pub campaign_id: Uuid,
    /// How many units; all of them or none.
    #[serde(default = "one")]
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000_000, default = 1)]
    pub quantity: Whole,
}

const fn one() -> Whole {
    Whole(1)
}

/// How far a purchase has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseStatus {
    /// The units are held; the order is being made.
    Held,
    /// There is an order.
    Ordered,
    /// There were too few units after all.
    SoldOut,
    /// It came to an end before there was an order.
    Released,
}

/// A purchase.
#[derive(Debug, Serialize, ToSchema)]
pub struct Purchase {
    hold_id: Uuid,
    #[schema(inline)]
    status: PurchaseStatus,
    /// Null until there is an order.
    order_id: Option<Uuid>,
    /// Until when it may be paid; null when nobody has units for it.
    expires_at: Option<Time>,
}

impl Purchase {
    /// What was just bought.
    pub fn held(bought: &Bought) -> Self {
        Self {
            hold_id: bought.hold.id.uuid(),
            status: PurchaseStatus::Held,
            order_id: None,
            expires_at: Some(Time(bought.hold.expires_at)),
        }
    }

    /// What is known of a hold.
    pub fn known(id: HoldId, known: &HoldStatus) -> Self {
        let (status, order, expires_at) = match (&known.fate, known.hold) {
            (Some(HoldFate::Ordered(order)), _) => (
                PurchaseStatus::Ordered,
                Some(order.id.uuid()),
                Some(order.pay_by),
            ),
            (Some(HoldFate::Void(VoidReason::SoldOut)), _) => (PurchaseStatus::SoldOut, None, None),
            (Some(HoldFate::Void(_)), _) => (PurchaseStatus::Released, None, None),
            (None, Some(hold)) if hold.state != HoldState::Held => {
                (PurchaseStatus::Released, None, None)
            }
            (_, hold) => (PurchaseStatus::Held, None, hold.map(|hold| hold.expires_at)),
        };
        Self {
            hold_id: id.uuid(),
            status,
            order_id: order,
            expires_at: expires_at.map(Time),
        }
    }
}

/// Buys units of several first-come campaigns: all lines or none.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewCart {
    /// The lines; each campaign once.
    #[schema(min_items = 1, max_items = 20)]
    pub items: Vec<NewCartItem>,
}

/// One line of a cart.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewCartItem {
    /// Of which campaign.
    pub campaign_id: Uuid,
    /// How many units.
    #[serde(default = "one")]
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000_000, default = 1)]
    pub quantity: Whole,
    /// The request token of this line, where its campaign asks for one.
    #[serde(default)]
    pub request_token: Option<String>,
}

/// A cart that was bought.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cart {
    /// One order a line.
    pub(crate) orders: Vec<Order>,
}

/// Pays an order.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Pay {
    /// What the buyer pays with, in the words of the payment provider.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub method: Option<Secret>,
}

/// What a payment provider tells.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PaymentEvent {
    /// What happened; other events than these are acknowledged and change nothing.
    #[serde(rename = "type")]
    #[schema(example = "payment.succeeded")]
    pub kind: String,
    /// The order that was paid.
    pub order_id: Uuid,
    /// What the provider calls the payment: 1 to 255 visible ASCII characters.
    #[schema(min_length = 1, max_length = 255)]
    pub payment_id: String,
}

/// A purchase that could not be made an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    hold_id: Uuid,
    campaign_id: Uuid,
    user_id: Uuid,
    quantity: u32,
    /// What went wrong the last time.
    reason: String,
    attempts: u32,
    #[schema(inline)]
    created_at: Time,
}

impl From<&CoreDeadLetter> for DeadLetter {
    fn from(letter: &CoreDeadLetter) -> Self {
        Self {
            hold_id: letter.hold.id.uuid(),
            campaign_id: letter.campaign.uuid(),
            user_id: letter.hold.bidder.uuid(),
            quantity: letter.hold.units.get(),
            reason: letter.reason.clone(),
            attempts: letter.attempts,
            created_at: Time(letter.at),
        }
    }
}

/// A part of the dead letters, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterList {
    pub(crate) dead_letters: Vec<DeadLetter>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// Two places that do not agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct Discrepancy {
    campaign_id: Uuid,
    /// What does not agree.
    #[schema(example = "counter")]
    kind: &'static str,
    /// The hold, buyer, campaign or product that it is about.
    subject_id: Uuid,
    /// What should be.
    expected: String,
    /// What is.
    found: String,
    #[schema(inline)]
    noticed_at: Time,
    /// Null while it lasts.
    resolved_at: Option<Time>,
}

impl From<&CoreDiscrepancy> for Discrepancy {
    fn from(discrepancy: &CoreDiscrepancy) -> Self {
        Self {
            campaign_id: discrepancy.campaign.uuid(),
            kind: discrepancy.kind.as_str(),
            subject_id: discrepancy.subject,
            expected: discrepancy.expected.clone(),
            found: discrepancy.found.clone(),
            noticed_at: Time(discrepancy.noticed_at),
            resolved_at: discrepancy.resolved_at.map(Time),
        }
    }
}

/// A part of the discrepancies, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscrepancyList {
    pub(crate) discrepancies: Vec<Discrepancy>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// Compares a campaign's counter with the ledger.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Reconcile {
    /// Whether the counter is repaired; without it, it is a dry run.
    #[serde(default)]
    #[schema(default = false)]
    pub fix: bool,
}

/// What reconciling a campaign came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reconciled {
    /// What did not agree.
    pub(crate) found: Vec<Discrepancy>,
    /// What does not agree still.
    pub(crate) left: Vec<Discrepancy>,
}
