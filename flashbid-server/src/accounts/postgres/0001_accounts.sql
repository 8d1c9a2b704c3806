-- Makes the accounts and the server's own settings, beside the ledger's tables in the same database.
-- Weights are ten-thousandths, times milliseconds since 1970.

CREATE TABLE users (
    id            uuid    NOT NULL PRIMARY KEY,
    email         text    NOT NULL UNIQUE,
    username      text    NOT NULL,
    password_hash text    NOT NULL,
    weight        bigint  NOT NULL CHECK (weight BETWEEN 0 AND 10000000),
    is_admin      boolean NOT NULL,
    created_at    bigint  NOT NULL
);

CREATE TABLE settings (
    name  text NOT NULL PRIMARY KEY,
    value text NOT NULL
);
