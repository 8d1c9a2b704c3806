//! The tables themselves: what they refuse whoever writes.

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Phase;
use flashbid_core::rank::Sequence;
use flashbid_core::settle::plan;
use flashbid_core::store::{Ledger, Settlement};
use flashbid_core::time::Timestamp;
use flashbid_postgres::{PostgresLedger, Transaction, sqlx};

use crate::common::{TOKEN, bidder, open_campaign, stretch};
use crate::servers;

/// A settled sale of ten units with twenty bids.
pub(crate) async fn settled(ledger: &PostgresLedger, number: u128) {
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

/// Statements, and the constraint that refuses each.
const REFUSED: &[(&str, &str)] = &[
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
];

#[tokio::test]
async fn the_tables_refuse_what_cannot_be() {
    let ledger = servers::ledger().await;
    settled(&ledger, 1).await;
    for (statement, constraint) in REFUSED {
        let written = ledger
            .database()
            .write(async |tx: &mut Transaction<'_>| tx.execute(sqlx::query(*statement)).await);
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
