mod buying;
mod found;
mod mistake;
mod moving;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, FencingToken, Format, Guards, Phase};
use flashbid_core::discrepancy::Discrepancy;
use flashbid_core::id::{
    BidderId, CampaignId, HoldId, IdSource, OrderId, ProductId, RandomIds, StockChangeId,
};
use flashbid_core::memory::{Layers, MemoryLedger};
use flashbid_core::order::{Moved, Order, OrderMove};
use flashbid_core::product::Product;
use flashbid_core::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome, VoidReason};
use flashbid_core::rank::Sequence;
use flashbid_core::settle::{OfferPlan, SettlementPlan};
use flashbid_core::stock::Units;
use flashbid_core::store::{
    BookSeed, CampaignOutcome, EventBatch, GateSeed, Ledger, Listing, OrderChanges, OutboxEntry,
    Page, ProductChange, ProductOutcome, Revision, Settlement, StockChange, StoreResult,
};
use flashbid_core::time::Timestamp;
use flashbid_core::{StoreError, StoreErrorKind};
use mistake::Mistake;

#[derive(Debug)]
struct Broken {
    ledger: MemoryLedger,
    mistake: Mistake,
    letters: Mutex<Vec<DeadLetter>>,
    locks: Mutex<HashMap<CampaignId, Arc<tokio::sync::Mutex<()>>>>,
}

fn sound() -> MemoryLedger {
    MemoryLedger::new()
}

fn broken(mistake: Mistake) -> Broken {
    of(sound(), mistake)
}

fn of(ledger: MemoryLedger, mistake: Mistake) -> Broken {
    Broken {
        ledger,
        mistake,
        letters: Mutex::default(),
        locks: Mutex::default(),
    }
}

fn without(layers: Layers) -> Broken {
    of(MemoryLedger::with_layers(layers), Mistake::None)
}

impl Broken {
    fn ordered<T>(&self, listing: Listing<T>) -> Listing<T> {
        Listing {
            items: self.in_order(listing.items),
            ..listing
        }
    }

    fn in_order<T>(&self, mut entries: Vec<T>) -> Vec<T> {
        if self.mistake == Mistake::OldestFirst {
            entries.reverse();
        }
        entries
    }

