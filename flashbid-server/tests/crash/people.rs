//! The people of a sale, as `flashbid-server seed` makes them, and what they say over HTTP.

use std::time::Duration;

use flashbid_core::id::CampaignId;
use flashbid_core::time::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::{run, stdout};

/// A running campaign and everybody who may log in.
pub(crate) struct Seeded {
    pub(crate) campaign: CampaignId,
    pub(crate) ends: Timestamp,
    pub(crate) admin: Login,
    pub(crate) users: Vec<Login>,
}

#[derive(Clone, Debug)]
pub(crate) struct Login {
    email: String,
    password: String,
}

impl Seeded {
    /// Seeds a ledger, that of `directory` unless `options` name another.
    pub(crate) fn new(
        directory: &TempDir,
        options: &[&str],
        users: u32,
        units: u32,
        lasts: &str,
    ) -> Self {
        let (users, units) = (users.to_string(), units.to_string());
        let arguments = ["seed", "--users", &users, "--stock", &units];
        let mut arguments = arguments.to_vec();
        arguments.extend(["--duration", lasts]);
        arguments.extend(options);
        let made = run(directory, &arguments);
        assert!(made.status.success(), "{made:?}");
        let made: Value = serde_json::from_str(&stdout(&made)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let login = |user: &Value, password: &Value| Login {
            email: text(&user["email"]),
            password: text(password),
        };
        let ends: jiff::Timestamp = text(&made["end_time"]).parse().unwrap();
        Self {
            campaign: text(&made["campaign_id"]).parse().unwrap(),
            ends: Timestamp::from_millis(ends.as_millisecond()),
            admin: login(&made["admin"], &made["admin"]["password"]),
            users: made["users"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| login(user, &made["user_password"]))
                .collect(),
        }
    }
}

/// How long it is until `moment`.
pub(crate) fn until(moment: Timestamp) -> Duration {
    Duration::from_millis(moment.millis_since(SystemClock.now()))
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn log_in(http: &reqwest::Client, base: &str, login: &Login) -> String {
    let login = json!({"email": login.email, "password": login.password});
    let session = http.post(format!("{base}/auth/login")).json(&login);
    let session: Value = session.send().await.unwrap().json().await.unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn post(http: &reqwest::Client, url: &str, token: &str, body: &Value) -> Value {
    let answer = http.post(url).bearer_auth(token).json(body).send().await;
    let answer = answer.unwrap();
    let status = answer.status();
    let answer = answer.json().await.unwrap();
    assert_eq!(status, 201, "{answer}");
    answer
}

/// Waits until the orders of a campaign are made, and answers them.
pub(crate) async fn settled(base: &str, admin: &Login, campaign: CampaignId) -> Value {
    let http = client();
    loop {
        let campaign = http.get(format!("{base}/campaigns/{campaign}"));
        // A store may be away for a moment.
        if let Ok(answer) = campaign.send().await
            && let Ok(campaign) = answer.json::<Value>().await
            && campaign["settled"] == true
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let admin = log_in(&http, base, admin).await;
    let orders = http.get(format!("{base}/orders/campaign/{campaign}"));
    let orders = orders.bearer_auth(admin).send().await.unwrap();
    let orders: Value = orders.json().await.unwrap();
    assert_eq!(orders["is_consistent"], true, "{orders}");
    orders
}

/// A random seed, or the one to repeat a run with, which the environment may name.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("FLASHBID_TEST_SEED").ok();
    let seed = given.map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("seed {seed}; the same again with FLASHBID_TEST_SEED={seed}");
    seed
}
