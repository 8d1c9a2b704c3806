//! The task of one first-come campaign: tells who watches it what is left, and each buyer what becomes of its orders.
//!
//! The sequence of its messages is the revision of the campaign's orders: the ledger counts it, so it grows over all
//! nodes and survives them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use flashbid_core::Result;
use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::id::BidderId;
use flashbid_core::rank::Sequence;
use flashbid_core::store::Revision;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use super::channel::{Join, Member};
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
    joins: mpsc::UnboundedReceiver<Join>,
    /// Who waits to be let in.
    joining: Vec<Join>,
    members: HashMap<BidderId, Vec<Member>>,
    /// Up to where the changes of orders have been told; `None` before the first look.
    cursor: Option<Revision>,
    /// What is left, as it was told last: the counter's changes up to there, and the message.
    left: Option<(u64, Utf8Bytes)>,
    /// Whether what was told last is older than what is left now.
    is_behind: bool,
    /// Set when the campaign is over: whether it was held to its end.
    settled: Option<bool>,
}

impl SaleChannel {
    pub(super) fn new(
        feed: Feed,
        campaign: Arc<Campaign>,
        first: Join,
        joins: mpsc::UnboundedReceiver<Join>,
    ) -> Self {
        Self {
            feed,
            campaign,
            joins,
            joining: vec![first],
            members: HashMap::new(),
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
                Some(join) = self.joins.recv() => self.joining.push(join),
                _ = updates.tick() => is_update = true,
                _ = polls.tick() => {}
            }
            while let Ok(join) = self.joins.try_recv() {
                self.joining.push(join);
            }
            match self.look(is_update).await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(campaign = %self.campaign.id, %error, "the feed waits for a store");
                    }
                    failing = true;
                }
            }
            if self.is_deserted() {
                match self.feed.leave(self.campaign.id, &mut self.joins) {
                    Some(join) => self.joining.push(join),
                    None => return,
                }
            }
        }
    }

    fn is_deserted(&mut self) -> bool {
        self.members.retain(|_, members| {
            members.retain(Member::is_there);
            !members.is_empty()
        });
        self.joining.retain(|join| join.member.is_there());
        self.members.is_empty() && self.joining.is_empty()
    }

    /// Tells what has happened since the last look, and lets in who waits.
    async fn look(&mut self, is_update: bool) -> Result<()> {
        let cursor = self.follow().await?;
        if self.settled.is_none() {
            self.count(cursor).await?;
        }
        if is_update && std::mem::take(&mut self.is_behind) {
            self.tell_left();
        }
        let over = self.feed.0.engine.now() >= self.campaign.terms.window.end();
        if over && self.settled.is_none() {
            self.look_for_end(cursor).await?;
        }
        self.let_in(cursor);
        Ok(())
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
            for order in &changes.orders {
                if let Some(members) = self.members.get_mut(&order.bidder) {
                    let text = order_update(order, sequence(changes.through));
                    members.retain(|member| member.offer(Notice::Text(text.clone())));
                }
            }
            cursor = cursor.max(changes.through);
            self.cursor = Some(cursor);
            if changes.orders.len() < PAGE as usize {
                return Ok(cursor);
            }
        }
    }

    /// Counts what is left.
    async fn count(&mut self, cursor: Revision) -> Result<()> {
        let (engine, id) = (&self.feed.0.engine, self.campaign.id);
        let stats = engine.gate_stats(id).await?;
        let known = self.left.as_ref().map(|(changes, _)| *changes);
        if known == Some(stats.changes) {
            return Ok(());
        }
        let update = StockUpdate::new(id, stats.level, engine.now());
        let text = Event::StockUpdate(update).into_text(sequence(cursor));
        self.left = Some((stats.changes, text.into()));
        self.is_behind = true;
        Ok(())
    }

    fn tell_left(&mut self) {
        let Some((_, text)) = &self.left else {
            return;
        };
        for members in self.members.values_mut() {
            members.retain(|member| member.offer(Notice::Text(text.clone())));
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
            self.tell_left();
        }
        let at = sequence(cursor);
        for members in self.members.values_mut() {
            members.retain(|member| member.offer(Notice::Ended { at, settled }));
        }
        self.settled = Some(settled);
        Ok(())
    }

    /// Lets in who waits, at the end of the changes.
    fn let_in(&mut self, cursor: Revision) {
        if self.left.is_none() && self.settled.is_none() {
            return;
        }
        for Join { since, member } in std::mem::take(&mut self.joining) {
            let since = since
                .map(|since| Revision::new(since.get()))
                .filter(|since| *since <= cursor && cursor.get() - since.get() <= REPLAYED);
            let joined = Notice::JoinedSale {
                replay: since.map(|since| (since, cursor)),
                left: self.left.as_ref().map(|(_, text)| text.clone()),
            };
            let mut is_in = member.offer(joined);
            if let Some(settled) = self.settled {
                let at = sequence(cursor);
                is_in = is_in && member.offer(Notice::Ended { at, settled });
            }
            if is_in {
                self.members.entry(member.user()).or_default().push(member);
            }
        }
    }
}

pub(super) const fn sequence(revision: Revision) -> Sequence {
    Sequence::new(revision.get())
}
