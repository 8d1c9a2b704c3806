//! Request tokens, where a campaign asks for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::id::CampaignId;
use flashbid_server::config::Secret;
use flashbid_server::gate::{Captcha, Challenge, TooBusy};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::site::{Answer, Person, Site};

const PURCHASES: &str = "/api/v1/purchases";
const BIDS: &str = "/api/v1/bids";

/// What a test of a kind of campaign needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bids,
    Purchases,
}

impl Kind {
    const BOTH: [Self; 2] = [Self::Bids, Self::Purchases];

    async fn campaign(self, site: &Site, admin: &Person) -> CampaignId {
        let product = site.product(admin, 10).await;
        let terms = match self {
            Self::Bids => json!({"require_token": true}),
            Self::Purchases => {
                json!({"format": "first_come", "price": 500, "require_token": true})
            }
        };
        site.campaign_of(admin, &product, terms).await
    }

    async fn ask(
        self,
        site: &Site,
        by: &Person,
        campaign: CampaignId,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (path, body) = match self {
            Self::Bids => (BIDS, json!({"campaign_id": campaign, "price": 500})),
            Self::Purchases => (PURCHASES, json!({"campaign_id": campaign})),
        };
        site.post_with(path, Some(by), headers, &body).await
    }

    async fn ask_with(self, site: &Site, by: &Person, campaign: CampaignId, token: &str) -> Answer {
        let headers = [("x-request-token", token)];
        self.ask(site, by, campaign, &headers).await
    }

    fn succeeded(self, answer: &Answer) -> Value {
        match self {
            Self::Bids => answer.ok(201),
            Self::Purchases => answer.ok(202),
        }
    }
}

async fn token(site: &Site, by: &Person, campaign: CampaignId) -> String {
    let path = format!("/api/v1/campaigns/{campaign}/tokens");
    let token = site.post(&path, Some(by), "{}").await.ok(201);
    token["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_lets_one_request_in() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    for kind in Kind::BOTH {
        let campaign = kind.campaign(&site, &admin).await;
        let given = token(&site, &ada, campaign).await;
        let answer = kind.ask_with(&site, &ada, campaign, &given).await;
        kind.succeeded(&answer);
        let again = kind.ask_with(&site, &ada, campaign, &given).await;
        again.problem(403, "TOKEN_USED");
        // Who lost the answer asks again with the same key, and needs no other token.
        let given = token(&site, &ada, campaign).await;
        let key = [
            ("x-request-token", given.as_str()),
            ("idempotency-key", "k"),
        ];
        let first = kind.succeeded(&kind.ask(&site, &ada, campaign, &key).await);
        let again = kind.ask(&site, &ada, campaign, &key).await;
        assert_eq!(kind.succeeded(&again), first);
    }
}

#[tokio::test]
async fn of_many_requests_with_one_token_one_is_let_in() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    for kind in Kind::BOTH {
        let campaign = kind.campaign(&site, &admin).await;
        let given = token(&site, &ada, campaign).await;
        let asked = (0..8).map(|_| kind.ask_with(&site, &ada, campaign, &given));
        let answers = futures_util::future::join_all(asked).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.status.is_success());
        assert_eq!(good.len(), 1, "{answers:?}");
        for answer in bad {
            answer.problem(403, "TOKEN_USED");
        }
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_user_and_campaign_and_for_its_time() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    for kind in Kind::BOTH {
        let campaign = kind.campaign(&site, &admin).await;
        let other = kind.campaign(&site, &admin).await;
        let before = site.dump();
        kind.ask(&site, &ada, campaign, &[])
            .await
            .problem(403, "TOKEN_REQUIRED");
        let given = token(&site, &ada, campaign).await;
        let mut forged = given.clone().into_bytes();
        let last = forged.last_mut().unwrap();
        *last = if *last == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for (by, of, token) in [
            (&eve, campaign, given.as_str()),
            (&ada, other, &given),
            (&ada, campaign, &forged),
            (&ada, campaign, "nonsense"),
            (&ada, campaign, &ada.token),
        ] {
            let refused = kind.ask_with(&site, by, of, token).await;
            refused.problem(403, "TOKEN_INVALID");
        }
        let twice = [("x-request-token", &*given), ("x-request-token", &*given)];
        for malformed in [
            &twice[..],
            &[("x-request-token", "")],
            &[("x-request-token", "a b")],
        ] {
            let answer = kind.ask(&site, &ada, campaign, malformed).await;
            answer.problem(422, "MALFORMED");
        }
        assert_eq!(site.dump(), before);
        // Nobody has used it up meanwhile.
        let answer = kind.ask_with(&site, &ada, campaign, &given).await;
        kind.succeeded(&answer);
        let [old, used] = [(); 2].map(|()| token(&site, &ada, campaign));
        let (old, used) = (old.await, used.await);
        let keyed = |given, key| [("x-request-token", given), ("idempotency-key", key)];
        let known = keyed(&*used, "k");
        let first = kind.succeeded(&kind.ask(&site, &ada, campaign, &known).await);
        site.pass(Duration::from_mins(2));
        kind.ask_with(&site, &ada, campaign, &old)
            .await
            .problem(403, "TOKEN_EXPIRED");
        // What was taken in time is known by its key, and nothing new is let in by one.
        let again = kind.ask(&site, &ada, campaign, &known).await;
        assert_eq!(kind.succeeded(&again), first);
        for given in [&old, &used] {
            kind.ask(&site, &ada, campaign, &keyed(&**given, "new"))
                .await
                .problem(403, "TOKEN_EXPIRED");
        }
    }
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_token_up() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = Kind::Purchases.campaign(&site, &admin).await;
    let given = token(&site, &ada, campaign).await;
    let headers = [("x-request-token", given.as_str())];
    let too_many = json!({"campaign_id": campaign, "quantity": 11});
    site.post_with(PURCHASES, Some(&ada), &headers, &too_many)
        .await
        .problem(409, "SOLD_OUT");
    let answer = Kind::Purchases
        .ask_with(&site, &ada, campaign, &given)
        .await;
    answer.ok(202);
}

