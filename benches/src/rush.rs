//! Many callers at once, each of which waits for its answer before it asks again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

/// What a rush of calls took.
#[derive(Clone, Debug)]
pub struct Rush {
    /// From the first call to the last answer.
    pub elapsed: Duration,
    /// The time of each answer, ascending.
    pub latencies: Vec<Duration>,
}

impl Rush {
    /// Makes the calls `0..calls` from `callers` tasks and waits for all.
    ///
    /// # Panics
    /// When a call does.
    pub async fn of<F>(
        callers: u64,
        calls: u64,
        call: impl Fn(u64) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let call = Arc::new(call);
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let call = call.clone();
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                let mut number = caller;
                while number < calls {
                    let asked = Instant::now();
                    call(number).await;
                    latencies.push(asked.elapsed());
                    number += callers;
                }
                latencies
            });
        }
        let mut latencies = Vec::new();
        while let Some(done) = tasks.join_next().await {
            latencies.extend(done.expect("a caller ends well"));
        }
        let elapsed = start.elapsed();
        latencies.sort_unstable();
        Self { elapsed, latencies }
    }

    /// Calls a second.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which `hundredths` of a hundred answers came.
    ///
    /// # Panics
    /// Without a call.
    pub fn percentile(&self, hundredths: usize) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(self.latencies.len() * hundredths / 100).min(last)]
    }
}
