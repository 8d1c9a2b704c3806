//! How orders move: the rows that a batch may touch are locked and read, the pure rule decides, and what has changed is
//! written set by set.

use std::collections::{BTreeSet, HashMap, HashSet};

use flashbid_core::campaign::{Campaign, Format};
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use flashbid_core::order::{Accounts, Moved, Order, OrderAction, OrderMove, OrderStatus, act};
use flashbid_core::product::Product;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::OutboxEvent;
use sqlx::{Row, query};
use uuid::Uuid;

use super::campaigns::{self, Locked};
use super::{fates, orders, outbox, products, row};
use crate::database::Transaction;
use crate::error::DatabaseError;

/// Moves orders one after the other, as the rule says.
pub(super) async fn carry_out(
    tx: &mut Transaction<'_>,
    moves: &[OrderMove],
) -> Result<Vec<Option<Moved>>, DatabaseError> {
    let mut affected = Affected::lock(tx, moves).await?;
    let moved = moves
        .iter()
        .map(|one| affected.carry_out(one))
        .collect::<Result<_, _>>()?;
    affected.keep(tx).await?;
    Ok(moved)
}

/// What a batch of moves may change, as it is after those that were carried out.
struct Affected {
    campaigns: HashMap<CampaignId, Affair>,
    orders: HashMap<OrderId, Order>,
    products: HashMap<ProductId, Level>,
    /// Holds that were said to be void: units taken again under them are free for others.
    void: HashSet<HoldId>,
    /// What buyers have whose limit counts.
    taken: HashMap<(CampaignId, BidderId), i64>,
    /// The orders that changed, each with the revision of its last change.
    changed: HashMap<OrderId, i64>,
    events: Vec<OutboxEvent>,
}

/// A campaign of the batch.
struct Affair {
    locked: Locked,
    /// Changes of its orders.
    changes: usize,
    accounts: Option<Accounts>,
}

impl Affected {
    /// Campaigns first: whoever writes an order holds the lock of its campaign.
    async fn lock(tx: &mut Transaction<'_>, moves: &[OrderMove]) -> Result<Self, DatabaseError> {
        let ids: BTreeSet<OrderId> = moves.iter().map(|one| one.order).collect();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        let locked = campaigns::lock_of_orders(tx, &ids).await?;
        let campaigns: HashMap<_, _> = locked
            .into_iter()
            .map(|locked| {
                let affair = Affair {
                    locked,
                    changes: 0,
                    accounts: None,
                };
                (affair.locked.campaign.id, affair)
            })
            .collect();
        let found = orders::find_all(tx, row::column(&ids, |id| id.uuid())).await?;
        let orders: HashMap<OrderId, Order> = found
            .into_iter()
            // An order that was made meanwhile, of a campaign that is not locked, is unknown.
            .filter(|order| campaigns.contains_key(&order.campaign))
            .map(|order| (order.id, order))
            .collect();
        let again: Vec<Uuid> = moves
            .iter()
            .filter_map(|one| match &one.action {
                OrderAction::Pay { again, .. } => again.map(HoldId::uuid),
                _ => None,
            })
            .collect();
        let void = if again.is_empty() {
            HashSet::new()
        } else {
            let voids = fates::voids(tx, again).await?;
            voids.into_iter().map(|(hold, _)| hold).collect()
        };
        let taken = taken_by_late(tx, moves, &orders, &campaigns).await?;
        let sold: BTreeSet<Uuid> = campaigns
            .values()
            .map(|affair| affair.locked.campaign.product.uuid())
            .collect();
        let products = products::lock_all(tx, sold.into_iter().collect()).await?;
        let level = |product: Product| (product.id, product.stock);
        Ok(Self {
            campaigns,
            orders,
            products: products.into_iter().map(level).collect(),
            void,
            taken,
            changed: HashMap::new(),
            events: Vec::new(),
        })
    }

    fn carry_out(&mut self, one: &OrderMove) -> Result<Option<Moved>, DatabaseError> {
        let Some(order) = self.orders.get_mut(&one.order) else {
            return Ok(None);
        };
        let before = order.status;
        let missing = || DatabaseError::corrupt("an order has no campaign or product");
        let affair = self.campaigns.get_mut(&order.campaign);
        let affair = affair.ok_or_else(missing)?;
        let campaign = &affair.locked.campaign;
        let level = self.products.get_mut(&campaign.product);
        let level = level.ok_or_else(missing)?;
        let accounts = Accounts {
            product: *level,
            ..affair
                .accounts
                .unwrap_or_else(|| Accounts::of(campaign, *level))
        };
        let buyer = (order.campaign, order.bidder);
        let units = i64::from(order.units.get());
        let within = limit(campaign).is_none_or(|limit| {
            let taken = self.taken.get(&buyer).copied().unwrap_or_default();
            taken + units <= i64::from(limit.get())
        });
        let action = match &one.action {
            OrderAction::Pay { payment, again } => OrderAction::Pay {
                payment: payment.clone(),
                again: again.filter(|hold| within && !self.void.contains(hold)),
            },
            other => other.clone(),
        };
        if let Some((next, accounts)) = act(order, campaign, accounts, &action, one.at) {
            *order = next;
            if let Some(taken) = self.taken.get_mut(&buyer) {
                let holds = |status: OrderStatus| i64::from(status.holds_stock());
                *taken += units * (holds(order.status) - holds(before));
            }
            *level = accounts.product;
            affair.accounts = Some(accounts);
            affair.changes += 1;
            let change = row::number(affair.changes as u64)?;
            self.changed
                .insert(order.id, affair.locked.revision + change);
            self.events.push(OutboxEvent::OrderMoved(order.id));
        }
        Ok(Some(Moved {
            order: order.clone(),
            before,
        }))
    }

