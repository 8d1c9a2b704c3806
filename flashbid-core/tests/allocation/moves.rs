//! Orders that are paid, called off and overdue in any order, also late and again, while their sale goes on and ends.

use std::time::Duration;

use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::id::{BidderId, HoldId, OrderId, PurchaseId};
use flashbid_core::money::Money;
use flashbid_core::order::{Accounts, Order, OrderAction, OrderStatus, Origin, PaymentId, act};
use flashbid_core::stock::{Level, Units};
use flashbid_core::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::{PAYMENT_DEADLINE, START, campaign, first_come, ranked, runners_up, units};

const QUOTA: u32 = 12;
/// Units of the product that no campaign has at first.
const SPARE: u32 = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Something happens to an order, early or late.
    Act {
        order: usize,
        what: What,
        late: bool,
    },
    /// The sale goes on, and gives back what it has left when it is over.
    Ends { called_off: bool },
    /// Another sale takes units of the product.
    Elsewhere(u32),
}

#[derive(Clone, Copy, Debug)]
enum What {
    Pay { again: bool },
    Cancel,
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        3 => any::<bool>().prop_map(|again| What::Pay { again }),
        2 => Just(What::Cancel),
        2 => Just(What::Expire),
    ];
    prop_oneof![
        12 => (0..6_usize, what, any::<bool>())
            .prop_map(|(order, what, late)| Step::Act { order, what, late }),
        1 => any::<bool>().prop_map(|called_off| Step::Ends { called_off }),
        1 => (1..4_u32).prop_map(Step::Elsewhere),
    ]
}

#[derive(Debug)]
struct Sale {
    campaign: Campaign,
    product: Level,
    orders: Vec<Order>,
    loaded: u64,
}

impl Sale {
    fn new(campaign: Campaign, sizes: &[u32]) -> Self {
        let product = Level::loaded_with(units(QUOTA + SPARE));
        let mut sale = Self {
            product: product.hold(units(QUOTA)).unwrap(),
            loaded: product.loaded(),
            campaign,
            orders: vec![],
        };
        for (number, size) in (1..).zip(sizes) {
            let order = order(&sale.campaign, number, units(*size));
            if let Some(held) = sale.accounts().hold(order.units) {
                sale.keep(held);
                sale.orders.push(order);
            }
        }
        sale
    }

    fn accounts(&self) -> Accounts {
        Accounts::of(&self.campaign, self.product)
    }

    fn keep(&mut self, accounts: Accounts) {
        self.campaign.stock = accounts.campaign;
        self.campaign.returned = accounts.returned;
        self.product = accounts.product;
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Act { order, what, late } => {
                let place = order % self.orders.len();
                let at = if late {
                    START.after(PAYMENT_DEADLINE)
                } else {
                    START
                };
                self.act(place, &action(&self.orders[place], what), at);
            }
            Step::Ends { called_off } => self.end(called_off),
            Step::Elsewhere(count) => {
                if let Some(held) = self.product.hold(units(count)) {
                    self.product = held;
                }
            }
        }
    }

    fn act(&mut self, place: usize, action: &OrderAction, at: Timestamp) {
        let before = self.orders[place].clone();
        let accounts = self.accounts();
        let Some((order, moved)) = act(&before, &self.campaign, accounts, action, at) else {
            return;
        };
        assert!(
            before.status.may_become(order.status),
            "{:?} -> {:?}",
            before.status,
            order.status
        );
        match order.status {
            OrderStatus::Paid => assert!(order.payment.is_some()),
            OrderStatus::RefundDue => {
                assert!(order.payment.is_some());
                assert_eq!(moved, accounts, "money that goes back moves no units");
            }
            OrderStatus::Expired => assert!(order.pay_by <= at),
            _ => {}
        }
        if let (OrderAction::Pay { again: None, .. }, false) = (action, before.status.holds_stock())
        {
            assert_eq!(order.status, OrderStatus::RefundDue);
        }
        self.keep(moved);
        self.orders[place] = order.clone();
        let again = act(&order, &self.campaign, moved, action, at);
        assert_eq!(again, None, "what was done is not done again");
    }

    fn end(&mut self, called_off: bool) {
        let phase = if called_off {
            Phase::Cancelled
        } else {
            Phase::Settled
        };
        if matches!(self.campaign.phase, Phase::Settled | Phase::Cancelled) {
            return;
        }
        self.campaign.phase = phase;
        let left = self.campaign.stock.available;
        self.keep(self.accounts().give_back(left).unwrap());
    }

    fn check(&self) {
        let Campaign {
            stock, returned, ..
        } = self.campaign;
        let of = |status| {
            let orders = self.orders.iter().filter(|order| order.status == status);
            orders.map(|order| order.units.get()).sum::<u32>()
        };
        assert_eq!(stock.loaded() + u64::from(returned.get()), u64::from(QUOTA));
        assert_eq!(self.product.loaded(), self.loaded);
        assert_eq!(stock.held.get(), of(OrderStatus::PendingPayment));
        assert_eq!(stock.sold.get(), of(OrderStatus::Paid));
        assert_eq!(self.product.sold, stock.sold);
        let keeps = self.campaign.phase == Phase::Settled
            && !self.campaign.terms.format.is_first_come()
            && self.campaign.terms.runners_up.is_some();
        let over = matches!(self.campaign.phase, Phase::Settled | Phase::Cancelled);
        if over && !keeps {
            assert_eq!(stock.available, Units::ZERO, "nobody may have these");
        }
    }
}

