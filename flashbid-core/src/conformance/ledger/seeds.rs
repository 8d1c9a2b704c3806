use std::sync::Arc;

use super::fates::letter;
use super::fixture::{
    TOKEN, accounts, bidders, bought, cancel, end, expire, move_all, move_one, orders, outbox, pay,
    pay_late, product_of, purchase, reread, sale, sealing, settled, shop,
};
use crate::campaign::{Campaign, Guards, Phase};
use crate::conformance::fixture::{fresh, units};
use crate::id::HoldId;
use crate::order::{Order, OrderStatus};
use crate::stock::{Hold, HoldState};
use crate::store::{GateSeed, Ledger};

async fn seed<S: Ledger + ?Sized>(store: &S, campaign: &Campaign) -> GateSeed {
    let seed = store.gate_seed(campaign.id).await.expect("it can be read");
    let mut seed = seed.expect("the campaign is known");
    seed.holds.sort_by_key(|hold| hold.id);
    seed
}

fn sorted(mut holds: Vec<Hold>) -> Vec<Hold> {
    holds.sort_by_key(|hold| hold.id);
    holds
}

/// The guards as they were said last, and nothing else changes.
pub async fn guards_read_back<S: Ledger + ?Sized>(store: Arc<S>) {
    for campaign in [sale(&*store, 9, 6).await, shop(&*store, 9, 6, None).await] {
        let before = (
            accounts(&*store, &campaign).await,
            product_of(&*store, &campaign).await,
        );
        for (ticket, captcha) in [(true, false), (false, true), (true, true), (false, false)] {
            let guards = Guards { ticket, captcha };
            let expected = Campaign {
                guards,
                ..campaign.clone()
            };
            for _ in 0..2 {
                let set = store.set_guards(campaign.id, guards).await;
                assert_eq!(set.expect("it answers").as_ref(), Some(&expected));
                assert_eq!(reread(&*store, &campaign).await, expected);
            }
        }
        let after = (
            accounts(&*store, &campaign).await,
            product_of(&*store, &campaign).await,
        );
        assert_eq!(after, before);
        let on = Guards {
            ticket: true,
            captcha: true,
        };
        let set = store.set_guards(campaign.id, on).await;
        set.expect("it answers");
        let moved = sealing(&*store, &campaign).await;
        assert_eq!(moved.guards, on, "they outlast a change of phase");
        let set = store.set_guards(campaign.id, Guards::default()).await;
        let expected = Campaign {
            guards: Guards::default(),
            ..moved
        };
        assert_eq!(set.expect("it answers"), Some(expected));
    }
    let unknown = store.set_guards(fresh(), Guards::default()).await;
    assert_eq!(unknown.expect("it answers"), None);
    assert_eq!(outbox(&*store).await, []);
}

/// Terms, every order's hold in the state of the order, and every dead letter's; nothing of another campaign.
pub async fn a_gate_seed_has_every_hold<S: Ledger + ?Sized>(store: Arc<S>) {
    use HoldState::{Consumed, Expired, Held, Released};
    let campaign = shop(&*store, 99, 40, Some(7)).await;
    let expected = GateSeed {
        campaign: campaign.id,
        window: campaign.terms.window,
        quota: units(40),
        per_buyer: Some(units(7)),
        sealed: false,
        holds: Vec::new(),
    };
    assert_eq!(seed(&*store, &campaign).await, expected);
    let mut made = Vec::new();
    for number in 0..6 {
        made.push(bought(&*store, &campaign, 1 + number % 3).await);
    }
    let asked = [
        pay(&made[1]),
        cancel(&made[2]),
        expire(&made[3]),
        expire(&made[4]),
        expire(&made[5]),
    ];
    move_all(&*store, &asked).await;
    let again = move_one(&*store, pay_late(&made[4])).await.order;
    assert_eq!(again.status, OrderStatus::Paid);
    let refund = move_one(&*store, pay(&made[5])).await.order;
    assert_eq!(refund.status, OrderStatus::RefundDue);
    let letters = [2, 3].map(|count| letter(&campaign, &purchase(&campaign, fresh(), count)));
    store.set_aside(&letters).await.expect("they are known");
    let other = shop(&*store, 99, 40, None).await;
    bought(&*store, &other, 1).await;
    let elsewhere = letter(&other, &purchase(&other, fresh(), 2));
    store.set_aside(&[elsewhere]).await.expect("it is known");
    assert_eq!(seed(&*store, &other).await.per_buyer, None);

    let states = [Held, Consumed, Released, Expired, Consumed, Expired];
    let mut holds: Vec<_> = made
        .iter()
        .zip(states)
        .map(|(order, state)| Hold {
            id: order.hold,
            bidder: order.bidder,
            units: order.units,
            taken_at: order.created_at,
            expires_at: order.pay_by,
            state,
        })
        .collect();
    let first = Hold {
        state: Released,
        ..holds[4]
    };
    holds[4].id = HoldId::again(made[4].id);
    holds.push(first);
    holds.extend(letters.iter().map(|letter| letter.hold));
    let expected = GateSeed {
        holds: sorted(holds),
        ..expected
    };
    assert_eq!(seed(&*store, &campaign).await, expected);
    sealing(&*store, &campaign).await;
    let sealed = GateSeed {
        sealed: true,
        ..expected
    };
    assert_eq!(seed(&*store, &campaign).await, sealed);

    let over = shop(&*store, 99, 40, Some(7)).await;
    let kept = bought(&*store, &over, 2).await;
    let letter = letter(&over, &purchase(&over, fresh(), 3));
    store
        .set_aside(std::slice::from_ref(&letter))
        .await
        .expect("known");
    end(&*store, &over).await;
    let expected = GateSeed {
        campaign: over.id,
        window: over.terms.window,
        quota: units(5),
        per_buyer: Some(units(7)),
        sealed: true,
        holds: sorted(vec![kept.as_hold(), letter.hold]),
    };
    assert_eq!(
        seed(&*store, &over).await,
        expected,
        "without what was returned"
    );
    let called_off = shop(&*store, 9, 6, None).await;
    let moved = store.transition(called_off.id, Phase::Open, Phase::Cancelled, TOKEN);
    assert!(moved.await.expect("it may be called off"));
    let seed_of_it = seed(&*store, &called_off).await;
    assert_eq!((seed_of_it.sealed, seed_of_it.quota), (true, units(0)));

    seeds_of_rankings(&*store).await;
}

async fn seeds_of_rankings<S: Ledger + ?Sized>(store: &S) {
    let ranked = sale(store, 9, 4).await;
    assert!(!seed(store, &ranked).await.sealed);
    settled(store, &ranked, &bidders(3)).await;
    let won = orders(store, &ranked).await;
    let expected = GateSeed {
        campaign: ranked.id,
        window: ranked.terms.window,
        quota: units(3),
        per_buyer: Some(units(1)),
        sealed: true,
        holds: sorted(won.iter().map(Order::as_hold).collect()),
    };
    assert_eq!(seed(store, &ranked).await, expected);
}
