use flashbid_core::id::{IdSource, RandomIds};
use flashbid_core::memory::Layers;
use flashbid_core::order::{Moved, OrderAction, OrderMove, OrderStatus};
use flashbid_core::store::{Ledger, ProductChange, StockChange, StoreResult};
use flashbid_core::time::Timestamp;

use super::{Broken, Mistake, broken, sound, without};
use crate::assert_fails;

impl Broken {
    /// What it makes of moves of orders.
    pub(super) async fn move_all(&self, asked: &[OrderMove]) -> StoreResult<Vec<Option<Moved>>> {
        let mut asked = asked.to_vec();
        for one in &mut asked {
            match (self.mistake, &mut one.action) {
                (Mistake::ExpiresEarly, OrderAction::Expire) => {
                    one.at = Timestamp::from_millis(i64::MAX);
                }
                (Mistake::NeverTakesAgain, OrderAction::Pay { again, .. }) => *again = None,
                _ => {}
            }
        }
        let mut read = Vec::new();
        for one in &asked {
            read.push(self.ledger.order(one.order).await?);
        }
        tokio::task::yield_now().await;
        let mut moved = self.ledger.move_orders(&asked).await?;
        for (moved, read) in moved.iter_mut().zip(read) {
            let (Some(moved), Some(read)) = (moved, read) else {
                continue;
            };
            match self.mistake {
                Mistake::ForgetsWhatWasBefore => moved.before = OrderStatus::PendingPayment,
                Mistake::AnswersByWhatItRead => moved.before = read.status,
                Mistake::GivesBackTwice if !moved.order.status.holds_stock() => {
                    let change = ProductChange {
                        stock: Some(StockChange::Add {
                            id: RandomIds.fresh().into(),
                            units: moved.order.units,
                        }),
                        ..ProductChange::default()
                    };
                    let at = Timestamp::from_millis(0);
                    let product = moved.order.product;
                    self.ledger.change_product(product, &change, at).await?;
                }
                _ => {}
            }
        }
        Ok(moved)
    }
}

#[test]
fn orders_that_move_otherwise_are_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::ExpiresEarly);
        orders_move_by_the_rule,
        orders_move_once,
    );
    assert_fails!(
        ledger, sound(), broken(Mistake::NeverTakesAgain);
        orders_move_by_the_rule,
        late_payments_stay_within_the_limit,
    );
    assert_fails!(ledger, sound(), broken(Mistake::ForgetsWhatWasBefore); orders_move_once);
    assert_fails!(
        ledger, sound(), broken(Mistake::AnswersByWhatItRead);
        of_concurrent_moves_one_changes,
    );
}

#[test]
fn units_of_orders_that_come_back_twice_are_found() {
    assert_fails!(
        ledger, sound(), broken(Mistake::GivesBackTwice);
        moves_of_orders_conserve_units,
        orders_move_by_the_rule,
        cancelling_gives_the_quota_back,
    );
}

#[test]
fn changes_out_of_order_are_found() {
    for mistake in [Mistake::ChangesJumpAhead, Mistake::ChangesById] {
        assert_fails!(ledger, sound(), broken(mistake); changes_of_orders_are_told_in_order);
    }
}

#[test]
fn a_sale_that_ends_wrongly_is_found() {
    assert_fails!(ledger, sound(), broken(Mistake::CommitsTwiceInName); a_sale_ends_once);
    assert_fails!(ledger, sound(), broken(Mistake::IgnoresVersions); a_stale_end_is_refused);
    assert_fails!(ledger, sound(), broken(Mistake::EndingDropsLetters); ending_a_sale_conserves_units);
}

#[test]
fn a_worker_that_lost_its_lease_is_found() {
    let layers = Layers {
        fence: false,
        ..Layers::ALL
    };
    assert_fails!(
        ledger, sound(), without(layers);
        an_older_token_cannot_end_a_sale,
        an_older_token_cannot_offer,
    );
    assert_fails!(
        ledger, sound(), broken(Mistake::IgnoresTokens);
        an_older_token_cannot_end_a_sale,
        an_older_token_cannot_offer,
    );
}

#[test]
fn wrong_offers_are_found() {
    assert_fails!(ledger, sound(), broken(Mistake::OffersWithoutReturning); an_offer_takes_a_unit);
    assert_fails!(
        ledger, sound(), broken(Mistake::OffersInNameOnly);
        an_offer_beyond_what_is_left_is_refused,
        an_offer_to_a_bidder_with_an_order_is_refused,
    );
}
