//! Settling a campaign: lease, seal, drain, plan, hold, commit. Any step may be repeated or die half-way; running the
//! whole again comes to the same orders.

use uuid::Uuid;

use super::renewal::is_stale;
use super::retry::retry;
use super::sale::Sale;
use super::{Engine, Guard, Observation};
use crate::campaign::{Campaign, Phase};
use crate::error::{Error, Rejection, Result, StoreError, StoreErrorKind};
use crate::id::CampaignId;
use crate::order::OrderStatus;
use crate::rank::Sequence;
use crate::settle::{SettlementPlan, plan};
use crate::stock::Units;
use crate::store::{GateSeed, HoldRequest, Lease, Purpose, Seal, Settlement, StoreResult};

/// How often a settlement starts again when the book turns out to have been lost under it.
const TRIES: u32 = 3;

/// What a settlement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettleOutcome {
    /// It is over since now, and the winners of a ranked campaign have their orders.
    Settled {
        /// How many those are.
        orders: usize,
    },
    /// The winners have had their orders since before.
    AlreadySettled,
    /// The window has not ended by the hot store's clock.
    NotEnded,
    /// Another holder is settling it.
    Busy,
    /// The campaign was called off.
    Cancelled,
}

impl Engine {
    /// Settles a campaign whose window has ended: the best of a ranked campaign's book get orders, and what a first-come
    /// campaign has not sold goes back to the product. May be called at any time, by any
    /// number of nodes, any number of times.
    ///
    /// # Errors
    /// [`Error::Rejected`] for an unknown campaign, [`Error::Store`]:
    /// call again.
    pub async fn settle(&self, campaign: CampaignId) -> Result<SettleOutcome> {
        let timing = self.timing();
        let sale = self.sale(campaign).await?;
        let current = self.current(&sale).await?;
        match current.phase {
            Phase::Settled => return Ok(SettleOutcome::AlreadySettled),
            Phase::Cancelled => return Ok(SettleOutcome::Cancelled),
            Phase::Scheduled | Phase::Open | Phase::Sealing => {}
        }
        let Some(lease) = self.lease(&current).await? else {
            return Ok(SettleOutcome::Busy);
        };
        let outcome = if current.terms.format.is_first_come() {
            self.end_with(&sale, &lease).await
        } else {
            self.settle_with(&sale, &lease).await
        };
        self.give_back(&lease).await;
        if let Ok(SettleOutcome::Settled { orders }) = outcome {
            timing.tell(|took| Observation::Settled {
                campaign,
                orders,
                late: self.now().since(current.terms.window.end()),
                took,
            });
            if orders > 0 {
                self.tell(|| Observation::OrdersMoved {
                    to: OrderStatus::PendingPayment,
                    orders,
                });
            }
            self.tell_allocated(campaign).await;
        }
        outcome
    }

    /// Tells whoever watches what the orders of a campaign hold: nothing rests on it.
    pub(super) async fn tell_allocated(&self, id: CampaignId) {
        if self.observer().is_none() {
            return;
        }
        if let Ok(Some(campaign)) = self.0.ledger.campaign(id).await {
            let stock = campaign.stock;
            self.tell(|| Observation::Allocated {
                campaign: id,
                units: u64::from(stock.held.get()) + u64::from(stock.sold.get()),
                quota: campaign.terms.quota,
            });
        }
    }