    async fn token(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<FencingToken> {
        let campaign = self.ledger.campaign(campaign).await?;
        Ok(match (self.mistake, campaign) {
            (Mistake::IgnoresTokens, Some(campaign)) => token.max(campaign.fence),
            _ => token,
        })
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
        let products = self.ledger.products(page).await?;
        Ok(self.ordered(products))
    }

    async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        at: Timestamp,
    ) -> StoreResult<ProductOutcome> {
        let mut change = change.clone();
        if self.mistake == Mistake::ForgetsStockChanges
            && let Some(StockChange::Add { id, .. } | StockChange::Remove { id, .. }) =
                &mut change.stock
        {
            *id = StockChangeId::new(RandomIds.fresh());
        }
        let outcome = self.ledger.change_product(id, &change, at).await?;
        if !matches!(outcome, ProductOutcome::StockOutOfRange { .. }) {
            return Ok(outcome);
        }
        match (self.mistake, &mut change.stock) {
            (Mistake::ChangesHalfAProduct, stock) => {
                *stock = None;
                self.ledger.change_product(id, &change, at).await?;
            }
            (Mistake::RemovesWhatItCan, Some(StockChange::Remove { units, .. })) => {
                let product = self.ledger.product(id).await?.unwrap();
                *units = product.stock.available;
                return self.ledger.change_product(id, &change, at).await;
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn low_stock(&self, most: Units, page: Page) -> StoreResult<Listing<Product>> {
        let products = self.ledger.low_stock(most, page).await?;
        Ok(self.ordered(products))
    }

    async fn add_campaign(&self, campaign: &Campaign) -> StoreResult<CampaignOutcome> {
        if self.mistake == Mistake::ForgetsTheLimit {
            let mut campaign = campaign.clone();
            if let Format::FirstCome { per_buyer, .. } = &mut campaign.terms.format {
                *per_buyer = None;
            }
            return self.ledger.add_campaign(&campaign).await;
        }
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

    async fn campaigns_of(&self, product: ProductId, page: Page) -> StoreResult<Listing<Campaign>> {
        let campaigns = self.ledger.campaigns_of(product, page).await?;
        Ok(self.ordered(campaigns))
    }

    async fn set_guards(&self, id: CampaignId, guards: Guards) -> StoreResult<Option<Campaign>> {
        if self.mistake == Mistake::GuardsInNameOnly {
            let campaign = self.ledger.campaign(id).await?;
            return Ok(campaign.map(|campaign| Campaign { guards, ..campaign }));
        }
        self.ledger.set_guards(id, guards).await
    }

    async fn gate_seed(&self, campaign: CampaignId) -> StoreResult<Option<GateSeed>> {
        let Some(mut seed) = self.ledger.gate_seed(campaign).await? else {
            return Ok(None);
        };
        match self.mistake {
            Mistake::SeedsForgetLetters => {
                let ids: Vec<_> = seed.holds.iter().map(|hold| hold.id).collect();
                let fates = self.ledger.hold_fates(&ids).await?;
                let mut aside = fates.iter().map(|fate| *fate == Some(HoldFate::SetAside));
                seed.holds.retain(|_| !aside.next().unwrap());
            }
            Mistake::SeedsForgetReturns => {
                let campaign = self.ledger.campaign(campaign).await?.unwrap();
                seed.quota = campaign.terms.quota;
            }
            _ => {}
        }
        Ok(Some(seed))
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
        let bids = self.ledger.bids_of(campaign, bidder, page).await?;
        Ok(self.ordered(bids))
    }

    async fn commit_purchases(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        self.commit(batch).await
    }

    async fn void_holds(
        &self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        let ended = HoldFate::Void(VoidReason::Ended);
        match self.mistake {
            Mistake::VoidsInNameOnly => Ok(vec![ended; holds.len()]),
            Mistake::VoidsOrders => {
                self.ledger.void_holds(campaign, holds).await?;
                Ok(vec![ended; holds.len()])
            }
            _ => self.ledger.void_holds(campaign, holds).await,
        }
    }

    async fn hold_fates(&self, holds: &[HoldId]) -> StoreResult<Vec<Option<HoldFate>>> {
        let mut fates = self.ledger.hold_fates(holds).await?;
        if self.mistake == Mistake::ForgetsFirstHolds {
            for (hold, fate) in holds.iter().zip(&mut fates) {
                fate.take_if(|fate| matches!(fate, HoldFate::Ordered(now) if now.hold != *hold));
            }
        }
        Ok(fates)
    }

    async fn set_aside(&self, letters: &[DeadLetter]) -> StoreResult<()> {
        self.letters.lock().unwrap().extend_from_slice(letters);
        self.ledger.set_aside(letters).await
    }

    async fn dead_letters(&self, page: Page) -> StoreResult<Listing<DeadLetter>> {
        if self.mistake == Mistake::KeepsLetters {
            let items = self.letters.lock().unwrap().clone();
            let total = items.len() as u64;
            return Ok(Listing { items, total });
        }
        let letters = self.ledger.dead_letters(page).await?;
        Ok(self.ordered(letters))
    }

    async fn drop_dead_letter(&self, hold: HoldId) -> StoreResult<Option<DeadLetter>> {
        if self.mistake == Mistake::DropsInNameOnly {
            let letters = self.letters.lock().unwrap();
            let dropped = letters.iter().find(|letter| letter.hold.id == hold);
            return Ok(dropped.cloned());
        }
        self.ledger.drop_dead_letter(hold).await
    }

    async fn end_sale(
        &self,
        campaign: CampaignId,
        version: u64,
        token: FencingToken,
    ) -> StoreResult<Settlement> {
        let token = self.token(campaign, token).await?;
        let now = self.ledger.campaign(campaign).await?;
        let version = match (self.mistake, now) {
            (Mistake::IgnoresVersions, Some(now)) => now.version,
            _ => version,
        };
        if self.mistake == Mistake::EndingDropsLetters {
            let letters = self.letters.lock().unwrap().clone();
            for letter in letters {
                self.ledger.drop_dead_letter(letter.hold.id).await?;
            }
        }
        let ended = self.ledger.end_sale(campaign, version, token).await?;
        Ok(match self.mistake {
            Mistake::CommitsTwiceInName => Settlement::Committed,
            _ => ended,
        })
    }

    async fn move_orders(&self, moves: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        self.move_all(moves).await
    }

    async fn overdue_orders(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Order>> {
        let orders = self.ledger.overdue_orders(now, limit).await?;
        Ok(self.in_order(orders))
    }

    async fn order_changes(
        &self,
        campaign: CampaignId,
        after: Revision,
        limit: u32,
    ) -> StoreResult<OrderChanges> {
        let mut changes = self.ledger.order_changes(campaign, after, limit).await?;
        match self.mistake {
            Mistake::ChangesJumpAhead => {
                let end = Revision::new(u64::from(u32::MAX));
                let last = self.ledger.order_changes(campaign, end, 1).await?;
                changes.through = last.through;
            }
            Mistake::ChangesById => changes.orders.sort_by_key(|order| order.id),
            _ => {}
        }
        Ok(changes)
    }

    async fn with_units_left(&self, page: Page) -> StoreResult<Vec<Campaign>> {
        let campaigns = self.ledger.with_units_left(page).await?;
        Ok(self.in_order(campaigns))
    }

    async fn commit_offers(&self, plan: &OfferPlan, token: FencingToken) -> StoreResult<()> {
        let token = self.token(plan.campaign, token).await?;
        let mut plan = plan.clone();
        if self.mistake == Mistake::OffersWithoutReturning {
            plan.returned = Units::ZERO;
        }
        match self.ledger.commit_offers(&plan, token).await {
            Err(_) if self.mistake == Mistake::OffersInNameOnly => Ok(()),
            answer => answer,
        }
    }

    async fn note_discrepancies(
        &self,
        campaign: CampaignId,
        found: &[Discrepancy],
        at: Timestamp,
    ) -> StoreResult<usize> {
        if self.mistake == Mistake::NoticesAnew {
            self.ledger.note_discrepancies(campaign, &[], at).await?;
        }
        self.ledger.note_discrepancies(campaign, found, at).await
    }

    async fn discrepancies(&self, open: bool, page: Page) -> StoreResult<Listing<Discrepancy>> {
        let discrepancies = self.ledger.discrepancies(open, page).await?;
        Ok(self.ordered(discrepancies))
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
        let orders = self.ledger.orders_of(bidder, page).await?;
        Ok(self.ordered(orders))
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
