//! First-come sales, moves of orders and repairs: whatever is asked in whatever order, two ledgers agree.

use std::fmt::Debug;
use std::time::Duration;

use flashbid_core::campaign::{Campaign, FencingToken, Phase, RunnersUp};
use flashbid_core::discrepancy::{Discrepancy, DiscrepancyKind};
use flashbid_core::id::{BidId, HoldId, OrderId, StockChangeId};
use flashbid_core::order::{Order, OrderAction, OrderMove, OrderStatus, Origin, PaymentId};
use flashbid_core::purchase::{DeadLetter, Purchase};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::settle::{OfferPlan, plan};
use flashbid_core::stock::Units;
use flashbid_core::store::{Ledger, Page, ProductChange, Revision, StockChange, StoreResult};
use flashbid_core::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{first_come, hold, open_shop, purchase, purchase_id};
use crate::common::{ALL, TOKEN, bidder, campaign, money, product, stretch};

/// Numbers of purchases; each is always for the same buyer, units and campaigns.
const PURCHASES: u64 = 16;
const BUYERS: u64 = 4;
/// Bidders of the ranked campaign, of whom the first three have won.
const BIDDERS: u64 = 8;

/// Something that is asked of a ledger.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Purchases by number; the flag asks for another price than usual.
    Buy(Vec<(u64, bool)>),
    Move(Vec<(Target, Act, i64)>),
    /// Holds by purchase; the flag means the hold of units that are taken again.
    Void(u8, Vec<(u64, bool)>),
    SetAside(u8, u64),
    Drop(u8, u64),
    Transition(u8, Phase, Phase, u64),
    /// Seals and ends a sale; the version that is asked for is as much older than the campaign's.
    End(u8, u64, u64),
    Offer(Vec<u64>, u32, u64),
    Restock(Change, u128, u32),
    Note(Vec<(u8, u8)>),
}

/// Which order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Bought(u8, u64),
    Won(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Pay,
    PayAgain,
    Cancel,
    Expire,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Set,
    Add,
    Remove,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let number = || 0..PURCHASES;
    let sale = || prop_oneof![8 => 0..2_u8, 1 => 2..4_u8];
    let token = || prop_oneof![1 => Just(0), 8 => Just(1), 1 => Just(2_u64)];
    let phases = prop::sample::select(vec![
        (Phase::Open, Phase::Sealing),
        (Phase::Open, Phase::Cancelled),
        (Phase::Sealing, Phase::Settled),
    ]);
    let buy = prop::collection::vec((number(), prop::bool::weighted(0.02)), 1..6);
    let target = prop_oneof![
        3 => (0..2_u8, number()).prop_map(|(sale, number)| Target::Bought(sale, number)),
        1 => (0..BIDDERS + 1).prop_map(Target::Won),
    ];
    let voids = prop::collection::vec((number(), prop::bool::weighted(0.3)), 1..4);
    let act = prop::sample::select(vec![Act::Pay, Act::PayAgain, Act::Cancel, Act::Expire]);
    let moves = prop::collection::vec((target, act, 0..2_000_000_i64), 1..5);
    let change = prop::sample::select(vec![Change::Set, Change::Add, Change::Remove]);
    prop_oneof![
        8 => buy.prop_map(Step::Buy),
        6 => moves.prop_map(Step::Move),
        2 => (sale(), voids).prop_map(|(sale, holds)| Step::Void(sale, holds)),
        2 => (sale(), number()).prop_map(|(sale, number)| Step::SetAside(sale, number)),
        2 => (sale(), number()).prop_map(|(sale, number)| Step::Drop(sale, number)),
        1 => (sale(), phases, token()).prop_map(|(s, (from, to), t)| Step::Transition(s, from, to, t)),
        1 => (sale(), prop_oneof![8 => Just(0), 1 => Just(1_u64)], token()).prop_map(|(sale, age, token)| Step::End(sale, age, token)),
        2 => (prop::collection::vec(0..BIDDERS, 0..3), 0..3_u32, token())
            .prop_map(|(bidders, returned, token)| Step::Offer(bidders, returned, token)),
        2 => (change, 0..4_u128, 0..60_u32).prop_map(|(c, id, units)| Step::Restock(c, id, units)),
        1 => prop::collection::vec((0..3_u8, 0..3_u8), 0..4).prop_map(Step::Note),
    ]
}

/// Two that sell first-come, one that is ranked and settled, and one that nobody has made.
fn sale(number: u8) -> Campaign {
    match number {
        0 => first_come(1, 12, Some(4)),
        1 => first_come(2, 8, None),
        2 => {
            let mut ranked = campaign(3, 3);
            ranked.terms.runners_up = Some(RunnersUp {
                places: 5,
                payment_deadline: Duration::from_mins(5),
            });
            ranked
        }
        _ => campaign(4, 1),
    }
}

