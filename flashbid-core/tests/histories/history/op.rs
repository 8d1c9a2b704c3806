//! What may happen in a history.

use flashbid_core::Durability;
use flashbid_core::conformance::{Loss, Moment};
use proptest::prelude::*;
use proptest::sample::select;

/// Engines that share the stores.
pub(crate) const NODES: usize = 2;
/// Campaigns that take bids; the first takes the newest bid of a bidder, the second the best.
pub(crate) const SALES: usize = 2;
/// Bidders: few, so that they bid often.
pub(crate) const BIDDERS: u8 = 5;
/// How long the campaigns take bids.
pub(crate) const LENGTH_MS: i64 = 10_000;

/// A whole history and what it runs under.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) durability: Durability,
    /// How often the engines try a failed call again.
    pub(crate) retries: u32,
    /// α, β and γ. Many bids tie where little counts.
    pub(crate) weights: (u8, u16, u8),
    pub(crate) quotas: [u32; SALES],
    pub(crate) ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Bids that are placed at once, through one node.
    Place(At, Vec<Ask>),
    Settle(At),
    Relay(At),
    /// Everything that is due, as a worker does it.
    Tend(At),
    /// The ranking, a standing, a bidder's history and the feed.
    Read(At, u8),
    /// A further campaign on the same product, of a quota or of all that is left.
    AddCampaign(At, Option<u32>),
    /// The clock of all jumps, forwards or backwards.
    Jump(i64),
    /// The clock jumps to just before or behind the end of the campaigns.
    JumpToEnd(i64),
    /// A node's process dies and is started again.
    Restart(usize),
    /// The hot store forgets the book of one sale.
    LoseBook(usize),
    /// The hot store is lost, and an empty one takes its place under the living nodes.
    LoseHot,
    /// All processes die, and with them the hot store; the ledger is opened again.
    PowerCut,
}

/// Where something is asked for, and what goes wrong meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) node: usize,
    pub(crate) sale: usize,
    pub(crate) faults: Vec<Fault>,
}

/// A fault in the `nth` call of a store, counted from 1 since the operation began.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) store: Store,
    pub(crate) nth: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Hot,
    Ledger,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Lose(Loss),
    /// The node's process dies there.
    Die(Moment),
}

/// A bid to be placed.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) bidder: u8,
    /// In whole units; the reserve price is 1.
    pub(crate) price: u8,
    /// In whole units.
    pub(crate) weight: u8,
    /// The bidder's idempotency key.
    pub(crate) key: Option<u8>,
    /// Milliseconds from the start, when it does not count as placed by the hot store's clock.
    pub(crate) at: Option<i64>,
}

/// Histories of up to `ops` operations, with up to `at_once` bids placed at once.
pub(crate) fn histories(ops: usize, at_once: usize) -> impl Strategy<Value = History> {
    let durability = select(&[Durability::Ledger, Durability::Hot][..]);
    let weights = select(&[(1, 1_000, 100), (1, 0, 0), (0, 0, 1), (0, 100, 0)][..]);
    let quotas = [1..4_u32, 1..4_u32];
    (
        durability,
        0..3_u32,
        weights,
        quotas,
        prop::collection::vec(op(at_once), 1..=ops),
    )
        .prop_map(|(durability, retries, weights, quotas, ops)| History {
            durability,
            retries,
            weights,
            quotas,
            ops,
        })
}

fn op(at_once: usize) -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (at(), prop::collection::vec(ask(), 1)).prop_map(|(at, asks)| Op::Place(at, asks)),
        5 => (at(), prop::collection::vec(ask(), 1..=at_once)).prop_map(|(at, asks)| Op::Place(at, asks)),
        4 => at().prop_map(Op::Settle),
        3 => at().prop_map(Op::Relay),
        2 => at().prop_map(Op::Tend),
        3 => (at(), 0..BIDDERS).prop_map(|(at, bidder)| Op::Read(at, bidder)),
        1 => (at(), prop::option::of(0..4_u32)).prop_map(|(at, quota)| Op::AddCampaign(at, quota)),
        3 => (-2_000..4_000_i64).prop_map(Op::Jump),
        1 => (-2..2_i64).prop_map(Op::JumpToEnd),
        1 => (0..NODES).prop_map(Op::Restart),
        1 => (0..SALES).prop_map(Op::LoseBook),
        1 => Just(Op::LoseHot),
        1 => Just(Op::PowerCut),
    ]
}

fn at() -> impl Strategy<Value = At> {
    (0..NODES, 0..SALES, faults()).prop_map(|(node, sale, faults)| At { node, sale, faults })
}

pub(super) fn faults() -> impl Strategy<Value = Vec<Fault>> {
    prop_oneof![
        3 => Just(vec![]),
        1 => prop::collection::vec(fault(), 1..3),
        // An outage that outlasts the retries.
        1 => (store(), 1..12_usize, 2..5_usize, loss()).prop_map(|(store, nth, length, loss)| {
            let fault = |nth| Fault { store, nth, what: What::Lose(loss) };
            (nth..nth + length).map(fault).collect()
        }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let what = prop_oneof![
        2 => loss().prop_map(What::Lose),
        1 => select(&[Moment::Before, Moment::After][..]).prop_map(What::Die),
    ];
    (store(), 1..14_usize, what).prop_map(|(store, nth, what)| Fault { store, nth, what })
}

fn store() -> impl Strategy<Value = Store> {
    select(&[Store::Hot, Store::Ledger][..])
}

fn loss() -> impl Strategy<Value = Loss> {
    select(&[Loss::Request, Loss::Response][..])
}

fn ask() -> impl Strategy<Value = Ask> {
    (
        0..BIDDERS,
        0..8_u8,
        0..3_u8,
        prop::option::weighted(0.5, 0..3_u8),
        prop::option::weighted(0.2, -500..LENGTH_MS + 500),
    )
        .prop_map(|(bidder, price, weight, key, at)| Ask {
            bidder,
            price,
            weight,
            key,
            at,
        })
}
