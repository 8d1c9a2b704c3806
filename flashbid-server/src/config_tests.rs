use super::*;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flashbid.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn what_was_given_counts_more_than_the_file_and_the_file_more_than_the_default() {
    let (_dir, path) = file("listen = \"127.0.0.1:1\"\ntoken_ttl = \"5m\"\n");
    let options = Options {
        listen: Some("127.0.0.1:2".to_owned()),
        ..Options::default()
    };
    let config = Config::load(options, Some(&path)).unwrap();
    assert_eq!(config.listen, "127.0.0.1:2");
    assert_eq!(config.token_ttl, Duration::from_mins(5));
    assert_eq!(config.ranking_interval, Config::default().ranking_interval);
}

#[test]
fn secrets_are_never_printed() {
    let (_dir, path) = file("admin_password = \"sesame-open\"\n");
    let options = Options {
        jwt_secret: Some(Secret::new("0123456789abcdef0123456789abcdef")),
        webhook_secret: Some(Secret::new("sesame-sesame-sesame")),
        ..Options::default()
    };
    let shown = format!("{options:?}");
    let config = Config::load(options, Some(&path)).unwrap();
    let shown = format!("{shown} {config:?}");
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(config.admin_password.is_some());
}

#[test]
fn the_gate_is_set_by_the_file_as_well() {
    let (_dir, path) = file(
        "limit_user = \"5/2\"\nlimit_ip = \"off\"\nmax_requests = 7\n\
         trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nrequest_token_ttl = \"30s\"\n",
    );
    let config = Config::load(Options::default(), Some(&path)).unwrap();
    let default = RateLimits::default();
    let expected = RateLimits {
        user: "5/2".parse().unwrap(),
        address: RateLimit::OFF,
        ..default
    };
    assert_eq!(config.limits, expected);
    assert_eq!(default.purchase_address, "10/60".parse().unwrap());
    assert_eq!(config.max_requests.get(), 7);
    let networks = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
    assert_eq!(config.trusted_proxies, networks);
    assert_eq!(config.request_token_ttl, Duration::from_secs(30));
    assert!(config.webhook_secret.is_none());
}

/// Without it a setting could say more in the page's policy than where pictures may be.
#[test]
fn a_host_of_pictures_is_an_origin_and_nothing_more() {
    for text in [
        "https://img.example.com",
        "http://127.0.0.1:9000",
        "https://*.cdn.example",
        "https://*.cdn-2.example:8443",
    ] {
        let host: PictureHost = text.parse().unwrap();
        assert_eq!(host.as_str(), text);
    }
    for text in [
        "",
        "*",
        "https:",
        "https://",
        "https://*",
        "https://*.",
        "https://.example",
        "https://a..example",
        "https://-a.example",
        "https://a.*.example",
        "https://*a.example",
        "https://a.example/",
        "https://a.example/pictures",
        "https://a.example:",
        "https://a.example:0",
        "https://a.example:+80",
        "https://a.example:70000",
        "https://a.example:80:80",
        "https://me@a.example",
        "https://a.example; script-src *",
        "https://a.example 'unsafe-inline'",
        "https://a.example,https://b.example",
        "https://a.example\nX: y",
        "https://ä.example",
        "HTTPS://a.example",
        "data:",
    ] {
        let wrong = text.parse::<PictureHost>().unwrap_err();
        assert!(!wrong.contains('\n'), "{text}");
    }
}

#[test]
fn hosts_of_pictures_are_a_list_in_the_file() {
    let (_dir, path) = file("picture_hosts = [\"https://a.example\", \"https://*.b.example\"]\n");
    let config = Config::load(Options::default(), Some(&path)).unwrap();
    let hosts: Vec<&str> = config
        .picture_hosts
        .iter()
        .map(PictureHost::as_str)
        .collect();
    assert_eq!(hosts, ["https://a.example", "https://*.b.example"]);
}