/// A purchase as a buyer would ask for it: mostly of one campaign, now and then of two, of a ranked or an unknown one.
fn bought(number: u64) -> Purchase {
    let sales: &[u8] = match number % 12 {
        0..5 => &[0],
        5..8 => &[1],
        8..10 => &[0, 1],
        10 => &[2],
        _ => &[3],
    };
    let as_first_come = |number: u8| {
        let mut campaign = sale(number);
        if !campaign.terms.format.is_first_come() {
            campaign.terms.format = sale(1).terms.format;
        }
        campaign
    };
    let campaigns: Vec<_> = sales.iter().copied().map(as_first_come).collect();
    let units = 1 + u32::try_from(number % 3).unwrap();
    purchase(&campaigns, number, number % BUYERS, units)
}

fn won(number: u64, rank: usize) -> Order {
    let ranked = sale(2);
    let id = OrderId::derive(ranked.id, bidder(number));
    Order {
        id,
        campaign: ranked.id,
        product: ranked.product,
        bidder: bidder(number),
        units: Units::ONE,
        price: money(101),
        origin: Origin::Won {
            bid: BidId::new(Uuid::from_u64_pair(7, number)),
            score: Score::from_ten_thousandths(1).unwrap(),
            rank: Rank::behind(rank),
        },
        hold: id.into(),
        status: OrderStatus::PendingPayment,
        created_at: Timestamp::from_millis(1_700_000_600_000),
        pay_by: Timestamp::from_millis(1_700_000_900_000),
        payment: None,
    }
}

async fn prepare(ledger: &dyn Ledger) {
    open_shop(ledger, &sale(0)).await;
    open_shop(ledger, &sale(1)).await;
    // Little is free, so that late payments find it gone now and then.
    let scarce = ProductChange {
        stock: Some(StockChange::Set(Units::new(40).unwrap())),
        ..ProductChange::default()
    };
    let at = Timestamp::from_millis(0);
    let id = product(0).id;
    ledger.change_product(id, &scarce, at).await.unwrap();
    let ranked = open_shop(ledger, &sale(2)).await;
    let seed = ledger.begin_epoch(ranked.id).await.unwrap().unwrap();
    let mut log = stretch(seed.epoch, 0, 3);
    for (number, bid) in (0..).zip(&mut log.bids) {
        bid.bidder = bidder(number);
    }
    ledger.record(ranked.id, &log).await.unwrap();
    let sealing = ledger.transition(ranked.id, Phase::Open, Phase::Sealing, TOKEN);
    assert!(sealing.await.unwrap());
    let ranked = ledger.campaign(ranked.id).await.unwrap().unwrap();
    let settled = plan(
        &ranked,
        &log.bids,
        Sequence::new(3),
        ranked.terms.window.end(),
    );
    ledger.commit_settlement(&settled, TOKEN).await.unwrap();
}

/// What a ledger answers to a step, in words.
async fn answer(ledger: &dyn Ledger, step: &Step, at: i64) -> String {
    let now = Timestamp::from_millis(at);
    match step {
        Step::Buy(numbers) => {
            // Within a batch, a number is always asked for in the same way.
            let flawed = |number| numbers.contains(&(number, true));
            let batch = numbers.iter().map(|(number, _)| {
                let mut purchase = bought(*number);
                if flawed(*number) {
                    purchase.orders[0].price = money(1);
                }
                purchase
            });
            words(ledger.commit_purchases(&batch.collect::<Vec<_>>()).await)
        }
        Step::Move(asked) => {
            let moves: Vec<_> = asked.iter().map(moving).collect();
            words(ledger.move_orders(&moves).await)
        }
        Step::Void(number, holds) => {
            let id = sale(*number).id;
            let holds = holds.iter().map(|(purchase, again)| {
                let hold = hold_of(*number, *purchase);
                if *again {
                    HoldId::again(hold.into())
                } else {
                    hold
                }
            });
            let holds: Vec<_> = holds.collect();
            words(ledger.void_holds(id, &holds).await)
        }
        Step::SetAside(number, hold) => {
            words(ledger.set_aside(&[letter(*number, *hold, now)]).await)
        }
        Step::Drop(number, hold) => words(ledger.drop_dead_letter(hold_of(*number, *hold)).await),
        Step::Transition(number, from, to, token) => {
            let token = FencingToken::new(*token);
            words(ledger.transition(sale(*number).id, *from, *to, token).await)
        }
        Step::End(number, age, token) => {
            let (id, token) = (sale(*number).id, FencingToken::new(*token));
            let sealed = ledger
                .transition(id, Phase::Open, Phase::Sealing, token)
                .await;
            let campaign = ledger.campaign(id).await.unwrap();
            let version = campaign.map_or(0, |campaign| campaign.version);
            let ended = ledger
                .end_sale(id, version.saturating_sub(*age), token)
                .await;
            words(sealed) + &words(ended)
        }
        Step::Offer(bidders, returned, token) => {
            let orders = bidders
                .iter()
                .map(|number| won(*number, usize::try_from(*number).unwrap()));
            let plan = OfferPlan {
                campaign: sale(2).id,
                orders: orders.collect(),
                returned: Units::new(*returned).unwrap(),
            };
            words(ledger.commit_offers(&plan, FencingToken::new(*token)).await)
        }
        Step::Restock(change, id, units) => {
            let (id, units) = (
                StockChangeId::new(Uuid::from_u128(*id)),
                Units::new(*units).unwrap(),
            );
            let change = ProductChange {
                name: Some(format!("A lamp of {at}")),
                stock: Some(match change {
                    Change::Set => StockChange::Set(units),
                    Change::Add => StockChange::Add { id, units },
                    Change::Remove => StockChange::Remove { id, units },
                }),
                ..ProductChange::default()
            };
            words(ledger.change_product(product(0).id, &change, now).await)
        }
        Step::Note(found) => {
            let found: Vec<_> = found.iter().map(|found| discrepancy(*found, now)).collect();
            words(ledger.note_discrepancies(sale(0).id, &found, now).await)
        }
    }
}

