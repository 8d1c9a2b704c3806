use std::sync::Arc;
use std::time::Duration;

use super::{held, level, loaded, loaded_for, request, take, take_all};
use crate::conformance::fixture::{at_once, coming, fresh, running, ticket, units};
use crate::error::Rejection;
use crate::store::{HoldRequest, StockGate};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// A request of somebody new with the ticket.
fn with(ticket: Ticket, count: u32) -> HoldRequest {
    HoldRequest {
        ticket: Some(ticket),
        ..request(fresh(), count)
    }
}

/// One request a ticket, and none from its expiry on; who asks again needs no other.
pub async fn a_ticket_holds_once<S: StockGate + ?Sized>(store: Arc<S>) {
    let campaign = loaded(&*store, 9, Some(2)).await;
    let spent = || Err(Rejection::TicketSpent);
    let good = ticket();
    let (first, second) = (with(good, 2), with(good, 1));
    let outcomes = take_all(&*store, campaign, &[first, second, first]).await;
    assert_eq!(outcomes, [Ok(held(&first)), spent(), Ok(held(&first))]);
    for later in [second, with(good, 1)] {
        assert_eq!(take(&*store, campaign, later).await, spent());
    }
    let without = HoldRequest {
        ticket: None,
        ..first
    };
    let other = ticket();
    let with_another = HoldRequest {
        ticket: Some(other),
        ..first
    };
    for retry in [first, without, with_another] {
        assert_eq!(take(&*store, campaign, retry).await, Ok(held(&first)));
    }
    let third = with(other, 1);
    let outcome = take(&*store, campaign, third).await;
    assert_eq!(outcome, Ok(held(&third)), "a retry uses no ticket up");
    store
        .release(campaign, &[first.id])
        .await
        .expect("it is loaded");
    let after = take(&*store, campaign, with(good, 1)).await;
    assert_eq!(after, spent(), "units come back, tickets do not");
    assert_eq!(level(&*store, campaign).await, [8, 1, 0]);

    // The window is looked at before the ticket, and the ticket before the limit and the stock.
    let beyond = with(good, 3);
    assert_eq!(take(&*store, campaign, beyond).await, spent());
    let window = coming();
    let start = window.start();
    let early = loaded_for(&*store, window, 9, None).await;
    let over = Ticket {
        expires_at: Timestamp::from_millis(1),
        ..ticket()
    };
    let outcome = take(&*store, early, with(over, 1)).await;
    assert_eq!(outcome, Err(Rejection::NotStarted { start }));

    let shared = ticket();
    let calls = (0..16).map(|_| {
        let store = Arc::clone(&store);
        async move { take(&*store, campaign, with(shared, 1)).await }
    });
    let (granted, refused): (Vec<_>, Vec<_>) =
        at_once(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!(granted.len(), 1, "of those who come at once, too");
    assert!(refused.into_iter().all(|outcome| outcome == spent()));

    let campaign = loaded(&*store, 9, None).await;
    let short = ticket();
    let last = Timestamp::from_millis(short.expires_at.millis() - 1);
    for late in [
        short.expires_at,
        short.expires_at.after(Duration::from_mins(1)),
    ] {
        let asked = HoldRequest {
            at: Some(late),
            ..with(short, 1)
        };
        assert_eq!(take(&*store, campaign, asked).await, spent());
    }
    let asked = HoldRequest {
        at: Some(last),
        ..with(short, 1)
    };
    assert_eq!(take(&*store, campaign, asked).await, Ok(held(&asked)));
    let again = HoldRequest {
        at: Some(last),
        ..with(short, 1)
    };
    assert_eq!(take(&*store, campaign, again).await, spent());
}

/// Whoever is refused for another reason may try again with the same ticket.
pub async fn a_refused_hold_keeps_its_ticket<S: StockGate + ?Sized>(store: Arc<S>) {
    let window = running();
    let campaign = loaded_for(&*store, window, 9, Some(7)).await;
    let known = request(fresh(), 4);
    take(&*store, campaign, known)
        .await
        .expect("there is enough");
    let good = ticket();
    let ask = |bidder, count| HoldRequest {
        ticket: Some(good),
        ..request(bidder, count)
    };
    let reused = HoldRequest {
        id: known.id,
        ..ask(known.bidder, 1)
    };
    let late = HoldRequest {
        at: Some(window.end()),
        ..ask(fresh(), 1)
    };
    let early = HoldRequest {
        at: Some(Timestamp::from_millis(window.start().millis() - 1)),
        ..ask(fresh(), 1)
    };
    let granted = ask(fresh(), 5);
    let batch = [
        ask(fresh(), 6),
        ask(known.bidder, 4),
        reused,
        late,
        early,
        granted,
        ask(fresh(), 1),
    ];
    let start = window.start();
    let outcomes = take_all(&*store, campaign, &batch).await;
    let expected = [
        Err(Rejection::SoldOut),
        Err(Rejection::LimitReached),
        Err(Rejection::KeyReused),
        Err(Rejection::Ended),
        Err(Rejection::NotStarted { start }),
        Ok(held(&granted)),
        Err(Rejection::TicketSpent),
    ];
    assert_eq!(outcomes, expected);

    let campaign = loaded(&*store, 1, None).await;
    let again = with(ticket(), 2);
    assert_eq!(
        take(&*store, campaign, again).await,
        Err(Rejection::SoldOut)
    );
    let fewer = HoldRequest {
        id: fresh(),
        units: units(1),
        ..again
    };
    assert_eq!(take(&*store, campaign, fewer).await, Ok(held(&fewer)));
}
