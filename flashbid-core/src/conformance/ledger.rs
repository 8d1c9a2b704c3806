//! The cases of [`Ledger`](crate::store::Ledger).

mod carts;
mod catalog;
mod changes;
mod discrepancies;
mod ending;
mod fates;
mod fixture;
mod offers;
mod orders;
mod phases;
mod purchasing;
mod reading;
mod recording;
mod rule;
mod seeds;
mod settling;
mod stock;

pub use carts::*;
pub use catalog::*;
pub use changes::*;
pub use discrepancies::*;
pub use ending::*;
pub use fates::*;
pub use offers::*;
pub use orders::*;
pub use phases::*;
pub use purchasing::*;
pub use reading::*;
pub use recording::*;
pub use rule::*;
pub use seeds::*;
pub use settling::*;
pub use stock::*;

/// Makes every case of [`Ledger`](crate::store::Ledger) a test of a store; see [`conformance`](crate::conformance).
#[macro_export]
macro_rules! ledger_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] ledger:
            a_product_reads_back
            a_product_changes
            stock_is_never_corrected_below_what_is_promised
            a_stock_change_counts_once
            low_stock_lists_the_fewest_first
            a_campaign_reads_back
            quotas_never_exceed_the_stock
            a_refused_campaign_changes_nothing
            pages_of_lists_join
            a_products_campaigns_are_listed
            guards_read_back
            a_gate_seed_has_every_hold
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
            a_purchase_commits_once
            purchases_never_exceed_the_quota
            purchases_stay_within_the_limit
            a_refused_purchase_stays_refused
            purchases_conserve_units
            a_conflicting_purchase_changes_nothing
            a_cart_is_all_or_nothing
            concurrent_carts_end
            a_void_hold_is_never_ordered
            an_ordered_hold_is_not_void
            dead_letters_read_back
            a_replayed_dead_letter_is_gone
            a_dropped_dead_letter_is_void
            a_sale_ends_once
            an_older_token_cannot_end_a_sale
            a_stale_end_is_refused
            ending_a_sale_conserves_units
            orders_move_by_the_rule
            late_payments_stay_within_the_limit
            orders_move_once
            of_concurrent_moves_one_changes
            moves_of_orders_conserve_units
            overdue_orders_are_listed
            changes_of_orders_are_told_in_order
            campaigns_with_units_left_are_listed
            an_offer_takes_a_unit
            an_offer_beyond_what_is_left_is_refused
            an_offer_to_a_bidder_with_an_order_is_refused
            an_older_token_cannot_offer
            discrepancies_open_and_resolve
            orders_read_back
            the_outbox_keeps_what_is_not_acknowledged
        }
    };
}
