use std::sync::Arc;

use super::fixture::{
    bidders, bought, cancel, cart, commit, conserved, expire, hold, move_one, orders, outbox, pay,
    pay_late, places, purchase, said, sale, settled, shop,
};
use crate::campaign::Campaign;
use crate::conformance::fixture::{WHOLE, at_once, failure, fresh, now, page};
use crate::error::{Rejection, StoreErrorKind};
use crate::id::HoldId;
use crate::order::OrderStatus;
use crate::purchase::{DeadLetter, HoldFate, Purchase, PurchaseOutcome, VoidReason};
use crate::stock::Hold;
use crate::store::Ledger;
use crate::time::Timestamp;

async fn fates<S: Ledger + ?Sized>(store: &S, holds: &[HoldId]) -> Vec<Option<HoldFate>> {
    let fates = store.hold_fates(holds).await.expect("they can be read");
    assert_eq!(fates.len(), holds.len(), "one answer a hold");
    fates
}

async fn void<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    holds: &[HoldId],
) -> Vec<HoldFate> {
    let fates = store.void_holds(campaign.id, holds).await;
    let fates = fates.expect("the campaign is known");
    assert_eq!(fates.len(), holds.len(), "one answer a hold");
    fates
}

/// What could not be made of a purchase of one campaign.
pub(super) fn letter(campaign: &Campaign, purchase: &Purchase) -> DeadLetter {
    let order = purchase.orders.iter();
    let mut own = order.filter(|order| order.campaign == campaign.id);
    DeadLetter {
        campaign: campaign.id,
        purchase: purchase.id,
        hold: own.next().expect("it is of the campaign").as_hold(),
        reason: "the ledger was away".into(),
        attempts: 7,
        at: now(),
    }
}

const ENDED: HoldFate = HoldFate::Void(VoidReason::Ended);

/// Whoever ends a hold first has ended it for good: it never becomes an order, neither later nor at once.
pub async fn a_void_hold_is_never_ordered<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 99, 90, None).await;
    let overdue = purchase(&campaign, fresh(), 2);
    let id = overdue.orders[0].hold;
    let unknown = fresh();
    assert_eq!(fates(&*store, &[id, unknown]).await, [None, None]);
    for _ in 0..2 {
        assert_eq!(void(&*store, &campaign, &[id, id]).await, [ENDED, ENDED]);
        let told = fates(&*store, &[unknown, id]).await;
        assert_eq!(told, [None, Some(ENDED)]);
        let outcomes = commit(&*store, std::slice::from_ref(&overdue)).await;
        assert_eq!(outcomes, [Err(Rejection::HoldEnded)]);
    }
    assert_eq!(orders(&*store, &campaign).await, []);
    assert_eq!(places(&*store, &campaign).await, [90, 0, 0, 0]);
    assert_eq!(outbox(&*store).await, []);

    let many: Vec<HoldId> = (0..1_500).map(|_| fresh()).rev().collect();
    let voided = void(&*store, &campaign, &many).await;
    assert!(voided.iter().all(|fate| *fate == ENDED));
    let told = fates(&*store, &many).await;
    assert!(told.iter().all(|fate| *fate == Some(ENDED)));

    let contested: Vec<_> = (0..20).map(|_| purchase(&campaign, fresh(), 1)).collect();
    let holds: Vec<_> = contested.iter().map(|one| one.orders[0].hold).collect();
    let calls = (0..8).map(|number| {
        let store = Arc::clone(&store);
        let (campaign, mut batch, mut holds) = (campaign.clone(), contested.clone(), holds.clone());
        if number % 4 < 2 {
            batch.reverse();
            holds.reverse();
        }
        async move {
            if number % 2 == 0 {
                let outcomes: Vec<PurchaseOutcome> = commit(&*store, &batch).await;
                let ordered = outcomes.iter().map(Result::is_ok);
                holds.into_iter().zip(ordered).collect::<Vec<_>>()
            } else {
                let fates = void(&*store, &campaign, &holds).await;
                let ordered = fates
                    .iter()
                    .map(|fate| matches!(fate, HoldFate::Ordered(_)));
                holds.into_iter().zip(ordered).collect()
            }
        }
    });
    let answers: Vec<_> = at_once(calls).await.into_iter().flatten().collect();
    let last = fates(&*store, &holds).await;
    let mut ordered = 0;
    for (hold, fate) in holds.iter().zip(last) {
        let fate = fate.expect("each of them is one or the other");
        let is_ordered = matches!(fate, HoldFate::Ordered(_));
        ordered += u32::from(is_ordered);
        let told = answers.iter().filter(|(id, _)| id == hold);
        assert!(told.into_iter().all(|(_, told)| *told == is_ordered));
    }
    assert_eq!(
        places(&*store, &campaign).await,
        [90 - ordered, ordered, 0, 0]
    );
    conserved(&*store, &campaign).await;
}

