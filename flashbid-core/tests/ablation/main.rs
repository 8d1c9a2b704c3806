//! What each of the four layers against overselling stops: each is switched off, alone and together with others, while
//! settlers do their worst. The table of what gets through stands in ARCHITECTURE.md, word for word.

mod sale;

use std::fmt::Write;
use std::sync::Arc;

use flashbid_core::campaign::Phase;
use flashbid_core::memory::Layers;
use flashbid_core::store::Ledger;
use sale::{BEST, Harm, LEASE, OTHERS, Sale, Task, bidder, finish, go_on};

/// A way in which settlers do their worst, and how it is called in the table.
type Scenario = (&'static str, fn(Layers) -> Harm);

const SCENARIOS: [Scenario; 8] = [
    ("two settle at once", two_settle_at_once),
    (
        "two settle different books at once",
        two_settle_different_books,
    ),
    ("overtaken while it commits", overtaken_while_it_commits),
    ("late with an older plan", late_with_an_older_plan),
    (
        "tries again after a lost answer",
        tries_again_after_a_lost_answer,
    ),
    (
        "tries again while the first try runs",
        tries_again_while_the_first_runs,
    ),
    ("plans K + 1 winners", plans_too_many_winners),
    ("plans a bidder twice", plans_a_bidder_twice),
];

#[test]
fn the_architecture_says_what_each_layer_stops() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, section) = text
        .split_once("### What each layer stops\n")
        .expect("ARCHITECTURE.md has the section");
    let rows: Vec<&str> = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected = table();
    assert!(
        rows == expected.lines().collect::<Vec<_>>(),
        "the table is now:\n{expected}"
    );
}

#[test]
fn with_all_four_layers_nothing_gets_through() {
    for (name, scenario) in SCENARIOS {
        assert_eq!(scenario(Layers::ALL), Harm::default(), "{name}");
    }
}

#[test]
fn any_one_layer_may_fail() {
    for off in combinations().filter(|off| off.len() == 1) {
        for (name, scenario) in SCENARIOS {
            let harm = scenario(without(&off));
            assert_eq!(harm, Harm::default(), "{name} without layer {off:?}");
        }
    }
}

#[test]
fn each_layer_alone_stops_what_gets_through_without_it() {
    for layer in 1..=4 {
        let is_needed = |off: &Vec<u8>| {
            let with_it: Vec<u8> = off
                .iter()
                .copied()
                .filter(|other| *other != layer)
                .collect();
            off.contains(&layer)
                && SCENARIOS.iter().any(|(_, scenario)| {
                    scenario(without(&with_it)) == Harm::default()
                        && scenario(without(off)) != Harm::default()
                })
        };
        assert!(combinations().any(|off| is_needed(&off)), "layer {layer}");
    }
}

fn table() -> String {
    let mut table = String::from("| Off |");
    for (name, _) in SCENARIOS {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(SCENARIOS.len()));
    for off in combinations() {
        let names: Vec<String> = off.iter().map(u8::to_string).collect();
        let name = if off.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        write!(table, "\n| {name} |").unwrap();
        for (_, scenario) in SCENARIOS {
            write!(table, " {} |", scenario(without(&off)).name()).unwrap();
        }
    }
    table
}

/// Every set of layers, the smallest first.
fn combinations() -> impl Iterator<Item = Vec<u8>> {
    let sets = (0..16_u8).map(|bits| (1..=4).filter(move |layer| bits & 1 << (layer - 1) != 0));
    let mut sets: Vec<Vec<u8>> = sets.map(Iterator::collect).collect();
    sets.sort_by_key(|set| (set.len(), set.clone()));
    sets.into_iter()
}

fn without(off: &[u8]) -> Layers {
    Layers {
        fence: !off.contains(&1),
        counter: !off.contains(&2),
        row_lock: !off.contains(&3),
        constraints: !off.contains(&4),
    }
}

fn two_settle_at_once(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        [sale.settle("one", BEST), sale.settle("two", BEST)]
    })
}

fn two_settle_different_books(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        [sale.settle("one", BEST), sale.settle("two", OTHERS)]
    })
}

/// The holder is paused between the ledger's reading and writing, if the ledger lets it, and another settles.
fn overtaken_while_it_commits(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut sleeper = Some(sale.settle("sleeper", BEST));
    // It has its lease and its units, and its commit has begun.
    for _ in 0..3 {
        go_on(&mut sleeper);
    }
    sale.clock.advance(LEASE);
    finish(sale.settle("waker", BEST));
    sleeper.into_iter().for_each(finish);
    sale.harm()
}

/// The holder has planned while the campaign was open. Another has sealed it since, and holds units for the winners.
fn late_with_an_older_plan(layers: Layers) -> Harm {
    let mut sale = Sale::open(layers);
    sale.losers.extend(OTHERS.map(bidder));
    let late = finish(sale.acquire("late")).expect("it is the first");
    let old = sale.plan(OTHERS);
    sale.clock.advance(LEASE);
    let lease = finish(sale.acquire("waker")).expect("the lease is over");
    let sealing = sale
        .ledger
        .transition(sale.id, Phase::Open, Phase::Sealing, lease.token);
    assert!(finish(sealing).unwrap());
    finish(sale.hold(&sale.plan(BEST)));
    if finish(sale.hold(&old)) {
        let _ = finish(sale.ledger.commit_settlement(&old, late.token));
    }
    sale.harm()
}

fn tries_again_after_a_lost_answer(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let lease = finish(sale.acquire("one")).expect("it is the first");
    let plan = sale.plan(BEST);
    assert!(finish(sale.hold(&plan)));
    for _ in 0..2 {
        let _ = finish(sale.ledger.commit_settlement(&plan, lease.token));
    }
    sale.harm()
}

fn tries_again_while_the_first_runs(layers: Layers) -> Harm {
    interleaved(layers, |sale| {
        let lease = finish(sale.acquire("one")).expect("it is the first");
        let plan = sale.plan(BEST);
        assert!(finish(sale.hold(&plan)));
        [(); 2].map(|()| {
            let (sale, plan) = (sale.clone(), plan.clone());
            let commit = async move {
                let _ = sale.ledger.commit_settlement(&plan, lease.token).await;
            };
            Box::pin(commit) as Task
        })
    })
}

fn plans_too_many_winners(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut plan = sale.plan([1, 2]);
    plan.orders
        .extend(sale.plan([3, 4]).orders.into_iter().take(1));
    finish(sale.settle_plan("one", plan));
    sale.harm()
}

fn plans_a_bidder_twice(layers: Layers) -> Harm {
    let sale = Sale::sealing(layers);
    let mut plan = sale.plan(BEST);
    plan.orders[1].bidder = plan.orders[0].bidder;
    finish(sale.settle_plan("one", plan));
    sale.harm()
}

/// The harm that two tasks do in the worst order of their steps.
fn interleaved(layers: Layers, tasks: impl Fn(&Arc<Sale>) -> [Task; 2]) -> Harm {
    /// More than both tasks have together.
    const STEPS: u32 = 10;
    let mut worst = Harm::default();
    for order in 0..1_u32 << STEPS {
        let sale = Sale::sealing(layers);
        let mut tasks = tasks(&sale).map(Some);
        for step in 0..STEPS {
            go_on(&mut tasks[usize::from(order >> step & 1 == 1)]);
        }
        tasks.into_iter().flatten().for_each(finish);
        worst = worst.or(sale.harm());
    }
    worst
}
