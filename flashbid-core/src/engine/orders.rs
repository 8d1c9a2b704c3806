//! The life of an order: payment, cancelling, expiry, and what becomes of the units in the hot store.
//!
//! The ledger decides and the hot store follows. If the process dies between the two, the hot store learns of it when
//! the hold's time is over (`sweep`), and until then only holds back units that it might sell.

use std::time::Duration;

use super::retry::retry;
use super::sale::Sale;
use super::{Engine, Observation};
use crate::campaign::{Campaign, Phase};
use crate::error::{Rejection, Result, StoreErrorKind};
use crate::id::{CampaignId, HoldId, OrderId};
use crate::order::{Moved, Order, OrderAction, OrderMove, OrderStatus, PaymentId};
use crate::purchase::HoldFate;
use crate::stock::HoldState;
use crate::store::{HoldRequest, Purpose, StoreResult};
use crate::time::Timestamp;

/// How long units that are taken again may wait for the ledger to decide.
const TO_DECIDE: Duration = Duration::from_mins(1);

/// Orders and holds that are looked at together.
const PAGE: usize = 1_000;

impl Engine {
    /// Notes that an order was paid, and answers it as it is then: paid, or to be refunded when it came too late and no
    /// unit was left. The same payment again changes nothing.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown order and one that was paid with another payment,
    /// [`Error::Store`](crate::Error::Store): call again.
    pub async fn pay(&self, id: OrderId, payment: PaymentId) -> Result<Order> {
        let order = self.order_by_id(id).await?;
        let campaign = retry(self.tries(), || self.0.ledger.campaign(order.campaign)).await?;
        let campaign = campaign.ok_or(Rejection::UnknownCampaign)?;
        let sells = sells(&campaign);
        let again = if !sells {
            // Nobody else takes units of the counter: the ledger decides alone.
            Some(HoldId::again(id))
        } else if self.has_lost_units(&order) {
            self.hold_again(&order).await?
        } else {
            // If the order is called off at this very moment, its units may be somebody else's already.
            None
        };
        let action = OrderAction::Pay {
            payment: payment.clone(),
            again,
        };
        let moved = self.move_order(id, action).await?;
        self.tell_moved(&moved);
        let paid = &moved.order;
        if let Some(again) = again.filter(|again| sells && paid.hold != *again) {
            // It had not lost its units, or the ledger has none left.
            self.end_in_gate(paid.campaign, HoldState::Released, &[again])
                .await;
        }
        if paid.payment.as_ref() != Some(&payment) {
            return Err(Rejection::PaidOtherwise.into());
        }
        if paid.status == OrderStatus::Paid {
            if paid.hold == HoldId::again(id) && !sells {
                self.allocate_in_gate(paid).await;
            }
            self.end_in_gate(paid.campaign, HoldState::Consumed, &[paid.hold])
                .await;
        }
        Ok(moved.order)
    }

    /// Calls an order off, which a runner-up may do to decline. One that has ended otherwise stays as it is.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown order and a paid one,
    /// [`Error::Store`](crate::Error::Store): call again.
    pub async fn cancel(&self, id: OrderId) -> Result<Order> {
        let moved = self.move_order(id, OrderAction::Cancel).await?;
        self.tell_moved(&moved);
        let order = moved.order;
        match order.status {
            OrderStatus::Paid => Err(Rejection::OrderPaid.into()),
            OrderStatus::Cancelled => {
                self.end_in_gate(order.campaign, HoldState::Released, &[order.hold])
                    .await;
                Ok(order)
            }
            _ => Ok(order),
        }
    }

