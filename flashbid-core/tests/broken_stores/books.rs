use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::bid::{AcceptedBid, NewBid};
use flashbid_core::campaign::{FencingToken, Window};
use flashbid_core::id::{BidId, BidderId, CampaignId, IdSource, RandomIds};
use flashbid_core::memory::MemoryBook;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::store::{
    BidBook, BookSeed, Epoch, EventBatch, Placed, Placement, Ranking, Seal, Standing, StoreResult,
};
use flashbid_core::time::Timestamp;

use crate::assert_fails;

/// What a book does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It orders equal scores by bidder, as a sorted set of a key-value store does.
    TiesByBidder,
    /// It does not know ids.
    RetriesPlaceAgain,
    /// It knows ids, and does not look at what they stand for.
    AnswersAnyRequestOfAnId,
    /// It refuses a whole batch for one bad bid.
    OneBadBidSpoilsTheBatch,
    /// It seals for those who ask and not for those who bid.
    SealsInNameOnly,
    /// It reads the last sequence first and seals a moment later.
    ChecksThenSeals,
    /// It seals by any token.
    IgnoresTokens,
    /// It takes bids until it is sealed.
    IgnoresTheEnd,
    /// It keeps scores as 32-bit floats.
    RoundsScores,
    /// It answers the last page without its last event.
    HidesTheLastEvent,
    /// It says that a page reaches to the end of the log.
    PagesEndTooFar,
    /// It opens a book without the ids of its bids.
    ForgetsIdsOnRestore,
    /// It counts the restored bids anew.
    RenumbersOnRestore,
    /// It opens whatever comes last.
    IgnoresEpochs,
    /// It keeps the first book whatever comes.
    KeepsTheOldBook,
    /// It opens each newer epoch from the seed alone.
    ForgetsTheOldBook,
    /// It opens every book for bids.
    OpensClosedBooks,
    /// It forgets the names.
    DropsNames,
    /// It forgets the event at which the ledger stands as well.
    ForgetsTooManyEvents,
    /// It forgets a book with its events.
    ForgetsTheBookWithItsEvents,
}

#[derive(Debug)]
struct Broken {
    book: MemoryBook,
    mistake: Mistake,
    window: Mutex<Option<Window>>,
    sealed: Mutex<bool>,
    forgotten: Mutex<Sequence>,
}

fn sound() -> MemoryBook {
    MemoryBook::default()
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        book: sound(),
        mistake,
        window: Mutex::default(),
        sealed: Mutex::default(),
        forgotten: Mutex::default(),
    }
}

impl Broken {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn spoil_bid(&self, bid: &mut NewBid) {
        if self.makes(Mistake::RetriesPlaceAgain) {
            bid.id = BidId::new(RandomIds.fresh());
        }
        if self.makes(Mistake::DropsNames) {
            bid.name = None;
        }
        if let (Mistake::IgnoresTheEnd, Some(window)) = (self.mistake, *self.window.lock().unwrap())
        {
            let last = Timestamp::from_millis(window.end().millis() - 1);
            bid.at = Some(bid.at.map_or(last, |at| at.min(last)));
        }
    }

    /// Answers for a bid under its own id, which [`Broken::spoil_bid`] may have changed.
    fn spoil_answer(&self, bid: &NewBid, accepted: &mut AcceptedBid) {
        accepted.id = bid.id;
        if self.makes(Mistake::RoundsScores) {
            accepted.score = rounded(accepted.score);
        }
    }

