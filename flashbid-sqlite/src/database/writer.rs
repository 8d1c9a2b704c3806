use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::job::{Job, Ran, job};
use crate::config::SqliteConfig;
use crate::error::DatabaseError;

/// The way to the thread that owns the writing connection. Dropping it waits until every queued write is on disk and
/// the file is closed.
pub(super) struct Writer {
    /// `None` only while dropping.
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        lock: Option<File>,
        config: &SqliteConfig,
        losses: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(config.queue.max(1));
        let group = config.group.max(1);
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                Thread { connection, losses }.serve(jobs, group);
                // After the connection is closed: whoever takes the lock next finds a file that nobody writes to.
                drop(lock);
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    {
        let stopped = || DatabaseError::unavailable("the writer has stopped");
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        let (job, pending) = job(work);
        queue.send(job).await.map_err(|_| stopped())?;
        pending.answer().await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the thread has been reported to whoever waited for an answer.
            let _ = thread.join();
        }
    }
}

struct Thread {
    connection: Connection,
    losses: Arc<AtomicU64>,
}

impl Thread {
    /// Commits whatever has queued while the last commit was under way, until nobody can queue any more.
    fn serve(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>, group: usize) {
        let mut queued = Vec::with_capacity(group);
        while jobs.blocking_recv_many(&mut queued, group) > 0 {
            let mut waiting: VecDeque<_> = queued.drain(..).collect();
            while !waiting.is_empty() {
                self.commit_together(&mut waiting);
            }
        }
    }

    /// Runs the waiting jobs in one transaction and answers them. When SQLite gives the transaction up half-way, as it
    /// may on a full disk, those that ran are told so and the others keep waiting.
    fn commit_together(&mut self, waiting: &mut VecDeque<Box<dyn Job>>) {
        let mut ran = Vec::with_capacity(waiting.len());
        let fate = match self.execute("BEGIN IMMEDIATE") {
            Ok(()) => self.run_all(waiting, &mut ran),
            Err(error) => {
                ran.extend(waiting.drain(..));
                Err(error)
            }
        };
        let fate = fate.and_then(|()| {
            self.execute_commit()
                .inspect_err(|error| tracing::error!(%error, "a commit failed"))
        });
        if fate.is_err() {
            self.losses.fetch_add(1, Ordering::AcqRel);
            if !self.connection.is_autocommit()
                && let Err(error) = self.execute("ROLLBACK")
            {
                tracing::error!(%error, "a transaction could not be rolled back");
            }
        }
        for job in ran {
            job.finish(fate.clone());
        }
    }

    fn run_all(
        &self,
        waiting: &mut VecDeque<Box<dyn Job>>,
        ran: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), DatabaseError> {
        while let Some(mut job) = waiting.pop_front() {
            let kept = self.run_in_savepoint(job.as_mut());
            ran.push(job);
            kept?;
        }
        Ok(())
    }

    /// Runs a job so that nothing of it remains unless it went well. An error means that the whole transaction is lost.
    fn run_in_savepoint(&self, job: &mut dyn Job) -> Result<(), DatabaseError> {
        self.execute("SAVEPOINT job")?;
        let ran = job.run(&self.connection);
        if self.connection.is_autocommit() {
            return Err(DatabaseError::unavailable(
                "the transaction was given up: the disk is full or failing",
            ));
        }
        if ran != Ran::Well {
            self.execute("ROLLBACK TO job")?;
        }
        if ran == Ran::Panicked {
            self.losses.fetch_add(1, Ordering::AcqRel);
        }
        self.execute("RELEASE job")
    }

    fn execute_commit(&self) -> Result<(), DatabaseError> {
        let mut commit = self.connection.prepare_cached("COMMIT")?;
        commit.execute([]).map_err(DatabaseError::of_commit)?;
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
