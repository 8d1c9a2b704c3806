//! The life of an order: paid, called off, over, and offered to whoever is next.

use std::time::Duration;

use flashbid_core::id::CampaignId;
use flashbid_core::time::Timestamp;
use flashbid_server::config::Secret;
use flashbid_server::payments::Webhooks;
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Person, Site};

const WEBHOOK: &str = "/api/v1/payments/webhook";
const WEBHOOK_SECRET: &str = "a secret of webhooks, long enough";

async fn pay(site: &Site, by: &Person, order: &str) -> Answer {
    let path = format!("/api/v1/orders/{order}/pay");
    site.send(Method::POST, &path, Some(by), &[], None).await
}

async fn cancel(site: &Site, by: &Person, order: &str) -> Answer {
    let path = format!("/api/v1/orders/{order}/cancel");
    site.send(Method::POST, &path, Some(by), &[], None).await
}

async fn status(site: &Site, by: &Person, order: &str) -> Value {
    let path = format!("/api/v1/orders/{order}");
    site.get(&path, Some(by)).await.ok(200)["status"].clone()
}

/// What the hot counter says is left, held and sold.
async fn units(site: &Site, campaign: CampaignId) -> [u64; 3] {
    let path = format!("/api/v1/campaigns/{campaign}");
    let units = site.get(&path, None).await.ok(200)["stats"]["units"].clone();
    ["available", "held", "sold"].map(|name| units[name].as_u64().unwrap())
}

/// A first-come campaign of two units whose buyers have a minute to pay.
async fn short(site: &Site, admin: &Person) -> CampaignId {
    let product = site.product(admin, 2).await;
    let terms = json!({"format": "first_come", "price": 500, "payment_deadline": 60});
    site.campaign_of(admin, &product, terms).await
}

#[tokio::test]
async fn an_order_is_paid_once() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = site.first_come(&admin, 2).await;
    let order = site.order(&ada, campaign).await;
    let declined = json!({"method": "decline"}).to_string();
    let path = format!("/api/v1/orders/{order}/pay");
    site.post(&path, Some(&ada), declined.clone())
        .await
        .problem(402, "PAYMENT_DECLINED");
    let long = json!({"method": "é".repeat(256)}).to_string();
    site.post(&path, Some(&ada), long)
        .await
        .problem(422, "MALFORMED");
    assert_eq!(status(&site, &ada, &order).await, "pending_payment");
    assert_eq!(units(&site, campaign).await, [1, 1, 0]);

    let paid = pay(&site, &ada, &order).await.ok(200);
    assert_eq!(paid["status"], "paid");
    assert_eq!(units(&site, campaign).await, [1, 0, 1]);
    let before = site.dump();
    // Also with a method that is declined: nothing is charged any more.
    for again in [
        declined,
        "{}".to_owned(),
        r#"{"method": "card"}"#.to_owned(),
    ] {
        let again = site.post(&path, Some(&ada), again).await;
        assert_eq!(again.ok(200), paid);
    }
    cancel(&site, &ada, &order).await.problem(409, "ORDER_PAID");
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn an_order_is_its_buyers_alone() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    let campaign = site.first_come(&admin, 1).await;
    let order = site.order(&ada, campaign).await;
    let before = site.dump();
    let unknown = "01900000-0000-7000-8000-000000000000";
    for (by, order) in [(&eve, order.as_str()), (&ada, unknown), (&admin, unknown)] {
        pay(&site, by, order).await.problem(404, "UNKNOWN_ORDER");
        cancel(&site, by, order).await.problem(404, "UNKNOWN_ORDER");
        site.get(&format!("/api/v1/orders/{order}"), Some(by))
            .await
            .problem(404, "UNKNOWN_ORDER");
    }
    for action in ["pay", "cancel"] {
        let path = format!("/api/v1/orders/{order}/{action}");
        site.post(&path, None, "{}")
            .await
            .problem(401, "UNAUTHORIZED");
    }
    assert_eq!(site.dump(), before);
    // An administrator sees it.
    assert_eq!(status(&site, &admin, &order).await, "pending_payment");
}

