//! The tables themselves: what they refuse whoever writes, and that every query finds its rows by an index.

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Phase;
use flashbid_core::rank::Sequence;
use flashbid_core::settle::plan;
use flashbid_core::store::{Ledger, Page, Settlement};
use flashbid_core::time::Timestamp;
use flashbid_postgres::{PostgresLedger, Transaction, sqlx};
use flashbid_testbed::Postgres;
use sqlx::AssertSqlSafe;

use crate::common::{TOKEN, bidder, open_campaign, product, stretch};
use crate::servers;

const PAGE: Page = Page { skip: 0, limit: 10 };

/// A settled sale of ten units with twenty bids.
async fn settled(ledger: &PostgresLedger, number: u128) {
    let (campaign, epoch) = open_campaign(ledger, number, 10).await;
    let mut batch = stretch(epoch, 0, 20);
    for bid in &mut batch.bids {
        bid.bidder = bidder(bid.sequence.get());
    }
    ledger.record(campaign.id, &batch).await.unwrap();
    let sealing = ledger.transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN);
    assert!(sealing.await.unwrap());
    let campaign = ledger.campaign(campaign.id).await.unwrap().unwrap();
    let plan = plan(
        &campaign,
        &batch.bids,
        batch.through,
        Timestamp::from_millis(7),
    );
    let settled = ledger.commit_settlement(&plan, TOKEN).await.unwrap();
    assert_eq!(settled, Settlement::Committed);
    let order = plan.orders[0].id;
    assert!(ledger.order(order).await.unwrap().is_some());
}

