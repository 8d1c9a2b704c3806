//! The task of one campaign: follows its log and tells those who watch it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use flashbid_core::Result;
use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::rank::Sequence;
use flashbid_core::store::Epoch;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep};

use super::audience::{Audience, Join};
use super::{Feed, Notice, PAGE, REPLAYED, bid_accepted};
use crate::wire::{Event, RankingUpdate};

/// How often the log is read without a hint: other nodes' bids give none, and neither does a settlement.
const POLL: Duration = Duration::from_millis(200);

/// The shortest time between two looks at the log: a busy campaign is read in pages, not bid by bid.
const PAUSE: Duration = Duration::from_millis(5);

/// The most lines of a pushed ranking; a larger quota shows its best.
const LINES: u32 = 1_000;

/// One campaign's task.
#[derive(Debug)]
pub(super) struct Channel {
    feed: Feed,
    campaign: Arc<Campaign>,
    audience: Audience,
    /// Up to where the log has been told; `None` before the first look.
    cursor: Option<Sequence>,
    /// The life of the book that the cursor belongs to.
    epoch: Option<Epoch>,
    /// The ranking as it was last made into a message, and up to where it goes.
    ranking: Option<(Sequence, Utf8Bytes)>,
    /// Set when the campaign is over: whether there are winners.
    settled: Option<bool>,
}

/// What a look at the log is to include.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    /// A changed ranking is to be told.
    ranking: bool,
    /// It is time to look for what gives no hint: the end of the campaign, watchers that left.
    poll: bool,
}

impl Channel {
    pub(super) fn new(feed: Feed, campaign: Arc<Campaign>, audience: Audience) -> Self {
        Self {
            feed,
            campaign,
            audience,
            cursor: None,
            epoch: None,
            ranking: None,
            settled: None,
        }
    }

