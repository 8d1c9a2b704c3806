//! Histories of a sale, held against a naive model. Shared by the tests of every store: stores are a
//! [`Disk`](crate::disk::Disk), and [`hold`] runs a [`History`] on it.

mod agreement;
mod invariants;
mod model;
mod op;
pub(crate) mod orders;
mod stage;
mod world;

use crate::disk::Disk;
pub(crate) use op::{History, histories};
use world::World;

/// Runs a history on fresh stores over `disk`. After each step what was answered is compared with the model, and
/// every invariant is checked. Answers what was answered, a line a step, and what came of it all, a line a sale.
///
/// # Panics
/// When something disagrees with the model, or an invariant is broken.
pub(crate) fn hold(history: &History, disk: &dyn Disk) -> Vec<String> {
    let mut world = World::new(history, disk);
    let mut transcript = Vec::new();
    for op in &history.ops {
        transcript.push(world.step(op));
        world.assert_invariants();
    }
    transcript.extend(world.outcome());
    transcript
}
