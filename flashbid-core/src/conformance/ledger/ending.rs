use std::sync::Arc;

use super::fates::letter;
use super::fixture::{
    TOKEN, bought, cancel, commit, conserved, end, move_one, orders, pay, places, purchase, reread,
    said, sale, sealing, shop, stock,
};
use crate::campaign::{Campaign, FencingToken, Phase};
use crate::conformance::fixture::{at_once, failure, fresh, units};
use crate::error::{Rejection, StoreErrorKind};
use crate::settle::OfferPlan;
use crate::stock::Level;
use crate::store::{Ledger, Settlement};

async fn refused<S: Ledger + ?Sized>(
    store: &S,
    campaign: &Campaign,
    version: u64,
    token: FencingToken,
    kind: StoreErrorKind,
) {
    let before = said(store, campaign).await;
    let ended = store.end_sale(campaign.id, version, token).await;
    assert_eq!(failure(ended), kind);
    assert_eq!(said(store, campaign).await, before);
}

/// Of many who end a sale at once one does, and whoever comes later changes nothing.
pub async fn a_sale_ends_once<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 6, None).await;
    let kept = bought(&*store, &campaign, 2).await;
    let campaign = sealing(&*store, &campaign).await;
    let (id, version) = (campaign.id, campaign.version);
    let calls = (0..8).map(|_| {
        let store = Arc::clone(&store);
        async move {
            let ended = store.end_sale(id, version, TOKEN).await;
            ended.expect("it answers")
        }
    });
    let ended = at_once(calls).await.into_iter();
    let committed = ended.filter(|ended| *ended == Settlement::Committed);
    assert_eq!(committed.count(), 1);
    let expected = Campaign {
        phase: Phase::Settled,
        version: version + 1,
        fence: TOKEN,
        stock: Level {
            available: units(0),
            held: units(2),
            sold: units(0),
        },
        returned: units(4),
        ..campaign.clone()
    };
    assert_eq!(reread(&*store, &campaign).await, expected);
    assert_eq!(stock(&*store, &campaign).await, [7, 2, 0]);
    assert_eq!(orders(&*store, &campaign).await, [kept]);
    let before = said(&*store, &campaign).await;
    for (version, token) in [
        (version, TOKEN),
        (version + 1, TOKEN),
        (version, TOKEN.next()),
    ] {
        let again = store.end_sale(id, version, token).await;
        assert_eq!(again.expect("it answers"), Settlement::AlreadySettled);
    }
    assert_eq!(said(&*store, &campaign).await, before);
}

/// A worker that lost its lease ends nothing.
pub async fn an_older_token_cannot_end_a_sale<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 9, 6, None).await;
    let campaign = sealing(&*store, &campaign).await;
    let version = campaign.version;
    let older = FencingToken::new(TOKEN.get() - 1);
    refused(&*store, &campaign, version, older, StoreErrorKind::Fenced).await;
    let newer = TOKEN.next();
    let ended = store.end_sale(campaign.id, version, newer).await;
    assert_eq!(ended.expect("it is newer"), Settlement::Committed);
    assert_eq!(reread(&*store, &campaign).await.fence, newer);
    refused(&*store, &campaign, version, TOKEN, StoreErrorKind::Fenced).await;
}

/// Only from sealing, from the version that was seen, and only what is sold first-come.
pub async fn a_stale_end_is_refused<S: Ledger + ?Sized>(store: Arc<S>) {
    use StoreErrorKind::Conflict;
    let open = shop(&*store, 9, 6, None).await;
    refused(&*store, &open, open.version, TOKEN, Conflict).await;
    let campaign = sealing(&*store, &open).await;
    for version in [campaign.version - 1, campaign.version + 1] {
        refused(&*store, &campaign, version, TOKEN, Conflict).await;
    }
    let called_off = shop(&*store, 9, 6, None).await;
    let moved = store
        .transition(called_off.id, Phase::Open, Phase::Cancelled, TOKEN)
        .await;
    assert!(moved.expect("it may be called off"));
    let called_off = reread(&*store, &called_off).await;
    refused(&*store, &called_off, called_off.version, TOKEN, Conflict).await;
    let ranked = sale(&*store, 9, 6).await;
    let ranked = sealing(&*store, &ranked).await;
    refused(&*store, &ranked, ranked.version, TOKEN, Conflict).await;
    let ended = store.end_sale(campaign.id, campaign.version, TOKEN).await;
    assert_eq!(ended.expect("it is as it was"), Settlement::Committed);
}