    async fn settle_with(&self, sale: &Sale, lease: &Lease) -> Result<SettleOutcome> {
        let mut tries = 1;
        loop {
            match self.settle_once(sale, lease).await {
                Err(Error::Store(error)) if is_stale(&error) && tries < TRIES => {
                    tracing::warn!(campaign = %sale.campaign.id, %error, "settling again from the beginning");
                    tries += 1;
                    self.must_hold(lease).await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn settle_once(&self, sale: &Sale, lease: &Lease) -> Result<SettleOutcome> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let sealed = self
            .with_book(sale, || self.0.hot.seal(id, lease.token))
            .await?;
        let Seal::Sealed { last } = sealed else {
            return Ok(SettleOutcome::NotEnded);
        };
        for (from, to) in [
            (Phase::Scheduled, Phase::Open),
            (Phase::Open, Phase::Sealing),
        ] {
            retry(retries, || {
                self.0.ledger.transition(id, from, to, lease.token)
            })
            .await?;
        }
        self.drain_to(sale, last).await?;

        let current = self.current(sale).await?;
        let quota = current.terms.quota.get() as usize;
        let ranking = self.with_book(sale, || self.0.hot.top(id, quota)).await?;
        if !ranking.stats.sealed || ranking.stats.last_sequence != last {
            return Err(replaced("settle").into());
        }
        let plan = plan(
            &current,
            ranking.top.iter().map(|standing| &standing.bid),
            last,
            self.now(),
        );
        if self.take_units(&current, &plan).await?.is_err() {
            // An attempt that died may have held units for the winners of a book that was lost since. The ledger has
            // no order of it, and nobody else is settling while the lease lasts.
            self.must_hold(lease).await?;
            retry(retries, || self.0.hot.unload(id)).await?;
            if let Err(rejection) = self.take_units(&current, &plan).await? {
                self.tell(|| Observation::Prevented {
                    campaign: id,
                    guard: Guard::Counter,
                });
                return Err(StoreError::new("engine", "hold", StoreErrorKind::Conflict)
                    .because(rejection)
                    .into());
            }
        }
        self.must_hold(lease).await?;
        let settlement = retry(retries, || {
            self.0.ledger.commit_settlement(&plan, lease.token)
        })
        .await
        .inspect_err(|error| {
            if error.kind == StoreErrorKind::Conflict {
                self.tell(|| Observation::Prevented {
                    campaign: id,
                    guard: Guard::Ledger,
                });
            }
        })?;
        self.remember_closed(id);
        self.tell_change(id).await;
        Ok(match settlement {
            Settlement::Committed => SettleOutcome::Settled {
                orders: plan.orders.len(),
            },
            Settlement::AlreadySettled => SettleOutcome::AlreadySettled,
        })
    }

    /// Moves what the ledger lacks of a sealed book.
    async fn drain_to(&self, sale: &Sale, last: Sequence) -> StoreResult<()> {
        if self.relay_or_renew(sale).await? < last {
            return Err(replaced("drain"));
        }
        Ok(())
    }

    /// Takes the winners' units from the hot counter, which knows of every unit taken before.
    async fn take_units(
        &self,
        campaign: &Campaign,
        plan: &SettlementPlan,
    ) -> StoreResult<Result<(), Rejection>> {
        let retries = self.tries();
        let seed = GateSeed {
            campaign: campaign.id,
            window: campaign.terms.window,
            quota: campaign.terms.quota,
            per_buyer: Some(Units::ONE),
            sealed: true,
            holds: vec![],
        };
        retry(retries, || self.0.hot.load(&seed)).await?;
        let holds: Vec<HoldRequest> = plan
            .orders
            .iter()
            .map(|order| HoldRequest {
                id: order.id.into(),
                bidder: order.bidder,
                units: Units::ONE,
                expires_at: order.pay_by,
                purpose: Purpose::Allocation,
                ticket: None,
                at: Some(order.created_at),
            })
            .collect();
        let held = retry(retries, || self.0.hot.hold(campaign.id, &holds)).await?;
        Ok(held.into_iter().try_for_each(|held| held.map(drop)))
    }

    pub(super) async fn current(&self, sale: &Sale) -> Result<Campaign> {
        let id = sale.campaign.id;
        let current = retry(self.tries(), || self.0.ledger.campaign(id)).await?;
        Ok(current.ok_or(Rejection::UnknownCampaign)?)
    }

    /// Takes the lease of a campaign. Each attempt is a holder of its own, so that two of this engine exclude each
    /// other too.
    pub(super) async fn lease(&self, campaign: &Campaign) -> StoreResult<Option<Lease>> {
        let name = format!("campaign:{}", campaign.id);
        let holder = self.fresh_id::<Uuid>().to_string();
        let (ttl, fence) = (self.options().lease, campaign.fence);
        retry(self.tries(), || {
            self.0.hot.acquire(&name, &holder, ttl, fence)
        })
        .await
    }

    /// Lets the next holder have the lease at once; if that fails, it ends by itself.
    pub(super) async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.0.hot.relinquish(lease).await {
            tracing::debug!(lease = lease.name, %error, "the lease ends by itself");
        }
    }

    async fn must_hold(&self, lease: &Lease) -> StoreResult<()> {
        let ttl = self.options().lease;
        let renewed = retry(self.tries(), || self.0.hot.renew(lease, ttl)).await?;
        renewed
            .map(drop)
            .ok_or(StoreError::new("engine", "settle", StoreErrorKind::Fenced))
    }
}

/// The book is another than the one that was sealed: it was lost and opened again meanwhile.
fn replaced(operation: &'static str) -> StoreError {
    StoreError::new("engine", operation, StoreErrorKind::Conflict)
}