/// Who wants to end a hold that is an order already gets the order, however it has fared.
pub async fn an_ordered_hold_is_not_void<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 99, 90, None).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(bought(&*store, &campaign, 2).await);
    }
    made[1] = move_one(&*store, pay(&made[1])).await.order;
    made[2] = move_one(&*store, cancel(&made[2])).await.order;
    move_one(&*store, expire(&made[3])).await;
    let first = made[3].hold;
    made[3] = move_one(&*store, pay_late(&made[3])).await.order;
    assert_eq!(made[3].status, OrderStatus::Paid);
    assert_eq!(made[3].hold, HoldId::again(made[3].id), "taken again");
    let before = said(&*store, &campaign).await;
    let mut holds: Vec<_> = made.iter().map(|order| order.hold).collect();
    let mut expected: Vec<_> = made.iter().cloned().map(HoldFate::Ordered).collect();
    // The hold that the order had first is the order's as well.
    holds.push(first);
    expected.push(HoldFate::Ordered(made[3].clone()));
    let fresh_hold = fresh();
    holds.push(fresh_hold);
    expected.push(ENDED);
    for _ in 0..2 {
        assert_eq!(void(&*store, &campaign, &holds).await, expected);
        let told = fates(&*store, &holds).await;
        let all: Vec<_> = expected.iter().cloned().map(Some).collect();
        assert_eq!(told, all);
    }
    assert_eq!(said(&*store, &campaign).await, before);

    let ranked = sale(&*store, 9, 2).await;
    settled(&*store, &ranked, &bidders(2)).await;
    let won = orders(&*store, &ranked).await;
    let told = fates(&*store, &[won[1].hold, won[0].hold]).await;
    let [first, second] = [0, 1].map(|index: usize| HoldFate::Ordered(won[index].clone()));
    assert_eq!(told, [Some(second), Some(first)]);
}

/// As they were set aside, oldest first, each once; what is decided cannot be set aside.
pub async fn dead_letters_read_back<S: Ledger + ?Sized>(store: Arc<S>) {
    let one = shop(&*store, 99, 90, None).await;
    let two = shop(&*store, 99, 90, None).await;
    let list = async |page| store.dead_letters(page).await.expect("it can be read");
    assert_eq!(list(WHOLE).await.total, 0);
    let start = now();
    let mut letters = Vec::new();
    for (age, campaign) in [
        (3, &one),
        (1, &two),
        (2, &one),
        (1, &one),
        (1, &one),
        (0, &two),
    ] {
        let letter = letter(campaign, &purchase(campaign, fresh(), 1 + age));
        letters.push(DeadLetter {
            at: Timestamp::from_millis(start.millis() - i64::from(age)),
            ..letter
        });
    }
    letters[0].reason = "Zoë's \"ledger\" \u{1F389}; DROP TABLE orders;--\n".into();
    letters[0].attempts = u32::MAX;
    letters[1].reason = String::new();
    letters[1].attempts = 0;
    store.set_aside(&letters).await.expect("they are known");
    let others: Vec<_> = letters
        .iter()
        .map(|letter| DeadLetter {
            reason: "another".into(),
            attempts: 9,
            ..letter.clone()
        })
        .collect();
    store.set_aside(&others).await.expect("it does nothing");

    let bought = bought(&*store, &one, 2).await;
    let voided = purchase(&one, fresh(), 1);
    void(&*store, &one, &[voided.orders[0].hold]).await;
    let ordered = DeadLetter {
        hold: bought.as_hold(),
        ..letters[0].clone()
    };
    let decided = [ordered, letter(&one, &voided)];
    store.set_aside(&decided).await.expect("it does nothing");
    store.set_aside(&[]).await.expect("it does nothing");
    let unknown = Campaign {
        id: fresh(),
        ..one.clone()
    };
    let nowhere = letter(&unknown, &purchase(&unknown, fresh(), 1));
    let failed = store.set_aside(&[nowhere]).await;
    assert_eq!(failure(failed), StoreErrorKind::NotFound);

    letters.sort_by_key(|letter| (letter.at, letter.hold.id));
    for (page, part) in [
        (WHOLE, &letters[..]),
        (page(0, 2), &letters[..2]),
        (page(2, 3), &letters[2..5]),
        (page(5, 3), &letters[5..]),
        (page(6, 3), &[]),
    ] {
        let read = list(page).await;
        assert_eq!((read.items.as_slice(), read.total), (part, 6));
    }
    let holds: Vec<_> = letters.iter().map(|letter| letter.hold.id).collect();
    let aside = fates(&*store, &holds).await;
    assert!(aside.iter().all(|fate| *fate == Some(HoldFate::SetAside)));
    let of_one: Vec<_> = letters
        .iter()
        .filter(|letter| letter.campaign == one.id)
        .map(|letter| letter.hold.id)
        .collect();
    let still = void(&*store, &one, &of_one).await;
    assert!(still.iter().all(|fate| *fate == HoldFate::SetAside));
    assert_eq!(list(WHOLE).await.items, letters);
    assert_eq!(places(&*store, &two).await, [90, 0, 0, 0]);
}

