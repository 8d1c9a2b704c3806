use std::sync::Arc;

use uuid::Uuid;

use crate::bid::NewBid;
use crate::campaign::{Format, Rebid};
use crate::conformance::fixture::{
    accept, bid, bid_of, campaign, fresh, opened, running, weights, with_format,
};
use crate::id::BidId;
use crate::money::{Money, Weight};
use crate::rank::Rank;
use crate::score::Score;
use crate::store::BidBook;

/// `round_half_even(10⁴·(α·P + γ·W)) + floor(10⁴·β/(T+1))`, to the unit.
pub async fn scores_are_exact<S: BidBook + ?Sized>(store: Arc<S>) {
    for (alpha, beta, gamma) in [
        ("1", "1000", "100"),
        ("0.5", "0.3333", "0.5"),
        ("1.2345", "987.6543", "12.3456"),
        ("0", "1000000000", "0"),
        ("89", "1000000000", "100000"),
    ] {
        let rules = weights(alpha, beta, gamma);
        let campaign = with_format(campaign(running()), rules, Rebid::Latest);
        let campaign = opened(&*store, campaign).await;
        let mut elapsed = [0, 1, 2, 3, 6, 9, 99, 999, 9_998, 1_234_567, 7_199_999].into_iter();
        let amounts = ["0", "0.0001", "0.0003", "1", "99.9999", "1234567.8901"];
        let amounts = amounts.map(|text| text.parse::<Money>().expect("an amount"));
        for price in amounts.into_iter().chain([Money::MAX]) {
            for weight in ["0", "0.0001", "0.0003", "0.5", "4.9999", "1000"] {
                let weight: Weight = weight.parse().expect("a weight");
                let at = elapsed.next().unwrap_or(7_199_999);
                let asked = NewBid {
                    price,
                    weight,
                    ..bid(campaign.terms.window, 0, at)
                };
                let accepted = accept(&*store, campaign.id, &asked).await;
                let expected = rules.score(price, at, weight);
                assert_eq!(
                    accepted.score, expected,
                    "price {price}, T {at}, weight {weight}"
                );
                let standing = store.standing(campaign.id, asked.bidder).await;
                let standing = standing.expect("it is open").expect("it has bid");
                assert_eq!(standing.bid.score, expected);
            }
        }
    }
}

/// Scores of 9·10¹⁵ that differ by one ten-thousandth rank by it, not by arrival.
pub async fn neighbouring_scores_are_told_apart<S: BidBook + ?Sized>(store: Arc<S>) {
    let rules = weights("90", "0", "1");
    let campaign = with_format(campaign(running()), rules, Rebid::Latest);
    let campaign = opened(&*store, campaign).await;
    let mut bids: Vec<_> = (0..50)
        .map(|below| NewBid {
            price: Money::MAX,
            weight: Weight::from_ten_thousandths(Weight::MAX.ten_thousandths() - below)
                .expect("it is below the largest"),
            ..bid(campaign.terms.window, 0, 0)
        })
        .collect();
    bids.reverse();
    store.place(campaign.id, &bids).await.expect("it is open");
    bids.reverse();
    let top = store.top(campaign.id, 50).await.expect("it is open").top;
    let ranked: Vec<BidId> = top.iter().map(|standing| standing.bid.id).collect();
    let expected: Vec<BidId> = bids.iter().map(|bid| bid.id).collect();
    assert_eq!(ranked, expected);
    let scores: Vec<i64> = top
        .iter()
        .map(|standing| standing.bid.score.ten_thousandths())
        .collect();
    assert!(scores.windows(2).all(|pair| pair[0] == pair[1] + 1));
}

/// Thousands of equal scores stand in the order in which they came.
pub async fn equal_scores_rank_by_arrival<S: BidBook + ?Sized>(store: Arc<S>) {
    const BIDS: usize = 3_000;
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    // Ids drawn at random, so that neither the order of bidders nor of bids is that of arrival.
    let bids: Vec<NewBid> = (0..BIDS as u128)
        .map(|arrival| {
            let scattered =
                Uuid::from_u128(arrival.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 65_537 + 1);
            NewBid {
                id: BidId::derive(campaign.id, scattered.into(), ""),
                bidder: scattered.into(),
                ..bid(window, 100, 5)
            }
        })
        .collect();
    let mut arrival = 0;
    for batch in bids.chunks(100) {
        let placed = store.place(campaign.id, batch).await.expect("it is open");
        for outcome in placed.outcomes {
            let accepted = outcome.expect("it is accepted").into_bid();
            assert_eq!(accepted.rank, Rank::behind(arrival));
            arrival += 1;
        }
    }
    let top = store.top(campaign.id, BIDS).await.expect("it is open").top;
    let ranked: Vec<BidId> = top.iter().map(|standing| standing.bid.id).collect();
    let expected: Vec<BidId> = bids.iter().map(|bid| bid.id).collect();
    assert_eq!(ranked, expected);
    for index in [0, 1, 9, 10, 99, 100, 1_234, BIDS - 1] {
        let standing = store.standing(campaign.id, bids[index].bidder).await;
        let standing = standing.expect("it is open").expect("it has bid");
        assert_eq!(standing.rank, Rank::behind(index));
    }
}

