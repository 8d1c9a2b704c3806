//! Making orders of purchases, and what becomes of holds of which none are made.

use std::collections::{BTreeMap, HashMap};

use super::failure;
use super::tables::Tables;
use crate::campaign::{Format, Phase};
use crate::error::StoreErrorKind;
use crate::id::{CampaignId, HoldId, OrderId};
use crate::order::Order;
use crate::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome, VoidReason};
use crate::stock::{Hold, HoldState, Units};
use crate::store::{GateSeed, StoreResult};
use crate::time::Timestamp;

/// What is set aside.
#[derive(Debug, Default)]
pub(super) struct Letters {
    by_age: BTreeMap<(Timestamp, HoldId), DeadLetter>,
    ages: HashMap<HoldId, Timestamp>,
}

impl Letters {
    fn insert(&mut self, letter: DeadLetter) {
        let hold = letter.hold.id;
        self.ages.insert(hold, letter.at);
        self.by_age.insert((letter.at, hold), letter);
    }

    fn remove(&mut self, hold: HoldId) -> Option<DeadLetter> {
        let at = self.ages.remove(&hold)?;
        self.by_age.remove(&(at, hold))
    }

    fn contains(&self, hold: HoldId) -> bool {
        self.ages.contains_key(&hold)
    }

    /// Oldest first, then by hold.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &DeadLetter> {
        self.by_age.values()
    }

    fn of(&self, campaign: CampaignId) -> impl Iterator<Item = &DeadLetter> {
        let of_campaign = move |letter: &&DeadLetter| letter.campaign == campaign;
        self.iter().filter(of_campaign)
    }

    /// The units that a campaign has set aside.
    pub(super) fn units(&self, campaign: CampaignId) -> Units {
        let units = self.of(campaign).map(|letter| letter.hold.units);
        units.fold(Units::ZERO, |sum, units| {
            sum.plus(units).unwrap_or(Units::MAX)
        })
    }
}

impl Tables {
    pub(super) fn gate_seed(&self, id: CampaignId) -> Option<GateSeed> {
        let row = self.campaigns.get(&id)?;
        let campaign = &row.campaign;
        let ordered = row.orders.iter();
        let ordered = ordered.flat_map(|(.., place)| self.orders.at(*place).holds());
        let aside = self.letters.of(id).map(|letter| Hold {
            state: HoldState::Held,
            ..letter.hold
        });
        let mut holds: Vec<Hold> = ordered.chain(aside).collect();
        holds.sort_unstable_by_key(|hold| hold.id);
        Some(GateSeed {
            campaign: id,
            window: campaign.terms.window,
            quota: campaign
                .terms
                .quota
                .minus(campaign.returned)
                .unwrap_or_default(),
            per_buyer: match campaign.terms.format {
                Format::Ranked { .. } => Some(Units::ONE),
                Format::FirstCome { per_buyer, .. } => per_buyer,
            },
            sealed: campaign.phase.is_closed(),
            holds,
        })
    }

    pub(super) fn commit_purchases(
        &mut self,
        batch: &[Purchase],
    ) -> StoreResult<Vec<PurchaseOutcome>> {
        if self.conflicts(batch) {
            return Err(failure("commit_purchases", StoreErrorKind::Conflict)
                .because("an order is known with other contents"));
        }
        Ok(batch.iter().map(|one| self.commit_purchase(one)).collect())
    }

    /// Whether the id of an order is known, or used in the batch, with other contents, or a purchase is known in part.
    fn conflicts(&self, batch: &[Purchase]) -> bool {
        let mut named: HashMap<OrderId, &Order> = HashMap::new();
        batch.iter().any(|purchase| {
            let orders = &purchase.orders;
            let known = orders.iter().filter_map(|order| self.orders.get(order.id));
            let in_part = !matches!(known.count(), n if n == 0 || n == orders.len());
            let differs = orders.iter().any(|order| {
                let same_id = self.orders.get(order.id);
                same_id
                    .or_else(|| named.insert(order.id, order))
                    .is_some_and(|known| contents(known) != contents(order))
            });
            in_part || differs
        })
    }

