//! What the cases of ledgers are made of.

use std::time::Duration;

use crate::bid::AcceptedBid;
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::conformance::fixture::{
    WHOLE, batch, campaign, event, first_come, fresh, money, now, past, running, units,
};
use crate::id::{BidderId, CampaignId};
use crate::order::{Accounts, Moved, Order, OrderAction, OrderMove, PaymentId};
use crate::product::Product;
use crate::purchase::{Purchase, PurchaseOutcome, order_of};
use crate::rank::Sequence;
use crate::settle::{SettlementPlan, plan};
use crate::stock::{Hold, HoldState, Level, Units};
use crate::store::{CampaignOutcome, Epoch, Ledger, OutboxEvent, Settlement};

/// A product with `stock` available units.
pub(super) fn product(stock: u32) -> Product {
    Product {
        id: fresh(),
        name: "A thing".into(),
        description: None,
        image_url: None,
        min_price: money(1),
        stock: Level::loaded_with(units(stock)),
        created_at: now(),
    }
}

/// A campaign for `quota` units of the product.
pub(super) fn campaign_of(product: &Product, quota: u32) -> Campaign {
    let mut campaign = campaign(past());
    campaign.product = product.id;
    campaign.terms.quota = units(quota);
    campaign.stock = Level::loaded_with(units(quota));
    campaign
}

/// Adds a product with `stock` units and a campaign for `quota` of them.
pub(super) async fn sale<S: Ledger + ?Sized>(store: &S, stock: u32, quota: u32) -> Campaign {
    added(store, stock, quota, campaign(past())).await
}

/// Adds a product with `stock` units and a campaign that sells `quota` of them, for five each, to whoever comes first.
pub(super) async fn shop<S: Ledger + ?Sized>(
    store: &S,
    stock: u32,
    quota: u32,
    per_buyer: Option<u32>,
) -> Campaign {
    let campaign = first_come(running(), money(5), per_buyer);
    added(store, stock, quota, campaign).await
}

pub(super) async fn added<S: Ledger + ?Sized>(
    store: &S,
    stock: u32,
    quota: u32,
    mut campaign: Campaign,
) -> Campaign {
    let product = product(stock);
    store.add_product(&product).await.expect("it is added");
    campaign.product = product.id;
    campaign.terms.quota = units(quota);
    campaign.stock = Level::loaded_with(units(quota));
    let outcome = store.add_campaign(&campaign).await.expect("it is added");
    assert_eq!(outcome, CampaignOutcome::Added);
    campaign
}

pub(super) async fn stock<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> [u32; 3] {
    figures(product_of(store, campaign).await.stock)
}

pub(super) async fn product_of<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Product {
    let product = store.product(campaign.product).await;
    product.expect("it can be read").expect("it is there")
}

pub(super) fn figures(level: Level) -> [u32; 3] {
    [level.available, level.held, level.sold].map(Units::get)
}

pub(super) async fn accounts<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Accounts {
    let product = product_of(store, campaign).await;
    Accounts::of(&reread(store, campaign).await, product.stock)
}

/// What the campaign has available, held and sold, and what it returned.
pub(super) async fn places<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> [u32; 4] {
    let campaign = reread(store, campaign).await;
    let [available, held, sold] = figures(campaign.stock);
    [available, held, sold, campaign.returned.get()]
}

pub(super) async fn orders<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Vec<Order> {
    let orders = store.orders_in(campaign.id, WHOLE).await;
    orders.expect("they can be read").items
}

pub(super) async fn outbox<S: Ledger + ?Sized>(store: &S) -> Vec<OutboxEvent> {
    let entries = store.outbox(u32::MAX).await.expect("it can be read");
    entries.into_iter().map(|entry| entry.event).collect()
}

/// What the ledger says of a campaign: itself, its product, its orders, and what others are told.
pub(super) async fn said<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
) -> (Campaign, Product, Vec<Order>, Vec<OutboxEvent>) {
    (
        reread(store, campaign).await,
        product_of(store, campaign).await,
        orders(store, campaign).await,
        outbox(store).await,
    )
}

/// Units of the campaign are what its orders come to, and all together are the quota.
pub(super) async fn conserved<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) {
    use crate::order::OrderStatus::{Paid, PendingPayment};
    let current = reread(store, campaign).await;
    let orders = orders(store, campaign).await;
    let of = |status| -> u32 {
        let orders = orders.iter().filter(|order| order.status == status);
        orders.map(|order| order.units.get()).sum()
    };
    let [available, held, sold] = figures(current.stock);
    assert_eq!((held, sold), (of(PendingPayment), of(Paid)));
    let all = available + held + sold + current.returned.get();
    assert_eq!(all, current.terms.quota.get(), "{current:?}");
}

pub(super) async fn reread<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Campaign {
    let campaign = store.campaign(campaign.id).await.expect("it can be read");
    campaign.expect("it is there")
}

pub(super) async fn begin<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Epoch {
    let seed = store.begin_epoch(campaign.id).await.expect("it begins");
    seed.expect("the campaign is known").epoch
}

pub(super) async fn checkpoint<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> u64 {
    let checkpoint = store.checkpoint(campaign.id).await;
    checkpoint.expect("it can be read").get()
}

/// A sale whose book is sealed with one bid of each bidder, all of which are recorded, and the plan that settles it
/// by token 3: the first to come win.
pub(super) async fn sealed<S: Ledger + ?Sized>(
    store: &S,
    stock: u32,
    quota: u32,
    bidders: &[BidderId],
) -> (Campaign, SettlementPlan) {
    let campaign = sale(store, stock, quota).await;
    let (campaign, _, plan) = seal(store, &campaign, bidders).await;
    (campaign, plan)
}

