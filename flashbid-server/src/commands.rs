//! What the program can do, one file a command.

pub(crate) mod migrate;
pub mod replay;
pub(crate) mod seed;
pub(crate) mod serve;
pub(crate) mod verify;
