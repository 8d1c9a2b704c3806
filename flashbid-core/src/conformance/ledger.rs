//! The cases of [`Ledger`].

mod catalog;
mod phases;
mod reading;
mod recording;
mod settling;

pub use catalog::*;
pub use phases::*;
pub use reading::*;
pub use recording::*;
pub use settling::*;

use super::fixture::{batch, campaign, event, fresh, money, now, past, units};
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::id::BidderId;
use crate::product::Product;
use crate::rank::Sequence;
use crate::settle::{SettlementPlan, plan};
use crate::stock::{Level, Units};
use crate::store::{CampaignOutcome, Epoch, Ledger};

/// Makes every case of [`Ledger`](crate::store::Ledger) a test of a store; see [`conformance`](crate::conformance).
#[macro_export]
macro_rules! ledger_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] ledger:
            a_product_reads_back
            a_campaign_reads_back
            quotas_never_exceed_the_stock
            a_refused_campaign_changes_nothing
            pages_of_lists_join
            unsettled_lists_what_needs_work
            of_concurrent_transitions_one_succeeds
            an_illegal_transition_changes_nothing
            an_older_token_cannot_change_a_campaign
            cancelling_gives_the_quota_back
            an_unknown_campaign_is_not_found
            epochs_grow
            a_seed_has_every_recorded_bid
            recording_twice_changes_nothing
            the_checkpoint_waits_for_gaps
            batches_in_any_order_reach_the_same_checkpoint
            a_conflicting_batch_records_nothing
            a_malformed_batch_records_nothing
            an_older_epoch_records_nothing
            a_settled_campaign_takes_no_bids
            concurrent_batches_are_all_recorded
            large_batches_are_recorded
            recorded_bids_read_back
            a_bidders_history_is_newest_first
            a_settlement_is_all_or_nothing
            a_settlement_commits_once
            of_concurrent_settlements_one_commits
            an_older_token_cannot_settle
            a_stale_plan_is_refused
            a_plan_beyond_the_quota_is_refused
            a_plan_below_the_quota_is_refused
            a_plan_with_a_bidder_twice_is_refused
            a_plan_beyond_the_checkpoint_is_refused
            a_plan_that_leaves_out_a_recorded_bid_is_refused
            a_settlement_conserves_units
            large_settlements_commit
            orders_read_back
            the_outbox_keeps_what_is_not_acknowledged
        }
    };
}

/// A product with `stock` available units.
fn product(stock: u32) -> Product {
    Product {
        id: fresh(),
        name: "A thing".into(),
        description: None,
        image_url: None,
        min_price: money(1),
        stock: Level::loaded_with(units(stock)),
        created_at: now(),
    }
}

/// A campaign for `quota` units of the product.
fn campaign_of(product: &Product, quota: u32) -> Campaign {
    let mut campaign = campaign(past());
    campaign.product = product.id;
    campaign.terms.quota = units(quota);
    campaign.stock = Level::loaded_with(campaign.terms.quota);
    campaign
}

/// Adds a product with `stock` units and a campaign for `quota` of them.
async fn sale<S: Ledger + ?Sized>(store: &S, stock: u32, quota: u32) -> Campaign {
    let product = product(stock);
    store.add_product(&product).await.expect("it is added");
    let campaign = campaign_of(&product, quota);
    let outcome = store.add_campaign(&campaign).await.expect("it is added");
    assert_eq!(outcome, CampaignOutcome::Added);
    campaign
}

async fn stock<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> [u32; 3] {
    let product = store
        .product(campaign.product)
        .await
        .expect("it can be read");
    let level = product.expect("it is there").stock;
    [level.available, level.held, level.sold].map(Units::get)
}

async fn reread<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Campaign {
    let campaign = store.campaign(campaign.id).await.expect("it can be read");
    campaign.expect("it is there")
}

async fn begin<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Epoch {
    let seed = store.begin_epoch(campaign.id).await.expect("it begins");
    seed.expect("the campaign is known").epoch
}

async fn checkpoint<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> u64 {
    let checkpoint = store.checkpoint(campaign.id).await;
    checkpoint.expect("it can be read").get()
}

/// A sale whose book is sealed with one bid of each bidder, all of which are recorded, and the plan that settles it
/// by token 3: the first to come win.
async fn sealed<S: Ledger + ?Sized>(
    store: &S,
    stock: u32,
    quota: u32,
    bidders: &[BidderId],
) -> (Campaign, SettlementPlan) {
    let campaign = sale(store, stock, quota).await;
    let epoch = begin(store, &campaign).await;
    let bids: Vec<_> = (1..)
        .zip(bidders)
        .map(|(sequence, bidder)| event(&campaign, *bidder, sequence))
        .collect();
    let last = bids.len() as u64;
    let recorded = store
        .record(campaign.id, &batch(epoch, 0, last, &bids))
        .await
        .expect("they are recorded");
    assert_eq!(recorded, Sequence::new(last));
    let moved = store
        .transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN)
        .await;
    assert!(moved.expect("it may be sealed"));
    let campaign = reread(store, &campaign).await;
    let plan = plan(&campaign, &bids, recorded, now());
    (campaign, plan)
}

/// The token by which [`sealed`] seals.
const TOKEN: FencingToken = FencingToken::new(3);

fn bidders(count: usize) -> Vec<BidderId> {
    (0..count).map(|_| fresh()).collect()
}
