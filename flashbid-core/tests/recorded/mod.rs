//! What the tests of the ledgers share: a product, a campaign that takes bids, and bids for it.

use std::time::Duration;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Terms, Window};
use flashbid_core::id::{BidId, BidderId, CampaignId, ProductId};
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::product::Product;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::{Score, Weights};
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{CampaignOutcome, Epoch, EventBatch, Ledger, Page};
use flashbid_core::time::Timestamp;
use uuid::Uuid;

/// A page with everything.
pub(crate) const ALL: Page = Page {
    skip: 0,
    limit: u32::MAX,
};

/// The token of whoever settles.
pub(crate) const TOKEN: FencingToken = FencingToken::new(1);

pub(crate) fn product(stock: u32) -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(0xA)),
        name: "A lamp".to_owned(),
        description: Some("It shines".to_owned()),
        image_url: None,
        min_price: money(100),
        stock: Level::loaded_with(Units::new(stock).unwrap()),
        created_at: Timestamp::from_millis(1_700_000_000_000),
    }
}

pub(crate) fn campaign(number: u128, quota: u32) -> Campaign {
    let start = 1_700_000_000_000;
    let at = Timestamp::from_millis;
    let coefficient = |units| Coefficient::from_ten_thousandths(units).unwrap();
    let terms = Terms {
        format: Format::Ranked {
            weights: Weights::new(
                coefficient(10_000),
                coefficient(10_000_000),
                coefficient(1_000_000),
            )
            .unwrap(),
            rebid: Rebid::Latest,
        },
        window: Window::new(at(start), at(start + 600_000)).unwrap(),
        quota: Units::new(quota).unwrap(),
        min_price: money(100),
        payment_deadline: Duration::from_mins(15),
        runners_up: None,
    };
    Campaign::scheduled(
        CampaignId::new(Uuid::from_u128(0xC_0000 + number)),
        product(0).id,
        terms,
        at(start),
    )
}

pub(crate) fn money(whole: i64) -> Money {
    Money::from_ten_thousandths(whole * 10_000).unwrap()
}

pub(crate) fn bidder(number: u64) -> BidderId {
    BidderId::new(Uuid::from_u64_pair(scramble(number), number))
}

/// The bid with a sequence, by one of `bidders` bidders.
pub(crate) fn bid(sequence: u64, bidders: u64) -> AcceptedBid {
    let random = scramble(sequence);
    AcceptedBid {
        id: BidId::new(Uuid::from_u64_pair(random, sequence)),
        bidder: bidder(random % bidders),
        name: Some("somebody".into()),
        price: money(100 + i64::try_from(random % 1_000).unwrap()),
        weight: Weight::from_ten_thousandths(12_500).unwrap(),
        score: Score::from_ten_thousandths(5_000_000).unwrap(),
        rank: Rank::new(u32::try_from(random % 1_000).unwrap() + 1).unwrap(),
        sequence: Sequence::new(sequence),
        at: Timestamp::from_millis(1_700_000_000_000 + i64::try_from(sequence / 50).unwrap()),
        elapsed_ms: sequence / 50,
        bid_number: 1,
    }
}

/// The complete stretch `after < sequence <= through`.
pub(crate) fn stretch(epoch: Epoch, after: u64, through: u64) -> EventBatch {
    EventBatch {
        epoch,
        after: Sequence::new(after),
        through: Sequence::new(through),
        bids: (after + 1..=through)
            .map(|sequence| bid(sequence, 1_000))
            .collect(),
    }
}

/// Puts a campaign of `quota` units into the ledger, open and in its first epoch.
pub(crate) async fn open_campaign(
    ledger: &dyn Ledger,
    number: u128,
    quota: u32,
) -> (Campaign, Epoch) {
    let campaign = campaign(number, quota);
    ledger.add_product(&product(1_000_000)).await.unwrap();
    let outcome = ledger.add_campaign(&campaign).await.unwrap();
    assert_eq!(outcome, CampaignOutcome::Added);
    let opened = ledger
        .transition(campaign.id, Phase::Scheduled, Phase::Open, TOKEN)
        .await;
    assert!(opened.unwrap());
    let seed = ledger.begin_epoch(campaign.id).await.unwrap().unwrap();
    (seed.campaign, seed.epoch)
}

/// `SplitMix64`, so that neighbours get distant ids.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut word = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
