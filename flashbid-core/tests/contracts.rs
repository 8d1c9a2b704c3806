//! Contracts and suite say the same: each case that a contract names exists, each case that exists is named by a
//! contract and turned into a test by the macro of its trait.

use std::collections::BTreeSet;

struct Trait {
    contract: &'static str,
    macros: &'static str,
    cases: &'static [&'static str],
}

const TRAITS: [Trait; 6] = [
    Trait {
        contract: include_str!("../src/store/book.rs"),
        macros: include_str!("../src/conformance/book.rs"),
        cases: &[
            include_str!("../src/conformance/book/forgetting.rs"),
            include_str!("../src/conformance/book/opening.rs"),
            include_str!("../src/conformance/book/placing.rs"),
            include_str!("../src/conformance/book/ranking.rs"),
            include_str!("../src/conformance/book/reading.rs"),
            include_str!("../src/conformance/book/sealing.rs"),
            include_str!("../src/conformance/book/tickets.rs"),
        ],
    },
    Trait {
        contract: include_str!("../src/store/gate.rs"),
        macros: include_str!("../src/conformance/gate.rs"),
        cases: &[
            include_str!("../src/conformance/gate/ending.rs"),
            include_str!("../src/conformance/gate/holding.rs"),
            include_str!("../src/conformance/gate/loading.rs"),
            include_str!("../src/conformance/gate/queueing.rs"),
            include_str!("../src/conformance/gate/repairing.rs"),
            include_str!("../src/conformance/gate/tickets.rs"),
        ],
    },
    Trait {
        contract: include_str!("../src/store/leases.rs"),
        macros: include_str!("../src/conformance/leases.rs"),
        cases: &[include_str!("../src/conformance/leases.rs")],
    },
    Trait {
        contract: include_str!("../src/store/admission.rs"),
        macros: include_str!("../src/conformance/admission.rs"),
        cases: &[include_str!("../src/conformance/admission.rs")],
    },
    Trait {
        contract: include_str!("../src/store/cache.rs"),
        macros: include_str!("../src/conformance/cache.rs"),
        cases: &[include_str!("../src/conformance/cache.rs")],
    },
    Trait {
        contract: include_str!("../src/store/ledger.rs"),
        macros: include_str!("../src/conformance/ledger.rs"),
        cases: &[
            include_str!("../src/conformance/ledger/carts.rs"),
            include_str!("../src/conformance/ledger/catalog.rs"),
            include_str!("../src/conformance/ledger/changes.rs"),
            include_str!("../src/conformance/ledger/discrepancies.rs"),
            include_str!("../src/conformance/ledger/ending.rs"),
            include_str!("../src/conformance/ledger/fates.rs"),
            include_str!("../src/conformance/ledger/offers.rs"),
            include_str!("../src/conformance/ledger/orders.rs"),
            include_str!("../src/conformance/ledger/phases.rs"),
            include_str!("../src/conformance/ledger/purchasing.rs"),
            include_str!("../src/conformance/ledger/reading.rs"),
            include_str!("../src/conformance/ledger/recording.rs"),
            include_str!("../src/conformance/ledger/rule.rs"),
            include_str!("../src/conformance/ledger/seeds.rs"),
            include_str!("../src/conformance/ledger/settling.rs"),
            include_str!("../src/conformance/ledger/stock.rs"),
        ],
    },
];

/// The names in backticks, but not those of links, from the `# Contract` and `# Errors` lists of a trait's methods.
fn named(contract: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut listing = false;
    for line in contract.lines().map(str::trim) {
        let Some(doc) = line.strip_prefix("///") else {
            listing = false;
            continue;
        };
        listing |= matches!(doc.trim(), "# Contract" | "# Errors");
        if listing {
            let quoted = doc.split('`').skip(1).step_by(2);
            names.extend(quoted.filter(|text| is_name(text)).map(str::to_owned));
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.contains('_') && text.chars().all(|letter| letter == '_' || plain(letter))
}

/// The functions of a file that take a store of any type.
fn written(source: &str) -> impl Iterator<Item = String> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('<'))
        .map(|(name, _)| name.to_owned())
}

/// The lines of a macro's list.
fn tested(source: &str) -> BTreeSet<String> {
    let (_, list) = source
        .split_once("conformance_tests! {")
        .expect("the file has the macro of its trait");
    let (list, _) = list.split_once('}').expect("the list ends");
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| is_name(line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_named_case_exists_and_every_case_is_named_and_tested() {
    for Trait {
        contract,
        macros,
        cases,
    } in TRAITS
    {
        let named = named(contract);
        let written: BTreeSet<_> = cases.iter().flat_map(|source| written(source)).collect();
        assert!(written.len() >= 8);
        let unwritten: Vec<_> = named.difference(&written).collect();
        assert!(
            unwritten.is_empty(),
            "named in a contract only: {unwritten:?}"
        );
        let unnamed: Vec<_> = written.difference(&named).collect();
        assert!(unnamed.is_empty(), "named in no contract: {unnamed:?}");
        assert_eq!(tested(macros), written);
    }
}
