use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use flashbid_core::error::Rejection;
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId};
use flashbid_core::order::{Order, OrderStatus, Origin};
use flashbid_core::purchase::{Purchase, PurchaseOutcome, VoidReason};
use flashbid_core::stock::Units;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::array::column;
use super::orders;
use super::row::read_if;
use crate::database::{Database, Script};
use crate::error::DatabaseError;

/// Makes orders of purchases: see `commit_purchases` in the migrations.
///
/// The row of the campaign is locked until the commit, for all nodes, and in a rush it is one row. So the whole
/// transaction goes as one message: no round trip is made while others wait.
pub(super) async fn commit(
    database: &Database,
    batch: &[Purchase],
) -> Result<Vec<PurchaseOutcome>, DatabaseError> {
    let request = Request::of(batch)?;
    if request.rows.is_empty() {
        return Ok(batch.iter().map(|_| Ok(Vec::new())).collect());
    }
    let answers = database.run_until_known(request.call()).await?;
    let mut verdicts: HashMap<OrderId, Result<Order, Rejection>> = request
        .rows
        .iter()
        .map(|order| (order.id, Ok((*order).clone())))
        .collect();
    for answer in &answers {
        let (place, verdict) = verdict(answer)?;
        let order = place.checked_sub(1).and_then(|at| request.rows.get(at));
        let order = order.ok_or_else(|| DatabaseError::corrupt("an unknown order is answered"))?;
        verdicts.insert(order.id, verdict);
    }
    let lines = |purchase: &Purchase| {
        let lines = purchase.orders.iter();
        lines.map(|order| verdicts[&order.id].clone()).collect()
    };
    Ok(batch.iter().map(lines).collect())
}

/// The place of an order that was not made, and what of it is so.
fn verdict(row: &PgRow) -> Result<(usize, Result<Order, Rejection>), DatabaseError> {
    let place: i32 = row.try_get(0)?;
    let place =
        usize::try_from(place).map_err(|_| DatabaseError::corrupt("an order has no place"))?;
    let verdict = match read_if::<VoidReason>(row, 1)? {
        Some(reason) => Err(reason.into()),
        None => Ok(orders::read_at(row, 2)?),
    };
    Ok((place, verdict))
}

/// A batch as the function takes it: without repetitions, and with places where ids repeat.
struct Request<'b> {
    campaigns: BTreeMap<CampaignId, (ProductId, usize)>,
    buyers: Vec<(CampaignId, BidderId)>,
    rows: Vec<&'b Order>,
    /// The place of each row's buyer.
    buyer_places: Vec<usize>,
    /// The first and last row of each purchase.
    spans: Vec<(&'b Purchase, usize, usize)>,
}

impl<'b> Request<'b> {
    /// # Errors
    /// `Conflict` when an id stands for different things, or a purchase is not one.
    fn of(batch: &'b [Purchase]) -> Result<Self, DatabaseError> {
        let mut request = Self {
            campaigns: BTreeMap::new(),
            buyers: Vec::new(),
            rows: Vec::with_capacity(batch.len()),
            buyer_places: Vec::with_capacity(batch.len()),
            spans: Vec::with_capacity(batch.len()),
        };
        let mut seen: HashMap<OrderId, (usize, &Order)> = HashMap::new();
        let mut buyers = HashMap::new();
        for purchase in batch {
            let mut ids = HashSet::new();
            let mut lines = purchase.orders.iter();
            if !lines.all(|order| is_line_of(purchase, order) && ids.insert(order.id)) {
                return Err(DatabaseError::conflict("a purchase is malformed"));
            }
            let lines = purchase.orders.iter();
            let before: HashSet<Option<usize>> = lines
                .map(|order| {
                    let (span, known) = seen.get(&order.id).copied()?;
                    // Another purchase than all of them if it says something else.
                    Some(if same(known, order) { span } else { usize::MAX })
                })
                .collect();
            let mut before = before.into_iter();
            match (before.next(), before.next()) {
                (None, _) => continue,
                (Some(None), None) => {}
                (Some(Some(span)), None) if request.is_whole(span, purchase) => continue,
                _ => return Err(DatabaseError::conflict("an order's id is used twice")),
            }
            let span = request.spans.len();
            let first = request.rows.len() + 1;
            for order in &purchase.orders {
                seen.insert(order.id, (span, order));
                let (product, _) = *request
                    .campaigns
                    .entry(order.campaign)
                    .or_insert((order.product, 0));
                if product != order.product {
                    return Err(DatabaseError::conflict(
                        "an order is of another product than its campaign",
                    ));
                }
                let buyer = (order.campaign, order.bidder);
                let place = *buyers.entry(buyer).or_insert_with(|| {
                    request.buyers.push(buyer);
                    request.buyers.len()
                });
                request.rows.push(order);
                request.buyer_places.push(place);
            }
            request.spans.push((purchase, first, request.rows.len()));
        }
        for (place, (_, known)) in (1..).zip(request.campaigns.values_mut()) {
            *known = place;
        }
        Ok(request)
    }

    /// Whether a purchase is the one that was there before.
    fn is_whole(&self, span: usize, purchase: &Purchase) -> bool {
        let before = self.spans.get(span);
        before.is_some_and(|(before, ..)| before.orders.len() == purchase.orders.len())
    }

    /// Numbers and ids only.
    fn call(&self) -> Script {
        let mut sql = String::with_capacity(256 + 256 * self.rows.len());
        let rows = &self.rows;
        sql.push_str("SELECT * FROM commit_purchases(");
        let columns = column(&mut sql, self.campaigns.keys()).and_then(|()| {
            column(
                &mut sql,
                self.campaigns.values().map(|(product, _)| product),
            )?;
            let place = |campaign| self.campaigns[campaign].1;
            column(
                &mut sql,
                self.buyers.iter().map(|(campaign, _)| place(campaign)),
            )?;
            column(&mut sql, self.buyers.iter().map(|(_, bidder)| bidder))?;
            column(&mut sql, rows.iter().map(|order| order.id))?;
            column(&mut sql, &self.buyer_places)?;
            column(&mut sql, rows.iter().map(|order| order.units))?;
            column(
                &mut sql,
                rows.iter().map(|order| order.price.ten_thousandths()),
            )?;
            column(&mut sql, rows.iter().map(|order| order.created_at.millis()))?;
            column(&mut sql, rows.iter().map(|order| order.pay_by.millis()))?;
            column(
                &mut sql,
                self.spans.iter().map(|(purchase, ..)| purchase.id),
            )?;
            column(&mut sql, self.spans.iter().map(|(_, first, _)| first))?;
            column(&mut sql, self.spans.iter().map(|(.., last)| last))?;
            sql.write_char(')')
        });
        columns.expect("a String takes everything");
        Script(sql)
    }
}

/// What somebody bought just now, under the id of its hold.
fn is_line_of(purchase: &Purchase, order: &Order) -> bool {
    order.origin
        == (Origin::Bought {
            purchase: purchase.id,
        })
        && order.status == OrderStatus::PendingPayment
        && order.payment.is_none()
        && order.hold == HoldId::new(order.id.uuid())
        && order.units > Units::ZERO
}

/// Whether two orders of the same id are the same.
fn same(one: &Order, other: &Order) -> bool {
    (one.campaign, one.bidder, one.units, one.price)
        == (other.campaign, other.bidder, other.units, other.price)
}
