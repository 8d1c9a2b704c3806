use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{campaign_of, product, reread, stock};
use crate::campaign::{Campaign, FencingToken, Format, Guards, Phase, Rebid, RunnersUp, Window};
use crate::conformance::fixture::{
    WHOLE, at_once, coming, fresh, hours, now, page, running, units, weights,
};
use crate::money::Money;
use crate::product::Product;
use crate::rank::Sequence;
use crate::settle::plan;
use crate::stock::{Level, Units};
use crate::store::{CampaignOutcome, Ledger, Settlement};

/// Every field, in every shape it may have; and adding it again does nothing.
pub async fn a_product_reads_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let plain = product(0);
    let full = Product {
        name: "Zoë's \"thing\" \u{1F389}; DROP TABLE products;--\n".into(),
        description: Some(String::new()),
        image_url: Some("https://example.test/%20?a=b&c='d'".into()),
        min_price: "0.0001".parse().expect("an amount"),
        stock: Level {
            available: Units::MAX,
            held: Units::ZERO,
            sold: units(7),
        },
        ..product(0)
    };
    let dear = Product {
        min_price: Money::MAX,
        description: Some("x".repeat(10_000)),
        ..product(3)
    };
    for product in [plain, full, dear] {
        store.add_product(&product).await.expect("it is added");
        let other = Product {
            name: "another".into(),
            stock: Level::loaded_with(units(99)),
            ..product.clone()
        };
        store.add_product(&other).await.expect("its id is known");
        let read = store.product(product.id).await.expect("it can be read");
        assert_eq!(read, Some(product));
    }
    let unknown = store.product(fresh()).await.expect("it can be read");
    assert_eq!(unknown, None);
}

/// Every field, with the extremes of the terms; and adding it again does nothing.
pub async fn a_campaign_reads_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(100);
    store.add_product(&product).await.expect("it is added");
    let simple = campaign_of(&product, 1);
    let mut advanced = campaign_of(&product, 9);
    advanced.terms.format = Format::Ranked {
        weights: weights("89.1234", "1000000000", "100000"),
        rebid: Rebid::Best,
    };
    advanced.terms.min_price = Money::MAX;
    advanced.terms.payment_deadline = Duration::from_millis(1);
    advanced.phase = Phase::Sealing;
    advanced.version = 1 << 40;
    advanced.fence = FencingToken::new(1 << 41);
    let mut far = campaign_of(&product, 85);
    far.phase = Phase::Scheduled;
    far.version = 0;
    far.terms.window = Window::new(now(), hours(now(), 24 * 365 * 200)).expect("it is long");
    far.terms.payment_deadline = Duration::from_hours(24 * 365);
    far.terms.runners_up = Some(RunnersUp {
        places: 0,
        payment_deadline: Duration::from_millis(1),
    });
    let mut bought = campaign_of(&product, 3);
    bought.terms.format = Format::FirstCome {
        price: "0.0001".parse().expect("an amount"),
        per_buyer: Some(units(1)),
    };
    bought.guards = Guards {
        ticket: true,
        captcha: false,
    };
    let mut dear = campaign_of(&product, 2);
    dear.terms.format = Format::FirstCome {
        price: Money::from_ten_thousandths(Money::MAX.ten_thousandths() / 2).expect("it fits"),
        per_buyer: None,
    };
    dear.terms.runners_up = Some(RunnersUp {
        places: u32::MAX,
        payment_deadline: Duration::from_hours(24 * 365),
    });
    dear.guards = Guards {
        ticket: true,
        captcha: true,
    };
    for campaign in [simple, advanced, far, bought, dear] {
        for _ in 0..2 {
            let outcome = store.add_campaign(&campaign).await.expect("it is added");
            assert_eq!(outcome, CampaignOutcome::Added);
        }
        assert_eq!(reread(&*store, &campaign).await, campaign);
        let other = Campaign {
            phase: Phase::Open,
            version: 77,
            ..campaign.clone()
        };
        let outcome = store.add_campaign(&other).await.expect("its id is known");
        assert_eq!(outcome, CampaignOutcome::Added);
        assert_eq!(reread(&*store, &campaign).await, campaign);
    }
    let left = store.product(product.id).await.expect("it can be read");
    let expected = Level {
        available: Units::ZERO,
        held: units(100),
        sold: Units::ZERO,
    };
    assert_eq!(left.map(|product| product.stock), Some(expected));
    let unknown = store.campaign(fresh()).await.expect("it can be read");
    assert_eq!(unknown, None);
}

