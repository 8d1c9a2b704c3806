//! Every query finds its rows by an index, however many rows of other sales there are.

use std::time::Duration;

use flashbid_core::campaign::{FencingToken, Guards, Phase, RunnersUp};
use flashbid_core::discrepancy::{Discrepancy, DiscrepancyKind};
use flashbid_core::id::{HoldId, StockChangeId};
use flashbid_core::order::OrderAction;
use flashbid_core::purchase::DeadLetter;
use flashbid_core::rank::Sequence;
use flashbid_core::settle::OfferPlan;
use flashbid_core::stock::Units;
use flashbid_core::store::{Ledger, Page, ProductChange, Revision, StockChange};
use flashbid_core::time::Timestamp;
use flashbid_postgres::{PostgresLedger, Transaction, sqlx};
use flashbid_testbed::Postgres;
use uuid::Uuid;

use crate::common::{bidder, open_campaign, product, stretch};
use crate::servers;
use crate::shop::{first_come, moving, open_shop, pay, purchase};
use crate::tables::settled;

const PAGE: Page = Page { skip: 0, limit: 10 };

/// Rows of many other sales, far more than a scan of a table would be cheaper for than an index.
const FILL: &str = "
    INSERT INTO products SELECT gen_random_uuid(), 'p', NULL, NULL, 0, 10, 0, 0, n FROM generate_series(1, 3000) n;
    INSERT INTO campaigns (id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price,
                           payment_deadline_ms, phase, version, fence, created_at)
        SELECT gen_random_uuid(), (SELECT id FROM products LIMIT 1), 'ranked', 1, 1, 1, 'latest', n, n + 1, 10, 0, 1,
               'settled', 3, 3, n FROM generate_series(1, 3000) n;
    INSERT INTO checkpoints (campaign) SELECT number FROM campaigns;
    INSERT INTO bid_history SELECT number, n, gen_random_uuid(), gen_random_uuid(), 'x', 1, 1, 1, 1, 1, 1, 1
        FROM campaigns, generate_series(1, 20) n;
    INSERT INTO bids SELECT campaign, bidder, id, sequence, price, weight, score, at FROM bid_history;
    INSERT INTO orders (id, campaign, product, bidder, bid, price, score, rank, status, created_at, pay_by, units, hold,
                        revision)
        SELECT id, number, product, gen_random_uuid(), gen_random_uuid(), 1, 1, n, 'pending_payment', 1, 9000000000000,
               1, id, n
        FROM (SELECT gen_random_uuid() AS id, number, product, n FROM campaigns, generate_series(1, 5) n) AS new;
    INSERT INTO orders (id, campaign, product, bidder, purchase, price, status, created_at, pay_by, units, hold,
                        revision)
        SELECT id, number, product, gen_random_uuid(), gen_random_uuid(), 1, 'pending_payment', 1, 9000000000000, 1, id,
               5 + n
        FROM (SELECT gen_random_uuid() AS id, number, product, n FROM campaigns, generate_series(1, 5) n) AS new;
    UPDATE campaigns SET held = quota;
    INSERT INTO void_holds SELECT gen_random_uuid(), 'ended' FROM generate_series(1, 20000);
    INSERT INTO dead_letters SELECT gen_random_uuid(), number, gen_random_uuid(), gen_random_uuid(), 1, 1, 1, 'held',
                                    'x', 1, 1 FROM campaigns, generate_series(1, 5) n;
    INSERT INTO stock_changes SELECT gen_random_uuid(), id, 'add', 1, 1 FROM products;
    INSERT INTO discrepancies (campaign, kind, subject, expected, found, noticed_at)
        SELECT id, 'counter', gen_random_uuid(), '', '', 1 FROM campaigns, generate_series(1, 5);
    UPDATE outbox_end SET position = 20000;
    INSERT INTO outbox SELECT n, 'order_created', gen_random_uuid() FROM generate_series(1, 20000) n;
    ANALYZE;";

