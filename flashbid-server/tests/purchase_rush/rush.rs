//! Ten thousand people, one hundred units.

use std::collections::HashMap;
use std::sync::Arc;

use flashbid_core::id::{BidderId, CampaignId, HoldId};
use flashbid_core::order::{Order, OrderStatus};
use flashbid_core::time::{Clock, ManualClock, SystemClock};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::{Barrier, Mutex};

use crate::program::{run, stdout};
use crate::shop::{Person, Shop, Stores, TO_PAY, client, figures, until};

const BUYERS: usize = 10_000;
const CONNECTIONS: usize = 250;
const UNITS: u32 = 100;
const LIMIT: u32 = 2;

/// Units of the product that no campaign was promised.
const ASIDE: u32 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_buyers_get_exactly_the_units_there_are_in_memory_and_sqlite() {
    rush(&Stores::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_buyers_get_exactly_the_units_there_are_in_redis_and_postgres() {
    rush(&Stores::shared()).await;
}

/// One request of a buyer.
#[derive(Clone, Debug)]
struct Wish {
    person: Person,
    units: u32,
    key: &'static str,
}

/// What a buyer was told: the units of each hold that was answered with 202.
type Told = HashMap<HoldId, (BidderId, u32)>;

async fn rush(stores: &Stores) {
    // One at a time: each of them is to have the machine for itself.
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    // No order expires before the test moves the clock.
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let shop = Arc::new(Shop::open(stores, clock.clone(), |_| ()).await);
    let people = shop.people(BUYERS).await;
    let campaign = shop.sale(UNITS + ASIDE, UNITS, Some(LIMIT)).await;
    let product = shop.campaign(campaign).await.product;

    let mut wishes: Vec<Wish> = people.iter().enumerate().flat_map(wishes_of).collect();
    wishes.shuffle(&mut random);
    let told = buy(&shop, campaign, wishes).await;
    let by_id = all_told(&shop, campaign, &told, &[]).await;
    assert_eq!(shop.level(campaign).await, [0, UNITS, 0]);
    verify(&shop, stores, campaign).await;

    // Half of them pay, and pay again.
    let http = client();
    let tokens: HashMap<BidderId, &Person> =
        people.iter().map(|person| (person.id, person)).collect();
    let mut orders: Vec<&Order> = by_id.values().collect();
    orders.sort_by_key(|order| order.id);
    orders.shuffle(&mut random);
    let (paid, unpaid) = orders.split_at(orders.len() / 2);
    for order in paid {
        for _ in 0..2 {
            let pay = format!("/orders/{}/pay", order.id);
            let answer = shop.post(&http, &tokens[&order.bidder].token, &pay).await;
            assert_eq!(answer["status"], "paid");
        }
    }
    let units = |orders: &[&Order]| orders.iter().map(|order| order.units.get()).sum::<u32>();
    let (sold, again) = (units(paid), units(unpaid));
    assert_eq!(shop.level(campaign).await, [0, again, sold]);

    // The others let their time pass, and the worker gives their units back.
    clock.advance(TO_PAY);
    until("the unpaid units are available", async || {
        shop.level(campaign).await == [again, 0, sold]
    })
    .await;
    for order in unpaid {
        let path = format!("/orders/{}", order.id);
        let answer = shop.get(&http, &tokens[&order.bidder].token, &path).await;
        assert_eq!(answer["status"], "expired", "{answer}");
    }
    assert_eq!(
        figures(shop.campaign(campaign).await.stock),
        [again, 0, sold]
    );

    // Everybody who has nothing comes back.
    let mut wishes: Vec<Wish> = people
        .iter()
        .filter(|person| !paid.iter().any(|order| order.bidder == person.id))
        .take(BUYERS / 5)
        .map(|person| Wish {
            person: person.clone(),
            units: 1,
            key: "again",
        })
        .collect();
    wishes.shuffle(&mut random);
    let second = buy(&shop, campaign, wishes).await;
    assert_eq!(second.len(), again as usize, "each was sold once more");
    let first: Vec<HoldId> = told.keys().copied().collect();
    all_told(&shop, campaign, &second, &first).await;
    assert_eq!(shop.level(campaign).await, [0, again, sold]);

    // Whoever pays only now has lost the unit to them.
    let late = unpaid[random.random_range(0..unpaid.len())];
    let pay = format!("/orders/{}/pay", late.id);
    let answer = shop.post(&http, &tokens[&late.bidder].token, &pay).await;
    assert_eq!(answer["status"], "refund_due", "{answer}");
    assert_eq!(shop.level(campaign).await, [0, again, sold]);

    conserved(&shop, campaign, product, [0, again, sold]).await;
    verify(&shop, stores, campaign).await;
    let reconciled = shop.reconcile(&http, campaign, false).await;
    assert_eq!(reconciled["found"], serde_json::json!([]), "{reconciled}");
}

/// What a buyer asks for: most want a unit. Some want all they may have, some more than that, at once or in two requests,
/// and some ask twice because they are in a hurry.
fn wishes_of((number, person): (usize, &Person)) -> Vec<Wish> {
    let wish = |units, key| Wish {
        person: person.clone(),
        units,
        key,
    };
    match number % 10 {
        0 => vec![wish(LIMIT, "only")],
        1 => vec![wish(1, "same"), wish(1, "same")],
        2 => vec![wish(LIMIT, "first"), wish(1, "second")],
        3 => vec![wish(LIMIT + 1, "more")],
        _ => vec![wish(1, "only")],
    }
}

/// Sends all wishes at once, over a few hundred connections, and answers what was held for whom.
async fn buy(shop: &Arc<Shop>, campaign: CampaignId, wishes: Vec<Wish>) -> Told {
    let start = Arc::new(Barrier::new(CONNECTIONS));
    let begun = SystemClock.now();
    let count = wishes.len();
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            let wishes: Vec<Wish> = wishes
                .iter()
                .skip(connection)
                .step_by(CONNECTIONS)
                .cloned()
                .collect();
            let (shop, start) = (shop.clone(), start.clone());
            tokio::spawn(async move {
                let http = client();
                start.wait().await;
                let mut told = Vec::new();
                for wish in wishes {
                    told.extend(ask(&shop, &http, campaign, &wish).await);
                }
                told
            })
        })
        .collect();
    let mut told = Told::new();
    for connection in connections {
        for (hold, bidder, units) in connection.await.unwrap() {
            let known = told.insert(hold, (bidder, units));
            // The same key was answered twice.
            assert!(known.is_none_or(|known| known == (bidder, units)));
        }
    }
    let took = SystemClock.now().since(begun);
    println!("{count} requests in {took:?}");
    told
}

