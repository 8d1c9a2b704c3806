//! The invariants of a sale, one check each, by their numbers in ARCHITECTURE.md.

use flashbid_core::Durability;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::Phase;

use super::model;
use super::world::{Sale, Seen, SeenSale, World};

impl World<'_> {
    /// Checks every invariant after a step.
    pub(super) fn assert_invariants(&mut self) {
        let (before, seen) = (&self.before, &self.seen);
        invariant_1_units_are_conserved(before, seen);
        invariant_2_orders_stay_within_quota_and_quotas_within_stock(seen);
        for (number, sale) in self.sales.iter_mut().enumerate() {
            let (before, seen) = (&before.sales[number], &seen.sales[number]);
            invariant_3_a_bidder_has_at_most_one_order(seen);
            invariant_4_winners_are_the_best_of_the_sealed_book(seen);
            invariant_5_a_sealed_book_never_changes(sale, seen);
            invariant_6_a_key_has_one_answer_and_one_effect(sale, seen);
            invariant_7_tokens_never_decrease(before, seen);
            invariant_8_acknowledged_bids_are_recorded(sale, seen, self.history.durability);
            invariant_9_sequences_increase_and_gaps_were_never_told(sale, before, seen);
        }
        // Invariant 10, that all backends agree, compares the answers of whole histories: see the tests themselves.
    }
}

fn invariant_1_units_are_conserved(before: &Seen, seen: &Seen) {
    let stock = seen.product.stock;
    assert_eq!(
        stock.loaded(),
        before.product.stock.loaded(),
        "units appeared or vanished"
    );
    let promised: u64 = seen
        .campaigns
        .iter()
        .map(|(campaign, orders)| match campaign.phase {
            Phase::Settled => *orders,
            _ => u64::from(campaign.terms.quota.get()),
        })
        .sum();
    assert_eq!(
        u64::from(stock.held.get()),
        promised,
        "held units are those of orders and live campaigns"
    );
    for sale in &seen.sales {
        if let Some(counter) = sale.counter {
            assert_eq!(
                counter.loaded(),
                u64::from(sale.campaign.terms.quota.get()),
                "the hot counter lost or found units"
            );
        }
    }
}

fn invariant_2_orders_stay_within_quota_and_quotas_within_stock(seen: &Seen) {
    for (campaign, orders) in &seen.campaigns {
        let quota = u64::from(campaign.terms.quota.get());
        assert!(*orders <= quota, "oversold: {orders} orders for {quota}");
        assert!(quota <= seen.product.stock.loaded());
    }
}

fn invariant_3_a_bidder_has_at_most_one_order(seen: &SeenSale) {
    for (place, order) in seen.orders.iter().enumerate() {
        let earlier = &seen.orders[..place];
        assert!(
            earlier.iter().all(|other| other.bidder != order.bidder),
            "{order:?} is the bidder's second"
        );
    }
}

fn invariant_4_winners_are_the_best_of_the_sealed_book(seen: &SeenSale) {
    if seen.campaign.phase != Phase::Settled {
        assert_eq!(seen.orders, [], "orders before the settlement");
        return;
    }
    let ranking = model::ranking(model::rebid(&seen.campaign), &seen.recorded);
    let quota = seen.campaign.terms.quota.get() as usize;
    let winners = ranking.iter().take(quota);
    let expected: Vec<_> = (1..)
        .zip(winners)
        .map(|(rank, bid)| (rank, bid.bidder, Some(bid.id), bid.price, Some(bid.score)))
        .collect();
    let orders = seen.orders.iter();
    let got: Vec<_> = orders
        .map(|order| {
            let rank = order.rank().expect("the sale is ranked").get();
            (rank, order.bidder, order.bid(), order.price, order.score())
        })
        .collect();
    assert_eq!(got, expected);
}

fn invariant_5_a_sealed_book_never_changes(sale: &mut Sale, seen: &SeenSale) {
    if let Some(book) = seen.book.as_ref().filter(|book| book.sealed) {
        match &sale.sealed {
            Some(sealed) if sealed.epoch == book.epoch => assert_eq!(book, sealed),
            _ => sale.sealed = Some(book.clone()),
        }
    }
    if let (Some(sealed), Some(book)) = (&sale.sealed, &seen.book) {
        assert!(
            book.sealed || book.epoch > sealed.epoch,
            "a seal was broken"
        );
    }
    if seen.campaign.phase == Phase::Settled {
        let settled = sale
            .settled
            .get_or_insert_with(|| (seen.recorded.clone(), seen.orders.clone()));
        assert_eq!(seen.recorded, settled.0, "bids after the settlement");
        assert_eq!(seen.orders, settled.1, "orders after the settlement");
        if let Some(book) = &seen.book {
            assert_eq!(book.log, settled.0, "the book of a settled sale differs");
        }
    } else {
        assert!(sale.settled.is_none(), "a settlement was undone");
    }
}

fn invariant_6_a_key_has_one_answer_and_one_effect(sale: &Sale, seen: &SeenSale) {
    for (place, bid) in sale.acknowledged.iter().enumerate() {
        let earlier = &sale.acknowledged[..place];
        let other = earlier.iter().find(|other| other.id == bid.id);
        assert!(
            other.is_none_or(|other| other == bid),
            "{other:?} was answered, then {bid:?}"
        );
    }
    let (log, _) = seen.book();
    for bids in [log, &seen.recorded] {
        for (place, bid) in bids.iter().enumerate() {
            let earlier = &bids[..place];
            assert!(
                earlier.iter().all(|other| other.id != bid.id),
                "{bid:?} was accepted twice"
            );
        }
    }
}

fn invariant_7_tokens_never_decrease(before: &SeenSale, seen: &SeenSale) {
    assert!(
        seen.campaign.fence >= before.campaign.fence,
        "an older token was accepted"
    );
}

fn invariant_8_acknowledged_bids_are_recorded(
    sale: &Sale,
    seen: &SeenSale,
    durability: Durability,
) {
    let settled = seen.campaign.phase == Phase::Settled;
    let (log, _) = seen.book();
    for bid in &sale.acknowledged {
        if durability == Durability::Ledger || settled {
            assert!(seen.recorded.contains(bid), "{bid:?} is not in the ledger");
        } else {
            assert!(
                log.contains(bid) || seen.recorded.contains(bid),
                "{bid:?} is nowhere"
            );
        }
    }
}

fn invariant_9_sequences_increase_and_gaps_were_never_told(
    sale: &Sale,
    before: &SeenSale,
    seen: &SeenSale,
) {
    let (log, _) = seen.book();
    for bids in [log, &seen.recorded] {
        let increasing = |pair: &[AcceptedBid]| pair[0].sequence < pair[1].sequence;
        assert!(bids.windows(2).all(increasing), "{bids:?}");
    }
    assert!(
        seen.checkpoint >= before.checkpoint,
        "the checkpoint went back"
    );
    for bid in &before.recorded {
        assert!(seen.recorded.contains(bid), "{bid:?} left the ledger");
    }
    for bid in log {
        assert!(
            bid.sequence > seen.checkpoint || seen.recorded.contains(bid),
            "{bid:?} is below the checkpoint, but not in the ledger"
        );
    }
    for bid in sale.acknowledged.iter().chain(&sale.told) {
        assert!(
            log.contains(bid) || seen.recorded.contains(bid),
            "{bid:?} was told and taken back"
        );
    }
}
