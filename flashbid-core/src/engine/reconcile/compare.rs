//! What differs between values that were read: pure.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt::Display;
use std::time::Duration;

use uuid::Uuid;

use crate::campaign::Campaign;
use crate::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::id::{BidderId, CampaignId, HoldId};
use crate::order::{Order, OrderStatus};
use crate::product::Product;
use crate::stock::{Hold, HoldState, Level};
use crate::store::{GateContents, GateSeed};
use crate::time::Timestamp;

/// How long a hold may be nothing to the ledger, while its purchase or cart is under way.
const UNDER_WAY: Duration = Duration::from_mins(1);

/// Something that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    kind: DiscrepancyKind,
    subject: Uuid,
    expected: String,
    found: String,
}

impl Difference {
    fn new(
        kind: DiscrepancyKind,
        subject: Uuid,
        expected: impl Display,
        found: impl Display,
    ) -> Self {
        Self {
            kind,
            subject,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    pub(super) fn noticed(self, campaign: CampaignId, noticed_at: Timestamp) -> Discrepancy {
        Discrepancy {
            campaign,
            kind: self.kind,
            subject: self.subject,
            expected: self.expected,
            found: self.found,
            noticed_at,
            resolved_at: None,
        }
    }
}

/// A counter beside what the ledger would load it from, at `now`.
pub(super) struct Hot<'a> {
    pub(super) contents: &'a GateContents,
    pub(super) seed: &'a GateSeed,
    /// Whether the campaign is over: then units go back without the counter, which sells nothing any more.
    pub(super) over: bool,
    pub(super) now: Timestamp,
}

impl Hot<'_> {
    pub(super) fn compare(&self, found: &mut Vec<Difference>) {
        self.compare_counter(found);
        self.compare_buyers(found);
        self.compare_holds(found);
    }

    fn compare_counter(&self, found: &mut Vec<Difference>) {
        let (contents, subject) = (self.contents, self.seed.campaign.uuid());
        let of = |state| {
            let holds = contents.holds.iter().filter(|hold| hold.state == state);
            holds.map(|hold| i64::from(hold.units.get())).sum::<i64>()
        };
        let (held, sold) = (of(HoldState::Held), of(HoldState::Consumed));
        let available = (i64::from(contents.quota.get()) - held - sold).max(0);
        if let Some(off) = off(contents.level, [available, held, sold]) {
            let kind = DiscrepancyKind::Counter;
            found.push(Difference::new(
                kind,
                subject,
                "what its holds come to",
                off,
            ));
        }
        if contents.quota != self.seed.quota && !self.over {
            let (loaded, left) = (contents.quota, self.seed.quota);
            found.push(Difference::new(
                DiscrepancyKind::Quota,
                subject,
                left,
                loaded,
            ));
        }
    }

    fn compare_buyers(&self, found: &mut Vec<Difference>) {
        if self.seed.per_buyer.is_none() {
            return;
        }
        let mut expected: HashMap<BidderId, i64> = HashMap::new();
        for hold in &self.contents.holds {
            if matches!(hold.state, HoldState::Held | HoldState::Consumed) {
                *expected.entry(hold.bidder).or_default() += i64::from(hold.units.get());
            }
        }
        let counted: HashMap<BidderId, i64> = self
            .contents
            .taken
            .iter()
            .map(|(bidder, units)| (*bidder, i64::from(units.get())))
            .collect();
        let bidders: HashSet<BidderId> = expected.keys().chain(counted.keys()).copied().collect();
        for bidder in bidders {
            let of = |units: &HashMap<BidderId, i64>| units.get(&bidder).copied().unwrap_or(0);
            let off = of(&counted) - of(&expected);
            if off != 0 {
                let (kind, expected) = (DiscrepancyKind::Buyer, "what the buyer's holds come to");
                found.push(Difference::new(
                    kind,
                    bidder.uuid(),
                    expected,
                    format_args!("{off:+}"),
                ));
            }
        }
    }

