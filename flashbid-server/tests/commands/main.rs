//! The program itself: what it prints, and its exit codes.

mod program;
mod serve;
mod telemetry;
mod usage;
mod work;
