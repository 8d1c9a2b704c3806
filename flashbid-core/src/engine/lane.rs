//! One campaign's bids or purchases on their way to the stores.
//!
//! A lane has no timer: what queues while a call is under way goes with the next call, so a quiet campaign is
//! answered at once and a busy one in large batches.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::sale::Sale;
use super::{Engine, Flow, Observation};
use crate::error::{Error, Rejection, Result, StoreError, StoreErrorKind};
use crate::store::StoreResult;

/// Something that goes to the stores in batches.
pub(super) trait Batched: Sized + Debug + Send + Sync + 'static {
    /// What the batches are made of.
    const FLOW: Flow;

    /// What one of them is answered.
    type Answer: Debug + Send + 'static;

    /// Where they queue.
    fn lane(sale: &Sale) -> &Lane<Self>;

    /// Does what a batch asks for, and answers each in its turn.
    fn carry_out(
        engine: &Engine,
        sale: &Arc<Sale>,
        batch: &[Self],
    ) -> impl Future<Output = StoreResult<Vec<Result<Self::Answer, Rejection>>>> + Send;
}

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
#[derive(Debug)]
pub(super) struct Lane<B: Batched>(Mutex<Queue<B>>);

impl<B: Batched> Default for Lane<B> {
    fn default() -> Self {
        Self(Mutex::new(Queue {
            waiting: VecDeque::new(),
            draining: 0,
        }))
    }
}

#[derive(Debug)]
struct Queue<B: Batched> {
    waiting: VecDeque<Waiting<B>>,
    /// Tasks that are emptying the queue.
    draining: usize,
}

#[derive(Debug)]
struct Waiting<B: Batched> {
    asked: B,
    answer: oneshot::Sender<Result<B::Answer>>,
}

impl<B: Batched> Lane<B> {
    fn queue(&self) -> MutexGuard<'_, Queue<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn depth(&self) -> usize {
        self.queue().waiting.len()
    }
}

/// One task that empties a lane.
struct Draining<B: Batched> {
    sale: Arc<Sale>,
    /// Whether the queue counts this task.
    counted: bool,
    of: PhantomData<B>,
}

impl<B: Batched> Draining<B> {
    /// The next batch. Without one the task is over: the queue stops counting it in the same step that found nothing,
    /// so whoever queues next starts another.
    fn next_batch(&mut self, most: usize) -> Option<Vec<Waiting<B>>> {
        let mut queue = B::lane(&self.sale).queue();
        if queue.waiting.is_empty() {
            queue.draining -= 1;
            self.counted = false;
            return None;
        }
        let count = queue.waiting.len().min(most);
        Some(queue.waiting.drain(..count).collect())
    }
}

impl<B: Batched> Drop for Draining<B> {
    /// A task that panicked is no longer counted either.
    fn drop(&mut self) {
        if self.counted {
            B::lane(&self.sale).queue().draining -= 1;
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

    /// Queues what is `asked` and waits for what becomes of it. Once queued it is carried out even if the caller goes
    /// away.
    pub(super) async fn through_lane<B: Batched>(
        &self,
        sale: &Arc<Sale>,
        asked: B,
    ) -> Result<B::Answer> {
        let (answer, answered) = oneshot::channel();
        let start = {
            let mut queue = B::lane(sale).queue();
            if queue.waiting.len() >= self.options().waiting {
                return Err(Error::Overloaded);
            }
            queue.waiting.push_back(Waiting { asked, answer });
            let start = queue.draining < self.options().batches_in_flight;
            queue.draining += usize::from(start);
            start
        };
        if start {
            tokio::spawn(self.clone().drain(Draining::<B> {
                sale: sale.clone(),
                counted: true,
                of: PhantomData,
            }));
        }
        answered.await.unwrap_or_else(|_| Err(lost().into()))
    }

    async fn drain<B: Batched>(self, mut draining: Draining<B>) {
        while let Some(batch) = draining.next_batch(self.options().batch) {
            let (asked, answers): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.asked, waiting.answer))
                .unzip();
            self.tell(|| Observation::Batch {
                flow: B::FLOW,
                size: asked.len(),
            });
            let outcomes = B::carry_out(&self, &draining.sale, &asked).await;
            // A caller who no longer listens has gone away; what it asked for stands.
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

/// The task that had it died; whether it was carried out, nobody knows.
fn lost() -> StoreError {
    StoreError::new("engine", "lane", StoreErrorKind::Indeterminate)
}
