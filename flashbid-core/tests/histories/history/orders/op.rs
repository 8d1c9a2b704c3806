//! What may happen in a history of orders.

use flashbid_core::Durability;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::op::{Fault, NODES, faults};

/// Products; the campaigns of each share its stock.
pub(super) const PRODUCTS: usize = 2;
/// Buyers: few, so that they meet their limits.
const BUYERS: u8 = 4;
/// How long the campaigns sell.
pub(super) const LENGTH_MS: i64 = 10_000;
/// How long a buyer has to pay.
pub(super) const TO_PAY_MS: u64 = 3_000;
/// Longer than anything lasts: a lease of one who died, a hold that may be under way.
pub(super) const LONG_MS: i64 = 90_000;

/// A whole history and what it runs under.
#[derive(Clone, Debug)]
pub(crate) struct OrderHistory {
    pub(crate) durability: Durability,
    pub(super) retries: u32,
    /// The most units of a first-come campaign that one buyer may have.
    pub(super) per_buyer: Option<u32>,
    pub(super) ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    AddCampaign(At, Kind, Option<u32>),
    /// Purchases that are made at once, through one node.
    Buy(At, Vec<Want>),
    /// A cart of two lines: the second is of another campaign, so many further, and may be missing.
    Cart(At, Want, Option<(usize, u32)>),
    /// A bid in a ranked campaign, in whole units.
    Bid(At, u8, u8),
    /// An order is paid with one of a few payments.
    Pay(At, usize, u8),
    /// An order is called off, or declined by a runner-up.
    Cancel(At, usize),
    Settle(At),
    /// Everything that is due, as a worker does it.
    Tend(At),
    /// The stock of a product is corrected.
    Stock(At, StockOp),
    /// The counter of a sale is compared and repaired.
    Reconcile(At),
    /// Time passes, in milliseconds.
    Wait(i64),
    Restart(usize),
    /// The counter of a sale is forgotten, but not what waits in it.
    Unload(usize),
    /// Somebody changes a counter by hand.
    Tamper(usize, Tampering),
    LoseHot,
    PowerCut,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    FirstCome,
    Ranked { runners_up: Option<u32> },
}

/// Where something is asked for, and what goes wrong meanwhile.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) node: usize,
    /// A sale of those that there are, or a product.
    pub(super) sale: usize,
    pub(super) faults: Vec<Fault>,
}

#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) buyer: u8,
    pub(super) units: u32,
    pub(super) key: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum StockOp {
    Set(u32),
    Add(u8, u32),
    Remove(u8, u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Tampering {
    /// The counter has another quota.
    Quota(u32),
    /// A hold of nobody's purchase.
    Ghost(u8),
    /// A hold that takes units takes none, or one that takes none does.
    Turn(usize),
    /// A hold that awaits payment counts as sold.
    Sell(usize),
}

/// Histories of up to `ops` operations, with up to `at_once` purchases made at once. In half of them nothing is lost
/// and nobody dies.
pub(crate) fn order_histories(ops: usize, at_once: usize) -> impl Strategy<Value = OrderHistory> {
    (
        select(&[Durability::Ledger, Durability::Hot][..]),
        0..3_u32,
        prop::option::of(1..4_u32),
        any::<bool>(),
        prop::collection::vec(op(at_once), 1..=ops),
    )
        .prop_map(|(durability, retries, per_buyer, calm, mut ops)| {
            if calm {
                ops.iter_mut().for_each(Op::calm);
            }
            OrderHistory {
                durability,
                retries,
                per_buyer,
                ops,
            }
        })
}

impl Op {
    fn calm(&mut self) {
        match self {
            Self::AddCampaign(at, ..)
            | Self::Buy(at, _)
            | Self::Cart(at, ..)
            | Self::Bid(at, ..)
            | Self::Pay(at, ..)
            | Self::Cancel(at, _)
            | Self::Settle(at)
            | Self::Tend(at)
            | Self::Stock(at, _)
            | Self::Reconcile(at) => at.faults.clear(),
            Self::Wait(_)
            | Self::Restart(_)
            | Self::Unload(_)
            | Self::Tamper(..)
            | Self::LoseHot
            | Self::PowerCut => {}
        }
    }
}

fn op(at_once: usize) -> impl Strategy<Value = Op> {
    let order = 0..12_usize;
    let wait = prop_oneof![8 => 0..4_000_i64, 1 => Just(LENGTH_MS), 1 => Just(LONG_MS)];
    prop_oneof![
        5 => (at(), kind(), prop::option::weighted(0.9, 0..5_u32))
            .prop_map(|(at, kind, quota)| Op::AddCampaign(at, kind, quota)),
        10 => (at(), prop::collection::vec(want(), 1)).prop_map(|(at, wants)| Op::Buy(at, wants)),
        3 => (at(), prop::collection::vec(want(), 1..=at_once)).prop_map(|(at, wants)| Op::Buy(at, wants)),
        6 => (at(), want(), prop::option::weighted(0.8, (1..4_usize, 1..3_u32)))
            .prop_map(|(at, want, second)| Op::Cart(at, want, second)),
        5 => (at(), 0..BUYERS, 1..6_u8).prop_map(|(at, buyer, price)| Op::Bid(at, buyer, price)),
        8 => (at(), order.clone(), 0..2_u8).prop_map(|(at, order, payment)| Op::Pay(at, order, payment)),
        5 => (at(), order).prop_map(|(at, order)| Op::Cancel(at, order)),
        2 => at().prop_map(Op::Settle),
        6 => at().prop_map(Op::Tend),
        3 => (at(), stock()).prop_map(|(at, change)| Op::Stock(at, change)),
        4 => at().prop_map(Op::Reconcile),
        7 => wait.prop_map(Op::Wait),
        1 => (0..NODES).prop_map(Op::Restart),
        1 => sale().prop_map(Op::Unload),
        2 => (sale(), tampering()).prop_map(|(sale, how)| Op::Tamper(sale, how)),
        1 => Just(Op::LoseHot),
        1 => Just(Op::PowerCut),
    ]
}

fn at() -> impl Strategy<Value = At> {
    (0..NODES, sale(), faults()).prop_map(|(node, sale, faults)| At { node, sale, faults })
}

fn sale() -> impl Strategy<Value = usize> {
    0..6_usize
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::FirstCome),
        prop::option::of(1..4_u32).prop_map(|runners_up| Kind::Ranked { runners_up }),
    ]
}

fn want() -> impl Strategy<Value = Want> {
    (0..BUYERS, 0..4_u32, prop::option::weighted(0.6, 0..2_u8))
        .prop_map(|(buyer, units, key)| Want { buyer, units, key })
}

fn stock() -> impl Strategy<Value = StockOp> {
    prop_oneof![
        (0..12_u32).prop_map(StockOp::Set),
        (0..3_u8, 1..4_u32).prop_map(|(id, units)| StockOp::Add(id, units)),
        (0..3_u8, 1..4_u32).prop_map(|(id, units)| StockOp::Remove(id, units)),
    ]
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        (0..9_u32).prop_map(Tampering::Quota),
        (0..BUYERS).prop_map(Tampering::Ghost),
        (0..9_usize).prop_map(Tampering::Turn),
        (0..9_usize).prop_map(Tampering::Sell),
    ]
}
