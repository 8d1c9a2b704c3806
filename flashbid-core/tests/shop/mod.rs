//! What the tests of first-come sales share: a running campaign, purchases of it and moves of their orders.

pub(crate) mod oracle;

use std::time::Duration;

use flashbid_core::campaign::{Campaign, Format, Phase};
use flashbid_core::id::{HoldId, OrderId, PurchaseId};
use flashbid_core::order::{OrderAction, OrderMove, PaymentId};
use flashbid_core::purchase::{Purchase, order_of};
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::store::{CampaignOutcome, Ledger};
use flashbid_core::time::Timestamp;
use uuid::Uuid;

use crate::common::{TOKEN, bidder, campaign, money, product, scramble};

/// A campaign that sells to whoever comes first.
pub(crate) fn first_come(number: u128, quota: u32, per_buyer: Option<u32>) -> Campaign {
    let mut campaign = campaign(number, quota);
    campaign.terms.format = Format::FirstCome {
        price: money(25),
        per_buyer: per_buyer.map(|units| Units::new(units).unwrap()),
    };
    campaign
}

/// Puts a campaign into the ledger, open.
pub(crate) async fn open_shop(ledger: &dyn Ledger, campaign: &Campaign) -> Campaign {
    ledger.add_product(&product(1_000_000)).await.unwrap();
    let outcome = ledger.add_campaign(campaign).await.unwrap();
    assert_eq!(outcome, CampaignOutcome::Added);
    let opened = ledger.transition(campaign.id, Phase::Scheduled, Phase::Open, TOKEN);
    assert!(opened.await.unwrap());
    ledger.campaign(campaign.id).await.unwrap().unwrap()
}

pub(crate) fn purchase_id(number: u64) -> PurchaseId {
    PurchaseId::new(Uuid::from_u64_pair(scramble(number ^ 0xBEEF), number))
}

/// The hold of a numbered purchase in a campaign.
pub(crate) fn hold(campaign: &Campaign, number: u64, buyer: u64, units: u32) -> Hold {
    let taken_at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap());
    Hold {
        id: HoldId::derive(purchase_id(number), campaign.id),
        bidder: bidder(buyer),
        units: Units::new(units).unwrap(),
        taken_at,
        expires_at: taken_at.after(Duration::from_mins(15)),
        state: HoldState::Held,
    }
}

/// A numbered purchase of as many units in each of some campaigns.
pub(crate) fn purchase<'a>(
    campaigns: impl IntoIterator<Item = &'a Campaign>,
    number: u64,
    buyer: u64,
    units: u32,
) -> Purchase {
    let id = purchase_id(number);
    let orders = campaigns
        .into_iter()
        .map(|campaign| order_of(&hold(campaign, number, buyer, units), campaign, id).unwrap());
    Purchase {
        id,
        orders: orders.collect(),
    }
}

pub(crate) fn moving(order: OrderId, action: OrderAction) -> OrderMove {
    OrderMove {
        order,
        action,
        at: Timestamp::from_millis(1_700_000_000_000),
    }
}

pub(crate) fn pay(again: Option<HoldId>) -> OrderAction {
    OrderAction::Pay {
        payment: PaymentId::new("payment-1").unwrap(),
        again,
    }
}
