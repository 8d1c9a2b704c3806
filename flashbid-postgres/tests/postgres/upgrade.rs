//! What the versions before first-come sales have written comes over whole.

use std::fmt::Write;

use flashbid_core::campaign::{Campaign, FencingToken, Guards, Phase};
use flashbid_core::id::{BidderId, CampaignId, OrderId};
use flashbid_core::order::{OrderAction, OrderStatus, Origin};
use flashbid_core::stock::{HoldState, Level, Units};
use flashbid_core::store::{Ledger, OutboxEvent, Revision};
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::Postgres;
use uuid::Uuid;

use crate::common::{ALL, TOKEN, campaign, product};
use crate::servers;
use crate::shop::{first_come, moving, open_shop, pay, purchase};

const QUOTA: u32 = 10;
const PHASES: [&str; 5] = ["scheduled", "open", "sealing", "settled", "cancelled"];

/// The tables of before, with the scripts that the database remembers to have seen.
async fn tables_of_before(url: &str) -> PostgresLedger {
    let ledger = servers::connect(url).await;
    let fresh = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;";
    Postgres::shared().sql(servers::name(url), fresh);
    let scripts = [
        include_str!("../../migrations/0001_ledger.sql"),
        include_str!("../../migrations/0002_recording.sql"),
    ];
    let made = ledger.database().migrate("ledger", &scripts).await;
    made.unwrap();
    ledger
}

fn uuid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 64) + number)
}

/// A campaign in each phase, and two settled: one that sold all of its units and one that sold three of ten.
fn write_data_of_before(url: &str) {
    let mut sql = String::new();
    let of = product(0);
    // Three quotas are promised, and there are thirteen orders.
    write!(
        sql,
        "INSERT INTO products VALUES ('{}', 'A lamp', 'It shines', NULL, 1000000, 57, 43, 0, 1700000000000);",
        of.id
    )
    .unwrap();
    let campaigns = PHASES.iter().chain(&["settled"]);
    for (number, phase) in (1..).zip(campaigns) {
        let orders = match number {
            4 => 3,
            6 => QUOTA,
            _ => 0,
        };
        let unsold = if *phase == "settled" {
            QUOTA - orders
        } else {
            0
        };
        write!(
            sql,
            "INSERT INTO campaigns (id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price,
                                    payment_deadline_ms, phase, version, fence, allocated, unsold, created_at)
             VALUES ('{}', '{}', 'ranked', 10000, 10000000, 1000000, 'latest', 1700000000000, 1700000600000, {QUOTA},
                     1000000, 900000, '{phase}', {number}, 1, {orders}, {unsold}, 1700000000000);
             INSERT INTO checkpoints (campaign, epoch, checkpoint) SELECT max(number), 1, 0 FROM campaigns;",
            campaign(number, QUOTA).id,
            of.id
        )
        .unwrap();
        for rank in 1..=u128::from(orders) {
            let order = uuid(number, rank);
            write!(
                sql,
                "INSERT INTO orders SELECT '{order}', max(number), '{}', '{}', '{}', 1500000, {}, {rank},
                                           'pending_payment', 1700000600001, 1700001500001 FROM campaigns;
                 INSERT INTO holds VALUES ('{order}', '{}', 1, 'held', 1700001500001);
                 UPDATE outbox_end SET position = position + 1;
                 INSERT INTO outbox SELECT position, 'order_created', '{order}' FROM outbox_end;",
                of.id,
                uuid(100, rank),
                uuid(200, 10 * number + rank),
                1_000 - rank,
                of.id,
            )
            .unwrap();
        }
    }
    Postgres::shared().sql(servers::name(url), &sql);
}

fn units(count: u32) -> Units {
    Units::new(count).unwrap()
}

fn expected(number: u128) -> Campaign {
    let phases = [
        Phase::Scheduled,
        Phase::Open,
        Phase::Sealing,
        Phase::Settled,
        Phase::Cancelled,
        Phase::Settled,
    ];
    let (held, returned) = match number {
        4 => (3, 7),
        5 => (0, QUOTA),
        6 => (QUOTA, 0),
        _ => (0, 0),
    };
    Campaign {
        phase: phases[usize::try_from(number - 1).unwrap()],
        version: u64::try_from(number).unwrap(),
        fence: TOKEN,
        stock: Level {
            available: units(QUOTA - held - returned),
            held: units(held),
            sold: Units::ZERO,
        },
        returned: units(returned),
        guards: Guards::default(),
        ..campaign(number, QUOTA)
    }
}

