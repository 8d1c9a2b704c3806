use std::sync::Arc;
use std::time::Duration;

use crate::bid::NewBid;
use crate::campaign::{FencingToken, Window};
use crate::conformance::fixture::{
    accept, at_once, bid, campaign, coming, fresh, log, money, opened, past, place_one, running,
    ticket,
};
use crate::error::Rejection;
use crate::store::{BidBook, Placement, Seal};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// A bid of somebody new with the ticket.
fn with(ticket: Ticket, window: Window) -> NewBid {
    NewBid {
        ticket: Some(ticket),
        ..bid(window, 5, 10)
    }
}

/// One bid a ticket, and none from its expiry on; who asks again needs no other.
pub async fn a_ticket_places_once<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign_of = campaign;
    let campaign = opened(&*store, campaign_of(running())).await;
    let (id, window) = (campaign.id, campaign.terms.window);
    let spent = || Err(Rejection::TicketSpent);
    let good = ticket();
    let (asked, second) = (with(good, window), with(good, window));
    let batch = [asked.clone(), second.clone(), asked.clone()];
    let placed = store.place(id, &batch).await.expect("it is open");
    let [Ok(Placement::Accepted(first)), outcome, again] = &placed.outcomes[..] else {
        panic!("the first is accepted: {:?}", placed.outcomes);
    };
    assert_eq!(*outcome, spent());
    assert_eq!(*again, Ok(Placement::Replayed(first.clone())));
    for later in [second, with(good, window)] {
        assert_eq!(place_one(&*store, id, &later).await, spent());
    }
    let without = NewBid {
        ticket: None,
        ..asked.clone()
    };
    let other = ticket();
    let with_another = NewBid {
        ticket: Some(other),
        ..asked.clone()
    };
    for retry in [asked, without, with_another] {
        let outcome = place_one(&*store, id, &retry).await;
        assert_eq!(outcome, Ok(Placement::Replayed(first.clone())));
    }
    // A retry uses no ticket up.
    accept(&*store, id, &with(other, window)).await;

    let shared = ticket();
    let calls = (0..16).map(|_| {
        let store = Arc::clone(&store);
        async move { place_one(&*store, id, &with(shared, window)).await }
    });
    let (placed, refused): (Vec<_>, Vec<_>) =
        at_once(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!(placed.len(), 1, "of those that come at once, too");
    assert!(refused.into_iter().all(|outcome| outcome == spent()));
    assert_eq!(log(&*store, id).await.len(), 3);

    // The window is looked at before the ticket.
    let over = Ticket {
        expires_at: Timestamp::from_millis(1),
        ..ticket()
    };
    let soon = coming();
    let start = soon.start();
    let early = opened(&*store, campaign_of(soon)).await;
    let before = NewBid {
        at: None,
        ..with(over, soon)
    };
    let outcome = place_one(&*store, early.id, &before).await;
    assert_eq!(outcome, Err(Rejection::NotStarted { start }));

    let campaign = opened(&*store, campaign_of(running())).await;
    let (id, window) = (campaign.id, campaign.terms.window);
    let short = ticket();
    let at = |at| NewBid {
        at: Some(at),
        ..with(short, window)
    };
    let last = Timestamp::from_millis(short.expires_at.millis() - 1);
    accept(&*store, id, &at(last)).await;
    assert_eq!(place_one(&*store, id, &at(last)).await, spent());
    let unused = Ticket {
        id: fresh(),
        ..short
    };
    for late in [
        short.expires_at,
        short.expires_at.after(Duration::from_mins(1)),
    ] {
        let asked = NewBid {
            ticket: Some(unused),
            ..at(late)
        };
        assert_eq!(place_one(&*store, id, &asked).await, spent());
    }
}

/// Whoever is refused for another reason may bid again with the same ticket.
pub async fn a_refused_bid_keeps_its_ticket<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign_of = campaign;
    let campaign = opened(&*store, campaign_of(running())).await;
    let (id, window) = (campaign.id, campaign.terms.window);
    let known = bid(window, 5, 0);
    accept(&*store, id, &known).await;
    let good = ticket();
    let first = NewBid {
        at: Some(Timestamp::from_millis(window.start().millis() - 1)),
        ..with(ticket(), window)
    };
    // A bid counts as placed no earlier than the one before it, so that only the first of a book can be too early.
    let fresh_book = opened(&*store, campaign_of(window)).await;
    let start = window.start();
    let outcome = place_one(&*store, fresh_book.id, &first).await;
    assert_eq!(outcome, Err(Rejection::NotStarted { start }));
    let in_time = NewBid {
        at: Some(start),
        ..first
    };
    accept(&*store, fresh_book.id, &in_time).await;

    let reused = NewBid {
        ticket: Some(good),
        price: money(6),
        ..known
    };
    let late = NewBid {
        at: Some(window.end()),
        ..with(good, window)
    };
    let batch = [reused, late, with(good, window), with(good, window)];
    let placed = store.place(id, &batch).await.expect("it is open");
    assert_eq!(placed.outcomes[0], Err(Rejection::KeyReused));
    assert_eq!(placed.outcomes[1], Err(Rejection::Ended));
    assert!(placed.outcomes[2].is_ok(), "{:?}", placed.outcomes);
    assert_eq!(placed.outcomes[3], Err(Rejection::TicketSpent));

    let over = opened(&*store, campaign_of(past())).await;
    let asked = with(ticket(), over.terms.window);
    let seal = store.seal(over.id, FencingToken::new(1)).await;
    assert!(matches!(seal, Ok(Seal::Sealed { .. })));
    for _ in 0..2 {
        let outcome = place_one(&*store, over.id, &asked).await;
        assert_eq!(outcome, Err(Rejection::Ended), "sealed, and not spent");
    }
}
