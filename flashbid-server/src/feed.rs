//! The live feed: who watches a campaign is told of its log as it grows, from any position on.
//!
//! A campaign that anybody watches has one task on this node. It reads the log by sequence, so it tells of the bids of
//! every node, and it hands texts to its watchers over bounded queues: what all of them are told is made into a text
//! once, and who does not keep up is left behind without delaying the others.
//!
//! Each watcher joins at one position of the log. Up to it the watcher reads the log itself, behind it the task tells
//! what comes: nothing is missed and nothing is told twice.

mod audience;
mod channel;
mod sale;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use flashbid_core::campaign::Campaign;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::order::Order;
use flashbid_core::rank::Sequence;
use flashbid_core::store::{Page, Revision};
use flashbid_core::{Engine, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wire::{BidAccepted, CampaignEnded, Event};
use audience::{Audience, Join, Member};
use channel::Channel;
use sale::SaleChannel;

/// What one watcher may have waiting. Who is further behind is dropped, and resumes from where it was.
const QUEUE: usize = 256;

/// How far back a watcher may resume; from further back it starts with a snapshot.
const REPLAYED: u64 = 10_000;

/// Events that a replay reads at once.
const PAGE: usize = 1_000;

/// The live feed of every campaign. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    ranking_interval: Duration,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    channels: Mutex<HashMap<CampaignId, mpsc::UnboundedSender<Join>>>,
}

