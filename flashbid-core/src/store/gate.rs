use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::campaign::Window;
use crate::error::Rejection;
use crate::id::{BidderId, CampaignId, HoldId, PurchaseId};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// What a campaign's counter is loaded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSeed {
    /// The campaign.
    pub campaign: CampaignId,
    /// When purchases are taken.
    pub window: Window,
    /// Units it may allocate in all: its quota without what was returned.
    pub quota: Units,
    /// The most units one buyer may have held and sold together; `None` for no limit.
    pub per_buyer: Option<Units>,
    /// Whether no purchase is taken any more.
    pub sealed: bool,
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
    /// What for.
    pub purpose: Purpose,
    /// The permission that it uses up.
    pub ticket: Option<Ticket>,
    /// When it counts as taken; `None` for the store's own clock.
    pub at: Option<Timestamp>,
}

/// What units are held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A purchase: taken within the window and before the seal only, and queued until it is acknowledged, so that
    /// somebody makes an order of it whatever becomes of who took it.
    Purchase(PurchaseId),
    /// A line of a cart: as a purchase, but not queued. Until there is an order of it, it is nothing, and its time is
    /// short.
    Cart,
    /// What was decided elsewhere: neither window nor seal nor queue.
    Allocation,
}

/// What became of a request for units.
pub type HoldOutcome = Result<Hold, Rejection>;

/// A purchase that waits to become an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingPurchase {
    /// Which purchase.
    pub purchase: PurchaseId,
    /// Its hold, as it is now.
    pub hold: Hold,
}

/// The figures of a counter, of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateStats {
    /// Where the units are. Available, held and sold add up to the quota that was loaded.
    pub level: Level,
    /// Purchases that wait to become orders.
    pub pending: u64,
    /// When the oldest of them was taken.
    pub oldest_pending: Option<Timestamp>,
    /// Whether no purchase is taken any more.
    pub sealed: bool,
    /// Grows with each change of the counter.
    pub changes: u64,
}

/// Whether a counter takes no purchase any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateSeal {
    /// It takes none, for good.
    Sealed,
    /// Its window is not over by the store's clock.
    NotEnded,
}

/// Everything a counter has, of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateContents {
    /// The units it was loaded with.
    pub quota: Units,
    /// What the counter says, whether or not the holds come to it.
    pub level: Level,
    /// What it says each buyer has held and sold, where there is a limit per buyer, by ascending id; buyers with
    /// nothing may be left out.
    pub taken: Vec<(BidderId, Units)>,
    /// Every hold, by ascending id.
    pub holds: Vec<Hold>,
    /// The purchases that wait to become orders, oldest first.
    pub pending: Vec<PendingPurchase>,
}

/// A correction of one hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRepair {
    /// The hold as it should be.
    pub hold: Hold,
    /// The state in which it was seen, `None` for a hold that was not there: in another it is left as it is.
    pub seen: Option<HoldState>,
}

