//! First-come purchases for a ledger by itself, without an engine.

use std::time::Duration;

use flashbid_core::campaign::{Campaign, Format, Terms, Window};
use flashbid_core::id::{CampaignId, HoldId, ProductId, PurchaseId};
use flashbid_core::product::Product;
use flashbid_core::purchase::{Purchase, order_of};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{CampaignOutcome, Ledger};
use flashbid_core::time::Timestamp;
use uuid::Uuid;

use crate::{bidder, price, scramble};

/// Adds a first-come campaign of as many units as can be counted, two for each buyer.
///
/// # Panics
/// When the ledger fails, or has one already.
pub async fn open_shop(ledger: &dyn Ledger) -> Campaign {
    let start = Timestamp::from_millis(1_800_000_000_000);
    let product = Product {
        id: ProductId::new(Uuid::from_u128(1)),
        name: "A lamp".into(),
        description: None,
        image_url: None,
        min_price: price(1),
        stock: Level::loaded_with(Units::MAX),
        created_at: start,
    };
    ledger.add_product(&product).await.expect("it is added");
    let terms = Terms {
        format: Format::FirstCome {
            price: price(1),
            per_buyer: Units::new(2),
        },
        window: Window::new(start, start.after(Duration::from_hours(1))).expect("an hour"),
        quota: Units::MAX,
        min_price: price(1),
        payment_deadline: Duration::from_mins(15),
        runners_up: None,
    };
    let id = CampaignId::new(Uuid::from_u128(2));
    let campaign = Campaign::scheduled(id, product.id, terms, start);
    let added = ledger.add_campaign(&campaign).await;
    assert_eq!(added.expect("it is added"), CampaignOutcome::Added);
    campaign
}

/// A purchase with a random id by a buyer of its own, twenty in a millisecond.
///
/// # Panics
/// When the campaign is not first-come.
pub fn bought(campaign: &Campaign, number: u64) -> Purchase {
    let id = PurchaseId::new(Uuid::from_u64_pair(scramble(number), number));
    let taken_at = campaign
        .created_at
        .after(Duration::from_millis(number / 20));
    let hold = Hold {
        id: HoldId::derive(id, campaign.id),
        bidder: bidder(number),
        units: Units::ONE,
        taken_at,
        expires_at: taken_at.after(campaign.terms.payment_deadline),
        state: HoldState::Held,
    };
    Purchase {
        id,
        orders: vec![order_of(&hold, campaign, id).expect("it is first-come")],
    }
}