impl Feed {
    /// Tells of the campaigns of `engine`, of a changed ranking every `ranking_interval`, to at most `most` watchers at
    /// a time. Its tasks are among `tasks`; they end when nobody watches.
    pub fn new(
        engine: Engine,
        ranking_interval: Duration,
        most: usize,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Inner {
            engine,
            ranking_interval,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            tasks,
            channels: Mutex::default(),
        }))
    }

    /// A place for one watcher, given back when it is dropped; `None` when all are taken.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.places).try_acquire_owned().ok()
    }

    /// Watches `campaign` for `user`: behind `since`, or from a snapshot on.
    pub fn watch(
        &self,
        campaign: Arc<Campaign>,
        user: BidderId,
        since: Option<Sequence>,
    ) -> Subscription {
        let (queue, notices) = mpsc::channel(QUEUE);
        let overrun = CancellationToken::new();
        let subscription = Subscription {
            engine: self.0.engine.clone(),
            campaign: campaign.id,
            quota: campaign.terms.quota.get(),
            is_first_come: campaign.terms.format.is_first_come(),
            user,
            notices,
            overrun: overrun.clone(),
        };
        let join = Join {
            since,
            member: Member::new(user, queue, overrun),
        };
        // Joining and leaving exclude each other: a task that ends has taken every join that was sent to it.
        match self.channels().entry(campaign.id) {
            Entry::Occupied(mut running) => {
                if let Err(mpsc::error::SendError(join)) = running.get().send(join) {
                    // Its task died without leaving.
                    running.insert(self.start(campaign, join));
                }
            }
            Entry::Vacant(none) => {
                none.insert(self.start(campaign, join));
            }
        }
        subscription
    }

    fn start(&self, campaign: Arc<Campaign>, first: Join) -> mpsc::UnboundedSender<Join> {
        let (joining, joins) = mpsc::unbounded_channel();
        let audience = Audience::new(first, joins);
        if campaign.terms.format.is_first_come() {
            let channel = SaleChannel::new(self.clone(), campaign, audience);
            self.0.tasks.spawn(channel.run());
        } else {
            let channel = Channel::new(self.clone(), campaign, audience);
            self.0.tasks.spawn(channel.run());
        }
        joining
    }

    /// Whether nobody watches a campaign any more: then its task is off the list, and whoever comes starts another.
    fn is_over(&self, campaign: CampaignId, audience: &mut Audience) -> bool {
        if !audience.is_deserted() {
            return false;
        }
        let mut channels = self.channels();
        let over = !audience.gather();
        if over {
            channels.remove(&campaign);
        }
        over
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<CampaignId, mpsc::UnboundedSender<Join>>> {
        self.0
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher's end of the feed.
#[derive(Debug)]
pub struct Subscription {
    engine: Engine,
    campaign: CampaignId,
    quota: u32,
    is_first_come: bool,
    user: BidderId,
    notices: mpsc::Receiver<Notice>,
    overrun: CancellationToken,
}

/// Something a watcher is to be told.
#[derive(Clone, Debug)]
pub enum Notice {
    /// The watcher has joined at `at`.
    Joined {
        /// The last event before which the watcher reads the log itself, from behind the first; `None` for a snapshot.
        replay: Option<(Sequence, Sequence)>,
        /// The ranking there; `None` when nothing happened since the watcher left.
        ranking: Option<Utf8Bytes>,
    },
    /// The watcher has joined a first-come campaign.
    JoinedSale {
        /// The changes of orders that the watcher reads itself: behind the first, up to the second.
        replay: Option<(Revision, Revision)>,
        /// What is left there.
        left: Option<Utf8Bytes>,
    },
    /// A message as it is.
    Text(Utf8Bytes),
    /// The campaign is over; the watcher's own part in it is still to be looked up.
    Ended {
        /// The position of the end in the log.
        at: Sequence,
        /// Whether there are winners, or the campaign was called off.
        settled: bool,
    },
    /// The log was lost and continues from an earlier position: what was told may be told again, so start anew.
    Restarted,
}

impl Subscription {
    /// What comes next; `None` when the watcher has been dropped. May be dropped and called again: nothing is lost.
    pub async fn next(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    /// Ends when the watcher is dropped because it did not keep up.
    pub fn overrun(&self) -> impl Future<Output = ()> + Send + use<> {
        self.overrun.clone().cancelled_owned()
    }

    /// The messages that `notice` comes to, in order.
    ///
    /// # Errors
    /// A store that is away.
    pub async fn messages(&self, notice: Notice) -> Result<Vec<Utf8Bytes>> {
        Ok(match notice {
            Notice::Text(text) => vec![text],
            Notice::Joined { replay, ranking } => {
                let mut messages = match replay {
                    Some((after, through)) => self.replay(after, through).await?,
                    None => Vec::new(),
                };
                messages.extend(ranking);
                messages
            }
            Notice::JoinedSale { replay, left } => {
                let mut messages = match replay {
                    Some((after, through)) => self.replay_orders(after, through).await?,
                    None => Vec::new(),
                };
                messages.extend(left);
                messages
            }
            Notice::Ended { at, settled } if self.is_first_come => {
                vec![self.sale_ended(at, settled).await?]
            }
            Notice::Ended { at, settled } => vec![self.ended(at, settled).await?],
            Notice::Restarted => Vec::new(),
        })
    }

    /// The watcher's own bids behind `after`, up to `through`.
    async fn replay(&self, after: Sequence, through: Sequence) -> Result<Vec<Utf8Bytes>> {
        let mut messages = Vec::new();
        let mut cursor = after;
        while cursor < through {
            let batch = self
                .engine
                .events_after(self.campaign, cursor, PAGE)
                .await?;
            let own = batch
                .bids
                .iter()
                .filter(|bid| bid.bidder == self.user && bid.sequence <= through);
            messages.extend(own.map(|bid| bid_accepted(bid, self.campaign)));
            if batch.through <= cursor {
                break;
            }
            cursor = batch.through;
        }
        Ok(messages)
    }

    /// The watcher's own orders that changed behind `after`, up to `through` and as they are now.
    async fn replay_orders(&self, after: Revision, through: Revision) -> Result<Vec<Utf8Bytes>> {
        let mut messages = Vec::new();
        let mut cursor = after;
        while cursor < through {
            let changes = self
                .engine
                .order_changes(self.campaign, cursor, sale::PAGE)
                .await?;
            let own = sale::numbered(&changes, cursor);
            let own = own.filter(|(_, order)| order.bidder == self.user);
            // What was changed behind the end is told by the task as well.
            let end = sale::sequence(through);
            messages.extend(own.map(|(at, order)| order_update(order, at.min(end))));
            if changes.through <= cursor {
                break;
            }
            cursor = changes.through;
        }
        Ok(messages)
    }

    /// Whoever has units has won; nothing was ranked.
    async fn sale_ended(&self, at: Sequence, settled: bool) -> Result<Utf8Bytes> {
        let (mut units, mut price, mut skip) = (0, None, 0);
        loop {
            let limit = sale::PAGE;
            let page = Page { skip, limit };
            let orders = self.engine.orders_of(self.user, page).await?.items;
            skip += orders.len() as u64;
            let last = orders.len() < limit as usize;
            for order in orders {
                if order.campaign == self.campaign && order.status.holds_stock() {
                    units += order.units.get();
                    price = Some(order.price);
                }
            }
            if last {
                break;
            }
        }
        let won = price.filter(|_| settled);
        let paid = won.map(|price| {
            price
                .times(units)
                .expect("a campaign's price times its quota is an amount")
        });
        let ended = CampaignEnded::bought(self.campaign, paid);
        Ok(Event::CampaignEnded(ended).into_text(at).into())
    }

    /// The seal makes the standing final, and the best K of it are the winners.
    async fn ended(&self, at: Sequence, settled: bool) -> Result<Utf8Bytes> {
        let standing = self.engine.standing(self.campaign, self.user).await?;
        let is_winner = settled
            && standing
                .as_ref()
                .is_some_and(|standing| standing.rank.get() <= self.quota);
        let ended = CampaignEnded::new(self.campaign, standing.as_ref(), is_winner);
        Ok(Event::CampaignEnded(ended).into_text(at).into())
    }
}

fn order_update(order: &Order, at: Sequence) -> Utf8Bytes {
    Event::OrderUpdate(order.into()).into_text(at).into()
}

fn bid_accepted(bid: &flashbid_core::bid::AcceptedBid, campaign: CampaignId) -> Utf8Bytes {
    Event::BidAccepted(BidAccepted::new(bid, campaign))
        .into_text(bid.sequence)
        .into()
}
