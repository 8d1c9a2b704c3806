//! Ending a first-come campaign: lease, close the counter, make orders of what waits, return what was not sold.

use super::renewal::is_stale;
use super::retry::retry;
use super::sale::Sale;
use super::{Engine, SettleOutcome};
use crate::campaign::Phase;
use crate::error::{Result, StoreError, StoreErrorKind};
use crate::store::{GateSeal, Lease, Settlement};

impl Engine {
    /// Ends a first-come campaign whose window is over. Orders that await payment live on; what they give back goes to
    /// the product.
    pub(super) async fn end_with(&self, sale: &Sale, lease: &Lease) -> Result<SettleOutcome> {
        let (retries, id) = (self.tries(), sale.campaign.id);
        let closed = self.with_gate(sale, || self.0.hot.close(id)).await?;
        if closed == GateSeal::NotEnded {
            return Ok(SettleOutcome::NotEnded);
        }
        for (from, to) in [
            (Phase::Scheduled, Phase::Open),
            (Phase::Open, Phase::Sealing),
        ] {
            retry(retries, || {
                self.0.ledger.transition(id, from, to, lease.token)
            })
            .await?;
        }
        if self.dispatch_waiting(sale).await? > 0 {
            return Err(
                StoreError::new("engine", "end", StoreErrorKind::Unavailable)
                    .because("purchases wait to become orders")
                    .into(),
            );
        }
        let version = self.current(sale).await?.version;
        let ended = retry(retries, || self.0.ledger.end_sale(id, version, lease.token)).await;
        let ended = match ended {
            // Somebody moved it on meanwhile: the next look finds out.
            Err(error) if is_stale(&error) => {
                tracing::debug!(campaign = %id, %error, "the end of a sale was overtaken");
                return Ok(SettleOutcome::Busy);
            }
            ended => ended?,
        };
        self.remember_closed(id);
        self.tell_change(id).await;
        Ok(match ended {
            Settlement::Committed => SettleOutcome::Settled { orders: 0 },
            Settlement::AlreadySettled => SettleOutcome::AlreadySettled,
        })
    }
}