/// What is available goes back to the product, but for what dead letters need; what is held or sold stays.
pub async fn ending_a_sale_conserves_units<S: Ledger + ?Sized>(store: Arc<S>) {
    let campaign = shop(&*store, 20, 15, None).await;
    let other = shop(&*store, 9, 9, None).await;
    let paid = bought(&*store, &campaign, 1).await;
    move_one(&*store, pay(&paid)).await;
    let unpaid = bought(&*store, &campaign, 2).await;
    let (replayed, dropped) = (
        purchase(&campaign, fresh(), 3),
        purchase(&campaign, fresh(), 2),
    );
    let elsewhere = letter(&other, &purchase(&other, fresh(), 4));
    let letters = [
        letter(&campaign, &replayed),
        letter(&campaign, &dropped),
        elsewhere,
    ];
    store.set_aside(&letters).await.expect("they are known");
    assert_eq!(places(&*store, &campaign).await, [12, 2, 1, 0]);
    let campaign = end(&*store, &campaign).await;
    assert_eq!(places(&*store, &campaign).await, [5, 2, 1, 7]);
    assert_eq!(stock(&*store, &campaign).await, [12, 7, 1]);
    conserved(&*store, &campaign).await;

    // What is left is the letters': nobody else has any of it.
    let late = purchase(&campaign, fresh(), 1);
    let outcomes = commit(&*store, std::slice::from_ref(&late)).await;
    assert_eq!(outcomes, [Err(Rejection::SoldOut)]);
    assert_eq!(places(&*store, &campaign).await, [5, 2, 1, 7]);
    let outcomes = commit(&*store, std::slice::from_ref(&replayed)).await;
    assert_eq!(outcomes, [Ok(replayed.orders.clone())], "they are there");
    assert_eq!(places(&*store, &campaign).await, [2, 5, 1, 7]);
    move_one(&*store, cancel(&unpaid)).await;
    assert_eq!(places(&*store, &campaign).await, [2, 3, 1, 9]);
    assert_eq!(stock(&*store, &campaign).await, [14, 5, 1]);

    // What a letter kept is returned once it is dropped, and not before.
    let back = OfferPlan {
        campaign: campaign.id,
        orders: Vec::new(),
        returned: units(2),
    };
    let before = said(&*store, &campaign).await;
    let early = store.commit_offers(&back, TOKEN).await;
    assert_eq!(failure(early), StoreErrorKind::Conflict);
    assert_eq!(said(&*store, &campaign).await, before);
    let letter = store.drop_dead_letter(dropped.orders[0].hold).await;
    assert!(letter.expect("the ledger answers").is_some());
    store
        .commit_offers(&back, TOKEN)
        .await
        .expect("they are free");
    assert_eq!(places(&*store, &campaign).await, [0, 3, 1, 11]);
    assert_eq!(stock(&*store, &campaign).await, [16, 3, 1]);
    conserved(&*store, &campaign).await;

    let sold_out = shop(&*store, 3, 3, None).await;
    bought(&*store, &sold_out, 2).await;
    let too_large = letter_of_three(&sold_out);
    store.set_aside(&[too_large]).await.expect("it is known");
    let sold_out = end(&*store, &sold_out).await;
    assert_eq!(
        places(&*store, &sold_out).await,
        [1, 2, 0, 0],
        "a letter keeps no more than there is"
    );
}

fn letter_of_three(campaign: &Campaign) -> crate::purchase::DeadLetter {
    letter(campaign, &purchase(campaign, fresh(), 3))
}