    fn spoil_seed(&self, seed: &mut BookSeed) {
        for (sequence, bid) in (1..).zip(&mut seed.bids) {
            if self.makes(Mistake::ForgetsIdsOnRestore) {
                bid.id = BidId::new(RandomIds.fresh());
            }
            if self.makes(Mistake::RenumbersOnRestore) {
                bid.sequence = Sequence::new(sequence);
            }
        }
        if self.makes(Mistake::OpensClosedBooks) {
            seed.campaign.phase = flashbid_core::campaign::Phase::Open;
        }
        if self.makes(Mistake::IgnoresTokens) {
            seed.campaign.fence = FencingToken::NONE;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the mistake itself"
)]
fn rounded(score: Score) -> Score {
    Score::from_ten_thousandths(score.ten_thousandths() as f32 as i64).unwrap_or(Score::MAX)
}

#[async_trait]
impl BidBook for Broken {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        *self.window.lock().unwrap() = Some(seed.campaign.terms.window);
        let mut seed = seed.clone();
        self.spoil_seed(&mut seed);
        let older = match self.book.top(seed.campaign.id, 0).await {
            Ok(ranking) => ranking.stats.epoch < seed.epoch,
            Err(_) => false,
        };
        if self.makes(Mistake::IgnoresEpochs) || self.makes(Mistake::ForgetsTheOldBook) && older {
            self.book.discard(seed.campaign.id).await?;
        }
        if self.makes(Mistake::KeepsTheOldBook)
            && let Ok(ranking) = self.book.top(seed.campaign.id, 0).await
        {
            return Ok(ranking.stats.epoch);
        }
        self.book.open(&seed).await
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        let mut asked = batch.to_vec();
        for bid in &mut asked {
            self.spoil_bid(bid);
        }
        if self.makes(Mistake::AnswersAnyRequestOfAnId) {
            let known = self
                .book
                .events_after(campaign, Sequence::ZERO, 1_000)
                .await?;
            for bid in &mut asked {
                if let Some(first) = known.bids.iter().find(|first| first.id == bid.id) {
                    (bid.bidder, bid.price) = (first.bidder, first.price);
                }
            }
        }
        if self.makes(Mistake::OneBadBidSpoilsTheBatch)
            && let Some(window) = *self.window.lock().unwrap()
            && let Some(at) = batch
                .iter()
                .find_map(|bid| bid.at.filter(|at| *at >= window.end()))
        {
            for bid in &mut asked {
                bid.at = Some(at);
            }
        }
        let mut placed = self.book.place(campaign, &asked).await?;
        for (bid, outcome) in batch.iter().zip(&mut placed.outcomes) {
            if let Ok(Placement::Accepted(accepted) | Placement::Replayed(accepted)) = outcome {
                self.spoil_answer(bid, accepted);
            }
        }
        Ok(placed)
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        if self.makes(Mistake::TiesByBidder) {
            let ranking = self.top(campaign, usize::MAX).await?;
            let mut standings = ranking.top.into_iter();
            return Ok(standings.find(|standing| standing.bid.bidder == bidder));
        }
        let mut standing = self.book.standing(campaign, bidder).await?;
        if let (Mistake::RoundsScores, Some(standing)) = (self.mistake, &mut standing) {
            standing.bid.score = rounded(standing.bid.score);
        }
        Ok(standing)
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        let spoiled = matches!(self.mistake, Mistake::TiesByBidder | Mistake::RoundsScores);
        let wanted = if spoiled { usize::MAX } else { n };
        let mut ranking = self.book.top(campaign, wanted).await?;
        ranking.stats.sealed |= *self.sealed.lock().unwrap();
        if self.makes(Mistake::RoundsScores) {
            for standing in &mut ranking.top {
                standing.bid.score = rounded(standing.bid.score);
            }
            ranking.top.sort_by_key(|standing| standing.bid.rank_key());
        }
        if self.makes(Mistake::TiesByBidder) {
            ranking.top.sort_by_key(|standing| {
                let bid = &standing.bid;
                (std::cmp::Reverse(bid.score), bid.bidder)
            });
        }
        for (better, standing) in ranking.top.iter_mut().enumerate() {
            standing.rank = Rank::behind(better);
        }
        ranking.top.truncate(n);
        Ok(ranking)
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        let after = after.max(*self.forgotten.lock().unwrap());
        let mut events = self.book.events_after(campaign, after, limit).await?;
        if self.makes(Mistake::HidesTheLastEvent) {
            events.bids.pop();
        }
        if self.makes(Mistake::PagesEndTooFar) {
            let last = self.book.top(campaign, 0).await?.stats.last_sequence;
            events.through = events.through.max(last);
        }
        Ok(events)
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        match self.mistake {
            Mistake::SealsInNameOnly => {
                *self.sealed.lock().unwrap() = true;
                let last = self.book.top(campaign, 0).await?.stats.last_sequence;
                Ok(Seal::Sealed { last })
            }
            Mistake::ChecksThenSeals => {
                let last = self.book.top(campaign, 0).await?.stats.last_sequence;
                tokio::time::sleep(Duration::from_millis(20)).await;
                let seal = self.book.seal(campaign, token).await?;
                Ok(match seal {
                    Seal::Sealed { .. } => Seal::Sealed { last },
                    Seal::NotEnded => seal,
                })
            }
            Mistake::IgnoresTokens => {
                let newest = FencingToken::new(u64::MAX);
                self.book.seal(campaign, newest).await
            }
            _ => self.book.seal(campaign, token).await,
        }
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        if self.makes(Mistake::ForgetsTooManyEvents) {
            *self.forgotten.lock().unwrap() = through;
        }
        if self.makes(Mistake::ForgetsTheBookWithItsEvents) {
            self.book.discard(campaign).await?;
        }
        self.book.forget_events(campaign, through).await
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        self.book.discard(campaign).await
    }
}

