//! First-come sales, moves of orders and repairs agree with the ledger in memory, whatever is asked in whatever order.

use flashbid_core::memory::MemoryLedger;
use flashbid_testbed::PoolMode;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::servers;
use crate::shop::oracle::{agree, step};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 80,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn orders_agree_with_the_ledger_in_memory(
        steps in prop::collection::vec(step(), 1..40),
        bouncing in any::<bool>(),
    ) {
        Runtime::new().unwrap().block_on(async {
            let ours = if bouncing {
                servers::ledger_through(PoolMode::Transaction).await
            } else {
                servers::ledger().await
            };
            agree(&ours, &MemoryLedger::new(), &steps).await
        })?;
    }
}