#[tokio::test]
async fn each_line_of_a_cart_has_its_token() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let guarded = Kind::Purchases.campaign(&site, &admin).await;
    let open = site.first_come(&admin, 5).await;
    let cart = |token: Option<&str>| {
        json!({"items": [
            {"campaign_id": guarded, "request_token": token},
            {"campaign_id": open},
        ]})
    };
    let send = async |token: Option<&str>| {
        let body = cart(token).to_string();
        site.post("/api/v1/carts", Some(&ada), body).await
    };
    send(None).await.problem(403, "TOKEN_REQUIRED");
    send(Some("nonsense")).await.problem(403, "TOKEN_INVALID");
    let given = token(&site, &ada, guarded).await;
    send(Some(&given)).await.ok(201);
    send(Some(&given)).await.problem(403, "TOKEN_USED");
    let path = format!("/api/v1/campaigns/{open}");
    let units = site.get(&path, None).await.ok(200)["stats"]["units"].clone();
    assert_eq!(units, json!({"available": 4, "held": 1, "sold": 0}));
}

#[tokio::test]
async fn what_a_campaign_asks_for_may_change_while_it_runs() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    for kind in Kind::BOTH {
        let campaign = kind.campaign(&site, &admin).await;
        let path = format!("/api/v1/campaigns/{campaign}");
        site.patch(&path, &ada, &json!({}))
            .await
            .problem(403, "NOT_AN_ADMIN");
        let same = site.patch(&path, &admin, &json!({})).await.ok(200);
        assert_eq!(
            (&same["require_token"], &same["require_captcha"]),
            (&json!(true), &json!(false))
        );
        let open = json!({"require_token": false});
        let changed = site.patch(&path, &admin, &open).await.ok(200);
        assert_eq!(changed["require_token"], false);
        let seen = async {
            loop {
                let answer = kind.ask(&site, &ada, campaign, &[]).await;
                if answer.status.is_success() {
                    return;
                }
                answer.problem(403, "TOKEN_REQUIRED");
            }
        };
        timeout(Duration::from_secs(1), seen).await.expect("seen");
        let shown = site.get(&path, None).await.ok(200);
        assert_eq!(shown["require_token"], false);
        site.patch(&path, &admin, &json!({"require_captcha": true}))
            .await
            .ok(200);
        let seen = async { while kind.ask(&site, &ada, campaign, &[]).await.status != 403 {} };
        timeout(Duration::from_secs(1), seen).await.expect("seen");
        site.post(&format!("{path}/tokens"), Some(&ada), "{}")
            .await
            .problem(403, "CAPTCHA_REQUIRED");
    }
    let unknown = "/api/v1/campaigns/01900000-0000-7000-8000-000000000000";
    site.patch(unknown, &admin, &json!({}))
        .await
        .problem(404, "UNKNOWN_CAMPAIGN");
}

/// Says the same every time.
#[derive(Debug)]
struct Parrot;

#[async_trait]
impl Captcha for Parrot {
    async fn challenge(&self) -> Result<Challenge, TooBusy> {
        Ok(Challenge {
            image: b"a picture".to_vec(),
            answer: Secret::new("sesame"),
        })
    }
}

#[tokio::test]
async fn where_a_captcha_is_asked_for_each_token_takes_one() {
    let site = Site::start_from(|_| {}, |parts| parts.captcha = Arc::new(Parrot)).await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let product = site.product(&admin, 10).await;
    let terms = json!({"format": "first_come", "price": 500, "require_captcha": true});
    let campaign = site.campaign_of(&admin, &product, terms).await;
    let details = site
        .get(&format!("/api/v1/campaigns/{campaign}"), None)
        .await
        .ok(200);
    assert_eq!(details["require_captcha"], true);
    assert_eq!(details["require_token"], true, "a captcha is for a token");
    site.buy(&ada, campaign, 1)
        .await
        .problem(403, "TOKEN_REQUIRED");
    let ask = async |body: Value| {
        let path = format!("/api/v1/campaigns/{campaign}/tokens");
        site.post(&path, Some(&ada), body.to_string()).await
    };
    ask(json!({})).await.problem(403, "CAPTCHA_REQUIRED");
    let captcha = site.post("/api/v1/captcha", None, "").await.ok(201);
    let id = &captcha["captcha_id"];
    ask(json!({"captcha_id": id}))
        .await
        .problem(403, "CAPTCHA_REQUIRED");
    let solved = json!({"captcha_id": id, "captcha_answer": "Sesame"});
    let given = ask(solved.clone()).await.ok(201);
    ask(solved).await.problem(403, "CAPTCHA_FAILED");
    let given = given["token"].as_str().unwrap();
    let answer = Kind::Purchases.ask_with(&site, &ada, campaign, given).await;
    answer.ok(202);
    let again = Kind::Purchases.ask_with(&site, &ada, campaign, given).await;
    again.problem(403, "TOKEN_USED");
}
