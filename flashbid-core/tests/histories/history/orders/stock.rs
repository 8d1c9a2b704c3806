//! What sellers, operators and workers do: campaigns, stock, tending, repairs; and who changes counters by hand.

use flashbid_core::campaign::Phase;
use flashbid_core::engine::SettleOutcome;
use flashbid_core::id::{CampaignId, HoldId, StockChangeId};
use flashbid_core::order::OrderStatus;
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::store::{HoldRepair, ProductChange, StockChange};
use flashbid_core::time::Timestamp;
use flashbid_core::{Error, Rejection, Result};
use uuid::Uuid;

use super::model;
use super::op::{At, Kind, PRODUCTS, StockOp, TO_PAY_MS, Tampering};
use super::world::{Cause, World, buyer, may_fail};

impl World<'_> {
    pub(super) fn add_campaign(&mut self, at: &At, kind: Kind, quota: Option<u32>) -> String {
        let product = at.sale % PRODUCTS;
        let new = self.new_campaign(product, kind, quota);
        let available = self
            .seen
            .product(self.products[product])
            .stock
            .available
            .get();
        let expected = match quota {
            None if available == 0 => Some(Rejection::SoldOut),
            Some(0) => Some(Rejection::EmptyQuota),
            Some(quota) if quota > available => Some(Rejection::QuotaBeyondStock),
            _ => None,
        };
        let ran = self.run(at, async |engine| engine.add_campaign(new).await);
        let added = self.seen.sales.len() - self.before.sales.len();
        match &ran.answer {
            Some(Ok(campaign)) => {
                assert_eq!((expected, added), (None, 1));
                assert_eq!(campaign.terms.quota.get(), quota.unwrap_or(available));
            }
            Some(Err(Error::Rejected(rejection))) => {
                assert_eq!((expected.as_ref(), added), (Some(rejection), 0));
            }
            Some(Err(error)) => may_fail(error, ran.lost),
            None => {}
        }
        format!("{:?}", ran.answer)
    }

    pub(super) fn restock(&mut self, at: &At, op: StockOp) -> String {
        let number = at.sale % PRODUCTS;
        let id = self.products[number];
        let (change, key) = as_change(id, op);
        let stock = self.seen.product(id).stock;
        let promised = u64::from(stock.held.get()) + u64::from(stock.sold.get());
        let earlier = key.and_then(|key| self.changes.get(&(number, key)).copied());
        let expected = match (earlier, after(stock.loaded(), op)) {
            (Some(earlier), _) if format!("{earlier:?}") == format!("{op:?}") => Ok(stock.loaded()),
            (Some(_), _) => Err(Rejection::KeyReused),
            (None, Some(loaded)) if loaded >= promised => Ok(loaded),
            (None, _) => Err(Rejection::StockBelowPromised { promised }),
        };
        let change = ProductChange {
            stock: Some(change),
            ..ProductChange::default()
        };
        let ran = self.run(at, async |engine| engine.change_product(id, &change).await);
        match &ran.answer {
            Some(Ok(product)) => assert_eq!(Ok(product.stock.loaded()), expected),
            Some(Err(Error::Rejected(rejection))) => assert_eq!(Err(rejection), expected.as_ref()),
            Some(Err(error)) => may_fail(error, ran.lost),
            None => {}
        }
        let loaded = self.seen.product(id).stock.loaded();
        let applied = loaded != stock.loaded();
        assert!(
            !applied || Ok(loaded) == expected,
            "{loaded} instead of {expected:?}"
        );
        if let Some(key) = key.filter(|_| applied) {
            self.changes.insert((number, key), op);
        }
        self.loaded[number] = loaded;
        format!("{:?}", ran.answer)
    }

    pub(super) fn settle(&mut self, at: &At) -> String {
        let id = self.sale(at.sale).campaign.id;
        let expected = self.expected_settlement(id);
        let ran = self.run(at, async |engine| engine.settle(id).await);
        if let Some(outcome) = &ran.answer {
            agree_on_settlement(outcome, expected, ran.lost);
        }
        format!("{:?}", ran.answer)
    }

    /// What settling a campaign should come to, whatever the number of its orders.
    fn expected_settlement(&self, id: CampaignId) -> SettleOutcome {
        let campaign = &self.seen.sale(id).unwrap().campaign;
        if campaign.phase == Phase::Settled {
            SettleOutcome::AlreadySettled
        } else if self.stage.is_leased(id) {
            SettleOutcome::Busy
        } else if self.stage.now() < campaign.terms.window.end() {
            SettleOutcome::NotEnded
        } else {
            SettleOutcome::Settled { orders: 0 }
        }
    }

    pub(super) fn tend(&mut self, at: &At) -> String {
        let sales: Vec<CampaignId> = self
            .seen
            .sales
            .iter()
            .map(|sale| sale.campaign.id)
            .collect();
        let expected: Vec<_> = sales
            .iter()
            .map(|id| (self.expected_settlement(*id), self.stage.is_leased(*id)))
            .collect();
        self.cause = Cause::Time;
        let now = self.stage.now();
        let ran = self.run(at, async |engine| engine.tend().await);
        let tended = match &ran.answer {
            Some(Ok(tended)) => tended,
            Some(Err(error)) => {
                may_fail(error, ran.lost);
                return format!("{:?}", ran.answer);
            }
            None => return String::from("died"),
        };
        for (id, (expected, leased)) in sales.into_iter().zip(expected) {
            let (before, seen) = (self.before.sale(id).unwrap(), self.seen.sale(id).unwrap());
            let window = before.campaign.terms.window;
            let open = before.campaign.phase != Phase::Settled;
            let due = open && window.start() <= now;
            let found = tended.iter().find(|(tended, _)| *tended == id);
            // Of a campaign that is over an offer is told that failed.
            let failed_to_offer = !open && matches!(found, Some((_, Err(_))));
            assert_eq!(found.is_some(), due || failed_to_offer, "{id} {due}");
            match found {
                Some((_, Ok(Some(outcome)))) => {
                    agree_on_settlement(&Ok(*outcome), expected, ran.lost);
                }
                Some((_, Ok(None))) => assert!(now < window.end()),
                Some((_, Err(error))) => may_fail(error, ran.lost),
                None => {}
            }
            for order in &before.orders {
                let overdue = order.status == OrderStatus::PendingPayment && order.pay_by <= now;
                let after = seen
                    .orders
                    .iter()
                    .find(|after| after.id == order.id)
                    .unwrap();
                assert!(
                    !overdue || after.status == OrderStatus::Expired,
                    "{after:?}"
                );
            }
            if ran.lost == 0 {
                let over = !open && !leased;
                let available = seen.campaign.stock.available;
                assert!(
                    !over || available == Units::ZERO,
                    "{available} units are kept"
                );
                assert!(
                    seen.pending().is_empty() || !due || leased,
                    "purchases wait"
                );
            }
        }
        format!("{:?}", ran.answer)
    }

    pub(super) fn reconcile(&mut self, at: &At) -> String {
        let id = self.sale(at.sale).campaign.id;
        let ran = self.run(at, async |engine| engine.reconcile(id, true).await);
        let told = match ran.answer {
            Some(Ok(reconciled)) => {
                let mut told: Vec<_> = [("found", &reconciled.found), ("left", &reconciled.left)]
                    .into_iter()
                    .flat_map(|(when, all)| all.iter().map(move |one| format!("{when} {one:?}")))
                    .collect();
                told.sort();
                if ran.lost == 0 {
                    assert_eq!(reconciled.left, [], "not repaired: {:?}", reconciled.found);
                    let seen = self.seen.sale(id).unwrap();
                    let under_way = seen.strays().next().is_some();
                    // A purchase that waits is nothing that the ledger knows: what was done to it lasts until it is an order.
                    let waits = seen.pending().iter().any(|one| {
                        let is_order = seen.orders.iter().any(|order| order.hold == one.hold.id);
                        !is_order && one.hold.state != HoldState::Held
                    });
                    self.promises(id).off = under_way || waits;
                }
                told
            }
            Some(Err(error)) => {
                may_fail(&error, ran.lost);
                vec![format!("{error:?}")]
            }
            None => vec![String::from("died")],
        };
        format!("{told:?}")
    }

    pub(super) fn tamper(&mut self, number: usize, how: Tampering) -> String {
        let sale = self.sale(number);
        let id = sale.campaign.id;
        let Some((contents, _)) = &sale.contents else {
            return self.undisturbed();
        };
        let now = self.stage.now();
        let turned = |place: usize, turn: fn(HoldState) -> Option<HoldState>| {
            let place = place.checked_rem(contents.holds.len())?;
            let hold = contents.holds[place];
            let state = turn(hold.state)?;
            Some(HoldRepair {
                hold: Hold { state, ..hold },
                seen: Some(hold.state),
            })
        };
        let quota = match how {
            Tampering::Quota(quota) => Units::new(quota).unwrap(),
            _ => contents.quota,
        };
        let repair = match how {
            Tampering::Quota(_) => None,
            Tampering::Ghost(number) => Some(HoldRepair {
                hold: Hold {
                    id: HoldId::new(Uuid::from_u128(0x6057 + self.ghosts)),
                    bidder: buyer(number),
                    units: Units::ONE,
                    taken_at: Timestamp::from_millis(now.millis() - 120_000),
                    expires_at: Timestamp::from_millis(
                        now.millis() + i64::try_from(TO_PAY_MS).unwrap(),
                    ),
                    state: HoldState::Held,
                },
                seen: None,
            }),
            Tampering::Turn(place) => turned(place, |state| {
                Some(match state {
                    HoldState::Held | HoldState::Consumed => HoldState::Released,
                    _ => HoldState::Held,
                })
            }),
            Tampering::Sell(place) => turned(place, |state| {
                (state == HoldState::Held).then_some(HoldState::Consumed)
            }),
        };
        let hot = self.stage.hot.store();
        let repairs: Vec<HoldRepair> = repair.into_iter().collect();
        let repaired = hot.repair(id, quota, &repairs);
        let level = self.stage.onlooker.block_on(repaired).unwrap();
        let taken = model::units(&self.look_at(id).holds);
        assert_eq!(level.available.get(), quota.get().saturating_sub(taken));
        self.ghosts += 1;
        let promises = self.promises(id);
        (promises.off, promises.tampered) = (true, true);
        self.undisturbed();
        format!("{level:?}")
    }

    fn look_at(&self, id: CampaignId) -> flashbid_core::store::GateContents {
        let hot = self.stage.hot.store();
        let contents = self.stage.onlooker.block_on(hot.contents(id));
        contents.unwrap().unwrap()
    }
}

