//! The demo, run to its end as on a machine without a terminal.

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn demo(directory: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flashbid-server"))
        .current_dir(directory.path())
        .env_clear()
        .env("FLASHBID_LISTEN", "127.0.0.1:0")
        .arg("demo")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn line<'a>(said: &'a str, beginning: &str) -> &'a str {
    let mut lines = said.lines().map(str::trim_start);
    let found = lines.find(|line| line.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no line begins with {beginning}: {said}"))
}

fn count(said: &str, beginning: &str) -> usize {
    let lines = said.lines();
    lines.filter(|line| line.starts_with(beginning)).count()
}

#[test]
fn a_demo_without_a_terminal_ends_with_the_outcome_of_its_audit_and_can_be_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--sale", "3s", "--bidders", "25", "--units", "3"];
    let first = said(&demo(&directory, &arguments));
    let (_, winners) = first.split_once("Winners\n").expect("winners");
    for rank in ["1  ", "2  ", "3  "] {
        line(winners, rank);
    }
    assert!(!first.contains('\x1b'), "{first}");
    assert!(line(&first, "campaign").contains("3 orders, quota 3, stock 3"));
    assert_eq!(count(&first, "consistent"), 2, "{first}");
    line(&first, "Open http://127.0.0.1:");

    let second = said(&demo(&directory, &arguments));
    let administrator = "Administrator: demo@flashbid.local with the password ";
    assert_eq!(line(&second, administrator), line(&first, administrator));
    assert_ne!(line(&second, "Campaign:"), line(&first, "Campaign:"));
    assert_eq!(count(&second, "consistent"), 2, "{second}");
}

/// A page of a demo where only bids come in shows nothing of the other half of what it is for.
#[test]
fn the_crowd_buys_as_well_and_both_sales_are_audited() {
    let directory = tempfile::tempdir().unwrap();
    let said = said(&demo(&directory, &["--sale", "4s", "--bidders", "25"]));
    let (_, audited) = said
        .split_once("Verified from the ledger\n")
        .expect("an audit");
    let mut verdicts = audited.lines().filter(|line| line.starts_with("campaign"));
    let (ranked, first_come) = (verdicts.next().unwrap(), verdicts.next().unwrap());
    assert!(
        ranked.contains(" bids of ") && !ranked.contains(" 0 bids"),
        "{said}"
    );
    assert!(first_come.contains(", settled: "), "{said}");
    assert!(
        first_come.contains(" purchases of ") && !first_come.contains(" 0 purchases"),
        "{said}"
    );
    assert!(first_come.contains("quota 120, stock 120"), "{said}");
}

#[test]
fn a_demo_that_cannot_be_held_says_why_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (&["--sale", "soon"][..], "--sale"),
        (&["--sale", "0s"], "--sale"),
        (&["--bidders", "0"], "--bidders"),
        (&["--units", "-1"], "-1"),
        (&["--ledger", "sqlite:missing/x.db"], "missing"),
        (&["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
    ] {
        let output = demo(&directory, arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        assert!(error.contains(reason), "{error} does not say {reason}");
    }
}