    async fn keep(&self, tx: &mut Transaction<'_>) -> Result<(), DatabaseError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let mut changed: Vec<_> = self
            .changed
            .iter()
            .map(|(id, revision)| (&self.orders[id], *revision))
            .collect();
        changed.sort_unstable_by_key(|(order, _)| order.id);
        orders::update(tx, &changed).await?;
        self.keep_campaigns(tx).await?;
        self.keep_products(tx).await?;
        outbox::append(tx, &self.events).await
    }

    async fn keep_campaigns(&self, tx: &mut Transaction<'_>) -> Result<(), DatabaseError> {
        let changed = self.campaigns.values();
        let changed: Vec<(&Affair, Accounts)> = changed
            .filter_map(|affair| Some((affair, affair.accounts?)))
            .collect();
        let mut counts = Vec::with_capacity(changed.len());
        for (affair, _) in &changed {
            counts.push(row::number(affair.changes as u64)?);
        }
        let update = query(
            "UPDATE campaigns SET held = new.held, sold = new.sold, returned = new.returned,
                                  revision = revision + new.changes
             FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::bigint[])
                 AS new (campaign, held, sold, returned, changes)
             WHERE number = new.campaign",
        );
        let update = update
            .bind(row::column(&changed, |(affair, _)| affair.locked.number.0))
            .bind(row::column(&changed, |(_, all)| {
                row::units(all.campaign.held)
            }))
            .bind(row::column(&changed, |(_, all)| {
                row::units(all.campaign.sold)
            }))
            .bind(row::column(&changed, |(_, all)| row::units(all.returned)))
            .bind(counts);
        let rows = changed.len() as u64;
        row::change(tx, rows, update, "a campaign was not changed").await
    }

    async fn keep_products(&self, tx: &mut Transaction<'_>) -> Result<(), DatabaseError> {
        let levels: Vec<(&ProductId, &Level)> = self.products.iter().collect();
        let update = query(
            "UPDATE products SET available = new.available, held = new.held, sold = new.sold
             FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[])
                 AS new (product, available, held, sold)
             WHERE id = new.product",
        );
        let update = update
            .bind(row::column(&levels, |(id, _)| id.uuid()))
            .bind(row::column(&levels, |(_, level)| {
                row::units(level.available)
            }))
            .bind(row::column(&levels, |(_, level)| row::units(level.held)))
            .bind(row::column(&levels, |(_, level)| row::units(level.sold)));
        let rows = levels.len() as u64;
        row::change(tx, rows, update, "a product was not changed").await
    }
}

/// The most units that a buyer of a first-come campaign may have.
const fn limit(campaign: &Campaign) -> Option<Units> {
    match campaign.terms.format {
        Format::FirstCome { per_buyer, .. } => per_buyer,
        _ => None,
    }
}

/// What the buyers have of campaigns with a limit whose orders are to be paid.
async fn taken_by_late(
    tx: &mut Transaction<'_>,
    moves: &[OrderMove],
    orders: &HashMap<OrderId, Order>,
    campaigns: &HashMap<CampaignId, Affair>,
) -> Result<HashMap<(CampaignId, BidderId), i64>, DatabaseError> {
    let paid = moves
        .iter()
        .filter(|one| matches!(one.action, OrderAction::Pay { .. }));
    let paid = paid.filter_map(|one| orders.get(&one.order));
    let buyers = paid.map(|order| (order.campaign, order.bidder));
    let limited = buyers.filter(|(id, _)| {
        let affair = campaigns.get(id);
        affair.is_some_and(|affair| limit(&affair.locked.campaign).is_some())
    });
    let mut taken: HashMap<_, _> = limited.map(|buyer| (buyer, 0)).collect();
    if taken.is_empty() {
        return Ok(taken);
    }
    let buyers: Vec<(CampaignId, BidderId)> = taken.keys().copied().collect();
    let counted = query(
        "SELECT named.place, sum(orders.units)
         FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS named (campaign, bidder, place)
         JOIN orders ON orders.campaign = named.campaign AND orders.bidder = named.bidder
         WHERE orders.purchase IS NOT NULL AND orders.status IN ('pending_payment', 'paid')
         GROUP BY named.place",
    )
    .bind(row::column(&buyers, |(id, _)| {
        campaigns[id].locked.number.0
    }))
    .bind(row::column(&buyers, |(_, bidder)| bidder.uuid()));
    for found in tx.fetch_all(counted).await? {
        let place: i64 = found.try_get(0)?;
        let place = usize::try_from(place - 1).ok();
        let buyer = place.and_then(|place| buyers.get(place));
        let buyer = buyer.ok_or_else(|| DatabaseError::corrupt("an unknown buyer is answered"))?;
        taken.insert(*buyer, found.try_get(1)?);
    }
    Ok(taken)
}