/// The newest bid counts: a worse one falls back, an equal one goes behind those of its score.
pub async fn latest_replaces_the_standing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let (who, other) = (fresh(), fresh());
    accept(&*store, campaign.id, &bid_of(who, window, 50, 1)).await;
    accept(&*store, campaign.id, &bid_of(other, window, 50, 2)).await;
    for (price, rank) in [(50, 2), (60, 1), (40, 2)] {
        let accepted = accept(&*store, campaign.id, &bid_of(who, window, price, 3)).await;
        assert_eq!(accepted.rank.get(), rank, "after {price}");
        let standing = store.standing(campaign.id, who).await.expect("it is open");
        let standing = standing.expect("it has bid");
        assert_eq!((standing.rank, &standing.bid), (accepted.rank, &accepted));
    }
    let stats = store.top(campaign.id, 0).await.expect("it is open").stats;
    assert_eq!((stats.participants, stats.bids), (2, 5));
}

/// A bid that does not rank before the standing is kept in the log and changes no rank.
pub async fn best_never_gets_worse<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = campaign(running());
    let Format::Ranked { weights, .. } = campaign.terms.format else {
        panic!("it ranks");
    };
    let campaign = opened(&*store, with_format(campaign, weights, Rebid::Best)).await;
    let window = campaign.terms.window;
    let (who, other) = (fresh(), fresh());
    let best = accept(&*store, campaign.id, &bid_of(who, window, 50, 1)).await;
    accept(&*store, campaign.id, &bid_of(other, window, 50, 2)).await;
    for price in [50, 40] {
        let accepted = accept(&*store, campaign.id, &bid_of(who, window, price, 3)).await;
        assert_eq!(accepted.rank, Rank::FIRST, "the rank is the standing's");
        assert_eq!(
            accepted.score.ten_thousandths(),
            i64::from(price) * 10_000,
            "the score is the bid's"
        );
        let standing = store.standing(campaign.id, who).await.expect("it is open");
        assert_eq!(standing.map(|standing| standing.bid).as_ref(), Some(&best));
    }
    let better = accept(&*store, campaign.id, &bid_of(who, window, 60, 4)).await;
    assert_eq!(better.bid_number, 4);
    let top = store.top(campaign.id, 9).await.expect("it is open").top;
    assert_eq!(top[0].bid, better);
    assert_eq!(top.len(), 2);
    assert_eq!(
        top[0].bid.score,
        Score::from_ten_thousandths(600_000).expect("a score")
    );
}

/// Whoever asks for one standing gets what the ranking shows.
pub async fn a_standing_agrees_with_the_ranking<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let window = campaign.terms.window;
    let batch: Vec<_> = (0..60).map(|step| bid(window, step * 37 % 23, 1)).collect();
    store.place(campaign.id, &batch).await.expect("it is open");
    let top = store.top(campaign.id, 100).await.expect("it is open").top;
    assert_eq!(top.len(), 60);
    for expected in top {
        let standing = store.standing(campaign.id, expected.bid.bidder).await;
        assert_eq!(standing.expect("it is open"), Some(expected));
    }
}

/// Not having bid is no failure.
pub async fn a_bidder_without_a_bid_has_no_standing<S: BidBook + ?Sized>(store: Arc<S>) {
    let campaign = opened(&*store, campaign(running())).await;
    let standing = store.standing(campaign.id, fresh()).await;
    assert_eq!(standing.expect("it is open"), None);
    accept(&*store, campaign.id, &bid(campaign.terms.window, 1, 1)).await;
    let standing = store.standing(campaign.id, fresh()).await;
    assert_eq!(standing.expect("it is open"), None);
}
