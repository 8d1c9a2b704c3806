//! What can be seen of the stores from outside.

use flashbid_core::StoreErrorKind;
use flashbid_core::campaign::Campaign;
use flashbid_core::id::{CampaignId, ProductId};
use flashbid_core::order::Order;
use flashbid_core::product::Product;
use flashbid_core::stock::{Hold, HoldState};
use flashbid_core::store::{GateContents, GateSeed, HotStore, Ledger, PendingPurchase};

use super::super::world::ALL;

/// What the stores hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) products: Vec<Product>,
    /// In the order in which they were made.
    pub(super) sales: Vec<SeenSale>,
}

#[derive(Clone, Debug)]
pub(super) struct SeenSale {
    pub(super) campaign: Campaign,
    pub(super) orders: Vec<Order>,
    /// What the counter would be loaded from.
    seed: GateSeed,
    /// The counter, and whether it is sealed.
    pub(super) contents: Option<(GateContents, bool)>,
    /// What a counter that is gone left waiting.
    pub(super) left: Vec<PendingPurchase>,
}

/// A counter, or the one that would be loaded.
pub(super) struct Counter {
    pub(super) quota: u32,
    pub(super) sealed: bool,
    pub(super) holds: Vec<Hold>,
}

impl Seen {
    pub(super) fn product(&self, id: ProductId) -> &Product {
        let mut products = self.products.iter();
        products.find(|product| product.id == id).unwrap()
    }

    pub(super) fn sale(&self, id: CampaignId) -> Option<&SeenSale> {
        self.sales.iter().find(|sale| sale.campaign.id == id)
    }

    /// Every order, and its sale.
    pub(super) fn orders(&self) -> impl Iterator<Item = (&SeenSale, &Order)> {
        let of = |sale: &'_ SeenSale| sale.orders.len();
        let sales = self.sales.iter().filter(move |sale| of(sale) > 0);
        sales.flat_map(|sale| sale.orders.iter().map(move |order| (sale, order)))
    }
}

impl SeenSale {
    pub(super) fn counter(&self) -> Counter {
        if let Some((contents, sealed)) = &self.contents {
            return Counter {
                quota: contents.quota.get(),
                sealed: *sealed,
                holds: contents.holds.clone(),
            };
        }
        let mut holds = self.seed.holds.clone();
        for PendingPurchase { hold, .. } in &self.left {
            if holds.iter().all(|known| known.id != hold.id) {
                holds.push(*hold);
            }
        }
        Counter {
            quota: self.seed.quota.get(),
            sealed: self.seed.sealed,
            holds,
        }
    }

    /// What waits to become orders.
    pub(super) fn pending(&self) -> &[PendingPurchase] {
        match &self.contents {
            Some((contents, _)) => &contents.pending,
            None => &self.left,
        }
    }

    /// Holds that take units and are neither an order that does nor waiting to be one.
    pub(super) fn strays(&self) -> impl Iterator<Item = &Hold> {
        let holds = self
            .contents
            .iter()
            .flat_map(|(contents, _)| &contents.holds);
        holds.filter(|hold| {
            let waits = self.pending().iter().any(|one| one.hold.id == hold.id);
            super::model::takes(hold) && !waits && !self.has_order(hold)
        })
    }

    /// Whether an order has exactly the units of a hold.
    pub(super) fn has_order(&self, hold: &Hold) -> bool {
        let sold = hold.state == HoldState::Consumed;
        let same = |order: &Order| {
            let ordered = order.as_hold();
            (ordered.id, ordered.bidder, ordered.units) == (hold.id, hold.bidder, hold.units)
                && super::model::takes(&ordered)
                && (ordered.state == HoldState::Consumed) == sold
        };
        self.orders.iter().any(same)
    }
}

/// Looks at everything; of each counter that is gone `left` tells what it left waiting.
pub(super) async fn see(
    hot: &dyn HotStore,
    ledger: &dyn Ledger,
    left: impl Fn(CampaignId) -> Vec<PendingPurchase>,
) -> Seen {
    let mut seen = Seen {
        products: ledger.products(ALL).await.unwrap().items,
        sales: vec![],
    };
    seen.products.sort_by_key(|product| product.name.clone());
    for campaign in ledger.campaigns(ALL).await.unwrap().items {
        let id = campaign.id;
        let contents = match hot.contents(id).await {
            Err(error) if error.kind == StoreErrorKind::NotFound => None,
            contents => contents.unwrap(),
        };
        let contents = match contents {
            Some(contents) => {
                let stats = hot.level(id).await.unwrap().unwrap();
                assert_eq!(stats.level, contents.level);
                assert_eq!(stats.pending, contents.pending.len() as u64);
                Some((contents, stats.sealed))
            }
            None => None,
        };
        seen.sales.push(SeenSale {
            orders: ledger.orders_in(id, ALL).await.unwrap().items,
            seed: ledger.gate_seed(id).await.unwrap().unwrap(),
            left: if contents.is_some() { vec![] } else { left(id) },
            contents,
            campaign,
        });
    }
    seen
}