/// Seals the book of a campaign, as [`sealed`], and answers its ranking as well.
pub(super) async fn seal<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    bidders: &[BidderId],
) -> (Campaign, Vec<AcceptedBid>, SettlementPlan) {
    let epoch = begin(store, campaign).await;
    let bids: Vec<_> = (1..)
        .zip(bidders)
        .map(|(sequence, bidder)| event(campaign, *bidder, sequence))
        .collect();
    let last = bids.len() as u64;
    let recorded = store
        .record(campaign.id, &batch(epoch, 0, last, &bids))
        .await
        .expect("they are recorded");
    assert_eq!(recorded, Sequence::new(last));
    let campaign = sealing(store, campaign).await;
    let plan = plan(&campaign, &bids, recorded, now());
    (campaign, bids, plan)
}

/// Moves an open campaign on, by token 3.
pub(super) async fn sealing<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Campaign {
    let moved = store
        .transition(campaign.id, Phase::Open, Phase::Sealing, TOKEN)
        .await;
    assert!(moved.expect("it may be sealed"));
    reread(store, campaign).await
}

/// Settles a campaign of one bid a bidder by token 3, and answers its ranking.
pub(super) async fn settled<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    bidders: &[BidderId],
) -> (Campaign, Vec<AcceptedBid>) {
    let (campaign, bids, plan) = seal(store, campaign, bidders).await;
    let outcome = store.commit_settlement(&plan, TOKEN).await;
    assert_eq!(outcome.expect("it is settled"), Settlement::Committed);
    (reread(store, &campaign).await, bids)
}

/// Ends a first-come campaign by token 3.
pub(super) async fn end<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> Campaign {
    let campaign = sealing(store, campaign).await;
    let outcome = store.end_sale(campaign.id, campaign.version, TOKEN).await;
    assert_eq!(outcome.expect("it ends"), Settlement::Committed);
    reread(store, &campaign).await
}

/// The token by which [`sealed`] seals.
pub(super) const TOKEN: FencingToken = FencingToken::new(3);

pub(super) fn bidders(count: usize) -> Vec<BidderId> {
    (0..count).map(|_| fresh()).collect()
}

/// Units that somebody took just now.
pub(super) fn hold(bidder: BidderId, count: u32) -> Hold {
    let taken_at = now();
    Hold {
        id: fresh(),
        bidder,
        units: units(count),
        taken_at,
        expires_at: taken_at.after(Duration::from_mins(10)),
        state: HoldState::Held,
    }
}

/// Units of one campaign for one buyer.
pub(super) fn purchase(campaign: &Campaign, bidder: BidderId, count: u32) -> Purchase {
    cart(bidder, &[(campaign, count)])
}

/// Units of several campaigns for one buyer.
pub(super) fn cart(bidder: BidderId, lines: &[(&Campaign, u32)]) -> Purchase {
    let id = fresh();
    let mut orders: Vec<_> = lines
        .iter()
        .map(|(campaign, count)| {
            order_of(&hold(bidder, *count), campaign, id).expect("it is first-come")
        })
        .collect();
    orders.sort_by_key(|order| order.campaign);
    Purchase { id, orders }
}

pub(super) async fn commit<S: Ledger + ?Sized>(
    store: &S,
    batch: &[Purchase],
) -> Vec<PurchaseOutcome> {
    let outcomes = store.commit_purchases(batch).await;
    let outcomes = outcomes.expect("it can be committed");
    assert_eq!(outcomes.len(), batch.len(), "one outcome a purchase");
    outcomes
}

/// The order of somebody new for so many units.
pub(super) async fn bought<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    count: u32,
) -> Order {
    let purchase = purchase(campaign, fresh(), count);
    let outcomes = commit(store, std::slice::from_ref(&purchase)).await;
    assert_eq!(outcomes, [Ok(purchase.orders.clone())]);
    purchase.orders[0].clone()
}

pub(super) fn payment() -> PaymentId {
    PaymentId::new(fresh::<CampaignId>().to_string()).expect("an id is visible")
}

pub(super) fn pay(order: &Order) -> OrderMove {
    act_on(
        order,
        OrderAction::Pay {
            payment: payment(),
            again: None,
        },
    )
}

pub(super) fn pay_late(order: &Order) -> OrderMove {
    act_on(
        order,
        OrderAction::Pay {
            payment: payment(),
            again: Some(crate::id::HoldId::again(order.id)),
        },
    )
}

pub(super) fn cancel(order: &Order) -> OrderMove {
    act_on(order, OrderAction::Cancel)
}

/// The time of the order is over.
pub(super) fn expire(order: &Order) -> OrderMove {
    OrderMove {
        at: order.pay_by,
        ..act_on(order, OrderAction::Expire)
    }
}

pub(super) fn act_on(order: &Order, action: OrderAction) -> OrderMove {
    OrderMove {
        order: order.id,
        action,
        at: now(),
    }
}

pub(super) async fn move_all<S: Ledger + ?Sized>(
    store: &S,
    asked: &[OrderMove],
) -> Vec<Option<Moved>> {
    let moved = store.move_orders(asked).await.expect("they can be moved");
    assert_eq!(moved.len(), asked.len(), "one answer a move");
    moved
}

/// Moves one known order.
pub(super) async fn move_one<S: Ledger + ?Sized>(store: &S, one: OrderMove) -> Moved {
    let mut moved = move_all(store, &[one]).await;
    moved.remove(0).expect("it is known")
}