#[test]
fn a_wrong_file_is_one_line_without_the_secret_in_it() {
    for (text, reason) in [
        ("jwt_secret = [\"sesame\"]\n", "line 1"),
        ("\n\nadmin_password = \"sesame\" x\n", "line 3"),
        ("colour = \"sesame\"\n", "colour"),
        ("hot = \"redis://me:sesame/open@h\"\n", "percent-encoded"),
        ("hot_connections = 0\n", "1024"),
        ("ledger = \"postgres://h:sesame\"\n", "URL of a database"),
        ("ledger_connections = 70000\n", "70000"),
        ("migrate_url = \"sesame\"\n", "URL of a database"),
        ("token_ttl = \"soon\"\n", "length of time"),
        ("limit_user = \"many\"\n", "COUNT/SECONDS"),
        ("limit_ip = 5\n", "string"),
        ("trusted_proxies = [\"nginx\"]\n", "network"),
        ("max_requests = 0\n", "nonzero"),
        ("webhook_secret = \"sesame\"\n", "too short"),
        ("durability = \"never\"\n", "ledger or hot"),
        ("cors_origin = [\"shop\"]\n", "origin"),
        ("picture_hosts = [\"img.example\"]\n", "origin of pictures"),
        ("log = \"info,=,\"\n", "log filter"),
        ("log_format = \"xml\"\n", "text or json"),
        ("otlp_endpoint = \"https://me:sesame@h\"\n", "collector"),
        ("listen = 5\n", "string"),
    ] {
        let (_dir, path) = file(text);
        let failure = Config::load(Options::default(), Some(&path)).unwrap_err();
        let message = failure.to_string();
        assert!(message.contains(reason), "{text} -> {message}");
        assert!(!message.contains("sesame"), "{text} -> {message}");
        assert!(!message.contains('\n'), "{text} -> {message}");
        assert_eq!(failure.code(), 2);
    }
    let absent = Config::load(Options::default(), Some(Path::new("/nonexistent.toml")));
    assert_eq!(absent.unwrap_err().code(), 2);
}

#[test]
fn a_short_jwt_secret_is_refused_without_showing_it() {
    let options = Options {
        jwt_secret: Some(Secret::new("hunter2")),
        ..Options::default()
    };
    let failure = Config::load(options, None).unwrap_err();
    assert_eq!(failure.code(), 2);
    assert!(!failure.to_string().contains("hunter2"));
}

#[test]
fn urls_name_the_stores_of_this_build() {
    assert_eq!("memory".parse(), Ok(HotUrl::Memory));
    for text in [
        "redis://h:6379/0",
        "rediss://h:1/0",
        "redis+cluster://h:1,i:2",
        "redis+sentinel://h:1,i:2/main/0",
    ] {
        let url = text.parse::<HotUrl>().unwrap();
        assert!(matches!(url, HotUrl::Redis(_)), "{text}");
        assert_eq!(url.to_string(), text);
    }
    let url: LedgerUrl = "postgresql://me:sesame@h/sale?application_name=sesame"
        .parse()
        .unwrap();
    assert_eq!(url.to_string(), "postgres://h:5432/sale");
    assert!(!format!("{url:?}").contains("sesame"));
    for text in ["", "Memory", "http://h", "memory://"] {
        assert!(text.parse::<HotUrl>().is_err(), "{text}");
    }
    let path = |path: &str| Ok(LedgerUrl::Sqlite(PathBuf::from(path)));
    assert_eq!("sqlite:a/b.db".parse(), path("a/b.db"));
    assert_eq!("sqlite:///a/b.db".parse(), path("/a/b.db"));
    for text in [
        "",
        "sqlite",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:a?mode=memory",
        "mysql://h",
        "postgres://h",
        "postgres://h:x/db",
    ] {
        assert!(text.parse::<LedgerUrl>().is_err(), "{text}");
    }
}

#[test]
fn periods_are_positive_and_bounded() {
    assert_eq!("500ms".parse(), Ok(Period(Duration::from_millis(500))));
    assert_eq!("10m".parse(), Ok(Period(Duration::from_mins(10))));
    for text in [
        "",
        "0s",
        "-1s",
        "5",
        "1y",
        "100000h",
        "99999999999999999999s",
        "s",
    ] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}
