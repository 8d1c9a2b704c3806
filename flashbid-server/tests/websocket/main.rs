//! The live feed, through a real socket.

mod feed;
#[path = "../house/mod.rs"]
mod house;
mod sockets;

use std::time::Duration;

/// So long that no ranking is pushed while a test runs.
const NEVER: Duration = Duration::from_hours(10);

const SOON: Duration = Duration::from_millis(20);
