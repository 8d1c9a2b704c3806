//! The ranked set of a sale's bidders: an order-statistic set that answers the rank of a bidder, the k-th and the
//! first n in less than linear time.
//!
//! The entries stand sorted in chunks of at most `CHUNK`; a Fenwick tree over the chunks' lengths turns a chunk into
//! a rank and a rank into a chunk. With n bidders, an update moves O(`CHUNK`) neighbouring entries, and every 256th
//! or so splits a chunk in O(n / `CHUNK`); a rank costs two binary searches and O(log n) additions; the first n are a
//! walk over contiguous memory.
//!
//! Source of the tree: Fenwick, "A new data structure for cumulative frequency tables", Software: Practice and
//! Experience 24(3), 1994.

use std::collections::HashMap;

use crate::id::BidderId;
use crate::rank::{Rank, RankKey};

/// The most entries of a chunk. At 32 bytes an entry it is moved within a level-one cache.
const CHUNK: usize = 512;

/// Chunks with fewer entries are joined with a neighbour.
const SPARSE: usize = CHUNK / 8;

/// A full chunk grows by this many entries, so that little memory stands empty.
const GROWTH: usize = CHUNK / 8;

/// One line of the ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: RankKey,
    bidder: BidderId,
}

/// A ranked set: each bidder once, by its [`RankKey`], with a `T` of the caller's beside it.
#[derive(Clone, Debug)]
pub struct Board<T = ()> {
    bidders: HashMap<BidderId, (RankKey, T)>,
    chunks: Vec<Vec<Entry>>,
    /// The first key of each chunk, so that finding a chunk reads one contiguous array.
    firsts: Vec<RankKey>,
    lengths: Fenwick,
}

impl<T> Default for Board<T> {
    fn default() -> Self {
        Self {
            bidders: HashMap::new(),
            chunks: Vec::new(),
            firsts: Vec::new(),
            lengths: Fenwick::default(),
        }
    }
}

impl<T> Board<T> {
    /// A board without bidders.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bidders are ranked.
    pub fn len(&self) -> usize {
        self.bidders.len()
    }

    /// Whether nobody is ranked.
    pub fn is_empty(&self) -> bool {
        self.bidders.is_empty()
    }

    /// The key of `bidder` and what stands beside it.
    pub fn get(&self, bidder: BidderId) -> Option<(RankKey, &T)> {
        self.bidders
            .get(&bidder)
            .map(|(key, beside)| (*key, beside))
    }

    /// What stands beside `bidder`, to be changed; its rank does not follow from it.
    pub fn beside_mut(&mut self, bidder: BidderId) -> Option<&mut T> {
        self.bidders.get_mut(&bidder).map(|(_, beside)| beside)
    }

    /// Ranks `bidder` by `key`, instead of what it was ranked by before. Keys must differ between bidders; the
    /// sequence in them sees to that. Answers its new rank.
    pub fn place(&mut self, bidder: BidderId, key: RankKey, beside: T) -> Rank {
        if let Some((old, _)) = self.bidders.insert(bidder, (key, beside)) {
            self.take_out(old);
        }
        self.put_in(Entry { key, bidder })
    }

    /// Takes `bidder` off the board.
    pub fn remove(&mut self, bidder: BidderId) -> Option<(RankKey, T)> {
        let removed = self.bidders.remove(&bidder)?;
        self.take_out(removed.0);
        Some(removed)
    }

    /// The rank of `bidder`.
    pub fn rank(&self, bidder: BidderId) -> Option<Rank> {
        let (key, _) = self.bidders.get(&bidder)?;
        let chunk = self.chunk_of(*key);
        let within = self.chunks[chunk].partition_point(|entry| entry.key < *key);
        Some(Rank::behind(self.lengths.sum(chunk) + within))
    }

    /// The bidder at `rank`.
    pub fn kth(&self, rank: Rank) -> Option<(BidderId, RankKey)> {
        let before = rank.get() as usize - 1;
        if before >= self.len() {
            return None;
        }
        let (chunk, passed) = self.lengths.find(before);
        let entry = self.chunks[chunk][before - passed];
        Some((entry.bidder, entry.key))
    }