fn order(campaign: &Campaign, number: u128, units: Units) -> Order {
    let hold = HoldId::new(Uuid::from_u128(number));
    Order {
        id: OrderId::from(hold),
        campaign: campaign.id,
        product: campaign.product,
        bidder: BidderId::new(Uuid::from_u128(100 + number)),
        units,
        price: Money::ZERO,
        origin: Origin::Bought {
            purchase: PurchaseId::new(Uuid::from_u128(200 + number)),
        },
        hold,
        status: OrderStatus::PendingPayment,
        created_at: START,
        pay_by: START.after(PAYMENT_DEADLINE),
        payment: None,
    }
}

fn action(order: &Order, what: What) -> OrderAction {
    match what {
        What::Pay { again } => OrderAction::Pay {
            payment: PaymentId::new("p-1").unwrap(),
            again: again.then(|| HoldId::again(order.id)),
        },
        What::Cancel => OrderAction::Cancel,
        What::Expire => OrderAction::Expire,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_move_makes_loses_or_returns_units_twice(
        kind in 0..3,
        sizes in prop::collection::vec(1..4_u32, 1..6),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let sold = match kind {
            0 => campaign(first_come(), None, QUOTA, Phase::Open),
            1 => campaign(ranked(), None, QUOTA, Phase::Sealing),
            _ => campaign(ranked(), Some(runners_up(3)), QUOTA, Phase::Sealing),
        };
        let mut sale = Sale::new(sold, &sizes);
        sale.check();
        for step in steps {
            sale.go(step);
            sale.check();
        }
    }
}

fn paid_late(sale: &mut Sale) -> OrderStatus {
    let late = START.after(PAYMENT_DEADLINE + Duration::from_mins(1));
    let pay = action(&sale.orders[0], What::Pay { again: true });
    sale.act(0, &pay, late);
    sale.check();
    sale.orders[0].status
}

fn expired(kind: Campaign) -> Sale {
    let mut sale = Sale::new(kind, &[2]);
    sale.act(0, &OrderAction::Expire, START.after(PAYMENT_DEADLINE));
    assert_eq!(sale.orders[0].status, OrderStatus::Expired);
    sale
}

#[test]
fn a_late_payment_takes_units_that_the_campaign_has() {
    let mut sale = expired(campaign(first_come(), None, QUOTA, Phase::Open));
    assert_eq!(paid_late(&mut sale), OrderStatus::Paid);
    assert_eq!(sale.orders[0].hold, HoldId::again(sale.orders[0].id));
}

#[test]
fn a_late_payment_behind_the_end_takes_units_that_were_returned() {
    let mut sale = expired(campaign(first_come(), None, QUOTA, Phase::Open));
    sale.end(false);
    assert_eq!(paid_late(&mut sale), OrderStatus::Paid);
    assert_eq!(sale.campaign.returned, units(QUOTA - 2));
}

#[test]
fn a_late_payment_is_refunded_when_others_have_the_units() {
    let mut sale = expired(campaign(first_come(), None, QUOTA, Phase::Open));
    sale.end(true);
    sale.go(Step::Elsewhere(QUOTA + SPARE - 1));
    assert_eq!(paid_late(&mut sale), OrderStatus::RefundDue);
    assert_eq!(sale.orders[0].hold, HoldId::from(sale.orders[0].id));
}

#[test]
fn a_payment_in_time_that_nobody_noticed_to_be_late_is_taken() {
    let mut sale = Sale::new(campaign(first_come(), None, QUOTA, Phase::Open), &[2]);
    assert_eq!(paid_late(&mut sale), OrderStatus::Paid);
}

#[test]
fn an_order_does_not_expire_before_its_time() {
    let mut sale = Sale::new(campaign(first_come(), None, QUOTA, Phase::Open), &[2]);
    let early = Timestamp::from_millis(START.after(PAYMENT_DEADLINE).millis() - 1);
    sale.act(0, &OrderAction::Expire, early);
    assert_eq!(sale.orders[0].status, OrderStatus::PendingPayment);
}
