//! A permission for one request, given out before it and used up by it.

use crate::id::TicketId;
use crate::time::Timestamp;

/// A permission for one bid or purchase. Whoever gives tickets out checks to whom and for which campaign; the atomic
/// step that takes the bid or the units sees to it that a ticket lets one request in.
///
/// A request that was refused has not used its ticket up. A request that is repeated under its id needs no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Which ticket; nobody must be able to guess one.
    pub id: TicketId,
    /// The first moment at which it is not good any more. A store remembers until then that it was used.
    pub expires_at: Timestamp,
}
