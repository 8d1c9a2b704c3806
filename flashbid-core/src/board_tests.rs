use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::rank::Sequence;
use crate::score::Score;

fn bidder(number: u64) -> BidderId {
    BidderId::new(Uuid::from_u64_pair(0, number))
}

fn key(score: i64, sequence: u64) -> RankKey {
    RankKey {
        score: Score::from_ten_thousandths(score).unwrap(),
        sequence: Sequence::new(sequence),
    }
}

/// Compares everything the board answers with a sorted list.
fn assert_agrees(board: &Board<u64>, naive: &HashMap<BidderId, (RankKey, u64)>) {
    let mut sorted: Vec<_> = naive
        .iter()
        .map(|(bidder, (key, _))| (*key, *bidder))
        .collect();
    sorted.sort_unstable();
    assert_eq!(board.len(), sorted.len());
    assert!(
        board
            .iter()
            .eq(sorted.iter().map(|(key, bidder)| (*bidder, *key)))
    );
    for (index, (key, bidder)) in sorted.iter().enumerate() {
        let rank = Rank::behind(index);
        assert_eq!(board.rank(*bidder), Some(rank));
        assert_eq!(board.kth(rank), Some((*bidder, *key)));
        assert_eq!(board.get(*bidder), Some((*key, &naive[bidder].1)));
    }
    assert_eq!(board.kth(Rank::behind(sorted.len())), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_board_agrees_with_a_sorted_list(
        steps in prop::collection::vec((0..900_u64, 0..50_i64, any::<bool>()), 1..3_000),
    ) {
        let mut board = Board::new();
        let mut naive = HashMap::new();
        for (sequence, (who, score, remove)) in (1_u64..).zip(steps) {
            let who = bidder(who);
            if remove && sequence % 3 == 0 {
                prop_assert_eq!(board.remove(who), naive.remove(&who));
            } else {
                let rank = board.place(who, key(score, sequence), sequence);
                prop_assert_eq!(board.rank(who), Some(rank));
                naive.insert(who, (key(score, sequence), sequence));
            }
        }
        assert_agrees(&board, &naive);
    }
}

#[test]
fn thousands_of_equal_scores_rank_by_arrival() {
    let mut board = Board::new();
    for arrival in 1..=5_000 {
        board.place(bidder(arrival * 7_919 % 5_003), key(10, arrival), ());
    }
    for arrival in 1..=5_000 {
        let rank = board.rank(bidder(arrival * 7_919 % 5_003)).unwrap();
        assert_eq!(u64::from(rank.get()), arrival);
    }
}

#[test]
fn a_board_that_is_emptied_from_either_end_stays_right() {
    let mut board = Board::new();
    let mut naive = HashMap::new();
    for number in 0..4_000 {
        board.place(
            bidder(number),
            key(i64::try_from(number).unwrap(), number + 1),
            number,
        );
        naive.insert(
            bidder(number),
            (key(i64::try_from(number).unwrap(), number + 1), number),
        );
    }
    for number in (0..1_950).flat_map(|step| [step, 3_999 - step]) {
        assert_eq!(board.remove(bidder(number)), naive.remove(&bidder(number)));
        if number % 97 == 0 {
            assert_agrees(&board, &naive);
        }
    }
    assert_agrees(&board, &naive);
    for number in 0..4_000 {
        board.remove(bidder(number));
    }
    assert!(board.is_empty());
    board.place(bidder(1), key(1, 1), 1);
    assert_eq!(board.rank(bidder(1)), Some(Rank::FIRST));
}

#[test]
fn a_bidder_that_is_not_there_has_no_rank() {
    let mut board = Board::new();
    assert_eq!(board.rank(bidder(1)), None);
    assert_eq!(board.remove(bidder(1)), None);
    assert_eq!(board.place(bidder(2), key(1, 1), ()), Rank::FIRST);
    assert_eq!(board.rank(bidder(1)), None);
}