    /// Ends every order whose time to pay is over, and answers how many those were.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn expire_orders(&self) -> Result<usize> {
        let (now, mut limit) = (self.now(), u32::try_from(PAGE).unwrap_or(u32::MAX));
        let mut expired = 0;
        loop {
            let overdue = self.0.ledger.overdue_orders(now, limit).await?;
            if overdue.is_empty() {
                return Ok(expired);
            }
            let wanted: Vec<OrderMove> = overdue
                .iter()
                .map(|order| OrderMove {
                    order: order.id,
                    action: OrderAction::Expire,
                    at: now,
                })
                .collect();
            let moved = retry(self.tries(), || self.0.ledger.move_orders(&wanted)).await?;
            let ended = |moved: &Moved| {
                moved.before == OrderStatus::PendingPayment
                    && moved.order.status == OrderStatus::Expired
            };
            let mut ended: Vec<(CampaignId, HoldId)> = moved
                .iter()
                .flatten()
                .filter(|moved| ended(moved))
                .map(|moved| (moved.order.campaign, moved.order.hold))
                .collect();
            expired += ended.len();
            self.tell(|| Observation::OrdersMoved {
                to: OrderStatus::Expired,
                orders: ended.len(),
            });
            if ended.is_empty() {
                if overdue.len() < limit as usize {
                    // Others were faster, or the ledger cannot: asking again at once would ask forever.
                    return Ok(expired);
                }
                // What cannot end must not hide what is behind it.
                limit = limit.saturating_mul(2);
                continue;
            }
            ended.sort_unstable();
            for of_campaign in ended.chunk_by(|one, next| one.0 == next.0) {
                let holds: Vec<HoldId> = of_campaign.iter().map(|(_, hold)| *hold).collect();
                self.end_in_gate(of_campaign[0].0, HoldState::Expired, &holds)
                    .await;
            }
        }
    }

    /// Ends the holds of a campaign whose time is over, as the ledger says: those without an order are nothing from
    /// then on, those of orders follow them. Answers how many ended.
    pub(super) async fn sweep(&self, sale: &Sale) -> StoreResult<usize> {
        let (id, now) = (sale.campaign.id, self.now());
        let (mut limit, mut ended) = (PAGE, 0);
        loop {
            let due = self
                .with_gate(sale, || self.0.hot.due(id, now, limit))
                .await?;
            let holds: Vec<HoldId> = due.iter().map(|hold| hold.id).collect();
            if holds.is_empty() {
                return Ok(ended);
            }
            let fates = retry(self.tries(), || self.0.ledger.void_holds(id, &holds)).await?;
            let of = |state| {
                let fates = holds.iter().zip(&fates);
                let holds = fates.filter(move |(hold, fate)| ends_as(**hold, fate) == Some(state));
                holds.map(|(hold, _)| *hold).collect::<Vec<_>>()
            };
            let (consumed, released, expired) = (
                of(HoldState::Consumed),
                of(HoldState::Released),
                of(HoldState::Expired),
            );
            let in_pass = consumed.len() + released.len() + expired.len();
            for (state, holds) in [
                (HoldState::Consumed, consumed),
                (HoldState::Released, released),
                (HoldState::Expired, expired),
            ] {
                self.end(id, state, &holds).await?;
            }
            ended += in_pass;
            if holds.len() < limit {
                return Ok(ended);
            }
            if in_pass == 0 {
                // What is set aside stays, and must not hide what is behind it.
                limit *= 2;
            }
        }
    }

    /// Ends holds in the hot store if it has their counter. What it is not told now, it learns from [`Engine::sweep`].
    pub(super) async fn end_in_gate(
        &self,
        campaign: CampaignId,
        state: HoldState,
        holds: &[HoldId],
    ) {
        match self.end(campaign, state, holds).await {
            Ok(()) => {}
            Err(error) if error.kind == StoreErrorKind::NotFound => {}
            Err(error) => {
                tracing::debug!(%campaign, %error, "the hot store learns later what became of its holds");
            }
        }
    }

    async fn end(
        &self,
        campaign: CampaignId,
        state: HoldState,
        holds: &[HoldId],
    ) -> StoreResult<()> {
        if holds.is_empty() {
            return Ok(());
        }
        let hot = &self.0.hot;
        retry(self.tries(), || async move {
            match state {
                HoldState::Consumed => hot.consume(campaign, holds).await.map(drop),
                HoldState::Released => hot.release(campaign, holds).await.map(drop),
                HoldState::Expired => hot.expire(campaign, holds).await.map(drop),
                HoldState::Held => Ok(()),
            }
        })
        .await
    }

    /// Whether an order has lost its units, or may lose them at any moment because its time is over.
    fn has_lost_units(&self, order: &Order) -> bool {
        match order.status {
            OrderStatus::Cancelled | OrderStatus::Expired => true,
            OrderStatus::PendingPayment => order.pay_by <= self.now(),
            OrderStatus::Paid | OrderStatus::RefundDue => false,
        }
    }

    /// Takes units again for an order that lost them, before the ledger does; `None` when none are left.
    async fn hold_again(&self, order: &Order) -> Result<Option<HoldId>> {
        let sale = self.sale(order.campaign).await?;
        // The counter may not know yet that the order has ended, and would still count its units.
        let ended = match order.status {
            OrderStatus::Cancelled => Some(HoldState::Released),
            OrderStatus::Expired => Some(HoldState::Expired),
            _ => None,
        };
        if let Some(state) = ended {
            self.end_in_gate(order.campaign, state, &[order.hold]).await;
        }
        let request = again(order, self.now().after(TO_DECIDE));
        let requests = std::slice::from_ref(&request);
        let held = self
            .with_gate(&sale, || self.0.hot.hold(order.campaign, requests))
            .await?;
        let held = held.into_iter().next().and_then(Result::ok);
        Ok(held
            .filter(|hold| matches!(hold.state, HoldState::Held | HoldState::Consumed))
            .map(|hold| hold.id))
    }

    /// Takes the units of an order from the hot counter, if there is one, after the ledger did.
    pub(super) async fn allocate_in_gate(&self, order: &Order) {
        let request = HoldRequest {
            id: order.hold,
            ..again(order, order.pay_by)
        };
        if let Err(error) = self.0.hot.hold(order.campaign, &[request]).await {
            tracing::debug!(order = %order.id, %error, "the hot counter does not have the units of an order");
        }
    }

    fn tell_moved(&self, moved: &Moved) {
        let to = moved.order.status;
        if moved.before != to {
            self.tell(|| Observation::OrdersMoved { to, orders: 1 });
        }
    }

    async fn move_order(&self, order: OrderId, action: OrderAction) -> Result<Moved> {
        let at = self.now();
        let wanted = [OrderMove { order, action, at }];
        let moved = retry(self.tries(), || self.0.ledger.move_orders(&wanted)).await?;
        Ok(moved
            .into_iter()
            .next()
            .flatten()
            .ok_or(Rejection::UnknownOrder)?)
    }

    async fn order_by_id(&self, id: OrderId) -> Result<Order> {
        let order = retry(self.tries(), || self.0.ledger.order(id)).await?;
        Ok(order.ok_or(Rejection::UnknownOrder)?)
    }
}

