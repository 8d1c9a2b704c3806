use std::sync::Arc;

use async_trait::async_trait;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::conformance::ledger::of_concurrent_settlements_one_commits;
use flashbid_core::conformance::run;
use flashbid_core::discrepancy::Discrepancy;
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use flashbid_core::memory::{Layers, MemoryLedger};
use flashbid_core::order::{Moved, Order, OrderMove};
use flashbid_core::product::Product;
use flashbid_core::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::{OfferPlan, SettlementPlan};
use flashbid_core::stock::Units;
use flashbid_core::store::{
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Ledger, Listing, OrderChanges, OutboxEntry,
    Page, ProductChange, ProductOutcome, Revision, Settlement, StoreResult,
};
use flashbid_core::time::Timestamp;
use flashbid_core::{StoreError, StoreErrorKind};

use crate::assert_fails;

/// What a ledger does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Nothing, but for the layers that are off.
    None,
    /// It stops one before the end of a batch.
    ForgetsTheLastBid,
    /// It says that it has everything up to the end of the newest batch.
    CheckpointJumpsGaps,
    /// It takes events of every life of a book.
    IgnoresEpochs,
    /// It fails when it has a bid already.
    RefusesWhatItHas,
    /// It writes the good bids of a batch before it finds the bad one.
    KeepsHalfABatch,
    /// It looks at the stock, and adds the campaign a moment later.
    ChecksThenAddsCampaigns,
    /// It answers again that it committed.
    CommitsTwiceInName,
    /// It answers the oldest first.
    OldestFirst,
    /// It forgets outbox entries once it gave them out.
    OutboxForgets,
    /// It moves any campaign anywhere.
    SettlesByTransition,
}

#[derive(Debug)]
struct Broken {
    ledger: MemoryLedger,
    mistake: Mistake,
}

fn sound() -> MemoryLedger {
    MemoryLedger::new()
}

fn broken(mistake: Mistake) -> Broken {
    Broken {
        ledger: sound(),
        mistake,
    }
}

fn without(layers: Layers) -> Broken {
    Broken {
        ledger: MemoryLedger::with_layers(layers),
        mistake: Mistake::None,
    }
}

#[async_trait]
impl Ledger for Broken {
    async fn add_product(&self, product: &Product) -> StoreResult<()> {
        self.ledger.add_product(product).await
    }

    async fn product(&self, id: ProductId) -> StoreResult<Option<Product>> {
        self.ledger.product(id).await
    }

    async fn products(&self, page: Page) -> StoreResult<Listing<Product>> {
        let mut products = self.ledger.products(page).await?;
        if self.mistake == Mistake::OldestFirst {
            products.items.reverse();
        }
        Ok(products)
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        if self.mistake != Mistake::ChecksThenAddsCampaigns {
            return self.ledger.add_campaign(campaign).await;
        }
        let Some(product) = self.ledger.product(campaign.product).await? else {
            return Ok(CampaignOutcome::UnknownProduct);
        };
        if product.stock.hold(campaign.terms.quota).is_none() {
            return Ok(CampaignOutcome::QuotaBeyondStock {
                available: product.stock.available,
            });
        }
        tokio::task::yield_now().await;
        self.ledger.add_campaign(campaign).await?;
        Ok(CampaignOutcome::Added)
    }

    async fn campaign(&self, id: CampaignId) -> StoreResult<Option<Campaign>> {
        self.ledger.campaign(id).await
    }

    async fn campaigns(&self, page: Page) -> StoreResult<Listing<Campaign>> {
        self.ledger.campaigns(page).await
    }

    async fn unsettled(&self, now: Timestamp, page: Page) -> StoreResult<Vec<Campaign>> {
        self.ledger.unsettled(now, page).await
    }

    async fn transition(
        &self,
        id: CampaignId,
        from: Phase,
        to: Phase,
        token: FencingToken,
    ) -> StoreResult<bool> {
        let moved = self.ledger.transition(id, from, to, token).await?;
        Ok(moved || (self.mistake == Mistake::SettlesByTransition && to == Phase::Settled))
    }

    async fn begin_epoch(&self, campaign: CampaignId) -> StoreResult<Option<BookSeed>> {
        self.ledger.begin_epoch(campaign).await
    }

