use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::error::Rejection;
use crate::id::{BidderId, CampaignId, HoldId};
use crate::stock::{Hold, Level, Units};
use crate::time::Timestamp;

/// What a campaign's counter is loaded from.
#[derive(Clone, Debug)]
pub struct GateSeed {
    /// The campaign.
    pub campaign: CampaignId,
    /// Units it may allocate in all.
    pub quota: Units,
    /// The most units one buyer may have held and sold together; `None` for no limit.
    pub per_buyer: Option<Units>,
    /// The holds that the ledger knows of.
    pub holds: Vec<Hold>,
}

/// A request for units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// Which hold; the same id again is the same hold again.
    pub id: HoldId,
    /// For whom.
    pub bidder: BidderId,
    /// How many; at least one.
    pub units: Units,
    /// When it may be expired.
    pub expires_at: Timestamp,
}

/// What became of a request for units.
pub type HoldOutcome = Result<Hold, Rejection>;

/// The hot counters: how many units of each campaign are available, held and sold, and the holds behind them.
///
/// A method that needs a counter fails with [`NotFound`](crate::StoreErrorKind::NotFound) when it is not loaded.
#[async_trait]
pub trait StockGate: Debug + Send + Sync + 'static {
    /// Loads the counter of a campaign, and answers its level. A loaded counter is left as it is.
    ///
    /// # Contract
    /// - Idempotent. `loading_twice_changes_nothing`
    /// - The level follows from the quota and the holds. `a_seed_gives_the_level`
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreErrorKind::Conflict) when the holds take more than the quota
    /// (`a_seed_beyond_the_quota_is_refused`), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level>;

    /// Takes units, for each request in turn: its hold, [`Rejection::SoldOut`] or [`Rejection::LimitReached`].
    ///
    /// # Contract
    /// - Never takes more than is available, also between concurrent calls. `concurrent_holds_never_oversell`
    /// - A request gets all its units or none; a refused one does not affect its neighbours.
    ///   `a_refused_hold_takes_nothing`
    /// - Idempotent by hold id, whatever became of the hold. `a_hold_is_taken_once`
    /// - A known id with another bidder or number of units is [`Rejection::KeyReused`].
    ///   `a_hold_id_used_for_another_request_is_refused`
    /// - The limit counts held and sold units, and is told before the stock is. `the_limit_counts_held_and_sold`,
    ///   `the_limit_is_told_before_the_stock`
    /// - Counters do not touch each other. `counters_are_separate`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) when not loaded, [`Unavailable`](crate::StoreErrorKind::Unavailable)
    /// or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn hold(
        &self,
        campaign: CampaignId,
        batch: &[HoldRequest],
    ) -> StoreResult<Vec<HoldOutcome>>;

    /// Turns holds into sales and answers what has become of each; `None` for an unknown id.
    ///
    /// # Contract
    /// - Idempotent; a hold that has ended otherwise stays as it is. `a_hold_ends_once`
    /// - Units are conserved. `units_are_conserved`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn consume(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>>;

    /// Gives the units of holds back and answers what has become of each; `None` for an unknown id.
    ///
    /// # Contract
    /// - Units come back exactly once, also to the buyer's limit. `units_come_back_once`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn release(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>>;

    /// Expires the holds whose time was over at `now`, at most `limit`, and answers them.
    ///
    /// # Contract
    /// - Takes only holds that are still held and due, the longest overdue first. `only_due_holds_expire`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn expire(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>>;

    /// Where the units are; `None` when the counter is not loaded.
    ///
    /// # Contract
    /// - Available, held and sold always add up to the quota. `units_are_conserved`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<Level>>;

    /// Forgets the counter, which can be loaded again from the ledger.
    ///
    /// # Contract
    /// - Idempotent; the counter is not found afterwards. `an_unloaded_counter_is_not_found`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn unload(&self, campaign: CampaignId) -> StoreResult<()>;
}
