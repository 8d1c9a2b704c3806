//! First-come sales on Redis and PostgreSQL, over several nodes, and while Redis is away.

use std::time::Duration;

use flashbid_core::id::{CampaignId, HoldId};
use flashbid_server::config::Secret;
use flashbid_server::payments::Webhooks;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::house::{PATIENCE, Watcher, sequence};
use crate::place::{ADMIN, Node, Place};

const PURCHASES: &str = "/api/v1/purchases";

/// A first-come campaign of `units` at 5 each that has started and lasts so long, with `terms` of its own.
pub(crate) async fn first_come(
    node: &Node,
    admin: &str,
    units: u32,
    lasts: Duration,
    terms: Value,
) -> String {
    let product = json!({"name": "Lamp", "stock": units, "min_price": 1});
    let product = node.post("/api/v1/products", admin, product).await;
    let now = node.server.state().engine().now();
    let time = |at| serde_json::to_value(flashbid_server::wire::Time(at)).unwrap();
    let mut campaign = json!({
        "product_id": product["product_id"],
        "start_time": time(now),
        "end_time": time(now.after(lasts)),
        "format": "first_come", "price": 5,
    });
    let all = campaign.as_object_mut().unwrap();
    all.extend(terms.as_object().unwrap().clone());
    let campaign = node.post("/api/v1/campaigns", admin, campaign).await;
    campaign["campaign_id"].as_str().unwrap().to_owned()
}

async fn buy(node: &Node, token: &str, campaign: &str, quantity: u32) -> (StatusCode, Value) {
    let purchase = json!({"campaign_id": campaign, "quantity": quantity});
    node.ask(Method::POST, PURCHASES, Some(token), Some(purchase))
        .await
}

/// Buys a unit, and answers the id of the purchase and of its order.
pub(crate) async fn order(node: &Node, token: &str, campaign: &str) -> String {
    let (status, held) = buy(node, token, campaign, 1).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{held}");
    held["hold_id"].as_str().unwrap().to_owned()
}

async fn act(node: &Node, token: &str, order: &str, action: &str) -> Value {
    let path = format!("/api/v1/orders/{order}/{action}");
    node.post(&path, token, json!({})).await
}

async fn units(node: &Node, token: &str, campaign: &str) -> Value {
    let details = node
        .get(&format!("/api/v1/campaigns/{campaign}"), token)
        .await;
    details["stats"]["units"].clone()
}

fn left(available: u32, held: u32, sold: u32) -> Value {
    json!({"available": available, "held": held, "sold": sold})
}