/// What is decided in the end is not set aside any more, whichever way it was decided.
pub async fn a_replayed_dead_letter_is_gone<S: Ledger + ?Sized>(store: Arc<S>) {
    let one = shop(&*store, 9, 2, None).await;
    let two = shop(&*store, 9, 9, None).await;
    let good = cart(fresh(), &[(&one, 1), (&two, 1)]);
    let late = cart(fresh(), &[(&one, 2), (&two, 1)]);
    let other = purchase(&two, fresh(), 1);
    let letters = [
        letter(&one, &good),
        letter(&two, &good),
        letter(&one, &late),
        letter(&two, &late),
        letter(&two, &other),
    ];
    store.set_aside(&letters).await.expect("they are known");
    let batch = [good.clone(), late.clone()];
    let outcomes = commit(&*store, &batch).await;
    assert_eq!(outcomes, [Ok(good.orders.clone()), Err(Rejection::SoldOut)]);
    let left = store.dead_letters(WHOLE).await.expect("it can be read");
    assert_eq!((&left.items[..], left.total), (&letters[4..], 1));
    let holds: Vec<_> = letters.iter().map(|letter| letter.hold.id).collect();
    let told = fates(&*store, &holds).await;
    let ordered = told[..2].iter().flatten();
    assert!(
        ordered
            .into_iter()
            .all(|fate| matches!(fate, HoldFate::Ordered(_)))
    );
    let void = Some(HoldFate::Void(VoidReason::SoldOut));
    assert_eq!(told[2..4], [void.clone(), void]);
    assert_eq!(told[4], Some(HoldFate::SetAside));
    store.set_aside(&letters).await.expect("it does nothing");
    let left = store.dead_letters(WHOLE).await.expect("it can be read");
    assert_eq!(left.items, letters[4..], "what is decided stays decided");
}

/// A dead letter that is dropped is told once, and its hold never becomes an order.
pub async fn a_dropped_dead_letter_is_void<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 9, None).await;
    let (given_up, kept) = (
        purchase(&campaign, fresh(), 2),
        purchase(&campaign, fresh(), 1),
    );
    let letters = [letter(&campaign, &given_up), letter(&campaign, &kept)];
    store.set_aside(&letters).await.expect("they are known");
    let drop = async |hold: Hold| {
        let dropped = store.drop_dead_letter(hold.id).await;
        dropped.expect("the ledger answers")
    };
    assert_eq!(drop(letters[0].hold).await.as_ref(), Some(&letters[0]));
    assert_eq!(drop(letters[0].hold).await, None);
    let fate = fates(&*store, &[letters[0].hold.id]).await.remove(0);
    assert!(matches!(fate, Some(HoldFate::Void(_))), "{fate:?}");
    let outcomes = commit(&*store, &[given_up]).await;
    assert!(outcomes[0].is_err(), "{outcomes:?}");
    store.set_aside(&letters).await.expect("it does nothing");
    let left = store.dead_letters(WHOLE).await.expect("it can be read");
    assert_eq!(left.items, letters[1..]);
    assert_eq!(drop(hold(fresh(), 1)).await, None);
    let order = bought(&*store, &campaign, 1).await;
    assert_eq!(drop(order.as_hold()).await, None);
    let told = fates(&*store, &[order.hold]).await;
    assert_eq!(told, [Some(HoldFate::Ordered(order))]);
    assert_eq!(places(&*store, &campaign).await, [8, 1, 0, 0]);
}
