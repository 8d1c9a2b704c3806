//! The invariants of orders, one check each, by their numbers in ARCHITECTURE.md.

use std::collections::HashSet;

use flashbid_core::campaign::Phase;
use flashbid_core::order::{Order, OrderStatus, Origin};
use flashbid_core::purchase::HoldFate;
use flashbid_core::stock::Hold;

use super::model::{self, takes};
use super::sees::{Seen, SeenSale};
use super::world::{Cause, World};

impl World<'_> {
    /// Checks every invariant after a step.
    pub(super) fn assert_invariants(&self) {
        let (before, seen) = (&self.before, &self.seen);
        for (product, loaded) in self.products.iter().zip(self.loaded) {
            let stock = seen.product(*product).stock;
            assert_eq!(stock.loaded(), loaded, "units appeared or vanished");
        }
        invariant_1_units_are_conserved(seen);
        invariant_2_orders_stay_within_quota_and_quotas_within_stock(seen);
        for sale in &seen.sales {
            invariant_3_a_bidder_has_at_most_one_order(sale);
            invariant_11_an_acknowledged_purchase_is_one_order(self, sale);
            if !self.promises[&sale.campaign.id].off {
                invariant_12_the_counter_has_exactly_the_units_of_the_orders(sale);
            }
        }
        invariant_13_orders_move_as_they_may_and_when_asked(before, seen, self);
        // Invariant 10, that all backends agree, compares the answers of whole histories: see the tests themselves.
    }
}

fn sum<'a>(orders: impl IntoIterator<Item = &'a Order>, status: OrderStatus) -> u32 {
    let of = orders.into_iter().filter(|order| order.status == status);
    of.map(|order| order.units.get()).sum()
}

fn invariant_1_units_are_conserved(seen: &Seen) {
    for product in &seen.products {
        let (mut held, mut sold) = (0, 0);
        let sales = seen.sales.iter();
        for sale in sales.filter(|sale| sale.campaign.product == product.id) {
            let (stock, returned) = (sale.campaign.stock, sale.campaign.returned);
            assert_eq!(
                stock.loaded() + u64::from(returned.get()),
                u64::from(sale.campaign.terms.quota.get()),
                "{stock:?} and {returned} are not the quota"
            );
            held += stock.available.get() + stock.held.get();
            sold += stock.sold.get();
        }
        let stock = product.stock;
        assert_eq!((stock.held.get(), stock.sold.get()), (held, sold));
    }
    for sale in &seen.sales {
        let stock = sale.campaign.stock;
        let counted = (stock.held.get(), stock.sold.get());
        let held = sum(&sale.orders, OrderStatus::PendingPayment);
        assert_eq!(counted, (held, sum(&sale.orders, OrderStatus::Paid)));
        let Some((contents, _)) = &sale.contents else {
            continue;
        };
        let (level, quota) = (contents.level, u64::from(contents.quota.get()));
        let overdrawn = level.loaded() > quota && level.available.get() == 0;
        assert!(level.loaded() == quota || overdrawn, "{level:?} of {quota}");
        let taken = level.held.get() + level.sold.get();
        assert_eq!(taken, model::units(&contents.holds), "{contents:?}");
    }
}

fn invariant_2_orders_stay_within_quota_and_quotas_within_stock(seen: &Seen) {
    for product in &seen.products {
        let sales = seen.sales.iter();
        let of_product = sales.filter(|sale| sale.campaign.product == product.id);
        let promised: u64 = of_product
            .map(|sale| {
                let orders = sale
                    .orders
                    .iter()
                    .filter(|order| order.status.holds_stock());
                let ordered: u32 = orders.map(|order| order.units.get()).sum();
                let quota = sale.campaign.terms.quota.get();
                assert!(ordered <= quota, "oversold: {ordered} units of {quota}");
                u64::from(quota - sale.campaign.returned.get())
            })
            .sum();
        assert!(promised <= product.stock.loaded(), "promised {promised}");
    }
}