    fn commit_purchase(&mut self, purchase: &Purchase) -> PurchaseOutcome {
        let known = purchase.orders.iter();
        let known: Option<Vec<Order>> = known
            .map(|order| self.orders.get(order.id).cloned())
            .collect();
        if let Some(orders) = known {
            return Ok(orders);
        }
        let refusal = self.refusal(&purchase.orders);
        for order in &purchase.orders {
            self.letters.remove(order.hold);
        }
        if let Some(reason) = refusal {
            for order in &purchase.orders {
                self.voids.entry(order.hold).or_insert(reason);
            }
            return Err(reason.into());
        }
        for order in &purchase.orders {
            let accounts = self.accounts(order.campaign);
            let held = accounts.and_then(|all| all.hold(order.units));
            self.keep_accounts(order.campaign, held.expect("nothing refused it"));
            self.insert_order(order.clone());
        }
        Ok(purchase.orders.clone())
    }

    /// Why no orders are made: a hold is void, else too few units are left, else the buyer would have too many.
    fn refusal(&self, orders: &[Order]) -> Option<VoidReason> {
        let void = |order: &Order| self.voids.get(&order.hold).copied();
        if let Some(reason) = orders.iter().find_map(void) {
            return Some(reason);
        }
        if orders.iter().any(|order| !self.has_units(order, orders)) {
            return Some(VoidReason::SoldOut);
        }
        let beyond = |order: &Order| !self.within_limit(order, orders);
        orders
            .iter()
            .any(beyond)
            .then_some(VoidReason::LimitReached)
    }

    /// Whether the campaign of `order` has units for all those of `orders` that are of it.
    fn has_units(&self, order: &Order, orders: &[Order]) -> bool {
        self.campaigns.get(&order.campaign).is_some_and(|row| {
            let available = row.campaign.stock.available;
            let wanted = wanted(order.campaign, orders);
            // What a campaign that is over has left is its dead letters'.
            let may = row.campaign.phase != Phase::Settled || self.letters.contains(order.hold);
            may && row.campaign.terms.format.is_first_come()
                && wanted.is_some_and(|wanted| wanted <= available)
        })
    }

    /// Whether the buyer of `order` may have all those of `orders` that are of its campaign.
    pub(super) fn within_limit(&self, order: &Order, orders: &[Order]) -> bool {
        let row = &self.campaigns[&order.campaign];
        let Format::FirstCome {
            per_buyer: Some(limit),
            ..
        } = row.campaign.terms.format
        else {
            return true;
        };
        let taken = row.taken.get(&order.bidder).copied().unwrap_or_default();
        wanted(order.campaign, orders)
            .and_then(|wanted| taken.plus(wanted))
            .is_some_and(|taken| taken <= limit)
    }

    /// What is known of a hold.
    pub(super) fn fate(&self, hold: HoldId) -> Option<HoldFate> {
        if let Some(order) = self.orders.of_hold(hold) {
            return Some(HoldFate::Ordered(order.clone()));
        }
        if self.letters.contains(hold) {
            return Some(HoldFate::SetAside);
        }
        self.voids.get(&hold).map(|reason| HoldFate::Void(*reason))
    }

    pub(super) fn void_holds(
        &mut self,
        campaign: CampaignId,
        holds: &[HoldId],
    ) -> StoreResult<Vec<HoldFate>> {
        if !self.campaigns.contains_key(&campaign) {
            return Err(failure("void_holds", StoreErrorKind::NotFound));
        }
        let fates = holds.iter().map(|hold| {
            self.fate(*hold).unwrap_or_else(|| {
                self.voids.insert(*hold, VoidReason::Ended);
                HoldFate::Void(VoidReason::Ended)
            })
        });
        Ok(fates.collect())
    }

    pub(super) fn set_aside(&mut self, letters: &[DeadLetter]) -> StoreResult<()> {
        let known = |letter: &DeadLetter| self.campaigns.contains_key(&letter.campaign);
        if !letters.iter().all(known) {
            return Err(failure("set_aside", StoreErrorKind::NotFound));
        }
        for letter in letters {
            if self.fate(letter.hold.id).is_none() {
                self.letters.insert(letter.clone());
            }
        }
        Ok(())
    }

    pub(super) fn drop_dead_letter(&mut self, hold: HoldId) -> Option<DeadLetter> {
        let dropped = self.letters.remove(hold)?;
        self.voids.insert(hold, VoidReason::Ended);
        Some(dropped)
    }
}

/// The units that `orders` take of a campaign.
fn wanted(campaign: CampaignId, orders: &[Order]) -> Option<Units> {
    let mut of_campaign = orders.iter().filter(|order| order.campaign == campaign);
    of_campaign.try_fold(Units::ZERO, |sum, order| sum.plus(order.units))
}

/// What makes two orders of the same id the same.
const fn contents(order: &Order) -> impl PartialEq {
    (order.campaign, order.bidder, order.units, order.price)
}