    fn compare_holds(&self, found: &mut Vec<Difference>) {
        let waiting: HashSet<HoldId> = self
            .contents
            .pending
            .iter()
            .map(|pending| pending.hold.id)
            .collect();
        let known: HashMap<HoldId, &Hold> =
            self.seed.holds.iter().map(|hold| (hold.id, hold)).collect();
        for hold in &self.contents.holds {
            match known.get(&hold.id) {
                Some(expected) => {
                    let same = (units(hold), hold.bidder) == (units(expected), expected.bidder);
                    if !same {
                        found.push(Difference::new(
                            DiscrepancyKind::HoldState,
                            hold.id.uuid(),
                            describe(expected),
                            describe(hold),
                        ));
                    }
                }
                None if hold.state.takes_units() && !waiting.contains(&hold.id) => {
                    let under_way =
                        hold.state == HoldState::Held && self.now < hold.taken_at.after(UNDER_WAY);
                    if !under_way {
                        let kind = DiscrepancyKind::HoldUnknown;
                        found.push(Difference::new(
                            kind,
                            hold.id.uuid(),
                            "none",
                            describe(hold),
                        ));
                    }
                }
                None => {}
            }
        }
        let missing = self.seed.holds.iter().filter(|hold| {
            hold.state.takes_units() && find(&self.contents.holds, hold.id).is_none()
        });
        for hold in missing {
            let kind = DiscrepancyKind::HoldMissing;
            found.push(Difference::new(
                kind,
                hold.id.uuid(),
                describe(hold),
                "none",
            ));
        }
    }
}

/// The hold of an id, in a list by ascending id.
pub(super) fn find(holds: &[Hold], id: HoldId) -> Option<&Hold> {
    let place = holds.binary_search_by_key(&id, |hold| hold.id).ok()?;
    Some(&holds[place])
}

/// The units of a campaign in the ledger, beside its orders.
pub(super) fn campaign(campaign: &Campaign, orders: &[Order], found: &mut Vec<Difference>) {
    let of = |status| {
        let orders = orders.iter().filter(|order| order.status == status);
        orders
            .map(|order| i64::from(order.units.get()))
            .sum::<i64>()
    };
    let (held, sold) = (of(OrderStatus::PendingPayment), of(OrderStatus::Paid));
    let quota = i64::from(campaign.terms.quota.get()) - i64::from(campaign.returned.get());
    if let Some(off) = off(campaign.stock, [quota - held - sold, held, sold]) {
        let (kind, subject) = (DiscrepancyKind::Campaign, campaign.id.uuid());
        found.push(Difference::new(
            kind,
            subject,
            "what its orders come to",
            off,
        ));
    }
}

/// The units of a product in the ledger, beside those of its campaigns.
pub(super) fn product(
    current: &Campaign,
    product: &Product,
    campaigns: &[Campaign],
    found: &mut Vec<Difference>,
) {
    let (mut held, mut sold) = (0, 0);
    for campaign in campaigns {
        let stock = campaign.stock;
        held += i64::from(stock.available.get()) + i64::from(stock.held.get());
        sold += i64::from(stock.sold.get());
    }
    // Whatever is available of a product is promised to nobody.
    let available = i64::from(product.stock.available.get());
    if let Some(off) = off(product.stock, [available, held, sold]) {
        let (kind, subject) = (DiscrepancyKind::Product, current.product.uuid());
        found.push(Difference::new(
            kind,
            subject,
            "what its campaigns come to",
            off,
        ));
    }
}

/// The units that a hold takes, and whether they are sold. How it ended otherwise does not matter: nobody has them.
const fn units(hold: &Hold) -> (u32, bool) {
    match hold.state {
        HoldState::Held => (hold.units.get(), false),
        HoldState::Consumed => (hold.units.get(), true),
        HoldState::Released | HoldState::Expired => (0, false),
    }
}

fn describe(hold: &Hold) -> String {
    let state = match hold.state {
        HoldState::Held => "held",
        HoldState::Consumed => "sold",
        HoldState::Released => "released",
        HoldState::Expired => "expired",
    };
    format!("{} {state}", hold.units)
}

/// How far a level is off what it should be: available, held, sold.
fn off(level: Level, expected: [i64; 3]) -> Option<String> {
    let counted = [level.available, level.held, level.sold].map(|units| i64::from(units.get()));
    if counted == expected {
        return None;
    }
    let [available, held, sold] = [0, 1, 2].map(|place: usize| counted[place] - expected[place]);
    Some(format!(
        "available {available:+}, held {held:+}, sold {sold:+}"
    ))
}