#[tokio::test]
async fn the_tables_refuse_what_cannot_be() {
    let ledger = servers::ledger().await;
    settled(&ledger, 1).await;
    for (statement, constraint) in [
        (
            "UPDATE products SET available = -1",
            "products_available_check",
        ),
        ("UPDATE products SET held = -1", "products_held_check"),
        ("UPDATE products SET sold = -1", "products_sold_check"),
        (
            "UPDATE products SET min_price = -1",
            "products_min_price_check",
        ),
        (
            "UPDATE campaigns SET ends_at = starts_at",
            "campaigns_window",
        ),
        ("UPDATE campaigns SET quota = -1", "campaigns_"),
        ("UPDATE campaigns SET held = 11", "campaigns_within_quota"),
        ("UPDATE campaigns SET sold = 1", "campaigns_within_quota"),
        (
            "UPDATE campaigns SET returned = 1",
            "campaigns_within_quota",
        ),
        ("UPDATE campaigns SET quota = 9", "campaigns_within_quota"),
        ("UPDATE campaigns SET held = -1", "campaigns_held_check"),
        ("UPDATE campaigns SET sold = -1", "campaigns_sold_check"),
        (
            "UPDATE campaigns SET returned = -1",
            "campaigns_returned_check",
        ),
        (
            "UPDATE campaigns SET revision = -1",
            "campaigns_revision_check",
        ),
        ("UPDATE campaigns SET format = 'raffle'", "campaigns_format"),
        (
            "UPDATE campaigns SET format = 'first_come', unit_price = 1",
            "campaigns_format",
        ),
        ("UPDATE campaigns SET unit_price = 1", "campaigns_format"),
        ("UPDATE campaigns SET alpha = NULL", "campaigns_format"),
        (
            "UPDATE campaigns SET runner_up_places = 3",
            "campaigns_runners_up",
        ),
        (
            "UPDATE campaigns SET phase = 'over'",
            "campaigns_phase_check",
        ),
        (
            "UPDATE campaigns SET rebid = 'none'",
            "campaigns_rebid_check",
        ),
        (
            "UPDATE campaigns SET product = gen_random_uuid()",
            "campaigns_product_fkey",
        ),
        (
            "UPDATE checkpoints SET checkpoint = -1",
            "checkpoints_checkpoint_check",
        ),
        (
            "UPDATE bid_history SET sequence = 0 WHERE sequence = 1",
            "bid_history_sequence_check",
        ),
        (
            "UPDATE bid_history SET sequence = 1 WHERE sequence = 2",
            "bid_history_pkey",
        ),
        (
            "UPDATE bid_history SET id = gen_random_uuid(), price = -1",
            "bid_history_price_check",
        ),
        (
            "INSERT INTO bids SELECT campaign, bidder, id, sequence, price, weight, score, at FROM bids",
            "bids_pkey",
        ),
        (
            "INSERT INTO orders SELECT (jsonb_populate_record(orders, \
             jsonb_build_object('id', gen_random_uuid(), 'revision', 100 + revision))).* FROM orders",
            "orders_won_once",
        ),
        (
            "INSERT INTO orders SELECT (jsonb_populate_record(orders, \
             jsonb_build_object('bidder', gen_random_uuid(), 'revision', 100 + revision))).* FROM orders",
            "orders_pkey",
        ),
        (
            "INSERT INTO orders SELECT (jsonb_populate_record(orders, \
             jsonb_build_object('id', gen_random_uuid(), 'bidder', gen_random_uuid()))).* FROM orders",
            "orders_by_revision",
        ),
        ("UPDATE orders SET units = 0", "orders_"),
        ("UPDATE orders SET units = 2", "orders_origin"),
        ("UPDATE orders SET rank = NULL", "orders_origin"),
        ("UPDATE orders SET bid = NULL", "orders_origin"),
        (
            "UPDATE orders SET purchase = gen_random_uuid()",
            "orders_origin",
        ),
        ("UPDATE orders SET payment = 'p'", "orders_payment"),
        ("UPDATE orders SET price = -1", "orders_price_check"),
        (
            "UPDATE orders SET hold = (SELECT min(id::text)::uuid FROM bid_history)",
            "orders_taken_again",
        ),
        ("UPDATE orders SET status = 'lost'", "orders_status_check"),
        (
            "INSERT INTO void_holds SELECT id, 'ended' FROM orders, generate_series(1, 2)",
            "void_holds_pkey",
        ),
        (
            "INSERT INTO void_holds SELECT id, 'lost' FROM orders",
            "void_holds_reason_check",
        ),
        (
            "INSERT INTO dead_letters SELECT id, 0, id, bidder, 1, 1, 1, 'held', '', 1, 1 FROM orders",
            "dead_letters_campaign_fkey",
        ),
        (
            "INSERT INTO dead_letters SELECT id, campaign, id, bidder, -1, 1, 1, 'held', '', 1, 1 FROM orders",
            "dead_letters_units_check",
        ),
        (
            "INSERT INTO dead_letters SELECT id, campaign, id, bidder, 1, 1, 1, 'held', '', 1, 1 \
             FROM orders, generate_series(1, 2)",
            "dead_letters_pkey",
        ),
        (
            "INSERT INTO stock_changes SELECT id, id, 'add', 1, 1 FROM orders",
            "stock_changes_product_fkey",
        ),
        (
            "INSERT INTO stock_changes SELECT id, product, 'add', 1, 1 FROM orders, generate_series(1, 2)",
            "stock_changes_pkey",
        ),
        (
            "INSERT INTO stock_changes SELECT id, product, 'lose', 1, 1 FROM orders",
            "stock_changes_direction_check",
        ),
        ("INSERT INTO outbox_end VALUES (true, 0)", "outbox_end_pkey"),
        (
            "INSERT INTO outbox_end VALUES (false, 0)",
            "outbox_end_one_row_check",
        ),
        ("INSERT INTO outbox SELECT * FROM outbox", "outbox_pkey"),
        (
            "INSERT INTO discrepancies (campaign, kind, subject, expected, found, noticed_at, resolved_at) \
          VALUES (gen_random_uuid(), 'units', gen_random_uuid(), '1', '2', 7, 6)",
            "discrepancies_check",
        ),
        (
            "INSERT INTO discrepancies (campaign, kind, subject, expected, found, noticed_at) \
          SELECT id, 'units', id, '1', '2', 7 FROM campaigns, generate_series(1, 2)",
            "discrepancies_open",
        ),
    ] {
        let written = ledger.database().write(async |tx: &mut Transaction<'_>| {
            tx.execute(sqlx::query(AssertSqlSafe(statement))).await
        });
        let error = written.await.expect_err(statement);
        assert_eq!(error.kind(), StoreErrorKind::Conflict, "{statement}");
        assert!(
            error.to_string().contains(constraint),
            "{statement}: {error}"
        );
    }
}

#[tokio::test]
async fn two_bids_of_one_id_are_refused_by_the_table() {
    let ledger = servers::ledger().await;
    let (campaign, epoch) = open_campaign(&ledger, 1, 10).await;
    ledger
        .record(campaign.id, &stretch(epoch, 0, 10))
        .await
        .unwrap();
    let mut batch = stretch(epoch, 10, 12);
    batch.bids[1].id = stretch(epoch, 0, 3).bids[2].id;
    let refused = ledger.record(campaign.id, &batch).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Conflict);
    // What the refused batch brought along is free again.
    let recorded = ledger.record(campaign.id, &stretch(epoch, 10, 12)).await;
    assert_eq!(recorded.unwrap(), Sequence::new(12));
}

/// Positions become visible in their order, also when several campaigns settle at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outbox_never_grows_behind_its_reader() {
    let ledger = servers::ledger().await;
    let settling: Vec<_> = (0..12)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move { settled(&ledger, number).await })
        })
        .collect();
    let mut seen = 0;
    let expected = 12 * 11;
    while seen < expected {
        let entries = ledger.outbox(50).await.unwrap();
        for entry in &entries {
            seen += 1;
            assert_eq!(entry.position, seen, "no position is skipped or comes late");
        }
        if let Some(last) = entries.last() {
            ledger.acknowledge_outbox(last.position).await.unwrap();
        }
    }
    for settled in settling {
        settled.await.unwrap();
    }
}

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
