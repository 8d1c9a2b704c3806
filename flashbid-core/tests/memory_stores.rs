//! What the stores in memory do beyond the contracts.

use std::sync::Arc;
use std::time::Duration;

use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Terms, Window};
use flashbid_core::id::{BidderId, CampaignId, HoldId, ProductId, PurchaseId};
use flashbid_core::memory::{MemoryCache, MemoryGate, MemoryLedger};
use flashbid_core::money::Money;
use flashbid_core::order::{OrderAction, OrderMove, OrderStatus, PaymentId};
use flashbid_core::product::Product;
use flashbid_core::purchase::{HoldFate, Purchase, VoidReason, order_of};
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{
    Cached, CampaignCache, CampaignOutcome, GateSeed, HoldRepair, HoldRequest, Ledger,
    PendingPurchase, Purpose, StockGate,
};
use flashbid_core::time::{ManualClock, Timestamp};
use uuid::Uuid;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const LENGTH: Duration = Duration::from_hours(1);
const SALE: CampaignId = CampaignId::new(Uuid::from_u128(1));

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

fn window() -> Window {
    Window::new(START, START.after(LENGTH)).unwrap()
}

fn seed(quota: u32, holds: Vec<Hold>) -> GateSeed {
    GateSeed {
        campaign: SALE,
        window: window(),
        quota: units(quota),
        per_buyer: None,
        sealed: false,
        holds,
    }
}

fn request(number: u128, count: u32) -> HoldRequest {
    HoldRequest {
        id: HoldId::new(Uuid::from_u128(number)),
        bidder: BidderId::new(Uuid::from_u128(100 + number)),
        units: units(count),
        expires_at: START.after(Duration::from_mins(10)),
        purpose: Purpose::Purchase(PurchaseId::new(Uuid::from_u128(200 + number))),
        ticket: None,
        at: None,
    }
}

async fn take(gate: &MemoryGate, requests: &[HoldRequest]) -> Vec<Hold> {
    let held = gate.hold(SALE, requests).await.unwrap();
    held.into_iter().map(Result::unwrap).collect()
}

async fn figures(gate: &MemoryGate) -> [u32; 3] {
    let level = gate.level(SALE).await.unwrap().unwrap().level;
    [level.available, level.held, level.sold].map(Units::get)
}

#[tokio::test]
async fn the_gates_time_is_that_of_its_clock() {
    let clock = Arc::new(ManualClock::new(START));
    let gate = MemoryGate::new(clock.clone());
    gate.load(&seed(3, vec![])).await.unwrap();
    clock.advance(Duration::from_mins(2));
    let [hold] = take(&gate, &[request(1, 1)]).await[..] else {
        panic!("there is one");
    };
    assert_eq!(hold.taken_at, START.after(Duration::from_mins(2)));
}

/// Somebody was told that these units are held, and the ledger does not know it yet.
#[tokio::test]
async fn purchases_that_wait_outlive_an_unloaded_counter() {
    let gate = MemoryGate::new(Arc::new(ManualClock::new(START)));
    gate.load(&seed(9, vec![])).await.unwrap();
    let holds = take(&gate, &[request(1, 2), request(2, 3), request(3, 1)]).await;
    gate.acknowledge(SALE, &[holds[2].id]).await.unwrap();
    gate.unload(SALE).await.unwrap();
    assert_eq!(gate.level(SALE).await.unwrap(), None);

    // The first has become an order that is paid.
    let paid = Hold {
        state: HoldState::Consumed,
        ..holds[0]
    };
    gate.load(&seed(9, vec![paid])).await.unwrap();
    assert_eq!(figures(&gate).await, [4, 3, 2]);
    let waiting = [paid, holds[1]].map(|hold| PendingPurchase {
        purchase: PurchaseId::new(Uuid::from_u128(200 + hold.id.uuid().as_u128())),
        hold,
    });
    assert_eq!(gate.pending(SALE, 9).await.unwrap(), waiting);
    gate.acknowledge(SALE, &[paid.id, holds[1].id])
        .await
        .unwrap();
    gate.unload(SALE).await.unwrap();
    gate.load(&seed(9, vec![])).await.unwrap();
    assert_eq!(figures(&gate).await, [9, 0, 0], "nothing is left waiting");
}

