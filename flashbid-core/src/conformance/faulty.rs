//! A store that loses requests and answers.

mod hot;
mod ledger;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::error::{StoreError, StoreErrorKind};
use crate::id::{HoldId, IdSource, SeededIds};
use crate::store::StoreResult;

/// Wraps any store, passes its calls on, and loses what its [`Faults`] say. It is every kind of store that `S` is.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use flashbid_core::StoreErrorKind;
/// use flashbid_core::conformance::Faulty;
/// use flashbid_core::memory::MemoryLedger;
/// use flashbid_core::store::Ledger;
///
/// let ledger = Faulty::new(MemoryLedger::new());
/// ledger.faults().lose_response("acknowledge_outbox", 2);
/// assert!(ledger.acknowledge_outbox(1).await.is_ok());
/// let lost = ledger.acknowledge_outbox(2).await.unwrap_err();
/// assert_eq!(lost.kind, StoreErrorKind::Indeterminate); // it was applied all the same
/// # });
/// ```
#[derive(Debug)]
pub struct Faulty<S: ?Sized> {
    faults: Arc<Faults>,
    store: RwLock<Arc<S>>,
    runtime: Option<Handle>,
}

impl<S> Faulty<S> {
    /// Wraps a store; it loses nothing yet.
    pub fn new(store: S) -> Self {
        Self::over(Arc::new(store))
    }
}

impl<S: ?Sized> Faulty<S> {
    /// Wraps a store that others use as well, such as a process that is started again.
    pub fn over(store: Arc<S>) -> Self {
        Self {
            faults: Arc::default(),
            store: RwLock::new(store),
            runtime: None,
        }
    }

    /// Lets the store work on a runtime of its own. In a test whose time stands still, the time of a store that waits
    /// for a server must not: its timeouts would pass at once.
    #[must_use]
    pub fn on(self, runtime: Handle) -> Self {
        Self {
            runtime: Some(runtime),
            ..self
        }
    }

    /// What it loses; to be kept when the store itself is given away.
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    /// The store behind the faults.
    pub fn store(&self) -> Arc<S> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&store)
    }

    /// Puts another store behind the faults, as when a store was lost and an empty one took its place. Calls that are
    /// under way end in the old one.
    pub fn replace(&self, store: Arc<S>) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    async fn made<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        poll_fn(|context| {
            let _on_its_runtime = self.runtime.as_ref().map(Handle::enter);
            call.as_mut().poll(context)
        })
        .await
    }

    /// Makes a call that changes something.
    async fn write<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        let fate = self.faults.meet(operation);
        self.faults
            .pause_if(fate.pause == Some(Moment::Before))
            .await;
        let answer = match fate.loss {
            None => self.made(call).await,
            Some(Loss::Request) => Err(lost(operation, StoreErrorKind::Unavailable)),
            Some(Loss::Response) => {
                // Also when the store refused: its caller does not hear of it.
                drop(self.made(call).await);
                Err(lost(operation, StoreErrorKind::Indeterminate))
            }
        };
        self.faults
            .pause_if(fate.pause == Some(Moment::After))
            .await;
        answer
    }

    /// Makes a call that changes nothing: whichever way is lost, nothing was applied.
    async fn read<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        let fate = self.faults.meet(operation);
        self.faults
            .pause_if(fate.pause == Some(Moment::Before))
            .await;
        let answer = match fate.loss {
            None => self.made(call).await,
            Some(_) => Err(lost(operation, StoreErrorKind::Unavailable)),
        };
        self.faults
            .pause_if(fate.pause == Some(Moment::After))
            .await;
        answer
    }
}

fn lost(operation: &'static str, kind: StoreErrorKind) -> StoreError {
    StoreError::new("faulty", operation, kind)
}

/// Which way a call is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The store never gets it: not applied, [`Unavailable`](StoreErrorKind::Unavailable).
    Request,
    /// The caller never gets the answer: applied, [`Indeterminate`](StoreErrorKind::Indeterminate). A call that only
    /// reads fails with `Unavailable`.
    Response,
}

/// Where a call is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The store has not got it yet.
    Before,
    /// The store has applied it; its caller does not know yet.
    After,
}

/// What a [`Faulty`] store loses, and which calls it has seen. Calls are counted from 1 since it was wrapped.
///
/// To try every step of a procedure: run it once, ask for [`Faults::calls`], and run it again, once for each call
/// and [`Loss`], with [`Faults::lose_at`]. To let the process die there instead, or to let another overtake it:
/// [`Faults::pause_at`], wait for [`Faults::paused`], and drop the procedure or [`Faults::resume`] it.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
    /// How many calls are paused now.
    paused: watch::Sender<usize>,
    /// Counts the times that paused calls were let go.
    resumed: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    seen: Vec<&'static str>,
    counts: HashMap<&'static str, usize>,
    lost: usize,
    planned: Vec<Planned>,
    pauses: Vec<(usize, Moment)>,
    /// What no order is made of.
    refused: HashSet<HoldId>,
    random: Option<Random>,
}

/// What becomes of a call.
struct Fate {
    loss: Option<Loss>,
    pause: Option<Moment>,
}

enum Planned {
    /// The n-th call of one method.
    Of(String, usize, Loss),
    /// The n-th call of all.
    At(usize, Loss),
    /// The n-th call of all and each after it.
    From(usize),
}

