//! What the documents say of the code stays true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");

#[test]
fn every_test_that_the_architecture_names_exists() {
    let (_, section) = ARCHITECTURE
        .split_once("## Invariants")
        .expect("the architecture has a section of invariants");
    let section = section.split("\n## ").next().unwrap_or(section);
    let named: BTreeSet<&str> = section
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| is_test_name(name))
        .collect();
    assert!(named.len() > 20, "only {} tests are named", named.len());

    let mut sources = String::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in [
        "flashbid-core",
        "flashbid-sqlite",
        "flashbid-postgres",
        "flashbid-redis",
        "backends",
        "flashbid-server",
        "examples",
        "fuzz/src",
    ] {
        read_sources(&root.join(part), &mut sources);
    }
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| {
            !["(", "<"]
                .iter()
                .any(|end| sources.contains(&format!("fn {name}{end}")))
        })
        .collect();
    assert!(missing.is_empty(), "there are no tests {missing:?}");
}

/// A claim in snake case, other than a path or a type.
fn is_test_name(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn read_sources(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory of this repository") {
        let path = entry.expect("a directory of this repository").path();
        if path.is_dir() {
            read_sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).expect("sources are UTF-8"));
        }
    }
}
