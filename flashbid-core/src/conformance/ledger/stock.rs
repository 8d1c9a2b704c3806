use std::sync::Arc;

use super::fixture::{
    bought, campaign_of, figures, move_one, pay, product, product_of, shop, stock,
};
use crate::conformance::fixture::{WHOLE, at_once, fresh, money, now, page, units};
use crate::id::{ProductId, StockChangeId};
use crate::money::Money;
use crate::product::Product;
use crate::stock::{Level, Units};
use crate::store::{CampaignOutcome, Ledger, ProductChange, ProductOutcome, StockChange};

async fn change<S: Ledger + ?Sized>(
    store: &S,
    id: ProductId,
    change: &ProductChange,
) -> ProductOutcome {
    let changed = store.change_product(id, change, now()).await;
    changed.expect("it answers")
}

async fn restock<S: Ledger + ?Sized>(
    store: &S,
    id: ProductId,
    stock: StockChange,
) -> ProductOutcome {
    let stock = Some(stock);
    let of_stock = ProductChange {
        stock,
        ..ProductChange::default()
    };
    change(store, id, &of_stock).await
}

fn add(id: StockChangeId, count: u32) -> StockChange {
    let units = units(count);
    StockChange::Add { id, units }
}

fn remove(id: StockChangeId, count: u32) -> StockChange {
    let units = units(count);
    StockChange::Remove { id, units }
}

async fn read<S: Ledger + ?Sized>(store: &S, id: ProductId) -> Product {
    let product = store.product(id).await.expect("it can be read");
    product.expect("it is there")
}

/// The stock that the product has after the change.
fn changed(outcome: ProductOutcome) -> [u32; 3] {
    match outcome {
        ProductOutcome::Changed(product) => figures(product.stock),
        other => panic!("it is changed, but the store answers {other:?}"),
    }
}

/// What is named changes, together; what is not named stays.
pub async fn a_product_changes<S: Ledger + ?Sized>(store: Arc<S>) {
    let mut expected = Product {
        description: Some("of old".into()),
        image_url: Some("https://example.test/a.png".into()),
        ..product(5)
    };
    let other = product(3);
    for product in [&expected, &other] {
        store.add_product(product).await.expect("it is added");
    }
    let id = expected.id;
    let nothing = ProductChange::default();
    let outcome = change(&*store, id, &nothing).await;
    assert_eq!(outcome, ProductOutcome::Changed(expected.clone()));

    let rename = ProductChange {
        name: Some("Zoë's \"thing\" \u{1F389}; DROP TABLE products;--".into()),
        description: Some(None),
        ..ProductChange::default()
    };
    expected.name = rename.name.clone().expect("it has one");
    expected.description = None;
    let outcome = change(&*store, id, &rename).await;
    assert_eq!(outcome, ProductOutcome::Changed(expected.clone()));
    assert_eq!(read(&*store, id).await, expected);

    let all = ProductChange {
        name: Some("A lamp".into()),
        description: Some(Some(String::new())),
        image_url: Some(None),
        min_price: Some(Money::MAX),
        stock: Some(StockChange::Set(units(8))),
    };
    expected = Product {
        name: "A lamp".into(),
        description: Some(String::new()),
        image_url: None,
        min_price: Money::MAX,
        stock: Level::loaded_with(units(8)),
        ..expected
    };
    let outcome = change(&*store, id, &all).await;
    assert_eq!(outcome, ProductOutcome::Changed(expected.clone()));
    assert_eq!(read(&*store, id).await, expected);

    let campaign = campaign_of(&expected, 6);
    store.add_campaign(&campaign).await.expect("it is added");
    expected.stock = expected.stock.hold(units(6)).expect("it has eight");
    let too_few = ProductChange {
        name: Some("Another".into()),
        min_price: Some(money(1)),
        stock: Some(StockChange::Set(units(5))),
        ..ProductChange::default()
    };
    let outcome = change(&*store, id, &too_few).await;
    assert_eq!(outcome, ProductOutcome::StockOutOfRange { promised: 6 });
    assert_eq!(read(&*store, id).await, expected, "all or nothing");
    let unknown = change(&*store, fresh(), &all).await;
    assert_eq!(unknown, ProductOutcome::UnknownProduct);
    assert_eq!(read(&*store, other.id).await, other);
}