#[test]
fn ties_that_are_not_broken_by_arrival_are_found() {
    assert_fails!(book, sound(), broken(Mistake::TiesByBidder); equal_scores_rank_by_arrival);
}

#[test]
fn a_retry_that_places_again_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::RetriesPlaceAgain);
        a_retry_gets_the_first_answer,
        a_retry_within_a_batch_gets_the_first_answer,
        a_retry_after_the_seal_gets_the_first_answer,
        a_restored_book_replays_answers,
    );
}

#[test]
fn an_id_that_answers_for_another_bid_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::AnswersAnyRequestOfAnId);
        an_id_used_for_another_bid_is_refused,
    );
}

#[test]
fn a_batch_that_fails_as_a_whole_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::OneBadBidSpoilsTheBatch);
        one_bad_bid_does_not_fail_its_neighbours,
    );
}

#[test]
fn a_seal_that_lets_late_bids_in_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::SealsInNameOnly);
        nothing_is_accepted_after_the_seal,
        a_seal_is_final,
        a_seal_before_the_end_does_nothing,
        a_seal_is_atomic_with_placing,
    );
}

#[test]
fn a_seal_in_two_steps_is_found() {
    assert_fails!(book, sound(), broken(Mistake::ChecksThenSeals); a_seal_is_atomic_with_placing);
}

#[test]
fn a_seal_by_any_token_is_found() {
    assert_fails!(book, sound(), broken(Mistake::IgnoresTokens); an_older_token_cannot_seal);
}

#[test]
fn bids_after_the_end_are_found() {
    assert_fails!(
        book, sound(), broken(Mistake::IgnoresTheEnd);
        bids_outside_the_window_are_refused,
        one_bad_bid_does_not_fail_its_neighbours,
    );
}

#[test]
fn rounded_scores_are_found() {
    assert_fails!(
        book, sound(), broken(Mistake::RoundsScores);
        scores_are_exact,
        neighbouring_scores_are_told_apart,
    );
}

#[test]
fn missing_events_are_found() {
    assert_fails!(
        book, sound(), broken(Mistake::HidesTheLastEvent);
        events_are_complete_and_in_order,
        events_end_at_the_last_sequence,
        concurrent_batches_lose_nothing,
    );
    assert_fails!(
        book, sound(), broken(Mistake::PagesEndTooFar);
        pages_of_events_join,
        a_restored_book_keeps_gaps,
    );
}

#[test]
fn a_restored_book_that_lacks_something_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::ForgetsIdsOnRestore);
        a_restored_book_replays_answers,
        a_restored_book_continues,
    );
    assert_fails!(book, sound(), broken(Mistake::RenumbersOnRestore); a_restored_book_keeps_gaps);
    assert_fails!(book, sound(), broken(Mistake::OpensClosedBooks); a_closed_campaign_opens_sealed);
}

#[test]
fn a_book_of_the_wrong_life_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::IgnoresEpochs);
        open_is_idempotent,
        an_older_epoch_changes_nothing,
    );
    assert_fails!(
        book, sound(), broken(Mistake::KeepsTheOldBook);
        a_newer_epoch_replaces_a_book_that_disagrees,
        a_newer_epoch_replaces_the_book_of_a_settled_campaign,
    );
    assert_fails!(book, sound(), broken(Mistake::ForgetsTheOldBook); a_book_that_has_the_seed_goes_on);
}

#[test]
fn a_book_that_forgets_too_much_is_found() {
    assert_fails!(
        book, sound(), broken(Mistake::ForgetsTooManyEvents);
        what_is_not_forgotten_stays_complete,
    );
    assert_fails!(
        book, sound(), broken(Mistake::ForgetsTheBookWithItsEvents);
        forgetting_events_keeps_all_else,
    );
}

#[test]
fn forgotten_names_are_found() {
    assert_fails!(book, sound(), broken(Mistake::DropsNames); an_accepted_bid_keeps_what_was_asked);
}
