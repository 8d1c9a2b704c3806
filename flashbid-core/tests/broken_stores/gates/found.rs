use super::{Mistake, broken, sound};
use crate::assert_fails;

#[test]
fn an_oversell_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::ChecksThenTakes); concurrent_holds_never_oversell);
}

#[test]
fn a_batch_that_fails_as_a_whole_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::OneRefusalSpoilsTheBatch); a_refused_hold_takes_nothing);
}

#[test]
fn units_that_come_back_twice_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::ReleasesTwice); units_come_back_once, a_hold_ends_once, units_are_conserved);
}

#[test]
fn a_limit_that_forgets_is_found() {
    assert_fails!(
        gate, sound(), broken(Mistake::ForgetsWhatABuyerHas);
        the_limit_counts_held_and_sold,
        the_limit_is_told_before_the_stock,
    );
}

#[test]
fn a_retry_that_takes_again_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::RetriesTakeAgain); a_hold_is_taken_once);
}

#[test]
fn a_wrong_start_is_found() {
    assert_fails!(
        gate, sound(), broken(Mistake::IgnoresTheSeed);
        a_seed_gives_the_level,
        a_seed_beyond_the_quota_is_refused,
    );
    assert_fails!(gate, sound(), broken(Mistake::LoadsAgain); loading_twice_changes_nothing);
}

#[test]
fn holds_that_are_due_too_early_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::AnythingIsDue); only_due_holds_are_due);
}

#[test]
fn a_window_that_does_not_count_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::IgnoresTheWindow); holds_are_taken_within_the_window);
}

#[test]
fn a_wrong_seal_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::SealsAnything); a_running_counter_is_not_sealed);
    assert_fails!(gate, sound(), broken(Mistake::SealsInNameOnly); nothing_is_held_after_the_seal);
}

#[test]
fn wrong_tickets_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::IgnoresTickets); a_ticket_holds_once);
    assert_fails!(
        gate, sound(), broken(Mistake::RefusalsSpendTickets);
        a_refused_hold_keeps_its_ticket,
    );
}

#[test]
fn forgotten_holds_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::ForgetsWhatHasEnded); holds_read_back);
    assert_fails!(gate, sound(), broken(Mistake::ReleasesAsExpired); holds_read_back, a_hold_ends_once);
}

#[test]
fn whatever_ends_at_a_thousand_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::TakesAThousand); large_batches_are_held);
    assert_fails!(gate, sound(), broken(Mistake::TellsAThousand); the_contents_are_whole);
}

#[test]
fn a_counter_that_stays_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::NeverUnloads); an_unloaded_counter_is_not_found);
}

#[test]
fn an_id_that_stands_for_anything_is_found() {
    assert_fails!(
        gate, sound(), broken(Mistake::AnswersAnyRequestOfAnId);
        a_hold_id_used_for_another_request_is_refused,
    );
}

#[test]
fn counters_that_touch_each_other_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::UnloadsAll); counters_are_separate);
}

#[test]
fn changes_that_are_not_counted_are_found() {
    assert_fails!(gate, sound(), broken(Mistake::ChangesStandStill); changes_are_counted);
}

#[test]
fn a_wrong_queue_is_found() {
    for mistake in [
        Mistake::QueuesById,
        Mistake::QueuesCarts,
        Mistake::RetriesQueueAgain,
        Mistake::QueuesWhatIsHeld,
    ] {
        assert_fails!(gate, sound(), broken(mistake); purchases_wait_in_order);
    }
    assert_fails!(
        gate, sound(), broken(Mistake::AcknowledgesUpTo);
        an_acknowledged_purchase_waits_no_longer,
    );
    assert_fails!(
        gate, sound(), broken(Mistake::UnloadsTheQueue);
        what_waits_outlasts_its_counter,
    );
}

#[test]
fn a_wrong_repair_is_found() {
    assert_fails!(gate, sound(), broken(Mistake::RepairsNothing); a_repair_counts_anew);
    assert_fails!(gate, sound(), broken(Mistake::RepairsAnything); a_repair_leaves_what_has_changed);
    assert_fails!(gate, sound(), broken(Mistake::RepairsTheQuota); a_repair_never_oversells);
}
