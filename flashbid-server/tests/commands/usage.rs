use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::program::{program, refused, run, stdout};

const SECRET: &str = "sesame-sesame-sesame-sesame-sesame";

#[test]
fn a_wrong_option_is_one_line_and_exit_code_2() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (&["--colour", "blue"][..], "--colour"),
        (&["serv"], "serv"),
        (&["--listen"], "--listen"),
        (&["--listen", "nonsense"], "cannot listen on nonsense"),
        (&["--listen", "127.0.0.1:99999"], "cannot listen"),
        (&["--hot", "redis://"], "hot store"),
        (&["--hot", "redis+sentinel://h"], "primary's name"),
        (&["--hot", "redis://h?colour=blue"], "colour"),
        (&["--hot-connections", "0"], "--hot-connections"),
        (&["--ledger-connections", "many"], "--ledger-connections"),
        (&["--wait", "0s"], "length of time"),
        (&["--login-attempts", "0"], "--login-attempts"),
        (&["--limit-user", "100"], "COUNT/SECONDS"),
        (&["--limit-ip", "0/1"], "COUNT/SECONDS"),
        (&["--limit-purchase-user", "on"], "COUNT/SECONDS"),
        (&["--limit-purchase-ip", "1/0"], "COUNT/SECONDS"),
        (&["--trusted-proxies", "10.0.0.1,nginx"], "network"),
        (&["--max-requests", "0"], "--max-requests"),
        (&["--request-token-ttl", "0s"], "length of time"),
        (&["--migrate-url", "sqlite:a.db"], "URL of a database"),
        (&["--hot", ""], "hot store"),
        (&["--ledger", "postgres://h"], "URL of a database"),
        (&["--ledger", "mysql://h/db"], "not a ledger"),
        (&["--ledger", "sqlite:"], "sqlite:"),
        (&["--ledger", "sqlite::memory:"], "sqlite:"),
        (&["--ledger", "sqlite:no/such/directory/a.db"], "directory"),
        (&["--jwt-secret", "short"], "too short"),
        (&["--admin-email", "nobody"], "email"),
        (&["--admin-password", "short"], "password"),
        (&["--durability", "maybe"], "ledger or hot"),
        (&["--token-ttl", "0s"], "length of time"),
        (&["--token-ttl=-5m"], "--token-ttl"),
        (&["--settlement-interval", "5"], "length of time"),
        (&["--ranking-interval", "99999999999999999999h"], "time"),
        (&["--cors-origin", "shop.example"], "origin"),
        (
            &["--picture-hosts", "https://a.example; x"],
            "origin of pictures",
        ),
        (&["--log", "a=b=c"], "log filter"),
        (&["--config", "absent.toml"], "absent.toml"),
        (&["seed", "--users", "-1"], "--users"),
        (&["seed", "--users", "99999999999"], "--users"),
        (&["seed", "--stock", "0"], "--stock"),
        (&["seed", "--duration", "never"], "--duration"),
        (&["replay"], "FILE"),
        (&["replay", "absent.csv"], "absent.csv"),
        (&["replay", "x.csv", "--alpha", "-1"], "--alpha"),
        (&["replay", "x.csv", "--units", "0"], "--units"),
        (&["rebuild"], "CAMPAIGN"),
        (&["rebuild", "--all"], "nothing to rebuild"),
        (&["rebuild", "all"], "CAMPAIGN"),
        (&["verify"], "CAMPAIGN"),
        (&["verify", "' OR 1=1 --"], "CAMPAIGN"),
        (&["verify", "../../etc/passwd"], "CAMPAIGN"),
    ] {
        let said = refused(&run(&directory, arguments), reason);
        assert!(!said.contains("short\n"), "{said}");
    }
}