/// Answers the hold, or nothing when the server says no for a reason that it may have.
async fn ask(
    shop: &Shop,
    http: &Client,
    campaign: CampaignId,
    wish: &Wish,
) -> Option<(HoldId, BidderId, u32)> {
    let (status, said) = shop
        .buy(http, &wish.person, campaign, wish.units, wish.key)
        .await;
    if status == StatusCode::ACCEPTED {
        assert!(wish.units <= LIMIT, "{said}");
        assert_eq!(said["status"], "held", "{said}");
        let hold = said["hold_id"].as_str().unwrap().parse().unwrap();
        return Some((hold, wish.person.id, wish.units));
    }
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    let code = said["code"].as_str().unwrap();
    let may_be_limited = ["more", "first", "second"].contains(&wish.key);
    assert!(
        code == "SOLD_OUT" || may_be_limited && code == "LIMIT_REACHED",
        "{wish:?}: {said}"
    );
    None
}

/// Checks that the orders are those of `told` and of what was told `before`, one to one, that the buyers see them, and
/// that nobody has more than the limit. Answers the orders of `told`.
async fn all_told(
    shop: &Shop,
    campaign: CampaignId,
    told: &Told,
    before: &[HoldId],
) -> HashMap<HoldId, Order> {
    let orders = shop.orders(campaign).await;
    let mut orders: HashMap<HoldId, Order> = orders
        .into_iter()
        .map(|order| (HoldId::new(order.id.uuid()), order))
        .collect();
    let mut has: HashMap<BidderId, u32> = HashMap::new();
    for order in orders.values().filter(|order| takes(order)) {
        *has.entry(order.bidder).or_default() += order.units.get();
    }
    assert_eq!(has.values().sum::<u32>(), UNITS);
    assert!(
        has.values().all(|units| *units <= LIMIT),
        "beyond the limit"
    );
    for hold in before {
        assert!(orders.remove(hold).is_some(), "{hold} has no order");
    }
    assert_eq!(orders.len(), told.len(), "as many orders as purchases");
    for (hold, (bidder, units)) in told {
        let order = orders.get(hold);
        let order = order.unwrap_or_else(|| panic!("{hold} has no order"));
        assert_eq!((order.bidder, order.units.get()), (*bidder, *units));
        assert_eq!(order.status, OrderStatus::PendingPayment);
    }
    let http = client();
    for (hold, (bidder, _)) in told {
        let state = shop.server.state();
        let token = state.sessions().open(*bidder, state.engine().now()).0;
        let seen = shop.get(&http, &token, &format!("/purchases/{hold}")).await;
        assert_eq!(seen["status"], "ordered", "{seen}");
        assert_eq!(seen["order_id"], hold.to_string(), "{seen}");
    }
    orders
}

fn takes(order: &Order) -> bool {
    matches!(
        order.status,
        OrderStatus::PendingPayment | OrderStatus::Paid
    )
}

/// Checks that the ledger, the hot counter and the product agree on where each unit is.
async fn conserved(
    shop: &Shop,
    campaign: CampaignId,
    product: flashbid_core::id::ProductId,
    level: [u32; 3],
) {
    let [available, held, sold] = level;
    assert_eq!(shop.level(campaign).await, level);
    let stock = shop.campaign(campaign).await.stock;
    assert_eq!(figures(stock), level);
    let stock = figures(shop.product(product).await);
    assert_eq!(stock, [ASIDE, available + held, sold]);
}

/// Checks that every way to audit the campaign finds nothing.
async fn verify(shop: &Shop, stores: &Stores, campaign: CampaignId) {
    let verdict = shop.engine().verify(campaign).await.unwrap();
    assert!(verdict.is_consistent(), "{verdict:?}");
    let path = format!("/orders/campaign/{campaign}?limit=1000");
    let answer: Value = shop.get(&client(), &shop.admin, &path).await;
    assert_eq!(answer["is_consistent"], true, "{answer}");
    assert_eq!(answer["stock"], UNITS + ASIDE);
    assert_eq!(answer["total"], shop.orders(campaign).await.len());
    let id = campaign.to_string();
    let verdict = run(&stores.folder, &["verify", &id, "--ledger", &stores.ledger]);
    assert_eq!(verdict.status.code(), Some(0), "{verdict:?}");
    assert!(stdout(&verdict).contains("consistent"), "{verdict:?}");
}
