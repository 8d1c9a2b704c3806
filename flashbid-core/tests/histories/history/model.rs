//! What a sale should do, in the plainest way: the log is a list, and everything follows from reading it through.

use std::cmp::Reverse;

use flashbid_core::Rejection;
use flashbid_core::bid::{AcceptedBid, Bid};
use flashbid_core::campaign::{Campaign, Format, Rebid};
use flashbid_core::id::{BidId, BidderId};
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::store::Placement;
use flashbid_core::time::Timestamp;

/// What a book of `campaign` that has accepted `log` answers to `bid` at `now`. The id of an accepted bid without a
/// key is `fresh`.
pub(crate) fn place(
    campaign: &Campaign,
    log: &[AcceptedBid],
    sealed: bool,
    bid: &Bid,
    fresh: BidId,
    now: Timestamp,
) -> Result<Placement, Rejection> {
    let terms = &campaign.terms;
    let Format::Ranked { weights, rebid } = terms.format else {
        panic!("{:?} is not modelled", terms.format);
    };
    if bid.price < terms.min_price {
        return Err(Rejection::PriceTooLow {
            minimum: terms.min_price,
        });
    }
    let id = bid.key.as_ref().map_or(fresh, |key| {
        BidId::derive(campaign.id, bid.bidder, key.as_str())
    });
    if let Some(known) = log.iter().find(|known| known.id == id) {
        let same = known.bidder == bid.bidder && known.price == bid.price;
        return if same {
            Ok(Placement::Replayed(known.clone()))
        } else {
            Err(Rejection::KeyReused)
        };
    }
    if sealed {
        return Err(Rejection::Ended);
    }
    let (start, end) = (terms.window.start(), terms.window.end());
    let mut at = bid.at.unwrap_or(now);
    if let Some(last) = log.last() {
        at = at.max(last.at);
    }
    if at < start {
        return Err(Rejection::NotStarted { start });
    }
    if at >= end {
        return Err(Rejection::Ended);
    }
    let elapsed_ms = u64::try_from(at.millis() - start.millis()).unwrap();
    let mut accepted = AcceptedBid {
        id,
        bidder: bid.bidder,
        name: bid.name.clone(),
        price: bid.price,
        weight: bid.weight,
        score: weights.score(bid.price, elapsed_ms, bid.weight),
        rank: Rank::FIRST,
        sequence: last_sequence(log).next(),
        at,
        elapsed_ms,
        bid_number: 1,
    };
    let earlier = log.iter().filter(|known| known.bidder == bid.bidder);
    accepted.bid_number += u32::try_from(earlier.count()).unwrap();
    let with_it = [log, std::slice::from_ref(&accepted)].concat();
    accepted.rank = rank(rebid, &with_it, bid.bidder).unwrap();
    Ok(Placement::Accepted(accepted))
}

/// Each bidder's standing, best first.
pub(crate) fn ranking(rebid: Rebid, log: &[AcceptedBid]) -> Vec<&AcceptedBid> {
    let better = |bid: &&AcceptedBid| (Reverse(bid.score), bid.sequence);
    let mut standings: Vec<&AcceptedBid> = vec![];
    for (place, bid) in log.iter().enumerate() {
        let first = log[..place].iter().all(|other| other.bidder != bid.bidder);
        if first {
            let own = log.iter().filter(|other| other.bidder == bid.bidder);
            standings.extend(match rebid {
                Rebid::Latest => own.max_by_key(|bid| bid.sequence),
                Rebid::Best => own.min_by_key(better),
            });
        }
    }
    standings.sort_by_key(better);
    standings
}

pub(crate) fn rank(rebid: Rebid, log: &[AcceptedBid], bidder: BidderId) -> Option<Rank> {
    let ranking = ranking(rebid, log);
    let place = ranking.iter().position(|bid| bid.bidder == bidder)?;
    Rank::new(u32::try_from(place).unwrap() + 1)
}

pub(crate) fn last_sequence(log: &[AcceptedBid]) -> Sequence {
    log.last().map_or(Sequence::ZERO, |last| last.sequence)
}

pub(crate) fn rebid(campaign: &Campaign) -> Rebid {
    let Format::Ranked { rebid, .. } = campaign.terms.format else {
        panic!("{:?} is not modelled", campaign.terms.format);
    };
    rebid
}