fn as_change(product: flashbid_core::id::ProductId, op: StockOp) -> (StockChange, Option<u8>) {
    let units = |units| Units::new(units).unwrap();
    let id = |key: u8| StockChangeId::derive(product, &key.to_string());
    match op {
        StockOp::Set(all) => (StockChange::Set(units(all)), None),
        StockOp::Add(key, more) => {
            let (id, units) = (id(key), units(more));
            (StockChange::Add { id, units }, Some(key))
        }
        StockOp::Remove(key, fewer) => {
            let (id, units) = (id(key), units(fewer));
            (StockChange::Remove { id, units }, Some(key))
        }
    }
}

/// How many units there are after a change; `None` when fewer than none would be.
fn after(loaded: u64, op: StockOp) -> Option<u64> {
    match op {
        StockOp::Set(all) => Some(all.into()),
        StockOp::Add(_, more) => Some(loaded + u64::from(more)),
        StockOp::Remove(_, fewer) => loaded.checked_sub(fewer.into()),
    }
}

fn agree_on_settlement(outcome: &Result<SettleOutcome>, expected: SettleOutcome, lost: usize) {
    let outcome = match outcome {
        Ok(SettleOutcome::Settled { .. }) => SettleOutcome::Settled { orders: 0 },
        Ok(outcome) => *outcome,
        Err(error) => return may_fail(error, lost),
    };
    // Calls that were lost may have settled it, or may have left the lease.
    let by_itself = lost > 0 && matches!(expected, SettleOutcome::Settled { .. });
    assert!(
        outcome == expected || by_itself,
        "{outcome:?} instead of {expected:?}"
    );
}