    async fn record(&self, campaign: CampaignId, batch: &EventBatch) -> StoreResult<Sequence> {
        let mut batch = batch.clone();
        match self.mistake {
            Mistake::ForgetsTheLastBid => {
                batch.bids.pop();
            }
            Mistake::CheckpointJumpsGaps => batch.after = Sequence::ZERO,
            Mistake::IgnoresEpochs => {
                // The newest epoch is among the first ones in any case of the suite.
                for epoch in 0..20 {
                    batch.epoch = flashbid_core::store::Epoch::new(epoch);
                    match self.ledger.record(campaign, &batch).await {
                        Err(error) if error.kind == StoreErrorKind::Fenced => {}
                        answer => return answer,
                    }
                }
            }
            Mistake::RefusesWhatItHas => {
                let recorded = self.ledger.bids(campaign, Sequence::ZERO, u32::MAX).await?;
                if batch.bids.iter().any(|bid| recorded.contains(bid)) {
                    return Err(StoreError::new(
                        "broken",
                        "record",
                        StoreErrorKind::Conflict,
                    ));
                }
            }
            Mistake::KeepsHalfABatch => {
                let answer = self.ledger.record(campaign, &batch).await;
                if answer.is_err() {
                    for bid in &batch.bids {
                        let alone = EventBatch {
                            bids: vec![bid.clone()],
                            ..batch.clone()
                        };
                        drop(self.ledger.record(campaign, &alone).await);
                    }
                }
                return answer;
            }
            _ => {}
        }
        self.ledger.record(campaign, &batch).await
    }

    async fn checkpoint(&self, campaign: CampaignId) -> StoreResult<Sequence> {
        self.ledger.checkpoint(campaign).await
    }

    async fn bids(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: u32,
    ) -> StoreResult<Vec<AcceptedBid>> {
        self.ledger.bids(campaign, after, limit).await
    }

    async fn bids_of(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> StoreResult<Listing<AcceptedBid>> {
        let mut bids = self.ledger.bids_of(campaign, bidder, page).await?;
        if self.mistake == Mistake::OldestFirst {
            bids.items.reverse();
        }
        Ok(bids)
    }

    async fn commit_settlement(
        &self,
        plan: &SettlementPlan,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        let settled = self.ledger.commit_settlement(plan, token).await?;
        Ok(match self.mistake {
            Mistake::CommitsTwiceInName => Settlement::Committed,
            _ => settled,
        })
    }

    async fn order(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.ledger.order(id).await
    }

    async fn orders_in(&self, campaign: CampaignId, page: Page) -> StoreResult<Listing<Order>> {
        self.ledger.orders_in(campaign, page).await
    }

    async fn orders_of(&self, bidder: BidderId, page: Page) -> StoreResult<Listing<Order>> {
        let mut orders = self.ledger.orders_of(bidder, page).await?;
        if self.mistake == Mistake::OldestFirst {
            orders.items.reverse();
        }
        Ok(orders)
    }

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        self.ledger.change_product(id, change, at).await
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        self.ledger.low_stock(most, page).await
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        self.ledger.set_guards(id, guards).await
    }

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        self.ledger.campaigns_of(product, page).await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        self.ledger.gate_seed(campaign).await
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        self.ledger.commit_purchases(batch).await
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        self.ledger.void_holds(campaign, holds).await
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        self.ledger.hold_fates(holds).await
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        self.ledger.set_aside(letters).await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        self.ledger.dead_letters(page).await
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        self.ledger.drop_dead_letter(hold).await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        self.ledger.end_sale(campaign, version, token).await
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        self.ledger.move_orders(moves).await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        self.ledger.overdue_orders(now, limit).await
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        self.ledger.order_changes(campaign, after, limit).await
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        self.ledger.with_units_left(page).await
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        self.ledger.commit_offers(plan, token).await
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        self.ledger.note_discrepancies(campaign, found, at).await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        self.ledger.discrepancies(open, page).await
    }

    async fn outbox(&self, limit: u32) -> StoreResult<Vec<OutboxEntry>> {
        let entries = self.ledger.outbox(limit).await?;
        if let (Mistake::OutboxForgets, Some(last)) = (self.mistake, entries.last()) {
            self.ledger.acknowledge_outbox(last.position).await?;
        }
        Ok(entries)
    }

    async fn acknowledge_outbox(&self, position: u64) -> StoreResult<()> {
        self.ledger.acknowledge_outbox(position).await
    }
}

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