/// Many campaigns want the same units at once: those that fit get theirs, and the rest of the stock is known.
pub async fn quotas_never_exceed_the_stock<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(10);
    store.add_product(&product).await.expect("it is added");
    let calls = (0..16).map(|_| {
        let (store, campaign) = (Arc::clone(&store), campaign_of(&product, 3));
        async move { store.add_campaign(&campaign).await.expect("it answers") }
    });
    let outcomes = at_once(calls).await;
    let added = outcomes
        .iter()
        .filter(|outcome| **outcome == CampaignOutcome::Added);
    assert_eq!(added.count(), 3);
    let beyond = CampaignOutcome::QuotaBeyondStock {
        available: units(1),
    };
    let refused = outcomes.iter().filter(|outcome| **outcome == beyond);
    assert_eq!(refused.count(), 13);
    assert_eq!(stock(&*store, &campaign_of(&product, 1)).await, [1, 9, 0]);
    let campaigns = store.campaigns(WHOLE).await.expect("they can be read");
    assert_eq!(campaigns.total, 3);
}

/// Neither a quota that is too large nor an unknown product leaves a trace.
pub async fn a_refused_campaign_changes_nothing<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(4);
    store.add_product(&product).await.expect("it is added");
    let too_many = campaign_of(&product, 5);
    let mut nothing_to_sell = campaign_of(&product, 1);
    nothing_to_sell.product = fresh();
    let beyond = CampaignOutcome::QuotaBeyondStock {
        available: units(4),
    };
    let unknown = CampaignOutcome::UnknownProduct;
    for (campaign, expected) in [(too_many.clone(), beyond), (nothing_to_sell, unknown)] {
        let outcome = store.add_campaign(&campaign).await.expect("it answers");
        assert_eq!(outcome, expected);
        let read = store.campaign(campaign.id).await.expect("it can be read");
        assert_eq!(read, None);
    }
    assert_eq!(stock(&*store, &too_many).await, [4, 0, 0]);
    let mut fitting = too_many;
    fitting.terms.quota = units(4);
    let outcome = store.add_campaign(&fitting).await.expect("it answers");
    assert_eq!(outcome, CampaignOutcome::Added, "its id is still free");
}

/// Newest first, then by id, in pages of any size, and each page knows how many there are.
pub async fn pages_of_lists_join<S: Ledger + ?Sized>(store: Arc<S>) {
    let mut products = Vec::new();
    let mut campaigns = Vec::new();
    for age in [3, 1, 2, 1, 1, 3, 2] {
        let product = Product {
            created_at: hours(now(), -200 * age),
            ..product(5)
        };
        let campaign = Campaign {
            created_at: product.created_at,
            ..campaign_of(&product, 2)
        };
        store.add_product(&product).await.expect("it is added");
        store.add_campaign(&campaign).await.expect("it is added");
        products.push(Product {
            stock: product.stock.hold(units(2)).expect("it has five"),
            ..product
        });
        campaigns.push(campaign);
    }
    // Made in one millisecond, so that only the ids tell them apart.
    products.sort_by_key(|product| (Reverse(product.created_at), product.id));
    campaigns.sort_by_key(|campaign| (Reverse(campaign.created_at), campaign.id));
    for limit in [1, 3, 7, 100] {
        let (mut some_products, mut some_campaigns) = (Vec::new(), Vec::new());
        for skip in (0..7).step_by(limit as usize) {
            let page = page(skip, limit);
            let part = store.products(page).await.expect("they can be read");
            assert!(part.total == 7 && part.items.len() <= limit as usize);
            some_products.extend(part.items);
            let part = store.campaigns(page).await.expect("they can be read");
            assert!(part.total == 7 && part.items.len() <= limit as usize);
            some_campaigns.extend(part.items);
        }
        assert_eq!(some_products, products, "in pages of {limit}");
        assert_eq!(some_campaigns, campaigns, "in pages of {limit}");
    }
    for empty in [page(7, 5), page(u64::MAX, u32::MAX), page(0, 0)] {
        let products = store.products(empty).await.expect("they can be read");
        assert_eq!((products.items.len(), products.total), (0, 7));
        let campaigns = store.campaigns(empty).await.expect("they can be read");
        assert_eq!((campaigns.items.len(), campaigns.total), (0, 7));
    }
}

