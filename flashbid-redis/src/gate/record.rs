//! Holds as bytes, as the scripts of the counters keep them: see `load.lua`.

use std::io::{self, Write};

use flashbid_core::id::{HoldId, PurchaseId};
use flashbid_core::stock::{Hold, HoldState, Units};
use flashbid_core::store::{HoldRepair, HoldRequest, Purpose};
use flashbid_core::ticket::Ticket;
use flashbid_core::time::Timestamp;
use uuid::Uuid;

use crate::time::reckoned;

/// In the place of a time that is not given; farther back than any that scripts reckon with.
const NONE: i64 = i64::MIN;

/// How the scripts name the states that holds end in.
pub(super) const CONSUMED: u8 = b'c';
pub(super) const RELEASED: u8 = b'r';
pub(super) const EXPIRED: u8 = b'e';

/// A request as `hold.lua` takes it.
pub(super) fn write_request(request: &HoldRequest, to: &mut dyn Write) -> io::Result<()> {
    let (purpose, purchase) = match request.purpose {
        Purpose::Purchase(purchase) => (b'p', *purchase.as_bytes()),
        Purpose::Cart => (b'c', [0; 16]),
        Purpose::Allocation => (b'a', [0; 16]),
    };
    to.write_all(request.id.as_bytes())?;
    to.write_all(request.bidder.as_bytes())?;
    to.write_all(&request.units.get().to_le_bytes())?;
    to.write_all(&ordered(request.expires_at))?;
    to.write_all(&request.at.map_or(NONE, reckoned).to_le_bytes())?;
    to.write_all(&[purpose])?;
    to.write_all(&purchase)
}

/// A request's ticket as `hold.lua` takes it.
pub(super) fn write_ticket(ticket: Option<&Ticket>, to: &mut dyn Write) -> io::Result<()> {
    let (id, expiry) = ticket.map_or(([0; 16], NONE), |ticket| {
        (*ticket.id.as_bytes(), reckoned(ticket.expires_at))
    });
    to.write_all(&id)?;
    to.write_all(&expiry.to_le_bytes())
}

/// A hold as `load.lua` takes it; `None` in a state that is not known here.
pub(super) fn write_hold(hold: &Hold, to: &mut Vec<u8>) -> Option<()> {
    to.extend(hold.id.as_bytes());
    to.extend(hold.bidder.as_bytes());
    to.extend(hold.units.get().to_le_bytes());
    to.extend(ordered(hold.expires_at));
    to.extend(reckoned(hold.taken_at).to_le_bytes());
    to.push(letter(hold.state)?);
    Some(())
}

/// A correction as `repair.lua` takes it; `None` in a state that is not known here.
pub(super) fn write_repair(repair: &HoldRepair, to: &mut Vec<u8>) -> Option<()> {
    write_hold(&repair.hold, to)?;
    to.push(match repair.seen {
        Some(seen) => letter(seen)?,
        None => b'-',
    });
    Some(())
}

/// A hold as it is kept by its id.
pub(super) fn hold(id: HoldId, mut kept: &[u8]) -> Option<Hold> {
    let kept = &mut kept;
    Some(Hold {
        id,
        bidder: Uuid::from_bytes(bytes(kept)?).into(),
        units: Units::new(u32::from_le_bytes(bytes(kept)?))?,
        expires_at: moment(kept)?,
        taken_at: Timestamp::from_millis(i64::from_le_bytes(bytes(kept)?)),
        state: state(kept)?,
    })
}

/// The purchase that a hold is of, from how it is kept by its id.
pub(super) fn purchase(kept: &[u8]) -> Option<PurchaseId> {
    let mut kept = kept.get(37..)?;
    Some(Uuid::from_bytes(bytes(&mut kept)?).into())
}

/// What was held before, as `hold.lua` tells it of the one who asks again.
pub(super) fn held_before(request: &HoldRequest, told: &mut &[u8]) -> Option<Hold> {
    Some(Hold {
        id: request.id,
        bidder: request.bidder,
        units: request.units,
        expires_at: moment(told)?,
        taken_at: Timestamp::from_millis(i64::from_le_bytes(bytes(told)?)),
        state: state(told)?,
    })
}

/// Sixteen bytes that are an id.
pub(super) fn id(told: &[u8]) -> Option<Uuid> {
    told.try_into().ok().map(Uuid::from_bytes)
}

fn bytes<const LENGTH: usize>(told: &mut &[u8]) -> Option<[u8; LENGTH]> {
    told.split_off(..LENGTH)?.try_into().ok()
}

/// Bytes that are ordered as times are.
pub(super) const fn ordered(at: Timestamp) -> [u8; 8] {
    (at.millis() ^ i64::MIN).to_be_bytes()
}

fn moment(told: &mut &[u8]) -> Option<Timestamp> {
    let ordered = i64::from_be_bytes(bytes(told)?);
    Some(Timestamp::from_millis(ordered ^ i64::MIN))
}

const fn letter(state: HoldState) -> Option<u8> {
    match state {
        HoldState::Held => Some(b'h'),
        HoldState::Consumed => Some(CONSUMED),
        HoldState::Released => Some(RELEASED),
        HoldState::Expired => Some(EXPIRED),
        _ => None,
    }
}

fn state(told: &mut &[u8]) -> Option<HoldState> {
    match told.split_off_first()? {
        b'h' => Some(HoldState::Held),
        &CONSUMED => Some(HoldState::Consumed),
        &RELEASED => Some(HoldState::Released),
        &EXPIRED => Some(HoldState::Expired),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_are_ordered_as_their_bytes() {
        let moments = [i64::MIN, -1, 0, 1, 1_900_000_000_000, i64::MAX];
        let moments = moments.map(Timestamp::from_millis);
        assert!(moments.is_sorted_by_key(|at| ordered(*at)));
        for at in moments {
            assert_eq!(moment(&mut ordered(at).as_slice()), Some(at));
        }
    }
}
