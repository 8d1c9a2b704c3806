//! What each operation must answer and do, by the model.

use flashbid_core::bid::{AcceptedBid, Bid};
use flashbid_core::campaign::{Phase, Rebid};
use flashbid_core::engine::SettleOutcome;
use flashbid_core::store::{EventBatch, Listing, Placement, Ranking, Standing};
use flashbid_core::time::Timestamp;
use flashbid_core::{Durability, Error, Rejection, Result, StoreErrorKind};

use super::model;
use super::op::{Ask, At, LENGTH_MS, Op, SALES};
use super::stage::{Ran, START};
use super::world::{ALL, SeenSale, World, bidder};

impl World<'_> {
    /// Does one step, compares what comes of it with the model, and answers what was answered.
    pub(super) fn step(&mut self, op: &Op) -> String {
        match op {
            Op::Place(at, asks) => self.place(at, asks),
            Op::Settle(at) => self.settle(at),
            Op::Relay(at) => self.relay(at),
            Op::Tend(at) => self.tend(at),
            Op::Read(at, bidder) => self.read(at, *bidder),
            Op::AddCampaign(at, quota) => self.add_campaign(at, *quota),
            Op::Jump(millis) => {
                let now = self.now().millis() + millis;
                self.stage.clock.set(Timestamp::from_millis(now));
                self.undisturbed()
            }
            Op::JumpToEnd(millis) => {
                let now = START.millis() + LENGTH_MS + millis;
                self.stage.clock.set(Timestamp::from_millis(now));
                self.undisturbed()
            }
            Op::Restart(node) => {
                self.stage.restart(*node);
                self.undisturbed()
            }
            Op::LoseBook(sale) => {
                let (hot, id) = (self.stage.hot.store(), self.sales[*sale].id);
                self.stage.onlooker.block_on(hot.discard(id)).unwrap();
                self.stage.onlooker.block_on(hot.unload(id)).unwrap();
                self.forget(*sale);
                self.lost()
            }
            Op::LoseHot => {
                self.stage.lose_hot();
                (0..SALES).for_each(|sale| self.forget(sale));
                self.lost()
            }
            Op::PowerCut => {
                self.stage.power_cut();
                (0..SALES).for_each(|sale| self.forget(sale));
                self.lost()
            }
        }
    }

    fn place(&mut self, at: &At, asks: &[Ask]) -> String {
        let bids: Vec<Bid> = asks.iter().map(Self::bid).collect();
        let id = self.sales[at.sale].id;
        let ran = self.run(at, async |engine| {
            let place = |bid: &Bid| {
                let (engine, bid) = (engine.clone(), bid.clone());
                tokio::spawn(async move { engine.place_bid(id, bid).await })
            };
            let placing: Vec<_> = bids.iter().map(place).collect();
            let mut answers = vec![];
            for answer in placing {
                answers.push(answer.await.unwrap());
            }
            answers
        });
        self.look();
        let answers = match &ran.answer {
            Some(answers) => answers.iter().map(Some).collect(),
            None => vec![None; bids.len()],
        };
        self.agree_on_bids(at.sale, &bids, &answers, ran.lost);
        self.others_are_untouched(Some(at.sale));
        format!("{:?}", ran.answer)
    }

    /// Every new event of the book is one of `bids`, accepted as the model would, and every answer is the model's.
    fn agree_on_bids(
        &mut self,
        sale: usize,
        bids: &[Bid],
        answers: &[Option<&Result<AcceptedBid>>],
        lost: usize,
    ) {
        let now = self.now();
        let (before, seen) = (&self.before.sales[sale], &self.seen.sales[sale]);
        let campaign = &before.campaign;
        let sealed = before.book().1;
        let (base, log) = grown(before, seen);

        let mut unused: Vec<usize> = (0..bids.len()).collect();
        for place in base..log.len() {
            let event = &log[place];
            let accepted = |number: &usize| {
                let (bid, answer) = (&bids[*number], answers[*number]);
                let told = match answer {
                    Some(Ok(told)) => told == event,
                    Some(Err(Error::Store(error))) => error.kind == StoreErrorKind::Indeterminate,
                    Some(Err(_)) => false,
                    None => true,
                };
                let modelled = model::place(campaign, &log[..place], sealed, bid, event.id, now);
                told && modelled == Ok(Placement::Accepted(event.clone()))
            };
            // Whoever was answered is certain, and a key says whose event it is; the others may be anybody's.
            let candidates = (0..unused.len()).filter(|place| accepted(&unused[*place]));
            let found = candidates.max_by_key(|place| {
                let number = unused[*place];
                let answered = matches!(answers[number], Some(Ok(_)));
                (answered, bids[number].key.is_some())
            });
            let Some(found) = found else {
                panic!("nobody asked for {event:?}, or the model would not have accepted it");
            };
            unused.remove(found);
        }

        for (number, (bid, answer)) in bids.iter().zip(answers).enumerate() {
            let at_some_time = |rejection: &Rejection| {
                (base..=log.len()).any(|place| {
                    let fresh = uuid::Uuid::nil().into();
                    let log = &log[..place];
                    model::place(campaign, log, sealed, bid, fresh, now) == Err(rejection.clone())
                })
            };
            match answer {
                Some(Ok(told)) => {
                    assert!(log.contains(told), "{told:?} is not in the book");
                    if unused.contains(&number) {
                        let replay = model::place(campaign, log, sealed, bid, told.id, now);
                        assert_eq!(replay, Ok(Placement::Replayed(told.clone())));
                        assert!(bid.key.is_some(), "{bid:?} is no retry");
                    }
                    if self.history.durability == Durability::Ledger {
                        assert!(
                            seen.recorded.contains(told),
                            "{told:?} was acknowledged before it was recorded"
                        );
                    }
                }
                Some(Err(Error::Rejected(rejection))) => {
                    assert!(at_some_time(rejection), "{bid:?} was refused: {rejection}");
                }
                Some(Err(error)) => self.may_fail(error, lost),
                None => {}
            }
        }
        let answered = answers.iter().copied().flatten().flatten().cloned();
        self.sales[sale].acknowledged.extend(answered);
    }

    fn settle(&mut self, at: &At) -> String {
        let expected = self.expected_settlement(at.sale);
        let id = self.sales[at.sale].id;
        let ran = self.run(at, async |engine| engine.settle(id).await);
        self.look();
        if let Some(outcome) = &ran.answer {
            self.agree_on_settlement(at.sale, outcome, expected, ran.lost);
        }
        self.agree_on_bids(at.sale, &[], &[], ran.lost);
        self.others_are_untouched(Some(at.sale));
        format!("{:?}", ran.answer)
    }

    fn expected_settlement(&self, sale: usize) -> SettleOutcome {
        let seen = &self.seen.sales[sale];
        let (log, sealed) = seen.book();
        let now = log
            .last()
            .map_or(self.now(), |last| last.at.max(self.now()));
        if seen.campaign.phase == Phase::Settled {
            SettleOutcome::AlreadySettled
        } else if self.is_leased(sale) {
            SettleOutcome::Busy
        } else if !sealed && now < seen.campaign.terms.window.end() {
            SettleOutcome::NotEnded
        } else {
            let bidders = model::ranking(model::rebid(&seen.campaign), log).len();
            let quota = seen.campaign.terms.quota.get() as usize;
            SettleOutcome::Settled {
                orders: bidders.min(quota),
            }
        }
    }

    /// Whether the outcome is as expected, and the ledger as the outcome says.
    fn agree_on_settlement(
        &self,
        sale: usize,
        outcome: &Result<SettleOutcome>,
        expected: SettleOutcome,
        lost: usize,
    ) {
        match outcome {
            Ok(outcome) => {
                // An attempt whose answer was lost has settled before its own second attempt.
                let by_itself = *outcome == SettleOutcome::AlreadySettled
                    && matches!(expected, SettleOutcome::Settled { .. })
                    && lost > 0;
                assert!(
                    *outcome == expected || by_itself,
                    "{outcome:?} instead of {expected:?}"
                );
            }
            Err(error) => self.may_fail(error, lost),
        }
        let settled = matches!(
            outcome,
            Ok(SettleOutcome::Settled { .. } | SettleOutcome::AlreadySettled)
        );
        if settled {
            assert_eq!(self.seen.sales[sale].campaign.phase, Phase::Settled);
        }
    }

    fn relay(&mut self, at: &At) -> String {
        let id = self.sales[at.sale].id;
        let ran = self.run(at, async |engine| engine.relay(id).await);
        self.look();
        match &ran.answer {
            Some(Ok(checkpoint)) => {
                assert_eq!(*checkpoint, self.seen.sales[at.sale].checkpoint);
                self.everything_is_relayed(at.sale);
            }
            Some(Err(error)) => self.may_fail(error, ran.lost),
            None => {}
        }
        self.agree_on_bids(at.sale, &[], &[], ran.lost);
        self.others_are_untouched(Some(at.sale));
        format!("{:?}", ran.answer)
    }

    fn everything_is_relayed(&self, sale: usize) {
        let seen = &self.seen.sales[sale];
        let (log, _) = seen.book();
        assert_eq!(seen.recorded, log, "the relay left a gap");
        assert_eq!(seen.checkpoint, model::last_sequence(log));
    }

    fn tend(&mut self, at: &At) -> String {
        let expected: Vec<_> = (0..SALES)
            .map(|sale| self.expected_settlement(sale))
            .collect();
        let ran = self.run(at, async |engine| engine.tend().await);
        self.look();
        for (sale, expected) in expected.into_iter().enumerate() {
            self.agree_on_bids(sale, &[], &[], ran.lost);
            let Some(Ok(tended)) = &ran.answer else {
                continue;
            };
            let (now, before) = (self.now(), &self.before.sales[sale]);
            let window = before.campaign.terms.window;
            let due = window.start() <= now && before.campaign.phase != Phase::Settled;
            let found = tended.iter().find(|(id, _)| *id == self.sales[sale].id);
            assert_eq!(found.is_some(), due, "tended what was not due, or not");
            match found {
                Some((_, Ok(Some(outcome)))) => {
                    self.agree_on_settlement(sale, &Ok(*outcome), expected, ran.lost);
                }
                Some((_, Ok(None))) => {
                    assert!(now < window.end());
                    self.everything_is_relayed(sale);
                }
                Some((_, Err(error))) => self.may_fail(error, ran.lost),
                None => {}
            }
        }
        if let Some(Err(error)) = &ran.answer {
            may_fail_at_once(error, ran.lost);
        }
        format!("{:?}", ran.answer)
    }

    fn read(&mut self, at: &At, number: u8) -> String {
        let id = self.sales[at.sale].id;
        let who = bidder(number);
        let after = model::last_sequence(&self.sales[at.sale].told);
        let ran = self.run(at, async |engine| {
            (
                engine.ranking(id, usize::from(number)).await,
                engine.standing(id, who).await,
                engine.events_after(id, after, 3).await,
                engine.history(id, who, ALL).await,
            )
        });
        self.look();
        self.agree_on_bids(at.sale, &[], &[], ran.lost);
        self.others_are_untouched(Some(at.sale));
        let Ran { answer, lost } = ran;
        let line = format!("{answer:?}");
        let Some((ranking, standing, events, history)) = answer else {
            return line;
        };
        let seen = &self.seen.sales[at.sale];
        match &ranking {
            Ok(ranking) => agree_on_ranking(seen, usize::from(number), ranking),
            Err(error) => may_fail_at_once(error, lost),
        }
        match &standing {
            Ok(standing) => agree_on_standing(seen, number, standing.as_ref()),
            Err(error) => may_fail_at_once(error, lost),
        }
        match &history {
            Ok(history) => agree_on_history(seen, number, history),
            Err(error) => may_fail_at_once(error, lost),
        }
        match events {
            Ok(events) => {
                let may_tell = match self.history.durability {
                    Durability::Ledger => &seen.recorded,
                    Durability::Hot => &seen.book.as_ref().expect("it was read").log,
                };
                agree_on_events(may_tell, &events);
                self.sales[at.sale].told.extend(events.bids);
            }
            Err(error) => may_fail_at_once(&error, lost),
        }
        line
    }

    fn add_campaign(&mut self, at: &At, quota: Option<u32>) -> String {
        let new = self.new_campaign(quota, Rebid::Latest);
        let ran = self.run(at, async |engine| engine.add_campaign(new).await);
        self.look();
        self.others_are_untouched(None);
        let available = self.before.product.stock.available.get();
        let expected = match quota {
            None if available == 0 => Some(Rejection::SoldOut),
            Some(0) => Some(Rejection::EmptyQuota),
            Some(quota) if quota > available => Some(Rejection::QuotaBeyondStock),
            _ => None,
        };
        let added = self.seen.campaigns.len() - self.before.campaigns.len();
        match &ran.answer {
            Some(Ok(campaign)) => {
                assert_eq!((expected, added), (None, 1));
                let promised = campaign.terms.quota.get();
                assert_eq!(promised, quota.unwrap_or(available));
            }
            Some(Err(Error::Rejected(rejection))) => {
                assert_eq!((expected.as_ref(), added), (Some(rejection), 0));
            }
            Some(Err(error)) => may_fail_at_once(error, ran.lost),
            None => {}
        }
        format!("{:?}", ran.answer)
    }

    /// A bid, a settlement or a relay may fail only when a store failed more often than the engine tries.
    fn may_fail(&self, error: &Error, lost: usize) {
        let retries = self.history.retries as usize;
        assert!(
            lost > retries,
            "{error} after {lost} lost calls and {retries} retries"
        );
        may_fail_at_once(error, lost);
    }

    /// Nothing but the clock or the processes changed.
    fn undisturbed(&mut self) -> String {
        self.look();
        self.others_are_untouched(None);
        String::new()
    }

    fn others_are_untouched(&self, but: Option<usize>) {
        for sale in (0..SALES).filter(|sale| Some(*sale) != but) {
            let (before, seen) = (&self.before.sales[sale], &self.seen.sales[sale]);
            assert_eq!(before.book, seen.book);
            assert_eq!(before.recorded, seen.recorded);
            assert_eq!(before.orders, seen.orders);
            assert_eq!(before.campaign, seen.campaign);
        }
    }

    /// A lost hot store may lose what the ledger does not have, and under [`Durability::Ledger`] nobody was told of
    /// that.
    fn forget(&mut self, sale: usize) {
        if self.history.durability == Durability::Hot {
            let recorded = &self.seen.sales[sale].recorded;
            let sale = &mut self.sales[sale];
            sale.acknowledged.retain(|bid| recorded.contains(bid));
            sale.told.retain(|bid| recorded.contains(bid));
        }
    }

    fn lost(&mut self) -> String {
        self.look();
        for (before, seen) in self.before.sales.iter().zip(&self.seen.sales) {
            assert_eq!(before.recorded, seen.recorded, "the ledger lost bids");
            assert_eq!(before.orders, seen.orders, "the ledger lost orders");
            assert_eq!(before.campaign, seen.campaign);
        }
        String::new()
    }
}

