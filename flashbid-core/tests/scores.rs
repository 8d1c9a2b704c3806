//! Scores are exact to the ten-thousandth: 512 recorded cases where they lie beside the repository, and always the
//! dozen below, which are of their kind.

use std::path::Path;
use std::time::Duration;

use flashbid_core::bid::NewBid;
use flashbid_core::campaign::{Campaign, FencingToken, Format, Phase, Rebid, Terms, Window};
use flashbid_core::id::{BidId, BidderId, CampaignId, ProductId};
use flashbid_core::memory::MemoryBook;
use flashbid_core::money::{Money, Weight};
use flashbid_core::score::Weights;
use flashbid_core::stock::Units;
use flashbid_core::store::{BidBook, BookSeed, Epoch, Placement};
use flashbid_core::time::Timestamp;
use uuid::Uuid;

/// `alpha,beta,gamma,price,elapsed_ms,weight,score_ten_thousandths`, as the file has it.
const ALWAYS: &str = "\
1,1000,100,500,0,1,16000000
1,1000,100,500,1,1,11000000
1,1000,100,500,9,1,7000000
1,1000,100,500,999,1,6010000
0.5,0,0,0.0001,0,0,0
0.5,0,0,0.0003,0,0,2
0.5,0,0,0.0005,0,0,2
0,1,0,500,2,1,3333
0,0,0.0001,500,2,0.5,0
6.4614,7690.2573,927.2597,903098075.35,5,3.44,58352823755494
3.1901,3443.7880,733.8672,974.10,971776776,3.65,57860917
4.9783,531.8783,728.2341,0.0006,2,1.00,9055298
";

const RECORDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/vectors/scores.csv"
);

#[derive(Debug)]
struct Case {
    weights: Weights,
    price: Money,
    elapsed_ms: u64,
    weight: Weight,
    score: i64,
}

fn cases() -> Vec<Case> {
    let mut cases = parse(&format!("header\n{ALWAYS}"));
    assert_eq!(cases.len(), 12);
    let recorded = Path::new(RECORDED);
    if recorded.ancestors().nth(2).is_some_and(Path::is_dir) {
        let text =
            std::fs::read_to_string(recorded).unwrap_or_else(|error| panic!("{RECORDED}: {error}"));
        let recorded = parse(&text);
        assert!(
            recorded.len() >= 512,
            "{RECORDED} has only {} cases",
            recorded.len()
        );
        cases.extend(recorded);
    } else {
        println!("{RECORDED} is not here: checking the cases of this file");
    }
    cases
}

fn parse(text: &str) -> Vec<Case> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let parse = |row: csv::StringRecord| Case {
        weights: Weights::new(
            row[0].parse().unwrap(),
            row[1].parse().unwrap(),
            row[2].parse().unwrap(),
        )
        .unwrap(),
        price: row[3].parse().unwrap(),
        elapsed_ms: row[4].parse().unwrap(),
        weight: row[5].parse().unwrap(),
        score: row[6].parse().unwrap(),
    };
    reader.records().map(|row| parse(row.unwrap())).collect()
}

#[test]
fn the_weights_score_every_case_exactly() {
    for case in cases() {
        let score = case
            .weights
            .score(case.price, case.elapsed_ms, case.weight)
            .ten_thousandths();
        assert_eq!(score, case.score, "{case:?}");
    }
}

#[tokio::test]
async fn a_book_scores_every_case_exactly() {
    let start = Timestamp::from_millis(1_700_000_000_000);
    let book = MemoryBook::default();
    for (number, case) in (1_u128..).zip(cases()) {
        let at = start.after(Duration::from_millis(case.elapsed_ms));
        let terms = Terms {
            format: Format::Ranked {
                weights: case.weights,
                rebid: Rebid::Latest,
            },
            window: Window::new(start, at.after(Duration::from_millis(1))).unwrap(),
            quota: Units::ONE,
            min_price: Money::ZERO,
            payment_deadline: Duration::from_mins(15),
            runners_up: None,
        };
        let campaign = Campaign {
            phase: Phase::Open,
            version: 1,
            fence: FencingToken::new(1),
            ..Campaign::scheduled(
                CampaignId::new(Uuid::from_u128(number)),
                ProductId::new(Uuid::from_u128(number)),
                terms,
                start,
            )
        };
        let id = campaign.id;
        let seed = BookSeed {
            campaign,
            epoch: Epoch::new(1),
            bids: vec![],
        };
        book.open(&seed).await.unwrap();
        let bid = NewBid {
            id: BidId::new(Uuid::from_u128(number)),
            bidder: BidderId::new(Uuid::from_u128(number)),
            name: None,
            price: case.price,
            weight: case.weight,
            at: Some(at),
            ticket: None,
        };
        let placed = book.place(id, &[bid]).await.unwrap();
        let Ok(Placement::Accepted(accepted)) = &placed.outcomes[0] else {
            panic!("{case:?}: {placed:?}");
        };
        assert_eq!(accepted.elapsed_ms, case.elapsed_ms);
        assert_eq!(accepted.score.ten_thousandths(), case.score, "{case:?}");
    }
}