async fn stock(ledger: &PostgresLedger) -> [u32; 3] {
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    [stock.available, stock.held, stock.sold].map(Units::get)
}

#[tokio::test]
async fn a_database_of_before_comes_over_whole() {
    let url = servers::database();
    let before = tables_of_before(&url).await;
    write_data_of_before(&url);
    before.database().close().await;

    let ledger = servers::connect(&url).await;
    for number in 1..=6 {
        let found = ledger.campaign(campaign(number, QUOTA).id).await.unwrap();
        assert_eq!(found, Some(expected(number)));
    }
    assert_eq!(ledger.with_units_left(ALL).await.unwrap(), []);
    assert_eq!(stock(&ledger).await, [57, 43, 0]);
    let told = ledger.outbox(u32::MAX).await.unwrap();
    assert_eq!(told.len(), 13);
    assert!(matches!(told[0].event, OutboxEvent::OrderCreated(_)));

    let partly: CampaignId = expected(4).id;
    let orders = ledger.orders_in(partly, ALL).await.unwrap().items;
    assert_eq!(orders.len(), 3);
    for (order, rank) in orders.iter().zip(1..) {
        assert_eq!(order.id, OrderId::new(uuid(4, rank)));
        assert_eq!(order.bidder, BidderId::new(uuid(100, rank)));
        assert_eq!((order.units, order.hold), (Units::ONE, order.id.into()));
        assert_eq!(order.status, OrderStatus::PendingPayment);
        let Origin::Won { bid, rank: won, .. } = order.origin else {
            panic!("it was won");
        };
        assert_eq!(
            (bid.uuid(), u128::from(won.get())),
            (uuid(200, 40 + rank), rank)
        );
    }
    let changes = ledger.order_changes(partly, Revision::ZERO, 99).await;
    let changes = changes.unwrap();
    assert_eq!(
        (changes.orders, changes.through),
        (orders.clone(), Revision::new(3))
    );
    let seed = ledger.gate_seed(partly).await.unwrap().unwrap();
    assert_eq!((seed.quota, seed.holds.len()), (units(3), 3));
    assert!(seed.holds.iter().all(|hold| hold.state == HoldState::Held));
}

/// And it lives on: what was won before is paid and called off, and the product is sold first-come.
#[tokio::test]
async fn a_database_of_before_lives_on() {
    let url = servers::database();
    tables_of_before(&url).await.database().close().await;
    write_data_of_before(&url);
    let ledger = servers::connect(&url).await;
    let [paid, cancelled] = [1, 2].map(|rank| OrderId::new(uuid(4, rank)));
    let moves = [
        moving(paid, pay(None)),
        moving(cancelled, OrderAction::Cancel),
    ];
    let answers = ledger.move_orders(&moves).await.unwrap();
    let statuses: Vec<_> = answers
        .into_iter()
        .flatten()
        .map(|moved| moved.order.status)
        .collect();
    assert_eq!(statuses, [OrderStatus::Paid, OrderStatus::Cancelled]);
    assert_eq!(stock(&ledger).await, [58, 41, 1]);
    let campaign = ledger.campaign(expected(4).id).await.unwrap().unwrap();
    let stock_of = campaign.stock;
    assert_eq!(
        [
            stock_of.available,
            stock_of.held,
            stock_of.sold,
            campaign.returned
        ]
        .map(Units::get),
        [0, 1, 1, 8]
    );
    let called_off = expected(2).id;
    let token = FencingToken::new(5);
    let called = ledger.transition(called_off, Phase::Open, Phase::Cancelled, token);
    assert!(called.await.unwrap());
    assert_eq!(stock(&ledger).await, [68, 31, 1]);

    let shop = open_shop(&ledger, &first_come(9, 5, Some(2))).await;
    let bought = purchase([&shop], 1, 1, 2);
    let outcomes = ledger.commit_purchases(std::slice::from_ref(&bought)).await;
    assert_eq!(outcomes.unwrap(), [Ok(bought.orders)]);
    let last = ledger.outbox(u32::MAX).await.unwrap();
    assert_eq!(last.last().unwrap().position, 13 + 2 + 1);
}