async fn until_status(node: &Node, token: &str, order: &str, expected: &str) {
    let path = format!("/api/v1/orders/{order}");
    let becomes = async {
        while node.get(&path, token).await["status"] != expected {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, becomes).await.expect(expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_come_sale_runs_over_two_nodes_as_over_one() {
    let place = Place::new();
    let (a, b) = (place.node().await, place.node().await);
    let admin = a.login(ADMIN).await;
    let (ada, eve) = (a.user("ada").await, b.user("eve").await);
    let terms = json!({"per_buyer_limit": 3});
    let campaign = first_come(&a, &admin, 4, Duration::from_hours(1), terms).await;
    let address = b.server.address();
    let mut adas = Watcher::connect(&format!("ws://{address}/ws/{campaign}?token={ada}")).await;
    let first = adas.event_named("stock_update").await;
    assert_eq!(first["data"]["available"], 4);

    let bought = order(&a, &ada, &campaign).await;
    let known = b.get(&format!("{PURCHASES}/{bought}"), &ada).await;
    assert_eq!(known["status"], "ordered");
    let told = adas.event_named("order_update").await;
    assert_eq!(told["data"]["order_id"], json!(bought));
    assert_eq!(act(&b, &ada, &bought, "pay").await["status"], "paid");
    let paid = adas.event_named("order_update").await;
    assert_eq!(paid["data"]["status"], "paid");
    assert!(sequence(&paid) > sequence(&told));

    let (status, problem) = buy(&b, &ada, &campaign, 3).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("LIMIT_REACHED"))
    );
    let (status, _) = buy(&b, &eve, &campaign, 3).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let (status, problem) = buy(&a, &ada, &campaign, 1).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("SOLD_OUT"))
    );
    for node in [&a, &b] {
        assert_eq!(units(node, &ada, &campaign).await, left(0, 3, 1));
    }
    a.server.stop().await;
    b.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_buyers_at_two_nodes_as_many_get_a_unit_as_there_are() {
    let place = Place::new();
    let (a, b) = (place.node().await, place.node().await);
    let admin = a.login(ADMIN).await;
    let users = [
        a.user("ada").await,
        a.user("bob").await,
        b.user("eve").await,
    ];
    let terms = json!({"per_buyer_limit": 5});
    let campaign = first_come(&a, &admin, 7, Duration::from_hours(1), terms).await;
    let asked = (0..60).map(|number| {
        let node = if number % 2 == 0 { &a } else { &b };
        buy(node, &users[number % 3], &campaign, 1)
    });
    let answers = join_all(asked).await;
    let bought = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::ACCEPTED)
        .count();
    assert_eq!(bought, 7, "{answers:?}");
    for (status, problem) in &answers {
        let code = problem["code"].as_str().unwrap_or("none");
        let is_refused = status.as_u16() == 409 && ["SOLD_OUT", "LIMIT_REACHED"].contains(&code);
        assert!(
            *status == StatusCode::ACCEPTED || is_refused,
            "{status} {problem}"
        );
    }
    let path = format!("/api/v1/orders/campaign/{campaign}");
    let orders = b.get(&path, &admin).await;
    assert_eq!(
        (&orders["total"], &orders["is_consistent"]),
        (&json!(7), &json!(true))
    );
    a.server.stop().await;
    b.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_or_not_paid_in_time_is_sold_again() {
    let place = Place::new();
    let node = place.node().await;
    let admin = node.login(ADMIN).await;
    let (ada, eve) = (node.user("ada").await, node.user("eve").await);
    let terms = json!({"payment_deadline": 1});
    let campaign = first_come(&node, &admin, 2, Duration::from_hours(1), terms).await;
    let first = order(&node, &ada, &campaign).await;
    let cancelled = act(&node, &ada, &first, "cancel").await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(act(&node, &ada, &first, "cancel").await, cancelled);
    let (second, third) = (
        order(&node, &ada, &campaign).await,
        order(&node, &ada, &campaign).await,
    );
    until_status(&node, &ada, &second, "expired").await;
    until_status(&node, &ada, &third, "expired").await;
    // One of the two units is left for a late payment, then none.
    assert_eq!(act(&node, &ada, &second, "pay").await["status"], "paid");
    let last = order(&node, &eve, &campaign).await;
    assert_eq!(act(&node, &eve, &last, "pay").await["status"], "paid");
    assert_eq!(
        act(&node, &ada, &third, "pay").await["status"],
        "refund_due"
    );
    assert_eq!(units(&node, &ada, &campaign).await, left(0, 0, 2));
    let verdict = node.server.state().engine();
    let verdict = verdict.verify(campaign.parse().unwrap()).await.unwrap();
    assert!(verdict.is_consistent(), "{verdict:?}");
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_bought_whole_or_not_at_all() {
    let place = Place::new();
    let node = place.node().await;
    let admin = node.login(ADMIN).await;
    let ada = node.user("ada").await;
    let lasts = Duration::from_hours(1);
    let many = first_come(&node, &admin, 5, lasts, json!({})).await;
    let few = first_come(&node, &admin, 1, lasts, json!({})).await;
    let cart = |of_few: u32| {
        json!({"items": [
            {"campaign_id": many, "quantity": 2}, {"campaign_id": few, "quantity": of_few},
        ]})
    };
    let path = "/api/v1/carts";
    let (status, problem) = node
        .ask(Method::POST, path, Some(&ada), Some(cart(2)))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("SOLD_OUT"))
    );
    assert_eq!(units(&node, &ada, &many).await, left(5, 0, 0));
    let bought = node.post(path, &ada, cart(1)).await;
    assert_eq!(bought["orders"].as_array().unwrap().len(), 2);
    assert_eq!(units(&node, &ada, &many).await, left(3, 2, 0));
    assert_eq!(units(&node, &ada, &few).await, left(0, 1, 0));
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_node_is_used_up_at_all() {
    let place = Place::new();
    let (a, b) = (place.node().await, place.node().await);
    let admin = a.login(ADMIN).await;
    let ada = a.user("ada").await;
    let campaign = first_come(&a, &admin, 5, Duration::from_hours(1), json!({})).await;
    let path = format!("/api/v1/campaigns/{campaign}");
    let asks = json!({"require_token": true});
    let (status, changed) = a.ask(Method::PATCH, &path, Some(&admin), Some(asks)).await;
    assert_eq!(
        (status, &changed["require_token"]),
        (StatusCode::OK, &json!(true))
    );
    // The other node sees it within a second. More than there is, so that nothing is sold meanwhile.
    let seen = async { while buy(&b, &ada, &campaign, 6).await.0 != StatusCode::FORBIDDEN {} };
    timeout(Duration::from_secs(1), seen).await.expect("seen");
    let given = a.post(&format!("{path}/tokens"), &ada, json!({})).await;
    let token = given["token"].as_str().unwrap();
    let mut answers = Vec::new();
    for node in [&b, &a] {
        let body = json!({"campaign_id": campaign});
        let headers = [("x-request-token", token)];
        answers.push(node.ask_with(PURCHASES, &ada, &headers, body).await);
    }
    assert_eq!(answers[0].0, StatusCode::ACCEPTED, "{answers:?}");
    assert_eq!(answers[1].0, StatusCode::FORBIDDEN);
    assert_eq!(answers[1].1["code"], "TOKEN_USED");
    a.server.stop().await;
    b.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_pages_of_a_sale_are_shown_and_all_comes_back_by_itself() {
    let place = Place::new();
    let node = place.node().await;
    let admin = node.login(ADMIN).await;
    let ada = node.user("ada").await;
    let lasts = Duration::from_hours(1);
    let first_come = first_come(&node, &admin, 5, lasts, json!({})).await;
    let ranked = node.campaign(&admin, 1, lasts).await;
    node.bid(&ada, &ranked, 10).await;
    let bought = order(&node, &ada, &first_come).await;
    let show = async |campaign: &str| {
        let path = format!("/api/v1/campaigns/{campaign}");
        node.get(&path, &ada).await
    };
    let (sale, auction) = (show(&first_come).await, show(&ranked).await);
    assert_eq!(auction["stats"]["total_participants"], 1);
    assert_eq!(sale["stats"]["units"], left(4, 1, 0));

    place.redis.kill();
    let begin = Instant::now();
    // The ledger has the figures of the one, and not of the other.
    assert_eq!(show(&first_come).await, sale);
    let shown = show(&ranked).await;
    assert_eq!(shown["stats"], Value::Null);
    assert_eq!(shown["product"], auction["product"]);
    let list = node.get("/api/v1/campaigns", &ada).await;
    assert_eq!(list["total"], 2);
    node.get("/api/v1/products", &ada).await;
    // What was bought is known, may be paid, and nothing more is sold.
    let known = node.get(&format!("{PURCHASES}/{bought}"), &ada).await;
    assert_eq!(known["status"], "ordered");
    assert_eq!(act(&node, &ada, &bought, "pay").await["status"], "paid");
    let (refused, problem) = buy(&node, &ada, &first_come, 1).await;
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem["code"], "STORE_UNAVAILABLE");
    assert_eq!(show(&first_come).await["stats"]["units"], left(4, 0, 1));
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    let (status, health) = node.ask(Method::GET, "/health", None, None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health["dependencies"]["hot"], "unavailable");
    assert_eq!(health["dependencies"]["ledger"], "ok");

    // Empty, even: the ledger has what counts.
    place.redis.restart_empty();
    let back = async {
        while buy(&node, &ada, &first_come, 1).await.0 != StatusCode::ACCEPTED {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, back).await.expect("it sells again");
    let live = show(&first_come).await;
    assert_eq!(live["stats"]["units"]["sold"], 1);
    assert_eq!(show(&ranked).await["stats"], auction["stats"]);
    let (status, _) = node.ask(Method::GET, "/health", None, None).await;
    assert_eq!(status, StatusCode::OK);
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_redis_could_not_note_pays_and_may_be_sent_again() {
    let place = Place::new();
    let mut config = place.config();
    let secret = Secret::new("a secret of webhooks");
    config.webhook_secret = Some(secret.clone());
    let node = Node::start(&config).await;
    let admin = node.login(ADMIN).await;
    let ada = node.user("ada").await;
    let campaign = first_come(&node, &admin, 1, Duration::from_hours(1), json!({})).await;
    let order = order(&node, &ada, &campaign).await;
    let body = json!({"type": "payment.succeeded", "order_id": order, "payment_id": "pi_1"});
    let now = node.server.state().engine().now();
    let signature = Webhooks::new(&secret).sign(body.to_string().as_bytes(), now);
    let tell = async || {
        let headers = [(Webhooks::HEADER, signature.as_str())];
        let path = "/api/v1/payments/webhook";
        node.ask_with(path, "", &headers, body.clone()).await
    };
    place.redis.kill();
    let (status, problem) = tell().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    let path = format!("/api/v1/orders/{order}");
    assert_eq!(node.get(&path, &ada).await["status"], "paid");
    place.redis.restart();
    let taken = async {
        loop {
            let (status, order) = tell().await;
            if status == StatusCode::OK {
                return order;
            }
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{order}");
        }
    };
    let taken = timeout(PATIENCE, taken).await.expect("taken");
    assert_eq!(taken["status"], "paid");
    let (status, problem) = tell().await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("WEBHOOK_REPLAYED"))
    );
    node.server.stop().await;
}

/// Gives back in the hot store what the ledger has sold.
pub(crate) async fn spoil(node: &Node, campaign: &str, order: &str) {
    let (campaign, hold): (CampaignId, HoldId) =
        (campaign.parse().unwrap(), order.parse().unwrap());
    let hot = node.server.state().engine().hot();
    hot.release(campaign, &[hold]).await.unwrap();
}