/// What is held or sold is not taken out, whichever way it is tried and whoever else takes units at that moment.
pub async fn stock_is_never_corrected_below_what_is_promised<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 10, 6, None).await;
    let sold = bought(&*store, &campaign, 2).await;
    move_one(&*store, pay(&sold)).await;
    let id = campaign.product;
    assert_eq!(stock(&*store, &campaign).await, [4, 4, 2]);
    let before = product_of(&*store, &campaign).await;
    let beyond = ProductOutcome::StockOutOfRange { promised: 6 };
    let refused = [
        StockChange::Set(units(5)),
        StockChange::Set(Units::ZERO),
        remove(fresh(), 5),
        StockChange::Remove {
            id: fresh(),
            units: Units::MAX,
        },
        StockChange::Add {
            id: fresh(),
            units: Units::MAX,
        },
    ];
    for stock in refused {
        assert_eq!(restock(&*store, id, stock).await, beyond, "{stock:?}");
        assert_eq!(product_of(&*store, &campaign).await, before);
    }
    let set = StockChange::Set(units(6));
    assert_eq!(changed(restock(&*store, id, set).await), [0, 4, 2]);
    assert_eq!(
        changed(restock(&*store, id, add(fresh(), 3)).await),
        [3, 4, 2]
    );
    assert_eq!(
        changed(restock(&*store, id, remove(fresh(), 3)).await),
        [0, 4, 2]
    );
    let all = StockChange::Set(Units::MAX);
    let [available, ..] = changed(restock(&*store, id, all).await);
    assert_eq!(available, Units::MAX.get() - 6);

    let product = product(10);
    store.add_product(&product).await.expect("it is added");
    let calls = (0..12).map(|number| {
        let (store, product) = (Arc::clone(&store), product.clone());
        async move {
            if number % 2 == 0 {
                let campaign = campaign_of(&product, 3);
                let outcome = store.add_campaign(&campaign).await.expect("it answers");
                (u32::from(outcome == CampaignOutcome::Added), 0)
            } else {
                let outcome = restock(&*store, product.id, remove(fresh(), 2)).await;
                let removed = matches!(outcome, ProductOutcome::Changed(_));
                (0, u32::from(removed))
            }
        }
    });
    let (campaigns, removals): (Vec<_>, Vec<_>) = at_once(calls).await.into_iter().unzip();
    let (held, gone) = (
        3 * campaigns.iter().sum::<u32>(),
        2 * removals.iter().sum::<u32>(),
    );
    let left = 10_u32.checked_sub(held + gone).expect("not below nothing");
    assert!(left < 3, "nobody is refused what is there");
    assert_eq!(
        figures(read(&*store, product.id).await.stock),
        [left, held, 0]
    );
}

/// The same arrival or loss counts once however often it is told, and its id says what it was.
pub async fn a_stock_change_counts_once<S: Ledger + ?Sized>(store: Arc<S>) {
    let (one, other) = (product(5), product(5));
    for product in [&one, &other] {
        store.add_product(product).await.expect("it is added");
    }
    let (arrival, loss) = (fresh(), fresh());
    for _ in 0..2 {
        assert_eq!(
            changed(restock(&*store, one.id, add(arrival, 4)).await),
            [9, 0, 0]
        );
    }
    for _ in 0..2 {
        assert_eq!(
            changed(restock(&*store, one.id, remove(loss, 3)).await),
            [6, 0, 0]
        );
    }
    let again = restock(&*store, one.id, add(arrival, 4)).await;
    assert_eq!(changed(again), [6, 0, 0], "as it is now");
    let others = [
        (one.id, add(arrival, 5)),
        (one.id, remove(arrival, 4)),
        (other.id, add(arrival, 4)),
        (one.id, remove(loss, 2)),
        (one.id, add(loss, 3)),
        (other.id, remove(loss, 3)),
    ];
    for (id, stock) in others {
        let renamed = ProductChange {
            name: Some("another".into()),
            stock: Some(stock),
            ..ProductChange::default()
        };
        let outcome = change(&*store, id, &renamed).await;
        assert_eq!(outcome, ProductOutcome::IdReused, "{stock:?}");
    }
    let read_back = [read(&*store, one.id).await, read(&*store, other.id).await];
    let expected = Product {
        stock: Level::loaded_with(units(6)),
        ..one.clone()
    };
    assert_eq!(read_back, [expected, other.clone()]);

    let contested = fresh();
    let calls = (0..8).map(|_| {
        let (store, id) = (Arc::clone(&store), other.id);
        async move { changed(restock(&*store, id, add(contested, 2)).await) }
    });
    for answer in at_once(calls).await {
        assert_eq!(answer, [7, 0, 0]);
    }
    // What was refused has not happened, and may yet.
    let late = fresh();
    let refused = restock(&*store, other.id, remove(late, 8)).await;
    assert_eq!(refused, ProductOutcome::StockOutOfRange { promised: 0 });
    assert_eq!(
        changed(restock(&*store, other.id, add(fresh(), 2)).await),
        [9, 0, 0]
    );
    for _ in 0..2 {
        assert_eq!(
            changed(restock(&*store, other.id, remove(late, 8)).await),
            [1, 0, 0]
        );
    }
}

/// By what is available, whatever is held or sold; the fewest first, then by id.
pub async fn low_stock_lists_the_fewest_first<S: Ledger + ?Sized>(store: Arc<S>) {
    let mut products = Vec::new();
    for (available, promised) in [
        (3, 9),
        (0, 0),
        (2, 0),
        (2, 5),
        (9, 0),
        (2, 1),
        (4, 0),
        (0, 7),
    ] {
        let mut product = product(available + promised);
        store.add_product(&product).await.expect("it is added");
        if promised > 0 {
            let campaign = campaign_of(&product, promised);
            store.add_campaign(&campaign).await.expect("it is added");
            product.stock = product.stock.hold(units(promised)).expect("enough");
        }
        products.push(product);
    }
    products.sort_by_key(|product| (product.stock.available, product.id));
    let low = async |most, page| {
        let products = store.low_stock(units(most), page).await;
        products.expect("they can be read")
    };
    for (most, count) in [(0, 2), (1, 2), (2, 5), (3, 6), (8, 7), (9, 8)] {
        let read = low(most, WHOLE).await;
        assert_eq!(read.items, products[..count], "at most {most}");
        assert_eq!(read.total, count as u64);
    }
    for (page, part) in [
        (page(1, 3), &products[1..4]),
        (page(4, 9), &products[4..6]),
        (page(6, 9), &[]),
    ] {
        let read = low(3, page).await;
        assert_eq!((read.items.as_slice(), read.total), (part, 6));
    }
}
