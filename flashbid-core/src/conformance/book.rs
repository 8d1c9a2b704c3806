//! The cases of [`BidBook`](crate::store::BidBook).

mod forgetting;
mod opening;
mod placing;
mod ranking;
mod reading;
mod sealing;
mod tickets;

pub use forgetting::*;
pub use opening::*;
pub use placing::*;
pub use ranking::*;
pub use reading::*;
pub use sealing::*;
pub use tickets::*;

/// Makes every case of [`BidBook`](crate::store::BidBook) a test of a store; see [`conformance`](crate::conformance).
#[macro_export]
macro_rules! bid_book_conformance {
    ($($store:tt)*) => {
        $crate::conformance_tests! { [$($store)*] book:
            open_is_idempotent
            an_older_epoch_changes_nothing
            a_book_that_has_the_seed_goes_on
            a_newer_epoch_replaces_a_book_that_disagrees
            a_newer_epoch_replaces_the_book_of_a_settled_campaign
            a_restored_book_continues
            a_restored_book_replays_answers
            a_restored_book_keeps_gaps
            a_closed_campaign_opens_sealed
            a_first_come_campaign_has_no_book
            a_discarded_book_is_not_found
            a_missing_book_is_not_found
            campaigns_are_separate
            an_accepted_bid_keeps_what_was_asked
            one_bad_bid_does_not_fail_its_neighbours
            an_empty_batch_changes_nothing
            a_retry_gets_the_first_answer
            a_retry_within_a_batch_gets_the_first_answer
            a_retry_after_the_seal_gets_the_first_answer
            an_id_used_for_another_bid_is_refused
            sequences_strictly_increase
            concurrent_batches_lose_nothing
            bids_outside_the_window_are_refused
            a_ticket_places_once
            a_refused_bid_keeps_its_ticket
            time_never_runs_backwards
            scores_are_exact
            neighbouring_scores_are_told_apart
            equal_scores_rank_by_arrival
            latest_replaces_the_standing
            best_never_gets_worse
            a_standing_agrees_with_the_ranking
            a_bidder_without_a_bid_has_no_standing
            the_top_is_the_best_in_order
            figures_describe_the_book
            events_are_complete_and_in_order
            events_end_at_the_last_sequence
            pages_of_events_join
            what_is_not_forgotten_stays_complete
            forgetting_events_keeps_all_else
            forgetting_without_a_book_does_nothing
            a_seal_is_atomic_with_placing
            nothing_is_accepted_after_the_seal
            a_seal_is_final
            a_seal_before_the_end_does_nothing
            an_older_token_cannot_seal
        }
    };
}
