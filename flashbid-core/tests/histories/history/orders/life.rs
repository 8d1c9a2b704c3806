//! Buying, paying and calling off: what each must answer and do, by the model.

use flashbid_core::bid::{Bid, IdempotencyKey};
use flashbid_core::engine::{Bought, Buy, Cart, CartLine};
use flashbid_core::id::{HoldId, OrderId, PurchaseId};
use flashbid_core::order::{Order, OrderStatus, Origin, PaymentId};
use flashbid_core::purchase::HoldFate;
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::time::Timestamp;
use flashbid_core::{Durability, Error, Rejection, Result};
use uuid::Uuid;

use super::model::{self, Request};
use super::op::{At, TO_PAY_MS, Want};
use super::sees::SeenSale;
use super::world::{Cause, World, buyer, may_fail};

impl World<'_> {
    pub(super) fn buy(&mut self, at: &At, wants: &[Want]) -> String {
        let id = self.sale(at.sale).campaign.id;
        let buys: Vec<Buy> = wants.iter().map(as_buy).collect();
        let fates: Vec<_> = buys
            .iter()
            .map(|buy| {
                let purchase = purchase(Some(id), buy)?;
                self.fate(HoldId::derive(purchase, id))
            })
            .collect();
        let now = self.stage.now();
        let ran = self.run(at, async |engine| {
            let buying = buys.iter().map(|buy| {
                let (engine, buy) = (engine.clone(), buy.clone());
                tokio::spawn(async move { engine.purchase(id, buy).await })
            });
            let mut answers = vec![];
            for answer in buying.collect::<Vec<_>>() {
                answers.push(answer.await.unwrap());
            }
            answers
        });
        for (number, answer) in ran.answer.iter().flatten().enumerate() {
            let sale = self.before.sale(id).unwrap();
            let buy = &buys[number];
            match answer {
                Err(error @ (Error::Store(_) | Error::Overloaded)) => {
                    may_fail(error, ran.lost);
                }
                // Which of those at once come first is open.
                _ if buys.len() > 1 => {}
                told => {
                    let expected = self.expected(sale, buy, fates[number].clone(), now);
                    agree_on_purchase(sale, buy, told, expected, now);
                }
            }
            if let Ok(bought) = answer {
                if let Some(order) = &bought.order {
                    let seen = self.seen.sale(id).unwrap();
                    assert!(
                        seen.orders.contains(order),
                        "{order:?} is not in the ledger"
                    );
                } else {
                    assert_eq!(self.history.durability, Durability::Hot);
                }
                self.promises(id).acknowledged.push(bought.hold);
            }
        }
        format!("{:?}", ran.answer)
    }

    /// The hold and the order that a purchase should come to; `None` for each that is new.
    fn expected(
        &self,
        sale: &SeenSale,
        buy: &Buy,
        fate: Option<HoldFate>,
        now: Timestamp,
    ) -> Result<(Option<Hold>, Option<Order>), Rejection> {
        if !sale.campaign.terms.format.is_first_come() {
            return Err(Rejection::WrongFormat);
        }
        if buy.units == Units::ZERO {
            return Err(Rejection::MalformedPurchase);
        }
        let asked = request(sale, buy, Some(sale.campaign.id));
        let held = model::held(sale, asked, now)?;
        let running = held.is_none_or(|hold| hold.state == HoldState::Held);
        if self.history.durability == Durability::Hot && running {
            return Ok((held, None));
        }
        Ok((held, model::ordered(sale, fate, asked)?))
    }

    pub(super) fn cart(&mut self, at: &At, want: &Want, second: Option<(usize, u32)>) -> String {
        let first = self.sale(at.sale).campaign.id;
        let mut lines = vec![(first, want.units)];
        lines.extend(second.map(|(further, units)| {
            let second = self.sale(at.sale + further).campaign.id;
            (second, units)
        }));
        let buy = as_buy(want);
        let cart = Cart {
            bidder: buy.bidder,
            lines: lines
                .iter()
                .map(|(campaign, units)| CartLine {
                    campaign: *campaign,
                    units: Units::new(*units).unwrap(),
                    ticket: None,
                })
                .collect(),
            key: buy.key.clone(),
            at: None,
        };
        let id = purchase(None, &buy);
        let known = |seen: &super::sees::Seen| -> Vec<Order> {
            let of = |order: &&Order| matches!(order.origin, Origin::Bought { purchase } if Some(purchase) == id);
            let orders = seen.orders().map(|(_, order)| order);
            let mut orders: Vec<Order> = orders.filter(of).cloned().collect();
            orders.sort_unstable_by_key(|order| order.campaign);
            orders
        };
        lines.sort_unstable();
        let expected = self.expected_cart(&lines, &buy, &known(&self.seen));
        let ran = self.run(at, async |engine| engine.purchase_cart(cart).await);
        match &ran.answer {
            Some(Err(error @ (Error::Store(_) | Error::Overloaded))) => {
                may_fail(error, ran.lost);
            }
            Some(answer) => {
                let told = answer.as_ref().map(|orders| {
                    let line = |order: &Order| (order.campaign, order.units.get());
                    orders.iter().map(line).collect::<Vec<_>>()
                });
                let told = told.map_err(|error| match error {
                    Error::Rejected(rejection) => rejection.clone(),
                    error => panic!("{error}"),
                });
                assert_eq!(told, expected);
            }
            None => {}
        }
        if let Some(Ok(orders)) = &ran.answer {
            for order in orders {
                let seen = self.seen.sale(order.campaign).unwrap();
                assert!(
                    seen.orders.contains(order),
                    "{order:?} is not in the ledger"
                );
                let promises = self.promises(order.campaign);
                // The purchase's own hold, also when the order has its units under another.
                promises.acknowledged.push(Hold {
                    id: order.id.into(),
                    ..order.as_hold()
                });
            }
        }
        let made = known(&self.seen);
        let whole = made.is_empty() || made.len() == known(&self.before).len();
        assert!(whole || made.len() == lines.len(), "half a cart: {made:?}");
        format!("{:?}", ran.answer)
    }

    /// The lines that are bought.
    fn expected_cart(
        &self,
        lines: &[(flashbid_core::id::CampaignId, u32)],
        buy: &Buy,
        known: &[Order],
    ) -> Result<Vec<(flashbid_core::id::CampaignId, u32)>, Rejection> {
        let twice = lines.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if twice || lines.iter().any(|(_, units)| *units == 0) {
            return Err(Rejection::MalformedPurchase);
        }
        let sales = lines.iter().map(|(id, _)| self.seen.sale(*id).unwrap());
        let sales: Vec<&SeenSale> = sales.collect();
        if sales
            .iter()
            .any(|sale| !sale.campaign.terms.format.is_first_come())
        {
            return Err(Rejection::WrongFormat);
        }
        let ordered: Vec<_> = known
            .iter()
            .map(|order| (order.campaign, order.units.get()))
            .collect();
        if !ordered.is_empty() {
            return if ordered == lines {
                Ok(ordered)
            } else {
                Err(Rejection::KeyReused)
            };
        }
        let requests = sales.iter().zip(lines).map(|(sale, (_, units))| Request {
            units: *units,
            ..request(sale, buy, None)
        });
        let requests: Vec<Request> = requests.collect();
        for (sale, asked) in sales.iter().zip(&requests) {
            model::held(sale, *asked, self.stage.now())?;
        }
        // A hold that is void is told before the stock is, and that before the limit.
        let mut refused = vec![];
        for (sale, asked) in sales.iter().zip(&requests) {
            let fate = asked.id.and_then(|id| self.fate(id));
            let void = matches!(fate, Some(HoldFate::Void(_)));
            if let Err(rejection) = model::ordered(sale, fate, *asked) {
                let limit = rejection == Rejection::LimitReached;
                refused.push((!void, limit, rejection));
            }
        }
        refused.sort_by_key(|(valid, limit, _)| (*valid, *valid && *limit));
        match refused.into_iter().next() {
            Some((.., rejection)) => Err(rejection),
            None => Ok(lines.to_vec()),
        }
    }

    pub(super) fn bid(&mut self, at: &At, number: u8, price: u8) -> String {
        let id = self.sale(at.sale).campaign.id;
        let bid = Bid::new(
            buyer(number),
            price.to_string().parse().unwrap(),
            "1".parse().unwrap(),
        );
        let ran = self.run(at, async |engine| engine.place_bid(id, bid).await);
        if let Some(Err(error @ (Error::Store(_) | Error::Overloaded))) = &ran.answer {
            may_fail(error, ran.lost);
        }
        format!("{:?}", ran.answer)
    }

    /// One of the orders that there are, or one that there is not.
    fn order(&self, number: usize) -> Option<Order> {
        let orders: Vec<&Order> = self.seen.orders().map(|(_, order)| order).collect();
        let number = number.checked_rem(orders.len())?;
        Some(orders[number].clone())
    }

    pub(super) fn pay(&mut self, at: &At, number: usize, payment: u8) -> String {
        let order = self.order(number);
        let id = order
            .as_ref()
            .map_or(OrderId::new(Uuid::nil()), |order| order.id);
        let payment = PaymentId::new(format!("payment-{payment}")).unwrap();
        let [told, untold] = [true, false].map(|told| {
            let Some(order) = &order else {
                return Err(Rejection::UnknownOrder);
            };
            let void = matches!(self.fate(HoldId::again(id)), Some(HoldFate::Void(_)));
            let free = self.seen.product(order.product).stock.available.get();
            let sale = self.seen.sale(order.campaign).unwrap();
            model::paid(sale, order, &payment, void, free, told, self.stage.now())
        });
        self.cause = order.map_or(Cause::Nothing, Cause::Asked);
        let ran = self.run(at, async |engine| engine.pay(id, payment).await);
        // What was lost may be what the counter was told.
        let is_untold =
            ran.lost > 0 && matches!(&ran.answer, Some(Ok(order)) if untold.as_ref() == Ok(order));
        let expected = if is_untold { untold } else { told };
        self.agree_on_order(ran.answer.as_ref(), &expected, ran.lost);
        format!("{:?}", ran.answer)
    }

    pub(super) fn cancel(&mut self, at: &At, number: usize) -> String {
        let order = self.order(number);
        let id = order
            .as_ref()
            .map_or(OrderId::new(Uuid::nil()), |order| order.id);
        let expected = match order.clone() {
            None => Err(Rejection::UnknownOrder),
            Some(order) => match order.status {
                OrderStatus::Paid => Err(Rejection::OrderPaid),
                OrderStatus::PendingPayment => Ok(Order {
                    status: OrderStatus::Cancelled,
                    ..order
                }),
                _ => Ok(order),
            },
        };
        self.cause = order.map_or(Cause::Nothing, Cause::Asked);
        let ran = self.run(at, async |engine| engine.cancel(id).await);
        self.agree_on_order(ran.answer.as_ref(), &expected, ran.lost);
        format!("{:?}", ran.answer)
    }

    fn agree_on_order(
        &self,
        answer: Option<&Result<Order>>,
        expected: &Result<Order, Rejection>,
        lost: usize,
    ) {
        match answer {
            Some(Ok(order)) => {
                assert_eq!(Ok(order), expected.as_ref());
                let seen = self.seen.sale(order.campaign).unwrap();
                assert!(
                    seen.orders.contains(order),
                    "{order:?} is not in the ledger"
                );
            }
            Some(Err(Error::Rejected(rejection))) => {
                assert_eq!(Err(rejection), expected.as_ref());
            }
            Some(Err(error)) => may_fail(error, lost),
            None => {}
        }
    }
}

