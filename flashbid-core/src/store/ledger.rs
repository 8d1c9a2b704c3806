use std::fmt::Debug;

use async_trait::async_trait;

use super::{
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Listing, OrderChanges, OutboxEntry, Page,
    ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
};
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Guards, Phase};
use crate::discrepancy::Discrepancy;
use crate::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use crate::order::{Moved, Order, OrderMove};
use crate::product::Product;
use crate::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome};
use crate::rank::Sequence;
use crate::settle::{OfferPlan, SettlementPlan};
use crate::stock::Units;
use crate::time::Timestamp;

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

    /// Changes a product.
    ///
    /// # Contract
    /// - All of the change or nothing; what is not named stays. `a_product_changes`
    /// - Only available units are taken out, also between concurrent calls and campaigns being made.
    ///   `stock_is_never_corrected_below_what_is_promised`
    /// - Additions and removals happen once for each id; an id with another product, number or direction is
    ///   [`ProductOutcome::IdReused`]. `a_stock_change_counts_once`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome>;

    /// Products with at most `most` available units, the fewest first, then by id.
    ///
    /// # Contract
    /// - Exactly those; pages join. `low_stock_lists_the_fewest_first`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>>;

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

    /// Changes what requests of a campaign need, and answers it as it is then; `None` for an unknown one.
    ///
    /// # Contract
    /// - Reads back; nothing else changes. `guards_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>>;

    /// Campaigns of a product, newest first, then by id.
    ///
    /// # Contract
    /// - Exactly the product's; pages join. `a_products_campaigns_are_listed`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>>;

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
    /// - A campaign that is cancelled returns its available units, from the product's held to its available ones.
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

    /// What a campaign's counter is loaded from: its terms, and a hold for each order and each dead letter. `None` for
    /// an unknown campaign. It is sealed when the campaign is sealing or closed.
    ///
    /// # Contract
    /// - Every order's holds, as [`Order::holds`] tells them, and every dead letter's, as held; the quota is that of the
    ///   terms without what was returned; of a ranked campaign a buyer may have one unit.
    ///   `a_gate_seed_has_every_hold`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>>;

    /// Makes orders of purchases, each of them wholly or not at all, all in one transaction. Answers for each what
    /// became of it, in the order of the batch.
    ///
    /// A purchase is refused when a hold of it is void, when a campaign of it has too few available units or is
    /// unknown or ranked, or when the buyer would have more units of a campaign than its limit, counting the orders
    /// that hold stock. Then its holds are void from then on, for that reason: what was refused once stays refused.
    /// Otherwise each order is written with an outbox entry, and its units move from available to held.
    ///
    /// # Contract
    /// - A purchase that is known answers its orders as they are now, and changes nothing. `a_purchase_commits_once`
    /// - All its orders or none. `a_cart_is_all_or_nothing`
    /// - Orders that hold stock never exceed the quota, nor a buyer's the limit, also between concurrent calls and
    ///   within a batch. `purchases_never_exceed_the_quota`, `purchases_stay_within_the_limit`
    /// - A refusal is final, and does not affect its neighbours. `a_refused_purchase_stays_refused`
    /// - What a campaign that has ended has left is for its dead letters: another purchase of it is refused.
    ///   `ending_a_sale_conserves_units`
    /// - Dead letters of its holds are gone. `a_replayed_dead_letter_is_gone`
    /// - Units are conserved. `purchases_conserve_units`
    /// - Concurrent batches whose purchases name campaigns in any order end. `concurrent_carts_end`
    /// - An order id that is known with another campaign, bidder, price or number of units, also from the same batch,
    ///   is [`Conflict`](crate::StoreErrorKind::Conflict), and the whole batch is not applied.
    ///   `a_conflicting_purchase_changes_nothing`
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>>;

    /// Says that holds never become orders, unless they already are or are set aside, and answers what each of them is.
    ///
    /// # Contract
    /// - Final and idempotent: of this and [`Ledger::commit_purchases`] the first wins. `a_void_hold_is_never_ordered`,
    ///   `an_ordered_hold_is_not_void`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign, [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>>;

    /// What the ledger knows of holds; `None` for one that it does not know. A hold under which units were taken again
    /// is the order's whose units they are.
    ///
    /// # Contract
    /// - `a_void_hold_is_never_ordered`, `an_ordered_hold_is_not_void`, `dead_letters_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>>;

    /// Sets purchases aside. Does nothing for a hold that is set aside, ordered or void.
    ///
    /// # Contract
    /// - Reads back; idempotent by hold. `dead_letters_read_back`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign, [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()>;

    /// What is set aside, oldest first, then by hold.
    ///
    /// # Contract
    /// - Pages join; the total counts all. `dead_letters_read_back`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>>;

    /// Drops a dead letter: its hold is void from then on. Answers it; `None` when there is none.
    ///
    /// # Contract
    /// - `a_dropped_dead_letter_is_void`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>>;

    /// Ends a first-come campaign: in one transaction the phase moves from sealing to settled, and available units go
    /// back to the product, but for as many as its dead letters have.
    ///
    /// # Contract
    /// - Once; a settled campaign answers [`Settlement::AlreadySettled`] and nothing changes. `a_sale_ends_once`
    /// - A token older than the fence is [`Fenced`](crate::StoreErrorKind::Fenced); another version or phase, or a
    ///   ranked campaign, is [`Conflict`](crate::StoreErrorKind::Conflict). `an_older_token_cannot_end_a_sale`,
    ///   `a_stale_end_is_refused`
    /// - Units are conserved, and dead letters keep theirs. `ending_a_sale_conserves_units`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign, [`Fenced`](crate::StoreErrorKind::Fenced),
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement>;

    /// Moves orders as [`act`](crate::order::act) says, all in one transaction. Answers for each what became of it,
    /// in the order of the batch; `None` for an unknown order. Each order that changes has an outbox entry.
    ///
    /// # Contract
    /// - Exactly as the pure rule says, from the order, campaign and product as they are at that moment, also between
    ///   concurrent calls and within a batch. `orders_move_by_the_rule`, `of_concurrent_moves_one_changes`
    /// - Nobody gets units again beyond the limit of a buyer: the payment comes as if none had been taken.
    ///   `late_payments_stay_within_the_limit`
    /// - A move that changes nothing answers the order as it is, with its status as the one before. `orders_move_once`
    /// - Units are conserved, and come back once. `moves_of_orders_conserve_units`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>>;

    /// Orders that await payment and whose time was over at `now`, at most `limit`, the longest overdue first, then by
    /// id.
    ///
    /// # Contract
    /// - Exactly those. `overdue_orders_are_listed`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>>;

    /// Orders of a campaign that were made or changed behind `after`, at most `limit`.
    ///
    /// # Contract
    /// - Every change has a revision of its own, and they become visible in their order: whoever has seen one has seen
    ///   all before it, or a later state of the order. `changes_of_orders_are_told_in_order`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges>;

    /// Settled campaigns with available units, by id: these are for runners-up, to be returned, or of dead letters.
    ///
    /// # Contract
    /// - Exactly those; pages join. `campaigns_with_units_left_are_listed`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>>;

    /// Offers units of a settled campaign to runners-up, and returns others to the product, in one transaction.
    ///
    /// # Contract
    /// - All or nothing; each order has an outbox entry; units are conserved. `an_offer_takes_a_unit`
    /// - A campaign that is not settled, more units than are available without those of dead letters, and a bidder who
    ///   has an order, are [`Conflict`](crate::StoreErrorKind::Conflict). `an_offer_beyond_what_is_left_is_refused`,
    ///   `an_offer_to_a_bidder_with_an_order_is_refused`
    /// - A token older than the fence is [`Fenced`](crate::StoreErrorKind::Fenced); a newer one becomes the fence.
    ///   `an_older_token_cannot_offer`
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreErrorKind::NotFound) for an unknown campaign, [`Fenced`](crate::StoreErrorKind::Fenced),
    /// [`Conflict`](crate::StoreErrorKind::Conflict), [`Unavailable`](crate::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()>;

    /// Notes which discrepancies a campaign has at `at`: those of `found` that are not open are opened, and those that
    /// are open and not among them, by kind and subject, are resolved. Answers how many were opened.
    ///
    /// # Contract
    /// - The first notice and its words stay; one that comes back is another. `discrepancies_open_and_resolve`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable) or [`Indeterminate`](crate::StoreErrorKind::Indeterminate).
    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize>;

    /// Discrepancies, the newest notice first; only those that last if `open`.
    ///
    /// # Contract
    /// - As they were noted; pages join. `discrepancies_open_and_resolve`
    ///
    /// # Errors
    /// [`Unavailable`](crate::StoreErrorKind::Unavailable).
    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>>;

    /// Settles a campaign: in one transaction the phase moves from sealing to settled, the orders and their outbox
    /// entries are written, and the unsold units go from the product's held to its available ones.
    ///
    /// # Contract
    /// - All winners or none. `a_settlement_is_all_or_nothing`
    /// - Once: a settled campaign answers [`Settlement::AlreadySettled`] and nothing changes; of concurrent
    ///   calls one commits. `a_settlement_commits_once`, `of_concurrent_settlements_one_commits`
    /// - A token older than the fence is [`Fenced`](crate::StoreErrorKind::Fenced), also when the campaign is settled.
    ///   `an_older_token_cannot_settle`
    /// - A plan from another version, of a campaign that is not sealing or is first-come, whose orders and unsold units do not add up to
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

    /// Orders of a campaign by rank, those without one behind, by age, then by id.
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
