//! First-come sales, moves of orders and repairs agree with the ledger in memory, whatever is asked in whatever order.

use flashbid_core::memory::MemoryLedger;
use flashbid_sqlite::SqliteLedger;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::shop::oracle::{agree, step};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn orders_agree_with_the_ledger_in_memory(steps in prop::collection::vec(step(), 1..40)) {
        Runtime::new().unwrap().block_on(async {
            let ours = SqliteLedger::open(":memory:").unwrap();
            agree(&ours, &MemoryLedger::new(), &steps).await
        })?;
    }
}
