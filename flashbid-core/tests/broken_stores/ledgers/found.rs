use std::sync::Arc;

use flashbid_core::conformance::ledger::of_concurrent_settlements_one_commits;
use flashbid_core::conformance::run;
use flashbid_core::memory::{Layers, MemoryLedger};

use super::{Mistake, broken, sound, without};
use crate::assert_fails;

#[test]
fn a_ledger_that_settles_twice_is_found() {
    let layers = Layers {
        row_lock: false,
        constraints: false,
        ..Layers::ALL
    };
    assert_fails!(ledger, sound(), without(layers); of_concurrent_settlements_one_commits);
    assert_fails!(
        ledger, sound(), broken(Mistake::CommitsTwiceInName);
        a_settlement_commits_once,
        of_concurrent_settlements_one_commits,
    );
}

#[test]
fn the_row_lock_or_the_constraints_alone_settle_once() {
    for layers in [
        Layers {
            row_lock: false,
            ..Layers::ALL
        },
        Layers {
            constraints: false,
            ..Layers::ALL
        },
    ] {
        let ledger = Arc::new(MemoryLedger::with_layers(layers));
        run(of_concurrent_settlements_one_commits(ledger));
    }
}

#[test]
fn a_ledger_without_constraints_is_found() {
    let layers = Layers {
        constraints: false,
        ..Layers::ALL
    };
    assert_fails!(
        ledger, sound(), without(layers);
        a_stale_plan_is_refused,
        a_plan_beyond_the_quota_is_refused,
        a_plan_below_the_quota_is_refused,
        a_plan_with_a_bidder_twice_is_refused,
        a_settlement_is_all_or_nothing,
    );
}

#[test]
fn a_ledger_without_a_fence_is_found() {
    let layers = Layers {
        fence: false,
        ..Layers::ALL
    };
    assert_fails!(
        ledger, sound(), without(layers);
        an_older_token_cannot_settle,
        an_older_token_cannot_change_a_campaign,
    );
}

#[test]
fn a_ledger_that_forgets_the_last_bid_of_a_batch_is_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::ForgetsTheLastBid);
        recording_twice_changes_nothing,
        a_seed_has_every_recorded_bid,
        concurrent_batches_are_all_recorded,
        large_batches_are_recorded,
        recorded_bids_read_back,
    );
}

#[test]
fn a_checkpoint_over_gaps_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::CheckpointJumpsGaps); the_checkpoint_waits_for_gaps);
}

#[test]
fn a_ledger_that_takes_events_of_a_lost_book_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::IgnoresEpochs); an_older_epoch_records_nothing);
}

#[test]
fn a_ledger_that_cannot_be_asked_again_is_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::RefusesWhatItHas);
        recording_twice_changes_nothing,
        the_checkpoint_waits_for_gaps,
    );
}

#[test]
fn half_a_batch_is_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::KeepsHalfABatch);
        a_conflicting_batch_records_nothing,
        a_malformed_batch_records_nothing,
    );
}

#[test]
fn a_quota_that_is_given_twice_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::ChecksThenAddsCampaigns); quotas_never_exceed_the_stock);
}

#[test]
fn lists_in_the_wrong_order_are_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::OldestFirst);
        pages_of_lists_join,
        a_bidders_history_is_newest_first,
        orders_read_back,
        low_stock_lists_the_fewest_first,
        a_products_campaigns_are_listed,
        dead_letters_read_back,
        overdue_orders_are_listed,
        campaigns_with_units_left_are_listed,
        discrepancies_open_and_resolve,
    );
}

#[test]
fn a_lossy_outbox_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::OutboxForgets); the_outbox_keeps_what_is_not_acknowledged);
}

#[test]
fn a_settled_campaign_without_its_orders_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::SettlesByTransition); an_illegal_transition_changes_nothing);
}

#[test]
fn wrong_changes_of_a_product_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::ChangesHalfAProduct); a_product_changes);
    assert_fails!(
        ledger, sound(), broken(Mistake::RemovesWhatItCan);
        stock_is_never_corrected_below_what_is_promised,
    );
    assert_fails!(ledger, sound(), broken(Mistake::ForgetsStockChanges); a_stock_change_counts_once);
}

#[test]
fn guards_in_name_only_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::GuardsInNameOnly); guards_read_back);
}

#[test]
fn wrong_counters_are_found() {
    for mistake in [
        Mistake::SeedsForgetLetters,
        Mistake::SeedsForgetReturns,
        Mistake::ForgetsTheLimit,
        Mistake::NeverTakesAgain,
    ] {
        assert_fails!(ledger, sound(), broken(mistake); a_gate_seed_has_every_hold);
    }
}

#[test]
fn discrepancies_that_are_noted_anew_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::NoticesAnew); discrepancies_open_and_resolve);
}
