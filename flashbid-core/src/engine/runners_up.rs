//! Offering units that were not paid to those next in the sealed ranking, and giving back what nobody is left for.

use std::collections::HashSet;

use super::Engine;
use super::retry::retry;
use super::sale::Sale;
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::error::{Result, StoreErrorKind};
use crate::id::{BidderId, CampaignId};
use crate::settle::{OfferPlan, offer};
use crate::stock::Units;
use crate::store::{Page, StoreResult};

/// Entries that are read at once.
const PAGE: u32 = 1_000;

impl Engine {
    /// Offers the units that a settled campaign has left to its runners-up, and gives back to the product what nobody is
    /// left for. Answers how many were offered. May be called at any time, by any number of nodes.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store):
    /// call again.
    pub async fn offer(&self, campaign: CampaignId) -> Result<usize> {
        let sale = self.sale(campaign).await?;
        let current = self.current(&sale).await?;
        if current.phase != Phase::Settled || current.stock.available == Units::ZERO {
            return Ok(0);
        }
        let Some(lease) = self.lease(&current).await? else {
            return Ok(0);
        };
        let offered = self.offer_with(&sale, lease.token).await;
        self.give_back(&lease).await;
        offered
    }

    async fn offer_with(&self, sale: &Sale, token: FencingToken) -> Result<usize> {
        let id = sale.campaign.id;
        // Read with the lease in hand: another holder may have been faster.
        let current = self.current(sale).await?;
        let plan = if current.terms.format.is_first_come() {
            self.what_is_left(&current).await?
        } else {
            self.plan_offers(sale, &current).await?
        };
        let Some(plan) = plan else {
            return Ok(0);
        };
        let committed = retry(self.tries(), || self.0.ledger.commit_offers(&plan, token)).await;
        match committed {
            // Somebody was faster, maybe a try of this call whose answer was lost: the next look finds out.
            Err(error) if error.kind == StoreErrorKind::Conflict => {
                tracing::debug!(campaign = %id, %error, "an offer was overtaken");
                return Ok(0);
            }
            committed => committed?,
        }
        for order in &plan.orders {
            self.allocate_in_gate(order).await;
        }
        if !plan.orders.is_empty() {
            tracing::info!(campaign = %id, orders = plan.orders.len(), "offered to runners-up");
        }
        Ok(plan.orders.len())
    }

    async fn plan_offers(&self, sale: &Sale, current: &Campaign) -> Result<Option<OfferPlan>> {
        let below = current.terms.runners_up.map_or(0, |terms| terms.places);
        let deepest = current.terms.quota.get().saturating_add(below) as usize;
        let id = current.id;
        let ranking = if below == 0 {
            Vec::new()
        } else {
            self.with_book(sale, || self.0.hot.top(id, deepest))
                .await?
                .top
        };
        let served = self.bidders_with_orders(id).await?;
        let bids: Vec<&AcceptedBid> = ranking.iter().map(|standing| &standing.bid).collect();
        Ok(offer(
            current,
            bids,
            |bidder| served.contains(&bidder),
            self.now(),
        ))
    }

    /// What an ended first-come campaign has beside its dead letters' units goes back.
    async fn what_is_left(&self, current: &Campaign) -> Result<Option<OfferPlan>> {
        let letters = self.all_dead_letters().await?;
        let of_campaign = letters
            .iter()
            .filter(|letter| letter.campaign == current.id);
        let reserved = of_campaign
            .map(|letter| letter.hold.units)
            .try_fold(Units::ZERO, Units::plus)
            .unwrap_or(Units::MAX);
        let returned = current.stock.available.minus(reserved).unwrap_or_default();
        Ok((returned > Units::ZERO).then(|| OfferPlan {
            campaign: current.id,
            orders: Vec::new(),
            returned,
        }))
    }

    async fn bidders_with_orders(&self, campaign: CampaignId) -> StoreResult<HashSet<BidderId>> {
        let (mut bidders, mut skip) = (HashSet::new(), 0);
        loop {
            let page = Page { skip, limit: PAGE };
            let orders = self.0.ledger.orders_in(campaign, page).await?.items;
            if orders.is_empty() {
                return Ok(bidders);
            }
            skip += orders.len() as u64;
            bidders.extend(orders.iter().map(|order| order.bidder));
        }
    }

    /// Every settled campaign that has units left.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn with_units_left(&self) -> Result<Vec<Campaign>> {
        let mut campaigns = Vec::new();
        loop {
            let page = Page {
                skip: campaigns.len() as u64,
                limit: PAGE,
            };
            let found = self.0.ledger.with_units_left(page).await?;
            let last = found.len() < PAGE as usize;
            campaigns.extend(found);
            if last {
                return Ok(campaigns);
            }
        }
    }
}
