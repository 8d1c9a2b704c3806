//! The suite has teeth: stores that make the mistakes seen in real systems fail the cases that are about them.

mod admissions;
mod books;
mod caches;
mod gates;
mod leases;
mod ledgers;
mod tickets;

use std::future::Future;
use std::thread;

use flashbid_core::conformance::run;

/// Whether a case fails.
fn fails<F: Future<Output = ()> + Send + 'static>(case: F) -> bool {
    // In a thread of its own: a panic there is an answer here.
    thread::spawn(move || run(case)).join().is_err()
}

/// Asserts that the broken store fails each of the cases, and that the sound one passes them.
macro_rules! assert_fails {
    ($of:ident, $sound:expr, $broken:expr; $($case:ident),+ $(,)?) => {
        $(
            assert!(
                !$crate::fails(flashbid_core::conformance::$of::$case(std::sync::Arc::new($sound))),
                "a sound store fails {}",
                stringify!($case)
            );
            assert!(
                $crate::fails(flashbid_core::conformance::$of::$case(std::sync::Arc::new($broken))),
                "{} does not notice",
                stringify!($case)
            );
        )+
    };
}
use assert_fails;