/// All that is asked about first-come sales and their orders, often enough for plans to be kept.
async fn sell(ledger: &PostgresLedger) {
    let mut terms = first_come(3, 60, Some(3));
    terms.terms.runners_up = Some(RunnersUp {
        places: 2,
        payment_deadline: Duration::from_mins(5),
    });
    let campaign = open_shop(ledger, &terms).await;
    let (id, at) = (campaign.id, Timestamp::from_millis(1_800_000_000_000));
    let mut order = purchase([&campaign], 0, 0, 1).orders.remove(0);
    for number in 0..10 {
        let batch: Vec<_> = (0..8)
            .map(|more| purchase([&campaign], 8 * number + more, more, 1))
            .collect();
        for _ in 0..2 {
            ledger.commit_purchases(&batch).await.unwrap();
        }
        let moves = [
            moving(batch[0].orders[0].id, pay(Some(HoldId::again(order.id)))),
            moving(batch[1].orders[0].id, OrderAction::Cancel),
        ];
        ledger.move_orders(&moves).await.unwrap();
    }
    order.hold = HoldId::new(Uuid::from_u128(7));
    let letter = DeadLetter {
        campaign: id,
        purchase: purchase([&campaign], 1, 1, 1).id,
        hold: order.as_hold(),
        reason: String::new(),
        attempts: 1,
        at,
    };
    let holds = [order.hold, HoldId::new(Uuid::from_u128(8))];
    ledger.set_aside(&[letter]).await.unwrap();
    ledger.void_holds(id, &holds).await.unwrap();
    ledger.hold_fates(&holds).await.unwrap();
    ledger.gate_seed(id).await.unwrap();
    ledger.drop_dead_letter(order.hold).await.unwrap();
    ledger.overdue_orders(at, 10).await.unwrap();
    ledger
        .order_changes(id, Revision::new(3), 10)
        .await
        .unwrap();
    ledger.campaigns_of(campaign.product, PAGE).await.unwrap();
    ledger.set_guards(id, Guards::default()).await.unwrap();
    let change = ProductChange {
        stock: Some(StockChange::Add {
            id: StockChangeId::new(Uuid::from_u128(1)),
            units: Units::ONE,
        }),
        ..ProductChange::default()
    };
    let changed = ledger.change_product(campaign.product, &change, at).await;
    changed.unwrap();
    let found = Discrepancy {
        campaign: id,
        kind: DiscrepancyKind::Counter,
        subject: id.uuid(),
        expected: String::new(),
        found: String::new(),
        noticed_at: at,
        resolved_at: None,
    };
    for found in [&[found][..], &[]] {
        ledger.note_discrepancies(id, found, at).await.unwrap();
    }
    let token = FencingToken::new(2);
    let sealing = ledger.transition(id, Phase::Open, Phase::Sealing, token);
    assert!(sealing.await.unwrap());
    let version = ledger.campaign(id).await.unwrap().unwrap().version;
    ledger.end_sale(id, version, token).await.unwrap();
    let nothing = OfferPlan {
        campaign: id,
        orders: Vec::new(),
        returned: Units::ZERO,
    };
    ledger.commit_offers(&nothing, token).await.unwrap();
    ledger.with_units_left(PAGE).await.unwrap();
}

#[tokio::test]
async fn every_query_goes_by_an_index() {
    let url = servers::database();
    let name = servers::name(&url);
    Postgres::shared().sql(name, FILL);
    // What statistics say now is what filling and analysing did; the fresh connections of a ledger come on top.
    let scans = || {
        Postgres::shared().sql(
            name,
            "SELECT pg_stat_clear_snapshot(); SELECT relname, seq_scan FROM pg_stat_user_tables \
             WHERE relname NOT IN ('outbox_end', 'ledger_migrations') ORDER BY 1",
        )
    };
    let before = scans();
    let ledger = servers::connect(&url).await;
    settled(&ledger, 1).await;
    let (campaign, epoch) = open_campaign(&ledger, 2, 10).await;
    let id = campaign.id;
    // The plans of a function are made anew until they are found to be worth keeping.
    for part in 0..8 {
        let batch = stretch(epoch, part * 10, part * 10 + 15);
        ledger.record(id, &batch).await.unwrap();
    }
    ledger.product(product(0).id).await.unwrap();
    ledger
        .unsettled(Timestamp::from_millis(i64::MAX), PAGE)
        .await
        .unwrap();
    ledger.checkpoint(id).await.unwrap();
    ledger.bids(id, Sequence::new(3), 10).await.unwrap();
    ledger.bids_of(id, bidder(1), PAGE).await.unwrap();
    ledger.orders_in(id, PAGE).await.unwrap();
    ledger.orders_of(bidder(1), PAGE).await.unwrap();
    sell(&ledger).await;
    ledger.outbox(10).await.unwrap();
    ledger.acknowledge_outbox(10).await.unwrap();
    let standings =
        "SELECT bidder FROM bids WHERE campaign = 7 ORDER BY score DESC, sequence LIMIT 10";
    for query in [
        standings,
        "SELECT id FROM orders WHERE status = 'pending_payment' AND pay_by < 1",
        "SELECT id FROM campaigns WHERE starts_at > 2990 AND ends_at < 2995",
        "SELECT id FROM campaigns WHERE phase = 'open' AND ends_at < 5",
        "SELECT id FROM products ORDER BY created_at DESC, id LIMIT 10",
        "SELECT id FROM campaigns ORDER BY created_at DESC, id LIMIT 10",
        "SELECT id FROM products WHERE available <= 5 ORDER BY available, id LIMIT 10",
        "SELECT hold FROM dead_letters ORDER BY at, hold LIMIT 10",
        "SELECT kind FROM discrepancies ORDER BY noticed_at DESC, number DESC LIMIT 10",
    ] {
        let read = ledger
            .database()
            .read(async |tx: &mut Transaction<'_>| tx.fetch_all(sqlx::query(query)).await);
        read.await.unwrap();
    }
    // A connection tells what it did when it ends at the latest.
    ledger.database().close().await;
    let others = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
    flashbid_testbed::eventually("the connections to end", || {
        (Postgres::shared().sql("postgres", &others) == "0").then_some(())
    });
    assert_eq!(scans(), before);
    let used =
        "SELECT count(*) FROM pg_stat_user_tables WHERE idx_scan > 0 AND relname = 'bid_history'";
    assert_eq!(Postgres::shared().sql(name, used), "1");
}