#[tokio::test]
async fn an_order_is_called_off_once_and_its_units_are_sold_again() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    let campaign = site.first_come(&admin, 1).await;
    let order = site.order(&ada, campaign).await;
    site.buy(&eve, campaign, 1).await.problem(409, "SOLD_OUT");
    let cancelled = cancel(&site, &ada, &order).await.ok(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(units(&site, campaign).await, [1, 0, 0]);
    assert_eq!(cancel(&site, &ada, &order).await.ok(200), cancelled);
    let second = site.order(&eve, campaign).await;
    assert_eq!(cancel(&site, &ada, &order).await.ok(200), cancelled);
    assert_eq!(status(&site, &eve, &second).await, "pending_payment");
    assert_eq!(units(&site, campaign).await, [0, 1, 0]);
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_is_over() {
    let site = Site::start().await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = short(&site, &admin).await;
    let order = site.order(&ada, campaign).await;
    site.pass(Duration::from_millis(59_999));
    site.tend().await;
    assert_eq!(status(&site, &ada, &order).await, "pending_payment");
    site.pass(Duration::from_millis(1));
    site.tend().await;
    assert_eq!(status(&site, &ada, &order).await, "expired");
    assert_eq!(units(&site, campaign).await, [2, 0, 0]);
    let cancelled = cancel(&site, &ada, &order).await.ok(200);
    assert_eq!(cancelled["status"], "expired");
    let known = site
        .get(&format!("/api/v1/purchases/{order}"), Some(&ada))
        .await;
    assert_eq!(known.ok(200)["status"], "ordered");
}

#[tokio::test]
async fn a_late_payment_gets_a_unit_while_there_is_one() {
    let site = Site::start().await;
    let (admin, ada, eve) = (
        site.admin().await,
        site.user("ada").await,
        site.user("eve").await,
    );
    let campaign = short(&site, &admin).await;
    let (first, second) = (
        site.order(&ada, campaign).await,
        site.order(&ada, campaign).await,
    );
    site.pass(Duration::from_mins(1));
    site.tend().await;
    let paid = pay(&site, &ada, &first).await.ok(200);
    assert_eq!(paid["status"], "paid");
    assert_eq!(units(&site, campaign).await, [1, 0, 1]);

    // The other unit is somebody else's by now.
    site.order(&eve, campaign).await;
    let late = pay(&site, &ada, &second).await.ok(200);
    assert_eq!(late["status"], "refund_due");
    assert_eq!(units(&site, campaign).await, [0, 1, 1]);
    assert_eq!(pay(&site, &ada, &second).await.ok(200), late);
    let verdict = site.server.state().engine().verify(campaign).await.unwrap();
    assert!(verdict.is_consistent(), "{verdict:?}");
}

#[tokio::test]
async fn what_a_winner_does_not_want_is_offered_to_whoever_is_next() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let product = site.product(&admin, 1).await;
    let terms = json!({
        "payment_deadline": 60,
        "runners_up": {"places": 2, "payment_deadline": 30},
    });
    let campaign = site.campaign_of(&admin, &product, terms).await;
    let mut bidders = Vec::new();
    for (name, price) in [
        ("ann", "400"),
        ("bob", "300"),
        ("cid", "200"),
        ("dan", "100"),
    ] {
        let bidder = site.user(name).await;
        site.bid(&bidder, campaign, price).await.ok(201);
        bidders.push(bidder);
    }
    let order_of = async |bidder: &Person| {
        let orders = site.get("/api/v1/orders", Some(bidder)).await.ok(200);
        orders["orders"].get(0).cloned()
    };
    let id = |order: &Value| order["order_id"].as_str().unwrap().to_owned();
    site.pass(Duration::from_mins(10));
    site.tend().await;
    let won = order_of(&bidders[0]).await.unwrap();
    assert_eq!(won["pay_by"], site.time(60));
    assert_eq!(order_of(&bidders[1]).await, None);

    // The winner does not pay.
    site.pass(Duration::from_mins(1));
    site.tend().await;
    assert_eq!(status(&site, &bidders[0], &id(&won)).await, "expired");
    let second = order_of(&bidders[1]).await.unwrap();
    assert_eq!(second["final_rank"], 2);
    assert_eq!(second["final_price"], 300.0);
    assert_eq!(second["pay_by"], site.time(30));

    // The second declines.
    let declined = cancel(&site, &bidders[1], &id(&second)).await.ok(200);
    assert_eq!(declined["status"], "cancelled");
    site.tend().await;
    let third = order_of(&bidders[2]).await.unwrap();
    assert_eq!(third["final_rank"], 3);
    let late = pay(&site, &bidders[0], &id(&won)).await.ok(200);
    assert_eq!(late["status"], "refund_due", "the unit is the third's");

    // Nobody is offered it below the second place behind the winners: it goes back.
    cancel(&site, &bidders[2], &id(&third)).await.ok(200);
    site.tend().await;
    assert_eq!(order_of(&bidders[3]).await, None);
    let path = format!("/api/v1/products/{product}");
    assert_eq!(site.get(&path, None).await.ok(200)["available"], 1);
    let reconciled = site.server.state().engine().reconcile(campaign, true).await;
    assert_eq!(reconciled.unwrap().found, []);
    let verdict = site.server.state().engine().verify(campaign).await.unwrap();
    assert!(verdict.is_consistent(), "{verdict:?}");
}

/// A site with webhooks, and an order there.
async fn with_webhooks() -> (Site, Person, CampaignId, String) {
    let secret = Some(Secret::new(WEBHOOK_SECRET));
    let site = Site::start_with(|config| config.webhook_secret = secret).await;
    let (admin, ada) = (site.admin().await, site.user("ada").await);
    let campaign = short(&site, &admin).await;
    let order = site.order(&ada, campaign).await;
    (site, ada, campaign, order)
}

fn event(order: &str, payment: &str) -> String {
    json!({"type": "payment.succeeded", "order_id": order, "payment_id": payment}).to_string()
}

