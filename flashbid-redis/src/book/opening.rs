//! Opening a book from what the ledger knows.
//!
//! A book of any size appears in one step: its pieces are staged under keys of this attempt, which go away by
//! themselves, and one script takes them over. Whether the book that is there may go on is found out piece by piece,
//! and holds as long as it is the same [`Life`].

use std::collections::HashMap;

use flashbid_core::StoreError;
use flashbid_core::StoreErrorKind;
use flashbid_core::bid::{AcceptedBid, replaces};
use flashbid_core::campaign::{Format, Phase, Rebid};
use flashbid_core::id::{BidderId, CampaignId, IdSource, RandomIds};
use flashbid_core::money::Money;
use flashbid_core::rank::Sequence;
use flashbid_core::store::{BookSeed, Epoch, StoreResult};
use flashbid_core::time::Timestamp;

use super::BookKeys;
use super::record::{member, record};
use crate::RedisHot;
use crate::answer::Answer;
use crate::error::BACKEND;
use crate::script::script;
use crate::time::reckoned;

script!(KNOWN = "known");
script!(STAGE = "stage");
script!(OPEN = "open");
script!(GO_ON = "go_on");

/// Bids in one piece.
const PIECE: usize = 500;

/// Events in one entry of the stream: as many as a batch may bring.
const ENTRY: usize = 128;

/// How long staged pieces stay without the next: far longer than an opener takes that is alive.
const STAGED_MS: u64 = 120_000;

/// How often another opener may come in between.
const ATTEMPTS: usize = 16;

const OPERATION: &str = "open";

pub(super) async fn open(hot: &RedisHot, seed: &BookSeed) -> StoreResult<Epoch> {
    if !matches!(seed.campaign.terms.format, Format::Ranked { .. }) {
        return Err(not_ranked());
    }
    let keys = BookKeys::of(hot, seed.campaign.id);
    let over = matches!(seed.campaign.phase, Phase::Settled | Phase::Cancelled);
    let mut staged = None;
    for _ in 0..ATTEMPTS {
        let there = look(hot, &keys).await?;
        if let Some(newer) = there.epoch.filter(|there| *there >= seed.epoch) {
            return Ok(newer);
        }
        if there.epoch.is_some() && !over {
            match has_all(hot, &keys, seed, &there).await? {
                Known::All => {
                    if let Some(epoch) = go_on(hot, &keys, seed, &there).await? {
                        return Ok(epoch);
                    }
                    continue;
                }
                Known::OfAnotherLife => continue,
                Known::NotAll => {}
            }
        }
        let staged = match &staged {
            Some(staged) => staged,
            None => staged.insert(stage(hot, seed).await?),
        };
        if let Some(epoch) = take_over(hot, &keys, seed, there.epoch, staged).await? {
            return Ok(epoch);
        }
    }
    let others = StoreError::new(BACKEND, OPERATION, StoreErrorKind::Unavailable);
    Err(others.because("others open the same book again and again"))
}

/// What was there at one moment. As long as it is the same, a book only grows: within an epoch it is one book, and
/// a server that comes back as an older copy of itself has another id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) epoch: Option<Epoch>,
    pub(crate) server: Vec<u8>,
}

impl Life {
    fn of(answer: &mut Answer) -> StoreResult<Self> {
        Ok(Self {
            epoch: answer.optional()?.map(Epoch::new),
            server: answer.bytes()?,
        })
    }
}

pub(crate) async fn look(hot: &RedisHot, keys: &BookKeys) -> StoreResult<Life> {
    let call = KNOWN.call(OPERATION, &[&keys.campaign, &keys.details]);
    Life::of(&mut call.run(&hot.link).await?)
}

/// What a book knows of a seed.
enum Known {
    All,
    NotAll,
    OfAnotherLife,
}

async fn has_all(
    hot: &RedisHot,
    keys: &BookKeys,
    seed: &BookSeed,
    life: &Life,
) -> StoreResult<Known> {
    for piece in seed.bids.chunks(PIECE) {
        let mut call = KNOWN.call(OPERATION, &[&keys.campaign, &keys.details]);
        for bid in piece {
            call = call.arg(bid.id.as_bytes());
        }
        let mut answer = call.run(&hot.link).await?;
        if Life::of(&mut answer)? != *life {
            return Ok(Known::OfAnotherLife);
        }
        for bid in piece {
            if answer.bytes()? != record(bid) {
                return Ok(Known::NotAll);
            }
        }
    }
    Ok(Known::All)
}

pub(crate) async fn go_on(
    hot: &RedisHot,
    keys: &BookKeys,
    seed: &BookSeed,
    older: &Life,
) -> StoreResult<Option<Epoch>> {
    let call = GO_ON
        .call(OPERATION, &[&keys.campaign])
        .arg(older.epoch.map_or(0, Epoch::get))
        .arg(&older.server)
        .arg(seed.epoch.get())
        .arg(seed.campaign.fence.get())
        .arg(u8::from(seed.campaign.phase.is_closed()))
        .arg(last(seed).get());
    let epoch = call.run(&hot.link).await?.optional()?;
    Ok(epoch.map(Epoch::new))
}

/// Pieces that wait to be taken over.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) keys: [String; 4],
    bidders: usize,
}

