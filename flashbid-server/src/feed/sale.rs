//! The task of one first-come campaign: tells who watches it what is left, and each buyer what becomes of its orders.
//!
//! The sequence of its messages is the revision of the campaign's orders: the ledger counts it, so it grows over all
//! nodes and survives them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use flashbid_core::Result;
use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::order::Order;
use flashbid_core::rank::Sequence;
use flashbid_core::stock::Level;
use flashbid_core::store::{OrderChanges, Revision};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use super::audience::{Audience, Join};
use super::{Feed, Notice, REPLAYED, order_update};
use crate::wire::{Event, StockUpdate};

/// How often the ledger is asked for changes.
const POLL: Duration = Duration::from_millis(200);

/// Changes that are read at once.
pub(super) const PAGE: u32 = 1_000;

/// Behind every revision there will ever be: what is asked for behind it is where the changes end.
const END: Revision = Revision::new(i64::MAX.unsigned_abs());

/// One campaign's task.
#[derive(Debug)]
pub(super) struct SaleChannel {
    feed: Feed,
    campaign: Arc<Campaign>,
    audience: Audience,
    /// Up to where the changes of orders have been told; `None` before the first look.
    cursor: Option<Revision>,
    /// What is left, as it was counted last, and the counter's changes up to there.
    left: Option<(u64, Level)>,
    /// Whether what was told last is older than what is left now.
    is_behind: bool,
    /// Set when the campaign is over: whether it was held to its end.
    settled: Option<bool>,
}

impl SaleChannel {
    pub(super) fn new(feed: Feed, campaign: Arc<Campaign>, audience: Audience) -> Self {
        Self {
            feed,
            campaign,
            audience,
            cursor: None,
            left: None,
            is_behind: false,
            settled: None,
        }
    }

    /// Follows the campaign until nobody watches.
    pub(super) async fn run(mut self) {
        let every = self.feed.0.ranking_interval;
        let (mut polls, mut updates) = (interval(POLL), interval_at(Instant::now() + every, every));
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        updates.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let mut is_update = false;
            tokio::select! {
                () = self.audience.arrival() => {}
                _ = updates.tick() => is_update = true,
                _ = polls.tick() => {}
            }
            self.audience.gather();
            match self.look(is_update).await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(campaign = %self.campaign.id, %error, "the feed waits for a store");
                    }
                    failing = true;
                }
            }
            if self.feed.is_over(self.campaign.id, &mut self.audience) {
                return;
            }
        }
    }

    /// Tells what has happened since the last look, and lets in who waits.
    async fn look(&mut self, is_update: bool) -> Result<()> {
        let cursor = self.follow().await?;
        let counted = match self.settled {
            None => self.count().await,
            Some(_) => Ok(()),
        };
        if is_update && std::mem::take(&mut self.is_behind) {
            self.tell_left(cursor);
        }
        let over = self.feed.0.engine.now() >= self.campaign.terms.window.end();
        if over && self.settled.is_none() {
            self.look_for_end(cursor).await?;
        }
        // Who comes while the hot store is away hears of orders, and of what is left when it is back.
        self.let_in(cursor);
        counted
    }

    /// Tells each changed order to its buyer, and answers where the changes end.
    async fn follow(&mut self) -> Result<Revision> {
        let (engine, id) = (self.feed.0.engine.clone(), self.campaign.id);
        let mut cursor = match self.cursor {
            Some(cursor) => cursor,
            None => engine.order_changes(id, END, 1).await?.through,
        };
        loop {
            let changes = engine.order_changes(id, cursor, PAGE).await?;
            for (at, order) in numbered(&changes, cursor) {
                let text = || order_update(order, at);
                self.audience.tell_user(order.bidder, text);
            }
            cursor = cursor.max(changes.through);
            self.cursor = Some(cursor);
            if changes.orders.len() < PAGE as usize {
                return Ok(cursor);
            }
        }
    }

    /// Counts what is left.
    async fn count(&mut self) -> Result<()> {
        let (engine, id) = (&self.feed.0.engine, self.campaign.id);
        let stats = engine.gate_stats(id).await?;
        let known = self.left.as_ref().map(|(changes, _)| *changes);
        if known == Some(stats.changes) {
            return Ok(());
        }
        self.left = Some((stats.changes, stats.level));
        self.is_behind = true;
        Ok(())
    }

    /// What is left as a message; `None` while nobody knows.
    fn left(&self, cursor: Revision) -> Option<Utf8Bytes> {
        let (_, level) = self.left?;
        let now = self.feed.0.engine.now();
        let update = StockUpdate::new(self.campaign.id, level, now);
        Some(
            Event::StockUpdate(update)
                .into_text(sequence(cursor))
                .into(),
        )
    }

    fn tell_left(&mut self, cursor: Revision) {
        if let Some(text) = self.left(cursor) {
            self.audience.tell(&Notice::Text(text));
        }
    }

    /// Tells everybody when the campaign is over: first what is left.
    async fn look_for_end(&mut self, cursor: Revision) -> Result<()> {
        let current = self.feed.0.engine.campaign(self.campaign.id).await?;
        let settled = match current.map(|campaign| campaign.phase) {
            Some(Phase::Settled) => true,
            Some(Phase::Cancelled) => false,
            _ => return Ok(()),
        };
        if std::mem::take(&mut self.is_behind) {
            self.tell_left(cursor);
        }
        let at = sequence(cursor);
        self.audience.tell(&Notice::Ended { at, settled });
        self.settled = Some(settled);
        Ok(())
    }

    /// Lets in who waits, at the end of the changes.
    fn let_in(&mut self, cursor: Revision) {
        let left = self.left(cursor);
        for Join { since, member } in self.audience.take_waiting() {
            let since = since
                .map(|since| Revision::new(since.get()))
                .filter(|since| *since <= cursor && cursor.get() - since.get() <= REPLAYED);
            let joined = Notice::JoinedSale {
                replay: since.map(|since| (since, cursor)),
                left: left.clone(),
            };
            let mut is_in = member.offer(joined);
            if let Some(settled) = self.settled {
                let at = sequence(cursor);
                is_in = is_in && member.offer(Notice::Ended { at, settled });
            }
            if is_in {
                self.audience.let_in(member);
            }
        }
    }
}

/// The orders of a page that follows `after`, each with the position from which on its buyer may resume. Only the last is at
/// the end of the page: who leaves behind another hears again what was changed in it.
pub(super) fn numbered(
    page: &OrderChanges,
    after: Revision,
) -> impl Iterator<Item = (Sequence, &Order)> {
    let last = page.orders.len().saturating_sub(1);
    page.orders.iter().enumerate().map(move |(place, order)| {
        let at = if place == last { page.through } else { after };
        (sequence(at), order)
    })
}

pub(super) const fn sequence(revision: Revision) -> Sequence {
    Sequence::new(revision.get())
}
