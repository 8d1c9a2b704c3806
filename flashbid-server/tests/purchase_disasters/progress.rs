//! How far everybody has come, so that a disaster can be made to hit between two given steps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::sleep;

/// A moment in the life of a purchase or of the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A purchase is about to be asked for: the next moments take the units and make the order.
    Buying,
    /// A purchase was acknowledged.
    Bought,
    /// An order is about to be paid.
    Paying,
    /// A payment was acknowledged.
    Paid,
    /// An order is about to be called off.
    Cancelling,
    /// The time to pay of an order is over, and nobody has noticed yet.
    Overdue,
    /// An order was seen to have expired.
    Expired,
    /// Units are about to be added to the stock.
    Restocking,
    /// Units were added to the stock.
    Restocked,
}

impl Step {
    pub(crate) const ALL: [Self; 9] = [
        Self::Buying,
        Self::Bought,
        Self::Paying,
        Self::Paid,
        Self::Cancelling,
        Self::Overdue,
        Self::Expired,
        Self::Restocking,
        Self::Restocked,
    ];
}

/// What everybody shares: where the servers are, how far the others are, and whether it goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    servers: watch::Sender<Vec<Option<SocketAddr>>>,
    steps: watch::Sender<[u64; Step::ALL.len()]>,
    is_over: AtomicBool,
}

impl Shared {
    /// Notes where the server of a number is, if it is anywhere.
    pub(crate) fn set_server(&self, number: usize, at: Option<SocketAddr>) {
        self.0.servers.send_modify(|servers| {
            servers.resize(servers.len().max(number + 1), None);
            servers[number] = at;
        });
    }

    /// Any server that runs.
    async fn server(&self, random: &mut StdRng) -> SocketAddr {
        let mut servers = self.0.servers.subscribe();
        let running = servers.wait_for(|servers| servers.iter().any(Option::is_some));
        let running: Vec<_> = running.await.unwrap().iter().copied().flatten().collect();
        *running.choose(random).unwrap()
    }

    pub(crate) fn note(&self, step: Step) {
        self.0.steps.send_modify(|steps| steps[step as usize] += 1);
    }

    pub(crate) fn count(&self, step: Step) -> u64 {
        self.0.steps.borrow()[step as usize]
    }

    /// Waits until somebody has come to a step `times` more often than now.
    pub(crate) async fn reached(&self, step: Step, times: u64) {
        let wanted = self.count(step) + times;
        let mut steps = self.0.steps.subscribe();
        let reached = steps.wait_for(|steps| steps[step as usize] >= wanted);
        reached.await.unwrap();
    }

    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }

    /// Sends a request, to any server, until one tells what became of it.
    pub(crate) async fn ask(
        &self,
        random: &mut StdRng,
        request: impl Fn(&str) -> RequestBuilder,
    ) -> (StatusCode, Value) {
        loop {
            let base = format!("http://{}/api/v1", self.server(random).await);
            if let Ok(answer) = request(&base).send().await {
                let status = answer.status();
                if status != StatusCode::SERVICE_UNAVAILABLE
                    && let Ok(answer) = answer.json().await
                {
                    return (status, answer);
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}