pub(crate) async fn stage(hot: &RedisHot, seed: &BookSeed) -> StoreResult<Staged> {
    let campaign = seed.campaign.id;
    let Format::Ranked { rebid, .. } = seed.campaign.terms.format else {
        return Err(not_ranked());
    };
    let keys = staging_keys(hot, campaign);
    let [ranking, details, bidders, events] = &keys;
    let standings = standings(&seed.bids, rebid);
    let records: Vec<_> = seed.bids.iter().map(record).collect();
    let entries: Vec<_> = standings.iter().collect();

    let ranked = async {
        for piece in entries.chunks(PIECE) {
            let mut call = STAGE.call(OPERATION, &[ranking]).arg(STAGED_MS).arg("ZADD");
            for (_, standing) in piece {
                call = call
                    .arg(-standing.bid.score.ten_thousandths())
                    .arg(&member(standing.bid.sequence, standing.bid.id));
            }
            call.run(&hot.link).await?;
        }
        Ok(())
    };
    let counted = async {
        for piece in entries.chunks(PIECE) {
            let mut call = STAGE.call(OPERATION, &[bidders]).arg(STAGED_MS).arg("HSET");
            for (bidder, standing) in piece {
                call = call.arg(bidder.as_bytes());
                call.packed(|to| {
                    to.write_all(&member(standing.bid.sequence, standing.bid.id))?;
                    to.write_all(&standing.bid.score.ten_thousandths().to_le_bytes())?;
                    to.write_all(&standing.bids.to_le_bytes())
                });
            }
            call.run(&hot.link).await?;
        }
        Ok(())
    };
    let remembered = async {
        for (bids, records) in seed.bids.chunks(PIECE).zip(records.chunks(PIECE)) {
            let mut call = STAGE.call(OPERATION, &[details]).arg(STAGED_MS).arg("HSET");
            for (bid, record) in bids.iter().zip(records) {
                call = call.arg(bid.id.as_bytes()).arg(record);
            }
            call.run(&hot.link).await?;
        }
        Ok(())
    };
    let told = async {
        for (bids, records) in seed.bids.chunks(ENTRY).zip(records.chunks(ENTRY)) {
            let last = bids.last().map_or(0, |bid| bid.sequence.get());
            let mut call = STAGE.call(OPERATION, &[events]).arg(STAGED_MS).arg("XADD");
            call = call
                .arg(format!("{last}-0"))
                .arg("n")
                .arg(bids.len())
                .arg("b");
            call.packed(|to| records.iter().try_for_each(|record| to.write_all(record)));
            call.run(&hot.link).await?;
        }
        StoreResult::Ok(())
    };
    tokio::try_join!(
        Box::pin(ranked),
        Box::pin(counted),
        Box::pin(remembered),
        Box::pin(told)
    )?;
    let bidders = standings.len();
    Ok(Staged { keys, bidders })
}

pub(crate) async fn take_over(
    hot: &RedisHot,
    keys: &BookKeys,
    seed: &BookSeed,
    there: Option<Epoch>,
    staged: &Staged,
) -> StoreResult<Option<Epoch>> {
    let Format::Ranked { weights, rebid } = seed.campaign.terms.format else {
        return Err(not_ranked());
    };
    let window = seed.campaign.terms.window;
    let mut all = keys.all().to_vec();
    all.extend(staged.keys.iter().map(String::as_str));
    let mut call = OPEN
        .call(OPERATION, &all)
        .arg(there.map_or_else(String::new, |there| there.get().to_string()))
        .arg(seed.epoch.get())
        .arg(seed.bids.len())
        .arg(staged.bidders)
        .arg(seed.bids.len().div_ceil(ENTRY));
    let last_at = seed.bids.last().map_or(i64::MIN, |bid| bid.at.millis());
    let max_price = seed.bids.iter().map(|bid| bid.price).max();
    for (name, value) in [
        ("start", reckoned(window.start())),
        ("end", reckoned(window.end())),
        ("alpha", weights.alpha().ten_thousandths()),
        ("beta", weights.beta().ten_thousandths()),
        ("gamma", weights.gamma().ten_thousandths()),
        ("best", i64::from(rebid == Rebid::Best)),
        ("quota", i64::from(seed.campaign.terms.quota.get())),
        ("sealed", i64::from(seed.campaign.phase.is_closed())),
        ("time", reckoned(Timestamp::from_millis(last_at))),
        (
            "max_price",
            max_price.unwrap_or(Money::ZERO).ten_thousandths(),
        ),
    ] {
        call = call.arg(name).arg(value);
    }
    for (name, value) in [
        ("fence", seed.campaign.fence.get()),
        ("last", last(seed).get()),
        ("bids", seed.bids.len() as u64),
        ("floor", 0),
    ] {
        call = call.arg(name).arg(value);
    }
    let epoch = call.run(&hot.link).await?.optional()?;
    Ok(epoch.map(Epoch::new))
}

/// Keys in the slot of the campaign that no other attempt uses.
fn staging_keys(hot: &RedisHot, campaign: CampaignId) -> [String; 4] {
    let attempt = RandomIds.fresh().simple();
    ["bid", "bid_details", "bidders", "events"]
        .map(|kind| hot.key(&format!("opening:{attempt}:{kind}"), campaign))
}

fn last(seed: &BookSeed) -> Sequence {
    seed.bids.last().map_or(Sequence::ZERO, |bid| bid.sequence)
}

fn not_ranked() -> StoreError {
    StoreError::new(BACKEND, OPERATION, StoreErrorKind::Conflict)
        .because("a campaign that ranks nobody has no book")
}

/// The bid a bidder stands by, and how many there were.
struct Counted<'a> {
    bid: &'a AcceptedBid,
    bids: u32,
}

fn standings(bids: &[AcceptedBid], rebid: Rebid) -> HashMap<BidderId, Counted<'_>> {
    let mut standings: HashMap<_, Counted<'_>> = HashMap::with_capacity(bids.len());
    for bid in bids {
        standings
            .entry(bid.bidder)
            .and_modify(|standing| {
                standing.bids += 1;
                if replaces(rebid, standing.bid.rank_key(), bid.rank_key()) {
                    standing.bid = bid;
                }
            })
            .or_insert(Counted { bid, bids: 1 });
    }
    standings
}
