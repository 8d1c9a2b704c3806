//! The suite that every ledger passes, on a fresh database each case: directly, and through PgBouncer in both modes.

mod on_postgres {
    flashbid_core::ledger_conformance!(crate::servers::ledger().await);
}

mod through_pgbouncer_by_session {
    use flashbid_testbed::PoolMode;

    flashbid_core::ledger_conformance!(crate::servers::ledger_through(PoolMode::Session).await);
}

mod through_pgbouncer_by_transaction {
    use flashbid_testbed::PoolMode;

    flashbid_core::ledger_conformance!(crate::servers::ledger_through(PoolMode::Transaction).await);
}
