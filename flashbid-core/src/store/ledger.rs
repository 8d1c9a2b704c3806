use std::fmt::Debug;

use async_trait::async_trait;

use super::{BookSeed, EventBatch, StoreResult};
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::id::{BidderId, CampaignId, OrderId, ProductId};
use crate::order::Order;
use crate::product::Product;
use crate::rank::Sequence;
use crate::settle::SettlementPlan;
use crate::stock::Units;
use crate::time::Timestamp;

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries to leave out at the beginning.
    pub skip: u64,
    /// The most entries to answer.
    pub limit: u32,
}

/// A part of a list and the length of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The entries of the page.
    pub items: Vec<T>,
    /// How many entries the whole list has.
    pub total: u64,
}

/// What became of a new campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CampaignOutcome {
    /// It is in the ledger, and its quota is promised out of the product's stock.
    Added,
    /// There is no such product.
    UnknownProduct,
    /// The product has fewer available units than the quota.
    QuotaBeyondStock {
        /// How many it has.
        available: Units,
    },
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The orders of the plan are in the ledger.
    Committed,
    /// The campaign had been settled before; the plan changed nothing.
    AlreadySettled,
}

/// Something that happened in the ledger and that others may want to hear of, in the order it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its position; strictly increasing.
    pub position: u64,
    /// What happened.
    pub event: OutboxEvent,
}

/// What an [`OutboxEntry`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxEvent {
    /// A winner has an order.
    OrderCreated(OrderId),
    /// All winners of a campaign have their orders.
    CampaignSettled(CampaignId),
}

