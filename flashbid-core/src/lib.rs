//! placeholder

pub mod bid;
pub mod board;
pub mod campaign;
pub mod engine;
pub mod error;
pub mod id;
pub mod memory;
pub mod money;
pub mod order;
pub mod product;
pub mod rank;
pub mod score;
pub mod settle;
pub mod stock;
pub mod store;
pub mod time;

pub use engine::{Durability, Engine, EngineBuilder};
pub use error::{Error, Rejection, Result, StoreError, StoreErrorKind};
