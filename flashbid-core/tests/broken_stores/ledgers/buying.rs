use std::time::Duration;

use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::purchase::{Purchase, PurchaseOutcome};
use flashbid_core::store::{Ledger, ProductChange, StockChange, StoreResult};
use flashbid_core::time::Timestamp;
use flashbid_core::{Rejection, StoreError, StoreErrorKind};

use super::{Broken, Mistake, broken, sound};
use crate::assert_fails;

impl Broken {
    /// What it makes of purchases.
    pub(super) async fn commit(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        match self.mistake {
            Mistake::SaysYesToAll => {
                let outcomes = self.ledger.commit_purchases(batch).await?.into_iter();
                let made = batch.iter().map(|purchase| purchase.orders.clone());
                let yes = outcomes
                    .zip(made)
                    .map(|(outcome, made)| outcome.or(Ok(made)));
                Ok(yes.collect())
            }
            Mistake::AnswersAsMade => {
                let outcomes = self.ledger.commit_purchases(batch).await?.into_iter();
                let made = batch.iter().map(|purchase| purchase.orders.clone());
                Ok(outcomes
                    .zip(made)
                    .map(|(outcome, made)| outcome.and(Ok(made)))
                    .collect())
            }
            Mistake::CommitsLineByLine => {
                let mut outcomes = Vec::new();
                for purchase in batch {
                    let lines = purchase.orders.iter().map(|order| Purchase {
                        id: purchase.id,
                        orders: vec![order.clone()],
                    });
                    let lines: Vec<_> = lines.collect();
                    let made = self.ledger.commit_purchases(&lines).await?.into_iter();
                    let made: Result<Vec<_>, _> = made.collect();
                    outcomes.push(made.map(|orders| orders.into_iter().flatten().collect()));
                }
                Ok(outcomes)
            }
            Mistake::CommitsOneByOne => {
                let mut outcomes = Vec::new();
                for purchase in batch {
                    let one = std::slice::from_ref(purchase);
                    outcomes.extend(self.ledger.commit_purchases(one).await?);
                }
                Ok(outcomes)
            }
            Mistake::ForgetsRefusals => {
                let mut outcomes = Vec::new();
                for purchase in batch {
                    let order = &purchase.orders[0];
                    let campaign = self.ledger.campaign(order.campaign).await?;
                    let known = self.ledger.order(order.id).await?.is_some();
                    let left = campaign.map(|campaign| campaign.stock.available);
                    if !known && left < Some(order.units) {
                        outcomes.push(Err(Rejection::SoldOut));
                    } else {
                        let one = std::slice::from_ref(purchase);
                        outcomes.extend(self.ledger.commit_purchases(one).await?);
                    }
                }
                Ok(outcomes)
            }
            Mistake::TakesUnitsTwice => {
                let outcomes = self.ledger.commit_purchases(batch).await?;
                for order in outcomes.iter().flatten().flatten() {
                    let change = ProductChange {
                        stock: Some(StockChange::Remove {
                            id: RandomIds.fresh().into(),
                            units: order.units,
                        }),
                        ..ProductChange::default()
                    };
                    let at = Timestamp::from_millis(0);
                    self.ledger
                        .change_product(order.product, &change, at)
                        .await?;
                }
                Ok(outcomes)
            }
            Mistake::LocksAsNamed => self.commit_under_locks(batch).await,
            _ => self.ledger.commit_purchases(batch).await,
        }
    }

    async fn commit_under_locks(&self, batch: &[Purchase]) -> StoreResult<Vec<PurchaseOutcome>> {
        let mut campaigns = Vec::new();
        for order in batch.iter().flat_map(|purchase| &purchase.orders) {
            if !campaigns.contains(&order.campaign) {
                campaigns.push(order.campaign);
            }
        }
        let mut locked = Vec::new();
        for campaign in campaigns {
            let lock = self
                .locks
                .lock()
                .unwrap()
                .entry(campaign)
                .or_default()
                .clone();
            let patience = Duration::from_millis(200);
            let Ok(guard) = tokio::time::timeout(patience, lock.lock_owned()).await else {
                let kind = StoreErrorKind::Unavailable;
                return Err(StoreError::new("broken", "commit_purchases", kind));
            };
            locked.push(guard);
            tokio::task::yield_now().await;
        }
        self.ledger.commit_purchases(batch).await
    }
}

#[test]
fn purchases_that_are_not_what_they_were_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::AnswersAsMade); a_purchase_commits_once);
    assert_fails!(
        ledger, sound(), broken(Mistake::CommitsOneByOne);
        a_conflicting_purchase_changes_nothing,
    );
    assert_fails!(ledger, sound(), broken(Mistake::TakesUnitsTwice); purchases_conserve_units);
}

#[test]
fn an_oversell_is_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::SaysYesToAll);
        purchases_never_exceed_the_quota,
        purchases_stay_within_the_limit,
        a_refused_purchase_stays_refused,
    );
}

#[test]
fn half_a_cart_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::CommitsLineByLine); a_cart_is_all_or_nothing);
}

#[test]
fn carts_that_wait_for_each_other_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::LocksAsNamed); concurrent_carts_end);
}

#[test]
fn a_limit_that_is_forgotten_is_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::ForgetsTheLimit);
        purchases_stay_within_the_limit,
        a_campaign_reads_back,
    );
}

#[test]
fn refusals_that_are_forgotten_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::ForgetsRefusals); a_refused_purchase_stays_refused);
}

#[test]
fn wrong_fates_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::VoidsInNameOnly); a_void_hold_is_never_ordered);
    assert_fails!(ledger, sound(), broken(Mistake::VoidsOrders); an_ordered_hold_is_not_void);
    assert_fails!(ledger, sound(), broken(Mistake::ForgetsFirstHolds); an_ordered_hold_is_not_void);
}

#[test]
fn wrong_dead_letters_are_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::KeepsLetters);
        dead_letters_read_back,
        a_replayed_dead_letter_is_gone,
        a_dropped_dead_letter_is_void,
    );
    assert_fails!(ledger, sound(), broken(Mistake::DropsInNameOnly); a_dropped_dead_letter_is_void);
}
