//! What has to happen without anybody asking: opening, relaying, settling, tidying up.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::copies::LOOK;
use super::retry::retry;
use super::sale::Sale;
use super::{Engine, Observation, SettleOutcome};
use crate::campaign::{Campaign, Phase};
use crate::error::Result;
use crate::id::CampaignId;
use crate::store::{ChangeCursor, Page};
use crate::time::Timestamp;

/// Campaigns that are looked up at once.
const PAGE: u32 = 500;

impl Engine {
    /// Looks every `interval` for orders whose time to pay is over, for campaigns that have started and are not settled,
    /// and for those that are settled and have units left. It tends each of these in a task of its own, so that one that
    /// fails or hangs never delays another. Ends when `stop` does and the work under way is done.
    pub async fn run(&self, interval: Duration, stop: impl Future<Output = ()>) {
        // Beside the work, for a ledger that hangs must not keep this node from hearing of changes.
        tokio::select! {
            () = self.follow() => {}
            () = self.work(interval, stop) => {}
        }
    }

    /// Follows what is changed on other nodes, without end.
    async fn follow(&self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut cursor = ChangeCursor::default();
        loop {
            looks.tick().await;
            self.follow_changes(&mut cursor).await;
        }
    }

    async fn work(&self, interval: Duration, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut busy = HashSet::new();
        let mut tasks = JoinSet::new();
        let mut orders: JoinSet<()> = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = orders.join_next() => {}
                Some(tended) = tasks.join_next() => note(&mut busy, tended),
                _ = ticks.tick() => {
                    if orders.is_empty() {
                        let engine = self.clone();
                        orders.spawn(async move { engine.tend_orders().await });
                    }
                    self.spawn_due(&mut busy, &mut tasks).await;
                    self.tidy().await;
                }
            }
        }
        while let Some(tended) = tasks.join_next().await {
            note(&mut busy, tended);
        }
        while orders.join_next().await.is_some() {}
    }

    /// Does once what [`Engine::run`] does again and again: ends orders whose time to pay is over, offers what is left, and
    /// tends every campaign that has started and is not settled. Answers what came of each of these, and which offers
    /// failed.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) when the ledger cannot tell which those are.
    pub async fn tend(&self) -> Result<Vec<(CampaignId, Result<Option<SettleOutcome>>)>> {
        self.expire_orders().await?;
        let mut tended = Vec::new();
        for campaign in self.with_units_left().await? {
            let id = campaign.id;
            let offered = self.offer(id).await;
            tended.extend(offered.err().map(|error| (id, Err(error))));
        }
        for campaign in self.due().await? {
            let id = campaign.id;
            tended.push((id, self.tend_campaign(campaign).await));
        }
        Ok(tended)
    }

    async fn spawn_due(&self, busy: &mut HashSet<CampaignId>, tasks: &mut JoinSet<CampaignId>) {
        let due = match self.due().await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "cannot look for due campaigns; trying again");
                return;
            }
        };
        let left = match self.with_units_left().await {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(%error, "cannot look for units to offer; trying again");
                Vec::new()
            }
        };
        for campaign in due.into_iter().chain(left) {
            if busy.insert(campaign.id) {
                let engine = self.clone();
                tasks.spawn(async move {
                    let id = campaign.id;
                    match engine.tend_campaign(campaign).await {
                        Ok(Some(SettleOutcome::Settled { orders })) => {
                            tracing::info!(campaign = %id, orders, "settled");
                        }
                        Ok(_) => {}
                        Err(error) => tracing::warn!(campaign = %id, %error, "cannot tend a campaign; trying again"),
                    }
                    id
                });
            }
        }
    }

    /// Ends orders whose time to pay is over, and tells how many purchases are set aside.
    async fn tend_orders(&self) {
        if let Err(error) = self.expire_orders().await {
            tracing::warn!(%error, "cannot expire orders; trying again");
        }
        if self.observer().is_some()
            && let Ok(letters) = self.dead_letters(Page { skip: 0, limit: 1 }).await
        {
            let open = letters.total;
            self.tell(|| Observation::DeadLetters { open });
        }
    }

    /// Every campaign that has started and is neither settled nor cancelled.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store).
    pub async fn due(&self) -> Result<Vec<Campaign>> {
        let (now, mut due) = (self.now(), Vec::new());
        loop {
            let page = Page {
                skip: due.len() as u64,
                limit: PAGE,
            };
            let found = self.0.ledger.unsettled(now, page).await?;
            let last = found.len() < PAGE as usize;
            due.extend(found);
            if last {
                self.tell(|| Observation::Due { campaigns: &due });
                return Ok(due);
            }
        }
    }

    /// Settles a campaign that is over, and offers what it has left; opens one that runs, and moves to the ledger what its
    /// hot store has.
    async fn tend_campaign(&self, campaign: Campaign) -> Result<Option<SettleOutcome>> {
        if campaign.phase == Phase::Settled {
            self.offer(campaign.id).await?;
            return Ok(None);
        }
        if campaign.terms.window.end() <= self.now() {
            return self.settle(campaign.id).await.map(Some);
        }
        if campaign.phase == Phase::Scheduled
            && let Some(lease) = self.lease(&campaign).await?
        {
            let opened = retry(self.tries(), || {
                let (id, token) = (campaign.id, lease.token);
                self.0
                    .ledger
                    .transition(id, Phase::Scheduled, Phase::Open, token)
            })
            .await;
            self.give_back(&lease).await;
            if opened? {
                self.tell_change(campaign.id).await;
            }
        }
        if campaign.terms.format.is_first_come() {
            self.dispatch(campaign.id).await?;
            let sale = self.sale(campaign.id).await?;
            self.sweep(&sale).await?;
            self.tell_sale(&sale).await;
        } else {
            self.relay(campaign.id).await?;
        }
        Ok(None)
    }

    /// Tells whoever watches where the units of a first-come campaign are.
    async fn tell_sale(&self, sale: &Sale) {
        if self.observer().is_none() {
            return;
        }
        let campaign = sale.campaign.id;
        if let Ok(Some(stats)) = self.0.hot.level(campaign).await {
            let level = stats.level;
            self.tell(|| Observation::Level { campaign, level });
        }
        self.tell_allocated(campaign).await;
    }

    /// Notes that the book of a closed campaign is in the hot store, to be discarded some time.
    pub(super) fn remember_closed(&self, campaign: CampaignId) {
        let now = self.now();
        let mut closed = self.closed();
        closed.retain(|(_, known)| *known != campaign);
        closed.push((now, campaign));
    }

    /// Discards books that have been closed for long; whoever asks for one opens it again from the ledger.
    async fn tidy(&self) {
        let now = self.now();
        let keep = self.options().keep_closed;
        let due: Vec<(Timestamp, CampaignId)> = self
            .closed()
            .extract_if(.., |(since, _)| since.after(keep) <= now)
            .collect();
        for (since, campaign) in due {
            let over = matches!(
                self.campaign(campaign).await,
                Ok(Some(Campaign {
                    phase: Phase::Settled | Phase::Cancelled,
                    ..
                }))
            );
            let discarded = if over {
                self.0
                    .hot
                    .discard(campaign)
                    .await
                    .and(self.0.hot.unload(campaign).await)
            } else {
                Ok(())
            };
            if !over || discarded.is_err() {
                self.closed().push((since, campaign));
            }
        }
    }

    fn closed(&self) -> MutexGuard<'_, Vec<(Timestamp, CampaignId)>> {
        self.0.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(busy: &mut HashSet<CampaignId>, tended: Result<CampaignId, tokio::task::JoinError>) {
    match tended {
        Ok(campaign) => {
            busy.remove(&campaign);
        }
        Err(error) => {
            // The task cannot say which campaign it had: all may be tended again, each step is idempotent.
            tracing::error!(%error, "tending a campaign panicked");
            busy.clear();
        }
    }
}
