use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use flashbid_core::StoreErrorKind;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::DatabaseError;

/// A write on its way through the writer: it runs, and when the fate of its transaction is known it answers.
pub(super) trait Job: Send {
    /// Runs the write, and says whether it is to be kept.
    fn run(&mut self, tx: &Connection) -> Ran;

    /// Answers the caller. `fate` is an error when the transaction was lost.
    fn finish(self: Box<Self>, fate: Result<(), DatabaseError>);
}

/// What came of running a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It is to be kept.
    Well,
    /// It failed, and has put right whatever it remembers outside of the file.
    Failed,
    /// It panicked.
    Panicked,
}

type Answer<T> = std::thread::Result<Result<T, DatabaseError>>;

/// Makes a job of a closure, and the place where its answer arrives.
pub(super) fn job<T, F>(work: F) -> (Box<dyn Job>, Pending<T>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
{
    let (answer, pending) = oneshot::channel();
    let job = Closure {
        work: Some(work),
        outcome: None,
        answer,
    };
    (Box::new(job), Pending(pending))
}

struct Closure<T, F> {
    work: Option<F>,
    outcome: Option<Answer<T>>,
    answer: oneshot::Sender<Answer<T>>,
}

impl<T, F> Job for Closure<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send,
{
    fn run(&mut self, tx: &Connection) -> Ran {
        let Some(work) = self.work.take() else {
            return Ran::Failed;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx)));
        let ran = match &outcome {
            Ok(Ok(_)) => Ran::Well,
            Ok(Err(_)) => Ran::Failed,
            Err(_) => Ran::Panicked,
        };
        self.outcome = Some(outcome);
        ran
    }

    fn finish(self: Box<Self>, fate: Result<(), DatabaseError>) {
        let answer = match (self.outcome, fate) {
            (Some(Err(panic)), _) => Err(panic),
            (_, Err(lost)) => Ok(Err(lost)),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Ok(Err(DatabaseError::unavailable("the write was not run"))),
        };
        // Whoever has dropped its future does not want to know.
        let _ = self.answer.send(answer);
    }
}

/// Where the answer of a job arrives.
pub(super) struct Pending<T>(oneshot::Receiver<Answer<T>>);

impl<T> Pending<T> {
    pub(super) async fn answer(self) -> Result<T, DatabaseError> {
        match self.0.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => resume(panic),
            Err(_) => Err(DatabaseError::new(
                StoreErrorKind::Indeterminate,
                "the writer stopped before it answered",
            )),
        }
    }
}

fn resume(panic: Box<dyn Any + Send>) -> ! {
    resume_unwind(panic)
}