#[test]
fn a_variable_counts_less_than_a_flag_and_more_than_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("flashbid.toml");
    std::fs::write(
        &file,
        "hot = \"redis://file:x\"\nledger = \"sqlite:file.db\"\n",
    )
    .unwrap();
    let migrate = |variables: &[(&str, &str)], arguments: &[&str]| {
        let all = [&["migrate", "--config", "flashbid.toml"], arguments].concat();
        let mut command = program(&directory, &all);
        command.envs(variables.iter().copied()).output().unwrap()
    };
    refused(&migrate(&[], &[]), "hot store");
    let memory = [("FLASHBID_HOT", "memory")];
    assert!(stdout(&migrate(&memory, &[])).contains("sqlite:file.db"));
    let both = [
        ("FLASHBID_HOT", "memory"),
        ("FLASHBID_LEDGER", "sqlite:variable.db"),
    ];
    assert!(stdout(&migrate(&both, &[])).contains("sqlite:variable.db"));
    let flag = migrate(&both, &["--ledger", "sqlite:flag.db"]);
    assert!(stdout(&flag).contains("sqlite:flag.db"));
}

#[test]
fn a_wrong_variable_or_file_is_one_line_without_its_secrets() {
    let directory = tempfile::tempdir().unwrap();
    for (name, value, reason) in [
        ("FLASHBID_JWT_SECRET", "sesame", "too short"),
        ("FLASHBID_ADMIN_PASSWORD", "sesame", "password"),
        ("FLASHBID_WEBHOOK_SECRET", "sesame", "too short"),
        ("FLASHBID_HOT", "redis://user:sesame?@h", "hot store"),
        ("FLASHBID_HOT", "https://user:sesame@h", "hot store"),
        (
            "FLASHBID_LEDGER",
            "postgres://user:sesame@h",
            "URL of a database",
        ),
        ("FLASHBID_DURABILITY", "never", "ledger or hot"),
    ] {
        let output = program(&directory, &[]).env(name, value).output().unwrap();
        let said = refused(&output, reason);
        assert!(!said.contains("sesame"), "{said}");
    }
    for (text, reason) in [
        ("jwt_secret = \"sesame\"", "too short"),
        ("jwt_secret = sesame", "line 1"),
        ("colour = \"sesame\"", "colour"),
    ] {
        std::fs::write(directory.path().join("a.toml"), text).unwrap();
        let said = refused(&run(&directory, &["--config", "a.toml"]), reason);
        assert!(!said.contains("sesame"), "{said}");
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let garbage = OsStr::from_bytes(b"\xff\xfe");
    for option in ["--listen", "--ledger", "--jwt-secret", "--log"] {
        let mut command = program(&directory, &[option]);
        refused(&command.arg(garbage).output().unwrap(), "UTF-8");
    }
    let mut command = program(&directory, &[]);
    command.env("FLASHBID_ADMIN_EMAIL", garbage);
    refused(&command.output().unwrap(), "UTF-8");
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "remember the milk".repeat(100)).unwrap();
    let campaign = "01900000-0000-7000-8000-000000000000";
    for command in [
        &["serve"][..],
        &["seed"],
        &["migrate"],
        &["verify", campaign],
    ] {
        let arguments = [command, &["--ledger", "sqlite:notes.txt"]].concat();
        refused(&run(&directory, &arguments), "notes.txt");
    }
    let left = std::fs::read_to_string(&path).unwrap();
    assert_eq!(left, "remember the milk".repeat(100));
}

#[test]
fn help_names_every_option_but_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let output = program(&directory, &["--help"])
        .env("FLASHBID_JWT_SECRET", SECRET)
        .env("FLASHBID_ADMIN_PASSWORD", SECRET)
        .env("FLASHBID_WEBHOOK_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(output.status.success());
    let help = stdout(&output);
    for option in [
        "listen",
        "hot",
        "hot-connections",
        "ledger",
        "ledger-connections",
        "migrate-url",
        "wait",
        "jwt-secret",
        "admin-email",
        "admin-password",
        "durability",
        "ranking-interval",
        "settlement-interval",
        "token-ttl",
        "login-attempts",
        "limit-user",
        "limit-ip",
        "limit-purchase-user",
        "limit-purchase-ip",
        "trusted-proxies",
        "max-requests",
        "request-token-ttl",
        "webhook-secret",
        "cors-origin",
        "picture-hosts",
        "log",
        "config",
    ] {
        assert!(help.contains(&format!("--{option} ")), "{option}");
        let variable = option.replace('-', "_").to_uppercase();
        assert!(help.contains(&format!("FLASHBID_{variable}")), "{option}");
    }
    assert!(!help.contains("sesame"), "{help}");
    let version = run(&directory, &["--version"]);
    assert!(stdout(&version).contains(env!("CARGO_PKG_VERSION")));
}
