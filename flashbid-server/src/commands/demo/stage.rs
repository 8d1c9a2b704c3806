//! Shows the sales while they run, until both are over.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::crowd::Tally;
use super::follow::Live;
use super::programme::RESERVE;
use super::show::{Screen, View};
use crate::failure::Failure;

/// How long the settlement may take after the end.
const SETTLEMENT_PATIENCE: Duration = Duration::from_mins(1);

/// What is shown while the sales run.
pub(super) struct Stage {
    pub(super) address: String,
    pub(super) units: u32,
    pub(super) length: Duration,
    pub(super) ends: Instant,
    /// The feed of the ranked sale.
    pub(super) live: watch::Receiver<Live>,
    /// The feed of the sale at a fixed price.
    pub(super) shop: watch::Receiver<Live>,
}

impl Stage {
    /// Shows the sales until both are settled.
    pub(super) async fn show(mut self, tally: &Tally) -> Result<(), Failure> {
        let mut screen = Screen::new();
        let mut ticks = interval(screen.period());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                are_over = are_over(&mut self.live, &mut self.shop) => {
                    if !are_over {
                        return Err(Failure::negative("the live feed was lost"));
                    }
                    break;
                }
                () = sleep_until(self.ends + SETTLEMENT_PATIENCE) => {
                    return Err(Failure::negative("the sale was not settled within a minute of its end"));
                }
                _ = ticks.tick() => screen.show(&self.view(tally)),
            }
        }
        screen.show(&self.view(tally));
        Ok(())
    }

    fn view(&self, tally: &Tally) -> View {
        let left = self.ends.saturating_duration_since(Instant::now());
        View {
            address: self.address.clone(),
            units: self.units,
            reserve: RESERVE,
            length: self.length,
            left,
            live: self.live.borrow().clone(),
            stock: self.shop.borrow().stock,
            refused: tally.refused(),
            failed: tally.failed(),
        }
    }
}

/// Waits for the end of both sales; `false` when nobody will tell.
async fn are_over(live: &mut watch::Receiver<Live>, shop: &mut watch::Receiver<Live>) -> bool {
    for feed in [live, shop] {
        if feed.wait_for(|live| live.is_over).await.is_err() {
            return false;
        }
    }
    true
}
