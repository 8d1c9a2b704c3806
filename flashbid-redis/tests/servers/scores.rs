//! Lua counts in doubles, and must not round: 512 recorded cases where they lie beside the repository, and always
//! random ones.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use flashbid_core::bid::NewBid;
use flashbid_core::campaign::Window;
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::score::Weights;
use flashbid_core::store::{BidBook, Placement};
use flashbid_core::time::Timestamp;
use flashbid_redis::RedisHot;
use flashbid_testbed::Redis;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::sale::{bid, campaign_with, place, seed};

const RECORDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/vectors/scores.csv"
);

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The score that the server gives.
async fn scored(
    hot: &RedisHot,
    weights: Weights,
    price: Money,
    elapsed_ms: u64,
    weight: Weight,
) -> i64 {
    let at = START.after(Duration::from_millis(elapsed_ms));
    let window = Window::new(START, at.after(Duration::from_millis(1))).unwrap();
    let campaign = campaign_with(weights, window);
    hot.open(&seed(&campaign, 1, &[])).await.unwrap();
    let asked = NewBid {
        price,
        weight,
        at: Some(at),
        ..bid(0)
    };
    let placed = place(hot, &campaign, &[asked]).await.unwrap();
    let Placement::Accepted(accepted) = &placed[0] else {
        panic!("it is new: {placed:?}")
    };
    assert_eq!(accepted.elapsed_ms, elapsed_ms);
    let top = hot.top(campaign.id, 1).await.unwrap();
    assert_eq!(top.stats.max_score, Some(accepted.score));
    hot.discard(campaign.id).await.unwrap();
    accepted.score.ten_thousandths()
}

#[tokio::test]
async fn every_recorded_case_scores_exactly() {
    let recorded = Path::new(RECORDED);
    if recorded
        .ancestors()
        .nth(2)
        .is_none_or(|shared| !shared.is_dir())
    {
        println!("{RECORDED} is not here: the random cases must do");
        return;
    }
    let text = std::fs::read_to_string(recorded).unwrap();
    let hot = RedisHot::connect(&Redis::shared().url()).await.unwrap();
    let mut cases = 0;
    for line in text.lines().skip(1) {
        let row: Vec<_> = line.split(',').collect();
        let factor = |column: usize| row[column].parse::<Coefficient>().unwrap();
        let weights = Weights::new(factor(0), factor(1), factor(2)).unwrap();
        let (price, elapsed) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        let score = scored(&hot, weights, price, elapsed, row[5].parse().unwrap()).await;
        assert_eq!(score.to_string(), row[6], "{line}");
        cases += 1;
    }
    assert!(cases >= 512, "{RECORDED} has only {cases} cases");
}

fn server() -> &'static (Runtime, RedisHot) {
    static SERVER: OnceLock<(Runtime, RedisHot)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let hot = runtime.block_on(RedisHot::connect(&Redis::shared().url()));
        (runtime, hot.unwrap())
    })
}

/// Numbers of every size, and those beside a limit or a half more often than chance has them.
fn units(max: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        0..=max,
        (0..=63_u32).prop_map(move |bits| max >> bits),
        (0..=max / 5_000).prop_map(|halves| halves * 5_000),
        (0..20_i64).prop_map(move |below| max - below),
        0..20_i64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_cases_score_exactly(
        alpha in units(900_719),
        beta in units(10_i64.pow(13)),
        gamma in units(9_007_199_254_740),
        price in units(Money::MAX.ten_thousandths()),
        weight in units(Weight::MAX.ten_thousandths()),
        elapsed in units(1 << 40),
    ) {
        let factor = |units| Coefficient::from_ten_thousandths(units).unwrap();
        let weights = Weights::new(factor(alpha), factor(beta), factor(gamma))
            .or_else(|_| Weights::new(factor(alpha), factor(beta >> 20), factor(0)))
            .or_else(|_| Weights::new(factor(0), factor(beta >> 20), factor(gamma / 2)));
        prop_assume!(weights.is_ok());
        let weights = weights.unwrap();
        let price = Money::from_ten_thousandths(price).unwrap();
        let weight = Weight::from_ten_thousandths(weight).unwrap();
        let elapsed = elapsed.unsigned_abs();
        let (runtime, hot) = server();
        let score = runtime.block_on(scored(hot, weights, price, elapsed, weight));
        prop_assert_eq!(score, weights.score(price, elapsed, weight).ten_thousandths());
    }
}
