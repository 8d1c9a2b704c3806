//! What buying and paying should come to, in the plainest way: a counter is a list of holds, and everything follows
//! from adding up.

use flashbid_core::Rejection;
use flashbid_core::campaign::{Campaign, Format, Phase};
use flashbid_core::id::{BidderId, HoldId, PurchaseId};
use flashbid_core::order::{Order, OrderStatus, Origin, PaymentId};
use flashbid_core::purchase::HoldFate;
use flashbid_core::stock::{Hold, HoldState};
use flashbid_core::time::Timestamp;

use super::sees::{Counter, SeenSale};

/// Whether a hold takes units.
pub(super) fn takes(hold: &Hold) -> bool {
    matches!(hold.state, HoldState::Held | HoldState::Consumed)
}

pub(super) fn units<'a>(holds: impl IntoIterator<Item = &'a Hold>) -> u32 {
    let taking = holds.into_iter().filter(|hold| takes(hold));
    taking.map(|hold| hold.units.get()).sum()
}

/// What is asked of a counter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// `None` for one that nobody has used.
    pub(super) id: Option<HoldId>,
    pub(super) bidder: BidderId,
    pub(super) units: u32,
    /// Whether the window counts.
    pub(super) timed: bool,
}

/// What the counter of a sale, or the one that would be loaded, answers to a request: the hold that it knows, `None`
/// when it takes the units now.
pub(super) fn held(
    sale: &SeenSale,
    asked: Request,
    now: Timestamp,
) -> Result<Option<Hold>, Rejection> {
    held_in(&sale.counter(), sale, asked, now)
}

fn held_in(
    counter: &Counter,
    sale: &SeenSale,
    asked: Request,
    now: Timestamp,
) -> Result<Option<Hold>, Rejection> {
    let known = counter.holds.iter().find(|hold| Some(hold.id) == asked.id);
    if let Some(known) = known {
        let alike = (known.bidder, known.units.get()) == (asked.bidder, asked.units);
        return if alike {
            Ok(Some(*known))
        } else {
            Err(Rejection::KeyReused)
        };
    }
    let window = sale.campaign.terms.window;
    if asked.timed && (counter.sealed || now >= window.end()) {
        return Err(Rejection::Ended);
    }
    if asked.timed && now < window.start() {
        let start = window.start();
        return Err(Rejection::NotStarted { start });
    }
    let own = counter
        .holds
        .iter()
        .filter(|hold| hold.bidder == asked.bidder);
    if limit(&sale.campaign).is_some_and(|limit| units(own) + asked.units > limit) {
        return Err(Rejection::LimitReached);
    }
    if counter.quota < units(&counter.holds) + asked.units {
        return Err(Rejection::SoldOut);
    }
    Ok(None)
}

/// What the ledger makes of a hold that it knows as `fate`: the order that there is already, `None` for a new one.
pub(super) fn ordered(
    sale: &SeenSale,
    fate: Option<HoldFate>,
    asked: Request,
) -> Result<Option<Order>, Rejection> {
    match fate {
        Some(HoldFate::Ordered(order)) => return Ok(Some(order)),
        Some(HoldFate::Void(reason)) => return Err(reason.into()),
        _ => {}
    }
    if sale.campaign.stock.available.get() < asked.units {
        return Err(Rejection::SoldOut);
    }
    let own = sale
        .orders
        .iter()
        .filter(|order| order.bidder == asked.bidder && order.status.holds_stock());
    let own: u32 = own.map(|order| order.units.get()).sum();
    if limit(&sale.campaign).is_some_and(|limit| own + asked.units > limit) {
        return Err(Rejection::LimitReached);
    }
    Ok(None)
}

/// The order that a hold becomes.
pub(super) fn order(campaign: &Campaign, hold: &Hold, purchase: PurchaseId) -> Order {
    let Format::FirstCome { price, .. } = campaign.terms.format else {
        panic!("{:?} sells nothing at once", campaign.terms.format);
    };
    Order {
        id: hold.id.into(),
        campaign: campaign.id,
        product: campaign.product,
        bidder: hold.bidder,
        units: hold.units,
        price,
        origin: Origin::Bought { purchase },
        hold: hold.id,
        status: OrderStatus::PendingPayment,
        created_at: hold.taken_at,
        pay_by: hold.expires_at,
        payment: None,
    }
}

/// What becomes of an order that is paid. `void` tells whether the ledger ended the hold under which its units would be
/// taken again, `free` how many units its product has available, and `told` whether the counter hears first that the order
/// had ended.
pub(super) fn paid(
    sale: &SeenSale,
    order: &Order,
    payment: &PaymentId,
    void: bool,
    free: u32,
    told: bool,
    now: Timestamp,
) -> Result<Order, Rejection> {
    let paid = |status, hold| Order {
        status,
        hold,
        payment: Some(payment.clone()),
        ..order.clone()
    };
    match order.status {
        OrderStatus::PendingPayment => return Ok(paid(OrderStatus::Paid, order.hold)),
        OrderStatus::Expired | OrderStatus::Cancelled => {}
        _ if order.payment.as_ref() == Some(payment) => return Ok(order.clone()),
        _ => return Err(Rejection::PaidOtherwise),
    }
    let (campaign, again) = (&sale.campaign, HoldId::again(order.id));
    let units = order.units.get();
    let in_campaign = campaign.stock.available.get() >= units;
    let in_product = free.min(campaign.returned.get()) >= units;
    let asked = Request {
        id: Some(again),
        bidder: order.bidder,
        units,
        timed: false,
    };
    let others = sale
        .orders
        .iter()
        .filter(|other| other.bidder == order.bidder && other.status.holds_stock());
    let others: u32 = others.map(|order| order.units.get()).sum();
    let within = limit(campaign).is_none_or(|limit| others + units <= limit);
    let left = match (campaign.terms.format, campaign.phase) {
        (Format::FirstCome { .. }, Phase::Settled) => in_product && within,
        (Format::FirstCome { .. }, _) => {
            let mut counter = sale.counter();
            for hold in counter.holds.iter_mut().filter(|_| told) {
                if hold.id == order.hold && hold.state == HoldState::Held {
                    hold.state = HoldState::Released;
                }
            }
            let held = held_in(&counter, sale, asked, now);
            in_campaign && within && held.is_ok_and(|known| known.as_ref().is_none_or(takes))
        }
        _ => in_campaign || in_product,
    };
    Ok(if left && !void {
        paid(OrderStatus::Paid, again)
    } else {
        paid(OrderStatus::RefundDue, order.hold)
    })
}

/// The most units that one buyer may have of a first-come campaign.
pub(super) fn limit(campaign: &Campaign) -> Option<u32> {
    match campaign.terms.format {
        Format::FirstCome { per_buyer, .. } => per_buyer.map(flashbid_core::stock::Units::get),
        _ => None,
    }
}
