//! Scores: exact, and within bounds under all terms that are allowed.

use arbitrary::Arbitrary;
use flashbid_core::money::{Coefficient, Money, Weight};
use flashbid_core::score::{Score, Weights};

/// Terms and a bid, in ten-thousandths and milliseconds.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Case {
    alpha: u64,
    beta: u64,
    gamma: u64,
    /// How many times each factor is halved: large factors alone would be refused nearly always.
    halvings: [u8; 3],
    price: u64,
    weight: u64,
    elapsed_ms: u64,
}

/// Scores a bid when the terms are allowed, and holds the result against the formula.
pub fn check(case: &Case) {
    let [alpha, beta, gamma] = [case.alpha, case.beta, case.gamma];
    let factor = |raw: u64, halvings: u8| {
        let units = within(raw, Coefficient::MAX.ten_thousandths()) >> (halvings % 45);
        Coefficient::from_ten_thousandths(units).unwrap()
    };
    let (alpha, beta, gamma) = (
        factor(alpha, case.halvings[0]),
        factor(beta, case.halvings[1]),
        factor(gamma, case.halvings[2]),
    );
    let price = within(case.price, Money::MAX.ten_thousandths());
    let weight = within(case.weight, Weight::MAX.ten_thousandths());

    let highest = linear(alpha, Money::MAX, gamma, Weight::MAX);
    let highest = (highest + 5_000) / 10_000 + i128::from(beta.ten_thousandths());
    let Ok(weights) = Weights::new(alpha, beta, gamma) else {
        assert!(highest > i128::from(Score::MAX.ten_thousandths()));
        return;
    };
    // A half that rounds to even may make the score one less than `highest`.
    assert!(highest <= i128::from(Score::MAX.ten_thousandths()) + 1);

    let price = Money::from_ten_thousandths(price).unwrap();
    let weight = Weight::from_ten_thousandths(weight).unwrap();
    let score = weights.score(price, case.elapsed_ms, weight);
    assert!(score >= Score::default() && score <= Score::MAX);

    let divisor = i128::from(case.elapsed_ms) + 1;
    let beta = i128::from(beta.ten_thousandths());
    let early = beta.div_euclid(divisor);
    assert!(early * divisor <= beta && beta < (early + 1) * divisor);

    let rounded = i128::from(score.ten_thousandths()) - early;
    let error = rounded * 10_000 - linear(alpha, price, gamma, weight);
    assert!(error.abs() <= 5_000, "{case:?}: off by {error}");
    assert!(
        error.abs() < 5_000 || rounded % 2 == 0,
        "{case:?}: a half rounded to odd"
    );
}

fn linear(alpha: Coefficient, price: Money, gamma: Coefficient, weight: Weight) -> i128 {
    i128::from(alpha.ten_thousandths()) * i128::from(price.ten_thousandths())
        + i128::from(gamma.ten_thousandths()) * i128::from(weight.ten_thousandths())
}

fn within(raw: u64, max: i64) -> i64 {
    i64::try_from(raw % (max.unsigned_abs() + 1)).expect("not above `max`")
}
