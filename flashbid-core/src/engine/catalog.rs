//! Products, campaigns and what the ledger knows of them.

use std::time::Duration;

use super::Engine;
use super::retry::retry;
use crate::bid::AcceptedBid;
use crate::campaign::{
    Campaign, DEFAULT_PAYMENT_DEADLINE, Format, Guards, RunnersUp, Terms, Window,
};
use crate::error::{Rejection, Result};
use crate::id::{BidderId, CampaignId, OrderId, ProductId};
use crate::money::Money;
use crate::order::Order;
use crate::product::Product;
use crate::stock::{Level, Units};
use crate::store::{CampaignOutcome, Listing, Page, ProductChange, ProductOutcome};

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
    /// How long a winner or buyer has to pay.
    pub payment_deadline: Duration,
    /// To whom a ranked campaign offers a unit that was not paid.
    pub runners_up: Option<RunnersUp>,
    /// What requests need.
    pub guards: Guards,
}

impl NewCampaign {
    /// A campaign of all that the product has available, with the usual time to pay, without runners-up and guards.
    pub fn new(product: ProductId, format: Format, window: Window) -> Self {
        Self {
            product,
            format,
            window,
            quota: None,
            payment_deadline: DEFAULT_PAYMENT_DEADLINE,
            runners_up: None,
            guards: Guards::default(),
        }
    }
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

    /// Changes a product: its words, its reserve price for campaigns to come, its stock.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown product, for stock that is promised or sold, and for the
    /// id of another change; [`Error::Store`](crate::Error::Store): call again.
    pub async fn change_product(&self, id: ProductId, change: &ProductChange) -> Result<Product> {
        let at = self.now();
        let outcome = retry(self.tries(), || {
            self.0.ledger.change_product(id, change, at)
        })
        .await?;
        match outcome {
            ProductOutcome::Changed(product) => Ok(product),
            ProductOutcome::UnknownProduct => Err(Rejection::UnknownProduct.into()),
            ProductOutcome::StockOutOfRange { promised } => {
                Err(Rejection::StockBelowPromised { promised }.into())
            }
            ProductOutcome::IdReused => Err(Rejection::KeyReused.into()),
        }
    }

    /// Products with at most `most` available units, the fewest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn low_stock(&self, most: Units, page: Page) -> Result<Listing<Product>> {
        Ok(self.0.ledger.low_stock(most, page).await?)
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
        if let Format::FirstCome { price, .. } = new.format
            && price.times(quota.get()).is_none()
        {
            return Err(Rejection::PriceTooLarge.into());
        }
        let terms = Terms {
            format: new.format,
            window: new.window,
            quota,
            min_price: product.min_price,
            payment_deadline: new.payment_deadline,
            runners_up: new.runners_up,
        };
        let campaign = Campaign {
            guards: new.guards,
            ..Campaign::scheduled(self.fresh_id(), product.id, terms, self.now())
        };
        let added = retry(self.tries(), || self.0.ledger.add_campaign(&campaign)).await?;
        match added {
            CampaignOutcome::Added => {}
            CampaignOutcome::UnknownProduct => return Err(Rejection::UnknownProduct.into()),
            CampaignOutcome::QuotaBeyondStock { .. } => {
                return Err(Rejection::QuotaBeyondStock.into());
            }
        }
        self.warm(&campaign).await;
        if campaign.terms.format.is_first_come() {
            self.warm_gate(campaign.id).await;
        }
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
        self.known_campaign(campaign).await?;
        Ok(self.0.ledger.bids_of(campaign, bidder, page).await?)
    }

    /// One order.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>> {
        Ok(self.0.ledger.order(id).await?)
    }

    /// The orders of a campaign by rank, those of a first-come campaign by age.
    ///
    /// # Errors
    /// [`Error::Rejected`](crate::Error::Rejected) for an unknown campaign, [`Error::Store`](crate::Error::Store).
    pub async fn orders_in(&self, campaign: CampaignId, page: Page) -> Result<Listing<Order>> {
        self.known_campaign(campaign).await?;
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
