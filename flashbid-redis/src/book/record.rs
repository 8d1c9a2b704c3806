//! Bids as bytes, as the scripts of the book write them: see `place.lua`.

use std::io::{self, Write};
use std::sync::Arc;

use flashbid_core::bid::{AcceptedBid, NewBid};
use flashbid_core::id::{BidId, BidderId};
use flashbid_core::money::{Money, Weight};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::time::Timestamp;
use uuid::Uuid;

use crate::time::reckoned;

/// When a bid counts as placed and the ticket that it uses up, if it has them, as `place.lua` takes them.
pub(super) fn write_terms(bid: &NewBid, to: &mut dyn Write) -> io::Result<()> {
    if let Some(at) = bid.at {
        to.write_all(&reckoned(at).to_le_bytes())?;
    }
    if let Some(ticket) = bid.ticket {
        to.write_all(ticket.id.as_bytes())?;
        to.write_all(&reckoned(ticket.expires_at).to_le_bytes())?;
    }
    Ok(())
}

/// What a bid asks for, as `place.lua` takes it.
pub(super) fn write_request(bid: &NewBid, to: &mut dyn Write) -> io::Result<()> {
    write_asked(
        bid.id,
        bid.bidder,
        bid.price,
        bid.weight,
        bid.name.as_deref(),
        to,
    )
}

/// A bid as it is stored.
pub(super) fn record(bid: &AcceptedBid) -> Vec<u8> {
    let mut to = Vec::with_capacity(96 + bid.name.as_ref().map_or(0, |name| name.len()));
    to.extend([0; 4]);
    to.extend(bid.score.ten_thousandths().to_le_bytes());
    to.extend(bid.rank.get().to_le_bytes());
    to.extend(bid.sequence.get().to_le_bytes());
    to.extend(reckoned(bid.at).to_le_bytes());
    to.extend(bid.elapsed_ms.to_le_bytes());
    to.extend(bid.bid_number.to_le_bytes());
    write_asked(
        bid.id,
        bid.bidder,
        bid.price,
        bid.weight,
        bid.name.as_deref(),
        &mut to,
    )
    .expect("a vector takes everything");
    let length = u32::try_from(to.len() - 4).expect("a name is far below 4 GiB");
    to[..4].copy_from_slice(&length.to_le_bytes());
    to
}

fn write_asked(
    id: BidId,
    bidder: BidderId,
    price: Money,
    weight: Weight,
    name: Option<&str>,
    to: &mut dyn Write,
) -> io::Result<()> {
    to.write_all(id.as_bytes())?;
    to.write_all(bidder.as_bytes())?;
    to.write_all(&price.ten_thousandths().to_le_bytes())?;
    to.write_all(&weight.ten_thousandths().to_le_bytes())?;
    to.write_all(&[u8::from(name.is_some())])?;
    to.write_all(name.unwrap_or_default().as_bytes())
}

/// What a standing's entry in the ranking is.
pub(super) fn member(sequence: Sequence, id: BidId) -> [u8; 24] {
    let mut member = [0; 24];
    member[..8].copy_from_slice(&sequence.get().to_be_bytes());
    member[8..].copy_from_slice(id.as_bytes());
    member
}

/// Bytes that are read from the front; `None` when they end too early or make no sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// What an accepted bid became.
    pub(super) fn became(&mut self) -> Option<Became> {
        Some(Became {
            length: usize::try_from(u32::from_le_bytes(self.array()?)).ok()?,
            score: Score::from_ten_thousandths(i64::from_le_bytes(self.array()?))?,
            rank: Rank::new(u32::from_le_bytes(self.array()?))?,
            sequence: Sequence::new(u64::from_le_bytes(self.array()?)),
            at: Timestamp::from_millis(i64::from_le_bytes(self.array()?)),
            elapsed_ms: u64::from_le_bytes(self.array()?),
            bid_number: u32::from_le_bytes(self.array()?),
        })
    }

    /// A whole record.
    pub(super) fn bid(&mut self) -> Option<AcceptedBid> {
        let before = self.0.len();
        let became = self.became()?;
        let id = Uuid::from_bytes(self.array()?).into();
        let bidder = Uuid::from_bytes(self.array()?).into();
        let price = Money::from_ten_thousandths(i64::from_le_bytes(self.array()?)).ok()?;
        let weight = Weight::from_ten_thousandths(i64::from_le_bytes(self.array()?)).ok()?;
        let named = self.byte()?;
        let read = before - self.0.len() - 4;
        let (name, rest) = self.0.split_at_checked(became.length.checked_sub(read)?)?;
        let name = match named {
            0 if name.is_empty() => None,
            1 => Some(Arc::from(std::str::from_utf8(name).ok()?)),
            _ => return None,
        };
        self.0 = rest;
        Some(became.of(&NewBid {
            id,
            bidder,
            name,
            price,
            weight,
            ticket: None,
            at: None,
        }))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

/// What an accepted bid became.
#[derive(Clone, Copy, Debug)]
pub(super) struct Became {
    /// Bytes of the record behind these four.
    length: usize,
    score: Score,
    rank: Rank,
    sequence: Sequence,
    at: Timestamp,
    elapsed_ms: u64,
    bid_number: u32,
}

impl Became {
    /// The accepted bid of which this is the outcome.
    pub(super) fn of(self, asked: &NewBid) -> AcceptedBid {
        AcceptedBid {
            id: asked.id,
            bidder: asked.bidder,
            name: asked.name.clone(),
            price: asked.price,
            weight: asked.weight,
            score: self.score,
            rank: self.rank,
            sequence: self.sequence,
            at: self.at,
            elapsed_ms: self.elapsed_ms,
            bid_number: self.bid_number,
        }
    }
}

/// The bids of one entry of the events' stream.
pub(crate) fn batch(blob: &[u8]) -> Option<Vec<AcceptedBid>> {
    let mut reader = Reader::new(blob);
    let mut bids = Vec::new();
    while !reader.is_empty() {
        bids.push(reader.bid()?);
    }
    Some(bids)
}