/// The hot counters: how many units of each campaign are available, held and sold, and the holds behind them.
///
/// A method that needs a counter fails with [`NotFound`](crate::StoreErrorKind::NotFound) when it is not loaded, and
/// when it may be an older copy of itself because the store was restarted or replaced.
#[async_trait]
pub trait StockGate: Debug + Send + Sync + 'static {
    /// Loads the counter of a campaign, and answers its level. A loaded counter is left as it is. Of one that is not
    /// found but has left purchases that wait to become orders, those are kept beside the seed's holds.
    ///
    /// # Contract
    /// - Idempotent. `loading_twice_changes_nothing`
    /// - The level follows from the quota and the holds. `a_seed_gives_the_level`
    /// - What was left waiting waits on and is counted, as the seed tells it where it does. `what_waits_outlasts_its_counter`
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreErrorKind::Conflict) when the holds take more than the quota
    /// (`a_seed_beyond_the_quota_is_refused`), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn load(&self, seed: &GateSeed) -> StoreResult<Level>;

    /// Takes units, for each request in turn: its hold, or why not.
    ///
    /// For each: is its id known? then, unless it is an [allocation](Purpose::Allocation), sealed or outside the
    /// window? its ticket used or expired? beyond the buyer's limit? too few units? In this order.
    ///
    /// # Contract
    /// - Never takes more than is available, also between concurrent calls. `concurrent_holds_never_oversell`
    /// - A request gets all its units or none; a refused one does not affect its neighbours.
    ///   `a_refused_hold_takes_nothing`
    /// - Idempotent by hold id, whatever became of the hold. `a_hold_is_taken_once`
    /// - A known id with another bidder or number of units is [`Rejection::KeyReused`].
    ///   `a_hold_id_used_for_another_request_is_refused`
    /// - Before the window [`Rejection::NotStarted`], from its end on and after the seal [`Rejection::Ended`], but for
    ///   allocations. `holds_are_taken_within_the_window`, `nothing_is_held_after_the_seal`
    /// - A ticket lets one request in: [`Rejection::TicketSpent`] for a further one, and from its expiry on; a refused
    ///   request has not used it up. `a_ticket_holds_once`, `a_refused_hold_keeps_its_ticket`
    /// - The limit counts held and sold units, and is told before the stock is. `the_limit_counts_held_and_sold`,
    ///   `the_limit_is_told_before_the_stock`
    /// - A purchase that was taken waits to become an order; carts and allocations do not. `purchases_wait_in_order`
    /// - Batches of any size, with ids in any order. `large_batches_are_held`
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

    /// What has become of holds; `None` for an unknown id.
    ///
    /// # Contract
    /// - As they are, and nothing changes. `holds_read_back`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn holds(&self, campaign: CampaignId, holds: &[HoldId])
    -> StoreResult<Vec<Option<Hold>>>;

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

    /// As [`StockGate::release`], for holds whose time was over: they are told as expired from then on.
    ///
    /// # Contract
    /// - Units come back exactly once. `units_come_back_once`, `a_hold_ends_once`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn expire(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<Option<Hold>>>;

    /// The holds whose time was over at `now`, at most `limit`, the longest overdue first, then by id. Changes nothing:
    /// the ledger decides what becomes of them.
    ///
    /// # Contract
    /// - Only holds that are still held and due. `only_due_holds_are_due`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Hold>>;

    /// The oldest purchases that wait to become orders, at most `limit`, in the order in which they were taken.
    ///
    /// # Contract
    /// - Each until it is acknowledged, whatever became of its hold. `purchases_wait_in_order`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn pending(
        &self,
        campaign: CampaignId,
        limit: usize,
    ) -> StoreResult<Vec<PendingPurchase>>;

    /// Says that purchases wait no longer: the ledger has made orders of them, or has said that it never will.
    ///
    /// # Contract
    /// - Idempotent; others go on waiting, and holds stay as they are. `an_acknowledged_purchase_waits_no_longer`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn acknowledge(&self, campaign: CampaignId, holds: &[HoldId]) -> StoreResult<()>;

    /// Takes no purchase any more, if the window is over by the store's clock.
    ///
    /// # Contract
    /// - Final, and atomic with taking units. `nothing_is_held_after_the_seal`
    /// - Not before the end. `a_running_counter_is_not_sealed`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn close(&self, campaign: CampaignId) -> StoreResult<GateSeal>;

    /// The figures of a counter; `None` when it is not loaded.
    ///
    /// # Contract
    /// - Available, held and sold always add up to the quota. `units_are_conserved`
    /// - `changes` grows with each change of the level. `changes_are_counted`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn level(&self, campaign: CampaignId) -> StoreResult<Option<GateStats>>;

    /// Everything a counter has, of one moment; `None` when it is not loaded.
    ///
    /// # Contract
    /// - All of it. `the_contents_are_whole`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn contents(&self, campaign: CampaignId) -> StoreResult<Option<GateContents>>;

    /// Corrects holds, and counts everything anew from the quota and the holds, all in one step. Answers the level.
    ///
    /// A hold that should be and is not there is added, and one in the state that was seen gets the state that it
    /// should have; a hold in another state is left as it is. What is then held and sold is what the holds come to;
    /// what is available is the rest of `quota`, or nothing when they come to more.
    ///
    /// # Contract
    /// - A counter that was changed by hand is right again. `a_repair_counts_anew`
    /// - Holds that changed since they were seen are left as they are. `a_repair_leaves_what_has_changed`
    /// - Nothing is available while the holds come to more than the quota. `a_repair_never_oversells`
    ///
    /// # Errors
    /// As [`StockGate::hold`].
    async fn repair(
        &self,
        campaign: CampaignId,
        quota: Units,
        holds: &[HoldRepair],
    ) -> StoreResult<Level>;

    /// Forgets the counter, which can be loaded again from the ledger, but not the purchases that wait to become orders.
    ///
    /// # Contract
    /// - Idempotent; the counter is not found afterwards. `an_unloaded_counter_is_not_found`
    /// - What waits is not lost. `what_waits_outlasts_its_counter`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn unload(&self, campaign: CampaignId) -> StoreResult<()>;
}