/// The header for `body`, signed `seconds` from now.
fn signed(site: &Site, body: &str, seconds: i64) -> String {
    let now = site.server.state().engine().now().millis();
    let at = Timestamp::from_millis(now + seconds * 1_000);
    Webhooks::new(&Secret::new(WEBHOOK_SECRET)).sign(body.as_bytes(), at)
}

async fn tell(site: &Site, body: &str, signature: &str) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("x-flashbid-signature", signature),
    ];
    let body = Some(body.to_owned().into_bytes());
    site.send(Method::POST, WEBHOOK, None, &headers, body).await
}

#[tokio::test]
async fn a_webhook_that_is_signed_pays_its_order_once() {
    let (site, ada, campaign, order) = with_webhooks().await;
    let body = event(&order, "pi_1");
    let signature = signed(&site, &body, 0);
    let paid = tell(&site, &body, &signature).await.ok(200);
    assert_eq!(
        (&paid["status"], &paid["order_id"]),
        (&json!("paid"), &json!(order))
    );
    let before = site.dump();
    for _ in 0..2 {
        let again = tell(&site, &body, &signature).await;
        again.problem(409, "WEBHOOK_REPLAYED");
    }
    // The provider tells the same again: another request, with the same outcome.
    let anew = tell(&site, &body, &signed(&site, &body, 1)).await;
    assert_eq!(anew.ok(200), paid);
    let other = event(&order, "pi_2");
    tell(&site, &other, &signed(&site, &other, 0))
        .await
        .problem(409, "PAID_OTHERWISE");
    assert_eq!(site.dump(), before);
    assert_eq!(pay(&site, &ada, &order).await.ok(200), paid);
    assert_eq!(units(&site, campaign).await, [1, 0, 1]);
}

#[tokio::test]
async fn a_webhook_that_is_not_signed_as_agreed_changes_nothing() {
    let (site, _, _, order) = with_webhooks().await;
    let before = site.dump();
    let body = event(&order, "pi_1");
    let good = signed(&site, &body, 0);
    let other_body = signed(&site, &event(&order, "pi_2"), 0);
    let other_secret = Webhooks::new(&Secret::new("another secret of webhooks"));
    let other_secret = other_secret.sign(body.as_bytes(), site.server.state().engine().now());
    for signature in [
        "",
        "nonsense",
        &good.replace("t=", "t=1"),
        &other_body,
        &other_secret,
        &signed(&site, &body, -301),
        &signed(&site, &body, 301),
    ] {
        let refused = tell(&site, &body, signature).await;
        refused.problem(401, "BAD_SIGNATURE");
    }
    site.post(WEBHOOK, None, body.clone())
        .await
        .problem(401, "BAD_SIGNATURE");
    assert_eq!(site.dump(), before);
    // Good for five minutes.
    site.pass(Duration::from_mins(5));
    assert_eq!(tell(&site, &body, &good).await.status, 200);
}

#[tokio::test]
async fn a_webhook_of_something_else_is_no_payment() {
    let (site, ada, _, order) = with_webhooks().await;
    let before = site.dump();
    let unknown = event("01900000-0000-7000-8000-000000000000", "pi_1");
    tell(&site, &unknown, &signed(&site, &unknown, 0))
        .await
        .problem(404, "UNKNOWN_ORDER");
    for malformed in [
        "{}".to_owned(),
        "nonsense".to_owned(),
        event("nonsense", "pi_1"),
        event(&order, ""),
        event(&order, "a b"),
    ] {
        let answer = tell(&site, &malformed, &signed(&site, &malformed, 0)).await;
        answer.problem(422, "MALFORMED");
    }
    for other in [
        event(&order, "pi_1").replace("succeeded", "failed"),
        r#"{"type": "payout.created", "data": {}}"#.to_owned(),
    ] {
        let answer = tell(&site, &other, &signed(&site, &other, 0)).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    }
    let large = " ".repeat(70_000);
    tell(&site, &large, &signed(&site, &large, 0))
        .await
        .problem(413, "BODY_TOO_LARGE");
    assert_eq!(site.dump(), before);
    assert_eq!(status(&site, &ada, &order).await, "pending_payment");
}

#[tokio::test]
async fn a_webhook_that_comes_late_gets_a_unit_or_the_money_goes_back() {
    let (site, ada, campaign, order) = with_webhooks().await;
    let other = site.order(&ada, campaign).await;
    site.pass(Duration::from_mins(1));
    site.tend().await;
    for (order, payment, becomes) in [(&order, "pi_1", "paid"), (&other, "pi_2", "refund_due")] {
        let body = event(order, payment);
        let told = tell(&site, &body, &signed(&site, &body, 0)).await;
        assert_eq!(told.ok(200)["status"], becomes);
        // Somebody else has the last unit before the next comes.
        site.buy(&ada, campaign, 1).await;
    }
}

#[tokio::test]
async fn without_a_secret_there_are_no_webhooks() {
    let site = Site::start().await;
    let body = event("01900000-0000-7000-8000-000000000000", "pi_1");
    tell(&site, &body, &signed(&site, &body, 0))
        .await
        .problem(404, "NO_WEBHOOKS");
}
