use std::sync::Arc;
use std::time::Duration;

use super::fixture::shop;
use crate::campaign::Campaign;
use crate::conformance::fixture::{WHOLE, fresh, now, page};
use crate::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::store::{Ledger, Page};
use crate::time::Timestamp;

fn found(campaign: &Campaign, kind: DiscrepancyKind, at: Timestamp) -> Discrepancy {
    Discrepancy {
        campaign: campaign.id,
        kind,
        subject: fresh(),
        expected: "3 of Zoë's \"units\" \u{1F389}".into(),
        found: String::new(),
        noticed_at: at,
        resolved_at: None,
    }
}

async fn listed<S: Ledger + ?Sized>(store: &S, open: bool, page: Page) -> (Vec<Discrepancy>, u64) {
    let listing = store.discrepancies(open, page).await;
    let listing = listing.expect("they can be read");
    (listing.items, listing.total)
}

/// What is found opens once, keeps its first words, and is over when it is not found any more; what comes back is
/// another. Each campaign is by itself.
pub async fn discrepancies_open_and_resolve<S: Ledger + ?Sized>(store: Arc<S>) {
    let one = shop(&*store, 9, 9, None).await;
    let two = shop(&*store, 9, 9, None).await;
    let start = now();
    let at = |minutes| start.after(Duration::from_mins(minutes));
    let note = async |campaign: &Campaign, found: &[Discrepancy], minutes| {
        let opened = store
            .note_discrepancies(campaign.id, found, at(minutes))
            .await;
        opened.expect("it can be noted")
    };
    assert_eq!(note(&one, &[], 0).await, 0);
    assert_eq!(listed(&*store, false, WHOLE).await, (Vec::new(), 0));
    let every: Vec<_> = DiscrepancyKind::ALL
        .into_iter()
        .map(|kind| found(&two, kind, at(1)))
        .collect();
    assert_eq!(note(&two, &every, 1).await, 8);
    let (mut read, total) = listed(&*store, true, WHOLE).await;
    read.sort_by_key(|one| one.kind);
    assert_eq!((read, total), (every.clone(), 8));

    let counter = found(&one, DiscrepancyKind::Counter, at(2));
    let same_subject = Discrepancy {
        subject: counter.subject,
        ..found(&one, DiscrepancyKind::Quota, at(2))
    };
    assert_eq!(
        note(&one, &[counter.clone(), same_subject.clone()], 2).await,
        2
    );
    let same_kind = found(&one, DiscrepancyKind::Counter, at(3));
    let other_words = Discrepancy {
        expected: "other".into(),
        found: "words".into(),
        noticed_at: at(3),
        ..counter.clone()
    };
    let now_found = [same_kind.clone(), other_words.clone(), other_words];
    assert_eq!(note(&one, &now_found, 3).await, 1, "one is new");
    let over = Discrepancy {
        resolved_at: Some(at(3)),
        ..same_subject.clone()
    };
    let (open, total) = listed(&*store, true, WHOLE).await;
    assert_eq!(open[..2], [same_kind.clone(), counter.clone()]);
    assert_eq!(total, 10, "those of the other campaign last");
    let (all, total) = listed(&*store, false, page(0, 3)).await;
    assert_eq!(all[0], same_kind);
    assert!(all[1..].contains(&counter) && all[1..].contains(&over));
    assert_eq!(total, 11);

    let again = Discrepancy {
        noticed_at: at(4),
        ..same_subject
    };
    let back = [again.clone(), counter.clone(), same_kind.clone()];
    assert_eq!(note(&one, &back, 4).await, 1, "it has come back");
    assert_eq!(note(&one, &back, 5).await, 0);
    let (all, total) = listed(&*store, false, WHOLE).await;
    assert_eq!((all.len(), total), (12, 12));
    assert_eq!(all[..2], [again.clone(), same_kind.clone()]);
    assert!(all.contains(&over), "the first time stays over");

    assert_eq!(note(&one, &[], 6).await, 0);
    let (mut open, total) = listed(&*store, true, WHOLE).await;
    open.sort_by_key(|one| one.kind);
    assert_eq!((open, total), (every, 8));
    let (all, total) = listed(&*store, false, WHOLE).await;
    assert_eq!(total, 12);
    let resolved: Vec<_> = all[..4].iter().map(|one| one.resolved_at).collect();
    assert_eq!(resolved[..2], [Some(at(6)); 2]);
    assert!(all.contains(&over), "it is over since then");
    let mut pages = Vec::new();
    for skip in (0..12).step_by(5) {
        let (part, total) = listed(&*store, false, page(skip, 5)).await;
        assert!(total == 12 && part.len() <= 5);
        pages.extend(part);
    }
    assert_eq!(pages, all);
}