fn words<T: Debug>(answer: StoreResult<T>) -> String {
    format!("{:?}", answer.map_err(|error| error.kind))
}

fn moving((target, act, after): &(Target, Act, i64)) -> OrderMove {
    let order = match *target {
        Target::Bought(number, purchase) => hold_of(number, purchase).into(),
        Target::Won(number) => won(number, 0).id,
    };
    let pay = |again| OrderAction::Pay {
        payment: PaymentId::new(format!("payment-{after}")).unwrap(),
        again,
    };
    OrderMove {
        order,
        action: match act {
            Act::Pay => pay(None),
            Act::PayAgain => pay(Some(HoldId::again(order))),
            Act::Cancel => OrderAction::Cancel,
            Act::Expire => OrderAction::Expire,
        },
        at: Timestamp::from_millis(1_700_000_000_000 + after),
    }
}

fn hold_of(number: u8, purchase: u64) -> HoldId {
    HoldId::derive(purchase_id(purchase), sale(number).id)
}

fn letter(number: u8, purchase: u64, at: Timestamp) -> DeadLetter {
    let units = 1 + u32::try_from(purchase % 3).unwrap();
    DeadLetter {
        campaign: sale(number).id,
        purchase: purchase_id(purchase),
        hold: hold(&sale(number), purchase, purchase % BUYERS, units),
        reason: "the ledger was away".to_owned(),
        attempts: 3,
        at,
    }
}

fn discrepancy((kind, subject): (u8, u8), at: Timestamp) -> Discrepancy {
    Discrepancy {
        campaign: sale(0).id,
        kind: DiscrepancyKind::ALL[usize::from(kind)],
        subject: Uuid::from_u128(subject.into()),
        expected: "1".to_owned(),
        found: at.millis().to_string(),
        noticed_at: at,
        resolved_at: None,
    }
}

/// All that can be read of a ledger, in words.
async fn everything(ledger: &dyn Ledger) -> Vec<String> {
    let mut all = vec![
        words(ledger.products(ALL).await),
        words(ledger.low_stock(Units::new(12).unwrap(), ALL).await),
        words(ledger.campaigns(ALL).await),
        words(
            ledger
                .campaigns_of(product(0).id, Page { skip: 1, limit: 1 })
                .await,
        ),
        words(ledger.with_units_left(ALL).await),
        words(ledger.dead_letters(ALL).await),
        words(ledger.outbox(u32::MAX).await),
        words(
            ledger
                .overdue_orders(Timestamp::from_millis(1_700_000_900_005), 5)
                .await,
        ),
    ];
    for number in 0..4 {
        let id = sale(number).id;
        all.push(words(ledger.orders_in(id, ALL).await));
        all.push(words(
            ledger.order_changes(id, Revision::ZERO, u32::MAX).await,
        ));
        all.push(words(ledger.order_changes(id, Revision::new(3), 2).await));
        let mut seed = ledger.gate_seed(id).await.unwrap();
        if let Some(seed) = &mut seed {
            seed.holds.sort_by_key(|hold| hold.id);
        }
        all.push(words(Ok(seed)));
        let holds: Vec<_> = (0..PURCHASES)
            .map(|purchase| hold_of(number, purchase))
            .collect();
        all.push(words(ledger.hold_fates(&holds).await));
        let again: Vec<_> = holds
            .iter()
            .map(|hold| HoldId::again((*hold).into()))
            .collect();
        all.push(words(ledger.hold_fates(&again).await));
    }
    for number in 0..BIDDERS {
        all.push(words(ledger.orders_of(bidder(number), ALL).await));
    }
    for open in [true, false] {
        let mut listed = ledger.discrepancies(open, ALL).await.unwrap();
        // Those that were noticed together have no order.
        listed
            .items
            .sort_by_key(|listed| (listed.noticed_at, listed.kind, listed.subject));
        all.push(words(Ok(listed)));
    }
    all
}

/// Does the steps to both ledgers, and compares every answer and, in the end, all that can be read.
pub(crate) async fn agree(
    ours: &dyn Ledger,
    theirs: &dyn Ledger,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    prepare(ours).await;
    prepare(theirs).await;
    for (at, step) in (1..).zip(steps) {
        let (ours, theirs) = (answer(ours, step, at).await, answer(theirs, step, at).await);
        prop_assert_eq!(ours, theirs, "{:?}", step);
    }
    let (ours, theirs) = (everything(ours).await, everything(theirs).await);
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        prop_assert_eq!(ours, theirs);
    }
    Ok(())
}
