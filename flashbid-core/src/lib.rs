//! FlashBid: the engine for sales where far more people want a thing than there are units.
//!
//! A campaign sells K units in a time window. Bidders bid; `α·P + β/(T+1) + γ·W` (price, milliseconds since the start,
//! member weight) ranks them live; when the window closes, the best K get orders. It never oversells, never loses
//! what it acknowledged, and never settles twice, whichever process dies when.
//!
//! ```
//! use std::time::Duration;
//!
//! use flashbid_core::Engine;
//! use flashbid_core::bid::Bid;
//! use flashbid_core::campaign::{Format, Rebid, Window};
//! use flashbid_core::engine::{NewCampaign, NewProduct};
//! use flashbid_core::score::Weights;
//! use flashbid_core::stock::Units;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::builder().build(); // all in memory; `.hot(…)` and `.ledger(…)` choose other stores
//!
//! let lamp = engine
//!     .add_product(NewProduct {
//!         name: "Lamp".into(),
//!         description: None,
//!         image_url: None,
//!         stock: Units::ONE,
//!         min_price: "10".parse()?,
//!     })
//!     .await?;
//! let campaign = engine
//!     .add_campaign(NewCampaign::new(
//!         lamp.id,
//!         Format::Ranked {
//!             weights: Weights::new("1".parse()?, "1000".parse()?, "100".parse()?)?,
//!             rebid: Rebid::Latest,
//!         },
//!         Window::new(engine.now(), engine.now().after(Duration::from_millis(200)))?,
//!     ))
//!     .await?;
//!
//! let (ann, bob) = (engine.fresh_id(), engine.fresh_id());
//! engine.place_bid(campaign.id, Bid::new(ann, "5000".parse()?, "1".parse()?)).await?;
//! let late = engine.place_bid(campaign.id, Bid::new(bob, "12.50".parse()?, "1".parse()?)).await?;
//! assert_eq!(late.rank.get(), 2);
//!
//! tokio::time::sleep(Duration::from_millis(250)).await;
//! engine.settle(campaign.id).await?; // or let `Engine::run` do it when it is due
//! assert!(engine.verify(campaign.id).await?.is_consistent());
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! A module uses only modules above it in this list.
//!
//! | Module | Is |
//! |---|---|
//! | [`id`], [`money`], [`time`] | newtypes that refuse nonsense; the clock and the source of ids, which are passed in |
//! | [`ticket`] | a permission for one request |
//! | [`score`] | the score, in exact fixed point |
//! | [`rank`], [`board`] | the one total order; the ranked set |
//! | [`error`] | the business saying no, and stores failing |
//! | [`stock`], [`product`] | units and where they are |
//! | [`campaign`], [`bid`] | terms and phases; the rules that admit and replace a bid |
//! | [`order`], [`purchase`] | orders and what each move of them does to the units; buying first-come |
//! | [`settle`] | who wins, and who is next |
//! | [`discrepancy`] | where two places do not agree |
//! | [`store`] | the traits that a backend implements, with their contracts |
//! | [`memory`] | the backend of this process |
//! | [`engine`] | every use case, over any stores |
//! | [`conformance`] | the suite that every backend must pass (feature `conformance`) |
//!
//! # What it is not
//!
//! It knows nothing of users, passwords, HTTP or pages: those are an application's, such as `flashbid-server`.
//! It keeps no thread of its own; it spawns tasks on the Tokio runtime it is called from.

pub mod bid;
pub mod board;
pub mod campaign;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod discrepancy;
pub mod engine;
pub mod error;
pub mod id;
pub mod memory;
pub mod money;
pub mod order;
pub mod product;
pub mod purchase;
pub mod rank;
pub mod score;
pub mod settle;
pub mod stock;
pub mod store;
pub mod ticket;
pub mod time;

pub use engine::{Durability, Engine, EngineBuilder};
pub use error::{Error, Rejection, Result, StoreError, StoreErrorKind};
