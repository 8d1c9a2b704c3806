//! What the scripts of the counters answer.

use std::collections::HashMap;

use flashbid_core::Rejection;
use flashbid_core::id::HoldId;
use flashbid_core::stock::{Hold, HoldState, Level, Units};
use flashbid_core::store::{GateContents, HoldOutcome, HoldRequest, PendingPurchase, StoreResult};
use flashbid_core::time::Timestamp;

use super::record;
use crate::answer::Answer;
use crate::time::reckoned;

/// What became of a request, from the front of the answer.
pub(super) fn outcome(
    request: &HoldRequest,
    start: Timestamp,
    now: Timestamp,
    told: &mut &[u8],
) -> Option<HoldOutcome> {
    let rejection = match told.split_off_first()? {
        b'H' => {
            return Some(Ok(Hold {
                id: request.id,
                bidder: request.bidder,
                units: request.units,
                taken_at: request
                    .at
                    .map_or(now, |at| Timestamp::from_millis(reckoned(at))),
                expires_at: request.expires_at,
                state: HoldState::Held,
            }));
        }
        b'K' => return record::held_before(request, told).map(Ok),
        b'R' => Rejection::KeyReused,
        b'N' => Rejection::NotStarted { start },
        b'E' => Rejection::Ended,
        b'T' => Rejection::TicketSpent,
        b'L' => Rejection::LimitReached,
        b'S' => Rejection::SoldOut,
        _ => return None,
    };
    Some(Err(rejection))
}

pub(super) fn read_id(answer: &mut Answer) -> StoreResult<HoldId> {
    let id = record::id(&answer.bytes()?);
    id.map(HoldId::new)
        .ok_or_else(|| answer.corrupt("the id of a hold has another length"))
}

pub(super) fn read_hold(answer: &mut Answer, id: HoldId) -> StoreResult<Hold> {
    let kept = answer.bytes()?;
    hold_of(answer, id, &kept)
}

pub(super) fn hold_of(answer: &Answer, id: HoldId, kept: &[u8]) -> StoreResult<Hold> {
    record::hold(id, kept).ok_or_else(|| answer.corrupt("a hold makes no sense"))
}

/// One hold an id, empty for an unknown one.
pub(super) fn read_holds(answer: &mut Answer, ids: &[HoldId]) -> StoreResult<Vec<Option<Hold>>> {
    ids.iter()
        .map(|id| {
            let kept = answer.bytes()?;
            let known = !kept.is_empty();
            known.then(|| hold_of(answer, *id, &kept)).transpose()
        })
        .collect()
}

pub(super) fn read_level(answer: &mut Answer) -> StoreResult<Level> {
    Ok(Level {
        available: read_units(answer)?,
        held: read_units(answer)?,
        sold: read_units(answer)?,
    })
}

/// A number of units, as near as can be to what somebody may have made of it by hand: whoever compares it finds that it
/// is wrong.
fn read_units(answer: &mut Answer) -> StoreResult<Units> {
    let count: f64 = answer.parse()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is cut to what fits"
    )]
    let count = count.clamp(0.0, f64::from(Units::MAX.get())) as u32;
    Ok(Units::new(count).unwrap_or(Units::MAX))
}

pub(super) fn read_contents(answer: &mut Answer) -> StoreResult<GateContents> {
    let quota = read_units(answer)?;
    let level = read_level(answer)?;
    let listed = &mut answer.list()?;
    let mut holds = Vec::with_capacity(listed.len() / 2);
    let mut purchases = HashMap::new();
    while listed.len() > 0 {
        let id = read_id(listed)?;
        let kept = listed.bytes()?;
        let hold = hold_of(listed, id, &kept)?;
        if let Some(purchase) = record::purchase(&kept) {
            purchases.insert(id, PendingPurchase { purchase, hold });
        }
        holds.push(hold);
    }
    holds.sort_unstable_by_key(|hold| hold.id);
    let listed = &mut answer.list()?;
    let mut taken = Vec::with_capacity(listed.len() / 2);
    while listed.len() > 0 {
        let bidder = read_id(listed)?.uuid().into();
        let units = read_units(listed)?;
        if units > Units::ZERO {
            taken.push((bidder, units));
        }
    }
    taken.sort_unstable();
    let listed = &mut answer.list()?;
    let mut pending = Vec::with_capacity(listed.len());
    while listed.len() > 0 {
        pending.extend(purchases.get(&read_id(listed)?));
    }
    Ok(GateContents {
        quota,
        level,
        taken,
        holds,
        pending,
    })
}