    /// Follows the log until nobody watches.
    pub(super) async fn run(mut self) {
        let every = self.feed.0.ranking_interval;
        let (mut polls, mut rankings) =
            (interval(POLL), interval_at(Instant::now() + every, every));
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rankings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut activity = None;
        let mut failing = false;
        loop {
            let mut due = Due::default();
            tokio::select! {
                () = self.audience.arrival() => {}
                () = changed(&mut activity) => {}
                _ = rankings.tick() => due.ranking = true,
                _ = polls.tick() => {
                    due.poll = true;
                    if activity.is_none() {
                        activity = self.feed.0.engine.activity(self.campaign.id).await.ok();
                    }
                }
            }
            self.audience.gather();
            match self.look(due).await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(campaign = %self.campaign.id, %error, "the feed waits for a store");
                    }
                    failing = true;
                }
            }
            if due.poll && self.feed.is_over(self.campaign.id, &mut self.audience) {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Tells what has happened since the last look, and lets in who waits.
    async fn look(&mut self, due: Due) -> Result<()> {
        if self.settled.is_some() && !self.audience.is_anyone_waiting() {
            return Ok(());
        }
        let cursor = self.follow().await?;
        if due.ranking && self.is_anyone_behind(cursor) {
            self.tell_ranking(cursor).await?;
        }
        let over = self.feed.0.engine.now() >= self.campaign.terms.window.end();
        if (due.poll || self.audience.is_anyone_waiting()) && over && self.settled.is_none() {
            self.look_for_end().await?;
        }
        self.let_in().await
    }

    /// Reads the log to its end, tells each bid to its bidder, and answers where the end is.
    async fn follow(&mut self) -> Result<Sequence> {
        let (engine, id) = (&self.feed.0.engine, self.campaign.id);
        let mut cursor = match self.cursor {
            Some(cursor) => cursor,
            // Everything up to here may be told, and what follows is little: it is read, and nobody is there to hear.
            None => engine.ledger().checkpoint(id).await?,
        };
        loop {
            let batch = engine.events_after(id, cursor, PAGE).await?;
            if self.epoch.replace(batch.epoch) != Some(batch.epoch) {
                let last = engine.ranking(id, 0).await?.stats.last_sequence;
                if last < cursor {
                    self.restart();
                    return Ok(last);
                }
            }
            for bid in &batch.bids {
                let text = || bid_accepted(bid, id);
                self.audience.tell_user(bid.bidder, text);
            }
            self.cursor = Some(batch.through);
            if batch.through <= cursor || batch.bids.len() < PAGE {
                return Ok(batch.through);
            }
            cursor = batch.through;
        }
    }

    /// The log goes on from before what was told, which happens only when a hot store is lost that acknowledged bids
    /// by itself. Everybody starts anew.
    fn restart(&mut self) {
        self.audience.dismiss(&Notice::Restarted);
        (self.cursor, self.ranking) = (None, None);
    }

    fn is_anyone_behind(&self, cursor: Sequence) -> bool {
        let mut members = self.audience.members();
        members.any(|member| member.ranked < cursor)
    }

    /// Tells the ranking to everybody who knows an older one.
    async fn tell_ranking(&mut self, cursor: Sequence) -> Result<()> {
        let text = self.ranking(cursor).await?;
        self.audience.retain(|member| {
            if member.ranked >= cursor {
                return true;
            }
            member.ranked = cursor;
            member.offer(Notice::Text(text.clone()))
        });
        Ok(())
    }

    /// The ranking as a message. It has every bid up to `cursor`, and may have some that are not yet told.
    async fn ranking(&mut self, cursor: Sequence) -> Result<Utf8Bytes> {
        if let Some((at, text)) = &self.ranking
            && *at == cursor
        {
            return Ok(text.clone());
        }
        let (engine, id) = (&self.feed.0.engine, self.campaign.id);
        let lines = self.campaign.terms.quota.get().min(LINES);
        let ranking = engine.ranking(id, lines as usize).await?;
        let update = RankingUpdate::new(id, &ranking, engine.now());
        let text = Utf8Bytes::from(Event::RankingUpdate(update).into_text(cursor));
        self.ranking = Some((cursor, text.clone()));
        Ok(text)
    }

    /// Tells everybody when the campaign has been settled or called off: first what the book took last.
    async fn look_for_end(&mut self) -> Result<()> {
        let current = self.feed.0.engine.campaign(self.campaign.id).await?;
        let settled = match current.map(|campaign| campaign.phase) {
            Some(Phase::Settled) => true,
            Some(Phase::Cancelled) => false,
            _ => return Ok(()),
        };
        let last = self.follow().await?;
        if self.is_anyone_behind(last) {
            self.tell_ranking(last).await?;
        }
        let at = last.next();
        self.audience.tell(&Notice::Ended { at, settled });
        self.settled = Some(settled);
        Ok(())
    }

    /// Lets in who waits, at the end of the log.
    async fn let_in(&mut self) -> Result<()> {
        let Some(cursor) = self.cursor.filter(|_| self.audience.is_anyone_waiting()) else {
            return Ok(());
        };
        let end = self.settled.map(|settled| (cursor.next(), settled));
        let last = end.map_or(cursor, |(at, _)| at);
        let ranking = self.ranking(cursor).await?;
        for Join { since, mut member } in self.audience.take_waiting() {
            let since = since.filter(|since| {
                *since <= last && cursor.get().saturating_sub(since.get()) <= REPLAYED
            });
            member.ranked = cursor;
            let joined = Notice::Joined {
                replay: since.map(|since| (since, cursor)),
                ranking: since
                    .is_none_or(|since| since < cursor)
                    .then(|| ranking.clone()),
            };
            let mut is_in = member.offer(joined);
            if let Some((at, settled)) = end
                && since.is_none_or(|since| since < at)
            {
                is_in = is_in && member.offer(Notice::Ended { at, settled });
            }
            if is_in {
                self.audience.let_in(member);
            }
        }
        Ok(())
    }
}

/// Ends at the next hint. Without a source of hints, or when it has dried up, never.
async fn changed(activity: &mut Option<watch::Receiver<Sequence>>) {
    if let Some(hints) = activity {
        if hints.changed().await.is_ok() {
            return;
        }
        *activity = None;
    }
    std::future::pending::<()>().await;
}
