//! The in-process backend passes the whole suite, bare and behind a [`Faulty`] that loses nothing.

use flashbid_core::conformance::Faulty;
use flashbid_core::memory::{
    MemoryAdmission, MemoryBook, MemoryCache, MemoryGate, MemoryLeases, MemoryLedger,
};
use flashbid_core::time::SystemClock;

mod book {
    use super::*;
    flashbid_core::bid_book_conformance!(MemoryBook::default());
}

mod gate {
    use super::*;
    flashbid_core::stock_gate_conformance!(MemoryGate::default());
}

mod leases {
    use super::*;
    flashbid_core::leases_conformance!(MemoryLeases::default());
}

mod admission {
    use super::*;
    flashbid_core::admission_conformance!(MemoryAdmission::default());
}

mod cache {
    use super::*;
    flashbid_core::campaign_cache_conformance!(MemoryCache::new(std::sync::Arc::new(SystemClock)));
}

mod ledger {
    use super::*;
    flashbid_core::ledger_conformance!(MemoryLedger::new());
}

mod faulty_book {
    use super::*;
    flashbid_core::bid_book_conformance!(Faulty::new(MemoryBook::default()));
}

mod faulty_gate {
    use super::*;
    flashbid_core::stock_gate_conformance!(Faulty::new(MemoryGate::default()));
}

mod faulty_leases {
    use super::*;
    flashbid_core::leases_conformance!(Faulty::new(MemoryLeases::default()));
}

mod faulty_admission {
    use super::*;
    flashbid_core::admission_conformance!(Faulty::new(MemoryAdmission::default()));
}

mod faulty_cache {
    use super::*;
    flashbid_core::campaign_cache_conformance!(Faulty::new(MemoryCache::new(std::sync::Arc::new(
        SystemClock
    ))));
}

mod faulty_ledger {
    use super::*;
    flashbid_core::ledger_conformance!(Faulty::new(MemoryLedger::new()));
}
