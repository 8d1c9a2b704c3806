//! The files of `deploy/` fit the program, and each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flashbid_testbed::{PgBouncer, PoolMode, Postgres};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words of `text` that begin with `start` and go on as an option does.
fn words<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(start)
        .filter(|(at, _)| !text[..*at].ends_with(belongs))
        .map(|(at, _)| {
            let word = &text[at..];
            let end = word.find(|letter| !belongs(letter)).unwrap_or(word.len());
            word[..end].trim_end_matches('_')
        })
        .collect()
}

/// What the program says of itself and of each of its commands.
fn help() -> String {
    let commands: [&[&str]; 7] = [
        &[],
        &["demo"],
        &["seed"],
        &["replay"],
        &["verify"],
        &["rebuild"],
        &["migrate"],
    ];
    let says = |command: &&[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_flashbid-server"))
            .args(*command)
            .arg("--help")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    commands.iter().map(says).collect()
}

#[test]
fn every_variable_that_is_set_or_documented_exists() {
    let help = help();
    let known = words(&help, "FLASHBID_");
    for file in [
        "deploy/compose.yaml",
        "deploy/README.md",
        "deploy/pgbouncer.ini",
        "README.md",
    ] {
        let text = text(file);
        // `FLASHBID_…` stands for all of them.
        for variable in words(&text, "FLASHBID_") {
            assert!(
                known.contains(variable) || variable == "FLASHBID",
                "{variable} of {file} does not exist"
            );
        }
    }
    let compose = text("deploy/compose.yaml");
    assert!(
        words(&compose, "FLASHBID_").len() >= 10,
        "the test reads the file"
    );
}

#[test]
fn every_flag_of_the_server_that_is_documented_exists() {
    let help = help();
    let known = words(&help, "--");
    for file in ["deploy/README.md", "README.md"] {
        for line in text(file).lines() {
            // Other programs have flags of their own.
            if line.contains("docker") || line.contains("cargo") {
                continue;
            }
            for flag in words(line, "--").into_iter().filter(|flag| flag.len() > 3) {
                assert!(known.contains(flag), "{flag} of {file} does not exist");
            }
        }
    }
}

#[test]
fn every_option_that_deploying_may_need_is_documented() {
    let (help, readme) = (help(), text("deploy/README.md"));
    let documented = words(&readme, "FLASHBID_");
    for variable in words(&help, "FLASHBID_") {
        assert!(
            documented.contains(variable),
            "{variable} is not in deploy/README.md"
        );
    }
}

#[test]
fn the_files_name_the_same_services() {
    let (compose, nginx, bouncer) = (
        text("deploy/compose.yaml"),
        text("deploy/nginx.conf"),
        text("deploy/pgbouncer.ini"),
    );
    for node in ["node1", "node2", "node3"] {
        assert!(compose.contains(&format!("\n  {node}: *node\n")), "{node}");
        assert!(nginx.contains(&format!("server {node}:8000 ")), "{node}");
    }
    assert!(compose.contains("FLASHBID_LISTEN: 0.0.0.0:8000"));
    assert!(compose.contains("@pgbouncer:6432/flashbid"));
    assert!(bouncer.contains("listen_port = 6432"));
    assert!(bouncer.contains("flashbid = host=postgres port=5432 "));
    assert_eq!(nginx.matches('{').count(), nginx.matches('}').count());
    let example = text("deploy/.env.example");
    for secret in words(&compose, "POSTGRES_PASSWORD").into_iter().chain([
        "REDIS_PASSWORD",
        "ADMIN_PASSWORD",
        "GRAFANA_PASSWORD",
    ]) {
        assert!(example.contains(&format!("\n{secret}=")), "{secret}");
    }
}

#[test]
fn what_watches_the_nodes_finds_its_files_and_its_sources() {
    let compose = text("deploy/compose.yaml");
    for (service, inside) in [("prometheus", "/etc/prometheus"), ("grafana", "")] {
        assert!(
            compose.contains(&format!("\n  {service}:\n    image: ")),
            "{service}"
        );
        let folder = format!("\"./{service}:{inside}:ro\"");
        assert!(inside.is_empty() || compose.contains(&folder), "{folder}");
        // Figures are for those who run the sale: nothing else on the network may read them.
        let port = format!("[\"127.0.0.1:${{{}_PORT:-", service.to_uppercase());
        assert!(compose.contains(&port), "{port}");
    }
    for (outside, inside) in [
        ("provisioning", "/etc/grafana/provisioning"),
        ("dashboards", "/var/lib/grafana/dashboards"),
    ] {
        assert!(compose.contains(&format!("- ./grafana/{outside}:{inside}:ro\n")));
        assert!(project().join("deploy/grafana").join(outside).is_dir());
    }
    let provider = text("deploy/grafana/provisioning/dashboards/flashbid.yaml");
    assert!(provider.contains("path: /var/lib/grafana/dashboards\n"));
    let source = text("deploy/grafana/provisioning/datasources/prometheus.yaml");
    assert!(source.contains("url: http://prometheus:9090\n"));
    let scraped = text("deploy/prometheus/prometheus.yml");
    for node in ["node1", "node2", "node3"] {
        assert!(scraped.contains(&format!("{node}:8000")), "{node}");
    }
    let proxy = text("deploy/nginx.conf");
    assert!(proxy.contains("location = /metrics {\n            return 404;"));
}

#[test]
fn pgbouncer_takes_its_settings() {
    let ini = text("deploy/pgbouncer.ini");
    let (_, settings) = ini.split_once("[pgbouncer]\n").unwrap();
    // Where it listens and whom it lets in is the testbed's own.
    let own = ["listen_", "unix_", "auth_"];
    let settings: Vec<_> = settings
        .lines()
        .filter(|line| !own.iter().any(|start| line.starts_with(start)))
        .collect();
    assert!(settings.contains(&"pool_mode = transaction"));
    let postgres = Postgres::shared();
    let bouncer = PgBouncer::start_with(postgres, PoolMode::Transaction, &settings);
    let database = postgres.database();
    let migrated = Command::new(env!("CARGO_BIN_EXE_flashbid-server"))
        .arg("migrate")
        .env("FLASHBID_LEDGER", bouncer.url(&database))
        .env("FLASHBID_MIGRATE_URL", &database)
        .output()
        .unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    let log = bouncer.log();
    for complaint in ["ERROR", "unknown", "syntax"] {
        assert!(!log.contains(complaint), "{log}");
    }
}