/// The log of a book, and how much of it was there before the step or in the ledger that it was opened from.
fn grown<'a>(before: &'a SeenSale, seen: &'a SeenSale) -> (usize, &'a [AcceptedBid]) {
    let (earlier, _) = before.book();
    let (log, _) = seen.book();
    assert!(
        log.starts_with(earlier),
        "{log:?} does not continue {earlier:?}"
    );
    if let (Some(before), Some(seen)) = (&before.book, &seen.book) {
        assert_eq!(before.epoch, seen.epoch, "a living book was opened again");
    }
    for bid in &seen.recorded {
        assert!(
            log.contains(bid),
            "{bid:?} was recorded, but never accepted"
        );
    }
    (earlier.len(), log)
}

fn agree_on_ranking(seen: &SeenSale, n: usize, ranking: &Ranking) {
    let (log, sealed) = seen.book();
    let expected = model::ranking(model::rebid(&seen.campaign), log);
    let top = ranking.top.iter().map(|standing| &standing.bid);
    assert!(top.eq(expected.iter().copied().take(n)), "{ranking:?}");
    let ranks = ranking.top.iter().map(|standing| standing.rank.get());
    assert!(ranks.eq(1..=u32::try_from(n.min(expected.len())).unwrap()));
    let stats = &ranking.stats;
    let quota = seen.campaign.terms.quota.get() as usize;
    assert_eq!(stats.participants as usize, expected.len());
    assert_eq!(stats.bids, log.len() as u64);
    assert_eq!(stats.last_sequence, model::last_sequence(log));
    assert_eq!(stats.max_price, log.iter().map(|bid| bid.price).max());
    assert_eq!(stats.max_score, expected.first().map(|bid| bid.score));
    assert_eq!(
        stats.min_winning_score,
        expected.get(quota - 1).map(|bid| bid.score)
    );
    assert_eq!(stats.sealed, sealed);
}

