use flashbid_core::time::Timestamp;

/// Times farther from 1970 than this many milliseconds count as this far, so that a double holds each exactly.
const FARTHEST: i64 = 1 << 52;

/// A time as the scripts reckon with.
pub(crate) fn reckoned(at: Timestamp) -> i64 {
    at.millis().clamp(-FARTHEST, FARTHEST)
}
