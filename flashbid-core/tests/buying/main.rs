//! Buying first-come and what comes of it, through the engine: from a rush to the last unit that comes back.

mod copies;
mod dead_letters;
mod interrupted;
mod orders;
mod reconciling;
mod runners_up;
mod rushes;
mod shop;
