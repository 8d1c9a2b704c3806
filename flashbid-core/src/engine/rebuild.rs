//! Building a campaign's book anew from the ledger, by hand.

use super::Engine;
use super::retry::retry;
use crate::error::{Rejection, Result};
use crate::id::CampaignId;
use crate::rank::Sequence;
use crate::store::Epoch;

/// A book that was opened from the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The life of the book that began.
    pub epoch: Epoch,
    /// Bids that the ledger had, re-bids included.
    pub bids: usize,
    /// The last of their sequences; new bids continue behind it.
    pub last_sequence: Sequence,
}

impl Engine {
    /// Discards a campaign's book and opens it anew from the ledger, as happens by itself when a hot store loses it.
    /// For an operator who does not trust the one that is there: it may be done while bids come in, and loses none that
    /// the ledger has.
    ///
    /// Bids that are in the book alone, as under [`Durability::Hot`](super::Durability::Hot) for a moment, are lost
    /// with it: [`Engine::relay`] saves them first.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn rebuild(&self, campaign: CampaignId) -> Result<Rebuilt> {
        let sale = self.ranked_sale(campaign).await?;
        retry(self.tries(), || self.0.hot.discard(campaign)).await?;
        let opened = self.open_book(&sale).await?;
        Ok(opened.ok_or(Rejection::UnknownCampaign)?)
    }
}