/// Of a ranked sale; of a first-come one at most as many units as its limit says.
fn invariant_3_a_bidder_has_at_most_one_order(sale: &SeenSale) {
    for order in &sale.orders {
        let own = sale
            .orders
            .iter()
            .filter(|other| other.bidder == order.bidder);
        if sale.campaign.terms.format.is_first_come() {
            let own = own.filter(|order| order.status.holds_stock());
            let units: u32 = own.map(|order| order.units.get()).sum();
            let limit = model::limit(&sale.campaign);
            assert!(
                limit.is_none_or(|limit| units <= limit),
                "{units} for one buyer"
            );
        } else {
            assert_eq!(own.count(), 1, "{order:?} is not the bidder's only one");
        }
    }
}

/// It is one from the answer on, or waits to become one; only one whose counter was changed by hand may be refused.
fn invariant_11_an_acknowledged_purchase_is_one_order(world: &World<'_>, sale: &SeenSale) {
    let mut purchases = HashSet::new();
    for order in &sale.orders {
        if let Origin::Bought { purchase } = order.origin {
            assert!(
                purchases.insert(purchase),
                "{order:?} is the second of its purchase"
            );
        }
    }
    let promises = &world.promises[&sale.campaign.id];
    for hold in &promises.acknowledged {
        let order = sale.orders.iter().find(|order| order.id == hold.id.into());
        let Some(order) = order else {
            let waits = sale.pending().iter().any(|one| one.hold.id == hold.id);
            let void = matches!(world.fate(hold.id), Some(HoldFate::Void(_)));
            assert!(waits || (void && promises.tampered), "{hold:?} is no order");
            continue;
        };
        assert_eq!((order.bidder, order.units), (hold.bidder, hold.units));
    }
}

/// Of a sale that runs, and but for the purchases that wait. One that is over does not need its counter.
fn invariant_12_the_counter_has_exactly_the_units_of_the_orders(sale: &SeenSale) {
    let Some((contents, _)) = &sale.contents else {
        return;
    };
    if !sale.campaign.terms.format.is_first_come() || sale.campaign.phase == Phase::Settled {
        return;
    }
    assert_eq!(sale.strays().next(), None, "held for nobody in {sale:?}");
    for order in sale
        .orders
        .iter()
        .filter(|order| order.status.holds_stock())
    {
        let its_own = |hold: &&Hold| hold.id == order.hold && takes(hold);
        let hold = contents.holds.iter().find(its_own);
        assert!(
            hold.is_some_and(|hold| sale.has_order(hold)),
            "{order:?} is not counted"
        );
    }
    if contents.pending.is_empty() {
        assert_eq!(contents.level, sale.campaign.stock);
    }
}

fn invariant_13_orders_move_as_they_may_and_when_asked(
    before: &Seen,
    seen: &Seen,
    world: &World<'_>,
) {
    for (sale, order) in before.orders() {
        let after = seen.sale(sale.campaign.id).unwrap().orders.iter();
        let after = after.clone().find(|after| after.id == order.id);
        let after = after.unwrap_or_else(|| panic!("{order:?} is gone"));
        let same = Order {
            status: order.status,
            hold: order.hold,
            payment: order.payment.clone(),
            ..after.clone()
        };
        assert_eq!(same, *order, "an order's terms changed");
        if after.status == order.status {
            assert_eq!(after, order);
            continue;
        }
        assert!(
            order.status.may_become(after.status),
            "{order:?} -> {after:?}"
        );
        let asked = match &world.cause {
            Cause::Asked(asked) => asked.id == order.id && after.status != OrderStatus::Expired,
            Cause::Time => {
                after.status == OrderStatus::Expired && order.pay_by <= world.stage.now()
            }
            Cause::Nothing => false,
        };
        assert!(asked, "nobody asked for {order:?} -> {after:?}");
        let paid = matches!(after.status, OrderStatus::Paid | OrderStatus::RefundDue);
        assert_eq!(after.payment.is_some(), paid);
    }
}
