//! The program itself: what it prints, and its exit codes.

mod program;
mod sales;
mod serve;
mod telemetry;
mod usage;
mod work;
