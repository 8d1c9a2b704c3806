use std::collections::HashMap;

use crate::error::Rejection;
use crate::id::TicketId;
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// The tickets of a campaign that let a request in, until they expire.
#[derive(Debug, Default)]
pub(super) struct UsedTickets(HashMap<TicketId, Timestamp>);

impl UsedTickets {
    /// Whether a new request may come in with `ticket` at `now`.
    pub(super) fn admit(
        &mut self,
        ticket: Option<Ticket>,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let Some(ticket) = ticket else {
            return Ok(());
        };
        if ticket.expires_at <= now || self.0.contains_key(&ticket.id) {
            return Err(Rejection::TicketSpent);
        }
        Ok(())
    }

    /// Notes that `ticket` let a request in, and forgets what has expired once that is the greater part.
    pub(super) fn spend(&mut self, ticket: Option<Ticket>, now: Timestamp) {
        let Some(ticket) = ticket else {
            return;
        };
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, expires_at| now < *expires_at);
        }
        self.0.insert(ticket.id, ticket.expires_at);
    }
}
