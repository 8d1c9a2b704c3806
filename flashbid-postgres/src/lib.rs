//! FlashBid's ledger on PostgreSQL, directly or through PgBouncer.
