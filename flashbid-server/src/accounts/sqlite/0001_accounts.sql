-- Makes the accounts and the server's own settings, beside the ledger's tables in the same file.
-- Weights are ten-thousandths, times milliseconds since 1970, ids the sixteen bytes of a UUID.

CREATE TABLE accounts (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email         TEXT    NOT NULL UNIQUE,
    username      TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    weight        INTEGER NOT NULL CHECK (weight BETWEEN 0 AND 10000000),
    is_admin      INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
