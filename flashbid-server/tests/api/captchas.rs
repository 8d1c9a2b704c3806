//! Captchas, and the request tokens that are given for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use flashbid_core::campaign::Guards;
use flashbid_core::id::{CampaignId, TicketId};
use flashbid_server::config::Secret;
use flashbid_server::gate::{Captcha, Challenge, TooBusy};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::site::{Answer, Person, Site};

/// Says the same every time.
#[derive(Debug)]
struct Parrot;

#[async_trait]
impl Captcha for Parrot {
    async fn challenge(&self) -> Result<Challenge, TooBusy> {
        Ok(Challenge {
            image: b"a picture".to_vec(),
            answer: Secret::new("SeSaMe"),
        })
    }
}

async fn site() -> (Site, Person, CampaignId) {
    let site = Site::start_from(|_| {}, |parts| parts.captcha = Arc::new(Parrot)).await;
    let admin = site.admin().await;
    let campaign = site.campaign(&admin, 1, 1).await;
    let ada = site.user("ada").await;
    (site, ada, campaign)
}

async fn captcha(site: &Site) -> Value {
    let answer = site.post("/api/v1/captcha", None, "").await;
    let captcha = answer.ok(201);
    assert_eq!(answer.headers["cache-control"], "no-store");
    captcha
}

async fn ask(
    site: &Site,
    by: &Person,
    campaign: CampaignId,
    captcha: &Value,
    says: &str,
) -> Answer {
    let body = json!({"captcha_id": captcha["captcha_id"], "captcha_answer": says});
    let path = format!("/api/v1/campaigns/{campaign}/tokens");
    site.post(&path, Some(by), body.to_string()).await
}