/// The truth: products, campaigns, every accepted bid, orders and the outbox. What it has acknowledged is durable.
#[async_trait]
pub trait Ledger: Debug + Send + Sync + 'static {
    /// Adds a product. Does nothing when its id is known.
    ///
    /// # Contract
    /// - Reads back as it was written; idempotent by id. `a_product_reads_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn add_product(&self, product: &Product) -> StoreResult<()>;

    /// One product.
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>>;

    /// Products, newest first, then by id.
    ///
    /// # Contract
    /// - Pages join without loss; the total counts all. `pages_of_lists_join`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn products(&self, page: Page) -> StoreResult<Listing<Product>>;

    /// Adds a campaign and moves its quota from the product's available to its held units. Answers
    /// [`CampaignOutcome::Added`] when its id is known.
    ///
    /// # Contract
    /// - Reads back as it was written; idempotent by id. `a_campaign_reads_back`
    /// - Quotas of a product together never exceed its stock, also between concurrent calls.
    ///   `quotas_never_exceed_the_stock`
    /// - A refused campaign changes nothing. `a_refused_campaign_changes_nothing`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome>;

    /// One campaign.
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>>;

    /// Campaigns, newest first, then by id.
    ///
    /// # Contract
    /// - Pages join without loss; the total counts all. `pages_of_lists_join`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>>;

    /// Campaigns that started at `now` or before and are neither settled nor cancelled: the first to end first, then
    /// by id.
    ///
    /// # Contract
    /// - Exactly those. `unsettled_lists_what_needs_work`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>>;

    /// Moves a campaign from one phase to another, and answers whether it was in the first. Counts its version up and
    /// keeps the token as its fence. Answers `false` as well for an unknown campaign, for a move that
    /// [`Phase::may_become`] forbids, and for a move to settled, which only [`Ledger::commit_settlement`] makes.
    ///
    /// # Contract
    /// - Compare and set: of concurrent calls one succeeds. `of_concurrent_transitions_one_succeeds`
    /// - Illegal moves change nothing. `an_illegal_transition_changes_nothing`
    /// - A campaign that is cancelled gives its quota back, from the product's held to its available units.
    ///   `cancelling_gives_the_quota_back`
    /// - A token older than the fence is [`Fenced`](crate::StoreErrorKind::Fenced). `an_older_token_cannot_change_a_campaign`
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreErrorKind::Fenced), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool>;

    /// Begins a new life of a campaign's book: counts its epoch up and answers all that the book is opened from.
    /// `None` for an unknown campaign.
    ///
    /// # Contract
    /// - Each call gives a newer epoch. `epochs_grow`
    /// - The seed has every recorded bid, by ascending sequence, as it was recorded. `a_seed_has_every_recorded_bid`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>>;

    /// Records events durably, and answers the checkpoint: the sequence up to which the ledger has every event that
    /// any book of the campaign holds.
    ///
    /// The checkpoint moves on to `through` when `after` is not beyond it. Batches may come in any order; a bid that
    /// is recorded already is left as it is.
    ///
    /// # Contract
    /// - All bids of the batch or none. `a_conflicting_batch_records_nothing`
    /// - Idempotent. `recording_twice_changes_nothing`
    /// - The checkpoint only grows, and only over complete stretches. `the_checkpoint_waits_for_gaps`,
    ///   `batches_in_any_order_reach_the_same_checkpoint`
    /// - A sequence or a bid id that is recorded with another bid is [`Conflict`](crate::StoreErrorKind::Conflict), and
    ///   so is a batch whose bids are out of order or outside its stretch. `a_conflicting_batch_records_nothing`,
    ///   `a_malformed_batch_records_nothing`
    /// - A batch of another than the newest epoch is [`Fenced`](crate::StoreErrorKind::Fenced).
    ///   `an_older_epoch_records_nothing`
    /// - A settled campaign takes no bid that it does not have: [`Conflict`](crate::StoreErrorKind::Conflict).
    ///   `a_settled_campaign_takes_no_bids`
    /// - Concurrent calls and batches of any size. `concurrent_batches_are_all_recorded`, `large_batches_are_recorded`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign (`an_unknown_campaign_is_not_found`), [`Fenced`](crate::StoreErrorKind::Fenced),
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence>;

    /// The checkpoint of a campaign; zero for an unknown one. See [`Ledger::record`].
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence>;

    /// Recorded bids of a campaign that follow `after`, by ascending sequence, at most `limit`.
    ///
    /// # Contract
    /// - As they were recorded; pages join. `recorded_bids_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>>;

    /// Recorded bids of one bidder in a campaign, newest first.
    ///
    /// # Contract
    /// - Exactly the bidder's, pages join. `a_bidders_history_is_newest_first`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>>;

    /// Settles a campaign: in one transaction the phase moves from sealing to settled, the orders and their outbox
    /// entries are written, and the unsold units go from the product's held to its available ones.
    ///
    /// # Contract
    /// - All winners or none. `a_settlement_is_all_or_nothing`
    /// - Once: a settled campaign answers [`Settlement::AlreadySettled`] and nothing changes; of concurrent
    ///   calls one commits. `a_settlement_commits_once`, `of_concurrent_settlements_one_commits`
    /// - A token older than the fence is [`Fenced`](crate::StoreErrorKind::Fenced), also when the campaign is settled.
    ///   `an_older_token_cannot_settle`
    /// - A plan from another version, of a campaign that is not sealing, whose orders and unsold units do not add up to
    ///   the quota, with a bidder twice, beyond the checkpoint, or from before the last recorded bid, is
    ///   [`Conflict`](crate::StoreErrorKind::Conflict).
    ///   `a_stale_plan_is_refused`, `a_plan_beyond_the_quota_is_refused`, `a_plan_below_the_quota_is_refused`,
    ///   `a_plan_with_a_bidder_twice_is_refused`, `a_plan_beyond_the_checkpoint_is_refused`,
    ///   `a_plan_that_leaves_out_a_recorded_bid_is_refused`
    /// - Units are conserved. `a_settlement_conserves_units`
    /// - Plans of any size. `large_settlements_commit`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign (`an_unknown_campaign_is_not_found`), [`Fenced`](crate::StoreErrorKind::Fenced),
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement>;

    /// One order.
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>>;

    /// Orders of a campaign by rank.
    ///
    /// # Contract
    /// - As they were planned; pages join. `orders_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>>;

    /// Orders of one bidder, newest first, then by id.
    ///
    /// # Contract
    /// - Exactly the bidder's. `orders_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>>;

    /// The oldest outbox entries that nobody acknowledged, at most `limit`.
    ///
    /// # Contract
    /// - In the order they were written, each until it is acknowledged. `the_outbox_keeps_what_is_not_acknowledged`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>>;

    /// Acknowledges every outbox entry up to `position`.
    ///
    /// # Contract
    /// - Idempotent; later entries stay. `the_outbox_keeps_what_is_not_acknowledged`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()>;
}