/// One product's, newest first, then by id, in pages of any size.
pub async fn a_products_campaigns_are_listed<S: Ledger + ?Sized>(store: Arc<S>) {
    let (one, other) = (product(99), product(9));
    for product in [&one, &other] {
        store.add_product(product).await.expect("it is added");
    }
    let mut campaigns = Vec::new();
    for age in [3, 1, 2, 1, 1] {
        let campaign = Campaign {
            created_at: hours(now(), -age),
            ..campaign_of(&one, 2)
        };
        store.add_campaign(&campaign).await.expect("it is added");
        campaigns.push(campaign);
    }
    let elsewhere = campaign_of(&other, 2);
    store.add_campaign(&elsewhere).await.expect("it is added");
    campaigns.sort_by_key(|campaign| (Reverse(campaign.created_at), campaign.id));
    for (page, part) in [
        (WHOLE, &campaigns[..]),
        (page(0, 2), &campaigns[..2]),
        (page(2, 2), &campaigns[2..4]),
        (page(4, 9), &campaigns[4..]),
        (page(5, 9), &[]),
    ] {
        let read = store.campaigns_of(one.id, page).await;
        let read = read.expect("they can be read");
        assert_eq!((read.items.as_slice(), read.total), (part, 5));
    }
    let read = store.campaigns_of(other.id, WHOLE).await;
    assert_eq!(read.expect("they can be read").items, [elsewhere]);
    let none = store.campaigns_of(fresh(), WHOLE).await;
    assert_eq!(none.expect("they can be read").total, 0);
}

/// Started, neither settled nor cancelled; the first to end first, then by id.
pub async fn unsettled_lists_what_needs_work<S: Ledger + ?Sized>(store: Arc<S>) {
    let product = product(100);
    store.add_product(&product).await.expect("it is added");
    let (past, running, coming) = (campaign_of(&product, 1).terms.window, running(), coming());
    let mut due = Vec::new();
    for (phase, window, needs_work) in [
        (Phase::Open, running, true),
        (Phase::Scheduled, running, true),
        (Phase::Sealing, past, true),
        (Phase::Open, past, true),
        (Phase::Scheduled, past, true),
        (Phase::Settled, past, false),
        (Phase::Cancelled, running, false),
        (Phase::Scheduled, coming, false),
    ] {
        let mut campaign = campaign_of(&product, 1);
        campaign.phase = phase;
        campaign.terms.window = window;
        store.add_campaign(&campaign).await.expect("it is added");
        if needs_work {
            due.push(campaign);
        }
    }
    due.sort_by_key(|campaign| (campaign.terms.window.end(), campaign.id));
    let unsettled = async |now, page| store.unsettled(now, page).await.expect("it can be read");
    assert_eq!(unsettled(now(), WHOLE).await, due);
    assert_eq!(unsettled(now(), page(1, 2)).await, due[1..3]);
    assert_eq!(unsettled(now(), page(4, 9)).await, due[4..]);
    assert_eq!(
        unsettled(past.start(), WHOLE).await,
        due[..3],
        "at the start itself"
    );
    assert_eq!(unsettled(hours(past.start(), -1), WHOLE).await, []);
    let (first, token) = (&due[0], FencingToken::new(1));
    let done = match first.phase {
        Phase::Sealing => {
            let plan = plan(first, &[], Sequence::ZERO, now());
            let settled = store.commit_settlement(&plan, token).await;
            settled.expect("nobody bid") == Settlement::Committed
        }
        phase => {
            let moved = store.transition(first.id, phase, Phase::Cancelled, token);
            moved.await.expect("it may be called off")
        }
    };
    assert!(done);
    assert_eq!(unsettled(now(), WHOLE).await, due[1..]);
}
