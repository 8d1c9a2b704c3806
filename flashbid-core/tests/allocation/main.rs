//! The pure rules that move units: whatever happens in whatever order, none is made, lost or given out twice.

mod moves;
mod offers;

use std::time::Duration;

use flashbid_core::campaign::{Campaign, Format, Phase, Rebid, RunnersUp, Terms, Window};
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::money::Money;
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::time::Timestamp;
use uuid::Uuid;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const PAYMENT_DEADLINE: Duration = Duration::from_mins(15);

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

fn campaign(format: Format, runners_up: Option<RunnersUp>, quota: u32, phase: Phase) -> Campaign {
    let terms = Terms {
        format,
        window: Window::new(START, START.after(Duration::from_hours(1))).unwrap(),
        quota: units(quota),
        min_price: Money::ZERO,
        payment_deadline: PAYMENT_DEADLINE,
        runners_up,
    };
    let id = CampaignId::new(Uuid::from_u128(1));
    let product = ProductId::new(Uuid::from_u128(2));
    Campaign {
        phase,
        ..Campaign::scheduled(id, product, terms, START)
    }
}

fn ranked() -> Format {
    let none = "0".parse().unwrap();
    Format::Ranked {
        weights: Weights::new("1".parse().unwrap(), none, none).unwrap(),
        rebid: Rebid::Latest,
    }
}

fn first_come() -> Format {
    Format::FirstCome {
        price: "10".parse().unwrap(),
        per_buyer: None,
    }
}

fn runners_up(places: u32) -> RunnersUp {
    RunnersUp {
        places,
        payment_deadline: Duration::from_mins(5),
    }
}
