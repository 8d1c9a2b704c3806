//! Everything at once, on two nodes: nobody ever waits for somebody who waits, and the units are all there.

use flashbid_core::campaign::{Campaign, FencingToken};
use flashbid_core::discrepancy::{Discrepancy, DiscrepancyKind};
use flashbid_core::id::{CampaignId, HoldId, StockChangeId};
use flashbid_core::order::{Order, OrderAction, OrderMove, OrderStatus};
use flashbid_core::purchase::{DeadLetter, Purchase};
use flashbid_core::settle::OfferPlan;
use flashbid_core::stock::{Hold, Units};
use flashbid_core::store::{Ledger, ProductChange, Revision, StockChange};
use flashbid_core::time::Timestamp;
use flashbid_postgres::PostgresLedger;
use flashbid_testbed::{PoolMode, Postgres, eventually};
use uuid::Uuid;

use crate::common::{ALL, product, scramble};
use crate::servers;
use crate::shop::{first_come, hold, moving, open_shop, pay, purchase};

const CALLERS: u64 = 10;
const STEPS: u64 = 40;
const QUOTA: u32 = 150;

fn cart(campaigns: &[Campaign], number: u64) -> Purchase {
    let draw = scramble(number);
    let mut named: Vec<_> = campaigns.iter().collect();
    named.rotate_left(usize::try_from(draw % 3).unwrap());
    if draw & 8 == 0 {
        named.reverse();
    }
    named.truncate(1 + usize::try_from((draw >> 8) % 3).unwrap());
    purchase(named, number, draw % 50, 1)
}

fn discrepancy(campaign: CampaignId, subject: Uuid, at: Timestamp) -> Discrepancy {
    Discrepancy {
        campaign,
        kind: DiscrepancyKind::Buyer,
        subject,
        expected: String::new(),
        found: String::new(),
        noticed_at: at,
        resolved_at: None,
    }
}

/// Something that a node may be asked, on all of the campaigns at once. Whatever is refused is refused for a reason
/// other than a deadlock, which would be `Unavailable`.
async fn ask(ledger: &PostgresLedger, campaigns: &[Campaign], caller: u64, step: u64) {
    let number = 1_000 * caller + step;
    let draw = scramble(number ^ 0xFACE);
    let at = Timestamp::from_millis(1_800_000_000_000);
    let mut batch: Vec<_> = (0..4)
        .map(|more| cart(campaigns, number + 100_000 * more))
        .collect();
    if draw & 1 == 0 {
        batch.reverse();
    }
    let outcomes = ledger.commit_purchases(&batch).await.unwrap();
    let made: Vec<Order> = outcomes.into_iter().flatten().flatten().collect();
    let moves: Vec<_> = made
        .iter()
        .rev()
        .zip(scramble(number)..)
        .map(|(order, draw)| {
            let action = match draw % 4 {
                0 => pay(None),
                1 => OrderAction::Cancel,
                2 => pay(Some(HoldId::again(order.id))),
                _ => OrderAction::Expire,
            };
            OrderMove {
                at,
                ..moving(order.id, action)
            }
        })
        .collect();
    let answers = ledger.move_orders(&moves).await.unwrap();
    assert!(answers.iter().all(Option::is_some));
    let campaign = &campaigns[usize::try_from(draw % 3).unwrap()];
    let holds: Vec<_> = (0..6)
        .map(|more| HoldId::new(Uuid::from_u128(u128::from(draw % 40 + more))))
        .collect();
    match draw >> 8 & 3 {
        0 => drop(ledger.void_holds(campaign.id, &holds).await.unwrap()),
        1 => {
            let letters = campaigns
                .iter()
                .rev()
                .zip(0..)
                .map(|(campaign, place)| DeadLetter {
                    campaign: campaign.id,
                    purchase: batch[0].id,
                    hold: Hold {
                        id: HoldId::new(Uuid::from_u64_pair(draw, place)),
                        ..hold(campaign, draw % 1_000, 1, 1)
                    },
                    reason: String::new(),
                    attempts: 1,
                    at,
                });
            let letters: Vec<_> = letters.collect();
            ledger.set_aside(&letters).await.unwrap();
            for letter in &letters {
                let dropped = ledger.drop_dead_letter(letter.hold.id).await.unwrap();
                assert!(dropped.is_some());
            }
        }
        2 => {
            let change = ProductChange {
                stock: Some(StockChange::Add {
                    id: StockChangeId::new(Uuid::from_u128(u128::from(draw % 16))),
                    units: Units::ONE,
                }),
                ..ProductChange::default()
            };
            let changed = ledger.change_product(product(0).id, &change, at).await;
            changed.unwrap();
            let free = OfferPlan {
                campaign: campaign.id,
                orders: Vec::new(),
                returned: Units::ONE,
            };
            // The campaign still sells.
            let offered = ledger.commit_offers(&free, FencingToken::new(1)).await;
            assert!(offered.is_err_and(|error| !error.may_retry()));
        }
        _ => {
            let found: Vec<_> = (0..draw % 4)
                .map(|more| u128::from((draw >> 16) + more) % 5)
                .map(|subject| discrepancy(campaign.id, Uuid::from_u128(subject), at))
                .collect();
            let noted = ledger.note_discrepancies(campaign.id, &found, at).await;
            assert!(noted.unwrap() <= found.len());
        }
    }
}

