-- Makes the tables of the ledger: products, campaigns, bids, orders and the outbox.
--
-- In:     an empty file, or one that holds other tables only.
-- Out:    the tables, empty.
-- Atomic: the migration runs inside the caller's transaction.
--
-- Ids are the 16 bytes of a UUID, money and scores whole ten-thousandths, times milliseconds since 1970.

CREATE TABLE products (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT    NOT NULL,
    description TEXT,
    image_url   TEXT,
    min_price   INTEGER NOT NULL CHECK (min_price >= 0),
    available   INTEGER NOT NULL CHECK (available >= 0),
    held        INTEGER NOT NULL CHECK (held >= 0),
    sold        INTEGER NOT NULL CHECK (sold >= 0),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX products_by_age ON products (created_at DESC, id);

CREATE TABLE campaigns (
    -- Small, because every bid and order repeats it.
    number              INTEGER NOT NULL PRIMARY KEY,
    id                  BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    product             BLOB    NOT NULL REFERENCES products (id),
    format              TEXT    NOT NULL CHECK (format IN ('ranked')),
    alpha               INTEGER NOT NULL CHECK (alpha >= 0),
    beta                INTEGER NOT NULL CHECK (beta >= 0),
    gamma               INTEGER NOT NULL CHECK (gamma >= 0),
    rebid               TEXT    NOT NULL CHECK (rebid IN ('latest', 'best')),
    starts_at           INTEGER NOT NULL,
    ends_at             INTEGER NOT NULL CHECK (ends_at > starts_at),
    quota               INTEGER NOT NULL CHECK (quota >= 0),
    min_price           INTEGER NOT NULL CHECK (min_price >= 0),
    payment_deadline_ms INTEGER NOT NULL CHECK (payment_deadline_ms >= 0),
    phase               TEXT    NOT NULL CHECK (phase IN ('scheduled', 'open', 'sealing', 'settled', 'cancelled')),
    -- Counts the changes of phase.
    version             INTEGER NOT NULL CHECK (version >= 0),
    -- The newest fencing token that changed the campaign.
    fence               INTEGER NOT NULL CHECK (fence >= 0),
    -- The newest life of its book: bids of an older one are refused.
    epoch               INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    -- Up to this sequence `bids` has every bid that any book holds.
    checkpoint          INTEGER NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),
    -- What the settlement did with the quota.
    allocated           INTEGER NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    unsold              INTEGER NOT NULL DEFAULT 0 CHECK (unsold >= 0),
    created_at          INTEGER NOT NULL,
    CHECK (allocated + unsold <= quota)
) STRICT;

CREATE INDEX campaigns_by_age ON campaigns (created_at DESC, id);
CREATE INDEX campaigns_by_product ON campaigns (product);
CREATE INDEX campaigns_at_work ON campaigns (ends_at, id) WHERE phase IN ('scheduled', 'open', 'sealing');

-- The log. Bids arrive almost in the order of its key, so a commit of hundreds of bids writes a handful of pages.
-- Two things would each cost a page a bid, ten times the price of the bid itself, and are therefore not here: an index
-- over the random bid ids (the writer holds the ids of live campaigns in memory and refuses a second use), and a
-- foreign key that looks its campaign up for every row (the writer has just read that row in the same transaction).
CREATE TABLE bids (
    campaign   INTEGER NOT NULL,
    sequence   INTEGER NOT NULL CHECK (sequence > 0),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    bidder     BLOB    NOT NULL CHECK (length(bidder) = 16),
    name       TEXT,
    price      INTEGER NOT NULL CHECK (price >= 0),
    weight     INTEGER NOT NULL CHECK (weight >= 0),
    score      INTEGER NOT NULL CHECK (score >= 0),
    rank       INTEGER NOT NULL CHECK (rank > 0),
    at         INTEGER NOT NULL,
    elapsed_ms INTEGER NOT NULL CHECK (elapsed_ms >= 0),
    bid_number INTEGER NOT NULL CHECK (bid_number >= 0),
    PRIMARY KEY (campaign, sequence)
) STRICT, WITHOUT ROWID;

-- A bidder's history, by stretches of 4096 bids: within a stretch by bidder. Only the few pages of the newest stretch
-- are written to, and a history of a million bids is 244 short searches.
CREATE INDEX bids_of ON bids (campaign, sequence >> 12, bidder);

CREATE TABLE orders (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    campaign   INTEGER NOT NULL REFERENCES campaigns (number),
    product    BLOB    NOT NULL REFERENCES products (id),
    bidder     BLOB    NOT NULL CHECK (length(bidder) = 16),
    bid        BLOB    NOT NULL CHECK (length(bid) = 16),
    price      INTEGER NOT NULL CHECK (price >= 0),
    score      INTEGER NOT NULL CHECK (score >= 0),
    rank       INTEGER NOT NULL CHECK (rank > 0),
    status     TEXT    NOT NULL CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'expired', 'refund_due')),
    created_at INTEGER NOT NULL,
    pay_by     INTEGER NOT NULL,
    -- Whatever else fails: nobody gets two.
    UNIQUE (campaign, bidder)
) STRICT;

CREATE INDEX orders_by_rank ON orders (campaign, rank, id);
CREATE INDEX orders_of ON orders (bidder, created_at DESC, id);

CREATE TABLE outbox (
    -- AUTOINCREMENT: a position is never used again, also after its entry was acknowledged and is gone.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL CHECK (event IN ('order_created', 'campaign_settled')),
    subject  BLOB NOT NULL CHECK (length(subject) = 16)
) STRICT;