    /// All bidders, best first.
    pub fn iter(&self) -> impl Iterator<Item = (BidderId, RankKey)> {
        self.chunks
            .iter()
            .flatten()
            .map(|entry| (entry.bidder, entry.key))
    }

    /// The chunk that holds `key`, or that it belongs into; there must be one.
    fn chunk_of(&self, key: RankKey) -> usize {
        self.firsts
            .partition_point(|first| *first <= key)
            .saturating_sub(1)
    }

    fn put_in(&mut self, entry: Entry) -> Rank {
        if self.chunks.is_empty() {
            self.chunks.push(Vec::new());
            self.firsts.push(entry.key);
            self.lengths = Fenwick::of(&self.chunks);
        }
        let chunk = self.chunk_of(entry.key);
        let entries = &mut self.chunks[chunk];
        let within = entries.partition_point(|other| other.key < entry.key);
        if entries.len() == entries.capacity() {
            entries.reserve_exact(GROWTH);
        }
        entries.insert(within, entry);
        self.firsts[chunk] = entries[0].key;
        let rank = Rank::behind(self.lengths.sum(chunk) + within);
        if entries.len() < CHUNK {
            self.lengths.add(chunk, 1);
            return rank;
        }
        let upper = entries.split_off(CHUNK / 2);
        entries.shrink_to_fit();
        self.firsts.insert(chunk + 1, upper[0].key);
        self.chunks.insert(chunk + 1, upper);
        self.lengths = Fenwick::of(&self.chunks);
        rank
    }

    fn take_out(&mut self, key: RankKey) {
        let chunk = self.chunk_of(key);
        let entries = &mut self.chunks[chunk];
        let within = entries.partition_point(|entry| entry.key < key);
        entries.remove(within);
        if entries.len() >= SPARSE {
            self.firsts[chunk] = entries[0].key;
            self.lengths.subtract(chunk, 1);
            return;
        }
        self.join(chunk);
    }

    /// Empties a sparse chunk into a neighbour that has room, or leaves it when there is none and it is not empty.
    fn join(&mut self, chunk: usize) {
        let room = |neighbour: usize| {
            self.chunks
                .get(neighbour)
                .is_some_and(|entries| entries.len() + SPARSE < CHUNK)
        };
        let left = if chunk > 0 && room(chunk - 1) {
            Some(chunk - 1)
        } else if room(chunk + 1) {
            Some(chunk)
        } else {
            None
        };
        if let Some(left) = left {
            let right = self.chunks.remove(left + 1);
            self.firsts.remove(left + 1);
            self.chunks[left].extend(right);
        } else if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
            self.firsts.remove(chunk);
        }
        let touched = left.unwrap_or(chunk);
        if let Some(first) = self.chunks.get(touched).and_then(|entries| entries.first()) {
            self.firsts[touched] = first.key;
        }
        self.lengths = Fenwick::of(&self.chunks);
    }
}

/// Prefix sums over the lengths of the chunks.
#[derive(Clone, Debug, Default)]
struct Fenwick(Vec<usize>);

impl Fenwick {
    fn of(chunks: &[Vec<Entry>]) -> Self {
        let mut tree: Vec<usize> = chunks.iter().map(Vec::len).collect();
        for index in 0..tree.len() {
            let parent = index | (index + 1);
            if parent < tree.len() {
                tree[parent] += tree[index];
            }
        }
        Self(tree)
    }

    fn add(&mut self, mut index: usize, count: usize) {
        while index < self.0.len() {
            self.0[index] += count;
            index |= index + 1;
        }
    }

    fn subtract(&mut self, mut index: usize, count: usize) {
        while index < self.0.len() {
            self.0[index] -= count;
            index |= index + 1;
        }
    }

    /// The sum of the first `count` lengths.
    fn sum(&self, mut count: usize) -> usize {
        let mut sum = 0;
        while count > 0 {
            sum += self.0[count - 1];
            count &= count - 1;
        }
        sum
    }

    /// The chunk that holds the entry with `before` entries before it, and how many stand before that chunk.
    fn find(&self, before: usize) -> (usize, usize) {
        let (mut chunk, mut passed) = (0, 0);
        let mut step = self.0.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self
                .0
                .get(chunk + step - 1)
                .filter(|count| passed + **count <= before)
            {
                passed += count;
                chunk += step;
            }
            step /= 2;
        }
        (chunk, passed)
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
