//! Products, campaigns and what the ledger knows of them.

use std::time::Duration;

use super::Engine;
use super::retry::retry;
use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Format, Phase, Terms, Window};
use crate::error::{Rejection, Result};
use crate::id::{BidderId, CampaignId, OrderId, ProductId};
use crate::money::Money;
use crate::order::Order;
use crate::product::Product;
use crate::stock::{Level, Units};
use crate::store::{CampaignOutcome, Listing, Page};

/// A product to be.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// What people call it.
    pub name: String,
    /// More words.
    pub description: Option<String>,
    /// Where its picture is.
    pub image_url: Option<String>,
    /// Units the seller has.
    pub stock: Units,
    /// The reserve price.
    pub min_price: Money,
}

/// A campaign to be.
#[derive(Clone, Debug)]
pub struct NewCampaign {
    /// What it sells.
    pub product: ProductId,
    /// How units find their buyers.
    pub format: Format,
    /// When bids are taken.
    pub window: Window,
    /// Units it may allocate; `None` for all that the product has available.
    pub quota: Option<Units>,
    /// How long a winner has to pay.
    pub payment_deadline: Duration,
}

impl Engine {
    /// Adds a product.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn add_product(&self, new: NewProduct) -> Result<Product> {
        let NewProduct {
            name,
            description,
            image_url,
            stock,
            min_price,
        } = new;
        let product = Product {
            id: self.fresh_id(),
            name,
            description,
            image_url,
            min_price,
            stock: Level::loaded_with(stock),
            created_at: self.now(),
        };
        retry(self.tries(), || self.0.ledger.add_product(&product)).await?;
        Ok(product)
    }

    /// One product.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn product(&self, id: ProductId) -> Result<Option<Product>> {
        Ok(self.0.ledger.product(id).await?)
    }

    /// Products, newest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn products(&self, page: Page) -> Result<Listing<Product>> {
        Ok(self.0.ledger.products(page).await?)
    }

    /// Adds a campaign and promises it its quota out of the product's stock.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) when the product is unknown, has no unit available, has fewer than
    /// the quota, or the quota is zero; [`Error::Store`](crate::Error::Store).
    pub async fn add_campaign(&self, new: NewCampaign) -> Result<Campaign> {
        let product = self
            .product(new.product)
            .await?
            .ok_or(Rejection::UnknownProduct)?;
        let quota = new.quota.unwrap_or(product.stock.available);
        if quota == Units::ZERO {
            return Err(if new.quota.is_some() {
                Rejection::EmptyQuota
            } else {
                Rejection::SoldOut
            }
            .into());
        }
        let campaign = Campaign {
            id: self.fresh_id(),
            product: product.id,
            terms: Terms {
                format: new.format,
                window: new.window,
                quota,
                min_price: product.min_price,
                payment_deadline: new.payment_deadline,
            },
            phase: Phase::Scheduled,
            version: 0,
            fence: FencingToken::NONE,
            created_at: self.now(),
        };
        let added = retry(self.tries(), || self.0.ledger.add_campaign(&campaign)).await?;
        match added {
            CampaignOutcome::Added => {}
            CampaignOutcome::UnknownProduct => return Err(Rejection::UnknownProduct.into()),
            CampaignOutcome::QuotaBeyondStock { .. } => {
                return Err(Rejection::QuotaBeyondStock.into());
            }
        }
        self.forget_absence(campaign.id).await;
        Ok(campaign)
    }

    /// One campaign, with its phase as the ledger has it.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn campaign(&self, id: CampaignId) -> Result<Option<Campaign>> {
        Ok(self.0.ledger.campaign(id).await?)
    }

    /// Campaigns, newest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn campaigns(&self, page: Page) -> Result<Listing<Campaign>> {
        Ok(self.0.ledger.campaigns(page).await?)
    }

    /// Every bid of one bidder in a campaign, newest first.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn history(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
        page: Page,
    ) -> Result<Listing<AcceptedBid>> {
        self.sale(campaign).await?;
        Ok(self.0.ledger.bids_of(campaign, bidder, page).await?)
    }

    /// One order.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>> {
        Ok(self.0.ledger.order(id).await?)
    }

    /// The orders of a campaign, by rank.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn orders_in(&self, campaign: CampaignId, page: Page) -> Result<Listing<Order>> {
        self.sale(campaign).await?;
        Ok(self.0.ledger.orders_in(campaign, page).await?)
    }

    /// The orders of one bidder, newest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn orders_of(&self, bidder: BidderId, page: Page) -> Result<Listing<Order>> {
        Ok(self.0.ledger.orders_of(bidder, page).await?)
    }
}