fn as_buy(want: &Want) -> Buy {
    Buy {
        bidder: buyer(want.buyer),
        units: Units::new(want.units).unwrap(),
        key: want
            .key
            .map(|key| IdempotencyKey::new(format!("key-{key}")).unwrap()),
        ticket: None,
        at: None,
    }
}

/// The purchase that a key names; `None` without a key.
fn purchase(scope: Option<flashbid_core::id::CampaignId>, buy: &Buy) -> Option<PurchaseId> {
    let key = buy.key.as_ref()?;
    Some(PurchaseId::derive(scope, buy.bidder, key.as_str()))
}

fn request(sale: &SeenSale, buy: &Buy, scope: Option<flashbid_core::id::CampaignId>) -> Request {
    Request {
        id: purchase(scope, buy).map(|id| HoldId::derive(id, sale.campaign.id)),
        bidder: buy.bidder,
        units: buy.units.get(),
        timed: true,
    }
}

fn agree_on_purchase(
    sale: &SeenSale,
    buy: &Buy,
    told: &Result<Bought>,
    expected: Result<(Option<Hold>, Option<Order>), Rejection>,
    now: Timestamp,
) {
    let Ok(bought) = told else {
        let rejection = match told {
            Err(Error::Rejected(rejection)) => rejection.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(Err(rejection), expected, "{buy:?}");
        return;
    };
    let (hold, order) = expected.unwrap_or_else(|no| panic!("{bought:?} instead of {no:?}"));
    let hold = hold.unwrap_or(Hold {
        id: bought.hold.id,
        bidder: buy.bidder,
        units: buy.units,
        taken_at: now,
        expires_at: Timestamp::from_millis(now.millis() + i64::try_from(TO_PAY_MS).unwrap()),
        state: HoldState::Held,
    });
    assert_eq!(bought.hold, hold);
    let Some(made) = &bought.order else {
        assert_eq!(order, None);
        return;
    };
    let Origin::Bought { purchase: id } = made.origin else {
        panic!("{made:?} was not bought");
    };
    assert_eq!(hold.id, HoldId::derive(id, sale.campaign.id));
    assert!(purchase(Some(sale.campaign.id), buy).is_none_or(|named| named == id));
    let order = order.unwrap_or_else(|| model::order(&sale.campaign, &hold, id));
    assert_eq!(*made, order);
}