#[tokio::test]
async fn a_captcha_is_a_picture_with_an_end() {
    let site = Site::start().await;
    let captcha = captcha(&site).await;
    assert!(
        captcha["captcha_id"]
            .as_str()
            .unwrap()
            .parse::<Uuid>()
            .is_ok()
    );
    let image = captcha["image"].as_str().unwrap();
    // The first bytes of every PNG.
    assert!(
        image.starts_with("data:image/png;base64,iVBORw0KGgo"),
        "{image}"
    );
    assert_eq!(captcha["expires_at"], site.time(300));
    assert_eq!(captcha.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_captcha_is_answered_once_in_capitals_or_not() {
    let (site, ada, campaign) = site().await;
    for says in ["SeSaMe", "sesame", "SESAME"] {
        let captcha = captcha(&site).await;
        let given = ask(&site, &ada, campaign, &captcha, says).await;
        let token = given.ok(201);
        assert_eq!(token["expires_at"], site.time(120));
        assert_eq!(given.headers["cache-control"], "no-store");
        let again = ask(&site, &ada, campaign, &captcha, says).await;
        again.problem(403, "CAPTCHA_FAILED");
    }
}

#[tokio::test]
async fn a_wrong_answer_uses_the_captcha_up() {
    let (site, ada, campaign) = site().await;
    let captcha = captcha(&site).await;
    let wrong = ask(&site, &ada, campaign, &captcha, "sesam").await;
    wrong.problem(403, "CAPTCHA_FAILED");
    let right = ask(&site, &ada, campaign, &captcha, "sesame").await;
    right.problem(403, "CAPTCHA_FAILED");
    assert!(!wrong.text.to_lowercase().contains("sesam"));
}

#[tokio::test]
async fn a_captcha_is_over_after_five_minutes() {
    let (site, ada, campaign) = site().await;
    let (first, second) = (captcha(&site).await, captcha(&site).await);
    site.pass(Duration::from_millis(299_999));
    ask(&site, &ada, campaign, &first, "sesame").await.ok(201);
    site.pass(Duration::from_millis(1));
    let late = ask(&site, &ada, campaign, &second, "sesame").await;
    late.problem(403, "CAPTCHA_FAILED");
}

#[tokio::test]
async fn a_captcha_that_nobody_made_or_that_is_none_is_refused() {
    let (site, ada, campaign) = site().await;
    let unknown = json!({"captcha_id": "01900000-0000-7000-8000-000000000000"});
    let answer = ask(&site, &ada, campaign, &unknown, "sesame").await;
    answer.problem(403, "CAPTCHA_FAILED");
    let nonsense = json!({"captcha_id": "' OR 1=1 --"});
    let answer = ask(&site, &ada, campaign, &nonsense, "sesame").await;
    answer.problem(422, "MALFORMED");
}

#[tokio::test]
async fn a_request_token_is_for_users_and_campaigns_that_exist() {
    let (site, ada, campaign) = site().await;
    let path = format!("/api/v1/campaigns/{campaign}/tokens");
    site.post(&path, None, "{}")
        .await
        .problem(401, "UNAUTHORIZED");
    let nowhere = "/api/v1/campaigns/01900000-0000-7000-8000-000000000000/tokens";
    site.post(nowhere, Some(&ada), "{}")
        .await
        .problem(404, "UNKNOWN_CAMPAIGN");
    let path = "/api/v1/campaigns/nonsense/tokens";
    site.post(path, Some(&ada), "{}")
        .await
        .problem(422, "MALFORMED");
}

/// What a purchase or a bid does with the header.
fn check(
    site: &Site,
    guards: Guards,
    token: Option<&str>,
    by: &Person,
    campaign: CampaignId,
) -> Result<Option<TicketId>, &'static str> {
    let state = site.server.state();
    let ticket = state
        .gate()
        .ticket(guards, token, by.id, campaign, false, state.engine().now());
    match ticket {
        Ok(ticket) => Ok(ticket.map(|ticket| ticket.id)),
        Err(problem) => {
            assert_eq!(problem.status(), 403);
            Err(problem.code())
        }
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_user_and_campaign_until_its_end() {
    let (site, ada, campaign) = site().await;
    let bob = site.user("bob").await;
    let other = CampaignId::new(Uuid::from_u128(7));
    let path = format!("/api/v1/campaigns/{campaign}/tokens");
    let given = site.post(&path, Some(&ada), "{}").await.ok(201);
    let token = given["token"].as_str().unwrap();
    let guards = Guards {
        ticket: true,
        captcha: false,
    };
    let good = check(&site, guards, Some(token), &ada, campaign).unwrap();
    assert!(good.is_some());
    let second = site.post(&path, Some(&ada), "{}").await.ok(201);
    let second = second["token"].as_str().unwrap();
    assert_ne!(check(&site, guards, Some(second), &ada, campaign), Ok(good));

    assert_eq!(
        check(&site, guards, None, &ada, campaign),
        Err("TOKEN_REQUIRED")
    );
    let invalid = Err("TOKEN_INVALID");
    assert_eq!(check(&site, guards, Some(token), &bob, campaign), invalid);
    assert_eq!(check(&site, guards, Some(token), &ada, other), invalid);
    assert_eq!(
        check(&site, guards, Some(&ada.token), &ada, campaign),
        invalid
    );
    assert_eq!(check(&site, guards, Some(""), &ada, campaign), invalid);
    site.pass(Duration::from_millis(119_999));
    assert_eq!(check(&site, guards, Some(token), &ada, campaign), Ok(good));
    site.pass(Duration::from_millis(1));
    assert_eq!(
        check(&site, guards, Some(token), &ada, campaign),
        Err("TOKEN_EXPIRED")
    );
    // Where none is asked for, none is looked at.
    let open = Guards::default();
    assert_eq!(
        check(&site, open, Some("nonsense"), &ada, campaign),
        Ok(None)
    );
}

#[tokio::test]
async fn where_a_captcha_is_asked_for_no_token_is_given_without() {
    let (site, ada, campaign) = site().await;
    let state = site.server.state();
    let guards = Guards {
        ticket: false,
        captcha: true,
    };
    assert_eq!(
        check(&site, guards, None, &ada, campaign),
        Err("TOKEN_REQUIRED")
    );
    let now = state.engine().now();
    let give = async |answered| {
        state
            .gate()
            .give_ticket(guards, answered, ada.id, campaign, now)
            .await
    };
    let without = give(None).await.unwrap_err();
    assert_eq!(
        (without.status().as_u16(), without.code()),
        (403, "CAPTCHA_REQUIRED")
    );
    let captcha = captcha(&site).await["captcha_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let (token, ticket) = give(Some((captcha, &Secret::new("sesame")))).await.unwrap();
    assert_eq!(
        check(&site, guards, Some(&token), &ada, campaign),
        Ok(Some(ticket.id))
    );
}
