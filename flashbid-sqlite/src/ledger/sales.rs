use std::collections::hash_map::{Entry, HashMap};

use flashbid_core::campaign::Campaign;
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::order::Accounts;
use flashbid_core::stock::Level;
use flashbid_core::store::Revision;
use rusqlite::Connection;

use super::campaigns::{self, Kept, Number};
use super::products;
use crate::error::DatabaseError;

/// The campaigns and products whose units a job moves: each is read once, and written once when it is [saved](Sales::save),
/// however many orders the job has.
pub(super) struct Sales<'tx> {
    tx: &'tx Connection,
    campaigns: HashMap<CampaignId, Sale>,
    products: HashMap<ProductId, Moving>,
}

/// A campaign as the job has made it so far.
pub(super) struct Sale {
    pub(super) campaign: Campaign,
    revision: Revision,
    read: Kept,
}

struct Moving {
    read: Level,
    now: Level,
}

impl<'tx> Sales<'tx> {
    pub(super) fn of(tx: &'tx Connection) -> Self {
        Self {
            tx,
            campaigns: HashMap::new(),
            products: HashMap::new(),
        }
    }

    /// A campaign; `None` for an unknown one.
    pub(super) fn find(&mut self, id: CampaignId) -> Result<Option<&mut Sale>, DatabaseError> {
        match self.campaigns.entry(id) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(unknown) => {
                let read = campaigns::find_kept(self.tx, id)?;
                Ok(read.map(|read| unknown.insert(Sale::of(read))))
            }
        }
    }

    /// A campaign that must be there.
    ///
    /// # Errors
    /// `NotFound` without it.
    pub(super) fn require(&mut self, id: CampaignId) -> Result<&mut Sale, DatabaseError> {
        self.find(id)?
            .ok_or_else(|| DatabaseError::not_found("there is no such campaign"))
    }

    /// The accounts of a campaign and its product.
    pub(super) fn accounts(&mut self, id: CampaignId) -> Result<Accounts, DatabaseError> {
        let campaign = self.require(id)?.campaign.clone();
        let product = self.product(campaign.product)?.now;
        Ok(Accounts::of(&campaign, product))
    }

    /// Replaces the accounts of a campaign and its product.
    pub(super) fn set_accounts(
        &mut self,
        id: CampaignId,
        accounts: Accounts,
    ) -> Result<(), DatabaseError> {
        let campaign = &mut self.require(id)?.campaign;
        campaign.stock = accounts.campaign;
        campaign.returned = accounts.returned;
        let product = campaign.product;
        self.product(product)?.now = accounts.product;
        Ok(())
    }

    /// Moves units of a campaign and its product.
    ///
    /// # Errors
    /// `Conflict` when they are not where they are to be taken from.
    pub(super) fn move_units(
        &mut self,
        id: CampaignId,
        by: impl FnOnce(Accounts) -> Option<Accounts>,
    ) -> Result<(), DatabaseError> {
        let moved = by(self.accounts(id)?)
            .ok_or_else(|| DatabaseError::conflict("the units are not there"))?;
        self.set_accounts(id, moved)
    }

    /// Writes what has changed.
    pub(super) fn save(self) -> Result<(), DatabaseError> {
        for sale in self.campaigns.values().filter(|sale| sale.has_changed()) {
            campaigns::move_units(self.tx, &sale.read, &sale.campaign, sale.revision)?;
        }
        for (id, level) in self.products {
            if level.now != level.read {
                products::move_units(self.tx, id, level.read, level.now)?;
            }
        }
        Ok(())
    }

    fn product(&mut self, id: ProductId) -> Result<&mut Moving, DatabaseError> {
        match self.products.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let read = products::find(self.tx, id)?.map(|product| product.stock);
                let read = read.ok_or_else(|| {
                    DatabaseError::corrupt("the product of a campaign is not there")
                })?;
                Ok(unknown.insert(Moving { read, now: read }))
            }
        }
    }
}

impl Sale {
    fn of(read: Kept) -> Self {
        Self {
            campaign: read.campaign.clone(),
            revision: read.revision,
            read,
        }
    }

    pub(super) const fn number(&self) -> Number {
        self.read.number
    }

    /// Counts a change of an order.
    pub(super) fn next_revision(&mut self) -> Revision {
        self.revision = self.revision.next();
        self.revision
    }

    fn has_changed(&self) -> bool {
        let before = &self.read.campaign;
        self.revision != self.read.revision
            || self.campaign.stock != before.stock
            || self.campaign.returned != before.returned
    }
}