/// Whether the hot counter of a campaign still sells.
fn sells(campaign: &Campaign) -> bool {
    campaign.terms.format.is_first_come()
        && matches!(
            campaign.phase,
            Phase::Scheduled | Phase::Open | Phase::Sealing
        )
}

fn again(order: &Order, expires_at: Timestamp) -> HoldRequest {
    HoldRequest {
        id: HoldId::again(order.id),
        bidder: order.bidder,
        units: order.units,
        expires_at,
        purpose: Purpose::Allocation,
        ticket: None,
        at: None,
    }
}

/// How a hold ends whose time is over; `None` when it does not. One whose order has its units under another hold has
/// none.
fn ends_as(hold: HoldId, fate: &HoldFate) -> Option<HoldState> {
    match fate {
        HoldFate::Void(_) => Some(HoldState::Released),
        HoldFate::SetAside => None,
        HoldFate::Ordered(order) if order.hold != hold => Some(HoldState::Expired),
        HoldFate::Ordered(order) => match order.status {
            OrderStatus::PendingPayment => None,
            OrderStatus::Paid => Some(HoldState::Consumed),
            OrderStatus::Cancelled => Some(HoldState::Released),
            OrderStatus::Expired | OrderStatus::RefundDue => Some(HoldState::Expired),
        },
    }
}