fn agree_on_standing(seen: &SeenSale, number: u8, standing: Option<&Standing>) {
    let (log, _) = seen.book();
    let rebid = model::rebid(&seen.campaign);
    let ranking = model::ranking(rebid, log);
    let expected = ranking.iter().find(|bid| bid.bidder == bidder(number));
    assert_eq!(standing.map(|standing| &standing.bid), expected.copied());
    assert_eq!(
        standing.map(|standing| standing.rank),
        model::rank(rebid, log, bidder(number))
    );
}

fn agree_on_history(seen: &SeenSale, number: u8, history: &Listing<AcceptedBid>) {
    let own = seen.recorded.iter().rev();
    let own: Vec<_> = own.filter(|bid| bid.bidder == bidder(number)).collect();
    assert_eq!(history.total, own.len() as u64);
    assert!(history.items.iter().eq(own), "{history:?}");
}

/// A stretch that is told is a complete part of what may be told.
fn agree_on_events(may_tell: &[AcceptedBid], events: &EventBatch) {
    let stretch =
        |bid: &&AcceptedBid| events.after < bid.sequence && bid.sequence <= events.through;
    let expected = may_tell.iter().filter(stretch);
    assert!(
        events.bids.iter().eq(expected),
        "{events:?} of {may_tell:?}"
    );
    assert!(events.through >= events.after);
}

/// A failure may be told only when a store failed, and says what may be done.
fn may_fail_at_once(error: &Error, lost: usize) {
    assert!(lost > 0, "{error}, but nothing was lost");
    let Error::Store(error) = error else {
        panic!("{error} is no failure of a store");
    };
    assert!(error.may_retry(), "{error:?} does not say what to do");
}
