//! The board with a million bidders: update, rank, top 100 and memory.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use flashbid_benches::{bidder, scramble};
use flashbid_core::board::Board;
use flashbid_core::rank::{RankKey, Sequence};
use flashbid_core::score::Score;

const BIDDERS: u64 = 1_000_000;

fn key(draw: u64, sequence: u64) -> RankKey {
    let units = i64::try_from(draw % 1_000_000_000_000).expect("below 2^53");
    RankKey {
        score: Score::from_ten_thousandths(units).expect("in range"),
        sequence: Sequence::new(sequence),
    }
}

/// Bytes of memory this process holds, from the kernel.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("a number of pages");
    pages * 4_096
}

fn board(criterion: &mut Criterion) {
    let before = resident_bytes();
    let mut board = Board::new();
    for number in 0..BIDDERS {
        board.place(bidder(number), key(scramble(number), number + 1), ());
    }
    let bytes = resident_bytes() - before;
    println!(
        "board of {BIDDERS} bidders: {} bytes a bidder",
        bytes / BIDDERS
    );

    let mut group = criterion.benchmark_group("board of 1,000,000");
    group.measurement_time(Duration::from_secs(5));
    let mut sequence = BIDDERS;
    let mut draws = 0_u64;
    let mut draw = || {
        draws += 1;
        scramble(draws ^ 0xABCD)
    };
    group.bench_function("update", |bencher| {
        bencher.iter_batched(
            || {
                sequence += 1;
                (bidder(draw() % BIDDERS), key(draw(), sequence))
            },
            |(bidder, key)| board.place(bidder, key, ()),
            BatchSize::NumIterations(10_000),
        );
    });
    group.bench_function("rank", |bencher| {
        bencher.iter_batched(
            || bidder(draw() % BIDDERS),
            |bidder| board.rank(bidder),
            BatchSize::NumIterations(10_000),
        );
    });
    group.bench_function("top 100", |bencher| {
        bencher.iter(|| {
            board
                .iter()
                .take(100)
                .map(|entry| black_box(entry).1.score.ten_thousandths())
                .sum::<i64>()
        });
    });
    group.finish();
}

criterion_group!(benches, board);
criterion_main!(benches);
