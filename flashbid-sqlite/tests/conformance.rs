//! The suite that every ledger passes, on a fresh file each case, and once more in memory.

mod on_a_file {
    use flashbid_sqlite::SqliteLedger;

    flashbid_core::ledger_conformance!(
        let directory = tempfile::tempdir().unwrap();
        SqliteLedger::open(directory.path().join("sale.db")).unwrap()
    );
}

mod in_memory {
    use flashbid_sqlite::SqliteLedger;

    flashbid_core::ledger_conformance!(SqliteLedger::open(":memory:").unwrap());
}