/// Each resolves what the other opens: without turns, each would wait for the row that the other has resolved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_note_opposite_discrepancies_take_turns() {
    let ledger = servers::connect(&servers::database()).await;
    let campaign = open_shop(&ledger, &first_come(1, QUOTA, None)).await.id;
    let at = Timestamp::from_millis(1_800_000_000_000);
    let found = [1, 2].map(|subject| discrepancy(campaign, Uuid::from_u128(subject), at));
    for _ in 0..50 {
        let noted = found.each_ref().map(|one| {
            let (ledger, one) = (ledger.clone(), one.clone());
            tokio::spawn(async move { ledger.note_discrepancies(campaign, &[one], at).await })
        });
        for noted in noted {
            noted.await.unwrap().unwrap();
        }
        let open = ledger.discrepancies(true, ALL).await.unwrap();
        assert_eq!(open.total, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_somebody_who_waits() {
    let url = servers::database();
    let nodes = [
        servers::connect(&url).await,
        servers::connect(&servers::bouncer(PoolMode::Transaction).url(&url)).await,
    ];
    let mut campaigns = Vec::new();
    for number in 1..=3 {
        let per_buyer = (number == 2).then_some(4);
        campaigns.push(open_shop(&nodes[0], &first_come(number, QUOTA, per_buyer)).await);
    }
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let ledger = nodes[usize::try_from(caller % 2).unwrap()].clone();
            let campaigns = campaigns.clone();
            tokio::spawn(async move {
                for step in 0..STEPS {
                    ask(&ledger, &campaigns, caller, step).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }

    let ledger = &nodes[0];
    let mut changes = 0;
    let (mut held, mut sold) = (0, 0);
    for campaign in &campaigns {
        let found = ledger.campaign(campaign.id).await.unwrap().unwrap();
        let orders = ledger.orders_in(campaign.id, ALL).await.unwrap().items;
        let of = |status| -> u32 {
            let orders = orders.iter().filter(|order| order.status == status);
            orders.map(|order| order.units.get()).sum()
        };
        assert_eq!(found.stock.held.get(), of(OrderStatus::PendingPayment));
        assert_eq!(found.stock.sold.get(), of(OrderStatus::Paid));
        assert_eq!(found.stock.loaded(), u64::from(QUOTA));
        held += QUOTA - found.stock.sold.get();
        sold += found.stock.sold.get();
        let told = ledger.order_changes(campaign.id, Revision::ZERO, u32::MAX);
        let told = told.await.unwrap();
        assert_eq!(told.orders.len(), orders.len());
        changes += told.through.get();
    }
    let stock = ledger.product(product(0).id).await.unwrap().unwrap().stock;
    assert_eq!([stock.held.get(), stock.sold.get()], [held, sold]);
    assert_eq!(ledger.outbox(u32::MAX).await.unwrap().len() as u64, changes);

    for node in nodes {
        node.database().close().await;
    }
    let name = servers::name(&url);
    let others = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
    eventually("the connections to end", || {
        (Postgres::shared().sql("postgres", &others) == "0").then_some(())
    });
    let deadlocks = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'");
    assert_eq!(Postgres::shared().sql("postgres", &deadlocks), "0");
}
