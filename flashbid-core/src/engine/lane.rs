//! One campaign's bids on their way to the stores.
//!
//! A lane has no timer: what queues while a call is under way goes with the next call, so a quiet campaign is
//! answered at once and a busy one in large batches.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::sale::Sale;
use super::{Engine, Flow, Observation};
use crate::bid::{AcceptedBid, NewBid};
use crate::error::{Error, Result, StoreError, StoreErrorKind};

/// What waits in the lanes of this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lanes {
    /// In all lanes together.
    pub waiting: u64,
    /// In the fullest lane.
    pub deepest: u64,
}

/// The queue of one campaign on this node.
#[derive(Debug, Default)]
pub(super) struct Lane(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Tasks that are emptying the queue.
    draining: usize,
}

#[derive(Debug)]
struct Waiting {
    bid: NewBid,
    answer: oneshot::Sender<Result<AcceptedBid>>,
}

impl Lane {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn depth(&self) -> usize {
        self.queue().waiting.len()
    }
}

/// One task that empties a lane.
struct Draining {
    sale: Arc<Sale>,
    /// Whether the queue counts this task.
    counted: bool,
}

impl Draining {
    /// The next batch. Without one the task is over: the queue stops counting it in the same step that found nothing,
    /// so whoever queues next starts another.
    fn next_batch(&mut self, most: usize) -> Option<Vec<Waiting>> {
        let mut queue = self.sale.lane.queue();
        if queue.waiting.is_empty() {
            queue.draining -= 1;
            self.counted = false;
            return None;
        }
        let count = queue.waiting.len().min(most);
        Some(queue.waiting.drain(..count).collect())
    }
}

impl Drop for Draining {
    /// A task that panicked is no longer counted either.
    fn drop(&mut self) {
        if self.counted {
            self.sale.lane.queue().draining -= 1;
        }
    }
}

impl Engine {
    /// What waits in this node's lanes now.
    pub fn lanes(&self) -> Lanes {
        let depths = self.0.sales.depths();
        depths.fold(Lanes::default(), |lanes, depth| Lanes {
            waiting: lanes.waiting + depth as u64,
            deepest: lanes.deepest.max(depth as u64),
        })
    }

    /// Queues `bid` and waits for what becomes of it. Once queued it is placed even if the caller goes away.
    pub(super) async fn through_lane(&self, sale: &Arc<Sale>, bid: NewBid) -> Result<AcceptedBid> {
        let (answer, answered) = oneshot::channel();
        let start = {
            let mut queue = sale.lane.queue();
            if queue.waiting.len() >= self.options().waiting {
                return Err(Error::Overloaded);
            }
            queue.waiting.push_back(Waiting { bid, answer });
            let start = queue.draining < self.options().batches_in_flight;
            queue.draining += usize::from(start);
            start
        };
        if start {
            tokio::spawn(self.clone().drain(Draining {
                sale: sale.clone(),
                counted: true,
            }));
        }
        answered.await.unwrap_or_else(|_| Err(lost().into()))
    }

    async fn drain(self, mut draining: Draining) {
        while let Some(batch) = draining.next_batch(self.options().batch) {
            let (bids, answers): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.bid, waiting.answer))
                .unzip();
            self.tell(|| Observation::Batch {
                flow: Flow::Bids,
                size: bids.len(),
            });
            let outcomes = self.place_batch(&draining.sale, &bids).await;
            // A caller who no longer listens has gone away; its bid stands.
            match outcomes {
                Ok(outcomes) => answers
                    .into_iter()
                    .zip(outcomes)
                    .for_each(|(answer, outcome)| {
                        let _ = answer.send(outcome.map_err(Error::Rejected));
                    }),
                Err(error) => answers.into_iter().for_each(|answer| {
                    let _ = answer.send(Err(error.clone().into()));
                }),
            }
        }
    }
}

/// The task that had the bid died; whether the bid was placed, nobody knows.
fn lost() -> StoreError {
    StoreError::new("engine", "place", StoreErrorKind::Indeterminate)
}
