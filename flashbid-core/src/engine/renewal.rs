//! What to do when the ledger has refused a life of a book: the book was lost, or it fell behind.

use std::time::Duration;

use super::Engine;
use super::retry::retry;
use super::sale::Sale;
use crate::error::{StoreError, StoreErrorKind};
use crate::store::{Epoch, StoreResult};

/// How long another node may take to open a book whose new life it has begun. After that it is taken for dead.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first wait between two looks at the book; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// Whether the ledger says that the book it was written from has been lost or has fallen behind.
pub(super) fn is_stale(error: &StoreError) -> bool {
    matches!(
        error.kind,
        StoreErrorKind::Fenced | StoreErrorKind::Conflict
    )
}

impl Engine {
    /// Sees to it that the book is in a newer life than `ended`, which the ledger has refused.
    ///
    /// Every life that is begun ends the one before, whoever works in that. So it is not begun by all who are refused:
    /// when another node has begun one already, that node has a while to open the book, and of this node one goes first.
    pub(super) async fn renew_book(
        &self,
        sale: &Sale,
        ended: Epoch,
        refused: &StoreError,
    ) -> StoreResult<()> {
        let id = sale.campaign.id;
        tracing::warn!(campaign = %id, epoch = ended.get(), error = %refused, "the book is out of date");
        if refused.kind == StoreErrorKind::Fenced && self.comes_back(sale, ended).await? {
            return Ok(());
        }
        let _opening = sale.opening.lock().await;
        if self.life(sale).await?.is_none_or(|life| life <= ended) {
            self.open_book(sale).await?;
        }
        Ok(())
    }

    /// Waits for another node to open the book.
    async fn comes_back(&self, sale: &Sale, ended: Epoch) -> StoreResult<bool> {
        let (mut wait, mut waited) = (FIRST_WAIT, Duration::ZERO);
        while let Some(life) = self.life(sale).await? {
            if life > ended {
                return Ok(true);
            }
            if waited >= PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(wait).await;
            waited += wait;
            wait = (wait * 2).min(PATIENCE / 10);
        }
        Ok(false)
    }

    /// The life that the book is in, if there is a book.
    async fn life(&self, sale: &Sale) -> StoreResult<Option<Epoch>> {
        let id = sale.campaign.id;
        match retry(self.tries(), || self.0.hot.top(id, 0)).await {
            Ok(ranking) => Ok(Some(ranking.stats.epoch)),
            Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
