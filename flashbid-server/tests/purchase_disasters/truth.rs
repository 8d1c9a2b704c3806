//! What the ledger says, and whether what the buyers were told agrees with it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use flashbid_core::campaign::Campaign;
use flashbid_core::id::{BidderId, CampaignId, HoldId, OrderId, ProductId, PurchaseId};
use flashbid_core::order::{Order, OrderStatus};
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{Ledger, Page};
use flashbid_postgres::PostgresLedger;
use flashbid_sqlite::SqliteLedger;
use tempfile::TempDir;

use super::buyers::Facts;

const PAGE: u32 = 1_000;

/// A campaign and its product as their ledger has them.
pub(crate) struct Truth {
    campaign: Campaign,
    pub(crate) product: Level,
    orders: HashMap<OrderId, Order>,
}

impl Truth {
    pub(crate) async fn gather(
        stores: &[String],
        directory: &TempDir,
        campaign: CampaignId,
        product: ProductId,
    ) -> Self {
        let given = stores.iter().position(|option| option == "--ledger");
        let ledger: Arc<dyn Ledger> = if let Some(given) = given {
            Arc::new(PostgresLedger::connect(&stores[given + 1]).await.unwrap())
        } else {
            let file = directory.path().join("flashbid.db");
            Arc::new(SqliteLedger::open_read_only(file).unwrap())
        };
        let mut orders = HashMap::new();
        let mut read = 0;
        loop {
            let page = Page {
                skip: read,
                limit: PAGE,
            };
            let found = ledger.orders_in(campaign, page).await.unwrap().items;
            if found.is_empty() {
                break;
            }
            read += found.len() as u64;
            orders.extend(found.into_iter().map(|order| (order.id, order)));
        }
        assert_eq!(orders.len() as u64, read, "an order is there twice");
        Self {
            campaign: ledger.campaign(campaign).await.unwrap().unwrap(),
            product: ledger.product(product).await.unwrap().unwrap().stock,
            orders,
        }
    }

    /// Where the units of the campaign are: available, held, sold.
    pub(crate) fn level(&self) -> [u32; 3] {
        let stock = self.campaign.stock;
        [stock.available, stock.held, stock.sold].map(Units::get)
    }

    /// Checks that each acknowledged purchase has one order, in the state that its buyer was told last, that nothing was
    /// sold that nobody asked for, or for which somebody was refused, and that each unit is where the orders say.
    pub(crate) fn check(&self, facts: &Facts, users: &[BidderId], limit: u32) {
        let campaign = self.campaign.id;
        let id = |buyer: usize, key: &str| {
            let purchase = PurchaseId::derive(Some(campaign), users[buyer], key);
            OrderId::new(HoldId::derive(purchase, campaign).uuid())
        };
        for (hold, told) in &facts.acknowledged {
            let order = self.orders.get(&hold.parse().unwrap());
            let order = order.unwrap_or_else(|| panic!("{hold} was acknowledged and is lost"));
            assert_eq!(order.bidder, users[told.buyer], "{order:?}");
            assert_eq!(order.units.get(), told.units, "{order:?}");
            let last = told.last.as_deref().expect("each is seen to its end");
            assert_eq!(
                OrderStatus::from_name(last),
                Some(order.status),
                "{order:?}"
            );
        }
        for (buyer, key, code) in &facts.refused {
            // That a hold has ended is told of a purchase that has an order, or had one.
            if code != "HOLD_ENDED" {
                let order = self.orders.get(&id(*buyer, key));
                assert!(order.is_none(), "{code} was told of {order:?}");
            }
        }
        let sent: HashMap<OrderId, u32> = facts
            .sent
            .iter()
            .map(|(buyer, key, units)| (id(*buyer, key), *units))
            .collect();
        assert_eq!(sent.len(), facts.sent.len());
        let (mut sold, mut of_buyer) = (0, HashMap::<BidderId, u32>::new());
        for order in self.orders.values() {
            assert_eq!(sent.get(&order.id), Some(&order.units.get()), "{order:?}");
            assert_ne!(order.status, OrderStatus::PendingPayment, "{order:?}");
            if order.status == OrderStatus::Paid {
                sold += order.units.get();
                *of_buyer.entry(order.bidder).or_default() += order.units.get();
            }
        }
        assert!(of_buyer.values().all(|units| *units <= limit));
        let quota = self.campaign.terms.quota.get();
        assert_eq!(self.level(), [quota - sold, 0, sold]);
        assert_eq!(self.product.held.get(), quota - sold);
        assert_eq!(self.product.sold.get(), sold);
        let states: HashSet<OrderStatus> = self.orders.values().map(|order| order.status).collect();
        println!(
            "{} purchases sent, {} acknowledged, {} refused; {} orders, {states:?}, {sold} units sold",
            facts.sent.len(),
            facts.acknowledged.len(),
            facts.refused.len(),
            self.orders.len()
        );
        assert!(facts.acknowledged.len() > 100, "hardly a purchase");
    }
}