#[tokio::test]
async fn units_that_come_back_to_a_counter_beyond_its_quota_are_not_available() {
    let gate = MemoryGate::new(Arc::new(ManualClock::new(START)));
    gate.load(&seed(5, vec![])).await.unwrap();
    let holds = take(&gate, &[request(1, 2), request(2, 2)]).await;
    let found = HoldRepair {
        hold: Hold {
            id: HoldId::new(Uuid::from_u128(3)),
            units: units(3),
            ..holds[0]
        },
        seen: None,
    };
    gate.repair(SALE, units(5), &[found]).await.unwrap();
    assert_eq!(figures(&gate).await, [0, 7, 0]);
    gate.release(SALE, &[holds[0].id]).await.unwrap();
    assert_eq!(figures(&gate).await, [0, 5, 0]);
    gate.release(SALE, &[holds[1].id]).await.unwrap();
    assert_eq!(figures(&gate).await, [2, 3, 0]);
}

/// A sale of three units whose first order, of one unit, has expired.
async fn expired() -> (MemoryLedger, HoldId) {
    let ledger = MemoryLedger::new();
    let product = Product {
        id: ProductId::new(Uuid::from_u128(2)),
        name: "Lamp".into(),
        description: None,
        image_url: None,
        min_price: Money::ZERO,
        stock: Level::loaded_with(units(3)),
        created_at: START,
    };
    ledger.add_product(&product).await.unwrap();
    let terms = Terms {
        format: Format::FirstCome {
            price: "10".parse().unwrap(),
            per_buyer: None,
        },
        window: window(),
        quota: units(3),
        min_price: Money::ZERO,
        payment_deadline: Duration::from_mins(10),
        runners_up: None,
    };
    let campaign = Campaign::scheduled(SALE, product.id, terms, START);
    let added = ledger.add_campaign(&campaign).await.unwrap();
    assert_eq!(added, CampaignOutcome::Added);
    let token = FencingToken::new(1);
    let open = ledger.transition(SALE, Phase::Scheduled, Phase::Open, token);
    assert!(open.await.unwrap());

    let gate = MemoryGate::new(Arc::new(ManualClock::new(START)));
    gate.load(&seed(3, vec![])).await.unwrap();
    let hold = take(&gate, &[request(1, 1)]).await[0];
    let id = PurchaseId::new(Uuid::from_u128(201));
    let order = order_of(&hold, &campaign, id).unwrap();
    let orders = vec![order];
    let made = ledger.commit_purchases(&[Purchase { id, orders }]).await;
    assert!(made.unwrap()[0].is_ok());
    let expire = OrderMove {
        order: hold.id.into(),
        action: OrderAction::Expire,
        at: hold.expires_at,
    };
    let moved = ledger.move_orders(&[expire]).await.unwrap();
    assert_eq!(
        moved[0].as_ref().unwrap().order.status,
        OrderStatus::Expired
    );
    (ledger, hold.id)
}

async fn paid_late(ledger: &MemoryLedger, hold: HoldId) -> OrderStatus {
    let pay = OrderMove {
        order: hold.into(),
        action: OrderAction::Pay {
            payment: PaymentId::new("p-1").unwrap(),
            again: Some(HoldId::again(hold.into())),
        },
        at: START.after(LENGTH),
    };
    let moved = ledger.move_orders(&[pay]).await.unwrap();
    moved[0].as_ref().unwrap().order.status
}

/// The counter gives the units of a void hold to others: whoever pays under it gets the money back.
#[tokio::test]
async fn units_taken_again_under_a_void_hold_are_not_sold() {
    let (ledger, hold) = expired().await;
    let again = HoldId::again(hold.into());
    let fates = ledger.void_holds(SALE, &[again]).await.unwrap();
    assert_eq!(fates, [HoldFate::Void(VoidReason::Ended)]);
    assert_eq!(paid_late(&ledger, hold).await, OrderStatus::RefundDue);
}

#[tokio::test]
async fn a_hold_of_units_taken_again_is_known_as_the_orders() {
    let (ledger, hold) = expired().await;
    assert_eq!(paid_late(&ledger, hold).await, OrderStatus::Paid);
    let again = HoldId::again(hold.into());
    let order = ledger.order(hold.into()).await.unwrap().unwrap();
    let ordered = HoldFate::Ordered(order);
    let fates = ledger.void_holds(SALE, &[again, hold]).await.unwrap();
    assert_eq!(fates, [ordered.clone(), ordered]);
}

#[tokio::test]
async fn a_change_without_a_quiet_time_keeps_no_copy_out_whatever_the_clock_does() {
    let clock = Arc::new(ManualClock::new(START));
    let cache = MemoryCache::new(clock.clone());
    cache.change(SALE, Duration::ZERO).await.unwrap();
    clock.set(Timestamp::from_millis(START.millis() - 1));
    cache.keep(SALE, b"copy", LENGTH).await.unwrap();
    assert_eq!(
        cache.cached(SALE).await.unwrap(),
        Cached::Copy(b"copy".to_vec())
    );
}
