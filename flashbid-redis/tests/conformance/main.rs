//! The conformance suite on every kind of server that may run a hot store.

mod house;

/// The suite of each trait, on the stores that an expression makes.
macro_rules! suite {
    ($server:ident: $store:expr) => {
        mod $server {
            use crate::house;

            mod book {
                use super::*;
                flashbid_core::bid_book_conformance!($store);
            }

            mod gate {
                use super::*;
                flashbid_core::stock_gate_conformance!($store);
            }

            mod leases {
                use super::*;
                flashbid_core::leases_conformance!($store);
            }

            mod admission {
                use super::*;
                flashbid_core::admission_conformance!($store);
            }

            mod cache {
                use super::*;
                flashbid_core::campaign_cache_conformance!($store);
            }
        }
    };
}

suite!(standalone: house::standalone().await);
suite!(valkey: house::valkey().await);
suite!(cluster: house::cluster().await);
suite!(sentinel: house::sentinel().await);
