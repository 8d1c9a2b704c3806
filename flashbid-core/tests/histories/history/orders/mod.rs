//! Histories of orders: everything that is bought, paid, called off and restocked, held against a naive model.

mod invariants;
mod life;
mod model;
mod op;
mod sees;
mod stock;
mod world;

use crate::disk::Disk;
pub(crate) use op::{OrderHistory, order_histories};
use world::World;

/// Runs a history on fresh stores over `disk`. After each step what was answered is compared with the model, and
/// every invariant is checked; at its end every sale is proved. Answers what was answered, a line a step, and what came
/// of it all, a line a sale.
///
/// # Panics
/// When something disagrees with the model, or an invariant is broken.
pub(crate) fn hold_orders(history: &OrderHistory, disk: &dyn Disk) -> Vec<String> {
    let mut world = World::new(history, disk);
    let mut transcript = Vec::new();
    for op in &history.ops {
        transcript.push(world.step(op));
        world.assert_invariants();
    }
    transcript.extend(world.close());
    transcript
}