struct Random {
    draws: SeededIds,
    per_mille: u64,
}

impl Faults {
    /// Loses the request of the `nth` call of the method named `operation`.
    pub fn lose_request(&self, operation: &str, nth: usize) {
        self.plan(Planned::Of(operation.to_owned(), nth, Loss::Request));
    }

    /// Loses the response of the `nth` call of the method named `operation`.
    pub fn lose_response(&self, operation: &str, nth: usize) {
        self.plan(Planned::Of(operation.to_owned(), nth, Loss::Response));
    }

    /// Loses the `nth` call of all.
    pub fn lose_at(&self, nth: usize, loss: Loss) {
        self.plan(Planned::At(nth, loss));
    }

    /// Loses the request of the `nth` call of all and of each after it: from then on the store is away.
    pub fn away_from(&self, nth: usize) {
        self.plan(Planned::From(nth));
    }

    /// Loses the request of every call from now on: the store is away until [`Faults::heal`].
    pub fn away(&self) {
        let mut state = self.state();
        let next = state.seen.len() + 1;
        state.planned.push(Planned::From(next));
    }

    /// Loses about `per_mille` of a thousand calls, half of them one way and half the other. The same seed and the
    /// same calls lose the same.
    pub fn at_random(&self, seed: u64, per_mille: u16) {
        self.state().random = Some(Random {
            draws: SeededIds::new(seed),
            per_mille: u64::from(per_mille),
        });
    }

    /// Pauses the `nth` call of all.
    pub fn pause_at(&self, nth: usize, moment: Moment) {
        self.state().pauses.push((nth, moment));
    }

    /// Waits until a call is paused.
    pub async fn paused(&self) {
        let mut paused = self.paused.subscribe();
        let waited = paused.wait_for(|count| *count > 0).await;
        waited.expect("the sender is in `self`");
    }

    /// Refuses with [`Conflict`](StoreErrorKind::Conflict) to make an order of a hold, with all that is committed
    /// together with it.
    pub fn refuse(&self, hold: HoldId) {
        self.state().refused.insert(hold);
    }

    pub(super) fn refuses(&self, holds: impl IntoIterator<Item = HoldId>) -> bool {
        let state = self.state();
        holds.into_iter().any(|hold| state.refused.contains(&hold))
    }

    /// Lets the calls go on that are paused now.
    pub fn resume(&self) {
        self.resumed.send_modify(|count| *count += 1);
    }

    /// Loses, pauses and refuses nothing any more; the counts go on.
    pub fn heal(&self) {
        let mut state = self.state();
        state.planned.clear();
        state.pauses.clear();
        state.refused.clear();
        state.random = None;
    }

    /// How many calls there were, with those that were lost.
    pub fn calls(&self) -> usize {
        self.state().seen.len()
    }

    /// How many calls of the method named `operation` there were.
    pub fn calls_of(&self, operation: &str) -> usize {
        self.state().counts.get(operation).copied().unwrap_or(0)
    }

    /// The name of each call's method, in the order of the calls.
    pub fn log(&self) -> Vec<&'static str> {
        self.state().seen.clone()
    }

    /// How many calls were lost, one way or the other.
    pub fn lost(&self) -> usize {
        self.state().lost
    }

    fn plan(&self, planned: Planned) {
        self.state().planned.push(planned);
    }

    /// Counts a call and decides what becomes of it.
    fn meet(&self, operation: &'static str) -> Fate {
        let mut state = self.state();
        state.seen.push(operation);
        let of_all = state.seen.len();
        let of_method = *state
            .counts
            .entry(operation)
            .and_modify(|count| *count += 1)
            .or_insert(1);
        let planned = state.planned.iter().find_map(|planned| match planned {
            Planned::Of(name, nth, loss) if name == operation && *nth == of_method => Some(*loss),
            Planned::At(nth, loss) if *nth == of_all => Some(*loss),
            Planned::From(nth) if of_all >= *nth => Some(Loss::Request),
            _ => None,
        });
        let loss = planned.or_else(|| state.random.as_ref()?.draw());
        state.lost += usize::from(loss.is_some());
        let pause = state.pauses.iter().find(|(nth, _)| *nth == of_all);
        Fate {
            loss,
            pause: pause.map(|(_, moment)| *moment),
        }
    }

    async fn pause_if(&self, pause: bool) {
        if !pause {
            return;
        }
        let mut resumed = self.resumed.subscribe();
        let _paused = Paused::count(&self.paused);
        let waited = resumed.changed().await;
        waited.expect("the sender is in `self`");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a paused call until it goes on or is dropped.
struct Paused<'a>(&'a watch::Sender<usize>);

impl<'a> Paused<'a> {
    fn count(paused: &'a watch::Sender<usize>) -> Self {
        paused.send_modify(|count| *count += 1);
        Self(paused)
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Random {
    fn draw(&self) -> Option<Loss> {
        let (chance, way) = self.draws.fresh().as_u64_pair();
        let way = if way % 2 == 0 {
            Loss::Request
        } else {
            Loss::Response
        };
        (chance % 1_000 < self.per_mille).then_some(way)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Faults")
            .field("calls", &state.seen.len())
            .field("lost", &state.lost)
            .finish_non_exhaustive()
    }
}
