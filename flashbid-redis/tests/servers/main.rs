//! What a hot store does on real servers that fail, fill up or move, and how exactly it counts.

mod consumers;
mod counters;
mod failover;
mod faults;
mod holders;
mod limits;
mod sale;
mod scores;
mod secrets;
